"""Names in paths that hold slashes (``olt-1/0/1/5/17``): a router takes a slash for the end of a name."""

from collections.abc import Iterable, MutableMapping
from typing import Any
from urllib.parse import quote, unquote

from litestar import Litestar
from litestar._asgi.utils import get_route_handlers


class SlashedNames:
    """The path parameters of ``app`` that handlers declare to hold slashes (``opt=allow(..., slashes="node_id")``).

    What can stand behind such a name in a path (``/subtree``) is known from the routes. A name that itself ends so is asked for
    with its slashes escaped (``%2F``).
    """

    def __init__(self, app: Litestar) -> None:
        self._behind: dict[str, set[str]] = {}
        """Path in front of a name → what can stand behind it."""
        for route in app.routes:
            for name in {handler.opt["slashes"] for handler in get_route_handlers(route) if "slashes" in handler.opt}:
                before, _, after = route.path_format.partition(f"{{{name}}}")
                self._behind.setdefault(before, set()).add(after.removeprefix("/"))

    def join(self, scope: MutableMapping[str, Any]) -> None:
        """Make the name in a request's path one segment, whether its slashes came escaped or not. Handlers ``unquote`` it."""
        for before, behind in self._behind.items():
            if scope["path"].startswith(before):
                _join(scope, before, behind)
                return


def _join(scope: MutableMapping[str, Any], before: str, behind: Iterable[str]) -> None:
    raw: bytes = scope.get("raw_path") or quote(scope["path"]).encode()
    segments = raw.partition(b"?")[0].decode("ascii", "replace")[len(before) :].split("/")
    part = segments.pop() if len(segments) > 1 and segments[-1] in behind else ""
    try:
        name = unquote("/".join(segments), errors="strict")
    except UnicodeDecodeError:
        return
    scope["path"] = before + quote(quote(name, safe=""), safe="%") + (f"/{part}" if part else "")

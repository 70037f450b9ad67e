"""Node ids in paths: they hold slashes (``olt-1/0/1/5/17``), and a router takes a slash for the end of a name."""

from collections.abc import MutableMapping
from typing import Any
from urllib.parse import quote, unquote

NODES = "/api/v1/faults/topology/nodes/"
_PARTS = ("subtree", "path")
"""What can stand behind an id. An id that itself ends so is asked for with its slashes escaped (``%2F``)."""


def join_node_id(scope: MutableMapping[str, Any]) -> None:
    """Make the id in a request's path one segment, whether its slashes came escaped or not. Handlers :func:`unquote` it."""
    if not scope["path"].startswith(NODES):
        return
    raw: bytes = scope.get("raw_path") or quote(scope["path"]).encode()
    segments = raw.partition(b"?")[0].decode("ascii", "replace")[len(NODES) :].split("/")
    part = segments.pop() if len(segments) > 1 and segments[-1] in _PARTS else ""
    try:
        node_id = unquote("/".join(segments), errors="strict")
    except UnicodeDecodeError:
        return
    scope["path"] = NODES + quote(quote(node_id, safe=""), safe="%") + (f"/{part}" if part else "")

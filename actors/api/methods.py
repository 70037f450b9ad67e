"""HEAD, OPTIONS and Allow, which are the same for every path."""

from litestar import Litestar
from litestar.exceptions import HTTPException, MethodNotAllowedException
from litestar.utils import normalize_path


def as_routed(method: str) -> str:
    """The method by which a request is routed: HEAD is answered as GET is, without the body (RFC 9110, section 9.3.2)."""
    return "GET" if method == "HEAD" else method


def allow_of(app: Litestar, path: str) -> str | None:
    """The value of ``Allow`` for a path; None when ``app`` has no such path."""
    try:
        # No handler has this method, so the router says which ones they have.
        app.asgi_router.handle_routing(path=normalize_path(path), method="*")
    except MethodNotAllowedException as error:
        return with_head((error.headers or {}).get("allow", ""))
    except HTTPException:
        pass
    return None


def with_head(allow: str) -> str:
    """``Allow`` as Litestar gives it, in order, and with HEAD where there is GET."""
    methods = {method.strip() for method in allow.split(",") if method.strip()}
    return ", ".join(sorted(methods | ({"HEAD"} if "GET" in methods else set())))

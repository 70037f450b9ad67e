"""The access that each handler declares, and the check of it.

A handler declares its access (``opt=allow("operator")``). The gate asks the router for the handler of a request and checks the
access of that handler: one path has many spellings (``//``, ``%2f``), so its text decides nothing. A handler that declares
nothing is an error when the application is made. A guard in front of each handler refuses a request that the gate did not
admit.
"""

from collections.abc import Iterable, Mapping
from typing import Any, Literal

from litestar import Litestar
from litestar._asgi.utils import get_route_handlers
from litestar.connection import ASGIConnection
from litestar.exceptions import HTTPException
from litestar.handlers import BaseRouteHandler
from litestar.utils import normalize_path
from msgspec import Struct

from actors.api.problems import ProblemError
from protocols.principal import Principal, Role

Needed = Role | Literal["nothing", "metrics"]
"""The least role of a caller. ``nothing``: no token; ``metrics``: none unless ``metrics_need_token`` asks for one."""


class Access(Struct, frozen=True):
    """The conditions of a handler for its caller. ``every_tenant``: a token without a tenant. ``body``: the setting that
    bounds its body; without one, a caller without a token may send none."""

    needed: Needed
    every_tenant: bool = False
    body: str = ""

    def check(self, by: Principal) -> None:
        """ProblemError 403 unless the token's role and tenant are enough."""
        if self.needed != "nothing" and self.needed != "metrics" and not by.may(self.needed):
            raise ProblemError(403, "forbidden", f"this needs the role {self.needed}; token {by.name!r} has {by.role}")
        if self.every_tenant and by.tenant is not None:
            text = f"this spans tenants and needs a token without one; token {by.name!r} is of tenant {by.tenant!r}"
            raise ProblemError(403, "not_your_tenant", text)


UNDECLARED = Access("viewer")
"""For what no handler answers for: paths and methods that are none. A stranger does not learn which those are."""


class Undeclared(Exception):
    """A handler that does not say who may call it."""

    def __init__(self, names: Iterable[str]) -> None:
        super().__init__(f'who may call them is not declared (opt=allow("operator")): {", ".join(names)}')


def allow(
    needed: Needed,
    *,
    every_tenant: bool = False,
    body: str = "",
    query: type[Struct] | None = None,
    slashes: str = "",
    page: bool = False,
) -> dict[str, Any]:
    """A handler's ``opt``: who may call it, the Struct of its query parameters (None: it takes none), and the path parameter
    whose values hold slashes. ``page``: a page whose own script reads the query."""
    declared: dict[str, Any] = {"access": Access(needed, every_tenant, body)}
    if query is not None:
        declared["query"] = query
    if slashes:
        declared["slashes"] = slashes
    if page:
        declared["page"] = True
    return declared


def routed(app: Litestar, path: str, method: str) -> BaseRouteHandler | None:
    """The handler that ``app`` runs for this request; None when it answers that there is none."""
    try:
        return app.asgi_router.handle_routing(path=normalize_path(path), method=method)[1]
    except HTTPException:
        return None


def access_of(handler: BaseRouteHandler | None) -> Access:
    """The access that the handler declares; a token where it declares nothing, as Litestar's own OPTIONS handlers do."""
    declared: Access = handler.opt.get("access", UNDECLARED) if handler is not None else UNDECLARED
    return declared


def check_declared(app: Litestar) -> None:
    """Raise Undeclared when a handler does not say who may call it."""
    found = [
        f"{handler} at {route.path_format}"
        for route in app.routes
        for handler in get_route_handlers(route)
        if "access" not in handler.opt and getattr(handler, "http_methods", None) != {"OPTIONS"}
    ]
    if found:
        raise Undeclared(found)


def only_admitted(connection: ASGIConnection[Any, Any, Any, Any], _: BaseRouteHandler) -> None:
    """Litestar's guard of every handler. ProblemError 401 when it is not the handler that the gate admitted the caller to."""
    scope: Mapping[str, Any] = connection.scope
    handler = scope["route_handler"]
    if scope.get("admitted") is not handler:
        raise ProblemError(401, "no_token", "this request was not admitted")

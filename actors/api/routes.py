"""A resource's routes: its handlers, and the views and reads that they are given by name."""

from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from typing import Any, TypeVar

from litestar import Request, Response, Router
from litestar.di import NamedDependency, Provide
from litestar.handlers import HTTPRouteHandler
from litestar.params import SkipValidation

from actors.api.bodies import StrictBody
from actors.api.entity_tags import Condition, condition_of_write, revision_tag
from protocols.principal import Principal

PREFIX = "/api/v1/faults"

T = TypeVar("T")
Given = NamedDependency[SkipValidation[T]]
"""A parameter of a handler that :func:`resource` gives by its name."""
By = Given[Principal]
"""The caller."""
IfMatch = Given[Condition | None]
"""``If-Match`` and ``If-None-Match`` of a write on one resource. A handler that takes them says so to OpenAPI by
:class:`actors.api.openapi.ConditionalOperation`."""
Now = Callable[[], datetime]
"""The time as an aware UTC datetime."""


def tagged(content: T, revision: int, status: int = 200, headers: Mapping[str, str] | None = None) -> Response[T]:
    """An answer that shows one resource, with the ETag of its revision."""
    return Response(content, status_code=status, headers={"ETag": revision_tag(revision), **(headers or {})})


def resource(tag: str, handlers: Sequence[HTTPRouteHandler], **given: Any) -> Router:
    """The routes of ``handlers`` below ``PREFIX``, under ``tag`` in OpenAPI. A handler's parameter ``name: Given[T]`` is
    ``given[name]``; an application with a handler that asks for anything else is not made."""
    dependencies: dict[str, Any] = {name: _provided(value) for name, value in given.items()}
    dependencies["by"] = Provide(_principal, sync_to_thread=False)
    dependencies["if_match"] = Provide(_if_match, sync_to_thread=False)
    return Router(
        PREFIX,
        route_handlers=handlers,
        tags=[tag],
        dependencies=dependencies,
        security=[{"bearer": []}],
        dto=StrictBody,
        return_dto=None,
    )


def pages(handlers: Sequence[HTTPRouteHandler], **given: Any) -> Router:
    """The daemon's own pages, at the root: as :func:`resource`, for callers with and without a token."""
    return Router("/", route_handlers=handlers, dependencies={name: _provided(value) for name, value in given.items()})


def _principal(request: Request[Any, Any, Any]) -> Principal:
    principal: Principal = request.scope["user"]
    return principal


def _if_match(request: Request[Any, Any, Any]) -> Condition | None:
    headers = request.headers
    return condition_of_write(headers.getall("If-Match", []), headers.getall("If-None-Match", []))


def _provided(value: Any) -> Provide:
    def provide() -> Any:
        return value

    provided: Callable[[], Any] = provide
    return Provide(provided, sync_to_thread=False)

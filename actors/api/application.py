"""The Litestar application: routes, errors, OpenAPI."""

from collections.abc import Mapping, Sequence
from typing import Any

from litestar import Litestar, Response, Router
from litestar.connection import ASGIConnection
from litestar.datastructures import State
from litestar.exceptions import HTTPException, ValidationException
from litestar.handlers import BaseRouteHandler
from litestar.openapi import OpenAPIConfig

from actors.api.access import allow, check_declared, only_admitted
from actors.api.docs_page import PlainPage
from actors.api.entity_tags import condition_of_write
from actors.api.keyset import BadCursor
from actors.api.openapi import COMPONENTS, Tuples
from actors.api.openapi_document import ClientDocument, operation_id
from actors.api.parameters import known_parameters
from actors.api.problems import (
    ProblemError,
    no_such_path,
    on_bug,
    on_cursor,
    on_database,
    on_http_error,
    on_problem,
    on_validation,
    problem_response,
)
from actors.postgres import DatabaseUnavailable

_DESCRIPTION = (
    "Alarms of a fibre network. Every request under /api/v1/faults needs Authorization: Bearer TOKEN. Errors are RFC 9457 "
    "application/problem+json. Times are RFC 3339 in UTC."
)


def _refuse_unknown_parameters(connection: ASGIConnection[Any, Any, Any, Any], handler: BaseRouteHandler) -> None:
    if not handler.opt.get("page", False):
        known_parameters(connection, handler.opt.get("query"))


def _refuse_unused_condition(connection: ASGIConnection[Any, Any, Any, Any], handler: BaseRouteHandler) -> None:
    """ProblemError 412 for a write with ``If-Match``, or with ``If-None-Match: *``, where nothing has a revision: whether the
    condition holds cannot be said. Other ``If-None-Match`` hold, since there is no tag that they could exclude."""
    scope: Mapping[str, Any] = connection.scope
    if scope["method"] in ("GET", "OPTIONS") or "if_match" in handler.parsed_fn_signature.parameters:
        return
    headers = connection.headers
    condition = condition_of_write(headers.getall("If-Match", []), headers.getall("If-None-Match", []))
    if condition is None:
        return
    if not condition.any:
        raise ProblemError(412, "precondition_failed", "this path has no ETag, so no If-Match holds of it")
    if condition.unless is not None and condition.unless.any:
        raise ProblemError(412, "precondition_failed", "this path has no ETag, so If-None-Match: * cannot be held to")


def _missing_page(response: Response[Any]) -> Response[Any]:
    """Litestar answers for pages below /schema that are not there by itself, in HTML."""
    return problem_response(no_such_path("this page of /schema")) if response.status_code == 404 else response


def application(routes: Sequence[Router], retry_after_seconds: int, version: str) -> Litestar:
    """The application behind the gate. Raises Undeclared when a handler does not say who may call it."""
    made = Litestar(
        # One router around all: resources may share a path, each with methods of its own.
        route_handlers=[Router("/", route_handlers=routes)],
        guards=[only_admitted, _refuse_unknown_parameters, _refuse_unused_condition],
        exception_handlers={
            ProblemError: on_problem,
            ValidationException: on_validation,
            DatabaseUnavailable: on_database,
            BadCursor: on_cursor,
            HTTPException: on_http_error,
            Exception: on_bug,
        },
        openapi_config=OpenAPIConfig(
            title="faultd",
            version=version,
            description=_DESCRIPTION,
            openapi_router=Router(
                "/schema",
                route_handlers=[],
                include_in_schema=False,
                dto=None,
                return_dto=None,
                after_request=_missing_page,
                opt=allow("nothing"),
            ),
            components=COMPONENTS,
            render_plugins=[ClientDocument(), PlainPage()],
            operation_id_creator=operation_id,
            use_handler_docstrings=True,
        ),
        plugins=[Tuples()],
        state=State({"retry_after_seconds": retry_after_seconds}),
        logging_config=None,
        debug=False,
    )
    check_declared(made)
    return made

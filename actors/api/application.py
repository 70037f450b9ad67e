"""The Litestar application: routes, errors, OpenAPI."""

from collections.abc import Sequence
from typing import Any

from litestar import Litestar, Request, Response, Router
from litestar.connection import ASGIConnection
from litestar.datastructures import State
from litestar.di import Provide
from litestar.exceptions import HTTPException, ValidationException
from litestar.handlers import BaseRouteHandler
from litestar.openapi import OpenAPIConfig
from litestar.openapi.plugins import JsonRenderPlugin

from actors.api import (
    alarm_commands,
    alarm_reads,
    backtest,
    customers,
    events,
    explain,
    history,
    maintenance,
    notes,
    reports,
    rules,
    sources,
    statistics,
    system,
    topology,
)
from actors.api.access import allow, check_declared, only_admitted
from actors.api.bodies import StrictBody
from actors.api.context import Context
from actors.api.docs_page import PlainPage
from actors.api.keyset import BadCursor
from actors.api.openapi import COMPONENTS, Tuples
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
from protocols.principal import Principal

PREFIX = "/api/v1/faults"
_DESCRIPTION = (
    "Alarms of a fibre network. Every request under /api/v1/faults needs Authorization: Bearer TOKEN. Errors are RFC 9457 "
    "application/problem+json. Times are RFC 3339 in UTC."
)


def _principal(request: Request[Any, Any, Any]) -> Principal:
    principal: Principal = request.scope["user"]
    return principal


def _refuse_unknown_parameters(connection: ASGIConnection[Any, Any, Any, Any], handler: BaseRouteHandler) -> None:
    known_parameters(connection, handler.opt.get("query"))


def _missing_page(response: Response[Any]) -> Response[Any]:
    """Litestar answers for pages below /schema that are not there by itself, in HTML."""
    return problem_response(no_such_path("this page of /schema")) if response.status_code == 404 else response


def application(context: Context, version: str) -> Litestar:
    """The application behind the gate. Raises Undeclared when a handler does not say who may call it."""

    def api() -> Context:
        return context

    routes: Sequence[Any] = [
        *alarm_commands.HANDLERS,
        *alarm_reads.HANDLERS,
        *explain.HANDLERS,
        *notes.HANDLERS,
        *statistics.HANDLERS,
        *reports.HANDLERS,
        *customers.HANDLERS,
    ]
    faults = Router(
        PREFIX,
        route_handlers=[
            Router("/", route_handlers=routes, tags=["alarms"]),
            Router("/", route_handlers=events.HANDLERS, tags=["events"]),
            Router("/", route_handlers=maintenance.HANDLERS, tags=["maintenance windows"]),
            Router("/", route_handlers=rules.HANDLERS, tags=["rules"]),
            Router("/", route_handlers=topology.HANDLERS, tags=["topology"]),
            Router("/", route_handlers=backtest.HANDLERS, tags=["rules"]),
            Router("/", route_handlers=[*history.HANDLERS, *sources.HANDLERS], tags=["traps and devices"]),
            Router("/", route_handlers=system.HANDLERS, tags=["access"]),
        ],
        dependencies={"by": Provide(_principal, sync_to_thread=False)},
        security=[{"bearer": []}],
        dto=StrictBody,
        return_dto=None,
    )
    made = Litestar(
        route_handlers=[faults, *system.PUBLIC],
        dependencies={"api": Provide(api, sync_to_thread=False)},
        guards=[only_admitted, _refuse_unknown_parameters],
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
            render_plugins=[JsonRenderPlugin(), PlainPage()],
            use_handler_docstrings=True,
        ),
        plugins=[Tuples()],
        state=State({"settings": context.settings}),
        logging_config=None,
        debug=False,
    )
    check_declared(made)
    return made

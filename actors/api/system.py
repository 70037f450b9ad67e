"""The daemon about itself: alive, ready, measured; and who is asking."""

from collections.abc import Callable

from litestar import Response, Router, get
from prometheus_client import generate_latest

from actors.api.access import allow
from actors.api.openapi import PROBLEM, ApiOperation
from actors.api.routes import By, Given, pages, resource
from actors.metrics import Metrics
from protocols.rest_daemon import Me, Readiness

Health = Callable[[], Readiness]


@get("/healthz", summary="Is the process alive?", media_type="text/plain", tags=["daemon"], security=[], opt=allow("nothing"))
async def get_liveness() -> str:
    """`ok`, as long as faultd answers at all."""
    return "ok\n"


@get("/readyz", summary="Is faultd ready to take traps?", tags=["daemon"], security=[], opt=allow("nothing"))
async def get_readiness(health: Given[Health]) -> Response[Readiness]:
    """The parts that are ready, degraded or down. 503 only while traps are not being taken: with PostgreSQL away faultd is
    degraded, not down."""
    readiness = health()
    return Response(readiness, status_code=200 if readiness.ready else 503)


@get("/metrics", summary="Prometheus metrics", media_type="text/plain", tags=["daemon"], security=[], opt=allow("metrics"))
async def get_metrics(metrics: Given[Metrics]) -> Response[bytes]:
    """Prometheus text format 0.0.4."""
    return Response(generate_latest(metrics.registry), media_type="text/plain; version=0.0.4")


@get("/me", summary="Who am I?", operation_class=ApiOperation, responses={401: PROBLEM}, opt=allow("viewer"))
async def get_me(by: By) -> Me:
    """The name, role and tenant of the token in use."""
    return Me(by.name, by.role, by.tenant)


def routes(health: Health, metrics: Metrics) -> list[Router]:
    """The daemon's own pages, and the caller's token."""
    return [
        pages([get_liveness, get_readiness, get_metrics], health=health, metrics=metrics),
        resource("access", [get_me]),
    ]

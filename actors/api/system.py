"""The daemon about itself: alive, ready, measured; and who is asking."""

from litestar import Response, get
from prometheus_client import generate_latest

from actors.api.access import allow
from actors.api.context import By, Ctx
from actors.api.openapi import PROBLEM, ApiOperation
from protocols.rest import Me, Readiness


@get("/healthz", summary="Is the process alive?", media_type="text/plain", tags=["daemon"], security=[], opt=allow("nothing"))
async def healthz() -> str:
    """`ok`, as long as faultd answers at all."""
    return "ok\n"


@get("/readyz", summary="Is faultd ready to take traps?", tags=["daemon"], security=[], opt=allow("nothing"))
async def readyz(api: Ctx) -> Response[Readiness]:
    """What is ready, degraded or down. 503 only while traps are not being taken: PostgreSQL away is degraded, not down."""
    readiness = api.health()
    return Response(readiness, status_code=200 if readiness.ready else 503)


@get("/metrics", summary="Prometheus metrics", media_type="text/plain", tags=["daemon"], security=[], opt=allow("metrics"))
async def metrics(api: Ctx) -> Response[bytes]:
    """Prometheus text format 0.0.4."""
    return Response(generate_latest(api.metrics.registry), media_type="text/plain; version=0.0.4")


@get("/me", summary="Who am I?", operation_class=ApiOperation, responses={401: PROBLEM}, opt=allow("viewer"))
async def me(by: By) -> Me:
    """The name, role and tenant of the token in use."""
    return Me(by.name, by.role, by.tenant)


PUBLIC = [healthz, readyz, metrics]
HANDLERS = [me]

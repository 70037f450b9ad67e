"""Network events: what other systems report."""

from typing import Annotated, Any

from litestar import Request, post
from litestar.params import HeaderParameter, JSONBody
from msgspec import Meta

from actors.api import commands
from actors.api.access import allow
from actors.api.alertmanager import network_event
from actors.api.context import By, Ctx
from actors.api.event_data import flat
from actors.api.openapi import ApiOperation
from actors.api.problems import ProblemError, invalid_body, invalid_parameter
from protocols.event import NetworkEvent
from protocols.rest import AlertmanagerBody, EventResults, FieldError, NetworkEventBody

_KEY = "idempotency-key"
Batch = Annotated[tuple[NetworkEventBody, ...], Meta(min_length=1)]
IdempotencyKey = Annotated[
    str | None,
    HeaderParameter(name="Idempotency-Key", description="The same key again changes nothing; event n of a batch uses `KEY:n`"),
]


def idempotency_key_of(request: Request[Any, Any, Any]) -> str:
    """The request's idempotency key, "" without one. ProblemError 400 for one that cannot be."""
    key: str = request.headers.get(_KEY, "")
    if len(key) > 200 or not key.isprintable():
        raise invalid_parameter("Idempotency-Key", "more than 200 characters, or some that are not printable")
    return key


@post("/events", summary="Report network events", status_code=200, operation_class=ApiOperation, opt=allow("operator"))
async def network_events(
    request: Request[Any, Any, Any],
    api: Ctx,
    by: By,
    data: JSONBody[NetworkEventBody | Batch],
    idempotency_key: IdempotencyKey = None,
) -> EventResults:
    """One event or a list of them; what came of each, in order. A batch is recorded whole or not at all.

    An event alone that is refused is answered with an error; in a batch its result says so.
    """
    alone = isinstance(data, NetworkEventBody)
    bodies = (data,) if isinstance(data, NetworkEventBody) else data
    if len(bodies) > api.settings.max_batch:
        raise ProblemError(
            413, "batch_too_large", f"{len(bodies)} events; at most {api.settings.max_batch} are taken in one request"
        )
    key = idempotency_key_of(request)
    events = []
    for number, body in enumerate(map(flat, bodies)):
        tenant = commands.tenant_of(by, body.tenant_id, api.default_tenant)
        own = key if alone or not key else f"{key}:{number}"
        events.append(commands.network_event_of(body, tenant, by.name, own))
    outcome = await api.submit(by, events)
    answers = commands.answers(outcome.changes, outcome.first, len(events))
    if alone and answers[0].refusals and not answers[0].accepted:
        raise commands.refused(answers[0].refusals[0])
    return EventResults(tuple(commands.event_result(answer) for answer in answers))


@post(
    "/events/alertmanager",
    summary="Prometheus Alertmanager's webhook",
    status_code=200,
    operation_class=ApiOperation,
    opt=allow("operator"),
)
async def alertmanager(api: Ctx, by: By, data: JSONBody[AlertmanagerBody]) -> EventResults:
    """Alertmanager's webhook body, version 4: firing alerts raise `monitoring.check_failed`, resolved ones clear it.

    Labels used: `alertname`, `severity`, `instance`, and where present `tenant_id`, `resource_type`, `resource_id`.
    """
    if len(data.alerts) > api.settings.max_batch:
        raise ProblemError(
            413, "batch_too_large", f"{len(data.alerts)} alerts; at most {api.settings.max_batch} are taken in one request"
        )
    events: list[NetworkEvent] = []
    errors: list[FieldError] = []
    for number, alert in enumerate(data.alerts):
        tenant = commands.tenant_of(by, alert.labels.get("tenant_id"), api.default_tenant)
        try:
            events.append(network_event(alert, tenant, by.name))
        except ValueError as error:
            field, _, message = str(error).partition(": ")
            errors.append(FieldError(f"alerts[{number}].{field}", message))
    if errors:
        raise ProblemError(422, "invalid_body", f"{errors[0].field}: {errors[0].message}", errors)
    if not events:
        raise invalid_body("alerts", "is empty")
    outcome = await api.submit(by, events)
    answers = commands.answers(outcome.changes, outcome.first, len(events))
    return EventResults(tuple(commands.event_result(answer) for answer in answers))


HANDLERS = [network_events, alertmanager]

"""Network events: what other systems report."""

from typing import Annotated, Any

from litestar import Request, post
from litestar.params import HeaderParameter, JSONBody
from msgspec import Meta

from actors.api import commands
from actors.api.access import allow
from actors.api.context import By, Ctx
from actors.api.event_data import flat
from actors.api.notification import ReceivedNotification
from actors.api.openapi import ApiOperation
from actors.api.problems import ProblemError, invalid_body, invalid_parameter
from protocols.rest import AlertmanagerBody, EventResults, NetworkEventBody

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
    summary="Webhook of Prometheus Alertmanager or Grafana",
    status_code=200,
    operation_class=ApiOperation,
    opt=allow("operator", body="max_webhook_bytes"),
)
async def alertmanager(api: Ctx, by: By, data: JSONBody[AlertmanagerBody]) -> EventResults:
    """Firing alerts raise `monitoring.check_failed`, resolved ones clear it. The answer has what came of each, in order.

    Labels used: `alertname`, `severity`, `instance`, and where present `tenant_id`, `resource_type`, `resource_id`. One alert
    that cannot be used costs none of the others: the answer is 200 all the same, since neither system sends again what was
    answered 4xx.
    """
    if not isinstance(data.alerts, list | None):
        raise invalid_body("alerts", "is no list")
    return await ReceivedNotification(api, by, data).take()


HANDLERS = [network_events, alertmanager]

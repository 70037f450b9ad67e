"""Network events: what other systems report."""

from typing import Annotated, Any

from litestar import Request, Router, post
from litestar.params import JSONBody
from msgspec import Meta

from actors.api.access import allow
from actors.api.actions import network_event_of, tenant_of
from actors.api.answers import ALARM, answers, event_result, refused
from actors.api.command_resource import IdempotencyKey, idempotency_key_of
from actors.api.event_data import flat
from actors.api.notification import AlertReceiver, ReceivedNotification
from actors.api.openapi import ApiOperation
from actors.api.problems import ProblemError, invalid_body
from actors.api.routes import By, Given, resource
from actors.api.settings import ApiSettings
from actors.api.submitter import Submitter
from protocols.alarm_view import AlarmView
from protocols.rest_events import AlertmanagerBody, EventResults, NetworkEventBody
from protocols.topology_view import TopologyView

Batch = Annotated[tuple[NetworkEventBody, ...], Meta(min_length=1)]


@post("/events", summary="Report network events", status_code=200, operation_class=ApiOperation, opt=allow("operator"))
async def report_events(
    request: Request[Any, Any, Any],
    submitter: Given[Submitter],
    settings: Given[ApiSettings],
    default_tenant: Given[str],
    by: By,
    data: JSONBody[NetworkEventBody | Batch],
    idempotency_key: IdempotencyKey = None,
) -> EventResults:
    """One event or a list of events. The answer has one result for each, in order. A batch is recorded whole or not at all.

    An event alone that is refused is answered with an error; in a batch its result says so.
    """
    alone = isinstance(data, NetworkEventBody)
    bodies = (data,) if isinstance(data, NetworkEventBody) else data
    if len(bodies) > settings.max_batch:
        raise ProblemError(
            413, "batch_too_large", f"{len(bodies)} events; at most {settings.max_batch} are taken in one request"
        )
    key = idempotency_key_of(request)
    events = []
    for number, body in enumerate(map(flat, bodies)):
        tenant = tenant_of(by, body.tenant_id, default_tenant)
        own = key if alone or not key else f"{key}:{number}"
        events.append(network_event_of(body, tenant, by.name, own))
    outcome = await submitter.submit(by, events)
    found = answers(outcome)
    if alone and found[0].refusals and not found[0].accepted:
        raise refused(found[0].refusals, ALARM)
    return EventResults(tuple(event_result(answer) for answer in found))


@post(
    "/events/alertmanager",
    summary="Webhook of Prometheus Alertmanager or Grafana",
    status_code=200,
    operation_class=ApiOperation,
    opt=allow("operator", body="max_webhook_bytes"),
)
async def receive_alerts(receiver: Given[AlertReceiver], by: By, data: JSONBody[AlertmanagerBody]) -> EventResults:
    """Firing alerts raise `monitoring.check_failed`, resolved ones clear it. The answer has one result for each, in order.

    Labels used: `alertname`, `severity`, `instance`, and where present `tenant_id`, `resource_type`, `resource_id`. An alert
    that cannot be used does not affect the others: the answer is 200 in any case, since neither system repeats a notification
    that was answered 4xx.
    """
    if not isinstance(data.alerts, list | None):
        raise invalid_body("alerts", "is no list")
    return await ReceivedNotification(receiver, by, data).take()


def routes(submitter: Submitter, settings: ApiSettings, default_tenant: str, plant: TopologyView, alarms: AlarmView) -> Router:
    """Network events of other systems."""
    receiver = AlertReceiver(submitter, settings, default_tenant, plant, alarms)
    handlers = [report_events, receive_alerts]
    return resource(
        "events", handlers, submitter=submitter, settings=settings, default_tenant=default_tenant, receiver=receiver
    )

"""The explanation of an alarm's notifications: the people who were told, those who were not, and the reasons."""

from collections.abc import Sequence
from typing import TypeVar

from litestar import Response, Router, get

from actors.api.access import allow
from actors.api.alarm_commands import AlarmName
from actors.api.alarm_lookup import AlarmLookup, answer
from actors.api.alarm_reads import DEGRADED
from actors.api.openapi import ApiOperation
from actors.api.routes import By, Given, resource
from actors.api.sql.alarms import get_alarm
from actors.api.sql.dispatch_notes import StoredNote, notes_about, requests_about
from actors.api.sql.notifications import list_notifications
from actors.api.sql.tickets import list_tickets
from actors.postgres import DatabaseUnavailable
from protocols.alarm import Alarm, TimelineEntry
from protocols.dispatch.notification import DispatchedNotification
from protocols.dispatch.ticket import Ticket
from protocols.dispatch.view import DispatchOutlook, DispatchView
from protocols.principal import Principal
from protocols.rest_notification_explain import DispatchNoteShown, NotificationExplanation, UpcomingMessage
from protocols.rest_notifications import NotificationsQuery, notification_shown
from protocols.rest_tickets import TicketsQuery, ticket_shown

T = TypeVar("T")
MOST = 200
"""Notifications, notes, requests and tickets of one alarm that are shown: the newest of each."""
HELD_ONLY = (
    "PostgreSQL is away: the notifications and tickets are those that the dispatcher holds, the notes and the requests are "
    "missing"
)


class DispatchRecords:
    """Rows of PostgreSQL about one alarm, or of the dispatcher while that is away; the latest first, one more than ``MOST``."""

    def __init__(self) -> None:
        self.notifications: Sequence[DispatchedNotification] = ()
        self.tickets: Sequence[Ticket] = ()
        self.notes: Sequence[StoredNote] = ()
        self.requests: Sequence[TimelineEntry] = ()
        self.degraded: str | None = None

    @property
    def truncated(self) -> bool:
        """True when one of them has older ones."""
        return any(len(each) > MOST for each in (self.notifications, self.tickets, self.notes, self.requests))


@get(
    "/alarms/{alarm_id:str}/notifications",
    summary="Explain who was told of an alarm",
    operation_class=ApiOperation,
    opt=allow("viewer"),
)
async def explain_alarm_notifications(
    alarms: Given[AlarmLookup], dispatch: Given[DispatchView], by: By, alarm_id: AlarmName
) -> Response[NotificationExplanation]:
    """The persons who were told of it, when, by which policy, and the answer of the far end; those who were not told, with the
    reason; and the messages still to come. While PostgreSQL is away, it works for alarms that are held, with the records of
    the dispatcher."""
    held = alarms.held(by, alarm_id)
    records, fresh = DispatchRecords(), True
    try:
        database = alarms.database
        fresh = await alarms.stored.caught_up(by, newest=True)
        alarm = held or await alarms.existing(by, alarm_id)
        # Names of alarms are one tenant's: the ids are all of the alarm's tenant.
        tenant = alarm.tenant_id
        most = MOST + 1
        found = await list_notifications(database, NotificationsQuery(limit=most), alarm.id, tenant=tenant)
        records.notifications = found.items
        records.tickets = (await list_tickets(database, TicketsQuery(limit=most), alarm.id, tenant=tenant)).items
        records.notes = await notes_about(database, alarm.id, tenant, most)
        records.requests = await requests_about(database, alarm.id, most)
    except DatabaseUnavailable:
        if held is None:
            raise
        alarm = held
        records = _held(dispatch, alarm)
    explained = _explained(dispatch, alarm, await _cause(alarms, by, alarm), records)
    if explained.degraded is not None:
        return Response(explained, headers={DEGRADED: "true"})
    return answer(explained, fresh)


def routes(alarms: AlarmLookup, dispatch: DispatchView) -> Router:
    """Explanations of notifications."""
    return resource("alarms", [explain_alarm_notifications], alarms=alarms, dispatch=dispatch)


def why_untold(alarm: Alarm, cause: Alarm | None, outlook: DispatchOutlook | None) -> str:
    """Why nobody hears of the alarm now; "" where people do."""
    if outlook is not None and outlook.open:
        return outlook.held_by
    if alarm.cleared_at is not None:
        return "it is over"
    if alarm.parent_alarm_id is not None:
        named = alarm.parent_alarm_id if cause is None else f"alarm {cause.alarm_id} ({cause.title})"
        return f"it is a consequence of {named}: people hear of that one"
    if alarm.shelved_until is not None:
        return f"{alarm.shelved_by} has shelved it until {alarm.shelved_until.isoformat()}"
    for each in alarm.suppressed_by:
        return f"{each.kind} {each.by} suppresses it" + (f": {each.reason}" if each.reason else "")
    return "the correlator has not requested it: its severity is too low, or its hold-down lasts"


def _held(dispatch: DispatchView, alarm: Alarm) -> DispatchRecords:
    records = DispatchRecords()
    records.degraded = HELD_ONLY
    sent = [each for each in dispatch.notifications() if alarm.id in each.alarm_ids and each.tenant_id == alarm.tenant_id]
    records.notifications = sorted(sent, key=lambda each: (each.created_at, each.id), reverse=True)[: MOST + 1]
    tickets = [each for each in dispatch.tickets() if alarm.id in each.alarm_ids and each.tenant_id == alarm.tenant_id]
    records.tickets = sorted(tickets, key=lambda each: (each.opened_at, each.id), reverse=True)[: MOST + 1]
    return records


async def _cause(alarms: AlarmLookup, by: Principal, alarm: Alarm) -> Alarm | None:
    if alarm.parent_alarm_id is None:
        return None
    held = alarms.held(by, alarm.parent_alarm_id)
    if held is not None:
        return held
    try:
        return await get_alarm(alarms.database, alarm.parent_alarm_id, tenant=by.tenant)
    except DatabaseUnavailable:
        return None


def _explained(dispatch: DispatchView, alarm: Alarm, cause: Alarm | None, records: DispatchRecords) -> NotificationExplanation:
    names = {each.id: each.policy.name for each in dispatch.policies()}
    outlook = dispatch.outlook(alarm.id)
    return NotificationExplanation(
        alarm=alarm,
        cause=cause,
        why=why_untold(alarm, cause, outlook),
        requests=_oldest_first(records.requests),
        notifications=tuple(notification_shown(each, names.get(each.policy)) for each in _oldest_first(records.notifications)),
        notes=tuple(
            DispatchNoteShown(at=each.at, policy=each.policy or None, policy_name=names.get(each.policy), text=each.text)
            for each in _oldest_first(records.notes)
        ),
        tickets=tuple(ticket_shown(each) for each in _oldest_first(records.tickets)),
        owed=() if outlook is None else outlook.owed,
        upcoming=tuple(
            UpcomingMessage(at=each.at, policy=each.policy or None, policy_name=names.get(each.policy), text=each.text)
            for each in (() if outlook is None else outlook.planned)
        ),
        truncated=records.truncated,
        degraded=records.degraded,
    )


def _oldest_first(found: Sequence[T]) -> tuple[T, ...]:
    return tuple(reversed(found[:MOST]))

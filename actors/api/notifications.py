"""Notifications: lists from PostgreSQL, or what the dispatcher holds while that is away; one more attempt, and tests."""

from typing import Annotated, Any

from litestar import Request, Response, Router, get, post
from litestar.params import JSONBody, PathParameter

from actors.api.access import allow
from actors.api.actions import tenant_of
from actors.api.alarm_lookup import STALE, AlarmLookup, answer
from actors.api.alarm_reads import DEGRADED
from actors.api.answers import DISPATCH
from actors.api.command_resource import CommandResource, Done
from actors.api.openapi import PROBLEM, ApiOperation, TaggedOperation, documented
from actors.api.parameters import read_query
from actors.api.problems import ProblemError
from actors.api.routes import By, Given, resource, tagged
from actors.api.sql.notifications import LATEST, get_notification, list_notifications
from actors.api.submitter import Submitter
from actors.postgres import DatabaseUnavailable
from protocols.dispatch.actions import ResendNotification, SendTest
from protocols.dispatch.changes import NotificationChanged
from protocols.dispatch.notification import DispatchedNotification
from protocols.dispatch.view import DispatchView
from protocols.principal import Principal
from protocols.query import Page
from protocols.rest_notifications import (
    NotificationDetails,
    NotificationPage,
    NotificationShown,
    NotificationsMade,
    NotificationsQuery,
    NotificationTest,
    notification_details,
    notification_shown,
)

NotificationId = Annotated[
    str, PathParameter(description="The notification's `id`", min_length=1, max_length=40, pattern=r"^[A-Za-z0-9.]+$")
]
HELD_ONLY = (
    "PostgreSQL is away. This list has the notifications that the dispatcher holds: those that wait, and those of the last day "
    "or of open causes. Older history is missing"
)


class NotificationLookup:
    """Notifications of the dispatcher and of PostgreSQL, and commands about them."""

    def __init__(self, submitter: Submitter, view: DispatchView, alarms: AlarmLookup, default_tenant: str) -> None:
        self._commands, self.view, self.alarms = CommandResource(submitter, DISPATCH), view, alarms
        self._default_tenant = default_tenant

    async def listed(self, by: Principal, query: NotificationsQuery) -> tuple[Page[DispatchedNotification], bool, bool]:
        """A page; whether it shows the caller's own writes, and whether it is of held notifications alone."""
        stored = self.alarms.stored
        try:
            database = stored.database
            # Notifications that wait are of the newest batches.
            fresh = await stored.caught_up(by, newest=True)
            alarm_id = await self.alarms.id_of(by, query.alarm_id)
            return await list_notifications(database, query, alarm_id, tenant=by.tenant), fresh, False
        except DatabaseUnavailable:
            return self._held(by, query), True, True

    async def one(self, by: Principal, name: str) -> tuple[DispatchedNotification, bool]:
        """The notification of this id, and whether it is as the caller's own writes left it. ProblemError 404 when the caller
        sees none."""
        held = self.view.notification(name)
        if held is not None and by.sees(held.tenant_id):
            return held, True
        database = self.alarms.database
        fresh = await self.alarms.stored.caught_up(by)
        found = await get_notification(database, name, tenant=by.tenant)
        if found is None:
            raise ProblemError(404, "unknown_notification", f"no notification {name!r}")
        return found, fresh

    async def resend(self, by: Principal, name: str) -> DispatchedNotification:
        """ProblemError when it was refused."""
        found, _ = await self.one(by, name)
        past = None if self.view.notification(name) is not None else found
        return _made(await self._commands.submit(by, ResendNotification(name, past)))[0]

    async def test(self, by: Principal, body: NotificationTest) -> list[DispatchedNotification]:
        """ProblemError when it was refused."""
        tenant = tenant_of(by, body.tenant_id, self._default_tenant)
        action = SendTest(tenant_id=tenant, channel=body.channel, to=body.to, template=body.template)
        return _made(await self._commands.submit(by, action))

    def policy_name(self, found: DispatchedNotification) -> str | None:
        """The name of its policy now."""
        policy = self.view.policy(found.policy)
        return None if policy is None else policy.policy.name

    def shown(self, found: DispatchedNotification) -> NotificationShown:
        """As lists show it."""
        return notification_shown(found, self.policy_name(found))

    def _held(self, by: Principal, query: NotificationsQuery) -> Page[DispatchedNotification]:
        """A page of what the dispatcher holds, in the order and with the cursors of PostgreSQL. Raises ``BadCursor``."""
        held = None if query.alarm_id is None else self.alarms.held(by, query.alarm_id)
        alarm_id = query.alarm_id if held is None else held.id
        found = [each for each in self.view.notifications() if by.sees(each.tenant_id) and _meets(each, query, alarm_id)]
        found.sort(key=_place, reverse=True)
        return LATEST.page(found, _place, query.limit, query.cursor)


@get(
    "/notifications",
    summary="List notifications",
    operation_class=documented(NotificationsQuery),
    opt=allow("viewer", query=NotificationsQuery),
)
async def list_notifications_sent(
    request: Request[Any, Any, Any], notifications: Given[NotificationLookup], by: By
) -> Response[NotificationPage]:
    """Who was told of what, when, by which channel, and what the far end answered; the latest first, with those that wait.

    While PostgreSQL is away, those that the dispatcher holds are listed, and `degraded` says so.
    """
    query = read_query(request, NotificationsQuery)
    page, fresh, held_only = await notifications.listed(by, query)
    items = tuple(notifications.shown(each) for each in page.items)
    if held_only:
        return Response(NotificationPage(items, page.next_cursor, HELD_ONLY), headers={DEGRADED: "true"})
    return answer(NotificationPage(items, page.next_cursor), fresh)


@get(
    "/notifications/{notification_id:str}",
    summary="Show a notification",
    operation_class=TaggedOperation,
    opt=allow("viewer"),
)
async def get_notification_sent(
    notifications: Given[NotificationLookup], by: By, notification_id: NotificationId
) -> Response[NotificationDetails]:
    """One notification, with the facts that its template was given."""
    found, fresh = await notifications.one(by, notification_id)
    shown = notification_details(found, notifications.policy_name(found))
    return tagged(shown, found.revision, headers={} if fresh else {STALE: "true"})


@post(
    "/notifications/{notification_id:str}/resend",
    summary="Deliver a notification again",
    status_code=200,
    operation_class=ApiOperation,
    responses={409: PROBLEM},
    opt=allow("operator"),
)
async def resend_notification(
    notifications: Given[NotificationLookup], by: By, notification_id: NotificationId
) -> NotificationShown:
    """Deliver one that was given up (`dead`), with the same `id`: its attempts begin again."""
    return notifications.shown(await notifications.resend(by, notification_id))


@post("/notifications/test", summary="Send a test", operation_class=ApiOperation, opt=allow("operator"))
async def send_test_notification(
    notifications: Given[NotificationLookup], by: By, data: JSONBody[NotificationTest]
) -> NotificationsMade:
    """Send a test message to everybody whom `to` reaches by `channel` now, whatever the quiet hours. `GET /notifications/{id}`
    says what became of it."""
    return NotificationsMade(tuple(notifications.shown(each) for each in await notifications.test(by, data)))


def routes(submitter: Submitter, alarms: AlarmLookup, view: DispatchView, default_tenant: str) -> Router:
    """Notifications."""
    handlers = [list_notifications_sent, send_test_notification, get_notification_sent, resend_notification]
    return resource("notifications", handlers, notifications=NotificationLookup(submitter, view, alarms, default_tenant))


def _made(done: Done) -> list[DispatchedNotification]:
    """The notifications that the command made or changed."""
    found = [each.notification for each in done.changes if isinstance(each, NotificationChanged)]
    return [each for each in found if each.id in done.answer.accepted]


def _place(found: DispatchedNotification) -> tuple[Any, ...]:
    return found.created_at, found.id


def _meets(found: DispatchedNotification, query: NotificationsQuery, alarm_id: str | None) -> bool:
    """As PostgreSQL chooses."""
    return (
        query.tenant_id in (None, found.tenant_id)
        and query.policy in (None, found.policy)
        and (not query.status or found.status in query.status)
        and (not query.channel or found.channel in query.channel)
        and (not query.kind or found.kind in query.kind)
        and (alarm_id is None or alarm_id in found.alarm_ids)
        and query.to in (None, found.to, found.to_name, found.address)
        and (query.since is None or found.created_at >= query.since)
        and (query.before is None or found.created_at < query.before)
    )

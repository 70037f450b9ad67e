"""Notifications: lists from PostgreSQL, or what the dispatcher holds while that is away; one more attempt, and tests."""

from collections.abc import Iterable
from typing import Annotated, Any

from litestar import Request, Response, Router, get, post
from litestar.params import JSONBody, PathParameter

from actors.api.access import allow
from actors.api.actions import tenant_of
from actors.api.alarm_lookup import STALE, AlarmLookup
from actors.api.answers import DISPATCH
from actors.api.command_resource import CommandResource, Done
from actors.api.dispatch_lookup import DispatchLookup
from actors.api.openapi import PROBLEM, ApiOperation, TaggedOperation, documented
from actors.api.parameters import read_query
from actors.api.routes import By, Given, resource, tagged
from actors.api.sql.notifications import LATEST, get_notification, list_notifications
from actors.api.submitter import Submitter
from actors.postgres import Postgres
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


class NotificationLookup(DispatchLookup[DispatchedNotification, NotificationsQuery]):
    """Notifications of the dispatcher and of PostgreSQL, and commands about them."""

    noun, latest, held_only = "notification", LATEST, HELD_ONLY

    def __init__(self, submitter: Submitter, view: DispatchView, alarms: AlarmLookup, default_tenant: str) -> None:
        super().__init__(alarms)
        self._commands, self.view, self._default_tenant = CommandResource(submitter, DISPATCH), view, default_tenant

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

    def held(self, name: str) -> DispatchedNotification | None:
        return self.view.notification(name)

    def all_held(self) -> Iterable[DispatchedNotification]:
        return self.view.notifications()

    async def stored_page(
        self, database: Postgres, query: NotificationsQuery, alarm_id: str | None, tenant: str | None
    ) -> Page[DispatchedNotification]:
        return await list_notifications(database, query, alarm_id, tenant=tenant)

    async def stored_one(self, database: Postgres, name: str, tenant: str | None) -> DispatchedNotification | None:
        return await get_notification(database, name, tenant=tenant)

    def meets(self, found: DispatchedNotification, query: NotificationsQuery, alarm_id: str | None) -> bool:
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

    def place(self, found: DispatchedNotification) -> tuple[Any, ...]:
        return found.created_at, found.id


@get(
    "/notifications",
    summary="List notifications",
    operation_class=documented(NotificationsQuery),
    opt=allow("viewer", query=NotificationsQuery),
)
async def list_notifications_sent(
    request: Request[Any, Any, Any], notifications: Given[NotificationLookup], by: By
) -> Response[NotificationPage]:
    """Notifications: who was told of which cause, when, by which channel, and the answer of the far end. The latest is first.

    While PostgreSQL is away, those that the dispatcher holds are listed, and `degraded` says so.
    """
    query = read_query(request, NotificationsQuery)

    def page(rows: Page[DispatchedNotification], degraded: str | None) -> NotificationPage:
        return NotificationPage(tuple(map(notifications.shown, rows.items)), rows.next_cursor, degraded)

    return await notifications.answered(by, query, page)


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

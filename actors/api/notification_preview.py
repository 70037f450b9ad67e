"""The preview of a message: a template is tried before it is used."""

from collections.abc import Awaitable, Callable
from datetime import datetime

from litestar import Router, post
from litestar.params import JSONBody

from actors.api.access import allow
from actors.api.openapi import ApiOperation
from actors.api.routes import By, Given, resource
from protocols.rest_notification_preview import MessagePreview, NotificationPreview

PreviewMessage = Callable[[NotificationPreview, str, datetime], Awaitable[MessagePreview]]
"""The message of a tenant at a time."""
Now = Callable[[], datetime]


@post(
    "/notifications/preview",
    summary="Preview a message",
    status_code=200,
    operation_class=ApiOperation,
    opt=allow("operator"),
)
async def preview_notification(
    preview_message: Given[PreviewMessage],
    now: Given[Now],
    default_tenant: Given[str],
    by: By,
    data: JSONBody[NotificationPreview],
) -> MessagePreview:
    """The words of a message by a template, or by parts that are no file yet. Nothing is sent. When the template fails, the
    answer has the built-in texts, as a message would be sent then, and the `error`."""
    return await preview_message(data, by.tenant or default_tenant, now())


def routes(preview_message: PreviewMessage, now: Now, default_tenant: str) -> Router:
    """The preview of messages."""
    given = {"preview_message": preview_message, "now": now, "default_tenant": default_tenant}
    return resource("notifications", [preview_notification], **given)

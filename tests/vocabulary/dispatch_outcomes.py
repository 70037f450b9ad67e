"""Outcomes of notifications, as the notifier appends them."""

from typing import Any

from protocols.dispatch.notification import DispatchedNotification
from protocols.dispatch.outcomes import MessageFailed, MessageSent


def sent(notification: DispatchedNotification) -> MessageSent:
    """The far end took it."""
    return MessageSent(**_common(notification), answer="250 ok")


def failed(notification: DispatchedNotification, *, dead: bool = False) -> MessageFailed:
    """An attempt failed; ``dead``: the last one."""
    return MessageFailed(**_common(notification), error="connection refused", dead=dead)


def _common(notification: DispatchedNotification) -> dict[str, Any]:
    return {
        "notification_id": notification.id,
        "tenant_id": notification.tenant_id,
        "alarm_ids": notification.alarm_ids,
        "channel": notification.channel,
        "to": notification.to_name or notification.address,
        "kind": notification.kind,
        "policy": notification.policy,
        "attempts": notification.attempts + 1,
    }

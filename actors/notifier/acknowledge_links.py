"""The links in messages by which people acknowledge an alarm. Pure."""

from datetime import timedelta

from protocols.acknowledge_link import PATH, AcknowledgeLink, signed_link
from protocols.dispatch.channel import Channel
from protocols.dispatch.notification import DispatchedNotification, MessageKind

VALID = timedelta(days=3)
_ABOUT_OPEN: frozenset[MessageKind] = frozenset({"raised", "worsened", "escalated", "reminder", "flapping"})
_READ_BY_PEOPLE: frozenset[Channel] = frozenset({"email", "slack", "teams"})
"""A link is longer than an SMS, and another system has a token of its own."""


class AcknowledgeLinks:
    """Makes links below ``public_url``, signed with ``key``. Without a ``public_url`` there are none."""

    def __init__(self, public_url: str, key: bytes) -> None:
        self._base, self._key = public_url.rstrip("/"), key

    def link(self, notification: DispatchedNotification) -> str:
        """The link for the first alarm of the notification, the same for every attempt; "" where it has none. A contact of a
        customer gets none."""
        if (
            not self._base
            or not notification.alarm_id
            or notification.channel not in _READ_BY_PEOPLE
            or notification.customer_id
        ):
            return ""
        if notification.kind not in _ABOUT_OPEN:
            return ""
        link = AcknowledgeLink(
            alarm_id=notification.alarm_id,
            tenant_id=notification.tenant_id,
            person=notification.to_name or notification.address,
            notification_id=notification.id,
            expires=int((notification.created_at + VALID).timestamp()),
        )
        return f"{self._base}{PATH}/{signed_link(link, self._key)}"

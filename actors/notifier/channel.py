"""The interface of a channel: it is given one message, and says what the far end answered."""

from datetime import datetime
from typing import Any, Protocol

from msgspec import Struct

from protocols.dispatch.notification import DispatchedNotification


class MessageText(Struct, frozen=True, kw_only=True):
    """The words of a message. ``subject`` is one line; ``html`` is "" where there is none."""

    subject: str
    text: str
    html: str = ""
    link: str = ""
    """The link by which the alarm is acknowledged, for channels that make a button of it."""
    note: str = ""
    """A part that is not as the template says, and the reason; "" when every part is."""


class OutgoingMessage(Struct, frozen=True, kw_only=True):
    """One attempt at a notification."""

    notification: DispatchedNotification
    text: MessageText
    at: datetime
    """The time of this attempt, aware UTC."""
    thread_detail: dict[str, Any] = {}
    """:attr:`Delivered.detail` of the first message of its thread; empty for the first one."""


class Delivered(Struct, frozen=True):
    """The far end took the message. ``answer`` is its answer, for people; ``detail`` is for later messages of the thread."""

    answer: str
    detail: dict[str, Any] = {}


class DeliveryChannel(Protocol):
    """A way to a far end. One object serves one lane; several attempts may be under way at once."""

    pace_seconds: float
    """Least time between two messages; 0: none."""
    paces_addresses: bool
    """The least time is that between two messages to one address, not to any."""
    secrets: tuple[str, ...]
    """Texts that no answer and no error may repeat."""

    async def deliver(self, message: OutgoingMessage) -> Delivered:
        """Hand ``message`` over. The caller cancels it at the time limit. Raises DeliveryFailed."""

"""A notification: one message to one address about one or several causes, and what became of it."""

from datetime import datetime
from typing import Any, Literal, get_args

from msgspec import Struct

from protocols.dispatch.channel import Channel

MessageKind = Literal[
    "raised",
    "worsened",
    "escalated",
    "recovered",
    "flapping",
    "steady",
    "reminder",
    "storm",
    "at_risk",
    "breach_opened",
    "breach_resolved",
    "credit",
    "maintenance",
    "test",
]
"""``reminder``: the repeat of an open cause. ``storm``: one message that says how many causes there are. ``escalated``: a step
of an escalation."""
MESSAGE_KINDS: tuple[MessageKind, ...] = get_args(MessageKind)
DeliveryStatus = Literal["pending", "sent", "failed", "dead"]
"""``failed``: an attempt failed, and another one follows. ``dead``: faultd gave up; resent by command alone."""
DELIVERY_STATUSES: tuple[DeliveryStatus, ...] = get_args(DeliveryStatus)


class DispatchedNotification(Struct, frozen=True, kw_only=True):
    """Decided by the dispatcher, delivered by the notifier. The ``id`` is the idempotency key of every attempt."""

    id: str
    """``N`` and the offset of the Event that decided it, then a number: ``N17``, ``N17.1``."""
    tenant_id: str
    subject: str
    """``alarm:UUID``, ``sla:INSTANCE``, ``credit:INSTANCE``, ``window:ID``, ``storm:CONTACT`` or ``test``."""
    alarm_ids: tuple[str, ...] = ()
    """UUIDs of the alarms that it is about, the first of them the most severe; at most 100."""
    instance_id: str = ""
    """The service level agreement that it is about."""
    breach_id: str = ""
    policy: str = ""
    """The policy's id; "" for a test."""
    step: int = 0
    """The step of an escalation, from 1; 0: none."""
    channel: Channel
    to: str
    """The contact's id, or the address itself where the policy names one."""
    to_name: str = ""
    address: str
    kind: MessageKind
    template: str = ""
    """"" is the channel's own."""
    facts: dict[str, Any] = {}
    """Values for the template: the causes as they were when this was decided."""
    thread: str = ""
    """The id of the first notification to this address about this subject; "" or its own id for that one. Later messages are
    answers to it: a thread of mails, a thread in a chat."""
    reason: str = ""
    """Why now, and why this person."""
    created_at: datetime
    status: DeliveryStatus = "pending"
    attempts: int = 0
    sent_at: datetime | None = None
    answer: str = ""
    """The answer of the far end, or the error of the last attempt."""
    fallback_of: str = ""
    """The notification to the same person by another method that was given up, or had not arrived in time."""
    revision: int = 1
    detail: dict[str, Any] = {}
    """:attr:`~protocols.dispatch.outcomes.MessageSent.detail` of the outcome: the notifier reads it for later messages of the
    thread."""

    @property
    def alarm_id(self) -> str:
        """The first alarm's UUID, or ""."""
        return self.alarm_ids[0] if self.alarm_ids else ""

    @property
    def customer_id(self) -> str:
        """The customer whose contact is told, "" for everybody else. A customer is told nothing of other customers, and gets no
        link to acknowledge an alarm."""
        found = self.facts.get("customer_id")
        return found if isinstance(found, str) else ""

    @property
    def waits(self) -> bool:
        """True while the notifier has to deliver it."""
        return self.status in ("pending", "failed")

"""Outcomes of notifications, and what has ended as far as the stage does not know it yet."""

from actors.mailbox import AppendSender
from actors.outcome_queue import OutcomeQueue
from protocols.dispatch.notification import DispatchedNotification
from protocols.dispatch.outcomes import MessageFailed, MessageSent

MessageOutcome = MessageSent | MessageFailed


class Outcomes(OutcomeQueue[str]):
    """By the ids of the notifications.

    A notification that has ended is remembered until the stage has folded that (:meth:`forget`), also while the notifier is
    started again: until then the stage still says that it waits.
    """

    def __init__(self, appends: AppendSender) -> None:
        super().__init__(appends, "notifications")
        self._ended: dict[str, int] = {}
        """Ids of the notifications that were sent or given up, with the revision that was."""

    def ended(self, notification_id: str) -> bool:
        """True for one that was sent or given up, as far as the stage has not folded it."""
        return notification_id in self._ended

    def forget(self, notification_id: str, revision: int) -> None:
        """The stage says in ``revision`` that the notification waits no longer."""
        if self._ended.get(notification_id, revision) < revision:
            del self._ended[notification_id]

    def report(self, outcome: MessageOutcome, revision: int) -> None:
        """Have the outcome of the notification's ``revision`` appended. Never waits."""
        if isinstance(outcome, MessageSent) or outcome.dead:
            self._ended[outcome.notification_id] = revision
        self.offer(outcome.notification_id, outcome)


def receiver(notification: DispatchedNotification) -> str:
    """The person and the address, as an operator reads it."""
    named = notification.to_name
    return f"{named} <{notification.address}>" if named and named != notification.address else notification.address


def sent(notification: DispatchedNotification, attempts: int, answer: str, detail: dict[str, object]) -> MessageSent:
    """The far end took it with the attempt number ``attempts``."""
    return MessageSent(
        notification_id=notification.id,
        tenant_id=notification.tenant_id,
        alarm_ids=notification.alarm_ids,
        channel=notification.channel,
        to=receiver(notification),
        kind=notification.kind,
        policy=notification.policy,
        attempts=attempts,
        answer=answer,
        detail=detail,
    )


def failed(notification: DispatchedNotification, attempts: int, error: str, *, dead: bool) -> MessageFailed:
    """The attempt number ``attempts`` failed."""
    return MessageFailed(
        notification_id=notification.id,
        tenant_id=notification.tenant_id,
        alarm_ids=notification.alarm_ids,
        channel=notification.channel,
        to=receiver(notification),
        kind=notification.kind,
        policy=notification.policy,
        attempts=attempts,
        error=error,
        dead=dead,
    )

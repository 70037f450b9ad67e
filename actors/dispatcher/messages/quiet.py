"""Quiet hours of a policy and of a person: what they hold back is told when they end, if it is still so."""

from actors.dispatcher.cause import DispatchSubject
from actors.dispatcher.messages.group import MessageGroup
from actors.dispatcher.state import DispatchState
from protocols.dispatch.local_hours import open_until
from protocols.dispatch.quiet_hours import QuietHours
from protocols.recurrence.occurrences import zone_of
from protocols.severity import Severity


def quiet_until(hours: QuietHours | None, zone: str, severity: Severity, now: int) -> int:
    """The end of the quiet hours that hold this severity back at ``now`` (microseconds since 1970); 0: nothing does."""
    if hours is None or severity in hours.allowed:
        return 0
    return open_until(hours, zone_of(zone), now) or 0


def policy_quiet_until(group: MessageGroup, subject: DispatchSubject, now: int) -> int:
    """The same by the policy of a group."""
    return quiet_until(group.quiet_hours, group.zone, subject.severity, now)


def contact_quiet_until(state: DispatchState, to: str, severity: Severity, now: int) -> int:
    """The same by the contact ``to``; an address that is no contact's has no quiet hours."""
    contact = state.contacts.get(to)
    return 0 if contact is None else quiet_until(contact.plan.quiet_hours, contact.plan.time_zone, severity, now)

"""The cause that explains a subject, and the subjects that it explains: those that share its ticket. Pure."""

from collections.abc import Iterable

from actors.dispatcher.cause import DispatchSubject
from actors.dispatcher.state import DispatchState
from actors.dispatcher.tickets.tasks import is_live
from protocols.dispatch.ticket import Ticket


def root_of(state: DispatchState, subject: DispatchSubject) -> DispatchSubject:
    """The cause of its cause, and so on, as far as they are open subjects: itself when its own cause is none."""
    seen = {subject.key}
    while subject.merged_into not in seen:
        above = state.subjects.get(subject.merged_into)
        if above is None or above.state == "ended":
            break
        seen.add(above.key)
        subject = above
    return subject


def members_of(state: DispatchState, root: DispatchSubject) -> list[DispatchSubject]:
    """``root``, and every open subject that it explains, directly or through another one."""
    members = {root.key: root}
    waiting = [root]
    while waiting:
        cause = waiting.pop()
        for key in cause.consequences:
            each = state.subjects.get(key)
            if each is not None and key not in members and each.merged_into == cause.key and each.state == "open":
                members[key] = each
                waiting.append(each)
    return list(members.values())


def live_ticket(state: DispatchState, subject: DispatchSubject) -> Ticket | None:
    """The ticket of the subject's own, if it is open or will be."""
    ticket = state.tickets.get(subject.ticket_id)
    return ticket if is_live(ticket) else None


def cause_of(state: DispatchState, agreement: DispatchSubject) -> DispatchSubject | None:
    """The open subject of the alarm that the last request about a service level agreement named. Where that alarm is no
    subject: that of its parent."""
    found = state.subjects.get(agreement.cause)
    alarm = agreement.alarm
    if found is None and alarm is not None and alarm.parent_alarm_id is not None and agreement.cause == f"alarm:{alarm.id}":
        found = state.subjects.get(f"alarm:{alarm.parent_alarm_id}")
    return found if found is not None and found.state == "open" else None


def agreements_of(state: DispatchState, members: Iterable[DispatchSubject]) -> list[DispatchSubject]:
    """The agreements at risk or breached for which the ticket of these causes stands."""
    found = ((member, state.subjects.get(key)) for member in members for key in member.agreements)
    return [
        each
        for member, each in found
        if each is not None and each.state == "open" and each.covered and each.cause == member.key
    ]


def first_breach(subject: DispatchSubject, agreements: Iterable[DispatchSubject]) -> str:
    """The breach of an agreement itself, or the first one of those for which a cause's ticket stands; "" for none."""
    return next((each.breach_id for each in (subject, *agreements) if each.breaches), "")

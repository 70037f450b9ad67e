"""The cause that explains a subject, and the subjects that it explains: those that share its ticket. Pure."""

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

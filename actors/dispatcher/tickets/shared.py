"""Tickets that a person merged in the desk. One that stands for several causes of faultd is open as long as any of them is."""

from collections.abc import Sequence

from msgspec.structs import replace

from actors.dispatcher.causes.holding import name_of
from actors.dispatcher.run import DispatchRun
from actors.dispatcher.state import DispatchState
from actors.dispatcher.tickets.contested import is_contested
from actors.dispatcher.tickets.tasks import is_live, with_task
from protocols.dispatch.ticket import Ticket


def take_key(run: DispatchRun, ticket: Ticket, key: str) -> Ticket:
    """The ticket under the key that the desk says. Another one than before: a person merged it, maybe into another ticket of
    faultd, or took it out again."""
    if key == ticket.key:
        return ticket
    merged = run.state.merged_tickets
    if merged.get(ticket.id) == key:
        run.journal.drop(merged, ticket.id)
    elif ticket.key and ticket.id not in merged:
        run.journal.put(merged, ticket.id, ticket.key)
    left = _sharing(run.state, ticket)
    leave_key(run, ticket)
    if not any(_stands(run.state, each) for each in left):
        _close_those_over(run, left, "Over: the ticket that a person had merged into this one has been taken out of it")
    moved = replace(ticket, key=key)
    share(run, moved)
    if not ticket.key and any(each.id not in merged for each in _sharing(run.state, moved)):
        # Where all others were merged into it, its own key comes late.
        run.journal.put(merged, ticket.id, "")
    return moved


def share(run: DispatchRun, ticket: Ticket) -> None:
    """Note the other tickets of faultd that the desk has under the same key."""
    known = run.state.shared_tickets.get(_place(ticket), ())
    found = [each.id for each in run.state.tickets.values() if _place(each) == _place(ticket) and each.id != ticket.id]
    if found and ticket.id not in known:
        run.journal.put(run.state.shared_tickets, _place(ticket), (*dict.fromkeys((*known, *found)), ticket.id))


def leave_key(run: DispatchRun, ticket: Ticket) -> None:
    """The desk does not have the ticket under this key any more, or faultd forgets it."""
    known = run.state.shared_tickets.get(_place(ticket))
    if known is None:
        return
    left = tuple(each for each in known if each != ticket.id)
    if len(left) > 1:
        run.journal.put(run.state.shared_tickets, _place(ticket), left)
    else:
        run.journal.drop(run.state.shared_tickets, _place(ticket))


def others_standing(state: DispatchState, ticket: Ticket) -> list[Ticket]:
    """The other tickets of faultd that are the same one at the desk, and whose causes last."""
    return [each for each in _sharing(state, ticket) if _stands(state, each)]


def is_merged(state: DispatchState, ticket: Ticket) -> bool:
    """True when a person merged it into another ticket."""
    return ticket.id in state.merged_tickets


def close_ticket(run: DispatchRun, ticket: Ticket, text: str, related: str = "") -> str:
    """Close it. Returns "", or the reason for which it gets a comment instead: the ticket of another open cause is the same one
    at the desk, which is closed with the last of them; or a person merged it into one of their own. ``related``: id of the
    ticket as part of which it goes on."""
    standing = others_standing(run.state, ticket)
    names = ", ".join(sorted(name_of(run.state, each.subject) for each in standing))
    if standing:
        text = f"{text}\nThe ticket stays open for {names}"
    if is_merged(run.state, ticket):
        # Opened again for this cause, nobody would close the ticket into which a person merged it.
        left = replace(ticket, tasks=tuple(task for task in ticket.tasks if task.kind != "reopen"))
        run.put_ticket(replace(with_task(left, "comment", text, related), closed_at=run.at))
    else:
        contested = is_contested(run, ticket)
        run.put_ticket(with_task(ticket, "comment" if standing or contested else "close", text, related))
        if contested and not standing:
            return "its status is changed in the desk again and again"
    if standing:
        return f"a person merged it with that of {names}"
    _close_the_last(run, ticket)
    return "a person merged it into another one" if is_merged(run.state, ticket) else ""


def is_closed_with_others(state: DispatchState, ticket: Ticket) -> bool:
    """True for a merged ticket whose ticket at the desk was closed, which the desk has not said of this one yet."""
    others = _sharing(state, ticket)
    return is_merged(state, ticket) and bool(others) and not any(map(is_live, others))


def note_opened(run: DispatchRun, ticket: Ticket) -> None:
    """faultd opened it again at the desk: so is the one that was made under its key, which is the same one there."""
    for each in _sharing(run.state, ticket):
        if each.state == "closed" and not is_merged(run.state, each):
            run.put_ticket(replace(each, state="open", closed_at=None, revision=each.revision + 1))


def decide_closing_anew(run: DispatchRun, ticket: Ticket) -> None:
    """A person merged it: closings of it, and of the tickets that are the same one now, may have waited before that."""
    for each in (run.state.tickets.get(ticket.id), *_sharing(run.state, ticket)):
        closing = [] if each is None else [task for task in each.tasks if task.kind == "close"]
        if each is None or not closing or not (is_merged(run.state, each) or others_standing(run.state, each)):
            continue
        left = replace(each, tasks=tuple(task for task in each.tasks if task.kind != "close"), revision=each.revision + 1)
        if is_live(each):
            # It is opened again behind the closing.
            run.put_ticket(left)
        else:
            close_ticket(run, left, closing[-1].text, closing[-1].related)


def _close_the_last(run: DispatchRun, ticket: Ticket) -> None:
    """No cause of a shared ticket lasts: the one that was made under its key is closed, if it still waits for that."""
    _close_those_over(run, _sharing(run.state, ticket), "Over: every cause that a person merged into this ticket has ended")


def _close_those_over(run: DispatchRun, tickets: Sequence[Ticket], text: str) -> None:
    """Close those of ``tickets`` that were made under their key and waited for the causes of others."""
    for each in tickets:
        subject = run.state.subjects.get(each.subject)
        over = subject is None or subject.state == "ended" or bool(subject.part_of)
        if over and each.closes and is_live(each) and not is_merged(run.state, each):
            run.put_ticket(with_task(each, "close", text))


def _sharing(state: DispatchState, ticket: Ticket) -> list[Ticket]:
    """In the order in which they came to be the same one."""
    known = state.shared_tickets.get(_place(ticket), ()) if ticket.key else ()
    found = (state.tickets.get(each) for each in known if each != ticket.id)
    return [each for each in found if each is not None]


def _stands(state: DispatchState, ticket: Ticket) -> bool:
    subject = state.subjects.get(ticket.subject)
    if subject is None or subject.state == "ended" or subject.part_of or subject.ticket_id != ticket.id:
        return False
    return is_live(ticket)


def _place(ticket: Ticket) -> str:
    return f"{ticket.desk} {ticket.key}"


def open_for_others(run: DispatchRun, ticket: Ticket) -> None:
    """faultd closed a ticket before it knew that a person had merged it with that of another open cause."""
    standing = others_standing(run.state, ticket)
    if standing:
        again = next((each for each in standing if not is_merged(run.state, each)), standing[0])
        names = ", ".join(sorted(name_of(run.state, each.subject) for each in standing))
        run.put_ticket(with_task(again, "reopen", f"Open again: it stands for {names} too"))


def closed_too_early(run: DispatchRun, ticket: Ticket, before: Ticket) -> bool:
    """True when a person merged an open ticket, whose cause lasts, into one that faultd closed since its cause had ended; or
    took one out again that faultd had closed before, and whose cause has begun again meanwhile."""
    state = run.state
    if not is_merged(state, ticket):
        return _stands(state, before)
    others = _sharing(state, ticket)
    subjects = [state.subjects.get(each.subject) for each in others]
    return bool(others) and _stands(state, before) and all(each is None or each.state == "ended" for each in subjects)

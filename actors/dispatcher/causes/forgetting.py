"""Subjects that have ended are forgotten after a time."""

from actors.dispatcher.messages import groups
from actors.dispatcher.run import DispatchRun
from actors.dispatcher.tickets.following import forget_ticket
from protocols.sla.local_time import SECOND

AGAIN = 3_600 * SECOND
"""A subject of which somebody has still to be told is looked at again so much later."""


def forget_subject(run: DispatchRun, key: str) -> None:
    """The timer of a subject that has ended."""
    state = run.state
    subject = state.subjects.get(key)
    if subject is None:
        return
    if subject.told and subject.state == "ended":
        state.timers.set(run.journal, "forget", key, run.now + AGAIN)
        return
    groups.leave(run, subject)
    run.journal.drop(state.subjects, key)
    forget_ticket(run, subject.ticket_id)

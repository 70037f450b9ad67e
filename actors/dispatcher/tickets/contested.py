"""Tickets whose status somebody else keeps changing: a rule of the desk that opens what faultd closes, or another program.

Without a bound faultd and such a rule would go on for ever: a rule that closes every ticket, with a policy that resolves the
alarm then, has the device raise a new alarm, which gets a new ticket, and so on. So rounds are counted by what is wrong.
"""

from typing import Final

from actors.dispatcher.run import DispatchRun
from actors.dispatcher.tickets.tasks import name_of_ticket, with_task
from protocols.dispatch.ticket import Ticket
from protocols.sla.local_time import SECOND

ROUNDS: Final = 5
"""Changes of the status in the desk, within :data:`WITHIN`, after which faultd leaves it alone."""
WITHIN: Final = 3_600 * SECOND
_TEXT: Final = (
    "The status of this ticket was changed in the desk 5 times within an hour. faultd leaves it alone until there was an hour "
    "with fewer changes"
)


def count_round(run: DispatchRun, ticket: Ticket) -> None:
    """The desk says another status than faultd had. With the last round the ticket, and whoever asks, is told."""
    rounds = run.state.rounds
    for fault in [fault for fault, times in rounds.items() if run.now - times[-1] >= WITHIN]:
        run.journal.drop(rounds, fault)
    times = (*_lately(run, ticket), run.now)
    run.journal.put(rounds, _fault(run, ticket), times[-ROUNDS:])
    if len(times) != ROUNDS:
        return
    run.put_ticket(with_task(run.state.tickets[ticket.id], "comment", _TEXT))
    subject = run.state.subjects.get(ticket.subject)
    if subject is not None:
        run.note(subject, f"ticket {name_of_ticket(ticket)}: {_TEXT}", policy=ticket.policy)


def is_contested(run: DispatchRun, ticket: Ticket) -> bool:
    """True while faultd leaves the status of the ticket alone."""
    return len(_lately(run, ticket)) >= ROUNDS


def _lately(run: DispatchRun, ticket: Ticket) -> tuple[int, ...]:
    return tuple(at for at in run.state.rounds.get(_fault(run, ticket), ()) if run.now - at < WITHIN)


def _fault(run: DispatchRun, ticket: Ticket) -> str:
    """The same for every ticket of one type of alarm on one resource."""
    subject = run.state.subjects.get(ticket.subject)
    alarm = None if subject is None else subject.alarm
    if alarm is None or not ticket.subject.startswith("alarm:"):
        return ticket.subject
    return f"{alarm.tenant_id} {alarm.alarm_type} {alarm.resource_id}"

"""The command about a ticket: close it, open it again, comment on it, try again what was given up."""

from collections.abc import Mapping

from msgspec.structs import replace

from actors.command_refused import CommandRefused
from actors.dispatcher.run import DispatchRun
from actors.dispatcher.tickets.resolving import resolve_alarms
from actors.dispatcher.tickets.tasks import is_live, name_of_ticket, with_task
from actors.expected_revision import outdated
from protocols.change import Refusal
from protocols.dispatch.actions import ChangeTicket
from protocols.principal import Principal


def change_ticket(run: DispatchRun, by: Principal, action: ChangeTicket, expected: Mapping[str, int]) -> None:
    """Do it, and have the desk told. A ticket that is closed for long is history, and refuses everything."""
    name = action.ticket_id
    ticket = run.state.tickets.get(name)
    if ticket is None or not by.sees(ticket.tenant_id):
        raise CommandRefused(Refusal(name, "unknown_ticket", f"no ticket {name!r}, or it is history"))
    if (refusal := outdated(expected, name, ticket.revision, f"ticket {name}")) is not None:
        raise CommandRefused(refusal)
    said = f"{by.name}: {action.comment}" if action.comment else f"by {by.name}"
    live = is_live(ticket)
    if action.retry:
        if not any(each.dead for each in ticket.tasks):
            raise _refused(name, f"{name_of_ticket(ticket)} has no task that was given up")
        tasks = tuple(replace(each, dead=False, attempts=0) if each.dead else each for each in ticket.tasks)
        ticket = replace(ticket, tasks=tasks, revision=ticket.revision + 1)
    match action.state:
        case "closed":
            if not live:
                raise _refused(name, f"{name_of_ticket(ticket)} is closed already")
            ticket = with_task(ticket, "close", f"Closed {said}" if not action.comment else said)
        case "open":
            if live:
                raise _refused(name, f"{name_of_ticket(ticket)} is open already")
            ticket = replace(with_task(ticket, "reopen", f"Open again {said}" if not action.comment else said), closed_at=None)
        case None:
            if action.comment:
                ticket = with_task(ticket, "comment", said)
        case other:
            raise CommandRefused(Refusal(name, "invalid", f"state: {other} is no state that a command gives"))
    run.put_ticket(ticket)
    if action.state == "closed":
        resolve_alarms(run, ticket, by.name)
    run.answer(name)


def _refused(name: str, text: str) -> CommandRefused:
    return CommandRefused(Refusal(name, "wrong_state", f"ticket {text}"))

"""A person closed a ticket whose policy says that this resolves the alarms. The stage appends the command, once."""

from collections.abc import Callable
from typing import Final

from actors.dispatcher.run import DispatchRun
from actors.dispatcher.state import DispatchState
from protocols.command import Command, Resolve
from protocols.dispatch.ticket import Ticket
from protocols.event import Event
from protocols.principal import Principal

NOTE: Final = "the ticket was closed"


def resolve_alarms(run: DispatchRun, ticket: Ticket, person: str) -> None:
    """Have the open alarms of a ticket resolved in the name of ``person``, if its policy says so."""
    if not ticket.resolves_alarm:
        return
    for alarm_id in ticket.alarm_ids:
        subject = run.state.subjects.get(f"alarm:{alarm_id}")
        if subject is not None and subject.state == "open":
            run.journal.put(run.state.resolving, alarm_id, person)


def fold_resolved(run: DispatchRun, command: Command) -> None:
    """A command resolves alarms: that of the stage itself, or a person's. Neither has to be given again."""
    for alarm_id in command.alarm_ids:
        run.journal.drop(run.state.resolving, alarm_id)


class TicketResolver:
    """Appends the commands. It remembers, for this run, which are on their way to the fold."""

    def __init__(self) -> None:
        self._asked: set[str] = set()

    def report(self, state: DispatchState, append: Callable[[list[Event]], bool]) -> None:
        """``append`` is that of :meth:`actors.stage.Stage.report`."""
        self._asked.intersection_update(state.resolving)
        wanted: dict[str, list[str]] = {}
        for alarm_id, person in state.resolving.items():
            if alarm_id not in self._asked:
                wanted.setdefault(person, []).append(alarm_id)
        if not wanted:
            return
        commands: list[Event] = [
            Command(Principal(person, "operator"), Resolve(NOTE), tuple(alarm_ids)) for person, alarm_ids in wanted.items()
        ]
        if append(commands):
            self._asked.update(*wanted.values())

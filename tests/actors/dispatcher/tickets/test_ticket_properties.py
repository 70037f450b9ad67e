"""Random lives of causes with a desk: one open ticket for each cause, through merges, splits, ends, raises and restarts."""

from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st
from vocabulary.sla import plant
from vocabulary.ticket_world import TICKET, TicketWorld, outcome_of
from vocabulary.world import moment

from actors.dispatcher.tickets.family import members_of, root_of
from actors.dispatcher.tickets.tasks import is_live
from protocols.change import Change
from protocols.command import Acknowledge, Clear, Resolve, Shelve, Unacknowledge
from protocols.dispatch.ticket import Ticket
from protocols.event import Event

RESOURCES = ("olt-1", "olt-1/1/1/1", "olt-1/1/1/2", "x")
STEPS = st.one_of(
    st.tuples(st.just("raise"), st.sampled_from(RESOURCES), st.sampled_from(["critical", "major", "minor"])),
    st.tuples(st.just("clear"), st.integers(0, 5), st.none()),
    st.tuples(st.just("act"), st.integers(0, 5), st.sampled_from(["acknowledge", "unacknowledge", "shelve", "resolve"])),
    st.tuples(st.just("wait"), st.sampled_from([1, 4, 6, 30, 61, 400, 2000, 100_000]), st.none()),
    st.tuples(st.just("desk"), st.integers(0, 5), st.sampled_from(["done", "done", "failed", "dead", "twice"])),
    st.tuples(st.just("restart"), st.none(), st.none()),
)


class CheckedTickets(TicketWorld):
    """The invariant is checked after each Event."""

    def __call__(self, event: Event) -> list[Change]:
        found = super().__call__(event)
        self.check()
        return found

    def live(self) -> list[Ticket]:
        return [each for each in self.dispatch.tickets.values() if is_live(each)]

    def check(self) -> None:
        """One open ticket for each cause, and none of a cause that is over."""
        state = self.dispatch
        of_root: dict[str, str] = {}
        for ticket in self.live():
            subject = state.subjects[ticket.subject]
            assert subject.state == "open"
            assert subject.ticket_id == ticket.id
            root = root_of(state, subject)
            assert root.key not in of_root, f"{ticket.id} and {of_root[root.key]} are tickets of {root.key}"
            of_root[root.key] = ticket.id
            assert root.key == ticket.subject

    def do(self, step: tuple[str, Any, Any]) -> None:
        """One step of a life."""
        what, which, how = step
        alarms = [each for each in self.alarms if each.source == "api"]
        if what == "raise":
            self.raise_alarm(
                "device.down" if which == "olt-1" else "ont.los", which, "olt" if which == "olt-1" else "ont", severity=how
            )
        elif what == "wait":
            self.run_to(self.seconds + which)
        elif what == "restart":
            self.restart()
        elif what == "desk":
            self._answer(which, how)
        elif alarms:
            alarm = alarms[which % len(alarms)]
            actions: dict[Any, Any] = {
                None: Clear(),
                "acknowledge": Acknowledge(),
                "unacknowledge": Unacknowledge(),
                "shelve": Shelve(moment(self.seconds + 100), "later"),
                "resolve": Resolve(),
            }
            self.command(actions[how], alarm.id)

    def _answer(self, which: int, how: str) -> None:
        waiting = [each for each in self.dispatch.tickets.values() if each.tasks]
        if not waiting:
            return
        ticket = waiting[which % len(waiting)]
        if how in ("failed", "dead"):
            self.refuses(ticket, dead=how == "dead")
            return
        done = outcome_of(ticket, ticket.tasks[0])
        self(done)
        if how == "twice":
            self(done)

    def rest(self) -> None:
        """The desk does everything, and time goes on until nothing is left to be told."""
        for _ in range(4):
            self.desk()
            self.run_to(self.seconds + 700)


@settings(deadline=None, max_examples=120)
@given(st.lists(STEPS, min_size=8, max_size=50))
def test_a_cause_has_one_open_ticket_whatever_happens(steps: list[tuple[str, Any, Any]]) -> None:
    world = CheckedTickets(nodes=plant())
    world.policy("tickets", TICKET)
    world.policy("critical", {"ticket": {"priority": "critical", "team": "south"}}, match={"severity": "critical"})
    for step in steps:
        world.do(step)
    world.rest()
    state = world.dispatch
    for subject in state.subjects.values():
        if subject.state == "open" and not subject.merged_into and subject.wanted_ticket is not None:
            ticket = state.tickets[subject.ticket_id]
            assert is_live(ticket)
            members = [each.alarm.id for each in members_of(state, subject) if each.alarm is not None]
            assert set(members) <= set(ticket.alarm_ids)
            assert {world.get(each).ticket_id for each in members} == {ticket.key}
    assert not any(each.tasks for each in state.tickets.values())
    assert not world.failures()
    for alarm in world.alarms:
        if alarm.cleared_at is None:
            world.command(Clear(), alarm.id)
    world.rest()
    assert not world.live()
    assert all(each.state == "closed" for each in world.tickets)
    world.run_to(world.seconds + 10 * 86_400)
    assert not world.dispatch.tickets
    assert not world.dispatch.tickets_for
    assert not any(world.dispatch.timers.due.values())

"""Random lives of causes with a desk: one open ticket for each cause, through merges, splits, ends, raises and restarts."""

from typing import Any

from hypothesis import example, given, settings
from hypothesis import strategies as st
from vocabulary.sla import plant
from vocabulary.ticket_world import TICKET, TicketWorld, outcome_of
from vocabulary.world import moment

from actors.dispatcher.tickets.contested import ROUNDS
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
SEPARATE = ("a", "b", "c", "d")
MERGES = st.one_of(
    st.tuples(st.just("person"), st.integers(0, 3), st.sampled_from(["merge", "merge", "close", "reopen", "out"])),
    st.tuples(st.just("raise"), st.sampled_from(SEPARATE), st.just("critical")),
    st.tuples(st.just("clear"), st.integers(0, 7), st.none()),
    st.tuples(st.just("desk"), st.integers(0, 3), st.none()),
    st.tuples(st.just("wait"), st.sampled_from([6, 61, 4_000]), st.none()),
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


class DeskOfPeople(CheckedTickets):
    """The status of each ticket at the desk, by its key, where people merge, close and open again."""

    def __init__(self, *args: Any, **fields: Any) -> None:
        self.open: dict[str, bool] = {}
        self.into: dict[str, str] = {}
        self.by_people: set[str] = set()
        """Tickets whose status a person gave last, and those out of or into which one merged something since."""
        self.done: set[str] = set()
        """Causes whose ticket a person has closed: faultd may close it again, when another cause had it opened meanwhile."""
        super().__init__(*args, **fields)

    def key(self, name: str) -> str:
        """The ticket into which that with this key was merged at last."""
        while name in self.into:
            name = self.into[name]
        return name

    def check(self) -> None:
        """One open ticket at the desk for each cause."""
        state = self.dispatch
        for ticket in self.live():
            subject = state.subjects.get(ticket.subject)
            if subject is not None and subject.ticket_id == ticket.id and not subject.part_of:
                assert root_of(state, subject).key == ticket.subject

    def do(self, step: tuple[str, Any, Any]) -> None:
        what, which, how = step
        if what == "person":
            self.person_acts(which, how)
        elif what == "desk":
            self._answer(which, "done")
        else:
            super().do(step)

    def person_acts(self, which: int, how: str) -> None:
        keys = [each for each in self.open if each not in self.into]
        if not keys:
            return
        name = keys[which % len(keys)]
        if how == "merge":
            other = keys[(which + 1) % len(keys)]
            if other != name:
                if not self.open[other]:
                    self.close_by_hand(name)
                self.into[name] = other
        elif how == "out":
            taken = next(iter(self.into), "")
            self.by_people |= {taken, self.key(taken)} if taken else set()
            self.into.pop(taken, None)
        else:
            self.open[name] = how == "reopen"
            self.by_people.add(name)
            if how == "close":
                self.close_by_hand(name)
        self.poll()

    def close_by_hand(self, name: str) -> None:
        """A person closes it, or merges it into one that is closed."""
        self.done |= {each.subject for each in self.dispatch.tickets.values() if self.key(self.first(each)) == name}

    def poll(self) -> None:
        """faultd hears what people did."""
        for ticket in list(self.dispatch.tickets.values()):
            if ticket.key and not ticket.tasks:
                self.heard(ticket)

    def heard(self, ticket: Ticket) -> None:
        key = self.key(self.first(ticket))
        state = "open" if self.open[key] else "closed"
        if key != ticket.key or (state != ticket.state and not (state == "open" and ticket.state == "merged")):
            self.person(ticket, key=key, state="merged" if key != ticket.key and state == "open" else state)

    def first(self, ticket: Ticket) -> str:
        return f"D{ticket.number}"

    def _answer(self, which: int, how: str) -> None:
        waiting = [each for each in self.dispatch.tickets.values() if each.tasks]
        if waiting:
            self.serve(waiting[which % len(waiting)])

    def serve(self, ticket: Ticket) -> None:
        """The desk does a task, as the ticketer has it: a close looks first whether the ticket was merged."""
        task = ticket.tasks[0]
        self.open.setdefault(self.first(ticket), True)
        key = self.key(self.first(ticket))
        if task.kind == "close" and key != ticket.key:
            self.heard(ticket)
            return
        if task.kind in ("close", "reopen") and self.open[key] != (task.kind == "reopen"):
            self.open[key] = task.kind == "reopen"
            self.by_people.discard(key)
        self(outcome_of(ticket, task))

    def rest(self) -> None:
        for _ in range(40):
            self.poll()
            for ticket in list(self.dispatch.tickets.values()):
                if ticket.tasks:
                    self.serve(ticket)
            self.run_to(self.seconds + 100)


TAKEN_OUT: list[tuple[str, Any, Any]] = [
    ("clear", 2, None),
    ("desk", 0, None),
    ("person", 3, "merge"),
    ("raise", "c", "critical"),
    ("wait", 6, None),
    ("person", 0, "out"),
]
"""A person merges a ticket that faultd has closed, its cause begins again, and the person takes it out."""
LEFT_BEHIND: list[tuple[str, Any, Any]] = [
    ("person", 0, "merge"),
    ("clear", 0, None),
    ("raise", "a", "critical"),
    ("clear", 3, None),
    ("raise", "d", "critical"),
    ("wait", 6, None),
    ("person", 0, "out"),
    ("clear", 0, None),
]
"""The cause of a ticket ends while another ticket is merged into it, which a person takes out later."""
OPENED_AGAIN: list[tuple[str, Any, Any]] = [
    ("clear", 2, None),
    ("desk", 0, None),
    ("person", 2, "merge"),
    ("desk", 0, None),
    ("clear", 1, None),
]
"""A person merges a ticket into one that faultd has closed, faultd opens that again, and both causes are over then."""


@settings(deadline=None, max_examples=120)
@given(st.lists(MERGES, min_size=8, max_size=30))
@example(TAKEN_OUT)
@example(LEFT_BEHIND)
@example(OPENED_AGAIN)
def test_a_ticket_that_people_merged_is_open_while_any_of_its_causes_is(steps: list[tuple[str, Any, Any]]) -> None:
    world = DeskOfPeople(nodes=plant())
    world.policy("tickets", TICKET)
    for resource in SEPARATE:
        world.do(("raise", resource, "critical"))
    world.run_to(10)
    for _ in SEPARATE:
        world.do(("desk", 0, None))
    for step in steps:
        world.do(step)
    world.rest()
    state = world.dispatch
    assert not any(each.tasks for each in state.tickets.values())
    for ticket in state.tickets.values():
        assert ticket.key == world.key(world.first(ticket))
        assert (ticket.state != "closed") == world.open[ticket.key] or ticket.closed_at is not None
    contested = any(len(times) >= ROUNDS for times in state.rounds.values())
    for subject in state.subjects.values():
        if subject.state == "open" and not subject.merged_into and subject.wanted_ticket is not None and not contested:
            key = state.tickets[subject.ticket_id].key
            assert world.open[key] or subject.key in world.done, f"faultd closed {key}, and {subject.key} lasts"
    assert not world.failures()
    for alarm in world.alarms:
        if alarm.cleared_at is None:
            world.command(Clear(), alarm.id)
    world.rest()
    for key, is_open in world.open.items():
        if not contested and key not in world.into and key not in world.by_people:
            assert not is_open, f"every cause is over, and {key} is open"
    for ticket in list(state.tickets.values()):
        if is_live(ticket):
            world.open[ticket.key] = False
    world.rest()
    world.run_to(world.seconds + 10 * 86_400)
    assert not world.dispatch.tickets
    assert not world.dispatch.shared_tickets
    assert not world.dispatch.merged_tickets

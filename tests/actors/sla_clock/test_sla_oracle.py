"""The stage against a slow oracle that walks minute by minute: any order of alarms, corrections and exclusions."""

from datetime import date
from typing import Any, NamedTuple

import hypothesis.strategies as st
from hypothesis import given, settings
from vocabulary.sla import SlaWorld, us

from actors.journal import Journal
from actors.sla_clock.work import WalkAll
from protocols.sla.actions import CorrectOutage
from protocols.sla.exclusion import ExclusionScope, SlaExclusion
from protocols.sla.instance import SlaInstance
from protocols.sla.intervals import total
from protocols.sla.local_time import SECOND
from protocols.sla.periods import PeriodRule

MINUTE = 60
DAY = 1440
"""In minutes."""
FIRST = 21 * 60
"""The first midnight after the start, in minutes after the start: periods are days of UTC."""
LAST = FIRST + 2 * DAY + 300
PARENTS = {
    "olt-1": (),
    "olt-1/1": ("olt-1",),
    "olt-1/1/1": ("olt-1/1",),
    "olt-1/1/2": ("olt-1/1",),
    "olt-1/1/1/1": ("olt-1/1/1",),
    "olt-1/1/2/1": ("olt-1/1/2",),
}
TYPES = {"olt-1": "device.down", "olt-1/1": "card.offline", "olt-1/1/1": "pon.los", "olt-1/1/2": "pon.los"}


class Fault(NamedTuple):
    """A fault of a node from one minute to another (None: it lasts); ``corrected``: what an operator says of it afterwards."""

    node: str
    start: int
    length: int | None
    corrected: tuple[int, int] | None


class Excluded(NamedTuple):
    """An exclusion of what is at and below ``resource``, stated ``late`` minutes after its start, in the next day at the
    latest: what is older is no matter of the fold."""

    start: int
    length: int
    resource: str
    late: int

    @property
    def known(self) -> int:
        """The minute in which it is stated."""
        last = FIRST + (_day(self.start) + 1) * DAY - 5
        return min(max(5, self.start + self.late), last, LAST - 5)


faults = st.lists(
    st.builds(
        Fault,
        st.sampled_from(sorted(PARENTS)),
        st.integers(10, LAST - 100),
        st.one_of(st.none(), st.integers(1, 2000)),
        st.one_of(st.none(), st.tuples(st.integers(0, 60), st.integers(0, 60))),
    ),
    max_size=6,
)
exclusions = st.lists(
    st.builds(Excluded, st.integers(0, LAST), st.integers(1, 900), st.sampled_from(sorted(PARENTS)), st.integers(-600, 2000)),
    max_size=2,
)


@settings(max_examples=60, deadline=None)
@given(faults=faults, exclusions=exclusions, restarts=st.booleans())
def test_the_books_are_those_of_a_walk_minute_by_minute(
    faults: list[Fault], exclusions: list[Excluded], restarts: bool
) -> None:
    world = SlaWorld()
    definition = world.define(period=PeriodRule("UTC", date(2026, 1, 1), "days", 1), availability_target=990_000_000)
    one = world.serve(definition, "svc-1")
    two = world.serve(definition, "svc-9", "olt-1/1/1/1", "olt-1/1/2/1")
    late = world.serve(definition, "svc-8", "olt-1/1/2/1", start=us((FIRST + 700) * MINUTE))
    world.restarts = restarts
    known = _tell(world, faults, exclusions)
    world.run_to(LAST * MINUTE)
    for instance in (one, two, late):
        _compare(world, instance, known, exclusions)


def _day(minute: int) -> int:
    """The day of a minute: 0 for the first whole one."""
    return (minute - FIRST) // DAY


def _tell(world: SlaWorld, faults: list[Fault], exclusions: list[Excluded]) -> list[tuple[str, int, int]]:
    """Let everything happen in the order of time. Returns the intervals that were true in the end, in minutes."""
    steps: list[tuple[int, int, Any]] = []
    true: list[tuple[str, int, int]] = []
    for number, fault in enumerate(faults):
        end = LAST if fault.length is None else min(LAST, fault.start + fault.length)
        steps.append((fault.start, number, ("raise", number, fault)))
        if end < LAST:
            steps.append((end, number, ("clear", number, fault)))
        start = fault.start
        if fault.corrected is not None and end + 70 < LAST and _day(end + 70) - _day(fault.start - 60) <= 1:
            start, end = fault.start - min(fault.corrected[0], fault.start), end - min(fault.corrected[1], end - fault.start)
            steps.append((min(LAST, fault.start + (fault.length or 0)) + 70, number, ("correct", number, (start, end))))
        true.append((fault.node, start, end))
    steps += [(each.known, 100 + n, ("exclude", n, each)) for n, each in enumerate(exclusions)]
    alarms: dict[int, str] = {}
    for at, _, (what, number, fact) in sorted(steps, key=lambda step: step[:2]):
        world.run_to(at * MINUTE)
        if what == "raise":
            kind = TYPES.get(fact.node, "ont.los")
            alarms[number] = world.raise_alarm(kind, fact.node, qualifier=f"q{number}")
        elif what == "clear":
            world.clear_alarm(alarms[number])
        elif what == "correct":
            (outage_id,) = world.sla.outages_of[alarms[number]]
            start, end = us(fact[0] * MINUTE), us(fact[1] * MINUTE)
            assert world.command(CorrectOutage(outage_id, "the device's own log", start, end)).accepted
        else:
            _exclude(world, number, fact)
    return true


def _exclude(world: SlaWorld, number: int, fact: Excluded) -> None:
    exclusion = SlaExclusion(
        id=f"SX{number}",
        tenant_id=None,
        category="agreed",
        scope=ExclusionScope(resources=(fact.resource,)),
        start=us(fact.start * MINUTE),
        end=us((fact.start + fact.length) * MINUTE),
        reason="agreed with the customer",
        created_at=world.now,
        created_by="ada",
    )
    world.sla.put_exclusion(Journal(), exclusion)
    world.sla.put_work(Journal(), WalkAll("an exclusion", since=exclusion.start))
    world.tick()


def _down(node: str, minute: int, known: list[tuple[str, int, int]]) -> bool:
    if any(name == node and start <= minute < end for name, start, end in known):
        return True
    return bool(PARENTS[node]) and all(_down(parent, minute, known) for parent in PARENTS[node])


def _compare(world: SlaWorld, instance: SlaInstance, known: list[tuple[str, int, int]], exclusions: list[Excluded]) -> None:
    nodes = {"svc-1": ["olt-1/1/1/1"]}.get(instance.service_id, list(instance.resources))
    above = {"olt-1", "olt-1/1", *nodes, *(parent for node in nodes for parent in PARENTS[node])}
    contract = (instance.start - us(0)) // SECOND // MINUTE
    for first in (FIRST - DAY, FIRST, FIRST + DAY, FIRST + 2 * DAY):
        down = excluded = measured = 0
        for minute in range(max(first, contract), min(first + DAY, LAST)):
            out = any(each.start <= minute < each.start + each.length and each.resource in above for each in exclusions)
            measured += 1
            excluded += out
            down += not out and all(_down(node, minute, known) for node in nodes)
        if first == FIRST + 2 * DAY:
            found = world.figures(instance).shares
            assert (total(found.down), total(found.excluded)) == (down * MINUTE * SECOND, excluded * MINUTE * SECOND)
            continue
        start = max(us(first * MINUTE), 0)
        revisions = [each for each in world.closed if each.instance_id == instance.id and each.start == start]
        if not measured:
            assert not revisions
            continue
        assert [each.revision for each in revisions] == list(range(1, len(revisions) + 1))
        closed = revisions[-1]
        assert (closed.down, closed.excluded) == (down * MINUTE * SECOND, excluded * MINUTE * SECOND)
        allowed = (closed.contract - closed.excluded) // 100
        standing = [
            each
            for each in world.breaches.values()
            if each.instance_id == instance.id and each.period_start == closed.start and not each.withdrawn
        ]
        assert len(standing) == (closed.down > allowed) == closed.breaches

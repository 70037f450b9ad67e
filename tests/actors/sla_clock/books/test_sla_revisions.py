"""Each closed period has revision 1, and each later revision follows the one before, whatever happens to the contract."""

from datetime import date
from typing import Any
from unittest.mock import patch

import hypothesis.strategies as st
import pytest
from hypothesis import given, settings
from vocabulary.sla import SlaWorld, us
from vocabulary.world import ADMIN, World, moment

import actors.sla_clock.run as sla_run
from protocols.event import Event, SlaWork
from protocols.sla.actions import CreateExclusion, EditDefinition, EditInstance, PauseClock, SlaAction
from protocols.sla.changes import SlaInstanceChanged, SlaPeriodClosed
from protocols.sla.definition import SlaTermsEdited
from protocols.sla.exclusion import ExclusionPlan, ExclusionScope
from protocols.sla.instance import InstanceEdited
from protocols.sla.local_time import SECOND
from protocols.sla.periods import PeriodRule

DAY = 86_400
MIDNIGHT = 21 * 3600
"""The first midnight UTC after the start of a World, in its seconds."""
RULES = {
    "SD1": PeriodRule("UTC", date(2026, 1, 1), "days", 1),
    "SD2": PeriodRule("UTC", date(2026, 1, 1), "days", 1),
    "SD3": PeriodRule("Europe/Berlin", date(2026, 1, 1), "days", 2),
}


class SlowWorld(SlaWorld):
    """An Event examines one instance at most, and only :class:`SlaWork` goes on with what is left."""

    def __call__(self, event: Event) -> list[Any]:
        self.sla.at = max(self.sla.at, self.now)
        with patch.object(sla_run, "SLICE", 1):
            return World.__call__(self, event)

    def work(self) -> None:
        """Do all that is left."""
        while self.sla.pending:
            self(SlaWork())


def slow_world() -> SlowWorld:
    """Three services, each with a contract by ``SD1``."""
    world = SlowWorld()
    for name in RULES:
        world.define(name, period=RULES[name])
    for number in (1, 2, 3):
        world.serve(world.sla.definitions["SD1"][0], f"svc-{number}")
    return world


def take(world: SlowWorld, seconds: float, action: str, subject: Any = None) -> None:
    """One step at ``seconds`` after the start of the World."""
    world.at(seconds)
    edits: dict[str, Any] = {
        "definition": lambda: InstanceEdited(definition_id=subject),
        "end": lambda: InstanceEdited(end=us(seconds + subject)),
        "reopen": lambda: InstanceEdited(end=None),
        "start": lambda: InstanceEdited(start=us(seconds + subject)),
    }
    if action in edits:
        command(world, EditInstance("SI1", edits[action]()))
    elif action == "version":
        command(world, EditDefinition(subject, SlaTermsEdited(availability_target=990_000_000 + world.offset)))
    elif action in ("down", "up"):
        world.network(f"device.{action}", "olt-1", at=moment(seconds + subject))
    elif action == "work":
        world.work()
    else:
        world.tick()


def command(world: SlowWorld, action: SlaAction) -> None:
    world.command(action, by=ADMIN)


def revisions(world: SlaWorld, instance_id: str = "SI1") -> list[tuple[int, int]]:
    """End in seconds after the first midnight, and number, of each revision of an instance's periods from there on."""
    found = [each.figures for each in world.history if isinstance(each, SlaPeriodClosed)]
    known = [each for each in found if each.instance_id == instance_id and each.end >= us(MIDNIGHT)]
    return [((each.end - us(MIDNIGHT)) // SECOND, each.revision) for each in known]


Taken = list[tuple[float, str, Any]]
"""Steps: seconds after the first midnight, the action, and its subject."""


@pytest.mark.parametrize(
    ("taken", "expected"),
    [
        pytest.param(
            [(0, "tick", None), (0, "tick", None), (0, "end", -3_600)],
            [(0, 1), (0, 2)],
            id="changed while the others are still being closed",
        ),
        pytest.param(
            [(0, "tick", None), (0, "tick", None), (0, "down", -3_600), (0, "work", None)],
            [(0, 1), (0, 2)],
            id="a late report while the others are still being closed",
        ),
        pytest.param(
            [(0, "work", None), (10, "start", -3_600), (10, "work", None)],
            [(0, 1), (0, 2)],
            id="the begin is moved into the period that was closed",
        ),
        pytest.param(
            [(-2, "end", 1), (0, "work", None), (10, "reopen", None), (10, "work", None)],
            [(0, 1), (0, 2)],
            id="a contract that was over goes on",
        ),
        pytest.param(
            [(-2, "end", 1), (0, "work", None), (9, "definition", "SD3"), (10, "reopen", None), (DAY, "work", None)],
            [(0, 1), (0, 2)],
            id="a contract that was over gets another definition and goes on",
        ),
        pytest.param(
            [(-9, "end", 1), (0, "work", None), (1, "end", -DAY), (2, "reopen", None), (3, "end", 0)],
            [(0, 1), (0, 2)],
            id="a contract that was over is said to have ended earlier and then goes on",
        ),
        pytest.param(
            [
                (-9, "down", 0),
                (-9, "work", None),
                (-2, "start", 1),
                (-2, "work", None),
                (-2, "definition", "SD3"),
                (9, "work", None),
                (9, "end", -5),
                (9, "work", None),
                (9, "start", -9_000),
            ],
            [(0, 1), (0, 2)],
            id="another definition before the begin of a contract that has an account",
        ),
        pytest.param(
            [(-1, "definition", "SD2"), (0, "tick", None), (0, "tick", None), (1, "down", -2), (1, "work", None)],
            [(0, 1), (0, 2)],
            id="another definition within the last second of a period",
        ),
        pytest.param(
            [(-1, "definition", "SD3"), (0, "tick", None), (0, "definition", "SD2"), (1, "down", -2), (1, "work", None)],
            [(0, 1), (0, 2)],
            id="and a third one within the first second of the next",
        ),
    ],
)
def test_the_revisions_of_a_period(taken: Taken, expected: list[tuple[int, int]]) -> None:
    world = slow_world()
    for seconds, action, subject in taken:
        take(world, MIDNIGHT + seconds, action, subject)
    world.work()
    assert revisions(world) == expected


def test_an_outage_between_the_end_of_a_period_and_its_closing_is_in_revision_1() -> None:
    world = slow_world()
    take(world, MIDNIGHT - 50, "down", 0)
    world.work()
    take(world, MIDNIGHT, "tick")
    take(world, MIDNIGHT + 1, "up", -11)
    world.work()
    for instance_id in ("SI1", "SI2", "SI3"):
        closed = [each for each in world.closed if each.instance_id == instance_id and each.end == us(MIDNIGHT)]
        assert [(each.revision, each.down) for each in closed] == [(1, 40 * SECOND)]


def test_the_number_of_breaches_follows_a_withdrawal() -> None:
    """The instance stays breached, and nothing else of it differs."""
    world = SlaWorld()
    world.serve(world.define(response={"major": 60 * SECOND}), "svc-1")
    alarm = world.at(100).raise_alarm("ont.los", "olt-1/1/1/1")
    world.run_to(5_000)
    world.clear_alarm(alarm)
    assert world.command(PauseClock(alarm, "waiting_for_customer", us(100), us(6_000))).accepted
    shown = [each for each in world.history if isinstance(each, SlaInstanceChanged)]
    assert [(each.status, each.breach_count) for each in shown][-2:] == [("breached", 2), ("breached", 1)]


def test_a_contract_that_is_over_is_closed_before_it_is_forgotten() -> None:
    """Its breach is resolved, and its last period has a revision, however many days nothing was folded."""
    world = slow_world()
    take(world, 100, "down", 0)
    world.work()
    take(world, 5_000, "end", 0)
    world.work()
    take(world, MIDNIGHT + 5 * DAY, "work")
    take(world, MIDNIGHT + 6 * DAY, "tick")
    world.work()
    assert "SI1" not in world.sla.instances
    assert revisions(world) == [(0, 1)]
    mine = [each for each in world.breaches.values() if each.instance_id == "SI1"]
    assert [each.resolved for each in mine] == [True]


@pytest.mark.parametrize(("days", "last"), [(1, 2), (2, 1)])
def test_the_last_period_of_a_contract_that_is_over_is_revised_as_long_as_its_evidence_is_held(days: int, last: int) -> None:
    """``days``: periods that have ended since the contract began. The contract is over within the first."""
    world = SlaWorld()
    world.serve(world.define(period=RULES["SD1"]), "svc-1", end=us(MIDNIGHT - 3_600))
    alarm = world.at(100).raise_alarm("ont.los", "olt-1/1/1/1")
    world.at(200).clear_alarm(alarm)
    world.run_to(MIDNIGHT + (days - 1) * DAY + 60)
    plan = ExclusionPlan(
        tenant_id="t",
        category="agreed",
        scope=ExclusionScope(resources=("olt-1",)),
        start=us(MIDNIGHT - 7_200),
        end=us(MIDNIGHT + 7_200),
        reason="agreed",
    )
    assert world.command(CreateExclusion(plan), by=ADMIN).accepted
    assert [each.revision for each in world.closed if each.start < us(0)][-1] == last


def test_a_period_ends_though_the_begin_of_the_contract_brings_a_longer_one() -> None:
    """The begin is moved behind the second version, whose period has begun earlier than the one with an account."""
    world = slow_world()
    take(world, MIDNIGHT - 50, "down", 0)
    world.work()
    weekly = SlaTermsEdited(period=PeriodRule("UTC", date(2026, 1, 1), "days", 7))
    assert world.at(MIDNIGHT - 40).command(EditDefinition("SD1", weekly), by=ADMIN).accepted
    take(world, MIDNIGHT - 39, "start", 9)
    world.work()
    take(world, MIDNIGHT + 1, "work")
    take(world, MIDNIGHT + 2, "tick")
    world.work()
    assert revisions(world) == [(0, 1)]
    account = world.sla.accounts.get("SI1")
    assert account is not None
    assert account.period_end == us(MIDNIGHT + 3 * DAY)


steps = st.lists(
    st.one_of(
        st.tuples(st.just("definition"), st.sampled_from(list(RULES))),
        st.tuples(st.just("version"), st.sampled_from(list(RULES))),
        st.tuples(st.sampled_from(["end", "start"]), st.sampled_from([-90_000, -3_600, 0, 10, 90_000])),
        st.tuples(st.just("reopen"), st.none()),
        st.tuples(st.sampled_from(["down", "up"]), st.sampled_from([0, -10, -3_600, -90_000])),
        st.tuples(st.sampled_from(["work", "tick"]), st.none()),
    ),
    max_size=12,
)


@settings(max_examples=100, deadline=None)
@given(taken=st.lists(st.tuples(st.sampled_from([0, 0, 1, 1_800, 36_000, 86_400]), steps), max_size=6))
def test_revisions_follow_one_another(taken: list[tuple[int, list[tuple[str, Any]]]]) -> None:
    world = slow_world()
    now = MIDNIGHT - 2
    for wait, some in taken:
        for action, subject in some:
            take(world, now, action, subject)
        now += wait
    take(world, now, "tick")
    take(world, now, "work")
    for instance_id in ("SI1", "SI2", "SI3"):
        last: dict[int, int] = {}
        for end, revision in revisions(world, instance_id):
            assert revision == last.get(end, 0) + 1
            last[end] = revision

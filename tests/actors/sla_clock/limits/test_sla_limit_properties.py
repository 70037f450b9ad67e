"""Clocks of an instance against a walk through the history of its alarms, for any sequence of what can happen to alarms that
are attached to one another in turn; and breaches against the clocks, with the state saved and loaded after every Event."""

from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from msgspec.structs import replace
from vocabulary.sla import SlaWorld, us
from vocabulary.world import moment

from actors.sla_clock.books.period_choice import period_of
from actors.sla_clock.evidence.timelines import EvidenceReader
from actors.sla_clock.limits.clock_breaches import KINDS, limits_of, terms_of
from actors.sla_clock.limits.instance_clocks import InstanceClock, clocks_of, severity_at
from actors.sla_clock.stage import SlaClock
from actors.sla_clock.time_limit import read_clock
from actors.state_encoding import encode_with_pauses
from protocols.alarm import Alarm
from protocols.change import AlarmChanged, Change
from protocols.command import Command
from protocols.event import Event, Tick
from protocols.principal import Principal
from protocols.severity import Severity
from protocols.sla.actions import PauseClock
from protocols.sla.local_time import SECOND

ADA = Principal("ada", "operator")
TERMS: dict[str, Any] = {
    "availability_target": None,
    "response": {"critical": 60 * SECOND, "major": 300 * SECOND},
    "resolution": {"critical": 200 * SECOND, "major": 900 * SECOND, "minor": 2000 * SECOND},
}
PLACES = {"ont": "olt-1/1/1/1", "pon": "olt-1/1/1", "cut": "olt-1/1/1"}
PARENTS = {"ont": ("pon", "cut", None), "pon": ("cut", None), "cut": (None,)}
"""What an alarm can be attached to. The cut is a conclusion: it has no effect on service itself."""
SEVERITIES: tuple[Severity, ...] = ("critical", "major", "minor")

steps = st.lists(
    st.tuples(
        st.integers(1, 250),
        st.sampled_from(["raise", "clear", "acknowledge", "withdraw", "severity", "attach", "attach", "pause", "wait"]),
        st.sampled_from(["ont", "ont", "pon", "cut"]),
        st.integers(0, 5),
    ),
    min_size=3,
    max_size=14,
)


@dataclass
class Past:
    """What was so from ``at`` on."""

    at: int
    alarms: dict[str, Alarm]


@dataclass
class Story:
    """A stage alone, and the history of its alarms. Seconds count from the start of a World."""

    restarts: bool
    seconds: int = 0
    offset: int = 100
    alarms: dict[str, Alarm] = field(default_factory=dict)
    past: list[Past] = field(default_factory=list)
    pauses: list[tuple[str, int, int]] = field(default_factory=list)
    emitted: list[Change] = field(default_factory=list)

    def __post_init__(self) -> None:
        world = SlaWorld()
        self.instance = world.serve(world.define(**TERMS), "svc-1")
        self.stage = SlaClock()
        self.stage.state = world.sla
        for number, name in enumerate(("cut", "ont", "pon")):
            self.act("raise", name, number)

    @property
    def now(self) -> datetime:
        return moment(self.seconds)

    def fold(self, event: Event, *changes: Change) -> None:
        self.offset += 1
        self.stage.state.at = self.now  # Ticks came meanwhile
        self.emitted += self.stage.fold(self.offset, self.now, event, changes)
        if self.restarts:
            octets = encode_with_pauses(self.stage.saving())
            self.stage = SlaClock()
            self.stage.load(octets)

    def act(self, step: str, name: str, number: int) -> None:
        """Let something happen, if it can."""
        alarm = self.alarms.get(name)
        if step == "pause" and alarm is not None:
            start = self.seconds - 60 * number
            self.pauses.append((name, start, start + 150))
            self.fold(Command(ADA, PauseClock(alarm.id, "agreed", us(start), us(start + 150))))
        after = self._changed(step, name, number, alarm)
        if after is not None and after != alarm:
            self.alarms[name] = after
            self.past.append(Past(self.seconds, dict(self.alarms)))
            self.fold(Tick(), AlarmChanged(self.offset + 1, after, ()))

    def _changed(self, step: str, name: str, number: int, alarm: Alarm | None) -> Alarm | None:
        now = self.now
        if alarm is None:
            return None if step != "raise" else _alarm(name, SEVERITIES[number % 3], now)
        is_open = alarm.cleared_at is None
        match step:
            case "raise" if not is_open:
                return replace(alarm, cleared_at=None, reopened_at=now)
            case "clear" if is_open:
                return replace(alarm, cleared_at=now)
            case "acknowledge" if alarm.acknowledged_at is None:
                return replace(alarm, acknowledged_at=now)
            case "withdraw":
                return replace(alarm, acknowledged_at=None)
            case "severity" if is_open:
                return replace(alarm, severity=SEVERITIES[number % 3])
            case "attach":
                wanted = PARENTS[name][number % len(PARENTS[name])]
                parent = None if wanted is None else self.alarms.get(wanted)
                return replace(alarm, parent_alarm_id=None if parent is None else parent.id)
        return None

    def clocks(self) -> list[InstanceClock]:
        state = self.stage.state
        period = period_of(state, self.instance, us(self.seconds))
        assert period is not None
        return clocks_of(EvidenceReader(state), self.instance, period, us(self.seconds))

    # --- the walk ---------------------------------------------------------------------------------------------------

    def at(self, second: float) -> dict[str, Alarm]:
        """The alarms as they were."""
        return next((each.alarms for each in reversed(self.past) if each.at <= second), {})

    def top(self, name: str, second: float) -> str:
        """The alarm at the top of ``name`` then."""
        alarms = self.at(second)
        while name in alarms and alarms[name].parent_alarm_id is not None:
            name = alarms[name].parent_alarm_id or ""
        return name

    def under(self, name: str, above: str, second: float) -> bool:
        """Whether ``above`` was above ``name`` then."""
        alarms = self.at(second)
        while name in alarms and (parent := alarms[name].parent_alarm_id) is not None:
            name = parent
            if name == above:
                return True
        return False

    def first(self, name: str) -> int:
        return next(each.at for each in self.past if name in each.alarms)

    def acknowledged(self, name: str) -> int | None:
        """When an alarm was first acknowledged."""
        return next((each.at for each in self.past if name in each.alarms and each.alarms[name].acknowledged_at), None)


def _alarm(name: str, severity: Severity, at: datetime) -> Alarm:
    return Alarm(
        id=name,
        alarm_id=name,
        tenant_id="t",
        source="network_device",
        alarm_type=f"{name}.los",
        severity=severity,
        title=name,
        resource_type="ont",
        resource_id=PLACES[name],
        first_occurrence=at,
        last_occurrence=at,
        received_at=at,
        is_root_cause=name == "cut",
        service_effect="none" if name == "cut" else "outage",
    )


def check_clock(story: Story, clock: InstanceClock) -> None:
    """The times of a clock are those of a walk."""
    members = [each for each in ("ont", "pon") if each in story.alarms and story.top(each, story.seconds) == clock.alarm_id]
    assert members
    assert set(clock.alarms) >= {clock.alarm_id, *members}
    earliest = min(members, key=lambda each: (story.first(each), f"{each}.0"))
    times = clock.times
    assert times.raised == us(story.first(earliest))
    instants = sorted({each.at for each in story.past} | {at for _, *both in story.pauses for at in both})
    for second in [at + part for at in instants for part in (0, 0.5)]:
        if not story.first(earliest) <= second <= story.seconds:
            continue
        there = story.at(second)
        is_open = any(each in there and there[each].cleared_at is None for each in members)
        assert any(span.start <= us(second) < (span.end or us(10**6)) for span in times.ended) == (not is_open)
        assert severity_at(times, us(second)) == there[story.top(earliest, second)].severity, second
        paused = any(
            start <= second < end
            and any(
                name == each or story.under(each, name, second) or story.under(each, name, story.seconds) for each in members
            )
            for name, start, end in story.pauses
        )
        assert any(each.start <= us(second) < (each.end or 0) for each in times.pauses) == paused, second
    expected = []
    for name in story.alarms:
        at = story.acknowledged(name)
        if at is None:
            continue
        for each in members:
            if name == each or story.under(each, name, at) or story.under(each, name, story.seconds):
                expected.append(at)
    assert times.acknowledged == (us(min(expected)) if expected else None)


def check_breaches(story: Story) -> None:
    """There is a breach exactly where a clock is over its limit, with the clock's instant."""
    state, now = story.stage.state, us(story.seconds)
    marks = {mark.alarm_id: mark for mark in state.clock_marks.get(story.instance.id, ())}
    for clock in story.clocks():
        mark = marks.get(clock.alarm_id)
        for kind in KINDS:
            result = read_clock(kind, clock.times, terms_of(clock, kind), now)
            breach_id = "" if mark is None else mark.response if kind == "response" else mark.resolution
            breach = state.breaches.get(breach_id)
            standing = breach is not None and not breach.withdrawn
            assert limits_of(clock, kind)
            assert standing == (result.breach_at is not None and result.breach_at <= now), (kind, result)
            if breach is not None and standing:
                assert breach.start == result.breach_at
                assert breach.resolved == (result.stopped_at is not None)
            elif result.breach_at is not None:
                row = state.instances.row_of(story.instance.id)
                due = None if row is None else state.deadlines.of_row(row)
                assert due is not None
                assert due <= result.breach_at
    current = {
        each for clock in story.clocks() if (mark := marks.get(clock.alarm_id)) for each in (mark.response, mark.resolution)
    }
    assert {each.id for each in state.breaches.values() if not each.resolved} <= current


def nested(story: Story) -> bool:
    """Whether three alarms were ever in a row: then the alarm in the middle passes on what it got itself, at other times."""
    return any(
        (parent := each.alarms.get("ont")) is not None
        and parent.parent_alarm_id == "pon"
        and each.alarms["pon"].parent_alarm_id is not None
        for each in story.past
    )


@pytest.mark.parametrize("restarts", [False, True], ids=["", "restarts"])
@settings(max_examples=150, deadline=None)
@given(steps)
def test_clocks_and_breaches_follow_from_what_happened_to_the_alarms(restarts: bool, steps: list[Any]) -> None:
    story = Story(restarts)
    for wait, step, name, number in steps:
        story.seconds += wait
        while (due := story.stage.state.deadlines.first) <= us(story.seconds):
            later, story.seconds = story.seconds, -(-(due - us(0)) // SECOND)
            story.fold(Tick())
            story.seconds = max(later, story.seconds)
        story.act(step, name, number)
        if not nested(story):
            for clock in story.clocks():
                check_clock(story, clock)
        check_breaches(story)


@settings(max_examples=100, deadline=None)
@given(steps)
def test_a_restart_after_every_event_changes_nothing(steps: list[Any]) -> None:
    plain, restarted = Story(False), Story(True)
    for wait, step, name, number in steps:
        for story in (plain, restarted):
            story.seconds += wait
            story.fold(Tick())
            story.act(step, name, number)
    assert plain.emitted == restarted.emitted


def breaches(story: Story) -> list[tuple[str, str, int, bool, bool]]:
    """Alarm, type, begin in seconds, resolved and withdrawn of each."""
    found = story.stage.state.breaches.values()
    return [(each.alarm_id, each.type, (each.start - us(0)) // SECOND, each.resolved, each.withdrawn) for each in found]


def test_the_severity_of_a_former_cause_counts_only_while_it_was_above() -> None:
    story = Story(True)
    story.seconds = 10
    story.act("attach", "ont", 1)  # to the cut, which is critical
    story.seconds = 50
    story.act("attach", "ont", 2)  # detached: major again
    story.seconds = 299
    story.fold(Tick())
    assert breaches(story) == []
    story.seconds = 301
    story.fold(Tick())
    assert breaches(story)[0] == ("ont", "response_time", 300, False, False)


def test_a_pause_of_a_former_cause_counts_only_while_it_was_above() -> None:
    story = Story(True)
    story.seconds = 40
    story.act("attach", "ont", 1)
    story.seconds = 55
    story.act("pause", "cut", 1)  # from 60 s ago until 145
    story.seconds = 100
    story.act("attach", "ont", 2)
    story.act("clear", "pon", 0)
    (ont, _) = story.clocks()
    assert [(each.start, each.end) for each in ont.times.pauses] == [(us(40), us(100))]


def test_two_alarms_that_get_one_cause_have_one_breach() -> None:
    story = Story(True)
    story.seconds = 310
    story.fold(Tick())
    story.seconds = 2001
    story.fold(Tick())
    assert [each[:2] for each in breaches(story)] == [
        ("ont", "response_time"),
        ("ont", "resolution_time"),
        ("pon", "resolution_time"),
    ]
    story.act("attach", "ont", 1)
    story.act("attach", "pon", 0)
    assert [(each[0], each[4]) for each in breaches(story)] == [("cut", False), ("cut", False), ("pon", True)]
    assert "the clock of cut counts" in list(story.stage.state.breaches.values())[2].reason


def test_an_alarm_that_is_over_when_it_is_looked_at_was_breached_all_the_same() -> None:
    story = Story(True)
    story.act("severity", "ont", 0)
    story.seconds = 100
    story.act("clear", "ont", 0)
    assert breaches(story) == [("ont", "response_time", 60, True, False)]
    story.seconds = 150
    story.act("raise", "ont", 0)
    facts = story.stage.state.clocks.get("ont")
    assert facts is not None
    assert [(each.start, each.end) for each in facts.times.ended] == [(us(100), us(150))]
    assert breaches(story) == [("ont", "response_time", 60, False, False)]


def test_alarms_on_a_ring_or_below_themselves_are_looked_at_all_the_same() -> None:
    story = Story(True)
    for name, parent in (("ont", "pon"), ("pon", "ont"), ("cut", "cut"), ("ont", "nothing")):
        story.seconds += 10
        story.alarms[name] = replace(story.alarms[name], parent_alarm_id=parent)
        story.fold(Tick(), AlarmChanged(story.offset + 1, story.alarms[name], ()))
        assert story.clocks()
    story.seconds = 5000
    story.fold(Tick())
    assert {each[1] for each in breaches(story)} == {"response_time", "resolution_time"}

"""A host whose wall clock goes anywhere: what the ledger would stamp, and a fold of it with the jumps that are recorded."""

from datetime import datetime, timedelta
from typing import Any

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from msgspec.structs import replace
from vocabulary.lives import PLANT, POLICY, PROFILES, happenings, indexes_are_right
from vocabulary.recovery import RestartedWorld
from vocabulary.world import START

from actors.elapsed import shifted
from actors.trusted_clock import TrustedClock, instant, micros
from actors.trusted_time import DAY, SECOND, SLEW, ClockReading
from protocols.alarm import Alarm
from protocols.change import AlarmChanged, AlarmForgotten, Change
from protocols.command import Clear, Command, PutWindow, Raise, Shelve
from protocols.event import ClockJumped, Event, ProfilesLoaded, Tick
from protocols.maintenance import WindowPlan, WindowScope
from protocols.principal import Principal

ADA = Principal("ada", "admin")
SETUP: tuple[Event, ...] = (
    POLICY,
    PLANT,
    # The profiles whose traps there are in these lives: compiling all would be most of the work.
    ProfilesLoaded("d", tuple(profile for profile in PROFILES if profile.name in ("types", "standard", "huawei"))),
    *(
        Command(
            ADA, Raise(tenant_id="t", alarm_type=name, severity="major", title="x", resource_type="olt", resource_id="olt-1")
        )
        for name in ("x", "y", "z")
    ),
    Command(ADA, Shelve(START + timedelta(hours=1)), ("A4",)),
    Command(ADA, Clear(), ("A5",)),
)


def window(start: int, seconds: float, recurrence: str) -> Command:
    begin = START + timedelta(seconds=start)
    scope = WindowScope(devices=("olt-1",))
    plan = WindowPlan(
        title="w", scope=scope, start=begin, duration_seconds=seconds, time_zone="Europe/Berlin", recurrence=recurrence
    )
    return Command(ADA, PutWindow(plan))


windows = st.builds(
    window,
    st.integers(-3_600, 3_600) | st.sampled_from([400 * 86_400, -400 * 86_400]),
    st.sampled_from([1.0, 60.0, 3_600.0]),
    st.sampled_from(["", "FREQ=DAILY", "FREQ=WEEKLY;BYDAY=SU;COUNT=9", "FREQ=YEARLY;UNTIL=20280301T000000Z"]),
)
by_name = st.builds(
    lambda action, number: Command(ADA, action, (f"A{number}",)),
    st.integers(1, 20_000).map(lambda seconds: Shelve(START + timedelta(seconds=seconds))) | st.just(Clear()),
    st.integers(4, 8),
)
passed = st.sampled_from([1, 20, 70]).map(lambda seconds: seconds * SECOND) | st.integers(0, 200 * SECOND)
FAR = [400 * DAY, -400 * DAY, 3_600 * SECOND, -3_600 * SECOND, -micros(START), 30 * 365 * DAY, 10**18, -(10**18), 0]
NEAR_BY = [3 * SECOND, -4 * SECOND, 6 * SECOND, -7 * SECOND]
walls = st.sampled_from([*[None] * 40, *FAR, *NEAR_BY])
"""By how much the wall is wrong from here on; None: as before."""
steps = st.lists(st.tuples(passed, walls, happenings | windows | by_name), min_size=10, max_size=50)


class Host:
    """The host's clocks, and the ledger's way to stamp by them. Of the two sets of stages one is restarted around each
    jump."""

    def __init__(self) -> None:
        self.boot, self.wrong = 100 * SECOND, 0
        self.clock = TrustedClock(lambda: ClockReading(self.boot, micros(START) + self.boot + self.wrong))
        self.world = RestartedWorld()
        self.last, self.read = self.clock(), self.boot

    def stamp(self) -> datetime:
        """Now, which runs evenly from the last stamp on."""
        now, ran = self.clock(), self.boot - self.read
        assert now >= self.last
        assert abs(micros(now) - micros(self.last) - ran) * 1_000_000 <= ran * SLEW
        self.last, self.read = now, self.boot
        return now

    def take(self, event: Event) -> None:
        """Record one Event, after the jump if one is due."""
        now = self.stamp()
        jump = self.clock.due()
        if jump is not None:
            before, after = instant(jump.before), instant(jump.after)
            assert before == now
            self.world.restart()
            self._jump(ClockJumped(before, after))
            self.world.restart()
            self.clock.step(jump)
            self.last = self.clock()
            assert self.last == after
            self._fold(after, Tick())
            now = after
        match event:
            case Command(action=Shelve(until=until)):
                event = replace(event, action=Shelve(now + (until - START)))
        self._fold(now, event)

    def _jump(self, event: ClockJumped) -> None:
        """Nothing ends, begins or is forgotten by it."""
        then, cleared = dict(self.world.state.alarms), dict(self.world.state.cleared)
        changes = self._fold(event.after, event)
        for change in changes:
            assert not isinstance(change, AlarmForgotten)
            if isinstance(change, AlarmChanged):
                assert {entry.action for entry in change.entries} == {"clock_jumped"}
        assert {alarm.id: _lasting(alarm) for alarm in self.world.state.alarms.values()} == {
            alarm.id: _lasting(alarm) for alarm in then.values()
        }
        assert self.world.state.cleared == {
            alarm_id: shifted(at, event.after - event.before) for alarm_id, at in cleared.items()
        }
        for alarm in then.values():
            until = self.world.state.alarms[alarm.id].shelved_until
            if alarm.shelved_until is not None:
                assert until == shifted(alarm.shelved_until, event.after - event.before)

    def _fold(self, at: datetime, event: Event) -> list[Change]:
        self.world.now = at
        changes = self.world(event)
        msgspec.msgpack.encode(changes)
        indexes_are_right(self.world.state)
        return changes


def _lasting(alarm: Alarm) -> Any:
    """What no jump changes."""
    return alarm.status, alarm.severity, alarm.occurrence_count, alarm.acknowledged_by, alarm.assigned_to


@pytest.mark.usefixtures("profiles_compiled_once")
@settings(max_examples=40, deadline=None)
@given(steps)
def test_a_life_by_a_wall_that_goes_anywhere(course: list[tuple[int, int | None, Event]]) -> None:
    host = Host()
    for event in SETUP:
        host.take(event)
    for ran, wrong, event in course:
        host.boot += ran
        host.wrong = host.wrong if wrong is None else wrong
        host.take(event)
    # A wall that is right from here on is followed within ten minutes.
    host.wrong = 0
    for _ in range(70):
        host.boot += 10 * SECOND
        host.take(Tick())
    assert host.clock.away is None
    assert micros(host.last) == micros(START) + host.boot
    for alarm in host.world.state.alarms.values():
        assert max(alarm.first_occurrence, alarm.last_occurrence, alarm.received_at) <= host.last, alarm
    host.world.check_states()

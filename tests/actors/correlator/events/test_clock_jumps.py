"""A jump of the clock: a fold with one comes to the same as a fold without, and only the dates differ."""

import re
from datetime import datetime, timedelta
from typing import Any

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from msgspec.structs import replace
from vocabulary.lives import SETUP, events
from vocabulary.recovery import RestartedWorld
from vocabulary.traps import LINK_DOWN, make_notification
from vocabulary.world import ADMIN, START

from actors.correlator.events.clock_jumps import AT_MOST
from actors.correlator.memories import RedateMemory
from actors.correlator.saved import ReportMark, Saved, SenderClock
from actors.correlator.settings import CorrelatorSettings
from actors.correlator.state import State
from actors.correlator.windows.memory import WindowMemory
from actors.elapsed import Jumped
from protocols.change import AlarmChanged, AlarmForgotten, AlarmRepeated, Answer, ArchiveDue, Change, NotificationRequested
from protocols.command import Action, Clear, Command, PutWindow, Shelve
from protocols.event import ClockJumped, Event, NetworkEvent, Tick, Trap
from protocols.maintenance import WindowPlan, WindowScope
from protocols.snmp.notification import VarBind

JUMPS = [timedelta(days=400), timedelta(days=-400), timedelta(hours=1), timedelta(hours=-1), timedelta(seconds=30)]


INTERFACE_DOWN = make_notification(LINK_DOWN, (VarBind("1.3.6.1.2.1.2.2.1.1.7", "INTEGER", 7),), uptime=None)


class JumpingWorld(RestartedWorld):
    """Time passes by :meth:`wait` and jumps by :meth:`jump`. The second set of stages is restarted before and after a jump."""

    operator = ADMIN

    def __init__(self, **policy: Any) -> None:
        super().__init__(CorrelatorSettings(**policy))
        self(SETUP[2])

    def wait(self, step: float = 1.0, **by: float) -> list[Change]:
        """Let time pass, with a tick every ``step`` seconds."""
        end, found = self.now + timedelta(**by), []
        while self.now < end:
            self.now = min(end, self.now + timedelta(seconds=step))
            found += self.tick()
        return found

    def jump(self, by: timedelta) -> list[Change]:
        """Set the clock."""
        before, self.now = self.now, self.now + by
        self.restart()
        found = self(ClockJumped(before, self.now))
        self.restart()
        self.check_states()
        return found

    def do(self, action: Action, *alarm_ids: str) -> Answer:
        """Give a command that is not refused."""
        answer = self.command(action, *alarm_ids)
        assert not answer.refusals, answer
        return answer

    def raise_on(self, resource: str = "olt-1") -> str:
        """Raise an alarm about a resource; its id."""
        return self.raise_alarm("x", resource, "olt", severity="critical")

    def window(self, begin: timedelta, length: timedelta) -> str:
        """Plan a window that begins so long from now; its id."""
        plan = WindowPlan(
            title="w", scope=WindowScope(alarm_types=("x",)), start=self.now + begin, end=self.now + begin + length
        )
        return self.do(PutWindow(plan)).accepted[0]


def actions(changes: list[Change]) -> list[str]:
    return [entry.action for change in changes if isinstance(change, AlarmChanged) for entry in change.entries]


pytestmark = pytest.mark.usefixtures("profiles_compiled_once")

# --- lengths of time move ---------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("by", JUMPS)
def test_a_shelf_lasts_as_long_as_was_asked_for(by: timedelta) -> None:
    world = JumpingWorld()
    alarm = world.raise_on()
    world.do(Shelve(world.now + timedelta(minutes=30)), alarm)
    world.wait(minutes=10)
    assert actions(world.jump(by)) == ["clock_jumped"]
    assert world.get(alarm).shelved_until == world.now + timedelta(minutes=20)
    assert "unshelved" not in actions(world.wait(minutes=19, seconds=59))
    assert "unshelved" in actions(world.wait(seconds=2))


@pytest.mark.parametrize("by", JUMPS)
def test_a_cleared_alarm_is_kept_reopened_and_forgotten_after_the_usual_time(by: timedelta) -> None:
    world = JumpingWorld(keep_cleared_hours=1, reopen_within_seconds=300)
    again, gone = world.raise_on("a"), world.raise_on("b")
    world.do(Clear(), again)
    world.do(Clear(), gone)
    world.wait(minutes=4)
    world.jump(by)
    assert world.raise_on("a") == again, "within the control time"
    world.wait(step=10, minutes=55, seconds=50)
    assert gone in world.state.alarms
    forgotten = [change.id for change in world.wait(seconds=30) if isinstance(change, AlarmForgotten)]
    assert forgotten == [gone]


@pytest.mark.parametrize("by", JUMPS)
def test_an_idempotency_key_and_an_inform_are_remembered_as_long_as_before(by: timedelta) -> None:
    world = JumpingWorld(idempotency_hours=1, inform_window_seconds=900)
    event = NetworkEvent(type="device.down", tenant_id="t", resource_type="olt", resource_id="olt-9", key="k", reported_by="p")
    notification = replace(INTERFACE_DOWN, kind="inform")
    world(event)
    world(Trap("10.0.0.9", world.now, notification, "i"))
    world.wait(step=30, minutes=14)
    world.jump(by)
    (answer,) = world(event)
    assert isinstance(answer, Answer)
    assert answer.duplicate
    assert world(Trap("10.0.0.9", world.now, notification, "i")) == []


@pytest.mark.parametrize("by", JUMPS)
def test_people_are_told_after_the_usual_hold(by: timedelta) -> None:
    world = JumpingWorld(hold_critical_seconds=20)
    world.raise_on()
    world.wait(seconds=10)
    world.jump(by)
    assert not [change for change in world.wait(seconds=9) if isinstance(change, NotificationRequested)]
    assert [change.kind for change in world.wait(seconds=2) if isinstance(change, NotificationRequested)] == ["raised"]


@pytest.mark.parametrize("by", [timedelta(days=400), timedelta(hours=1)])
def test_the_archive_takes_nothing_sooner(by: timedelta) -> None:
    world = JumpingWorld(archive_after_days=1)
    world.wait(step=60, hours=2)
    began = world.now
    world.jump(by)
    due = [change.before for change in world.wait(step=600, hours=23) if isinstance(change, ArchiveDue)]
    assert due
    assert max(due) < began, "what was written up to the jump is not a day old"
    due = [change.before for change in world.wait(step=600, hours=30) if isinstance(change, ArchiveDue)]
    assert max(due) > began


@pytest.mark.parametrize("by", JUMPS)
@pytest.mark.parametrize("wait", [0, 5])
def test_a_trap_that_waited_for_its_commit_is_received_on_the_present_scale(by: timedelta, wait: int) -> None:
    world = JumpingWorld()
    notification = INTERFACE_DOWN
    trap = Trap("10.0.0.9", world.now - timedelta(seconds=wait), notification)
    world.jump(by)
    world(trap)
    (alarm,) = [each for each in world.state.alarms.values() if each.resource_id.startswith("10.0.0.9")]
    assert alarm.received_at == world.now - timedelta(seconds=wait)
    world.now += timedelta(seconds=60)
    world(replace(trap, received=world.now))
    (alarm,) = [each for each in world.state.alarms.values() if each.resource_id.startswith("10.0.0.9")]
    assert alarm.last_occurrence == world.now


# --- a jump back leaves no date in the future -------------------------------------------------------------------------------


def test_dates_of_a_wrong_time_are_put_right_once_it_is_over() -> None:
    world = JumpingWorld(keep_cleared_hours=24 * 365)
    before = world.raise_on("before")
    world.wait(seconds=10)
    first = world.get(before).first_occurrence
    world.jump(timedelta(days=400))
    assert world.get(before).first_occurrence == first, "what is written stays"
    raised_at = world.now - timedelta(days=400)
    stands, over = world.raise_on("stands"), world.raise_on("over")
    world.wait(seconds=10)
    world.do(Clear(), over)
    world.wait(seconds=5)
    world.jump(timedelta(days=-400))
    world.wait(seconds=2)
    assert world.get(before).first_occurrence == first
    assert world.get(stands).first_occurrence == world.get(stands).received_at == raised_at
    assert world.get(over).cleared_at == raised_at + timedelta(seconds=10)
    assert [alarm for alarm in world.state.alarms.values() if alarm.last_occurrence > world.now] == []
    assert actions(world.history).count("clock_jumped") == 2


@pytest.mark.parametrize("back", [timedelta(days=-400), timedelta(days=-20_000)])
def test_a_clock_that_was_wrong_behind_leaves_the_dates_as_they_were(back: timedelta) -> None:
    """A dead battery: the host starts in 1970, and the network tells it the time only minutes later."""
    world = JumpingWorld(keep_cleared_hours=1)
    stands, comes_back, gone = world.raise_on("stands"), world.raise_on("comes back"), world.raise_on("gone")
    world.wait(seconds=100)
    world.do(Clear(), comes_back)
    world.do(Clear(), gone)
    as_it_was = world.get(stands)
    raised, cleared_at = as_it_was.first_occurrence, world.get(gone).cleared_at
    world.jump(back)
    world.wait(seconds=2)
    assert world.get(stands).first_occurrence == raised + back
    assert world.raise_on("comes back") == comes_back
    again = world.get(comes_back).last_occurrence
    assert world.get(comes_back).reopened_at == again
    wrong = world.raise_on("wrong")
    raised_wrong = world.now - back
    world.wait(seconds=300)
    world.jump(-back)
    world.wait(seconds=2)
    assert world.get(stands).first_occurrence == world.get(stands).received_at == raised
    assert world.get(gone).cleared_at == cleared_at
    assert (world.get(comes_back).first_occurrence, world.get(comes_back).last_occurrence) == (raised, again - back)
    assert world.get(comes_back).reopened_at == again - back
    assert world.get(wrong).first_occurrence == raised_wrong, "it was raised between the two jumps"
    world.wait(step=60, hours=2)
    assert world.state.memory(RedateMemory).originals == {}


def test_a_small_jump_forward_long_after_one_back_rewrites_no_dates() -> None:
    world = JumpingWorld()
    world.jump(timedelta(days=-400))
    alarm = world.raise_on()
    world.wait(step=10, minutes=10)
    raised = world.get(alarm).first_occurrence
    world.jump(timedelta(seconds=30))
    world.wait(seconds=5)
    assert world.get(alarm).first_occurrence == raised


def test_many_dates_are_put_right_a_part_a_tick_and_all_of_them_before_the_next_jump() -> None:
    world = JumpingWorld(max_alarms=0, max_alarms_per_device=0)
    world.jump(timedelta(days=400))
    for number in range(AT_MOST + 500):
        world.raise_on(f"r{number}")
    world.jump(timedelta(days=-400))
    assert actions(world.wait(seconds=1)).count("clock_jumped") == AT_MOST
    assert len(world.state.memory(RedateMemory).pending) == 500
    assert actions(world.jump(timedelta(days=-400))).count("clock_jumped") == 500
    world.wait(seconds=5)
    assert [alarm for alarm in world.state.alarms.values() if alarm.first_occurrence > world.now] == []


# --- windows go by the calendar ---------------------------------------------------------------------------------------------


def test_a_window_closes_by_a_believed_time_and_opens_again_on_the_way_back() -> None:
    world = JumpingWorld(hold_critical_seconds=0, keep_windows_days=30)
    window = world.window(timedelta(0), timedelta(hours=1))
    world.wait(seconds=5)
    alarm = world.raise_on()
    world.wait(seconds=5)
    assert world.get(alarm).status == "suppressed"
    world.jump(timedelta(days=400))
    world.wait(seconds=3)
    memory = world.state.memory(WindowMemory)
    assert (list(memory.active), list(memory.over)) == ([], [window])
    assert world.get(alarm).status == "active"
    world.wait(seconds=60)
    world.jump(timedelta(days=-400))
    world.wait(seconds=3)
    assert (list(memory.active), list(memory.over)) == ([window], []), "it is planned for now, and listed"


def test_a_window_that_is_over_stays_in_the_list_for_as_long_as_before() -> None:
    world = JumpingWorld(keep_windows_days=1)
    window = world.window(timedelta(0), timedelta(minutes=1))
    world.wait(minutes=2)
    world.jump(timedelta(days=400))
    world.wait(step=600, hours=23)
    assert window in world.state.memory(WindowMemory).windows
    world.wait(step=600, hours=2)
    assert window not in world.state.memory(WindowMemory).windows


def test_a_window_whose_time_has_come_by_the_jump_opens() -> None:
    world = JumpingWorld()
    window = world.window(timedelta(minutes=30), timedelta(hours=2))
    world.jump(timedelta(hours=1))
    world.wait(seconds=2)
    assert list(world.state.memory(WindowMemory).active) == [window]
    world.wait(step=60, hours=1, minutes=29)
    assert list(world.state.memory(WindowMemory).active) == [window]
    world.wait(step=60, minutes=2)
    assert list(world.state.memory(WindowMemory).active) == []


# --- whatever happens -------------------------------------------------------------------------------------------------------


def course(steps: list[tuple[int, Event]], at: int, by: timedelta | None) -> list[Any]:
    """What becomes of ``steps``, without dates; with a jump before the one ``at``."""
    world = RestartedWorld()
    for event in SETUP:
        world(event)
    ahead = timedelta(0)
    for number, (seconds, event) in enumerate([*steps, *[(20, Tick())] * 40]):
        if number == at:
            while world.state.timers.first <= world.now:
                world.tick()
            world.restart()
            before = world.now
            ahead = by or ahead
            world.now = before + ahead
            world(SETUP[0] if by is None else ClockJumped(before, world.now))
            world.tick()
            world.restart()
        world.now += timedelta(seconds=seconds)
        match event:
            case Trap():
                world(replace(event, received=world.now))
            case NetworkEvent():
                world(replace(event, at=None))
            case Command(action=Shelve(until=until)):
                world(replace(event, action=Shelve(until + (world.now - ahead - START) + ahead)))
            case _:
                world(event)
    world.check_states()
    return [plain for change in world.history if (plain := _undated(change)) is not None]


def _undated(change: Change) -> Any:
    """``change`` without times, without the jump's own lines, and without the revision that those made."""
    if isinstance(change, AlarmChanged):
        entries = [entry for entry in change.entries if entry.action != "clock_jumped"]
        if not entries:
            return None
        said = [(entry.offset, entry.action, entry.actor) for entry in entries]
        return change.offset, change.alarm.id, change.alarm.status, change.alarm.severity, change.alarm.occurrence_count, said
    if isinstance(change, AlarmRepeated):
        change = replace(change, revision=0)
    return None if isinstance(change, ArchiveDue) else _without_dates(msgspec.to_builtins(change, builtin_types=(datetime,)))


_ISO_TIME = re.compile(r"\d{4}-\d\d-\d\dT[\d:.]+\+00:00")
"""A time in the detail of a device event."""


def _without_dates(value: Any) -> Any:
    if isinstance(value, datetime) or (isinstance(value, str) and _ISO_TIME.fullmatch(value)):
        return None
    if isinstance(value, dict):
        return {name: _without_dates(each) for name, each in value.items()}
    return [_without_dates(each) for each in value] if isinstance(value, list | tuple) else value


@settings(max_examples=60, deadline=None)
@given(events, st.integers(0, 40), st.sampled_from(JUMPS))
def test_a_jump_changes_nothing_but_dates(steps: list[tuple[int, Event]], at: int, by: timedelta) -> None:
    assert course(steps, at, by) == course(steps, at, None)


def test_every_time_that_a_state_keeps_is_known_to_be_a_length_or_a_date() -> None:
    """One that is new is decided on in ``jumps`` and in docs/decisions/0037-trusted-time.md. Memories of strategies move by
    themselves."""
    moves = {"ReportMark.received", "ReportMark.text_at", "ReportMark.counted"}
    moves |= {"Saved.cleared", "Saved.ended", "Saved.informs", "Saved.keys", "Saved.archived"}
    moves |= {
        "Saved.timers",
        "Jumped.at",
        "SenderClock.start",
        "SenderClock.seen",
        "SenderClock.earlier",
        "SenderClock.restarted",
    }
    stays = {"ReportMark.dated", "Saved.at"}
    counts = {"SenderClock.epoch", "SenderClock.boots", "SenderClock.several"}
    found = {
        f"{kind.__name__}.{field.name}"
        for kind in (Saved, ReportMark, Jumped)
        for field in msgspec.structs.fields(kind)
        if "datetime" in str(field.type)
    } | {f"SenderClock.{field.name}" for field in msgspec.structs.fields(SenderClock)}
    assert found == moves | stays | counts


@pytest.mark.parametrize("by", JUMPS)
def test_a_change_of_text_is_told_as_often_as_before(by: timedelta) -> None:
    world = JumpingWorld()

    def report(title: str) -> list[str]:
        event = NetworkEvent(type="device.degraded", tenant_id="t", resource_type="olt", resource_id="olt-9", title=title)
        return [action for action in actions(world(event)) if action.startswith("text")]

    report("hot")
    assert report("hotter") == ["text_changed"]
    world.wait(seconds=30)
    world.jump(by)
    assert report("as hot") == []
    world.wait(seconds=31)
    assert report("hottest") == ["text_changed"]


def test_a_snapshot_of_an_earlier_version_has_no_jumps() -> None:
    world = JumpingWorld()
    kept = msgspec.msgpack.decode(world.state.save())
    del kept["jumps"]
    assert State.load(msgspec.msgpack.encode(kept)).jumps == []


@pytest.mark.parametrize("by", JUMPS)
def test_a_senders_uptime_goes_on_in_its_epoch(by: timedelta) -> None:
    world = JumpingWorld()

    def send(uptime: int) -> None:
        world(Trap("10.0.0.1", world.now, replace(INTERFACE_DOWN, uptime=uptime)))

    send(100_000)
    world.wait(seconds=20)
    send(500)
    world.jump(by)
    world.wait(seconds=20)
    send(2500)
    (clock,) = world.state.clocks.values()
    assert (clock.epoch, clock.several) == (1, False)
    world.wait(seconds=20)
    send(106_000)
    (clock,) = world.state.clocks.values()
    assert (clock.epoch, clock.several) == (2, True)

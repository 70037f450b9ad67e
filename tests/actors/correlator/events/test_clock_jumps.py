"""A jump of the clock: a fold with one comes to the same as a fold without, and only the dates differ."""

from datetime import datetime, timedelta
from typing import Any

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from msgspec.structs import replace
from vocabulary.lives import LEDGER, SETUP, START, events

from actors.correlator.events.clock_jumps import AT_MOST
from actors.correlator.fold import fold
from actors.correlator.memories import RedateMemory
from actors.correlator.saved import ReportMark, Saved, SenderClock
from actors.correlator.settings import CorrelatorSettings
from actors.correlator.state import State
from actors.correlator.windows.memory import WindowMemory
from actors.elapsed import Jumped
from protocols.alarm import Alarm
from protocols.change import AlarmChanged, AlarmForgotten, AlarmRepeated, Answer, ArchiveDue, Change, NotificationRequested
from protocols.command import Action, Clear, Command, PutWindow, Raise, Shelve
from protocols.event import ClockJumped, Event, NetworkEvent, PolicyLoaded, Tick, Trap
from protocols.maintenance import WindowPlan, WindowScope
from protocols.principal import Principal
from protocols.snmp.notification import Notification, VarBind

ADA = Principal("ada", "admin")
JUMPS = [timedelta(days=400), timedelta(days=-400), timedelta(hours=1), timedelta(hours=-1), timedelta(seconds=30)]


LINK_DOWN = Notification(
    version="2c",
    kind="trap",
    security="public",
    trap_oid="1.3.6.1.6.3.1.1.5.3",
    uptime=None,
    varbinds=(VarBind("1.3.6.1.2.1.2.2.1.1.7", "INTEGER", 7),),
)


class Life:
    """A fold whose time passes by ``wait`` and jumps by ``jump``. ``recovered`` folds the same, and is saved and loaded before
    and after each jump."""

    def __init__(self, **policy: Any) -> None:
        self.state, self.recovered = State(LEDGER), State(LEDGER)
        self.now, self.offset = START, 0
        self.changes: list[Change] = []
        self(PolicyLoaded("p", msgspec.msgpack.encode(CorrelatorSettings(**policy))), SETUP[2])

    def __call__(self, *events: Event) -> list[Change]:
        found: list[Change] = []
        for event in events:
            self.offset += 1
            changes = fold(self.state, self.offset, self.now, event)
            assert fold(self.recovered, self.offset, self.now, event) == changes
            found += changes
        self.changes += found
        return found

    def wait(self, step: float = 1.0, **by: float) -> list[Change]:
        """Let time pass, with a tick every ``step`` seconds."""
        end, found = self.now + timedelta(**by), []
        while self.now < end:
            self.now = min(end, self.now + timedelta(seconds=step))
            found += self(Tick())
        return found

    def jump(self, by: timedelta) -> list[Change]:
        before, self.now = self.now, self.now + by
        self.recovered = State.load(self.recovered.save())
        found = self(ClockJumped(before, self.now))
        self.recovered = State.load(self.recovered.save())
        assert self.recovered.save() == self.state.save()
        return found

    def command(self, action: Action, *ids: str) -> Answer:
        (answer,) = [change for change in self(Command(ADA, action, ids)) if isinstance(change, Answer)]
        assert not answer.refusals, answer
        return answer

    def rise(self, resource: str = "olt-1") -> str:
        raised = Raise(tenant_id="t", alarm_type="x", severity="critical", title="x", resource_type="olt", resource_id=resource)
        return self.command(raised).accepted[0]

    def alarm(self, alarm_id: str) -> Alarm:
        return self.state.alarms[alarm_id]

    def window(self, begin: timedelta, length: timedelta) -> str:
        plan = WindowPlan(
            title="w", scope=WindowScope(alarm_types=("x",)), start=self.now + begin, end=self.now + begin + length
        )
        return self.command(PutWindow(plan)).accepted[0]


def actions(changes: list[Change]) -> list[str]:
    return [entry.action for change in changes if isinstance(change, AlarmChanged) for entry in change.entries]


pytestmark = pytest.mark.usefixtures("profiles_compiled_once")

# --- lengths of time move ---------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("by", JUMPS)
def test_a_shelf_lasts_as_long_as_was_asked_for(by: timedelta) -> None:
    life = Life()
    alarm = life.rise()
    life.command(Shelve(life.now + timedelta(minutes=30)), alarm)
    life.wait(minutes=10)
    assert actions(life.jump(by)) == ["clock_jumped"]
    assert life.alarm(alarm).shelved_until == life.now + timedelta(minutes=20)
    assert "unshelved" not in actions(life.wait(minutes=19, seconds=59))
    assert "unshelved" in actions(life.wait(seconds=2))


@pytest.mark.parametrize("by", JUMPS)
def test_a_cleared_alarm_is_kept_reopened_and_forgotten_after_the_usual_time(by: timedelta) -> None:
    life = Life(keep_cleared_hours=1, reopen_within_seconds=300)
    again, gone = life.rise("a"), life.rise("b")
    life.command(Clear(), again)
    life.command(Clear(), gone)
    life.wait(minutes=4)
    life.jump(by)
    assert life.rise("a") == again, "within the control time"
    life.wait(step=10, minutes=55, seconds=50)
    assert gone in life.state.alarms
    forgotten = [change.id for change in life.wait(seconds=30) if isinstance(change, AlarmForgotten)]
    assert forgotten == [gone]


@pytest.mark.parametrize("by", JUMPS)
def test_an_idempotency_key_and_an_inform_are_remembered_as_long_as_before(by: timedelta) -> None:
    life = Life(idempotency_hours=1, inform_window_seconds=900)
    event = NetworkEvent(type="device.down", tenant_id="t", resource_type="olt", resource_id="olt-9", key="k", reported_by="p")
    notification = replace(LINK_DOWN, kind="inform")
    life(event, Trap("10.0.0.9", life.now, notification, "i"))
    life.wait(step=30, minutes=14)
    life.jump(by)
    (answer,) = life(event)
    assert isinstance(answer, Answer)
    assert answer.duplicate
    assert life(Trap("10.0.0.9", life.now, notification, "i")) == []


@pytest.mark.parametrize("by", JUMPS)
def test_people_are_told_after_the_usual_hold(by: timedelta) -> None:
    life = Life(hold_critical_seconds=20)
    life.rise()
    life.wait(seconds=10)
    life.jump(by)
    assert not [change for change in life.wait(seconds=9) if isinstance(change, NotificationRequested)]
    assert [change.kind for change in life.wait(seconds=2) if isinstance(change, NotificationRequested)] == ["raised"]


@pytest.mark.parametrize("by", [timedelta(days=400), timedelta(hours=1)])
def test_the_archive_takes_nothing_sooner(by: timedelta) -> None:
    life = Life(archive_after_days=1)
    life.wait(step=60, hours=2)
    began = life.now
    life.jump(by)
    due = [change.before for change in life.wait(step=600, hours=23) if isinstance(change, ArchiveDue)]
    assert due
    assert max(due) < began, "what was written up to the jump is not a day old"
    due = [change.before for change in life.wait(step=600, hours=30) if isinstance(change, ArchiveDue)]
    assert max(due) > began


@pytest.mark.parametrize("by", JUMPS)
@pytest.mark.parametrize("wait", [0, 5])
def test_a_trap_that_waited_for_its_commit_is_received_on_the_present_scale(by: timedelta, wait: int) -> None:
    life = Life()
    notification = LINK_DOWN
    trap = Trap("10.0.0.9", life.now - timedelta(seconds=wait), notification)
    life.jump(by)
    life(trap)
    (alarm,) = [each for each in life.state.alarms.values() if each.resource_id.startswith("10.0.0.9")]
    assert alarm.received_at == life.now - timedelta(seconds=wait)
    life.now += timedelta(seconds=60)
    life(replace(trap, received=life.now))
    (alarm,) = [each for each in life.state.alarms.values() if each.resource_id.startswith("10.0.0.9")]
    assert alarm.last_occurrence == life.now


# --- a jump back leaves no date in the future -------------------------------------------------------------------------------


def test_dates_of_a_wrong_time_are_put_right_once_it_is_over() -> None:
    life = Life(keep_cleared_hours=24 * 365)
    before = life.rise("before")
    life.wait(seconds=10)
    first = life.alarm(before).first_occurrence
    life.jump(timedelta(days=400))
    assert life.alarm(before).first_occurrence == first, "what is written stays"
    raised_at = life.now - timedelta(days=400)
    stands, over = life.rise("stands"), life.rise("over")
    life.wait(seconds=10)
    life.command(Clear(), over)
    life.wait(seconds=5)
    life.jump(timedelta(days=-400))
    life.wait(seconds=2)
    assert life.alarm(before).first_occurrence == first
    assert life.alarm(stands).first_occurrence == life.alarm(stands).received_at == raised_at
    assert life.alarm(over).cleared_at == raised_at + timedelta(seconds=10)
    assert [alarm for alarm in life.state.alarms.values() if alarm.last_occurrence > life.now] == []
    assert actions(life.changes).count("clock_jumped") == 2


@pytest.mark.parametrize("back", [timedelta(days=-400), timedelta(days=-20_000)])
def test_a_clock_that_was_wrong_behind_leaves_the_dates_as_they_were(back: timedelta) -> None:
    """A dead battery: the host starts in 1970, and the network tells it the time only minutes later."""
    life = Life(keep_cleared_hours=1)
    stands, comes_back, gone = life.rise("stands"), life.rise("comes back"), life.rise("gone")
    life.wait(seconds=100)
    life.command(Clear(), comes_back)
    life.command(Clear(), gone)
    as_it_was = life.alarm(stands)
    raised, cleared_at = as_it_was.first_occurrence, life.alarm(gone).cleared_at
    life.jump(back)
    life.wait(seconds=2)
    assert life.alarm(stands).first_occurrence == raised + back
    assert life.rise("comes back") == comes_back
    again = life.alarm(comes_back).last_occurrence
    wrong = life.rise("wrong")
    raised_wrong = life.now - back
    life.wait(seconds=300)
    life.jump(-back)
    life.wait(seconds=2)
    assert life.alarm(stands).first_occurrence == life.alarm(stands).received_at == raised
    assert life.alarm(gone).cleared_at == cleared_at
    assert (life.alarm(comes_back).first_occurrence, life.alarm(comes_back).last_occurrence) == (raised, again - back)
    assert life.alarm(wrong).first_occurrence == raised_wrong, "it was raised between the two jumps"
    life.wait(step=60, hours=2)
    assert life.state.memory(RedateMemory).originals == {}


def test_a_small_jump_forward_long_after_one_back_rewrites_no_dates() -> None:
    life = Life()
    life.jump(timedelta(days=-400))
    alarm = life.rise()
    life.wait(step=10, minutes=10)
    raised = life.alarm(alarm).first_occurrence
    life.jump(timedelta(seconds=30))
    life.wait(seconds=5)
    assert life.alarm(alarm).first_occurrence == raised


def test_many_dates_are_put_right_a_part_a_tick_and_all_of_them_before_the_next_jump() -> None:
    life = Life(max_alarms=0, max_alarms_per_device=0)
    life.jump(timedelta(days=400))
    for number in range(AT_MOST + 500):
        life.rise(f"r{number}")
    life.jump(timedelta(days=-400))
    assert actions(life.wait(seconds=1)).count("clock_jumped") == AT_MOST
    assert len(life.state.memory(RedateMemory).pending) == 500
    assert actions(life.jump(timedelta(days=-400))).count("clock_jumped") == 500
    life.wait(seconds=5)
    assert [alarm for alarm in life.state.alarms.values() if alarm.first_occurrence > life.now] == []


# --- windows go by the calendar ---------------------------------------------------------------------------------------------


def test_a_window_closes_by_a_believed_time_and_opens_again_on_the_way_back() -> None:
    life = Life(hold_critical_seconds=0, keep_windows_days=30)
    window = life.window(timedelta(0), timedelta(hours=1))
    life.wait(seconds=5)
    alarm = life.rise()
    life.wait(seconds=5)
    assert life.alarm(alarm).status == "suppressed"
    life.jump(timedelta(days=400))
    life.wait(seconds=3)
    memory = life.state.memory(WindowMemory)
    assert (list(memory.active), list(memory.over)) == ([], [window])
    assert life.alarm(alarm).status == "active"
    life.wait(seconds=60)
    life.jump(timedelta(days=-400))
    life.wait(seconds=3)
    assert (list(memory.active), list(memory.over)) == ([window], []), "it is planned for now, and listed"


def test_a_window_that_is_over_stays_in_the_list_for_as_long_as_before() -> None:
    life = Life(keep_windows_days=1)
    window = life.window(timedelta(0), timedelta(minutes=1))
    life.wait(minutes=2)
    life.jump(timedelta(days=400))
    life.wait(step=600, hours=23)
    assert window in life.state.memory(WindowMemory).windows
    life.wait(step=600, hours=2)
    assert window not in life.state.memory(WindowMemory).windows


def test_a_window_whose_time_has_come_by_the_jump_opens() -> None:
    life = Life()
    window = life.window(timedelta(minutes=30), timedelta(hours=2))
    life.jump(timedelta(hours=1))
    life.wait(seconds=2)
    assert list(life.state.memory(WindowMemory).active) == [window]
    life.wait(step=60, hours=1, minutes=29)
    assert list(life.state.memory(WindowMemory).active) == [window]
    life.wait(step=60, minutes=2)
    assert list(life.state.memory(WindowMemory).active) == []


# --- whatever happens -------------------------------------------------------------------------------------------------------


def course(steps: list[tuple[int, Event]], at: int, by: timedelta | None) -> list[Any]:
    """What becomes of ``steps``, without dates; with a jump before the one ``at``."""
    state, recovered = State(LEDGER), State(LEDGER)
    now, offset = START, 0
    found: list[Change] = []

    def step(event: Event) -> None:
        nonlocal offset
        offset += 1
        changes = fold(state, offset, now, event)
        assert fold(recovered, offset, now, event) == changes
        found.extend(changes)

    for event in SETUP:
        step(event)
    ahead = timedelta(0)
    for number, (seconds, event) in enumerate([*steps, *[(20, Tick())] * 40]):
        if number == at:
            while state.timers.first <= now:
                step(Tick())
            recovered = State.load(recovered.save())
            before = now
            ahead = by or ahead
            now = before + ahead
            step(SETUP[0] if by is None else ClockJumped(before, now))
            step(Tick())
            recovered = State.load(recovered.save())
        now += timedelta(seconds=seconds)
        match event:
            case Trap():
                step(replace(event, received=now))
            case NetworkEvent():
                step(replace(event, at=None))
            case Command(action=Shelve(until=until)):
                step(replace(event, action=Shelve(until + (now - ahead - START) + ahead)))
            case _:
                step(event)
    assert recovered.save() == state.save()
    return [plain for change in found if (plain := _undated(change)) is not None]


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


def _without_dates(value: Any) -> Any:
    if isinstance(value, datetime):
        return None
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
    life = Life()

    def report(title: str) -> list[str]:
        event = NetworkEvent(type="device.degraded", tenant_id="t", resource_type="olt", resource_id="olt-9", title=title)
        return [action for action in actions(life(event)) if action.startswith("text")]

    report("hot")
    assert report("hotter") == ["text_changed"]
    life.wait(seconds=30)
    life.jump(by)
    assert report("as hot") == []
    life.wait(seconds=31)
    assert report("hottest") == ["text_changed"]


def test_a_snapshot_of_an_earlier_version_has_no_jumps() -> None:
    life = Life()
    kept = msgspec.msgpack.decode(life.state.save())
    del kept["jumps"]
    assert State.load(msgspec.msgpack.encode(kept)).jumps == []


@pytest.mark.parametrize("by", JUMPS)
def test_a_senders_uptime_goes_on_in_its_epoch(by: timedelta) -> None:
    life = Life()

    def send(uptime: int) -> None:
        life(Trap("10.0.0.1", life.now, replace(LINK_DOWN, uptime=uptime)))

    send(100_000)
    life.wait(seconds=20)
    send(500)
    life.jump(by)
    life.wait(seconds=20)
    send(2500)
    (clock,) = life.state.clocks.values()
    assert (clock.epoch, clock.several) == (1, False)
    life.wait(seconds=20)
    send(106_000)
    (clock,) = life.state.clocks.values()
    assert (clock.epoch, clock.several) == (2, True)

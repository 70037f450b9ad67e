"""The quarantine of a stage behind the correlator, with the real correlator before it and the counter as the stage."""

from datetime import UTC, datetime, timedelta
from typing import TypeVar

import msgspec
import pytest
from structlog.testing import capture_logs
from vocabulary.counter import NAME, POISON, FailingCounter, TenantCounter

from actors import guarded_stage
from actors.correlator import state
from actors.correlator.events import stage_quarantine
from actors.guarded_stage import GuardedStage
from actors.ledger.quarantine import stage_reports, touching_quarantine
from actors.metrics import Metrics
from actors.stage import StageFailed
from actors.state_encoding import encode_with_pauses
from faultd.pipe import Stages
from protocols.change import Answer, Change, DeviceEvent, Quarantined, Released
from protocols.command import Command, DiscardQuarantined, Edit, Edited, RetryQuarantined
from protocols.event import ClockJumped, Event, NetworkEvent, SystemReport, Tick
from protocols.ledger import ChangeBatch, EventBatch
from protocols.principal import Principal

LEDGER = "6f1d1c0e-7b0a-4b57-9d29-0c6f3a3f4a11"
START = datetime(2026, 3, 1, 3, 0, tzinfo=UTC)
ADA = Principal("ada", "admin")

C = TypeVar("C", bound=Change)


class Fold:
    """Both stages, and the ledger's part: what is quarantined, and the Events that it appends."""

    def __init__(self) -> None:
        self.stages = Stages(LEDGER, [TenantCounter])
        self.offset, self.now = 0, START
        self.changes: list[Change] = []
        self.kept: dict[int, RetryQuarantined] = {}

    @property
    def guard(self) -> GuardedStage:
        guard = self.stages.all[1]
        assert isinstance(guard, GuardedStage)
        return guard

    @property
    def counter(self) -> TenantCounter:
        assert isinstance(self.guard.stage, TenantCounter)
        return self.guard.stage

    def feed(self, event: Event, seconds: float = 0) -> "Fold":
        self.offset, self.now = self.offset + 1, self.now + timedelta(seconds=seconds)
        self.changes = self.stages.fold(self.offset, self.now, event)
        before = [change for change in self.changes if not (isinstance(change, Quarantined) and change.stage == NAME)]
        for change in self.of(Quarantined):
            octets = msgspec.msgpack.encode(event), msgspec.msgpack.encode(before)
            self.kept[self.offset] = RetryQuarantined(self.offset, octets[0], change.stage, octets[1])
        folded = self.changes
        for report in stage_reports(touching_quarantine([ChangeBatch(self.offset, folded)])):
            self.feed(report)
        self.changes = folded
        return self

    def of(self, kind: type[C]) -> list[C]:
        return [change for change in self.changes if isinstance(change, kind)]

    def ask(self, action: RetryQuarantined | DiscardQuarantined) -> Answer:
        self.feed(Command(ADA, action))
        (answer,) = self.of(Answer)
        return answer

    @property
    def alarms(self) -> dict[str, str]:
        """The open alarms about Events in quarantine: qualifier and title."""
        return {
            alarm.qualifier: alarm.title
            for alarm in self.stages.state.alarms.values()
            if alarm.alarm_type == "event.quarantined" and alarm.cleared_at is None
        }

    @property
    def titles(self) -> list[str]:
        return [change.title for change in self.of(DeviceEvent)]


def down(resource: str, tenant: str = "t") -> NetworkEvent:
    return NetworkEvent(type="device.down", tenant_id=tenant, resource_type="olt", resource_id=resource)


@pytest.fixture
def fold() -> Fold:
    return Fold()


def test_a_stage_sees_the_changes_of_the_correlator_and_its_deadline_comes(fold: Fold) -> None:
    fold.feed(down("a")).feed(down("b", "u")).feed(down("c"), seconds=30)
    assert fold.counter.counts.raised == {"t": 2, "u": 1}
    assert fold.feed(Tick(), seconds=29).titles == []
    assert fold.feed(Tick(), seconds=1).titles == ["2 alarms of t", "1 alarms of u"]
    assert fold.feed(Tick(), seconds=60).titles == []


def test_a_jump_of_the_clock_moves_the_deadline(fold: Fold) -> None:
    fold.feed(down("a"))
    fold.feed(ClockJumped(START, START + timedelta(days=1)), seconds=86400)
    assert fold.feed(Tick(), seconds=59).titles == []
    assert fold.feed(Tick(), seconds=1).titles == ["1 alarms of t"]


def test_an_event_that_one_stage_cannot_fold_is_kept_for_that_stage_alone(fold: Fold) -> None:
    fold.feed(down("a"))
    fold.feed(down(POISON))
    assert [(each.offset, each.stage, each.error) for each in fold.of(Quarantined)] == [
        (2, NAME, f"ZeroDivisionError: {POISON}")
    ]
    assert fold.counter.counts.raised == {"t": 1, "default": 1}, "it counts the alarm about itself, and not the Event"
    assert POISON in {alarm.resource_id for alarm in fold.stages.state.alarms.values()}, "the correlator went on"
    assert not fold.stages.state.quarantined
    assert fold.alarms == {f"{NAME} 2": f"stage {NAME} could not fold Event 2; kept in quarantine"}
    fold.feed(down("b"))
    assert fold.counter.counts.raised["t"] == 2
    assert fold.of(Quarantined) == []


def test_a_retry_gives_the_stage_the_event_with_the_changes_of_that_time(fold: Fold) -> None:
    fold.feed(down(POISON))
    kept, raised = fold.kept[1], dict(fold.counter.counts.raised)
    assert fold.ask(kept).refusals[0].reason == "invalid", "the same version trips as before"
    assert fold.of(Quarantined) == []
    assert list(fold.alarms) == [f"{NAME} 1"]
    fold.counter.mended = True
    assert not fold.ask(kept).refusals
    assert [(each.released, each.stage) for each in fold.of(Released)] == [(1, NAME)]
    assert fold.counter.counts.raised["t"] == raised.get("t", 0) + 1
    assert fold.alarms == {}
    assert fold.ask(kept).refusals[0].reason == "wrong_state", "it counts once"
    assert fold.counter.counts.raised["t"] == raised.get("t", 0) + 1


def test_a_discard_says_who_and_why(fold: Fold) -> None:
    fold.feed(down(POISON))
    assert not fold.ask(DiscardQuarantined(1, "made by a test", NAME)).refusals
    assert fold.alarms == {}
    assert fold.guard.quarantined == {}
    (ended,) = [alarm for alarm in fold.stages.state.alarms.values() if alarm.alarm_type == "event.quarantined"]
    assert ended.cleared_by == "user:ada"
    assert fold.ask(DiscardQuarantined(1, "again", NAME)).refusals[0].reason == "wrong_state"


def test_the_device_event_of_a_discard_names_the_stage(fold: Fold) -> None:
    fold.feed(down(POISON))
    fold.offset += 1
    changes = fold.stages.fold(fold.offset, fold.now, Command(ADA, DiscardQuarantined(1, "made by a test", NAME)))
    (report,) = stage_reports(touching_quarantine([ChangeBatch(fold.offset, changes)]))
    (found,) = fold.feed(report).of(DeviceEvent)
    assert found.event_name == "event.discarded"
    assert found.detail == {"offset": 1, "by": "ada", "reason": "made by a test", "stage": NAME}


def test_the_quarantines_of_two_stages_are_apart(fold: Fold) -> None:
    fold.feed(down(POISON))
    answer = fold.ask(DiscardQuarantined(1, "of the correlator", "correlator"))
    assert answer.refusals[0].reason == "wrong_state"
    assert list(fold.guard.quarantined) == [1]
    assert list(fold.alarms) == [f"{NAME} 1"]


@pytest.mark.parametrize("octets", [b"", b"\xc1", msgspec.msgpack.encode(("no such event",))])
def test_an_event_that_can_no_longer_be_read_is_refused(fold: Fold, octets: bytes) -> None:
    fold.feed(down(POISON))
    fold.counter.mended = True
    assert fold.ask(RetryQuarantined(1, octets, NAME)).refusals[0].reason == "invalid"
    assert list(fold.guard.quarantined) == [1]


def test_state_and_quarantine_survive_a_snapshot(fold: Fold) -> None:
    fold.feed(down("a")).feed(down(POISON))
    again = Fold()
    again.stages.load(fold.stages.save())
    assert again.counter.counts == fold.counter.counts
    assert again.guard.quarantined == {2: None}
    again.offset, again.now, again.kept = fold.offset, fold.now, fold.kept
    again.counter.mended = True
    assert not again.ask(again.kept[2]).refusals
    assert again.alarms == {}, "the correlator's part remembers it too"


@pytest.mark.parametrize("octets", [b"", b"\0" * 7, b"\0" * 8, b"\xff" * 20, (1).to_bytes(8, "big") + b"\x90"])
def test_a_part_that_cannot_be_read_leaves_the_stage_as_it_was(octets: bytes) -> None:
    fold = Fold().feed(down("a")).feed(down(POISON))
    before = fold.counter.counts
    with pytest.raises(msgspec.MsgspecError):
        fold.guard.load(octets)
    assert (fold.counter.counts, fold.guard.quarantined) == (before, {2: None})


def test_only_the_newest_can_be_retried_of_very_many(fold: Fold, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(guarded_stage, "MAX_QUARANTINED", 2)
    for _ in range(3):
        fold.feed(down(POISON))
    assert len(fold.guard.quarantined) == 2
    assert 1 not in fold.guard.quarantined


def test_what_the_correlator_remembers_of_other_quarantines_is_bounded(fold: Fold, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(state, "MAX_QUARANTINED", 2)
    monkeypatch.setattr(stage_quarantine, "MOST_ALARMS", 1)
    for _ in range(4):
        fold.feed(down(POISON))
    assert len(fold.stages.state.quarantined_elsewhere) == 2
    assert set(fold.alarms) == {f"{NAME} 1", stage_quarantine.THE_OTHERS}


def test_a_stage_that_begins_late_counts_what_the_correlator_holds() -> None:
    old = Fold()
    old.stages = Stages(LEDGER)
    old.feed(down("a")).feed(down("b", "u"))
    late = Stages(LEDGER, [TenantCounter])
    late.load(old.stages.save())
    late.fold(3, START, down("c"))
    assert late.begin() == [NAME]
    guard = late.all[1]
    assert isinstance(guard, GuardedStage)
    assert isinstance(guard.stage, TenantCounter)
    assert guard.stage.counts.raised == {"t": 2, "u": 1}
    assert late.begin() == []


def test_an_edit_of_an_alarm_is_no_raise(fold: Fold) -> None:
    fold.feed(down("a"))
    (alarm_id,) = fold.stages.state.alarms
    fold.feed(Command(ADA, Edit(Edited(title="other")), (alarm_id,)))
    assert fold.counter.counts.raised == {"t": 1}


class Outside:
    """A guarded counter that fails in ``methods``, and the Events that the ledger took of it."""

    def __init__(self, *methods: str) -> None:
        self.methods = set(methods)
        self.guard = GuardedStage(FailingCounter(self.methods.__contains__))
        self.metrics = Metrics()
        self.taken: list[Event] = []

    def batch(self, *, room: bool = True) -> None:
        """As the shell of a stage works on a batch."""
        batch = EventBatch(1, START, [Tick()])
        if (prepare := self.guard.preparing(batch)) is not None:
            prepare()
        self.guard.fold(1, START, Tick(), ())
        self.guard.count(self.metrics)

        def append(events: list[Event]) -> bool:
            self.taken += events if room else ()
            return room

        self.guard.report(append)

    def failures(self, method: str) -> float | None:
        labels = {"stage": NAME, "method": method}
        return self.metrics.registry.get_sample_value("faultd_stage_failures_total", labels)

    @property
    def alarms(self) -> list[tuple[str, str, str]]:
        return [(each.alarm_type, each.qualifier, each.description) for each in self.taken if isinstance(each, SystemReport)]


@pytest.mark.parametrize(
    ("fails", "method"), [("preparing", "preparing"), ("prepared", "preparing"), ("count", "count"), ("report", "report")]
)
def test_a_failure_outside_the_fold_is_counted_each_time_and_logged_and_raised_once(fails: str, method: str) -> None:
    outside = Outside(fails)
    with capture_logs() as logs:
        for _ in range(3):
            outside.batch()
        outside.guard.count(outside.metrics)
    assert outside.failures(method) == (4 if method == "count" else 3)
    assert outside.alarms == [("stage.failed", f"{NAME} {method}", f"ZeroDivisionError: {fails}")]
    assert [(entry["stage"], entry["method"]) for entry in logs] == [(NAME, method)]


def test_each_kind_of_failure_is_raised() -> None:
    outside = Outside("preparing")
    outside.batch()
    outside.methods.add("count")
    outside.batch()
    assert [qualifier for _, qualifier, _ in outside.alarms] == [f"{NAME} preparing", f"{NAME} count"]


def test_an_alarm_that_the_ledger_has_no_room_for_is_offered_again() -> None:
    outside = Outside("count", "report")
    outside.batch(room=False)
    assert outside.alarms == []
    outside.batch()
    outside.batch()
    assert [qualifier for _, qualifier, _ in outside.alarms] == [f"{NAME} count", f"{NAME} report"]


def test_a_count_that_fails_at_a_start_does_not_end_it() -> None:
    outside = Outside("count")
    outside.guard.count(None)
    outside.methods.clear()
    outside.batch()
    assert outside.failures("count") == 1
    assert [qualifier for _, qualifier, _ in outside.alarms] == [f"{NAME} count"]


@pytest.mark.parametrize("fails", ["saving", "pieces"])
def test_a_state_that_cannot_be_encoded_fails_while_it_is_read(fails: str) -> None:
    pieces = Outside(fails).guard.saving()
    with pytest.raises(StageFailed, match=f"stage {NAME}, saving: ZeroDivisionError: {fails}"):
        encode_with_pauses(pieces)


def test_begin_and_held_name_the_stage_and_the_method() -> None:
    guard = Outside("begin", "held").guard
    with pytest.raises(StageFailed, match=f"stage {NAME}, begin: ZeroDivisionError: begin"):
        guard.begin(1, START, [])
    with pytest.raises(StageFailed, match=f"stage {NAME}, held: ZeroDivisionError: held"):
        list(guard.held())


def test_a_part_that_the_stage_trips_over_is_unusable_as_one_that_cannot_be_read() -> None:
    octets = encode_with_pauses(Outside().guard.saving())
    with pytest.raises(msgspec.MsgspecError, match=f"stage {NAME}: ZeroDivisionError: load"):
        Outside("load").guard.load(octets)

"""A State's pieces: together what msgpack would make of it in one go, however long its tables are."""

from datetime import UTC, datetime, timedelta

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st
from vocabulary.alarms import ont_alarm

from actors.correlator.memories import OpticalPower, OpticalPowerMemory
from actors.correlator.saved import ReportMark, Saved, pieces
from actors.correlator.state import State
from actors.state_encoding import STEP, encode_with_pauses
from protocols.alarm import Alarm, Identity

NOW = datetime(2026, 3, 1, 3, 0, tzinfo=UTC)
MARK = ReportMark("10.0.0.1", 7, None, NOW, "major")
LENGTHS = [0, 1, 15, 16, STEP - 1, STEP, STEP + 1, STEP + 15, STEP + 16, 65_535, 65_536]


def alarm(number: int) -> Alarm:
    return ont_alarm(number, at=NOW, severity="minor", title="dark", metadata={"serial": f"S{number}"})


def saved(alarms: int, marks: int, sequences: int) -> Saved:
    return Saved(
        ledger_id="6f1d1c0e-7b0a-4b57-9d29-0c6f3a3f4a11",
        offset=9,
        at=NOW,
        alarms=[alarm(number) for number in range(alarms)],
        current=[],
        cleared=[("a", NOW)],
        marks={str(number): MARK for number in range(marks)},
        ended=[],
        informs=[],
        keys=[],
        sequences={str(number): number for number in range(sequences)},
        memories={"Some": msgspec.Raw(b"\x80")},
        archived=NOW,
        profiles=None,
        policy=None,
    )


def whole(state: Saved) -> bytes:
    octets: bytes = msgspec.msgpack.encode(state)
    return octets


@pytest.mark.parametrize("length", LENGTHS)
def test_tables_of_every_length(length: int) -> None:
    state = saved(min(length, 2 * STEP), 0, length)
    assert b"".join(pieces(state, [], [])) == whole(state)


@given(st.integers(0, 600), st.integers(0, 600), st.integers(0, 600))
def test_in_one_go_or_in_pieces(alarms: int, marks: int, sequences: int) -> None:
    state = saved(alarms, marks, sequences)
    assert encode_with_pauses(pieces(state, [], [])) == whole(state)


def test_timers_are_in_the_order_of_time_and_clears_in_their_own() -> None:
    state = saved(0, 0, 0)
    identity = Identity("t", "olt", "x", "")
    timers = {("b", "2"): NOW, ("a", "1"): NOW + timedelta(seconds=1), ("a", "0"): NOW}
    found = msgspec.msgpack.decode(b"".join(pieces(state, timers.items(), [(identity, (NOW, MARK))])), type=Saved)
    assert found.timers == [(NOW, "a", "0"), (NOW, "b", "2"), (NOW + timedelta(seconds=1), "a", "1")]
    assert found.ended == [(identity, NOW, MARK)]


def test_a_memory_whose_class_was_renamed_is_read_from_a_snapshot_of_before() -> None:
    power = OpticalPowerMemory()
    power.put("olt-1/0/1/1", OpticalPower(-21.5, -21.5, NOW))
    state = State("6f1d1c0e-7b0a-4b57-9d29-0c6f3a3f4a11")
    state.replace_memories({"LightMemory": msgspec.Raw(msgspec.msgpack.encode(power))})
    assert state.memory(OpticalPowerMemory).lights == power.lights
    assert list(state.remembered()) == ["LightMemory"]

"""What the fold makes of a Finding, whatever profile found it."""

from datetime import UTC, datetime, timedelta
from itertools import count
from typing import Any

import pytest
from vocabulary.traps import make_trap

from actors.correlator.draft import Draft
from actors.correlator.events.traps import _NO_CLOCK, TrapDevice, _apply
from actors.correlator.state import State
from protocols.alarm import Alarm
from protocols.change import Change
from protocols.finding import Finding
from protocols.topology import Node

NOW = datetime(2026, 3, 1, 3, 0, tzinfo=UTC)
TRAP = make_trap("1.3.6.1.4.1.1", at=NOW)
NODES = (
    Node(id="olt-1", type="olt", name="North", address="10.0.0.1"),
    Node(id="olt-1/0/1/5/17", type="ont", parents=("olt-1",), serial="HWTC0A1B2C3D", customer_id="c17"),
)
offsets = count(1)


@pytest.fixture
def state() -> State:
    state = State("6f1d1c0e-7b0a-4b57-9d29-0c6f3a3f4a11")
    state.replant(1, NODES, ())
    return state


def apply(state: State, kind: Any, **fields: Any) -> list[Change]:
    fields.setdefault("alarm_type", "ont.los")
    draft = Draft(state, next(offsets), NOW)
    device = TrapDevice(state.plant.device("10.0.0.1"), "10.0.0.1", "default")
    _apply(draft, device, Finding(kind=kind, profile="p", rule="r", **fields), TRAP, TRAP.source, _NO_CLOCK)
    return draft.commit()


def alarm(state: State) -> Alarm:
    (alarm,) = state.alarms.values()
    return alarm


@pytest.mark.parametrize(
    ("serial", "resource", "customers"),
    [("HWTC0A1B2C3D", "olt-1/0/1/5/17", ("c17",)), ("ZTEG00000001", "olt-1/sn/ZTEG00000001", ())],
)
def test_a_serial_finds_the_ont_where_the_trap_says_no_position(
    state: State, serial: str, resource: str, customers: tuple[str, ...]
) -> None:
    apply(state, "raise", serial=serial)
    assert (alarm(state).resource_id, alarm(state).affected_customers) == (resource, customers)
    assert alarm(state).metadata["serial"] == serial


@pytest.mark.parametrize(("hours", "believed"), [(-1, True), (0, True), (-1.01, False), (0.01, False)])
def test_a_devices_own_time_is_believed_within_an_hour_before_the_receipt(state: State, hours: float, believed: bool) -> None:
    dated = NOW + timedelta(hours=hours)
    apply(state, "raise", device_time=dated)
    assert alarm(state).first_occurrence == (dated if believed else NOW)
    assert alarm(state).metadata["device_time"] == dated.isoformat()


def test_an_event_can_end_alarms_of_any_qualifier(state: State) -> None:
    apply(state, "raise", resource="0/1", qualifier="q")
    apply(state, "event", alarm_type="ont.registered", resource="0/1", clears=("ont.los",))
    assert alarm(state).status == "cleared"


def test_noise_is_only_counted(state: State) -> None:
    assert apply(state, "drop") == []
    assert state.tally == {"noise:p/r": 1}


def test_a_device_is_not_named_twice_in_a_title(state: State) -> None:
    apply(state, "raise", resource="0/1", title="Loss of signal")
    assert alarm(state).title == "North 0/1: Loss of signal"

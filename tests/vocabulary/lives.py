"""Random lives of a plant: traps, INFORMs, network events, commands, ticks, in any order. Shared by property tests."""

from datetime import datetime, timedelta
from pathlib import Path

import msgspec
from hypothesis import strategies as st
from msgspec.structs import replace

from actors.correlator.profiles import load_profiles
from actors.correlator.settings import CorrelatorSettings
from actors.correlator.state import State
from protocols.command import (
    Acknowledge,
    Assign,
    Clear,
    Command,
    Edit,
    Edited,
    Note,
    Raise,
    Resolve,
    Shelve,
    Unacknowledge,
    Unshelve,
)
from protocols.event import (
    ClockJumped,
    Event,
    NetworkEvent,
    PolicyLoaded,
    ProfilesLoaded,
    SystemReport,
    Tick,
    TopologyLoaded,
    Trap,
)
from protocols.poll.states import LevelCrossed, PolledName, PolledPower, PolledSerial, PolledStates
from protocols.principal import Principal
from protocols.snmp.notification import VarBind
from protocols.topology import Node
from vocabulary.reads import parts
from vocabulary.traps import make_trap
from vocabulary.world import START

PROFILES = load_profiles(
    {file.name: file.read_text() for file in sorted((Path(__file__).parents[2] / "config" / "profiles").glob("*.toml"))}
)
"""The shipped profiles: the property is about the real path."""
assert PROFILES, "no profile was found"
STANDARD = tuple(each for each in PROFILES if each.name in ("standard", "types"))
"""The alarm types, and the profile of traps that every device sends: loaded much faster than all."""
assert len(STANDARD) == 2

SOURCES = ("10.0.0.1", "10.0.0.2")
HUAWEI = "1.3.6.1.4.1.2011.6.128.1.1.12.2.2.0."
encode = msgspec.msgpack.Encoder().encode


def trap(source: str, oid: str, uptime: int | None, varbinds: tuple[VarBind, ...], inform: str) -> Trap:
    return make_trap(oid, varbinds, source=source, inform_key=inform, uptime=uptime)


def ont(number: int) -> tuple[VarBind, ...]:
    place = (("3.3.1.1.1.0", 0), ("3.3.2.1.1.0.1", 1), ("3.3.4.1.1.0.1.0.5", 5), (f"128.1.1.2.43.1.1.9.{number}", number))
    return tuple(VarBind(f"1.3.6.1.4.1.2011.6.{oid}", "INTEGER", value) for oid, value in place)


uptimes = st.none() | st.integers(0, 3000).map(lambda tenths: tenths * 10)
traps = st.one_of(
    st.builds(
        trap,
        st.sampled_from(SOURCES),
        st.sampled_from([HUAWEI + last for last in ("12", "13", "18", "19")]),
        uptimes,
        st.integers(1, 2).map(ont),
        st.sampled_from(["", "", "i1", "i2"]),
    ),
    st.builds(
        trap,
        st.sampled_from(SOURCES),
        st.sampled_from(["1.3.6.1.6.3.1.1.5.1", "1.3.6.1.6.3.1.1.5.3", "1.3.6.1.6.3.1.1.5.4", "1.3.6.1.4.1.99999.1"]),
        uptimes,
        st.just((VarBind("1.3.6.1.2.1.2.2.1.1.7", "INTEGER", 7),)),
        st.just(""),
    ),
)
network = st.builds(
    NetworkEvent,
    type=st.sampled_from(
        ["device.down", "device.degraded", "device.up", "monitoring.check_failed", "monitoring.check_recovered"]
    ),
    tenant_id=st.sampled_from(["t", "u"]),
    resource_type=st.just("olt"),
    resource_id=st.sampled_from(["olt-1", "10.0.0.1", "x"]),
    qualifier=st.sampled_from(["", "q"]),
    key=st.sampled_from(["", "", "k"]),
    at=st.none() | st.integers(-50, 50).map(lambda seconds: START + timedelta(seconds=seconds)),
)
actions = st.one_of(
    st.sampled_from([Acknowledge(), Unacknowledge(), Clear(), Resolve(), Assign("bob"), Unshelve(), Note("n")]),
    st.builds(Edited, severity=st.sampled_from(["critical", "minor", "cleared"]), title=st.just("edited")).map(Edit),
    st.integers(-10, 200).map(lambda seconds: Shelve(START + timedelta(seconds=seconds))),
)
commands = st.builds(
    Command,
    by=st.sampled_from([Principal("ada", "operator"), Principal("eve", "operator", "u")]),
    action=actions,
    alarm_ids=st.lists(st.integers(3, 30).map(lambda offset: f"A{offset}"), max_size=3).map(tuple),
)
by_hand = st.builds(
    Command,
    by=st.just(Principal("ada", "operator")),
    action=st.builds(
        Raise,
        tenant_id=st.just("t"),
        alarm_type=st.sampled_from(["x", "device.down"]),
        severity=st.sampled_from(["critical", "warning"]),
        title=st.text(max_size=5),
        resource_type=st.just("olt"),
        resource_id=st.just("olt-1"),
    ),
)
reports = st.builds(SystemReport, alarm_type=st.just("s"), active=st.booleans())
onts = st.builds(
    parts,
    kind=st.just("ont"),
    under=st.just("0/1/5"),
    up=st.sets(st.integers(1, 2)),
    down=st.dictionaries(st.integers(3, 4) | st.just(1), st.sampled_from(["los", "dying_gasp", "admin_down", ""]), max_size=2),
).map(lambda found: replace(found, up=tuple(span for span in found.up if span[0] not in {each[0] for each in found.down})))
interfaces = st.builds(parts, kind=st.just("interface"), under=st.just("if/"), up=st.sets(st.just(7)), down=st.just({8: "los"}))
reads = st.builds(
    PolledStates,
    device=st.sampled_from(["olt-1", "gone"]),
    reason=st.sampled_from(["start", "daily", "changed", "burst", "gap"]),
    begun=st.integers(1, 30).map(lambda seconds: START - timedelta(seconds=seconds)),
    ended=st.just(START),
    scope=st.sampled_from(["", "0/1/5"]),
    whole=st.sampled_from([(), ("ont",), ("ont", "interface")]),
    incomplete=st.sampled_from([{}, {"pon": "time-out"}]),
    states=st.tuples(onts, interfaces) | st.tuples(onts),
    serials=st.sampled_from([(), (PolledSerial("0/1/5/1", "HWTC00000001"), PolledSerial("0/1/5/3", "HWTC00000003"))]),
    power=st.sampled_from([(), (PolledPower("0/1/5/1", "ont_rx", -21.5),)]),
    names=st.sampled_from([(), (PolledName("if/7", "ge7"),)]),
)
levels = st.builds(
    LevelCrossed,
    device=st.sampled_from(["olt-1", "gone"]),
    position=st.just("0/1"),
    quantity=st.just("temperature"),
    beyond=st.booleans(),
    value=st.just(75.0),
    unit=st.just("°C"),
    threshold=st.sampled_from([70.0, 85.0]),
    at=st.just(START),
    dwell_seconds=st.sampled_from([0.0, 30.0]),
    severity=st.sampled_from(["minor", "major"]),
)
happenings = st.one_of(traps, traps, network, commands, by_hand, reports, reads, levels, st.just(Tick()))
events = st.lists(st.tuples(st.integers(0, 40), happenings), max_size=40)

jumps = st.sampled_from([400 * 86_400, -400 * 86_400, 3_600, -3_600, 30, -30]).map(
    lambda seconds: ClockJumped(START, START + timedelta(seconds=seconds))
)
"""By how much: :func:`timeline` says from when to when. It dates reads and levels too."""
events_and_jumps = st.lists(st.tuples(st.integers(0, 40), happenings | jumps), max_size=40)


def timeline(steps: list[tuple[int, Event]]) -> list[tuple[int, datetime, Event]]:
    """Offsets and stamps of the set-up and ``steps``."""
    now, made = START, list[tuple[int, datetime, Event]]()
    for offset, (seconds, event) in enumerate([(0, event) for event in SETUP] + steps, 1):
        now += timedelta(seconds=seconds)
        if isinstance(event, ClockJumped):
            event = ClockJumped(now, now + (event.after - event.before))
            now = event.after
        if isinstance(event, PolledStates):
            event = replace(event, begun=now - (START - event.begun), ended=now)
        if isinstance(event, LevelCrossed):
            event = replace(event, at=now)
        made.append((offset, now, event))
    return made


PLANT = TopologyLoaded(
    "t",
    (
        Node(id="olt-1", type="olt", address="10.0.0.1", tenant="t"),
        Node(id="olt-1/0/1/5/1", type="ont", parents=("olt-1",), customer_id="c1"),
    ),
)
POLICY = PolicyLoaded("p", encode(CorrelatorSettings(keep_cleared_hours=0.05, reopen_within_seconds=60)))
SETUP: tuple[Event, ...] = (POLICY, PLANT, ProfilesLoaded("d", PROFILES))


def indexes_are_right(state: State) -> None:
    """Raises AssertionError where an index of the State tells of another alarm than there is."""
    for alarm in state.alarms.values():
        assert state.names[alarm.alarm_id] == alarm.id
        assert (alarm.id in state.cleared) == (alarm.cleared_at is not None)
        assert (alarm.id in state.shelved) == (alarm.shelved_until is not None)
        kind = (alarm.tenant_id, alarm.resource_id, alarm.alarm_type)
        assert (state.open.get(kind, {}).get(alarm.qualifier) == alarm.id) == (alarm.cleared_at is None)
        if alarm.cleared_at is None:
            assert state.current[alarm.identity] == alarm.id
    assert set(state.names.values()) == set(state.alarms)
    assert set(state.current.values()) <= set(state.alarms)
    assert len({alarm.identity for alarm in state.alarms.values() if alarm.cleared_at is None}) == sum(
        alarm.cleared_at is None for alarm in state.alarms.values()
    )

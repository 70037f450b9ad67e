"""What a device's rows say, and what is different from the read before, as timelines."""

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from actors.poller.plan.table_reader import IdentityNews, StateNews, TableReader, levels_of, part_serial
from protocols.poll.part_states import PolledPart, pack_states, unpack_states
from protocols.poll.plan.compile_plan import compile_plans
from protocols.poll.plan.table_plan import ROWS_REMEMBERED, Rows, TablePlan, walked
from protocols.poll.section import PollColumn, PollLevel, PollSection, PollTable
from protocols.poll.states import PolledName, PolledPower, PolledSerial
from protocols.profile import Profile
from protocols.snmp.manager.value import encode_index
from protocols.snmp.values import encode_value

NOON = datetime(2026, 12, 1, 12, tzinfo=UTC)
ONTS = PollTable(
    kind="ont",
    index=("125<<25 | frame<<19 | slot<<13 | port<<8", "ont"),
    position="{frame}/{slot}/{port}/{ont}",
    card="{frame}/{slot}",
    state=PollColumn(oid="1.3.6.1.4.1.1.1", values={"1": "up", "2": "down", "4": "dying_gasp"}),
    cause=PollColumn(oid="1.3.6.1.4.1.1.2", values={"1": "los", "13": "dying_gasp"}),
    admin=PollColumn(oid="1.3.6.1.4.1.1.7", values={"1": "up", "2": "down"}),
    serial=PollColumn(oid="1.3.6.1.4.1.1.3"),
    ont_rx=PollColumn(oid="1.3.6.1.4.1.1.4", scale=0.01, invalid=(2147483647,), levels=(PollLevel(below=-27),)),
    olt_rx=PollColumn(oid="1.3.6.1.4.1.1.5", scale=0.01),
)
PLACED = PollTable(
    kind="ont",
    index=("ifIndex",),
    position="{place.port}/{place.onu}",
    place=PollColumn(oid="1.3.6.1.4.1.2.1", decode="port_name"),
    state=PollColumn(oid="1.3.6.1.4.1.2.2", values={"1": "up", "2": "down"}),
)
INTERFACES = PollTable(
    kind="interface",
    index=("ifIndex",),
    position="{ifIndex}",
    state=PollColumn(oid="1.3.6.1.4.1.3.1", values={"1": "up", "2": "down"}),
    name=PollColumn(oid="1.3.6.1.4.1.3.2"),
    octets_in=PollColumn(oid="1.3.6.1.4.1.3.3"),
    octets_out=PollColumn(oid="1.3.6.1.4.1.3.4"),
    speed=PollColumn(oid="1.3.6.1.4.1.3.5", scale=1e6),
    sensors={"temperature": PollColumn(oid="1.3.6.1.4.1.3.6", unit="°C", levels=(PollLevel(above=80),))},
    utilisation=(PollLevel(above=95),),
)
ANY_ELEMENT = st.one_of(st.binary(max_size=12), st.binary(min_size=250, max_size=300))
"""Octets as an agent may send them, also longer than what a row remembers."""


def plan(table: PollTable) -> TablePlan:
    compiled = compile_plans([Profile(name="acme", poll={"acme": PollSection(tables={"table": table})})])
    return compiled.by_name["acme"].tables[0]


def reader(table: PollTable) -> TableReader:
    return TableReader(plan(table))


def ont(port: int, number: int) -> bytes:
    return encode_index((125 << 25 | 1 << 13 | port << 8, number))


def rows(values: dict[bytes, object], *more: dict[bytes, object]) -> Rows:
    """A row for each index: INTEGER, text, or None."""

    def element(value: object) -> bytes | None:
        if value is None or isinstance(value, bytes):
            return value
        return encode_value("INTEGER", value) if isinstance(value, int) else encode_value("OCTET STRING", str(value).encode())

    return {index: [element(each.get(index)) for each in (values, *more)] for index in values}


# ---- States


def test_only_what_changed_is_news() -> None:
    onts = reader(ONTS)
    first = rows({ont(3, 1): 1, ont(3, 2): 1, ont(3, 3): 2})
    assert onts.take_states(first) == StateNews((ont(3, 1), ont(3, 2), ont(3, 3)), (), (ont(3, 3),))
    assert onts.take_states(dict(first)) == StateNews()
    assert onts.down(first) == [ont(3, 3)]
    later = rows({ont(3, 1): 1, ont(3, 2): 4, ont(3, 3): 2})
    news = onts.take_states(later)
    assert news == StateNews((ont(3, 2),), (), (ont(3, 2),))
    assert list(unpack_states(onts.states(later, {}, news.changed))) == [PolledPart("ont", "0/1/3/2", "down", "dying_gasp")]


def test_another_number_with_the_same_meaning_is_no_news() -> None:
    onts = reader(ONTS)
    onts.take_states(rows({ont(3, 1): 7}))
    assert onts.take_states(rows({ont(3, 1): 9})) == StateNews(), "both unknown"


def test_a_part_that_is_gone_and_one_that_is_new() -> None:
    onts = reader(ONTS)
    onts.take_states(rows({ont(3, 1): 1, ont(3, 2): 1}))
    news = onts.take_states(rows({ont(3, 2): 1, ont(3, 9): 1}))
    assert (news.changed, news.gone) == ((ont(3, 9),), (ont(3, 1),))
    assert onts.positions(news.gone) == ["0/1/3/1"]
    assert onts.take_states({}).gone == (ont(3, 2), ont(3, 9))


def test_rows_of_other_forms_are_ignored() -> None:
    onts = reader(ONTS)
    others: Rows = {b"\x07": [encode_value("INTEGER", 2)], encode_index((125 << 25,)): [None]}
    assert onts.take_states(others) == StateNews()
    assert onts.states(others, {}) == ()
    assert onts.down(others) == []
    assert onts.take_states({}) == StateNews()


def test_a_read_below_a_position_leaves_the_others_alone() -> None:
    onts = reader(ONTS)
    onts.take_states(rows({ont(3, 1): 1, ont(3, 2): 1, ont(30, 1): 1}))
    assert onts.known_below("0/1/3") == [ont(3, 1), ont(3, 2)]
    news = onts.take_states(rows({ont(3, 2): 2, ont(3, 5): 1}), scope="0/1/3")
    assert news == StateNews((ont(3, 2), ont(3, 5)), (ont(3, 1),), (ont(3, 2),))
    assert sorted(onts.known_below("")) == sorted([ont(3, 2), ont(3, 5), ont(30, 1)])
    assert onts.take_states(rows({ont(3, 2): 2, ont(3, 5): 1, ont(30, 1): 1})) == StateNews()


def test_the_cause_is_that_of_a_part_that_is_down() -> None:
    onts = reader(ONTS)
    read = rows({ont(3, 1): 1, ont(3, 2): 2, ont(3, 3): 2, ont(3, 4): 4, ont(3, 5): 2, ont(3, 6): 9})
    causes = rows(
        {ont(3, 1): 1, ont(3, 2): 1, ont(3, 3): 13, ont(3, 4): 1, ont(3, 5): 1},
        {ont(3, 1): 1, ont(3, 2): 1, ont(3, 3): None, ont(3, 4): 1, ont(3, 5): 2},
    )
    assert list(unpack_states(onts.states(read, causes))) == [
        PolledPart("ont", "0/1/3/1", "up"),
        PolledPart("ont", "0/1/3/2", "down", "los"),
        PolledPart("ont", "0/1/3/3", "down", "dying_gasp"),
        PolledPart("ont", "0/1/3/4", "down", "dying_gasp"),
        PolledPart("ont", "0/1/3/5", "down", "admin_down"),
        PolledPart("ont", "0/1/3/6", "unknown"),
    ]


@given(st.dictionaries(st.tuples(st.integers(0, 7), st.integers(0, 40)), st.sampled_from([1, 2, 4, 9]), max_size=40))
def test_changes_on_top_of_the_read_before_are_the_read(states: dict[tuple[int, int], int]) -> None:
    onts = reader(ONTS)
    before = rows({ont(3, number): 1 for number in range(30)})
    known = {part.position: part for part in unpack_states(onts.states(before, {}))}
    onts.take_states(before)
    now = rows({ont(*place): state for place, state in states.items()})
    news = onts.take_states(now)
    for position in onts.positions(news.gone):
        del known[position]
    known |= {part.position: part for part in unpack_states(onts.states(now, {}, news.changed))}
    assert pack_states(known.values()) == onts.states(now, {})


@given(st.dictionaries(st.binary(max_size=12), st.lists(ANY_ELEMENT, min_size=1, max_size=1), max_size=10))
def test_any_octets_are_states_or_none(found: dict[bytes, list[bytes | None]]) -> None:
    onts = reader(ONTS)
    news = onts.take_states(found)
    onts.states(found, {}, news.changed)
    onts.down(found)
    assert onts.take_states(found) == StateNews()


# ---- Identity


def test_an_index_with_another_serial_inherits_nothing() -> None:
    onts = reader(ONTS)
    one = rows({ont(3, 1): "HWTC0A1B2C3D", ont(3, 2): bytes.fromhex("0408485754430A1B2C3E")})
    assert onts.take_identity(one) == IdentityNews(
        (PolledSerial("0/1/3/1", "HWTC0A1B2C3D"), PolledSerial("0/1/3/2", "HWTC0A1B2C3E"))
    )
    onts.take_states(rows({ont(3, 1): 2, ont(3, 2): 1}))
    power = rows({ont(3, 1): -2600, ont(3, 2): -2000}, {ont(3, 1): -2600, ont(3, 2): -2000})
    assert len(onts.take_optics(power)) == 4
    assert onts.take_identity(dict(one)) == IdentityNews()
    news = onts.take_identity(rows({ont(3, 1): "1,HWTC99999999", ont(3, 2): "HWTC0A1B2C3E"}))
    assert news == IdentityNews((PolledSerial("0/1/3/1", "HWTC99999999"),), (), (ont(3, 1),))
    assert onts.take_states(rows({ont(3, 1): 2, ont(3, 2): 1})).changed == (ont(3, 1),), "down is news of the new ONT"
    assert [each.position for each in onts.take_optics(power)] == ["0/1/3/1", "0/1/3/1"]


def test_a_serial_that_is_missing_says_nothing() -> None:
    onts = reader(ONTS)
    onts.take_identity(rows({ont(3, 1): "HWTC0A1B2C3D"}))
    assert onts.take_identity({ont(3, 1): [None]}) == IdentityNews()
    assert onts.take_identity(rows({ont(3, 1): ""})) == IdentityNews()


def test_places_come_from_a_column() -> None:
    onts = reader(PLACED)
    index, other = encode_index((17,)), encode_index((18,))
    states = rows({index: 1, other: 2})
    assert onts.take_states(states).changed == (index, other)
    assert onts.states(states, {}) == (), "no place is known yet"
    assert onts.take_identity(rows({index: "GPON0/3:12", encode_index((1,)): "VLAN"})) == IdentityNews()
    assert list(unpack_states(onts.states(states, {}))) == [PolledPart("ont", "0/3/12", "up")]
    assert onts.take_states(states).changed == (index,), "now it has a place, and can be reported"
    assert onts.known_below("0/3") == [index]
    onts.take_identity(rows({index: "GPON0/3:12", other: "GPON0/3:7"}))
    assert onts.take_states(states).changed == (other,)
    moved = onts.take_identity(rows({index: "GPON0/3:13", other: "GPON0/3:7"}))
    assert moved.moved == (index,)
    assert onts.take_states(states).changed == (index,)


def test_a_renumbered_interface_is_another_one() -> None:
    interfaces = reader(INTERFACES)
    one, two = encode_index((1,)), encode_index((2,))
    assert interfaces.take_identity(rows({one: "ge0/1", two: "ge0/2"})).names == (
        PolledName("1", "ge0/1"),
        PolledName("2", "ge0/2"),
    )
    assert interfaces.take_identity(rows({one: "ge0/2", two: "ge0/2"})) == IdentityNews((), (PolledName("1", "ge0/2"),), (one,))


# ---- Optical power


@pytest.mark.parametrize(
    ("raw", "notable"),
    [(-2099, False), (-2100, True), (-1900, True), (-2001, False), (2147483647, False), (-8000, False), (None, False)],
)
def test_a_power_is_notable_from_one_db(raw: int | None, notable: bool) -> None:
    onts = reader(ONTS)
    index = ont(3, 1)
    assert onts.take_optics(rows({index: -2000}, {index: None})) == (PolledPower("0/1/3/1", "ont_rx", -20.0),)
    found = onts.take_optics(rows({index: raw}, {index: None}))
    assert found == ((PolledPower("0/1/3/1", "ont_rx", (raw or 0) / 100),) if notable else ())


def test_a_slow_loss_is_notable_against_what_was_reported() -> None:
    onts = reader(ONTS)
    reported = [len(onts.take_optics(rows({ont(3, 1): raw}, {}))) for raw in (-2000, -2040, -2080, -2120, -2160)]
    assert reported == [1, 0, 0, 1, 0]


def test_a_power_across_a_level_is_notable() -> None:
    onts = reader(ONTS)
    reported = [len(onts.take_optics(rows({ont(3, 1): raw}, {}))) for raw in (-2690, -2710, -2720, -2690)]
    assert reported == [1, 1, 0, 1]


# ---- Counters and sensors


def slow(octets: int, speed: int = 1000, temperature: int | None = None) -> Rows:
    counter = encode_value("Counter64", octets)
    heat = encode_value("INTEGER", temperature) if temperature is not None else None
    return {encode_index((1,)): [counter, counter, encode_value("Gauge32", speed), heat]}


def test_a_timeline_of_counters_with_a_restart() -> None:
    interfaces = reader(INTERFACES)

    def at(minute: int, octets: int, uptime: int) -> list[float]:
        found = interfaces.take_slow(slow(octets), NOON + timedelta(minutes=minute), uptime)
        return [each.value for each in found if each.quantity == "utilisation_in"]

    assert at(0, 10**15, 900_000) == []
    assert at(1, 10**15 + 750_000_000, 906_000) == [10.0]
    assert at(2, 1_200_000, 1_500) == [], "reset with the agent"
    assert at(3, 1_200_000 + 1_500_000_000, 7_500) == [20.0]


def test_a_restart_behind_a_read_without_an_uptime_is_seen() -> None:
    interfaces = reader(INTERFACES)

    def at(minute: int, octets: int, uptime: int | None) -> int:
        return len(interfaces.take_slow(slow(octets), NOON + timedelta(minutes=minute), uptime))

    assert [at(0, 0, 900_000), at(1, 1_000, None), at(2, 2_000, 1_500), at(3, 3_000, 7_500)] == [0, 2, 0, 2]


@pytest.mark.parametrize(
    ("raw", "serial"),
    [
        (bytes.fromhex("040648575443A1B2"), "48575443A1B2"),
        ("N/A", ""),
        ("--", ""),
        ("000000000000", ""),
        ("A1B2C3", "A1B2C3"),
        (5, ""),
    ],
)
def test_a_serial_or_none(raw: object, serial: str) -> None:
    ((element,),) = rows({b"": raw}).values()
    assert part_serial(element) == serial


def test_sensors_and_their_levels() -> None:
    interfaces = reader(INTERFACES)
    found = interfaces.take_slow(slow(5, temperature=41), NOON, None)
    assert [(each.position, each.quantity, each.value, each.unit) for each in found] == [("1", "temperature", 41.0, "°C")]
    assert set(levels_of(interfaces.plan)) == {"temperature", "utilisation_in", "utilisation_out"}


@given(st.lists(st.lists(st.one_of(st.none(), ANY_ELEMENT), min_size=4, max_size=4), min_size=1, max_size=4))
def test_any_octets_are_readings_or_none(reads: list[list[bytes | None]]) -> None:
    interfaces = reader(INTERFACES)
    for minute, row in enumerate(reads):
        interfaces.take_slow({encode_index((1,)): row}, NOON + timedelta(minutes=minute), None)
        interfaces.take_identity({encode_index((1,)): row[:1]})
        reader(ONTS).take_optics({ont(3, 1): row[:2]})
        reader(ONTS).take_identity({ont(3, 1): row[:1]})


# ---- Memory


def test_five_hundred_onts_take_less_than_twelve_octets_each() -> None:
    onts = reader(ONTS)
    onts.take_states(rows({ont(number // 64, number % 64): 1 for number in range(500)}))
    assert onts.octets <= 500 * 12


def test_a_walk_of_one_port_has_the_whole_index_again() -> None:
    table = plan(ONTS)
    (prefix,) = table.prefixes("0/1/3")
    walk = walked(table, table.of("state"), prefix)
    assert walk.columns == (table.of("state")[0].oid + prefix,)
    assert prefix + encode_index((5,)) == ont(3, 5)


def test_positions_and_cards_that_are_remembered_are_bounded() -> None:
    table = plan(ONTS)
    for number in range(ROWS_REMEMBERED + 10):
        table.position(ont(3, number))
        table.card(ont(3, number))
    assert len(table._position_of) == len(table._card_of) == 10
    assert [table.position(ont(3, 1)) for _ in range(2)] == ["0/1/3/1"] * 2
    assert [table.position(b"\x07") for _ in range(2)] == [None, None]

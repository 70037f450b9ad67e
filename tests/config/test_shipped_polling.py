"""The poll plans that are shipped: no invented OID, values that the MIBs have, and indexes that become positions and back."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import msgspec
import pytest

from actors.correlator.profiles import load_profiles
from actors.poller.plan.table_reader import power
from protocols.poll import section
from protocols.poll.plan.column_plan import ColumnMeaning, ColumnPlan
from protocols.poll.plan.compile_plan import compile_plans
from protocols.poll.plan.poll_plan import probe_order
from protocols.poll.section import PollColumn
from protocols.profile import Profile
from protocols.snmp import ber
from protocols.snmp.manager.value import encode_index
from protocols.snmp.oid import encode_oid
from protocols.snmp.values import encode_value

ROOT = Path(__file__).parents[2]
MANUAL = (ROOT / "docs" / "profiles.md").read_text()
PROFILES = load_profiles({path.name: path.read_text() for path in sorted((ROOT / "config" / "profiles").glob("*.toml"))})
PLANS = compile_plans(PROFILES)
KNOWN: dict[str, Any] = json.loads((ROOT / "tests" / "data" / "polling_columns.json").read_text())
"""OID of a column or scalar to its name in a MIB (empty: from the field) and to the enumeration that the MIB gives it."""


def columns(profile: Profile) -> Iterator[tuple[str, PollColumn, str]]:
    """Key, column, and where it is known from, of every column and scalar."""
    for plan, poll in profile.poll.items():
        for quantity, sensor in poll.sensors.items():
            yield f"{plan}.{quantity}", sensor, sensor.verified or "mib"
        for name, table in poll.tables.items():
            for each in msgspec.structs.fields(section.PollTable):
                value = getattr(table, each.name)
                if isinstance(value, PollColumn):
                    yield f"{plan}.{name}.{each.name}", value, value.verified or table.verified
            for quantity, sensor in table.sensors.items():
                yield f"{plan}.{name}.{quantity}", sensor, sensor.verified or table.verified


ALL = [(f"{profile.name}: {key}", column, verified) for profile in PROFILES for key, column, verified in columns(profile)]


@pytest.mark.parametrize(("key", "column", "verified"), ALL, ids=[key for key, _, _ in ALL])
def test_a_column_is_a_known_one(key: str, column: PollColumn, verified: str) -> None:
    known = KNOWN[column.oid]
    if verified == "mib":
        assert known["name"] or known["what"].endswith("-MIB") or "parks" in known["what"], f"{column.oid} is in no MIB"
    if known["values"]:
        assert set(column.values) <= set(known["values"]), "a value that the MIB does not have"


@pytest.mark.parametrize("struct", [section.PollSection, section.PollTable, section.PollColumn, section.PollLevel])
def test_every_key_of_a_plan_is_documented(struct: type[msgspec.Struct]) -> None:
    manual = MANUAL[MANUAL.index("### `[poll.<plan>]`") :]
    assert all(f"`{field.encode_name}`" in manual for field in msgspec.structs.fields(struct))


def test_the_plans_whose_pon_ports_are_known_by_their_ifindex() -> None:
    known = {name for name, plan in PLANS.by_name.items() if any(table.numbers_interfaces for table in plan.tables)}
    assert known == {"huawei", "zte/c3xx", "fiberhome_olt"}


def octets(*subids: int) -> bytes:
    return encode_index(subids)


@pytest.mark.parametrize(
    ("plan", "table", "index", "position", "card"),
    [
        ("huawei", "onts", (4194313472, 7), "0/1/5/7", "0/1"),
        ("huawei", "onts", (0xFE002500, 7), "0/1/5/7", "0/1"),
        ("huawei", "pons", (4194313472,), "0/1/5", "0/1"),
        ("huawei", "cards", (0, 9), "0/9", ""),
        ("zte/c3xx", "onts", (268566784, 12), "1/2/1/12", "1/2"),
        ("zte/c3xx", "powers", (268566784, 12, 1), "1/2/1/12", "1/2"),
        ("zte/c6xx", "onts", (285278465, 12), "1/1/1/12", "1/1"),
        ("zte/c6xx", "onts", (1360052481, 12), "1/3/1/12", "1/3"),
        ("calix_e7", "onts", (1234,), "ont1234", ""),
        ("calix_e7", "pons", (1, 2, 3), "1/2/3", "1/2"),
        ("nokia", "onts", (96468992,), "1/1/1", "1"),
        ("nokia", "onts", (62914560,), "0/1/1", "0"),
        ("nokia", "cards", (4355,), "1", ""),
        ("fiberhome_olt", "onts", (34078976,), "1/1/1", "1"),
        ("fiberhome_olt", "powers", (34078720, 9), "1/1/9", "1"),
        ("gcom", "onts", (0, 16, 128), "0/16/128", "0"),
        ("parks", "onts", (1, 2, 3), "1/2/3", "1"),
        ("vsol", "onts", (3, 4), "3/4", ""),
        ("cdata", "onts", (1, 0, 3, 4), "3/4", ""),
        ("raisecom", "onts", (294060034,), "3/7/2", "3"),
        ("hsgq/gpon", "powers", ((1 << 24) + (2 << 8) + 3, 0, 0), "1/2/3", ""),
        ("eltex", "onts", (3, 4), "3/4", ""),
        ("tplink", "onts", (1, 2, 3), "1/2/3", ""),
        ("ubiquiti", "onts", (12,), "12", ""),
        ("zhone", "powers", (70001,), "if/70001", ""),
        ("standard", "interfaces", (7,), "if/7", ""),
    ],
)
def test_an_index_is_a_position_and_back(plan: str, table: str, index: tuple[int, ...], position: str, card: str) -> None:
    found = next(each for each in PLANS.by_name[plan].tables if each.name == table)
    assert found.position(octets(*index)) == position
    assert found.card(octets(*index)) == card
    back = found.candidates(position)
    if plan != "cdata":  # Device and card are not in the position.
        assert octets(*index) in back
    assert {found.position(each) for each in back} <= {position}


@pytest.mark.parametrize(
    ("plan", "table", "index"),
    [
        ("huawei", "onts", (0xFC002500, 7)),  # EPON
        ("huawei", "onts", (4194313472,)),
        ("huawei", "onts", (4194313473, 7)),  # low bits that no field has
        ("zte/c3xx", "onts", (285278465, 12)),  # second generation
        ("zte/c6xx", "onts", (268566784, 12)),  # first generation
        ("zte/c3xx", "powers", (268566784, 12, 2)),
        ("nokia", "onts", (94371840,)),  # a PON port
        ("nokia", "cards", (4353,)),
        ("hsgq/gpon", "powers", ((1 << 24) + (2 << 16), 65535, 65535)),
        ("raisecom", "onts", (30701001,)),
    ],
)
def test_a_row_of_another_form_is_no_part(plan: str, table: str, index: tuple[int, ...]) -> None:
    found = next(each for each in PLANS.by_name[plan].tables if each.name == table)
    assert not found.is_part(octets(*index))
    assert found.position(octets(*index)) is None


@pytest.mark.parametrize(
    ("plan", "table", "meaning", "raw", "dbm"),
    [
        ("huawei", "onts", "ont_rx", 2147483647, None),
        ("huawei", "onts", "ont_rx", -2345, -23.45),
        ("huawei", "onts", "olt_rx", 7742, -22.58),
        ("huawei", "onts", "olt_rx", 2147483647, None),
        ("zte/c3xx", "powers", "ont_rx", 65535, None),
        ("zte/c3xx", "powers", "ont_rx", 65000, -31.072),
        ("zte/c3xx", "onts", "olt_rx", -80000, None),
        ("zte/c3xx", "onts", "olt_rx", -24500, -24.5),
        ("nokia", "onts", "ont_rx", 32768, None),
        ("nokia", "onts", "olt_rx", 65534, None),
        ("calix_axos", "onts", "ont_rx", 100, -20.0),
        ("raisecom", "onts", "ont_rx", 0, None),
        ("raisecom", "onts", "ont_rx", 4000, -22.0),
        ("calix_e7", "onts", "ont_rx", 0, None),
        ("gcom", "onts", "ont_rx", "-21.4", -21.4),
        ("vsol", "onts", "ont_rx", "N/A", None),
    ],
)
def test_a_raw_value_is_a_power_or_none(
    plan: str, table: str, meaning: ColumnMeaning, raw: int | str, dbm: float | None
) -> None:
    found = next(each for each in PLANS.by_name[plan].tables if each.name == table).column(meaning)
    assert found is not None
    element = encode_value("INTEGER", raw) if isinstance(raw, int) else encode_value("OCTET STRING", raw.encode())
    assert power(found, element) == dbm


def test_the_onts_of_one_port_are_read_by_a_bounded_walk_or_by_get() -> None:
    huawei = PLANS.by_name["huawei"].tables[0]
    assert huawei.prefixes("0/1/5") == [octets(4194313472), octets(0xFE002500)]
    assert huawei.prefixes("0/1/5/7") == []
    nokia = PLANS.by_name["nokia"].tables[0]
    assert nokia.prefixes("1/1") == []
    assert len(nokia.candidates("1/1")) == 128
    assert nokia.candidates("1/1")[0] == octets(96468992)
    assert huawei.prefixes("no position") == nokia.candidates("") == []


@pytest.mark.parametrize(
    ("object_id", "plans"),
    [
        ("1.3.6.1.4.1.2011.2.248", ["huawei"]),
        ("1.3.6.1.4.1.3902.1015.1", ["zte/c3xx", "zte/c6xx"]),
        ("1.3.6.1.4.1.6321.1.2", ["calix_axos", "calix_e7"]),
        ("1.3.6.1.4.1.35265.1.209", ["eltex"]),
        ("1.3.6.1.4.1.35265.1.22", []),
        ("1.3.6.1.4.1.20111", []),
        ("", []),
    ],
)
def test_a_device_has_the_plans_of_its_object_id(object_id: str, plans: list[str]) -> None:
    assert [plan.name for plan in PLANS.candidates(object_id)] == plans


def test_without_the_shipped_profiles_a_device_has_its_times() -> None:
    bare = compile_plans([]).standard
    assert all(bare.times)
    assert (bare.tables, bare.sensors) == ((), ())


def test_plans_of_one_profile_are_told_apart_by_a_table_that_answers() -> None:
    first = [plan.probes[0] for plan in PLANS.named("zte")]
    assert len(set(first)) == 2
    assert PLANS.standard.probes == ()


def test_a_plan_is_found_also_on_an_olt_without_onts() -> None:
    """A C320 whose agent has the ports and the cards of both generations, and no ONT: the ports decide."""
    c3xx, c6xx = PLANS.named("zte")
    order = probe_order((c3xx, c6xx))
    assert [plan for plan, _ in order[:2]] == [c3xx, c6xx]
    ports = encode_oid("1.3.6.1.4.1.3902.1012.3.13.1.1.11")
    assert (c3xx, ports) in order
    assert order.index((c3xx, ports)) < order.index((c6xx, encode_oid("1.3.6.1.4.1.3902.1082.10.1.2.4.1.5")))


def test_a_sensor_of_the_device_is_a_probe_too() -> None:
    """FiberHome AN5516: some answer nothing but their scalars."""
    (plan,) = PLANS.named("fiberhome_olt")
    assert encode_oid("1.3.6.1.4.1.5875.800.3.9.4.5") in plan.probes


def test_a_plan_without_probes_is_every_devices() -> None:
    assert probe_order([PLANS.standard]) == [(PLANS.standard, b"")]


def test_every_plan_reads_the_times_and_most_read_the_interfaces() -> None:
    for plan in PLANS.by_name.values():
        assert all(plan.times)
        assert plan.object_id
        assert any(table.name == "interfaces" for table in plan.tables) == (plan.name != "nokia")


def test_profiles_with_plans_go_through_the_ledger() -> None:
    again = msgspec.msgpack.decode(msgspec.msgpack.encode(PROFILES), type=tuple[Profile, ...])
    assert again == PROFILES
    assert compile_plans(again).by_name.keys() == PLANS.by_name.keys()


def column_of(plan: str, table: str, meaning: ColumnMeaning) -> ColumnPlan:
    found = next(each for each in PLANS.by_name[plan].tables if each.name == table).column(meaning)
    assert found is not None
    return found


@pytest.mark.parametrize(
    ("plan", "table", "meaning", "raw", "value"),
    [
        ("zte/c3xx", "powers", "ont_rx", 3459, -23.082),
        ("zte/c3xx", "powers", "ont_rx", 0, None),
        ("zte/c3xx", "powers", "ont_rx", -1, None),
        ("zte/c6xx", "powers", "ont_rx", 6227, -17.546),
        ("zte/c6xx", "powers", "ont_rx", 65535, None),
        ("zte/c6xx", "onts", "olt_rx", -21681, -21.681),
        ("zte/c6xx", "onts", "olt_rx", -80000, None),
        ("calix_axos", "onts", "ont_rx", 301, -15.214335),
        ("adtran", "onts", "ont_rx", -9999, None),
    ],
)
def test_a_number_is_as_devices_send_it(plan: str, table: str, meaning: ColumnMeaning, raw: int, value: float | None) -> None:
    """C300 and C600: an ONT that is off has 65535 or 0. C620: the CLI shows the same OLT side power."""
    assert column_of(plan, table, meaning).number(ber.integer(raw)) == value


@pytest.mark.parametrize(("raw", "word"), [(1, ("up", "")), (3, ("down", "")), (5, None), (6, ("down", "admin_down"))])
def test_an_empty_slot_of_an_isam_is_no_fault(raw: int, word: tuple[str, str] | None) -> None:
    """An ISAM 7360 lists each slot of its shelf; those without a card are notInstalled(5)."""
    assert column_of("nokia", "cards", "state").word(ber.integer(raw)) == word

"""Each vendor's agent against the physics: an independent reading of its tables, by the reference's OIDs and formulas."""

from collections.abc import Callable

import pytest

from faultd.simulator.agents.plant_agents import PlantAgents
from faultd.simulator.fault import Fault, Kind
from faultd.simulator.plan import Options
from faultd.simulator.plant import MAKERS, PlantSpec, Vendor, build_plant, position
from faultd.simulator.scenarios import Scenario, Script
from faultd.simulator.topology import topology_nodes
from protocols.snmp.manager.community_session import CommunitySession
from protocols.snmp.manager.table import Table
from protocols.snmp.manager.transaction import Transaction
from protocols.snmp.manager.value import decode_index, decode_value
from protocols.snmp.manager.walk import Walk
from protocols.snmp.oid import encode_oid

E = "1.3.6.1.4.1."
STATE: dict[Vendor, str] = {
    "huawei": f"{E}2011.6.128.1.1.2.46.1.15",
    "zte": f"{E}3902.1012.3.28.2.1.4",
    "calix_e7": f"{E}6321.1.2.2.2.1.10.1.1.4",
    "bdcom": f"{E}3320.10.3.3.1.4",
    "vsol": f"{E}37950.1.1.6.1.1.1.1.5",
}
RX: dict[Vendor, tuple[str, Callable[[int | str], float | None]]] = {
    "huawei": (f"{E}2011.6.128.1.1.2.51.1.4", lambda raw: None if raw == 2147483647 else int(raw) / 100),
    "zte": (
        f"{E}3902.1012.3.50.12.1.1.10",
        lambda raw: None if raw == 65535 else (int(raw) - 65536 if int(raw) > 32767 else int(raw)) * 0.002 - 30,
    ),
    "calix_e7": (f"{E}6321.1.2.2.2.1.10.1.1.6", lambda raw: int(raw) * 0.002 if raw else None),
    "bdcom": (f"{E}3320.10.3.4.1.2", lambda raw: int(raw) / 10 if raw else None),
    "vsol": (f"{E}37950.1.1.6.1.1.3.1.7", lambda raw: float(raw) if raw else None),
}
UP: dict[Vendor, int] = {"huawei": 1, "zte": 3, "calix_e7": 1, "bdcom": 3, "vsol": 3}
IF_DESCR, IF_OPER, IF_NAME = "1.3.6.1.2.1.2.2.1.2", "1.3.6.1.2.1.2.2.1.8", "1.3.6.1.2.1.31.1.1.1.1"
Rows = dict[tuple[int, ...], int | str]


def agents_of(vendor: Vendor, kind: Kind, target: str, **variant: frozenset[str]) -> PlantAgents:
    plant = build_plant(PlantSpec(olts=1, cards_per_olt=2, pons_per_card=2, onts_per_pon=8, vendors=(vendor,)))
    fault = Fault(id="f", kind=kind, target=target, start=10.0, end=60.0, depth=8.0)
    return PlantAgents(plant, Scenario("one", "", 90.0, lambda *_: Script((fault,))), Options(), variants=variant)  # type: ignore[arg-type]


def walk(agents: PlantAgents, oid: str, at: float) -> Rows:
    """A column as the manager reads it from the first OLT."""
    operation = Walk(Table([encode_oid(oid)]))
    transaction = Transaction(CommunitySession("2c", b"public", 1), operation)
    octets = transaction.start(0.0)
    while not transaction.done:
        assert octets is not None
        (reply,) = agents.answer(octets, agents.addresses[0], at)
        octets = transaction.receive(reply.octets, 0.0)
    assert transaction.error is None
    found: Rows = {}
    for index, (element,) in operation.table.rows.items():
        assert element is not None
        value = decode_value(element).value
        found[decode_index(index)] = value.decode("latin-1") if isinstance(value, bytes) else value
    return found


def place_of(vendor: Vendor, index: tuple[int, ...], descriptions: Rows) -> str:
    """The position of an ONT by the vendor's index, from pon_traps section 4."""
    match vendor:
        case "huawei":
            return f"{index[0] >> 19 & 63}/{index[0] >> 13 & 63}/{index[0] >> 8 & 31}/{index[1]}"
        case "zte":
            return f"1/{index[0] >> 16 & 255}/{index[0] >> 8 & 255}/{index[1]}"
        case "calix_e7":
            return f"ont{index[0]}"
        case "bdcom":
            return str(descriptions[index]).removeprefix("GPON").replace(":", "/")
        case "vsol":
            return f"{index[0]}/{index[1]}"


FAULTS: list[tuple[Kind, str]] = [
    ("distribution_cut", "s1.2"),
    ("ont_power", "ont"),
    ("card_failure", "card"),
    ("bend", "s1.2"),
]


@pytest.mark.parametrize("vendor", MAKERS)
@pytest.mark.parametrize(("kind", "where"), FAULTS)
def test_states_and_light_are_those_of_the_physics(vendor: Vendor, kind: Kind, where: str) -> None:
    plant = build_plant(PlantSpec(olts=1, cards_per_olt=2, pons_per_card=2, onts_per_pon=8, vendors=(vendor,)))
    pon = next(iter(plant.pons.values()))
    target = {"s1.2": f"{pon.id}/s1.2", "ont": pon.onts[3], "card": pon.card}[where]
    agents = agents_of(vendor, kind, target)
    view = agents.view("olt-001", 30.0)
    heard = {position(ont): view.simulation.physics.heard(ont) for ont in plant.onts}
    assert all(heard.values()) == (kind == "bend")
    descriptions = walk(agents, IF_DESCR, 30.0)
    states = {place_of(vendor, index, descriptions): state for index, state in walk(agents, STATE[vendor], 30.0).items()}
    assert {place: state == UP[vendor] for place, state in states.items()} == heard
    column, scaled = RX[vendor]
    for index, raw in walk(agents, column, 30.0).items():
        place = place_of(vendor, index, descriptions)
        dbm = scaled(raw)
        assert (dbm is not None) == heard[place]
        if dbm is not None:
            assert dbm == pytest.approx(view.simulation.optics.level(f"olt-001/{place}"), abs=0.36)
    later = {place_of(vendor, index, descriptions): state for index, state in walk(agents, STATE[vendor], 120.0).items()}
    assert set(later.values()) == {UP[vendor]}


@pytest.mark.parametrize("vendor", MAKERS)
def test_interfaces(vendor: Vendor) -> None:
    agents = agents_of(vendor, "uplink_down", "olt-001")
    names = walk(agents, IF_NAME, 5.0)
    assert len(names) == len(set(names.values())) == (38 if vendor == "bdcom" else 6)
    assert set(walk(agents, IF_OPER, 5.0).values()) == {1}
    down = {names[index] for index, state in walk(agents, IF_OPER, 30.0).items() if state == 2}
    assert down == {
        {"huawei": "ethernet0/9/0", "zte": "xgei_1/19/1", "calix_e7": "1/1/x1", "bdcom": "TGigaEthernet0/1", "vsol": "GE1"}[
            vendor
        ]
    }
    assert set(walk(agents, IF_OPER, 80.0).values()) == {1}


@pytest.mark.parametrize("vendor", MAKERS)
def test_an_olt_without_power_is_silent_and_has_started_again_when_it_is_back(vendor: Vendor) -> None:
    agents = agents_of(vendor, "olt_power", "olt-001")
    uptime, boots = "1.3.6.1.2.1.1.3", "1.3.6.1.6.3.10.2.1.2"
    before = walk(agents, uptime, 9.0)[0,], walk(agents, boots, 9.0)[0,]
    request = Transaction(CommunitySession("2c", b"public", 1), Walk(Table([encode_oid(uptime)]))).start(0.0)
    assert request is not None
    assert agents.answer(request, agents.addresses[0], 30.0) == []
    after = walk(agents, uptime, 85.0)[0,], walk(agents, boots, 85.0)[0,]
    assert int(after[0]) < 2_500 < int(before[0])
    assert after[1] == int(before[1]) + 1
    octets = walk(agents, "1.3.6.1.2.1.31.1.1.1.6", 85.0)
    assert 0 < max(int(each) for each in octets.values()) < 25 * 10**9 // 8


def test_an_olt_that_cannot_be_reached_is_silent_and_has_not_started_again() -> None:
    agents = agents_of("huawei", "olt_unreachable", "olt-001")
    request = Transaction(CommunitySession("2c", b"public", 1), Walk(Table([encode_oid("1.3.6.1.2.1.1.3")]))).start(0.0)
    assert request is not None
    assert agents.answer(request, agents.addresses[0], 30.0) == []
    assert int(walk(agents, "1.3.6.1.2.1.1.3", 85.0)[0,]) > 8_640_000


@pytest.mark.parametrize("vendor", MAKERS)
def test_the_topology_has_the_index_of_each_interface_that_is_a_port_or_an_ont(vendor: Vendor) -> None:
    """Else a poller takes them for interfaces beside what they are."""
    agents = agents_of(vendor, "uplink_down", "olt-001")
    plant = build_plant(PlantSpec(olts=1, cards_per_olt=2, pons_per_card=2, onts_per_pon=8, vendors=(vendor,)))
    known = {node.index: node.id for node in topology_nodes(plant, "lab")}
    for interface in agents.view("olt-001", 1.0).interfaces:
        if not interface.resource.startswith("uplink/"):
            assert known[str(interface.index)] == interface.resource
    assert [node.credentials for node in topology_nodes(plant, "lab") if node.credentials] == ["lab"]

"""Huawei MA5800: the tables of HUAWEI-XPON-MIB and HUAWEI-DEVICE-MIB. ONTs by ifIndex of the port and ONT number."""

from collections.abc import Callable, Iterator
from datetime import datetime

from faultd.simulator.agents.agent_view import AgentView, OltInterface
from faultd.simulator.agents.cells import ETHERNET, GPON, customer, gpon_serial, numbers, text
from faultd.simulator.vendors import huawei
from faultd.simulator.watch import Lost
from protocols.snmp import ber
from protocols.snmp.agent.object_tree import ObjectType, RowIndexes

MODEL = "Huawei Integrated Access Software"
ENTERPRISE = "1.3.6.1.4.1.2011"
_PON = "1.3.6.1.4.1.2011.6.128.1.1.2"
_SLOT = "1.3.6.1.4.1.2011.6.3.3.2.1"
INVALID = 2**31 - 1
"""The value of a measurement that there is not."""
OPTICS_COLUMNS = 6
_CAUSES: dict[Lost, int] = {"": -1, "ont_los": 1, "ont_lof": 3, "ont_dying_gasp": 13}
_NORMAL, _OFFLINE = 2, 7


def interfaces(view: AgentView) -> Iterator[OltInterface]:
    """The uplinks of the control board, and the PON ports."""
    yield OltInterface(huawei.UPLINK, "ethernet0/9/0", ETHERNET, 10_000, "uplink/1")
    yield OltInterface(huawei.UPLINK | 1 << 6, "ethernet0/9/1", ETHERNET, 10_000, "uplink/2")
    for pon in view.pons:
        frame, slot, port = numbers(pon)
        yield OltInterface(huawei.if_index(frame, slot, port), f"GPON {frame}/{slot}/{port}", GPON, 2_488, pon)


def objects(view: AgentView) -> Iterator[ObjectType[AgentView]]:
    """The objects of an OLT like ``view``."""
    slots = RowIndexes(numbers(card) for card in view.cards)
    ports = RowIndexes((_port_index(pon),) for pon in view.pons)
    onts = RowIndexes((_port_index(view.plant.onts[ont].pon), view.plant.onts[ont].number) for ont in view.onts)
    for column, read in _SLOT_COLUMNS.items():
        yield ObjectType(column, read, slots)
    for column, read in _PORT_COLUMNS.items():
        yield ObjectType(column, read, ports)
    for column, read in _ONT_COLUMNS.items():
        yield ObjectType(column, read, onts)


def _port_index(pon: str) -> int:
    frame, slot, port = numbers(pon)
    return huawei.if_index(frame, slot, port)


def _date(view: AgentView, second: float | None) -> bytes:
    """DateAndTime of eight octets; zeros where it never happened."""
    if second is None:
        return text(bytes(8))
    clock: datetime = view.agent.clock(second)
    rest = (clock.month, clock.day, clock.hour, clock.minute, clock.second, clock.microsecond // 100_000)
    return text(clock.year.to_bytes(2, "big") + bytes(rest))


def _hundredths(dbm: float | None, offset: int = 0) -> bytes:
    return ber.integer(INVALID if dbm is None else offset + round(dbm * 100))


def _optics(value: int) -> Callable[[AgentView, int], bytes]:
    return lambda view, row: ber.integer(value if view.read_optics(row) else INVALID)


_SLOT_COLUMNS: dict[str, Callable[[AgentView, int], bytes]] = {
    f"{_SLOT}.8": lambda view, row: ber.integer(_NORMAL if view.card_up(view.cards[row]) else _OFFLINE),
    f"{_SLOT}.13": lambda view, row: ber.integer(
        view.temperature(view.cards[row]) if view.card_up(view.cards[row]) else INVALID
    ),
}
_PORT_COLUMNS: dict[str, Callable[[AgentView, int], bytes]] = {
    f"{_PON}.21.1.10": lambda view, row: ber.integer(1 if view.pon_up(view.pons[row]) else 2),
    f"{_PON}.23.1.4": lambda view, row: ber.integer(420 if view.card_up(view.plant.pons[view.pons[row]].card) else INVALID),
}
_ONT_COLUMNS: dict[str, Callable[[AgentView, int], bytes]] = {
    f"{_PON}.43.1.3": gpon_serial,
    f"{_PON}.43.1.9": customer,
    f"{_PON}.46.1.15": lambda view, row: ber.integer(1 if view.ont_up(row) else 2),
    f"{_PON}.46.1.20": lambda view, row: ber.integer(view.metres(row) if view.ont_up(row) else -1),
    f"{_PON}.46.1.22": lambda view, row: _date(view, view.ont(row).back),
    f"{_PON}.46.1.23": lambda view, row: _date(view, view.ont(row).lost),
    f"{_PON}.46.1.24": lambda view, row: ber.integer(_CAUSES[view.ont(row).cause]),
    f"{_PON}.46.1.25": lambda view, row: _date(view, view.ont(row).gasped),
    f"{_PON}.51.1.1": _optics(41),
    f"{_PON}.51.1.2": _optics(12),
    f"{_PON}.51.1.3": _optics(225),
    f"{_PON}.51.1.4": lambda view, row: _hundredths(view.ont_dbm(row)),
    f"{_PON}.51.1.5": _optics(3_300),
    f"{_PON}.51.1.6": lambda view, row: _hundredths(view.olt_dbm(row), 10_000),
}

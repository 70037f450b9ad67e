"""ZTE C300: the tables of ZXGPON-SERVICE-MIB and ZTE-AN-EQUIP-MIB. ONTs by ifIndex of the port and ONU number."""

from collections.abc import Callable, Iterator

from faultd.simulator.agents.agent_view import AgentView, OltInterface
from faultd.simulator.agents.cells import ETHERNET, GPON, customer, gpon_serial, numbers, text
from faultd.simulator.agents.standard_tables import scalar
from faultd.simulator.vendors import zte
from faultd.simulator.watch import Lost
from protocols.snmp import ber
from protocols.snmp.agent.object_tree import ObjectType, RowIndexes

MODEL = "ZTE ZXA10 C300"
ENTERPRISE = "1.3.6.1.4.1.3902"
_PON = "1.3.6.1.4.1.3902.1012.3"
_AN = "1.3.6.1.4.1.3902.1015"
_CARD = f"{_AN}.2.1.1.3.1"
OPTICS_COLUMNS = 2
_WORKING = 3
_PHASES: dict[Lost, int] = {"": 6, "ont_los": 1, "ont_lof": 6, "ont_dying_gasp": 4}
"""zxGponOntPhaseState of an ONT that was lost for this; offline(6) where the MIB has no word for it."""
_NO_ONT_POWER, _NO_OLT_POWER = 65_535, -80_000
_IN_SERVICE, _OFFLINE = 1, 4
_ENABLE, _DISABLE = 1, 2


def interfaces(view: AgentView) -> Iterator[OltInterface]:
    """The uplinks of slot 19, and the PON ports."""
    ports = [OltInterface(_port(pon), "gpon_{}/{}/{}".format(*numbers(pon)), GPON, 2_488, pon) for pon in view.pons]
    uplinks = [
        OltInterface(zte.UPLINK + (number << 8), f"xgei_1/19/{number + 1}", ETHERNET, 10_000, f"uplink/{number + 1}")
        for number in (0, 1)
    ]
    yield from sorted(ports + uplinks, key=lambda each: each.index)


def objects(view: AgentView) -> Iterator[ObjectType[AgentView]]:
    """The objects of an OLT like ``view``."""
    cards = RowIndexes((1, *numbers(card)) for card in view.cards)
    ports = RowIndexes((_port(pon),) for pon in view.pons)
    places = [(_port(view.plant.onts[ont].pon), view.plant.onts[ont].number) for ont in view.onts]
    onts, receivers = RowIndexes(places), RowIndexes((*place, 1) for place in places)
    for column, read in _CARD_COLUMNS.items():
        yield ObjectType(column, read, cards)
    for column, read in _PORT_COLUMNS.items():
        yield ObjectType(column, read, ports)
    for column, read in _ONT_COLUMNS.items():
        yield ObjectType(column, read, onts)
    yield ObjectType(f"{_PON}.50.12.1.1.10", _ont_power, receivers)
    yield scalar(f"{_AN}.2.1.3.2.0", lambda view: ber.integer(view.temperature(view.cards[0])))


def _port(pon: str) -> int:
    _, slot, port = numbers(pon)
    return zte.if_index(slot, port)


def _ont_power(view: AgentView, row: int) -> bytes:
    """Steps of 0.002 dB from -30 dBm, as two's complement of 16 bits."""
    dbm = view.ont_dbm(row)
    return ber.integer(_NO_ONT_POWER if dbm is None else round((dbm + 30) / 0.002) & 0xFFFF)


def _olt_power(view: AgentView, row: int) -> bytes:
    """Thousandths of a dBm."""
    dbm = view.olt_dbm(row)
    return ber.integer(_NO_OLT_POWER if dbm is None else round(dbm * 1000))


def _received(view: AgentView, row: int) -> int:
    """ONTs that work on a port."""
    onts = view.plant.pons[view.pons[row]].onts
    first = view.ont_rows[onts[0]]
    return sum(view.ont_up(each) for each in range(first, first + len(onts)))


_CARD_COLUMNS: dict[str, Callable[[AgentView, int], bytes]] = {
    f"{_CARD}.4": lambda _view, _row: text("GTGH"),
    f"{_CARD}.5": lambda view, row: ber.integer(_IN_SERVICE if view.card_up(view.cards[row]) else _OFFLINE),
    f"{_CARD}.9": lambda view, row: ber.integer(view.cpu(view.cards[row])),
    f"{_CARD}.11": lambda view, row: ber.integer(30 + view.cpu(view.cards[row]) // 2),
}
_PORT_COLUMNS: dict[str, Callable[[AgentView, int], bytes]] = {
    f"{_PON}.13.1.1.11": lambda view, row: ber.integer(_ENABLE if view.pon_up(view.pons[row]) else _DISABLE),
    f"{_PON}.13.1.1.13": lambda view, row: ber.integer(_received(view, row)),
    f"{_AN}.3.1.13.1.12": lambda view, row: ber.integer(1000 * view.temperature(view.plant.pons[view.pons[row]].card)),
}
_ONT_COLUMNS: dict[str, Callable[[AgentView, int], bytes]] = {
    f"{_PON}.28.1.1.1": lambda view, row: text(view.plant.onts[view.onts[row]].model),
    f"{_PON}.28.1.1.2": customer,
    f"{_PON}.28.1.1.5": gpon_serial,
    f"{_PON}.28.2.1.4": lambda view, row: ber.integer(_WORKING if view.ont_up(row) else _PHASES[view.ont(row).cause]),
    f"{_PON}.11.4.1.2": lambda view, row: ber.integer(view.metres(row) if view.ont_up(row) else -1),
    f"{_AN}.1010.11.2.1.2": _olt_power,
}

"""Calix E7: the tables of E7-Calix-MIB. ONTs by one number over the whole node, PON ports by shelf, slot and port."""

from collections.abc import Iterator

from faultd.simulator.agents.agent_view import AgentView, OltInterface
from faultd.simulator.agents.cells import ETHERNET, GPON, numbers
from faultd.simulator.vendors import calix_e7
from protocols.snmp import ber
from protocols.snmp.agent.object_tree import ObjectType, RowIndexes

MODEL = "Calix E7"
ENTERPRISE = "1.3.6.1.4.1.6321"
_E7 = "1.3.6.1.4.1.6321.1.2.2.2.1"
OPTICS_COLUMNS = 1
_ENABLED, _SYSTEM_DISABLED = 1, 3
_LINK_UP, _LINK_DOWN = 1, 2


def interfaces(view: AgentView) -> Iterator[OltInterface]:
    """The uplinks, and the PON ports; their ifIndex is arbitrary."""
    for number in (0, 1):
        yield OltInterface(calix_e7.UPLINK + number, f"1/{number + 1}/x1", ETHERNET, 10_000, f"uplink/{number + 1}")
    for pon in view.pons:
        shelf, slot, port = numbers(pon)
        yield OltInterface(calix_e7.if_index(slot, port), f"{shelf}/{slot}/gp{port}", GPON, 2_488, pon)


def objects(view: AgentView) -> Iterator[ObjectType[AgentView]]:
    """The objects of an OLT like ``view``."""
    ports = RowIndexes(numbers(pon) for pon in view.pons)
    onts = RowIndexes((view.plant.onts[ont].number,) for ont in view.onts)
    yield ObjectType(f"{_E7}.6.2.1.4", _port_status, ports)
    yield ObjectType(f"{_E7}.10.1.1.4", _ont_status, onts)
    yield ObjectType(f"{_E7}.10.1.1.6", _ont_power, onts)


def _port_status(view: AgentView, row: int) -> bytes:
    return ber.integer(_LINK_UP if view.pon_up(view.pons[row]) else _LINK_DOWN)


def _ont_status(view: AgentView, row: int) -> bytes:
    return ber.integer(_ENABLED if view.ont_up(row) else _SYSTEM_DISABLED)


def _ont_power(view: AgentView, row: int) -> bytes:
    """Steps of 0.002 dBm; 0 for an ONT that is not in service."""
    dbm = view.ont_dbm(row)
    return ber.integer(0 if dbm is None else round(dbm / 0.002))

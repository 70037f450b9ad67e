"""BDCOM GP3600: the tables of NMS-GPON-MIB. ONTs by their ifIndex; ifDescr alone says where one is (``GPON0/3:12``)."""

from collections.abc import Iterator

from faultd.simulator.agents.agent_view import AgentView, OltInterface
from faultd.simulator.agents.cells import ETHERNET, GPON, gpon_serial, numbers
from faultd.simulator.vendors import bdcom
from faultd.simulator.watch import Lost
from protocols.snmp import ber
from protocols.snmp.agent.object_tree import ObjectType, RowIndexes

MODEL = "BDCOM GP3600"
ENTERPRISE = "1.3.6.1.4.1.3320"
_GPON = "1.3.6.1.4.1.3320.10.3"
OPTICS_COLUMNS = 1
_ACTIVE, _OFF_LINE = 3, 0
_REASONS: dict[Lost, int] = {"": 5, "ont_los": 6, "ont_lof": 8, "ont_dying_gasp": 1}
"""onuDeActiveReason: unknown(5), pon-los(6), wire-down(8), dying-gasp(1)."""
_NONE = 0


def interfaces(view: AgentView) -> Iterator[OltInterface]:
    """The uplinks, the PON ports, and each ONT."""
    for number in (0, 1):
        yield OltInterface(bdcom.UPLINK + number, f"TGigaEthernet0/{number + 1}", ETHERNET, 10_000, f"uplink/{number + 1}")
    for pon in view.pons:
        slot, port = numbers(pon)
        yield OltInterface(bdcom.if_index(slot, port, 0), f"GPON{slot}/{port}", GPON, 2_488, pon)
        for ont in view.plant.pons[pon].onts:
            number = view.plant.onts[ont].number
            yield OltInterface(bdcom.if_index(slot, port, number), f"GPON{slot}/{port}:{number}", GPON, 1_244, ont)


def objects(view: AgentView) -> Iterator[ObjectType[AgentView]]:
    """The objects of an OLT like ``view``."""
    onts = RowIndexes((bdcom.if_index(*numbers(ont)),) for ont in view.onts)
    yield ObjectType(f"{_GPON}.1.1.4", gpon_serial, onts)
    yield ObjectType(f"{_GPON}.1.1.35", _reason, onts)
    yield ObjectType(f"{_GPON}.3.1.4", _status, onts)
    yield ObjectType(f"{_GPON}.4.1.2", _ont_power, onts)


def _status(view: AgentView, row: int) -> bytes:
    return ber.integer(_ACTIVE if view.ont_up(row) else _OFF_LINE)


def _reason(view: AgentView, row: int) -> bytes:
    ont = view.ont(row)
    return ber.integer(_NONE if ont.lost is None else _REASONS[ont.cause])


def _ont_power(view: AgentView, row: int) -> bytes:
    """Tenths of a dBm; 0 for an ONT that is not in service."""
    dbm = view.ont_dbm(row)
    return ber.integer(0 if dbm is None else round(dbm * 10))

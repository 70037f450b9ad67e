"""VSOL V1600G: the tables of V1600G's ONTs, by PON port and ONT number."""

from collections.abc import Iterator

from faultd.simulator.agents.agent_view import AgentView, OltInterface
from faultd.simulator.agents.cells import ETHERNET, GPON, numbers, text
from faultd.simulator.vendors import vsol
from faultd.simulator.watch import Lost
from protocols.snmp import ber
from protocols.snmp.agent.object_tree import ObjectType, RowIndexes

MODEL = "VSOL V1600G"
ENTERPRISE = "1.3.6.1.4.1.37950"
_ONU = "1.3.6.1.4.1.37950.1.1.6.1.1"
OPTICS_COLUMNS = 1
_WORKING = 3
_PHASES: dict[Lost, int] = {"": 6, "ont_los": 1, "ont_lof": 6, "ont_dying_gasp": 4}
"""gOnuStaInfoPhaseSta of an ONT that was lost for this; offline(6) where the MIB has no word for it."""


def interfaces(view: AgentView) -> Iterator[OltInterface]:
    """The uplinks, and the PON ports."""
    for number in (0, 1):
        yield OltInterface(vsol.UPLINK + number, f"GE{number + 1}", ETHERNET, 10_000, f"uplink/{number + 1}")
    for pon in view.pons:
        (port,) = numbers(pon)
        yield OltInterface(vsol.if_index(port), f"PON{port}", GPON, 2_488, pon)


def objects(view: AgentView) -> Iterator[ObjectType[AgentView]]:
    """The objects of an OLT like ``view``."""
    onts = RowIndexes(numbers(ont) for ont in view.onts)
    yield ObjectType(f"{_ONU}.1.1.5", _phase, onts)
    yield ObjectType(f"{_ONU}.3.1.7", _ont_power, onts)


def _phase(view: AgentView, row: int) -> bytes:
    return ber.integer(_WORKING if view.ont_up(row) else _PHASES[view.ont(row).cause])


def _ont_power(view: AgentView, row: int) -> bytes:
    """A text in dBm; empty for an ONT that is not in service."""
    dbm = view.ont_dbm(row)
    return text("" if dbm is None else f"{dbm:.2f}")

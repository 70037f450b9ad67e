"""Cells of the vendors' tables: values as elements, and the numbers of a place."""

from faultd.simulator.agents.agent_view import AgentView
from protocols.snmp import ber

ETHERNET, GPON = 6, 250
"""ifType (IANA)."""


def text(value: str | bytes) -> bytes:
    """An OCTET STRING."""
    return ber.element(ber.OCTET_STRING, value.encode() if isinstance(value, str) else value)


def numbers(resource: str) -> tuple[int, ...]:
    """The numbers of a place behind the device: shelf, slot, port, ONT."""
    return tuple(int(part) for part in resource.split("/")[1:])


def gpon_serial(view: AgentView, row: int) -> bytes:
    """The serial of an ONT in eight octets: four letters of the vendor and four octets (G.984.3)."""
    serial = view.plant.onts[view.onts[row]].serial
    return text(serial[:4].encode() + bytes.fromhex(serial[4:]))


def customer(view: AgentView, row: int) -> bytes:
    """The description of an ONT: its customer."""
    return text(view.plant.onts[view.onts[row]].customer_id)

"""A trap as PostgreSQL and REST have it, readable, back as a trap: ``actors.store.encode.trap`` writes what this reads."""

from datetime import datetime
from typing import Any, Final

from protocols.event import Trap
from protocols.snmp.notification import Notification, VarBind

_OCTETS: Final = frozenset({"OCTET STRING", "Opaque", "NsapAddress", "undecoded"})
"""Types whose value is hexadecimal there. So is that of an INTEGER wider than 64 bits, which is a text then."""


def trap_of(found: dict[str, Any], at: datetime) -> Trap:
    """The trap received ``at``. Its community is masked, and the octets of the datagram are left out. Raises KeyError,
    TypeError or ValueError for what no trap was written as."""
    notification = dict(found["notification"])
    varbinds = tuple(_varbind(each) for each in notification.pop("varbinds"))
    irregular = tuple(notification.pop("irregular", ()))
    return Trap(
        source=found["source"],
        received=at,
        notification=Notification(**notification, varbinds=varbinds, irregular=irregular),
    )


def _varbind(found: dict[str, Any]) -> VarBind:
    value, kind = found["value"], found["type"]
    octets = isinstance(value, str) and (kind in _OCTETS or kind == "INTEGER")
    return VarBind(found["oid"], kind, bytes.fromhex(value) if octets else value)

"""An OLT's observations, before they are put into a vendor's form."""

from datetime import datetime
from typing import Literal

from msgspec import Struct

from protocols.snmp.notification import VarBind

What = Literal[
    "pon_los",
    "ont_los",
    "ont_lof",
    "ont_dowi",
    "ont_dfi",
    "ont_dying_gasp",
    "ont_state",
    "ont_registered",
    "ont_rx_low",
    "ont_degraded",
    "ont_rogue",
    "pon_rogue",
    "card",
    "card_reset",
    "card_port",
    "port_shutdown",
    "olt_power_off",
    "cold_start",
    "uplink",
    "uni",
    "login",
    "config",
    "heartbeat",
]


class Observation(Struct, frozen=True):
    """One observation of the OLT. ``raised`` is True at its beginning and False at its end; events leave it True.
    ``ont_registered`` is an end without a beginning: the only sign of return that some OLTs give.

    ``affected`` and ``gasped`` belong to pon_los: the number of ONTs that were in service, and how many of them sent a dying
    gasp; -1 when the OLT does not know. ``level`` belongs to ont_rx_low: dBm received by the ONT.
    """

    what: What
    resource: str
    raised: bool = True
    affected: int = -1
    gasped: int = -1
    level: float = 0.0


class DeviceTime(Struct, frozen=True):
    """The device's own view of now: its clock (UTC), its trap sequence number and its event number."""

    clock: datetime
    sequence: int


class VendorNotification(Struct, frozen=True):
    """One notification in a vendor's words, not yet in an SNMP version. ``community_suffix`` is ZTE's decoration."""

    oid: str
    varbinds: tuple[VarBind, ...] = ()
    community_suffix: str = ""


def integer(oid: str, value: int) -> VarBind:
    return VarBind(oid, "INTEGER", value)


def text(oid: str, value: str | bytes) -> VarBind:
    return VarBind(oid, "OCTET STRING", value.encode() if isinstance(value, str) else value)

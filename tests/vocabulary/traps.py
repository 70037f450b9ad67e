"""Traps as the listener decodes them."""

from collections.abc import Iterable
from datetime import datetime
from typing import Any

from protocols.event import Trap
from protocols.snmp.notification import Notification, VarBind
from vocabulary.world import START

LINK_DOWN, LINK_UP, COLD_START = (f"1.3.6.1.6.3.1.1.5.{number}" for number in (3, 4, 1))


def make_notification(oid: str, varbinds: Iterable[VarBind] = (), *, uptime: int | None = 1, **fields: Any) -> Notification:
    """A v2c trap; any field may be given."""
    given: dict[str, Any] = {
        "version": "2c",
        "kind": "trap",
        "security": "public",
        "trap_oid": oid,
        "uptime": uptime,
        "varbinds": tuple(varbinds),
    }
    return Notification(**given | fields)


def make_trap(
    oid: str,
    varbinds: Iterable[VarBind] = (),
    *,
    source: str = "10.0.0.1",
    at: datetime = START,
    inform_key: str = "",
    **fields: Any,
) -> Trap:
    """The Event of such a notification from ``source``, received ``at``. With an ``inform_key`` it is an INFORM."""
    if inform_key:
        fields = {"kind": "inform"} | fields
    return Trap(source, at, make_notification(oid, varbinds, **fields), inform_key)

"""Traps as four makers send them, from their MIBs alone. Nothing here is shared with faultd's simulator.

A report is one of: ``los`` (of an ONT), ``gasp`` (it lost its power), ``state`` (registered or not), ``pon_los`` (of a port),
``card``, ``shut`` (a port by an operator), ``start`` (of the OLT). ``up`` True ends what it began.
"""

from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Literal, NamedTuple

from protocols.snmp.notification import VarBind

What = Literal["los", "gasp", "state", "pon_los", "card", "shut", "start"]
Maker = Literal["huawei", "zte", "bdcom", "vsol"]
IF = "1.3.6.1.2.1.2.2.1"
STANDARD = "1.3.6.1.6.3.1.1.5"


class Place(NamedTuple):
    """0 where it does not apply."""

    slot: int = 0
    port: int = 0
    ont: int = 0


class Draft(NamedTuple):
    oid: str
    varbinds: tuple[VarBind, ...] = ()


Dialect = Callable[[What, bool, Place, datetime], Draft | None]


def number(oid: str, value: int) -> VarBind:
    return VarBind(oid, "INTEGER", value)


def words(oid: str, value: str) -> VarBind:
    return VarBind(oid, "OCTET STRING", value.encode())


def _signed(index: int) -> int:
    return index - (1 << 32) if index >= 1 << 31 else index


def _link(index: int, up: bool, admin_up: bool) -> Draft:
    """linkUp, linkDown (RFC 2863) with the two states of the interface."""
    return Draft(
        f"{STANDARD}.{4 if up else 3}",
        (
            number(f"{IF}.1.{index}", _signed(index)),
            number(f"{IF}.7.{index}", 1 if admin_up else 2),
            number(f"{IF}.8.{index}", 1 if up else 2),
        ),
    )


def huawei(what: What, up: bool, place: Place, at: datetime) -> Draft | None:
    """HUAWEI-XPON-TRAP-MIB, HUAWEI-DEVICE-MIB: raise and clear are two notifications, the place is in varbinds."""
    xpon, device = "1.3.6.1.4.1.2011.6.128.1.1", "1.3.6.1.4.1.2011.6.3"
    slot, port, ont = place
    index = 125 << 25 | slot << 13 | port << 8
    card = (number(f"{device}.3.1.1.1.0", 0), number(f"{device}.3.2.1.1.0.{slot}", slot))
    pon = (*card, number(f"{device}.3.4.1.1.0.{slot}.{port}", port))
    match what:
        case "los":
            return Draft(f"{xpon}.12.2.2.0.{13 if up else 12}", (*pon, number(f"{xpon}.2.43.1.1.{index}.{ont}", ont)))
        case "gasp":
            return Draft(f"{xpon}.12.2.2.0.{19 if up else 18}", (*pon, number(f"{xpon}.2.43.1.1.{index}.{ont}", ont)))
        case "pon_los":
            return Draft(f"{xpon}.12.2.1.0.{109 if up else 108}", pon)
        case "card":
            return Draft(f"{device}.8.3.3.0.{4 if up else 3}", (*card, words(f"{device}.3.2.1.21.0.{slot}", "H901GPHF")))
        case "state":
            where = (number(f"{IF}.1.{index}", _signed(index)), number(f"{xpon}.2.41.1.1.{index}.{ont}", ont))
            head = (number("1.3.6.1.4.1.2011.6.158.50.3.0", 0), number(f"{xpon}.11.502.0", 2))
            return Draft(f"{xpon}.12.3.0.100", (*head, *where, number(f"{xpon}.11.510.0", 1 if up else 2)))
        case "shut":
            return _link(index, up, up)
        case "start":
            return Draft(f"{STANDARD}.1")


def zte(what: What, up: bool, place: Place, at: datetime) -> Draft | None:
    """ZXGPON-SERVICE-MIB, ZTE-AN-EQUIP-MIB of the C300: ifIndex packs slot and port."""
    service, card = "1.3.6.1.4.1.3902.1012.3.45", "1.3.6.1.4.1.3902.1015.2.1.1.3.1"
    slot, port, ont = place
    index = 0x10000000 | slot << 16 | port << 8
    pon = (number(f"{IF}.1.{index}", index),)
    onu = (*pon, words(f"1.3.6.1.4.1.3902.1012.3.28.1.1.2.{index}.{ont}", f"n{ont}"))
    match what:
        case "los":
            return Draft(f"{service}.{102 if up else 101}", onu)
        case "gasp":
            return Draft(f"{service}.{124 if up else 123}", onu)
        case "state":
            return Draft(f"{service}.{165 if up else 166}", onu)
        case "pon_los":
            return Draft(f"{service}.{162 if up else 161}", pon)
        case "card":
            row = f"1.1.{slot}"
            of = (number(f"{card}.2.{row}", 1), words(f"{card}.4.{row}", "GTGH"), number(f"{card}.5.{row}", 1 if up else 4))
            return Draft(f"1.3.6.1.4.1.3902.1015.2.2.2.{18 if up else 17}", of)
        case "shut":
            return _link(index, up, up)
        case "start":
            return Draft(f"{STANDARD}.1")


def bdcom(what: What, up: bool, place: Place, at: datetime) -> Draft | None:
    """NMS-GPON-MIB: one notification with a state; nothing of ports or cards; registration is the only sign of a return."""
    gpon = "1.3.6.1.4.1.3320.10.3"
    slot, port, ont = place
    index = 1000 + port * 256 + ont
    onu = (
        number(f"{IF}.1.{index}", index),
        words(f"{IF}.2.{index}", f"GPON{slot}/{port}:{ont}"),
        words(f"{gpon}.1.1.4.{index}", f"BDCM{ont:08X}"),
    )
    match what:
        case "los" if not up:
            return Draft(f"{gpon}.7.2", (*onu, number(f"{gpon}.7.1.0", 8)))
        case "gasp":
            return Draft(f"{gpon}.8.2", (*onu, number(f"{gpon}.8.1.0", 2 if up else 1)))
        case "state":
            return Draft(f"{gpon}.7.2", (*onu, number(f"{gpon}.7.1.0", 2 if up else 3)))
        case "shut":
            return _link(10 + port, up, up)
        case "start":
            return Draft(f"{STANDARD}.1")
    return None


VSOL_CODES: Mapping[tuple[What, bool], tuple[int, int]] = {
    ("los", False): (24, 1),
    ("los", True): (47, 0),
    ("gasp", False): (30, 2),
    ("state", False): (23, 1),
    ("state", True): (46, 2),
    ("pon_los", False): (22, 1),
    ("pon_los", True): (45, 0),
    ("shut", False): (13, 1),
    ("shut", True): (44, 0),
}
"""The last arc of the event, and its class: 0 clear, 1 raised, 2 neither."""


def vsol(what: What, up: bool, place: Place, at: datetime) -> Draft | None:
    """V1600D: one notification for everything, the event is an OID, the place is text."""
    trap = "1.3.6.1.4.1.37950.1.1.5.10.13"
    found = VSOL_CODES.get((what, up))
    if found is None:
        return None
    code, kind = found
    return Draft(
        f"{trap}.6.1",
        (
            words(f"{trap}.2.1.0", ""),
            words(f"{trap}.2.2.0", f"EPON0/{place.port}"),
            words(f"{trap}.2.3.0", str(place.ont) if place.ont else ""),
            VarBind(f"{trap}.2.5.0", "OBJECT IDENTIFIER", f"{trap}.3.{code}"),
            number(f"{trap}.2.6.0", kind),
            words(f"{trap}.2.8.0", f"{at:%Y-%m-%d %H:%M:%S}"),
            number(f"{trap}.2.9.0", 4),
        ),
    )


DIALECTS: Mapping[Maker, Dialect] = {"huawei": huawei, "zte": zte, "bdcom": bdcom, "vsol": vsol}
"""What each says of a report; None: nothing."""
PORTS: Mapping[Maker, str] = {
    "huawei": "0/{slot}/{port}",
    "zte": "1/{slot}/{port}",
    "bdcom": "{slot}/{port}",
    "vsol": "{slot}/{port}",
}
CARDS: Mapping[Maker, str] = {"huawei": "0/{slot}", "zte": "1/{slot}", "bdcom": "{slot}", "vsol": "{slot}"}
SAYS_STATE: frozenset[Maker] = frozenset(("huawei", "bdcom"))
"""Makers whose OLT reports each loss of registration beside the loss of signal."""
SAYS_PORT: frozenset[Maker] = frozenset(("huawei", "zte", "vsol"))
SAYS_CARD: tuple[Maker, ...] = ("huawei", "zte")

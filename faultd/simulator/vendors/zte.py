"""ZTE C300: ZXGPON-SERVICE-MIB and ZTE-AN-EQUIP-MIB. Event number, severity and time ride in the community."""

from faultd.simulator.plant import SimulatedPlant
from faultd.simulator.report import DeviceTime, Observation, VendorNotification, integer, text
from faultd.simulator.vendors import standard
from protocols.snmp.notification import VarBind

_SERVICE = "1.3.6.1.4.1.3902.1012.3.45"
_ONT = "1.3.6.1.4.1.3902.1012.3.28.1.1"
_CARD = "1.3.6.1.4.1.3902.1015.2.1.1.3.1"
ONT_LOSI = (f"{_SERVICE}.101", f"{_SERVICE}.102")
ONT_LOFI = (f"{_SERVICE}.103", f"{_SERVICE}.104")
ONT_DOWI = (f"{_SERVICE}.105", f"{_SERVICE}.106")
ONT_DFI = (f"{_SERVICE}.119", f"{_SERVICE}.120")
ONT_DYING_GASP = (f"{_SERVICE}.123", f"{_SERVICE}.124")
ONT_REGISTER = f"{_SERVICE}.165"
ONT_SD = (f"{_SERVICE}.109", f"{_SERVICE}.110")
ONT_CONSTANT_OPTICAL = (f"{_SERVICE}.184", f"{_SERVICE}.185")
PON_LOS = (f"{_SERVICE}.161", f"{_SERVICE}.162")
CARD_OFFLINE = ("1.3.6.1.4.1.3902.1015.2.2.2.17", "1.3.6.1.4.1.3902.1015.2.2.2.18")
ACCESS_LINK = ("1.3.6.1.4.1.3902.1015.3.2.4", "1.3.6.1.4.1.3902.1015.3.2.3")
LOGON = "1.3.6.1.4.1.3902.1015.1.2.6.1"
HELLO = "1.3.6.1.4.1.3902.1015.190.6.2"
UPLINK = 0x10000000 | 19 << 16 | 1 << 8
"""ifIndex of port 1 of slot 19, the uplink card."""


def if_index(slot: int, port: int) -> int:
    """ifIndex of a PON port on C3xx."""
    return 0x10000000 | slot << 16 | port << 8


def drafts(plant: SimulatedPlant, report: Observation, moment: DeviceTime) -> tuple[VendorNotification, ...]:
    which = 0 if report.raised else 1
    resource = report.resource
    match report.what:
        case "pon_los":
            _, slot, port = _position(resource)
            return (VendorNotification(PON_LOS[which], _port(slot, port), _suffix(report, moment, "critical")),)
        case "ont_los":
            return (VendorNotification(ONT_LOSI[which], _ont(plant, resource), _suffix(report, moment, "major")),)
        case "ont_lof":
            return (VendorNotification(ONT_LOFI[which], _ont(plant, resource), _suffix(report, moment, "major")),)
        case "ont_dowi":
            return (VendorNotification(ONT_DOWI[which], _ont(plant, resource), _suffix(report, moment, "minor")),)
        case "ont_dfi":
            return (VendorNotification(ONT_DFI[which], _ont(plant, resource), _suffix(report, moment, "major")),)
        case "ont_dying_gasp":
            return (VendorNotification(ONT_DYING_GASP[which], _ont(plant, resource), _suffix(report, moment, "minor")),)
        case "ont_degraded":
            return (VendorNotification(ONT_SD[which], _ont(plant, resource), _suffix(report, moment, "minor")),)
        case "ont_rogue":
            return (VendorNotification(ONT_CONSTANT_OPTICAL[which], _ont(plant, resource), _suffix(report, moment, "major")),)
        case "ont_registered":
            return (VendorNotification(ONT_REGISTER, _ont(plant, resource), _suffix(report, moment, "notification")),)
        case "card" | "card_reset":
            return (
                VendorNotification(CARD_OFFLINE[which], _card(resource, report.raised), _suffix(report, moment, "critical")),
            )
        case "card_port" | "port_shutdown":
            _, slot, port = _position(resource)
            link = _access_link(slot, port, report.raised, report.what == "card_port" or not report.raised)
            return (VendorNotification(ACCESS_LINK[which], link, _suffix(report, moment, "major")),)
        case "cold_start":
            return standard.cold_start()
        case "uplink":
            return standard.link(UPLINK, down=report.raised)
        case "login":
            user = "1.3.6.1.4.1.3902.1015.1.1.3.53.1"
            varbinds = (
                integer("1.3.6.1.4.1.3902.1015.1.1.3.4.0", 3),
                text(f"{user}.3.1", "zte"),
                text(f"{user}.7.1", "192.0.2.10"),
            )
            return (VendorNotification(LOGON, varbinds, _suffix(report, moment, "notification")),)
        case "heartbeat":
            return (VendorNotification(HELLO),)
        case _:
            return ()


def _position(resource: str) -> tuple[int, ...]:
    return tuple(int(part) for part in resource.split("/")[1:])


def _suffix(report: Observation, moment: DeviceTime, level: str) -> str:
    level = level if report.raised else "cleared"
    return f"@eventId={moment.sequence}@level={level}@{moment.clock:%Y%m%d%H%M%S}"


def _port(slot: int, port: int) -> tuple[VarBind, ...]:
    index = if_index(slot, port)
    return (integer(f"{standard.IF_INDEX}.{index}", index),)


def _access_link(slot: int, port: int, down: bool, wanted: bool) -> tuple[VarBind, ...]:
    """ifAdminStatus, ifOperStatus and ifType (gpon is 250), indexed by the port's ifIndex."""
    index = if_index(slot, port)
    return (
        integer(f"{standard.IF_ADMIN_STATUS}.{index}", 1 if wanted else 2),
        integer(f"{standard.IF_OPER_STATUS}.{index}", 2 if down else 1),
        integer(f"1.3.6.1.2.1.2.2.1.3.{index}", 250),
    )


def _ont(plant: SimulatedPlant, resource: str) -> tuple[VarBind, ...]:
    """ifIndex of the port, then name, type and description, whose instances end in the ONT's number."""
    _, slot, port, number = _position(resource)
    ont = plant.onts[resource]
    instance = f"{if_index(slot, port)}.{number}"
    return (
        *_port(slot, port),
        text(f"{_ONT}.2.{instance}", ont.customer_id),
        text(f"{_ONT}.1.{instance}", ont.model),
        text(f"{_ONT}.3.{instance}", ""),
    )


def _card(resource: str, offline: bool) -> tuple[VarBind, ...]:
    """Configured and actual main type, actual type, admin and operational status, serial; rack.shelf.slot indexed."""
    shelf, slot = _position(resource)
    instance = f"1.{shelf}.{slot}"
    return (
        integer(f"{_CARD}.2.{instance}", 1),
        integer(f"{_CARD}.3.{instance}", 1),
        text(f"{_CARD}.4.{instance}", "GTGH"),
        integer(f"{_CARD}.6.{instance}", 4),
        integer(f"{_CARD}.5.{instance}", 4 if offline else 1),
        text(f"{_CARD}.14.{instance}", ""),
    )

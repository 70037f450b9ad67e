"""Huawei MA5800: HUAWEI-XPON-TRAP-MIB and HUAWEI-DEVICE-MIB. Location in varbinds, no severity."""

from faultd.simulator.plant import SimulatedPlant
from faultd.simulator.report import DeviceTime, Observation, VendorNotification, integer, text
from faultd.simulator.vendors import standard
from protocols.snmp.notification import VarBind

_XPON = "1.3.6.1.4.1.2011.6.128.1.1"
_DEVICE = "1.3.6.1.4.1.2011.6.3"
PON_LOS = (f"{_XPON}.12.2.1.0.108", f"{_XPON}.12.2.1.0.109")
ONT_LOS = (f"{_XPON}.12.2.2.0.12", f"{_XPON}.12.2.2.0.13")
ONT_LOF = (f"{_XPON}.12.2.2.0.10", f"{_XPON}.12.2.2.0.11")
ONT_DOWI = ("1.3.6.1.4.1.2011.6.145.3.2.1.0.8", "1.3.6.1.4.1.2011.6.145.3.2.1.0.9")
ONT_DFI = ("1.3.6.1.4.1.2011.6.145.3.2.1.0.12", "1.3.6.1.4.1.2011.6.145.3.2.1.0.13")
ONT_DYING_GASP = (f"{_XPON}.12.2.2.0.18", f"{_XPON}.12.2.2.0.19")
ONT_SD = (f"{_XPON}.12.2.2.0.6", f"{_XPON}.12.2.2.0.7")
ONT_OPTICS = (f"{_XPON}.12.2.2.0.50", f"{_XPON}.12.2.2.0.51")
PON_ROGUE = (f"{_XPON}.12.2.1.0.7", f"{_XPON}.12.2.1.0.8")
ONT_ROGUE = (f"{_XPON}.12.2.2.0.46", f"{_XPON}.12.2.2.0.47")
ONT_RUN_STATE = f"{_XPON}.12.3.0.100"
ONT_PORT_STATUS = f"{_XPON}.12.3.0.51"
BOARD_FAULT = (f"{_DEVICE}.8.3.3.0.3", f"{_DEVICE}.8.3.3.0.4")
BOARD_OFFLINE = (f"{_DEVICE}.8.2.0.4", f"{_DEVICE}.8.2.0.1")
SYSTEM_POWER_OFF = f"{_DEVICE}.8.3.1.0.7"
USER_LOGON = f"{_DEVICE}.10.9.1.0.1"
CONFIG_CHANGED = "1.3.6.1.4.1.2011.6.22.2.2.0.1"

_FRAME, _SLOT, _PORT = f"{_DEVICE}.3.1.1.1", f"{_DEVICE}.3.2.1.1", f"{_DEVICE}.3.4.1.1"
_SLOT_COLUMN = f"{_DEVICE}.3.2.1"
_AFFECTED, _GASPED = "1.3.6.1.4.1.2011.6.145.2.48", "1.3.6.1.4.1.2011.6.145.2.49"
_GPON_ONT, _EQUIPMENT, _XPON_ONT = f"{_XPON}.2.43.1.1", f"{_XPON}.2.45.1.4", f"{_XPON}.2.41.1.1"
_ONT_INDEX = "1.3.6.1.4.1.2011.6.145.1.1.1.3.1.1"
_BOARD = "H901GPHF"
_NORMAL, _FAULT, _OFFLINE = 2, 3, 7
UPLINK = 7 << 25 | 9 << 13
"""ifIndex of Ethernet port 0 of slot 9, the control board."""


def if_index(frame: int, slot: int, port: int) -> int:
    """ifIndex of a GPON port: type 125, frame, slot and port packed."""
    return 125 << 25 | frame << 19 | slot << 13 | port << 8


def drafts(plant: SimulatedPlant, report: Observation, moment: DeviceTime) -> tuple[VendorNotification, ...]:
    which = 0 if report.raised else 1
    resource = report.resource
    match report.what:
        case "pon_los":
            frame, slot, port = _position(resource)
            counts = (integer(f"{_AFFECTED}.0", report.affected), integer(f"{_GASPED}.0", report.gasped))
            return (VendorNotification(PON_LOS[which], (*_location(frame, slot, port), *(counts if report.raised else ()))),)
        case "ont_los":
            return (VendorNotification(ONT_LOS[which], _ont_alarm(plant, resource)),)
        case "ont_lof":
            return (VendorNotification(ONT_LOF[which], _ont_alarm(plant, resource)),)
        case "ont_dowi":
            return (VendorNotification(ONT_DOWI[which], _indexed_ont(resource)),)
        case "ont_dfi":
            return (VendorNotification(ONT_DFI[which], _indexed_ont(resource)),)
        case "ont_dying_gasp":
            return (VendorNotification(ONT_DYING_GASP[which], _ont_alarm(plant, resource)),)
        case "ont_degraded":
            return (VendorNotification(ONT_SD[which], _ont_alarm(plant, resource)[:-1]),)
        case "ont_rx_low":
            return (VendorNotification(ONT_OPTICS[which], (*_xpon_ont(resource), *_optics(report.level))),)
        case "pon_rogue":
            return (VendorNotification(PON_ROGUE[which], _location(*_position(resource))),)
        case "ont_rogue":
            return (VendorNotification(ONT_ROGUE[which], _xpon_ont(resource)),)
        case "ont_state" | "ont_registered":
            status = integer(f"{_XPON}.11.510.0", 2 if report.raised else 1)
            return (VendorNotification(ONT_RUN_STATE, (*_ont_state(resource), status)),)
        case "uni":
            uni = (
                integer(f"{_XPON}.5.2.1.1.0", 34),
                integer(f"{_XPON}.5.2.1.2.0", 1),
                integer(f"{_XPON}.11.503.0", 2 if report.raised else 1),
            )
            return (VendorNotification(ONT_PORT_STATUS, (*_ont_state(resource), *uni)),)
        case "card":
            frame, slot = _position(resource)
            fault = VendorNotification(BOARD_FAULT[which], (*_location(frame, slot), _slot(frame, slot, 21, _BOARD)))
            offline = VendorNotification(BOARD_OFFLINE[which], _board_state(frame, slot, report.raised))
            return (offline, fault) if report.raised else (fault, offline)
        case "card_reset":
            frame, slot = _position(resource)
            return (VendorNotification(BOARD_OFFLINE[which], _board_state(frame, slot, report.raised)),)
        case "card_port" | "port_shutdown":
            wanted = report.what == "card_port" or not report.raised
            return standard.link(if_index(*_position(resource)), down=report.raised, wanted=wanted)
        case "olt_power_off":
            return (VendorNotification(SYSTEM_POWER_OFF),)
        case "cold_start":
            return standard.cold_start()
        case "uplink":
            return standard.link(UPLINK, down=report.raised)
        case "login":
            return (
                VendorNotification(
                    USER_LOGON,
                    (
                        text(f"{_DEVICE}.10.1.1.1.4.114.111.111.116", "root"),
                        integer(f"{_DEVICE}.10.8.2.0", 3),
                        VarBind(f"{_DEVICE}.10.2.1.4.1", "IpAddress", "192.0.2.10"),
                        integer(f"{_DEVICE}.10.8.1.0", 0),
                        integer(f"{_DEVICE}.10.8.6.0", 1),
                    ),
                ),
            )
        case "config":
            return (VendorNotification(CONFIG_CHANGED, (integer("1.3.6.1.4.1.2011.6.22.2.1.1.0", moment.sequence),)),)
        case _:
            return ()


def _position(resource: str) -> tuple[int, ...]:
    return tuple(int(part) for part in resource.split("/")[1:])


def _location(frame: int, slot: int, port: int | None = None) -> tuple[VarBind, ...]:
    place = (integer(f"{_FRAME}.{frame}", frame), integer(f"{_SLOT}.{frame}.{slot}", slot))
    return place if port is None else (*place, integer(f"{_PORT}.{frame}.{slot}.0.{port}", port))


def _ont_alarm(plant: SimulatedPlant, resource: str) -> tuple[VarBind, ...]:
    frame, slot, port, ont = _position(resource)
    instance = f"{if_index(frame, slot, port)}.{ont}"
    model = plant.onts[resource].model
    return (*_location(frame, slot, port), integer(f"{_GPON_ONT}.{instance}", ont), text(f"{_EQUIPMENT}.{instance}", model))


def _xpon_ont(resource: str) -> tuple[VarBind, ...]:
    frame, slot, port, ont = _position(resource)
    return (*_location(frame, slot, port), integer(f"{_XPON_ONT}.{if_index(frame, slot, port)}.{ont}", ont))


def _indexed_ont(resource: str) -> tuple[VarBind, ...]:
    frame, slot, port, ont = _position(resource)
    return (*_location(frame, slot, port), integer(f"{_ONT_INDEX}.{if_index(frame, slot, port)}.{ont}", ont))


def _optics(level: float) -> tuple[VarBind, ...]:
    """Type (1: receive power), upper and lower threshold and the value now, decimal strings in dBm."""
    place = f"{_XPON}.11"
    return (
        integer(f"{place}.4.0", 1),
        text(f"{place}.5.0", "-8.00"),
        text(f"{place}.6.0", "-27.00"),
        text(f"{place}.7.0", f"{level:.2f}"),
    )


def _ont_state(resource: str) -> tuple[VarBind, ...]:
    frame, slot, port, ont = _position(resource)
    index = if_index(frame, slot, port)
    return (
        integer("1.3.6.1.4.1.2011.6.158.50.3.0", 0),
        integer(f"{_XPON}.11.502.0", 2),
        integer(f"{standard.IF_INDEX}.{index}", standard.signed32(index)),
        integer(f"{_XPON_ONT}.{index}.{ont}", ont),
    )


def _slot(frame: int, slot: int, column: int, value: int | str | bytes) -> VarBind:
    oid = f"{_SLOT_COLUMN}.{column}.{frame}.{slot}"
    return integer(oid, value) if isinstance(value, int) else text(oid, value)


def _board_state(frame: int, slot: int, offline: bool) -> tuple[VarBind, ...]:
    """Board type (unknown: 1), operational status, its name when detected, primary and secondary status."""
    name = () if offline else (_slot(frame, slot, 21, _BOARD),)
    return (
        *_location(frame, slot),
        _slot(frame, slot, 2, 1),
        _slot(frame, slot, 8, _OFFLINE if offline else _NORMAL),
        *name,
        _slot(frame, slot, 22, 5 if offline else 1),
        _slot(frame, slot, 23, b"\x20\x00" if offline else b"\x00\x20"),
    )

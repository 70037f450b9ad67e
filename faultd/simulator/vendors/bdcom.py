"""BDCOM GP3600: NMS-GPON-MIB. One OID per subject with a state varbind; the place is in ifDescr (``GPON0/3:12``).

The box reports its ONTs alone: it has no trap for a PON port's loss of signal, for a failed card or for a rogue ONT.
Optical power is in tenths of a dBm.
"""

from faultd.simulator.plant import SimulatedPlant
from faultd.simulator.report import DeviceTime, Observation, VendorNotification, integer, text
from faultd.simulator.vendors import standard
from protocols.snmp.notification import VarBind

_GPON = "1.3.6.1.4.1.3320.10.3"
ONT_STATUS = f"{_GPON}.7.2"
ONT_DYING_GASP = f"{_GPON}.8.2"
ONT_OPTICS = f"{_GPON}.6.3"
LOGIN = "1.3.6.1.4.1.3320.9.188.6.1"
_IF_DESCR = "1.3.6.1.2.1.2.2.1.2"
_ACTIVATED, _DEACTIVATED, _LOS = 2, 3, 8
_BELOW, _NORMAL = 2, 3
UPLINK = 1


def if_index(slot: int, port: int, number: int) -> int:
    """ifIndex of an ONT. The box counts its interfaces as it likes; only ifDescr says where one is."""
    return 1000 + (slot * 16 + port) * 256 + number


def drafts(plant: SimulatedPlant, report: Observation, moment: DeviceTime) -> tuple[VendorNotification, ...]:
    match report.what:
        case "ont_los" | "ont_lof":
            return (VendorNotification(ONT_STATUS, _status(plant, report.resource, _LOS)),) if report.raised else ()
        case "ont_state" | "ont_registered":
            return (
                VendorNotification(ONT_STATUS, _status(plant, report.resource, _DEACTIVATED if report.raised else _ACTIVATED)),
            )
        case "ont_dying_gasp":
            index, place = _place(report.resource)
            gasp = (
                *place,
                text(f"{_GPON}.1.1.4.{index}", plant.onts[report.resource].serial),
                integer(f"{_GPON}.8.1.0", 1 if report.raised else 2),
            )
            return (VendorNotification(ONT_DYING_GASP, gasp),)
        case "ont_rx_low":
            index, place = _place(report.resource)
            optics = (
                *place,
                text(f"{_GPON}.1.1.4.{index}", plant.onts[report.resource].serial),
                integer(f"{_GPON}.6.1.0", _BELOW if report.raised else _NORMAL),
                integer(f"{_GPON}.4.1.2.{index}", round(report.level * 10)),
                integer(f"{_GPON}.4.1.3.{index}", 23),
            )
            return (VendorNotification(ONT_OPTICS, optics),)
        case "port_shutdown":
            slot, port = (int(part) for part in report.resource.split("/")[1:])
            return standard.link(if_index(slot, port, 0), down=report.raised, wanted=not report.raised)
        case "cold_start":
            return standard.cold_start()
        case "uplink":
            return standard.link(UPLINK, down=report.raised)
        case "login":
            object_ = "1.3.6.1.4.1.3320.9.188"
            varbinds = (
                text(f"{object_}.1.0", "192.0.2.10"),
                integer(f"{object_}.2.0", 0),
                text(f"{object_}.3.0", "admin"),
                text(f"{object_}.4.0", f"{moment.clock:%Y-%m-%d %H:%M:%S}"),
                integer(f"{object_}.5.0", 0),
            )
            return (VendorNotification(LOGIN, varbinds),)
        case _:
            return ()


def _place(resource: str) -> tuple[int, tuple[VarBind, VarBind]]:
    slot, port, number = (int(part) for part in resource.split("/")[1:])
    index = if_index(slot, port, number)
    return index, (
        integer(f"{standard.IF_INDEX}.{index}", index),
        text(f"{_IF_DESCR}.{index}", f"GPON{slot}/{port}:{number}"),
    )


def _status(plant: SimulatedPlant, resource: str, status: int) -> tuple[VarBind, ...]:
    ont = plant.onts[resource]
    index, place = _place(resource)
    return (
        *place,
        text(f"{_GPON}.1.1.4.{index}", ont.serial),
        text(f"{_GPON}.1.1.2.{index}", ont.serial[:4]),
        text(f"{_GPON}.1.1.9.{index}", ont.model),
        integer(f"{_GPON}.7.1.0", status),
    )

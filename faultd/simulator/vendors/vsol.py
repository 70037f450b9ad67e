"""VSOL V1600G: V1600D-MIB. One notification: an OID says what happened, a class whether it begins or ends; the place is text.

The box has no slots: its ports are counted over it (``PON3``). A loss of signal ends with an event of its own; a dying gasp has
no end of its own, the ONT's registration is that. It has no trap for a card or for a rogue ONT.
"""

from faultd.simulator.plant import SimulatedPlant
from faultd.simulator.report import DeviceTime, Observation, VendorNotification, integer, text
from faultd.simulator.vendors import standard
from protocols.snmp.notification import VarBind

_ALARM = "1.3.6.1.4.1.37950.1.1.5.10.13"
TRAP = f"{_ALARM}.6.1"
PON_DISABLE, PON_ENABLE = 13, 44
PON_LOS, PON_LOS_RECOVERY = 22, 45
ONU_DEREGISTER, ONU_REGISTER = 23, 46
ONU_LINK_LOST, ONU_LINK_DISCOVER = 24, 47
ONU_DYING_GASP, ONU_RX_LOW, USER_LOGIN = 30, 53, 81
_CLEAR, _RAISED, _NO_CLEAR = 0, 1, 2
_INFO, _WARNING, _MAJOR, _ALERT = 1, 3, 4, 6
_PROCESS, _COMMUNICATION = 1, 2
UPLINK = 1


def if_index(port: int) -> int:
    """ifIndex of a PON port. The box counts its interfaces as it likes; traps do not have it."""
    return 100 + port


def drafts(plant: SimulatedPlant, report: Observation, moment: DeviceTime) -> tuple[VendorNotification, ...]:
    match report.what:
        case "pon_los":
            return _alarm(plant, report, moment, PON_LOS if report.raised else PON_LOS_RECOVERY, _ALERT)
        case "port_shutdown":
            return _alarm(plant, report, moment, PON_DISABLE if report.raised else PON_ENABLE, _INFO)
        case "ont_los" | "ont_lof":
            return _alarm(plant, report, moment, ONU_LINK_LOST if report.raised else ONU_LINK_DISCOVER, _MAJOR)
        case "ont_state" | "ont_registered":
            return _alarm(plant, report, moment, ONU_DEREGISTER if report.raised else ONU_REGISTER, _MAJOR)
        case "ont_dying_gasp":
            return _alarm(plant, report, moment, ONU_DYING_GASP, _MAJOR, kind=_NO_CLEAR) if report.raised else ()
        case "ont_rx_low":
            return _alarm(plant, report, moment, ONU_RX_LOW, _WARNING, value=f"{report.level:.2f}")
        case "login":
            return _alarm(plant, report, moment, USER_LOGIN, _INFO, kind=_NO_CLEAR)
        case "cold_start":
            return standard.cold_start()
        case "uplink":
            return standard.link(UPLINK, down=report.raised)
        case _:
            return ()


def _alarm(
    plant: SimulatedPlant,
    report: Observation,
    moment: DeviceTime,
    event: int,
    level: int,
    *,
    kind: int | None = None,
    value: str = "",
) -> tuple[VendorNotification, ...]:
    """The twelve varbinds of dataAlarmTrap; ``kind`` None: by what the report begins or ends."""
    port, _, number = report.resource.partition("/")[2].partition("/")
    ont = plant.onts.get(report.resource)
    varbinds: tuple[VarBind, ...] = (
        text(f"{_ALARM}.2.1.0", ""),
        text(f"{_ALARM}.2.2.0", f"PON{port}" if port else ""),
        text(f"{_ALARM}.2.3.0", number),
        text(f"{_ALARM}.2.4.0", ""),
        VarBind(f"{_ALARM}.2.5.0", "OBJECT IDENTIFIER", f"{_ALARM}.5.{event}"),
        integer(f"{_ALARM}.2.6.0", kind if kind is not None else _RAISED if report.raised else _CLEAR),
        text(f"{_ALARM}.2.7.0", ont.serial if ont else ""),
        text(f"{_ALARM}.2.8.0", f"{moment.clock:%Y-%m-%d %H:%M:%S}"),
        integer(f"{_ALARM}.2.9.0", level if report.raised else _INFO),
        text(f"{_ALARM}.2.10.0", value),
        integer(f"{_ALARM}.2.11.0", _PROCESS if report.what == "login" else _COMMUNICATION),
        text(f"{_ALARM}.2.12.0", ""),
    )
    return (VendorNotification(TRAP, varbinds),)

"""Calix E7: E7-Notifications-MIB. One trap OID; type, state, severity and object are varbinds.

Instances name the object: shelf, slot and port of a card or PON port; an ONT has one number over the whole node, and
its LAN port a second.
"""

from faultd.simulator.plant import SimulatedPlant, position
from faultd.simulator.report import DeviceTime, Observation, VendorNotification, integer, text
from faultd.simulator.vendors import standard
from protocols.snmp.notification import VarBind

_OBJECT = "1.3.6.1.4.1.6321.1.2.2.4.1"
ALARM = "1.3.6.1.4.1.6321.1.2.2.4.2.1"
SECURITY = "1.3.6.1.4.1.6321.1.2.2.4.2.4"
NOT_OPERATIONAL, LOSS_OF_PON, ONT_MISSING, CARD_HW_FAILURE, ONT_ETH_DOWN, ONT_DYING_GASP, LOW_RX_OPT_POWER_NE = (
    4,
    85,
    86,
    174,
    96,
    200,
    201,
)
_CARD, _PON_PORT, _ONT, _ONT_ETHERNET = 2, 19, 63, 65
_CRITICAL, _MAJOR, _MINOR, _CLEAR = 1, 2, 3, 6
_USER_LOGIN = 2
UPLINK = 101
"""ifIndex of the uplink; the E7 counts its interfaces as it likes."""


def if_index(slot: int, port: int) -> int:
    """ifIndex of a PON port. It is arbitrary too."""
    return 1000 + slot * 100 + port


def drafts(plant: SimulatedPlant, report: Observation, moment: DeviceTime) -> tuple[VendorNotification, ...]:
    match report.what:
        case "pon_los":
            return _alarm(report, moment, LOSS_OF_PON, _PON_PORT, _CRITICAL, "Loss of PON")
        case "ont_los" | "ont_lof":
            return _alarm(report, moment, ONT_MISSING, _ONT, _MAJOR, "ONT missing")
        case "ont_dying_gasp":
            return _alarm(report, moment, ONT_DYING_GASP, _ONT, _MINOR, "ONT dying gasp")
        case "ont_rx_low":
            return _alarm(report, moment, LOW_RX_OPT_POWER_NE, _ONT, _MINOR, "Low receive optical power")
        case "card_reset":
            return _alarm(report, moment, NOT_OPERATIONAL, _CARD, _MAJOR, "Not operational")
        case "port_shutdown":
            _, slot, port = (int(part) for part in position(report.resource).split("/"))
            return standard.link(if_index(slot, port), down=report.raised, wanted=not report.raised)
        case "card":
            return _alarm(report, moment, CARD_HW_FAILURE, _CARD, _CRITICAL, "Card hardware failure")
        case "uni":
            return _alarm(report, moment, ONT_ETH_DOWN, _ONT_ETHERNET, _MINOR, "ONT Ethernet down")
        case "cold_start":
            return standard.cold_start()
        case "uplink":
            return standard.link(UPLINK, down=report.raised)
        case "login":
            return (
                VendorNotification(
                    SECURITY,
                    (
                        integer(f"{_OBJECT}.1.0", moment.sequence),
                        integer(f"{_OBJECT}.23.0", _USER_LOGIN),
                        integer(f"{_OBJECT}.24.0", 3),
                        integer(f"{_OBJECT}.20.0", 1),
                        text(f"{_OBJECT}.21.0", "e7"),
                        VarBind(f"{_OBJECT}.22.0", "IpAddress", "192.0.2.10"),
                        *_time(moment),
                        text(f"{_OBJECT}.17.0", "User login"),
                    ),
                ),
            )
        case _:
            return ()


def _time(moment: DeviceTime) -> tuple[VarBind, ...]:
    return (
        text(f"{_OBJECT}.14.0", f"{moment.clock:%Y/%m/%d %H:%M:%S}"),
        integer(f"{_OBJECT}.27.0", int(moment.clock.timestamp())),
    )


def _alarm(
    report: Observation, moment: DeviceTime, kind: int, object_class: int, severity: int, words: str
) -> tuple[VendorNotification, ...]:
    parts = position(report.resource).removeprefix("ont").split("/")
    parts += ["1"] if object_class == _ONT_ETHERNET else []
    instances = [int(part) for part in parts]
    instances += [0] * (8 - len(instances))
    return (
        VendorNotification(
            ALARM,
            (
                integer(f"{_OBJECT}.1.0", moment.sequence),
                integer(f"{_OBJECT}.2.0", kind),
                integer(f"{_OBJECT}.3.0", 1 if report.raised else 2),
                integer(f"{_OBJECT}.4.0", object_class),
                *(integer(f"{_OBJECT}.{5 + number}.0", value) for number, value in enumerate(instances)),
                text(f"{_OBJECT}.29.0", "/".join(parts)),
                integer(f"{_OBJECT}.13.0", severity if report.raised else _CLEAR),
                *_time(moment),
                integer(f"{_OBJECT}.15.0", 1),
                integer(f"{_OBJECT}.16.0", 1),
                text(f"{_OBJECT}.17.0", words),
            ),
        ),
    )

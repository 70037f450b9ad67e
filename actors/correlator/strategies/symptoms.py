"""What alarm types mean for correlation: which break what hangs below, and by which what hangs below shows it."""

from typing import Final, Literal

Signal = Literal["out", "gasp", "dim", "garbled", "stuck", "port_dark", "powerless", "blocker", "rogue", "link"]
"""``out``: an ONT has no service. ``gasp``: it said that it lost power. ``dim``: it has service, and too little light or too
many errors. ``garbled``: what it sends arrives at the wrong time. ``stuck``: it does not obey when told to be silent.
``port_dark``: a PON port receives nothing. ``powerless``: the OLT itself concluded that many ONTs lost power.
``blocker``: equipment is gone, and with it all that hangs below. ``rogue``: a transmitter that blinds its siblings. ``link``:
a port below the equipment is down."""

FIBRE_CUT = "fibre.cut"
POWER_OUTAGE = "power.outage"
CARD_FAILURE = "card.failure"
OLT_FAILURE = "olt.failure"
FIBRE_DEGRADED = "fibre.degraded"
ROGUE = "ont.rogue"
PORT_HAS_ROGUE = "pon.rogue.onts"
INFERRED = frozenset({FIBRE_CUT, POWER_OUTAGE, CARD_FAILURE, OLT_FAILURE, FIBRE_DEGRADED})
"""Alarm types that are concluded from others."""

AREA: Final = "area:"
"""How the id of a power area as a resource begins; its name follows."""

_TYPES: dict[Signal, tuple[str, ...]] = {
    "out": (
        "ont.los",
        "ont.state",
        "ont.lof",
        "ont.loam",
        "ont.loa",
        "ont.offline",
        "cpe.offline",
        "cpe.signal_loss",
        "signal.loss",
    ),
    "gasp": ("ont.dying_gasp", "ont.power"),
    "dim": (
        "ont.sd",
        "ont.sf",
        "ont.ds.sd",
        "ont.ds.sf",
        "ont.rx.low",
        "ont.olt_rx.alarm",
        "ont.olt_rx.warning",
        "ont.optics.alarm",
        "ont.optics.warning",
        "ont.fibre_bend",
        "ont.us.ber",
        "ont.ds.ber",
    ),
    "garbled": ("ont.dowi",),
    "stuck": ("ont.df",),
    "port_dark": ("pon.los", "pon.down", "pon.lof"),
    "powerless": ("pon.many.onts.poweroff",),
    "blocker": (
        "device.down",
        "olt.poweroff",
        "card.offline",
        "card.fault",
        "card.not_running",
        "card.out_of_service",
        "card.chip.fault",
        "pon.tx.fault",
        "pon.optics.absent",
        "pon.out_of_service",
    ),
    "rogue": (ROGUE, PORT_HAS_ROGUE),
    "link": ("interface.down", "uplink.down", "access.link.down", "pon.port.fault", "pon.many.onts.offline"),
}
SIGNALS: Final[dict[str, Signal]] = {alarm_type: signal for signal, types in _TYPES.items() for alarm_type in types}
"""By alarm type."""

LOW_LIGHT: Final = frozenset(
    (
        "ont.rx.low",
        "ont.olt_rx.alarm",
        "ont.olt_rx.warning",
        "ont.optics.alarm",
        "ont.optics.warning",
        "ont.fibre_bend",
    )
)
"""Of those that say ``dim``: alarms of the light itself; while one is open no reading is good. The others are of errors."""
GARBLED: Final = frozenset({"ont.lof", "ont.dowi"})
"""Alarms by which an OLT says that it receives light of an ONT, and cannot make out what it says."""
SUSPECTED = "suspected"
"""The qualifier of a rogue that is concluded, so that it is another alarm than the OLT's own word."""

FOREMOST: dict[str, int] = {
    alarm_type: rank
    for rank, alarm_type in enumerate(
        ("ont.dying_gasp", "ont.power", "ont.los", "ont.lof", "ont.loam", "cpe.signal_loss", "signal.loss")
    )
}
"""Of several alarms of one ONT the lowest says best what is the matter; those not here come after."""

"""The symptoms of alarm types, and their effects in correlation.

An alarm type declares its symptom (:mod:`protocols.symptom`) in a profile, and the declarations enter the fold with
``ProfilesLoaded``. So the table of symptoms is part of the State, and a replay uses the table of its time.
"""

from collections.abc import Mapping
from typing import Final

from actors.correlator.pon.alarm_types import INFERRED
from actors.correlator.pon.memory import SignKind
from protocols.profile import AlarmType, LifeSign
from protocols.symptom import Symptom


class SymptomTraits:
    """The properties of one symptom, as strategies need them."""

    def __init__(
        self,
        symptom: Symptom,
        *,
        out: bool = False,
        gasp: bool = False,
        rank: int = 4,
        degraded: bool = False,
        low_power: bool = False,
        sign: SignKind | None = None,
        pon_los: bool = False,
        pon_gasps: bool = False,
        equipment_lost: bool = False,
        rogue: bool = False,
        lives_after: bool = False,
    ) -> None:
        self.symptom = symptom
        self.out = out
        """The ONT has no service."""
        self.gasp = gasp
        """The ONT reported that it lost its electrical power."""
        self.rank = rank
        """Among several alarms of one ONT, the one with the lowest rank describes the fault best."""
        self.degraded = degraded
        """The ONT has service, and too little light or too many errors."""
        self.low_power = low_power
        """The ONT has too little light, so a reading of that moment is not a good one."""
        self.sign = sign
        """The sign of a rogue ONT that this is."""
        self.disturbs = sign is not None and not out
        """True when the symptom is such a sign, and nothing else."""
        self.pon_los = pon_los
        """The PON port receives nothing, or is down."""
        self.pon_gasps = pon_gasps
        """The OLT itself concluded that many ONTs lost their power."""
        self.equipment_lost = equipment_lost
        """Everything below the resource has no service."""
        self.may_cut_off = equipment_lost or symptom == "link_down"
        """It may explain the alarms below its resource: ``is_lost`` decides."""
        self.rogue = rogue
        """The OLT names a rogue ONT."""
        self.lives_after = lives_after
        """The clear shows that the ONT works. That of a dying gasp does not: some OLTs end it when a loss of signal follows."""
        self.follows = not (rogue or self.disturbs)
        """Lost equipment above the resource explains it."""
        self.suffers = (out and not gasp) or degraded or self.disturbs
        """A rogue ONT on the same port explains it."""


Symptoms = dict[str, SymptomTraits]
"""By alarm type. A type without a symptom is not in it."""

TRAITS: Final[dict[Symptom, SymptomTraits]] = {
    each.symptom: each
    for each in (
        SymptomTraits("ont_dying_gasp", out=True, gasp=True, rank=0),
        SymptomTraits("ont_los", out=True, rank=1, lives_after=True),
        SymptomTraits("ont_lof", out=True, rank=2, sign="garbled", lives_after=True),
        SymptomTraits("ont_lost", out=True, rank=3, lives_after=True),
        SymptomTraits("ont_low_optical_power", degraded=True, low_power=True),
        SymptomTraits("ont_signal_degraded", degraded=True),
        SymptomTraits("ont_window_drift", sign="garbled"),
        SymptomTraits("ont_deactivation_failed", sign="stuck"),
        SymptomTraits("rogue_ont", rogue=True),
        SymptomTraits("pon_los", pon_los=True),
        SymptomTraits("pon_down", pon_los=True),
        SymptomTraits("pon_dying_gasps", pon_gasps=True),
        SymptomTraits("equipment_lost", equipment_lost=True),
        SymptomTraits("link_down"),
        SymptomTraits("restarted"),
    )
}
"""Every symptom but ``none``."""

DEFAULTS: Final[dict[str, Symptom]] = {
    "ont.dying_gasp": "ont_dying_gasp",
    "ont.power": "ont_dying_gasp",
    "ont.los": "ont_los",
    "cpe.signal_loss": "ont_los",
    "ont.lof": "ont_lof",
    "ont.loam": "ont_lost",
    "ont.loa": "ont_lost",
    "ont.state": "ont_lost",
    "cpe.offline": "ont_lost",
    "ont.rx.low": "ont_low_optical_power",
    "ont.olt_rx.alarm": "ont_low_optical_power",
    "ont.olt_rx.warning": "ont_low_optical_power",
    "ont.optics.alarm": "ont_low_optical_power",
    "ont.optics.warning": "ont_low_optical_power",
    "ont.fibre_bend": "ont_low_optical_power",
    "ont.sd": "ont_signal_degraded",
    "ont.sf": "ont_signal_degraded",
    "ont.ds.sd": "ont_signal_degraded",
    "ont.ds.sf": "ont_signal_degraded",
    "ont.us.ber": "ont_signal_degraded",
    "ont.ds.ber": "ont_signal_degraded",
    "ont.dowi": "ont_window_drift",
    "ont.df": "ont_deactivation_failed",
    "ont.rogue": "rogue_ont",
    "pon.rogue.onts": "rogue_ont",
    "pon.los": "pon_los",
    "pon.down": "pon_down",
    "pon.lof": "pon_los",
    "pon.many.onts.poweroff": "pon_dying_gasps",
    "device.down": "equipment_lost",
    "olt.poweroff": "equipment_lost",
    "card.offline": "equipment_lost",
    "card.fault": "equipment_lost",
    "card.not_running": "equipment_lost",
    "card.out_of_service": "equipment_lost",
    "card.chip.fault": "equipment_lost",
    "pon.tx.fault": "equipment_lost",
    "pon.optics.absent": "equipment_lost",
    "pon.out_of_service": "equipment_lost",
    "interface.down": "link_down",
    "uplink.down": "link_down",
    "access.link.down": "link_down",
    "pon.port.fault": "link_down",
    "pon.many.onts.offline": "link_down",
    "olt.reboot.cold": "restarted",
    "olt.reboot": "restarted",
    "card.reset": "restarted",
    "pon.reset": "restarted",
}
"""Symptoms of the types that correlated before types declared their symptom. They apply where no profile declares one: in a
ledger of that time, and with a copy of ``types.toml`` of that time. A symptom that is added later is in it for the types of
that time; ``types.toml`` declares what is new."""


def symptoms_of(types: Mapping[str, AlarmType]) -> Symptoms:
    """The table of these alarm types; :data:`DEFAULTS` where a type declares nothing."""
    words = {**DEFAULTS, **{name: each.symptom for name, each in types.items() if each.symptom is not None}}
    return {name: TRAITS[word] for name, word in words.items() if word != "none" and name not in INFERRED}


def signs_of_life(types: Mapping[str, AlarmType]) -> dict[str, LifeSign]:
    """By alarm type: the report that shows that its ONT works. Types without one are left out."""
    symptoms = symptoms_of(types)
    found: dict[str, LifeSign] = {name: "clear" for name, traits in symptoms.items() if traits.lives_after}
    found |= {name: each.shows_life for name, each in types.items() if each.shows_life is not None}
    return {name: sign for name, sign in found.items() if sign != "never"}

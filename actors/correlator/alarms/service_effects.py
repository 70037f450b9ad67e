"""The service effects of alarm types, by the profiles that are loaded.

The table is part of the State, as the symptoms are: a replay uses the table of its time. An alarm keeps the effect that its
type had when it was raised, or last re-opened.
"""

from collections.abc import Mapping
from typing import Final

from actors.correlator.pon.alarm_types import INFERRED
from actors.correlator.strategies.symptoms import Symptoms
from protocols.profile import AlarmType
from protocols.service_effect import ServiceEffect
from protocols.symptom import Symptom

ServiceEffects = dict[str, ServiceEffect]
"""By alarm type. A type without an effect is not in it."""

BY_SYMPTOM: Final[dict[Symptom, ServiceEffect]] = {
    "ont_dying_gasp": "outage",
    "ont_los": "outage",
    "ont_lof": "outage",
    "ont_lost": "outage",
    "ont_low_optical_power": "degraded",
    "ont_signal_degraded": "degraded",
    "ont_window_drift": "degraded",
    "ont_deactivation_failed": "none",
    "rogue_ont": "degraded",
    "pon_los": "outage",
    "pon_down": "outage",
    "pon_dying_gasps": "none",
    "equipment_lost": "outage",
    "link_down": "none",
    "restarted": "none",
    "none": "none",
}
"""The effect of a type that declares a symptom and no service effect. ``pon_dying_gasps`` and ``link_down`` do not say which
ONTs are out: those have alarms of their own."""


def service_effects_of(types: Mapping[str, AlarmType], symptoms: Symptoms) -> ServiceEffects:
    """The table of these alarm types. A type that declares no service effect has the one of its symptom in ``symptoms``. The
    conclusions of faultd have none: each ONT without service has an alarm of its own, and the others must not count as down."""
    effects = {name: BY_SYMPTOM[traits.symptom] for name, traits in symptoms.items()}
    effects.update((name, each.service_effect) for name, each in types.items() if each.service_effect is not None)
    return {name: effect for name, effect in effects.items() if effect != "none" and name not in INFERRED}

"""The OLT's own opinion about a dark port: how many ONTs it lost, and how many of them sent a dying gasp."""

from typing import Any

from actors.correlator.draft import Draft
from actors.correlator.pon.gather import heard_of
from protocols.alarm import Alarm

_LEANING = 4.0
"""The largest weight of a vendor's own count of gasps, in the units of the likelihood."""


def leaning_of(draft: Draft, port: str, port_alarms: list[Alarm]) -> float:
    """The OLT's own opinion as a log-likelihood, from the share of dying gasps among the ONTs that it lost."""
    symptoms = draft.state.symptoms
    if any((traits := symptoms.get(each.alarm_type)) is not None and traits.pon_gasps for each in heard_of(draft, port)):
        return _LEANING
    for alarm in port_alarms:
        affected, gasped = _number(alarm.metadata.get("affectedOnts")), _number(alarm.metadata.get("gaspedOnts"))
        if affected and gasped is not None and affected > 0 and gasped >= 0:
            return _LEANING * (2.0 * min(1.0, gasped / affected) - 1.0)
    return 0.0


def _number(value: Any) -> float | None:
    return float(value) if isinstance(value, int | float) else None

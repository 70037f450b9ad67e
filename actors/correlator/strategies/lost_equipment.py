"""Equipment that carries no service, by its open alarms: it was lost, or an operator of the device switched it off."""

from typing import Final

from actors.correlator.state import State
from protocols.alarm import Alarm

_SWITCHED_OFF: Final = (("ifAdminStatus", "down"), ("adminStatus", "down"), ("down_cause", "admin_down"))
"""Metadata by which a trap (profiles keep IF-MIB's ifAdminStatus in them) or a read says that an operator did it."""


def is_lost(state: State, alarm: Alarm) -> bool:
    """True when the alarm explains the alarms below its resource."""
    traits = state.symptoms.get(alarm.alarm_type)
    return traits is not None and traits.may_cut_off and (traits.equipment_lost or is_switched_off(state, alarm))


def is_switched_off(state: State, alarm: Alarm) -> bool:
    """True for the alarm of a PON port that an operator switched off: its ONTs are dark because of that. An uplink that was
    switched off explains nothing, since whoever did so hardly meant to cut off all that is behind it."""
    node = state.plant.nodes.get(alarm.resource_id)
    return node is not None and node.type == "pon" and any(alarm.metadata.get(name) == said for name, said in _SWITCHED_OFF)

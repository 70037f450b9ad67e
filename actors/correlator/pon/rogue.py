"""A rogue ONT: a transmitter that does not stop sending blinds its port to the others, which then look as if cut off."""

from collections.abc import Mapping
from datetime import timedelta

from actors.correlator.draft import Draft
from actors.correlator.family import attach
from actors.correlator.lifecycle import moved
from actors.correlator.pon.conclude import NAME, RULE, withdraw
from actors.correlator.pon.gather import Evidence, dim_of, heard_of
from actors.correlator.pon.memory import Concluded, PonMemory
from actors.correlator.signals import SIGNALS
from protocols.alarm import Alarm

BEFORE = timedelta(seconds=120)
"""An OLT takes its time to find out which of its ONTs it is."""


def rogue_of(draft: Draft, port: str, said: Mapping[str, list[Alarm]]) -> Alarm | None:
    """The OLT's own word that an ONT of this port sends out of turn; which ONT it is goes before that there is one."""
    for alarms in (*said.values(), heard_of(draft, port)):
        for alarm in alarms:
            if SIGNALS.get(alarm.alarm_type) == "rogue":
                return alarm
    return None


def blame(
    draft: Draft,
    memory: PonMemory,
    causes: Mapping[str, Concluded],
    rogue: Alarm,
    out: Mapping[str, Evidence],
    said: Mapping[str, list[Alarm]],
) -> None:
    """Attribute to the rogue what its siblings suffer, and take back what was concluded from that before it was known."""
    why = f"{rogue.resource_name or rogue.resource_id} sends out of turn and blinds its port to the others"
    begun = rogue.last_occurrence - BEFORE
    suffering = [alarm for each in out.values() if not each.gasped and each.onset >= begun for alarm in each.alarms]
    suffering += [alarm for alarms in said.values() for alarm in dim_of(alarms) if alarm.last_occurrence >= begun]
    port = draft.state.plant.pon_of(rogue.resource_id)
    if port is not None and port != rogue.resource_id:
        suffering += [alarm for alarm in heard_of(draft, port) if SIGNALS.get(alarm.alarm_type) == "rogue"]
    if not suffering:
        return
    for alarm_id, cause in causes.items():
        if cause.kind in ("cut", "degraded") and cause.since >= begun:
            withdraw(draft, memory, alarm_id, why)
    for alarm in suffering:
        if alarm.resource_id != rogue.resource_id:
            attach(draft, alarm, rogue, NAME, why, confidence=0.9)
    rogue = draft.latest(rogue)
    if not rogue.is_root_cause and rogue.parent_alarm_id is None:
        draft.put(moved(rogue, is_root_cause=True, correlation_id=rogue.id), "root_cause", RULE, why)

"""The feeders that went dark together: PON ports of one OLT that are wholly dark, whose reports came in one burst."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import NamedTuple

from actors.correlator.draft import Draft
from actors.correlator.pon.cause import Cause, Evidence
from actors.correlator.pon.gather import evidence, heard_of, pon_los_of, ports_below
from actors.correlator.pon.memory import SETTLED, PonMemory
from actors.correlator.pon.shared_loss import SharedSigns
from actors.correlator.strategies.lost_equipment import is_switched_off
from protocols.alarm import Alarm

GAP = timedelta(seconds=6)
"""The reports of feeders that were cut at once follow one another without a longer pause: an OLT sends them port by port, or
all mixed, however slowly."""


UNREPORTED = timedelta(seconds=12)
"""The control board of an OLT has reported a card that failed so long after its last ONT, if it does at all."""


class Feeder(NamedTuple):
    """A feeder that is wholly dark: its port, the id of the alarm that concludes it (empty: of this inspection), the times of
    the first and the last report."""

    port: str
    alarm_id: str
    begun: datetime
    ended: datetime


def dark_together(draft: Draft, memory: PonMemory, port: str, cut: Cause) -> list[Feeder]:
    """The feeders that went dark in one burst with that of ``port``, of which ``cut`` is the conclusion; itself included."""
    device = draft.state.plant.device_of(port)
    found = [Feeder(port, "", *_extent(memory, port, [each.ont for each in cut.evidence], draft.at))]
    for each in ports_below(draft, device) if device is not None else ():
        for alarm_id in memory.at_port.get(each, ()) if each != port else ():
            known, alarm = memory.causes[alarm_id], draft.get(alarm_id)
            if known.kind != "cut" or known.place != each or draft.at - known.since > SETTLED:
                continue
            if alarm is not None and alarm.cleared_at is None:
                found.append(Feeder(each, alarm_id, *_extent(memory, each, known.members, known.since)))
    return _one_burst(found, port)


def signs_of(draft: Draft, ports: Sequence[str], found: Sequence[Evidence]) -> SharedSigns:
    """The evidence that these ports and the ONTs that are out give about what they have in common."""
    symptoms = draft.state.symptoms
    dark = links = 0
    for port in ports:
        dark += any(symptoms[each.alarm_type].symptom == "pon_los" for each in pon_los_of(draft, port))
        links += any(_link_down(draft, each) for each in heard_of(draft, port))
    told = [symptoms[draft.alarm(each.alarms[0]).alarm_type].symptom for each in found if each.alarms]
    los = told.count("ont_los") / len(told) if told else 0.0
    above = common_node(draft, ports)
    node = draft.state.plant.nodes.get(above) if above is not None else None
    device = draft.state.plant.nodes.get(draft.state.plant.device_of(ports[0]) or "")
    speaks = device is not None and device.vendor.lower() in draft.state.translator.reports_cards
    waited = speaks and bool(found) and draft.at - max(each.onset for each in found) >= UNREPORTED
    return SharedSigns(len(ports), dark, links, los, node is not None and node.type == "olt", waited)


def evidence_below(draft: Draft, memory: PonMemory, feeders: Sequence[Feeder], cut: Cause) -> list[Evidence]:
    """The ONTs of these feeders that are out because of it."""
    found = list(cut.evidence)
    for feeder in feeders:
        known = memory.causes.get(feeder.alarm_id)
        if known is not None:
            found += [one for ont in known.members if (one := evidence(draft, ont, memory)) is not None]
    return found


def trunks_of(memory: PonMemory, ports: Sequence[str]) -> list[str]:
    """The conclusions of trunk cables at these ports, each once."""
    found = (alarm_id for port in ports for alarm_id in memory.at_port.get(port, ()))
    return list(dict.fromkeys(alarm_id for alarm_id in found if memory.causes[alarm_id].kind == "trunk"))


def common_node(draft: Draft, places: Sequence[str]) -> str | None:
    """The nearest node above all of ``places``, or the one of them that is above the others."""
    plant = draft.state.plant
    lines = [[place, *plant.ancestors(place)] for place in places]
    rest = [set(line) for line in lines[1:]]
    return next((each for each in lines[0] if each in plant.nodes and all(each in line for line in rest)), None)


def _link_down(draft: Draft, alarm: Alarm) -> bool:
    traits = draft.state.symptoms.get(alarm.alarm_type)
    if traits is None:
        return False
    return traits.symptom == "pon_down" or (traits.symptom == "link_down" and not is_switched_off(draft.state, alarm))


def _extent(memory: PonMemory, port: str, onts: Sequence[str], otherwise: datetime) -> tuple[datetime, datetime]:
    onsets = [at for ont in onts if (at := memory.onset.get(ont)) is not None]
    own = memory.onset.get(port)
    if own is not None and (not onsets or abs(own - onsets[0]) <= SETTLED):
        onsets.append(own)
    return min(onsets, default=otherwise), max(onsets, default=otherwise)


def _one_burst(found: list[Feeder], port: str) -> list[Feeder]:
    """Of the feeders those between whose reports there is no pause, in the order of their first reports."""
    group: list[Feeder] = []
    ended: datetime | None = None
    for each in sorted(found, key=lambda one: (one.begun, one.port)):
        if ended is not None and each.begun - ended > GAP:
            if any(one.port == port for one in group):
                break
            group, ended = [], None
        group.append(each)
        ended = each.ended if ended is None else max(ended, each.ended)
    return group

"""Records that are wrong: ONTs that the topology has in another place, and ONTs that it does not have.

An ONT that falls with a break and is recorded elsewhere on the port belongs to the cause, and the cause proposes the corrected
record. An ONT that the topology lacks belongs to the cause with which it fell.
"""

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from itertools import pairwise
from statistics import median_low
from typing import Final

from actors.correlator.draft import Draft
from actors.correlator.pon.cause import Cause, Evidence
from actors.correlator.pon.episodes import is_of
from actors.correlator.pon.gather import says_out, tenant_of
from actors.correlator.pon.inspection_timer import SETTLE, schedule_inspection
from actors.correlator.pon.memory import PonMemory
from protocols.alarm import Alarm

_NAMED: Final = 3
"""Wrong records that the reason spells out; the metadata has all of them."""
_AMID: Final = timedelta(seconds=0.4)
"""ONTs below one break are reported within this time of another one, but for the OLT's queue ..."""
_GAPS: Final = 3
"""... and but for an OLT that notices them slowly: within so many of its usual gaps."""
_FAR: Final = timedelta(days=1)
_STILL: Final = timedelta(seconds=0.5)
"""Reports that came in so recently may go on: a port is inspected later than this after its last one."""
_AT_MOST: Final = 0.6
"""The highest probability that an OLT sends no dying gasp: whether it does is configured for each kind of ONT."""
_MUTE: Final = 0.02
"""Share of OLTs that send no dying gasp."""
_WITHOUT_GASP: Final = 0.37
"""Share of single losses without a dying gasp, where the OLT sends them."""
_LOSSES: Final = 3
"""Single losses without a dying gasp from which an OLT may send none."""

Causes = Mapping[tuple[str, str], Cause]
"""The causes of one episode, by kind and place."""


def sends_no_gasps(memory: PonMemory, device: str) -> float:
    """Probability that the OLT sends no dying gasp: it has sent none with many single losses."""
    losses = memory.without_gasp.get(device, 0)
    if losses < _LOSSES:
        return 0.0
    chance = _WITHOUT_GASP**losses
    return min(_AT_MOST, _MUTE / (_MUTE + (1.0 - _MUTE) * chance))


def note_gasp(draft: Draft, memory: PonMemory, port: str) -> None:
    """Note that the OLT of a port sends dying gasps."""
    device = draft.state.plant.device_of(port) or ""
    if memory.without_gasp.get(device) != -1:
        draft.on_commit(memory.gasped, device)


def apart(draft: Draft, memory: PonMemory, port: str, episode: Sequence[Evidence]) -> list[str]:
    """The ONTs whose records are not doubted: those that fell some time after or before all others, since what took the others
    did not take them; and all while reports of the port still come in, since their neighbours may follow."""
    losses = memory.port_losses.get(port)
    if losses is not None and draft.at - losses.last < _STILL:
        return [each.ont for each in episode]
    ordered = sorted(episode, key=lambda each: each.onset)
    gaps = [max(timedelta(0), later.earliest - each.onset) for each, later in pairwise(ordered)]
    amid = max(_AMID, _GAPS * median_low(gaps)) if gaps else _AMID
    around = [_FAR, *gaps, _FAR]
    return [each.ont for number, each in enumerate(ordered) if min(around[number], around[number + 1]) >= amid]


def take_strays(draft: Draft, causes: Causes, strays: Sequence[tuple[Evidence, float]]) -> None:
    """Add ONTs with wrong records to the causes with which they fell, and propose the corrected records."""
    plant = draft.state.plant
    for found, confidence in strays:
        cause = _nearest(causes, found.onset)
        if cause is None:
            continue
        parents = [each for each in plant.parents(found.ont) if each in plant.nodes]
        recorded = parents[0] if parents else ""
        _add(cause, found)
        records = cause.summary.setdefault("records", [])
        records.append(
            {"ont": found.ont, "recorded_below": recorded, "fell_with": cause.place, "confidence": round(confidence, 2)}
        )
        if len(records) <= _NAMED:
            name, above, place = (_name(draft, each) for each in (found.ont, recorded, cause.place))
            cause.why += f"; {name} is recorded below {above} and fell with {place}: record wrong?"


def note_unrecorded(draft: Draft, memory: PonMemory, alarm: Alarm, *, begins: bool) -> None:
    """Note that an ONT went out, or came back, that the topology does not have."""
    ont = alarm.resource_id
    port = ont.rpartition("/")[0]
    node = draft.state.plant.nodes.get(port)
    if node is None or node.type != "pon" or alarm.tenant_id != tenant_of(draft.state, port):
        return
    if begins:
        draft.on_commit(memory.fell_unrecorded, port, ont, draft.at)
    elif not any(says_out(draft.state.symptoms, each) for each in draft.at_resource(ont)):
        draft.on_commit(memory.back_unrecorded, port, ont)
    schedule_inspection(draft, memory, port, SETTLE)


def take_unrecorded(draft: Draft, memory: PonMemory, port: str, causes: Causes) -> None:
    """Add the ONTs of a port that the topology does not have to the causes with which they fell."""
    mine = set(memory.at_port.get(port, ()))
    for ont, onset in memory.unrecorded.get(port, {}).items():
        cause = _nearest(causes, onset) if ont not in draft.state.plant.nodes else None
        if cause is None or not cause.evidence or not is_of(cause.evidence, onset):
            continue
        alarms = [each for each in draft.at_resource(ont) if says_out(draft.state.symptoms, each)]
        if not alarms or any(each.parent_alarm_id is not None and each.parent_alarm_id not in mine for each in alarms):
            continue
        symptoms = draft.state.symptoms
        gasped = any(symptoms[each.alarm_type].gasp for each in alarms)
        _add(cause, Evidence(ont, tuple(each.id for each in alarms), gasped, onset))
        cause.summary["unrecorded"] = cause.summary.get("unrecorded", 0) + 1
    for cause in causes.values():
        if number := cause.summary.get("unrecorded"):
            cause.why += f"; {number} of them {'is' if number == 1 else 'are'} not in the topology"


def _nearest(causes: Causes, onset: datetime) -> Cause | None:
    """The cause whose losses were reported nearest to this time; of several the one with more ONTs."""
    with_losses = [each for each in causes.values() if each.evidence]
    return min(
        with_losses,
        key=lambda each: (min(abs(one.onset - onset) for one in each.evidence), -len(each.evidence), each.place),
        default=None,
    )


def _add(cause: Cause, found: Evidence) -> None:
    cause.evidence.append(found)
    if found.gasped:
        cause.gasped += 1
    else:
        cause.dark += 1


def _name(draft: Draft, node_id: str) -> str:
    node = draft.state.plant.nodes.get(node_id)
    return (node.name if node is not None else "") or node_id

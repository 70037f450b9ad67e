"""ONTs that are reported after the conclusion of an outage larger than their port: the silent ones of the outage, or a fault
beside it."""

from collections.abc import Collection, Iterable, Mapping

from msgspec.structs import replace

from actors.correlator.alarms.attachment import attach
from actors.correlator.draft import Draft
from actors.correlator.plant.power_area import AREA
from actors.correlator.pon.cause import Cause, Evidence
from actors.correlator.pon.conclude import NAME, grow
from actors.correlator.pon.cut_within import is_cut_beside
from actors.correlator.pon.episodes import may_be_of
from actors.correlator.pon.gather import tenant_of
from actors.correlator.pon.likelihood import Seen
from actors.correlator.pon.members import members_of
from actors.correlator.pon.memory import SETTLED, Concluded, PonMemory
from actors.correlator.pon.notice_times import apart_from
from actors.correlator.pon.ont_evidence import evidence_of
from actors.correlator.pon.rollup import around
from protocols.alarm import Alarm

_OTHER_MAINS = "alone: it went out beside an outage of an area that it does not lie in"
Lonely = tuple[Evidence, str, float]


def young_outages(draft: Draft, causes: Mapping[str, Concluded]) -> dict[str, Concluded]:
    """Losses of power that are larger than the port, and that later reports may still belong to."""
    return {
        alarm_id: cause
        for alarm_id, cause in causes.items()
        if cause.kind == "power" and cause.beyond_port and cause.returning is None and draft.at - cause.since <= SETTLED
    }


def members_out(draft: Draft, outages: Mapping[str, Concluded], out: Mapping[str, Evidence]) -> dict[str, Evidence]:
    """The ONTs of these outages on the port whose outage is in ``out``: they are weighed together with later reports."""
    return {
        ont: out[ont] for alarm_id, cause in outages.items() for ont in out if ont in members_of(draft.state, alarm_id, cause)
    }


def join_outages(
    draft: Draft,
    memory: PonMemory,
    outages: Mapping[str, Concluded],
    known: Collection[str],
    wanted: dict[tuple[str, str], Cause],
    lonely: list[Lonely],
) -> list[Lonely]:
    """Let what was concluded about the port's later reports join the outages that explain it. Removes that from ``wanted``, and
    returns what is left of ``lonely``. ``known`` are the ONTs of the outages, which were weighed too."""
    for key, cause in list(wanted.items()):
        new = [each for each in cause.evidence if each.ont not in known]
        if cause.kind == "power":
            alarm_id = _mostly(draft, outages, cause.evidence) or _at_once(outages, new)
            if alarm_id is not None:
                other = [each for each in new if not _may_lie_in(draft, each, outages[alarm_id].place)]
                lonely = [*lonely, *((each, _OTHER_MAINS, cause.confidence) for each in other)]
                _grow(draft, memory, alarm_id, cause, [each for each in new if each not in other])
                del wanted[key]
                continue
        if cause.kind != "cut" or not cause.evidence:
            continue
        cause.evidence = new
        if not new or _join_area(draft, memory, cause):
            del wanted[key]
    return [each for each in lonely if each[0].ont not in known and not _joins(draft, memory, each[0])]


def _may_lie_in(draft: Draft, found: Evidence, place: str) -> bool:
    """False when the topology says that the ONT has other mains than the outage at ``place``."""
    node = draft.state.plant.nodes.get(found.ont)
    return not place.startswith(AREA) or node is None or not node.area or AREA + node.area == place


def _mostly(draft: Draft, outages: Mapping[str, Concluded], evidence: Iterable[Evidence]) -> str | None:
    onts = {each.ont for each in evidence}
    shared = {alarm_id: len(onts & members_of(draft.state, alarm_id, cause)) for alarm_id, cause in outages.items()}
    most = max(shared, key=shared.__getitem__, default=None)
    return most if most is not None and shared[most] else None


def _at_once(outages: Mapping[str, Concluded], evidence: Iterable[Evidence]) -> str | None:
    """The outage of several ports, without an area, at whose time these ONTs lost their power too."""
    for alarm_id, cause in outages.items():
        if not cause.place.startswith(AREA) and all(may_be_of(each, cause.since) for each in evidence):
            return alarm_id
    return None


def _grow(draft: Draft, memory: PonMemory, alarm_id: str, cause: Cause, new: list[Evidence]) -> None:
    if not new:
        return
    known, alarm = memory.causes[alarm_id], draft.alarm(alarm_id)
    mine = sum(each.gasped for each in new)
    if known.place.startswith(AREA):
        why = alarm.description.partition(". ")[0]
        more = replace(cause, evidence=new, dark=len(new) - mine, gasped=mine, alive=0, unknown=0, why=why)
    else:
        ports = list(dict.fromkeys([*known.ports, *cause.ports]))
        more = around(draft, known.place, ports, new, int(alarm.metadata.get("gasped", 0)) + mine, len(ports))
    grow(draft, memory, alarm_id, more)


def _outage_of_area(draft: Draft, memory: PonMemory, found: Evidence) -> tuple[str, Alarm] | None:
    """The outage of the ONT's power area that the loss may belong to."""
    node = draft.state.plant.nodes.get(found.ont)
    for alarm_id in memory.at_port.get(AREA + node.area, ()) if node is not None and node.area else ():
        alarm = draft.get(alarm_id)
        if alarm is None or alarm.cleared_at is not None or alarm.tenant_id != tenant_of(draft.state, found.ont):
            continue
        if may_be_of(found, memory.causes[alarm_id].since):
            return alarm_id, alarm
    return None


def _join_area(draft: Draft, memory: PonMemory, cause: Cause) -> bool:
    """Attach the ONTs of a cut to the outage of their area, where it explains them better."""
    outages = {each.ont: _outage_of_area(draft, memory, each) for each in cause.evidence}
    first = next(iter(outages.values()))
    if first is None or any(each is None or each[0] != first[0] for each in outages.values()):
        return False
    states: dict[Seen, int] = {"dark": cause.dark, "gasp": cause.gasped, "silent": cause.unknown, "alive": cause.alive}
    said = first[1].metadata
    members = members_of(draft.state, first[0], memory.causes[first[0]])
    area = evidence_of(draft, memory, memory.causes[first[0]].place).out
    times = apart_from(draft, cause.evidence, (each for ont, each in area.items() if ont in members))
    if is_cut_beside(states, {"gasp": int(said.get("gasped", 0)), "dark": int(said.get("dark", 0))}, times):
        return False
    for each in cause.evidence:
        _attach(draft, memory, each, *first)
    return True


def _joins(draft: Draft, memory: PonMemory, found: Evidence) -> bool:
    """Attach a single ONT to the outage of its area, if it went out at that time."""
    outage = _outage_of_area(draft, memory, found)
    if outage is None or draft.alarm(found.alarms[0]).parent_alarm_id is not None:
        return False
    _attach(draft, memory, found, *outage)
    return True


def _attach(draft: Draft, memory: PonMemory, found: Evidence, alarm_id: str, alarm: Alarm) -> None:
    name, cause = alarm.resource_id.removeprefix(AREA), memory.causes[alarm_id]
    for symptom in map(draft.alarm, found.alarms):
        attach(draft, symptom, alarm, NAME, f"dark when the mains of {name} failed", confidence=0.8)
    if found.ont not in members_of(draft.state, alarm_id, cause):
        draft.on_commit(cause.members.append, found.ont)

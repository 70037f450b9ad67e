"""One inspection of a power area: whether its mains have failed, from the dying gasps of its ONTs on any port."""

from collections import Counter
from collections.abc import Iterable, Mapping
from datetime import datetime, timedelta

from actors.correlator.draft import Draft
from actors.correlator.plant.power_area import AREA
from actors.correlator.pon.calibration import calibrated
from actors.correlator.pon.cause import Cause, Evidence
from actors.correlator.pon.conclude import NAME, conclude, withdraw
from actors.correlator.pon.cut_within import is_cut_beside
from actors.correlator.pon.episodes import episodes
from actors.correlator.pon.gather import tenant_of
from actors.correlator.pon.likelihood import Seen
from actors.correlator.pon.members import back_of, members_of
from actors.correlator.pon.memory import PonMemory
from actors.correlator.pon.notice_times import apart_from
from actors.correlator.pon.ont_evidence import evidence_of
from actors.correlator.pon.restoration import end_restored, follow_return, is_restored

FEWEST = 3
"""Dying gasps that an outage of an area needs at least."""
A_MOMENT = timedelta(milliseconds=50)
GASPING = 1 / 3
"""Share of the ONTs that are out that must have sent a dying gasp."""
SHARE = 0.5
"""Share of the area's ONTs that must be out. ONTs that were out before do not count."""


def look(draft: Draft, memory: PonMemory, subject: str) -> list[str]:
    """Update the conclusions about ``area:NAME``, one for each tenant that has OLTs there. Returns the ports to inspect because
    of them."""
    area = evidence_of(draft, memory, subject)
    ports: dict[str, None] = {}
    for tenant in sorted({*area.sizes, *_tenants(draft, memory, subject)}):
        found: Mapping[str, Evidence] = area.out
        if len(area.sizes) > 1 or tenant not in area.sizes:
            found = {ont: each for ont, each in found.items() if tenant_of(draft.state, ont) == tenant}
        ports.update(dict.fromkeys(_look(draft, memory, subject, tenant, found, area.sizes[tenant])))
    return list(ports)


def _tenants(draft: Draft, memory: PonMemory, subject: str) -> list[str]:
    """The tenants with an outage there."""
    return [alarm.tenant_id for each in memory.at_port.get(subject, ()) if (alarm := draft.get(each)) is not None]


def _look(draft: Draft, memory: PonMemory, subject: str, tenant: str, found: Mapping[str, Evidence], size: int) -> list[str]:
    plant = draft.state.plant
    known_id = next(
        (each for each in memory.at_port.get(subject, ()) if (alarm := draft.get(each)) is None or alarm.tenant_id == tenant),
        None,
    )
    if known_id is not None:
        known = memory.causes[known_id]
        members = members_of(draft.state, known_id, known)
        # The topology may have moved an ONT to another area. It still counts here.
        back = back_of(draft, known_id, known)
        if is_restored(back, len(members)):
            end_restored(draft, memory, known_id, known, back)
            return []
        if back or known.told_back:
            follow_return(draft, known, known_id, back, subject)
        if found.keys() <= members:
            return []
    # What a read found without a burst may have been so for months, and did not begin together.
    gasps = {ont for ont, each in found.items() if each.gasped and memory.found.get(ont) != each.onset}
    if len(gasps) < FEWEST:
        return []
    together = [each for each in episodes(found.values()) if sum(1 for one in each if one.ont in gasps) >= FEWEST]
    if not together:
        return []
    recent = _without_cuts(draft, {each.ont: each for each in together[-1]}, found)
    gasped = sum(each.gasped for each in recent.values())
    could = size - (len(found) - len(recent))
    if gasped < FEWEST or len(recent) < SHARE * could or gasped < GASPING * len(recent):
        return []
    ports = list(dict.fromkeys(port for ont in recent if (port := plant.pon_of(ont)) is not None))
    name = subject.removeprefix(AREA)
    cause = Cause(
        kind="power",
        place=subject,
        ports=[subject, *ports],
        evidence=list(recent.values()),
        dark=len(recent) - gasped,
        gasped=gasped,
        alive=0,
        unknown=could - len(recent),
        confidence=calibrated("area", gasped / max(1, len(recent)) * (len(recent) / max(1, could)) ** 0.5),
        why=f"{gasped} of {could} ONTs of {name} on {len(ports)} PON port{'s' if len(ports) > 1 else ''} sent a dying gasp "
        "at about the same time: mains, not fibre",
    )
    alarm = conclude(draft, memory, cause)
    for other_id in dict.fromkeys(each for port in ports for each in memory.at_port.get(port, ())):
        other = memory.causes[other_id]
        if alarm is not None and other_id != alarm.id and other.kind == "power" and recent.keys() >= set(other.members):
            withdraw(draft, memory, other_id, cause.why, alarm)
    return ports


def _without_cuts(draft: Draft, recent: dict[str, Evidence], found: Mapping[str, Evidence]) -> dict[str, Evidence]:
    """The ONTs that went out together, without those whose splitter was cut off at that time."""
    plant = draft.state.plant
    silent: dict[str, list[str]] = {}
    gasped: set[str] = set()
    for ont, each in recent.items():
        for above in plant.parents(ont)[:1]:
            if each.gasped:
                gasped.add(above)
            else:
                silent.setdefault(above, []).append(ont)
    total = Counter[Seen]("gasp" if each.gasped else "dark" for each in recent.values())
    cut: set[str] = set()
    for above, dark in silent.items():
        if above in gasped or len(dark) < 2:
            continue
        others = [ont for ont in plant.onts_below(above) if ont not in found]
        mine = Counter[Seen]({"dark": len(dark), "silent": len(others)})
        times = apart_from(draft, [recent[ont] for ont in dark], recent.values())
        if is_cut_beside(mine, total - Counter[Seen]({"dark": len(dark)}), times):
            cut.update(dark)
    return {ont: each for ont, each in recent.items() if ont not in cut} if cut else recent


def area_pending(draft: Draft, free: Iterable[Evidence]) -> datetime | None:
    """Time of the inspection of an area with gasps from ONTs of this port. Until then nothing is concluded from their gasps."""
    nodes = draft.state.plant.nodes
    areas = dict.fromkeys(node.area for each in free if each.gasped and (node := nodes.get(each.ont)) is not None and node.area)
    due = [at for name in areas if (at := draft.state.timers.at(NAME, AREA + name)) is not None and at > draft.at]
    return min(due) + A_MOMENT if due else None

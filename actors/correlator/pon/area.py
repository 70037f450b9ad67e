"""One look at a power area: whether its mains have failed, from the dying gasps of its ONTs on whatever port."""

from collections import Counter
from collections.abc import Mapping
from datetime import datetime, timedelta

from actors.correlator.draft import Draft
from actors.correlator.family import attach
from actors.correlator.pon.conclude import NAME, Cause, conclude, over, withdraw
from actors.correlator.pon.gather import EPISODE, Evidence, evidence, is_out, tenant_of
from actors.correlator.pon.members import members_of
from actors.correlator.pon.memory import PonMemory
from actors.correlator.signals import AREA
from actors.correlator.state import State

FEWEST = 3
"""Gasps from which on it may be the area."""
A_MOMENT = timedelta(milliseconds=50)
SHARE = 0.5
"""Share of the area's ONTs that are out, of those which were not before."""


_KEY = "pon areas"


class _Area:
    """What is known against the ONTs of an area, kept from look to look: how many there are (``sizes``) and which are out
    (``found``), by the tenant of their OLT, and those that are to be asked after (``stale``). It follows from the State, so it
    is not saved."""

    __slots__ = ("at", "found", "sizes", "stale")

    def __init__(self, draft: Draft, name: str) -> None:
        plant, self.at = draft.state.plant, _as_of(draft)
        self.stale = {ont: None for ont in plant.area(name) if plant.nodes[ont].type == "ont"}
        self.sizes = Counter(tenant_of(draft, ont) for ont in self.stale)
        self.found: dict[str, dict[str, Evidence]] = {}

    def ask(self, draft: Draft, memory: PonMemory) -> None:
        """Bring ``found`` up to date."""
        unsure: dict[str, None] = {}
        for ont in self.stale:
            known, found = evidence(draft, ont, memory), self.found.setdefault(tenant_of(draft, ont), {})
            if known is None:
                found.pop(ont, None)
                continue
            found[ont] = known
            if ont not in memory.onset:
                unsure[ont] = None  # since when it is out moves with each repeat, which nobody is shown
        self.stale = unsure


def heard(draft: Draft, name: str, ont: str) -> None:
    """An ONT of this area went out or came back, or says so in another way."""
    known: dict[str, _Area] = draft.state.derived.get(_KEY, {})
    if name in known:
        known[name].stale[ont] = None


def forget(state: State) -> None:
    """What was not shown to the strategies may be missing: ask after every ONT anew."""
    state.derived.pop(_KEY, None)


def _known(draft: Draft, memory: PonMemory, name: str) -> _Area:
    areas: dict[str, _Area] = draft.state.derived.setdefault(_KEY, {})
    known = areas.get(name)
    if known is None or known.at != _as_of(draft):
        known = areas[name] = _Area(draft, name)
    known.ask(draft, memory)
    return known


def _as_of(draft: Draft) -> tuple[int, str]:
    return draft.state.topology_at, draft.state.settings.default_tenant


def look(draft: Draft, memory: PonMemory, subject: str) -> list[str]:
    """Bring the conclusions about ``area:NAME`` up to date, one for each tenant that has OLTs there; the ports that are to be
    looked at for them."""
    area = _known(draft, memory, subject.removeprefix(AREA))
    ports: dict[str, None] = {}
    for tenant in sorted({*area.sizes, *_tenants(draft, memory, subject)}):
        found, size = area.found.get(tenant, {}), area.sizes[tenant]
        ports.update(dict.fromkeys(_look(draft, memory, subject, tenant, found, size)))
    return list(ports)


def _tenants(draft: Draft, memory: PonMemory, subject: str) -> list[str]:
    """Those that have an outage there."""
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
        # An ONT may be in another area by now, and is out all the same.
        back = sum(not is_out(draft, ont) for ont in members.difference(found))
        if 2 * (len(members) - back) <= len(members):
            over(draft, memory, known_id, f"{back} of {len(members)} ONTs have power again")
            return []
        if found.keys() <= members:
            return []
    gasps = [each.onset for each in found.values() if each.gasped]
    if len(gasps) < FEWEST:
        return []
    last = max(gasps)
    recent = {ont: each for ont, each in found.items() if last - EPISODE <= each.onset <= last + EPISODE}
    gasped = sum(each.gasped for each in recent.values())
    could = size - (len(found) - len(recent))
    if gasped < FEWEST or len(recent) < SHARE * could or gasped * 2 < len(recent):
        return []
    recent = {ont: recent[ont] for ont in plant.area(subject.removeprefix(AREA)) if ont in recent}
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
        confidence=min(0.99, gasped / max(1, len(recent)) * (len(recent) / max(1, could)) ** 0.5),
        why=f"{gasped} of {could} ONTs of {name} on {len(ports)} PON port{'s' if len(ports) > 1 else ''} sent a dying gasp "
        "at about the same time: mains, not fibre",
    )
    alarm = conclude(draft, memory, cause)
    for other_id in dict.fromkeys(each for port in ports for each in memory.at_port.get(port, ())):
        other = memory.causes[other_id]
        if alarm is not None and other_id != alarm.id and other.kind == "power" and recent.keys() >= set(other.members):
            withdraw(draft, memory, other_id, cause.why)
    return ports


def join_areas(draft: Draft, memory: PonMemory, out: Mapping[str, Evidence]) -> None:
    """ONTs that went dark when the mains of their area failed, too soon or too late to be counted with the others."""
    for ont, found in out.items():
        if draft.latest(found.alarms[0]).parent_alarm_id is not None:
            continue
        node = draft.state.plant.nodes.get(ont)
        if node is None or not node.area:
            continue
        for alarm_id in memory.at_port.get(AREA + node.area, ()):
            cause, alarm = memory.causes[alarm_id], draft.get(alarm_id)
            if alarm is None or alarm.cleared_at is not None or alarm.tenant_id != found.alarms[0].tenant_id:
                continue
            if abs(found.onset - cause.since) > EPISODE:
                continue
            for symptom in found.alarms:
                attach(draft, symptom, alarm, NAME, f"dark when the mains of {node.area} failed", confidence=0.8)
            if ont not in cause.members:
                draft.later(cause.members.append, ont)


def area_pending(draft: Draft, out: Mapping[str, Evidence]) -> datetime | None:
    """When an area is to be looked at that ONTs of this port gasped in: until then nothing is concluded from their gasps."""
    plant = draft.state.plant
    areas = dict.fromkeys(
        node.area
        for ont, found in out.items()
        if found.gasped and draft.latest(found.alarms[0]).parent_alarm_id is None
        if (node := plant.nodes.get(ont)) is not None and node.area
    )
    due = [at for name in areas if (at := draft.state.timers.at(NAME, AREA + name)) is not None and at > draft.at]
    return min(due) + A_MOMENT if due else None

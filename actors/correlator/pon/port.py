"""The inspection of a PON port: the causes that explain the ONTs that are out now, and the changes that follow."""

from collections import Counter
from collections.abc import Collection, Iterable, Mapping, Sequence
from datetime import datetime
from typing import Any

from actors.correlator.alarms.attachment import attach, children_of
from actors.correlator.draft import Draft
from actors.correlator.plant.power_area import AREA
from actors.correlator.polling.read_memory import ReadMemory
from actors.correlator.pon.area import area_pending
from actors.correlator.pon.bounce import gone_again
from actors.correlator.pon.calibration import calibrated
from actors.correlator.pon.cause import Cause, Evidence
from actors.correlator.pon.conclude import ALARM_TYPES, NAME, conclude, over, own, withdraw
from actors.correlator.pon.cut_within import cuts_within
from actors.correlator.pon.degraded import degraded
from actors.correlator.pon.episodes import episodes, is_of, odds_of
from actors.correlator.pon.explanation import Alternative, explain
from actors.correlator.pon.gather import (
    is_up,
    leaves,
    pon_los_of,
    said_of,
    tenant_of,
    tree_of,
    view,
)
from actors.correlator.pon.inquiry import inquire
from actors.correlator.pon.likelihood import Seen
from actors.correlator.pon.members import members_of
from actors.correlator.pon.memory import SETTLED, Concluded, PonMemory, PortRead
from actors.correlator.pon.notice_times import times_of
from actors.correlator.pon.olt_opinion import leaning_of
from actors.correlator.pon.ont_evidence import ByCause, evidence_of
from actors.correlator.pon.outage_join import join_outages, members_out, young_outages
from actors.correlator.pon.records import apart, sends_no_gasps, take_strays, take_unrecorded
from actors.correlator.pon.restoration import leftovers, out_again, returns
from actors.correlator.pon.rogue import blame, rogue_of, suspect
from actors.correlator.pon.rollup import gather_power, join_larger, refute_equipment, roll_up
from actors.correlator.pon.settling_port import not_settled
from actors.correlator.pon.street import FEWEST as STREET
from actors.correlator.pon.street import join_street, take_in_cuts
from actors.correlator.pon.trunk import share_cable
from actors.correlator.strategies.topological import begin_of, blocked_by, root_of
from protocols.alarm import Alarm

_LIKELY_MUTE = 0.5
"""Probability that an OLT sends no dying gasp, from which a cut says so."""


def look(draft: Draft, memory: PonMemory, port: str) -> datetime | None:
    """Update the conclusions about ``port``. Returns when to inspect it again without new evidence; None: not needed."""
    known = evidence_of(draft, memory, port)
    onts, out = known.onts, known.out
    said = said_of(draft, known.others)
    causes = {alarm_id: memory.causes[alarm_id] for alarm_id in memory.at_port.get(port, ())}
    for alarm_id in [each for each in causes if _ended(draft, each)]:
        # An operator ended it. Its ONTs are inspected when they are detached.
        draft.on_commit(memory.drop, alarm_id)
        del causes[alarm_id]
    blockers = blocked_by(draft, port, tenant_of(draft.state, port))
    if blockers:
        _give_way(draft, memory, causes, root_of(draft, blockers[0]))
        return None
    trunk = next((alarm_id for alarm_id, cause in causes.items() if cause.kind == "trunk"), None)
    if trunk is not None:
        del causes[trunk]  # its ONTs are those of its feeders, of which this port's is among the causes
    port_alarms = pon_los_of(draft, port)
    settling, port_alarms = not_settled(draft, memory, port, out, port_alarms)
    if settling:
        out = {ont: found for ont, found in out.items() if ont not in settling}
    refute_equipment(draft, memory, port, causes, port_alarms)
    rogue = rogue_of(draft, port, said)
    if rogue is not None:
        blame(draft, memory, causes, rogue, out, said)
        out = {ont: found for ont, found in out.items() if draft.alarm(found.alarms[0]).parent_alarm_id != rogue.id}
        causes = {alarm_id: cause for alarm_id, cause in causes.items() if not _ended(draft, alarm_id)}
    unexplained = known.by_cause_now(draft, out).get(None, ())
    free = [each for ont, each in out.items() if ont in unexplained]
    pending = area_pending(draft, free)
    if pending is not None:
        return pending
    join_larger(draft, memory, causes, out)
    _keep_together(draft, [each for ont, each in out.items() if ont in known.several] if known.several else ())
    repairing = returns(draft, memory, causes)
    out_again(draft, memory, causes, [each for each in free if draft.alarm(each.alarms[0]).parent_alarm_id is None])
    by_cause = _explained(draft, causes, onts, known.by_cause_now(draft, out), repairing)
    explained = settling.union(*by_cause.values())
    fresh = {ont: found for ont, found in out.items() if ont not in explained}
    left = leftovers(draft, memory, port, fresh)
    wanted: dict[tuple[str, str], Cause] = {}
    lonely: list[tuple[Evidence, str, float]] = []
    later: datetime | None = None
    if rogue is None:
        disturbed, later = suspect(draft, memory, port, onts, causes, out, by_cause, port_alarms)
        fresh = {ont: found for ont, found in fresh.items() if ont not in disturbed}
    outages = young_outages(draft, causes) if fresh else {}
    shared = members_out(draft, outages, {ont: each for ont, each in out.items() if ont not in fresh}) if outages else {}
    grouped = episodes([*fresh.values(), *shared.values()], draft.state.plant.leg_of)
    dark_since = memory.onset.get(port) if port_alarms else None
    # The port reports no light, and its ONTs do not report anything of that time.
    unsaid = (
        dark_since is not None
        and draft.at - dark_since <= SETTLED
        and all(each.onset < dark_since - SETTLED for each in fresh.values())
    )
    inquire(draft, memory, port, [[each for each in group if each.ont in fresh] for group in grouped], port_dark=unsaid)
    explained.difference_update(shared)
    for episode in [*grouped, *([[]] if unsaid else [])]:
        if episode and all(each.ont in shared for each in episode):
            continue
        again_out = gone_again(draft, memory, port, episode) if memory.ended and episode else None
        if again_out is not None:
            wanted[again_out.kind, again_out.place] = again_out
            continue
        common, alone = _explain(draft, memory, port, onts, episode, out, explained, port_alarms, dark_since)
        wanted.update(common)
        lonely += alone
    lonely = join_outages(draft, memory, outages, shared, wanted, lonely)
    if later is None:  # errors on a port with a rogue ONT are no sign of a bend
        bends, faded = degraded(draft, memory, port, onts, out, said)
        wanted.update(bends)
        lonely += faded
    if roll_up(draft, memory, port, wanted, port_alarms):
        del wanted["cut", port]
    gather_power(draft, memory, port, wanted, causes)
    for key, cause in left.items():
        if key in wanted:
            wanted[key].evidence += cause.evidence
        else:
            wanted[key] = cause
    _reconcile(draft, memory, causes, wanted, port_alarms, repairing)
    device = draft.state.plant.device_of(port) or ""
    for each, why, confidence in lonely:
        if own(draft, each, why, confidence) and not each.gasped:
            draft.on_commit(memory.single_loss, device)
    _claim_port(draft, port_alarms, out)
    share_cable(draft, memory, port, wanted.get(("cut", port)), trunk)
    return later


def _ended(draft: Draft, alarm_id: str) -> bool:
    alarm = draft.get(alarm_id)
    return alarm is None or alarm.cleared_at is not None


def _keep_together(draft: Draft, several: Iterable[Evidence]) -> None:
    """A further alarm of an ONT that has an explanation is attached where its first alarm is."""
    for found in several:
        alarms = [draft.alarm(each) for each in found.alarms]
        parent = next((each.parent_alarm_id for each in alarms if each.parent_alarm_id is not None), None)
        cause = draft.get(parent) if parent is not None else None
        if cause is None or cause.resource_id == found.ont or cause.cleared_at is not None:
            continue
        for each in alarms:
            if each.parent_alarm_id is None and not each.is_root_cause:
                attach(draft, each, cause, NAME, "the same ONT says so in another way")


def _claim_port(draft: Draft, port_alarms: list[Alarm], out: Mapping[str, Evidence]) -> None:
    """Attach the port's own alarm to the cause that explains most of its ONTs."""
    free = [each for each in port_alarms if draft.latest(each).parent_alarm_id is None]
    if not free:
        return
    parents = Counter(parent for each in out.values() if (parent := draft.alarm(each.alarms[0]).parent_alarm_id) is not None)
    for parent, count in parents.most_common(1):
        cause = draft.get(parent)
        if cause is not None and (2 * count > len(out) or parents.total() == len(out)):
            for each in free:
                attach(draft, each, cause, NAME, f"{count} of the {len(out)} ONTs that are out are out because of it")


def _explain(
    draft: Draft,
    memory: PonMemory,
    port: str,
    onts: Sequence[str],
    episode: list[Evidence],
    out: Mapping[str, Evidence],
    explained: set[str],
    port_alarms: list[Alarm],
    dark_since: datetime | None,
) -> tuple[dict[tuple[str, str], Cause], list[tuple[Evidence, str, float]]]:
    """The causes of one episode, and the ONTs with faults of their own. ``dark_since``: when the port reported that it receives
    nothing; without an ``episode``, that is the only evidence."""
    mine = {each.ont: each for each in episode}
    # Several ONTs that went dark now are evidence beside the port's report; one or none is not.
    port_dark = dark_since is not None and (len(mine) > 1 or not _went_before(dark_since, onts, out, mine))
    if episode:
        port_dark = port_dark and dark_since is not None and is_of(episode, dark_since)
        seen = view(onts, mine, out, explained, memory, memory.reads.get(port))
    else:
        polled = memory.reads.get(port)
        if polled is not None and (dark_since is None or polled.begun <= dark_since):
            polled = None
        seen = {ont: _seen_alone(memory, out, polled, dark_since, ont) for ont in onts}
    tree = tree_of(draft, port, seen)
    causes: dict[tuple[str, str], Cause] = {}
    lonely: list[tuple[Evidence, str, float]] = []
    leaning = leaning_of(draft, port, port_alarms) if port_dark else 0.0
    odds = odds_of(memory.port_losses.get(port), episode, len(onts))
    mute = sends_no_gasps(memory, draft.state.plant.device_of(port) or "")
    strays: list[tuple[Evidence, float]] = []
    recorded = apart(draft, memory, port, episode)
    breaks = explain(tree, port_dark=port_dark, leaning=leaning, mute=mute, apart=recorded, odds=odds)
    if sum(each.gasped for each in episode) >= STREET and not port_dark:
        breaks = take_in_cuts(tree, breaks, times_of(draft, onts, mine), mine)
    inside = [
        found._replace(
            cause="cut",
            place=place,
            confidence=min(sure, found.confidence),
            alternatives=(Alternative("power", found.place, 1 - sure),),
        )
        for found in breaks
        if found.cause == "power" and not found.own
        for place, sure in cuts_within(tree, found.place, times_of(draft, leaves(tree, found.place), mine))
    ]
    cut_off = {ont for found in inside for ont in leaves(tree, found.place)}
    for found in (*breaks, *inside):
        below = leaves(tree, found.place)
        if found.cause == "power" and cut_off:
            below = [ont for ont in below if ont not in cut_off]
        members = [mine[ont] for ont in below if ont in mine]
        if found.moved:
            strays += [(each, found.confidence) for each in members]
            continue
        if found.own:
            lonely += [(each, _alone(draft, found.cause, each, seen), found.confidence) for each in members]
            continue
        seen_below = Counter(seen[ont] for ont in below)
        counts = {
            "dark": seen_below["dark"] + seen_below["found_dark"],
            "gasp": seen_below["gasp"] + seen_below["found_gasp"],
            "found": _polled(draft, members),
            "alive": seen_below["alive"],
            "silent": seen_below["silent"],
            "out": seen_below["out"],
        }
        unclear = found.cause == "cut" and mute >= _LIKELY_MUTE  # nothing that was reported tells cut from power
        sure = found.confidence if unclear else calibrated(found.cause, found.confidence)
        cause = Cause(
            kind=found.cause,
            place=found.place,
            ports=[port],
            evidence=members,
            dark=counts["dark"],
            gasped=counts["gasp"],
            alive=counts["alive"],
            unknown=counts["silent"],
            confidence=sure,
            why=_why(draft, found.cause, found.place, counts, len(below), port_dark),
            summary={"alternatives": _alternatives(found.alternatives, (1.0 - sure) / max(1e-3, 1.0 - found.confidence))},
        )
        if unclear:
            cause.why += "; cut or power: the OLT sends no dying gasp"
        causes[cause.kind, cause.place] = cause
    causes, lonely = join_street(draft, port, len(onts), causes, lonely, odds)
    take_strays(draft, causes, strays)
    take_unrecorded(draft, memory, port, causes)
    return causes, lonely


def _alternatives(found: Iterable[Alternative], scale: float) -> list[dict[str, Any]]:
    weighed = ((each, min(1.0, each.weight * scale)) for each in found)
    return [
        {"alarm_type": ALARM_TYPES[each.cause], "place": each.place, "weight": round(weight, 3)} for each, weight in weighed
    ]


def _went_before(since: datetime, onts: Sequence[str], out: Mapping[str, Evidence], mine: Collection[str]) -> bool:
    """True when half of the port's ONTs went out in the last minutes before ``since``, for another cause than those in
    ``mine``: then the port is dark because of that cause."""
    gone = [ont for ont, each in out.items() if ont not in mine and each.onset >= since - SETTLED]
    return 2 * len(gone) >= len(onts)


def _seen_alone(
    memory: PonMemory, out: Mapping[str, Evidence], polled: PortRead | None, since: datetime | None, ont: str
) -> Seen:
    """The state of an ONT where the port's own report is the only evidence."""
    if since is not None and memory.back.get(ont, since) > since:
        return "alive"
    if ont in out:
        return "out"
    return "alive" if polled is not None and is_up(polled, ont) else "silent"


def _polled(draft: Draft, members: Iterable[Evidence]) -> int:
    """Number of ONTs whose outage a poll found, and no trap reported."""
    if not draft.state.memory(ReadMemory).devices:
        return 0
    return len([each for each in members if "found_by" in draft.alarm(each.alarms[0]).metadata])


def _why(draft: Draft, kind: str, place: str, counts: Mapping[str, int], total: int, port_dark: bool) -> str:
    node = draft.state.plant.nodes.get(place)
    name = (node.name if node is not None else "") or place
    told = counts["dark"] + counts["gasp"]
    found = f"; {counts['found']} of them were found by poll" if counts["found"] else ""
    if kind == "power":
        text = f"{counts['gasp']} of {total} ONTs below {name} sent a dying gasp at about the same time: mains, not fibre"
        return text + found
    port = ", and the port receives no light" if port_dark else ""
    if not told:
        before = f", of which {counts['out']} were out before" if counts["out"] else ""
        return f"{name} receives no light, and none of its {total} ONTs{before}, is known to be up{found}"
    gasps = f"{counts['gasp']} of them with a dying gasp, " if counts["gasp"] else "none with a dying gasp, "
    return f"{told} of {total} ONTs below {name} went dark together, {gasps}none is known to be up{port}{found}"


def _alone(draft: Draft, kind: str, found: Evidence, seen: Mapping[str, Seen]) -> str:
    others = sum(1 for state in seen.values() if state in ("silent", "alive"))
    what = "it lost its own power" if kind == "power" else "its drop fibre, connector or optics"
    gasp = "with a dying gasp" if found.gasped else "without a dying gasp"
    if not others:
        return f"alone {gasp}, with no other ONT of its port to compare: {what}"
    verb = "ONT of its port is" if others == 1 else "ONTs of its port are"
    return f"alone {gasp}, while {others} other {verb} not known to be out: {what}"


def _give_way(draft: Draft, memory: PonMemory, causes: Mapping[str, Concluded], blocker: Alarm) -> None:
    """Withdraw conclusions that lost equipment explains, and attach all that was attached to them to the equipment above it,
    also on other ports. A loss of power that reaches further than the lost equipment stays, and so does a cut; that a card or
    an OLT as a whole has failed is refuted by the equipment that names itself."""
    why = f"{blocker.resource_name or blocker.resource_id} is gone ({blocker.alarm_type}): that explains it"
    began = begin_of(draft, blocker)
    plant, heirs = draft.state.plant, dict[str, Alarm | None]()

    def heir_of(port: str) -> Alarm | None:
        if port not in heirs:
            above = blocked_by(draft, port, blocker.tenant_id)
            heirs[port] = root_of(draft, above[0]) if above else None
        return heirs[port]

    for alarm_id, cause in causes.items():
        if cause.kind == "degraded" or began - cause.since > SETTLED:
            continue
        if cause.kind not in ("card", "olt") and not all(heir_of(port) for port in cause.ports if not port.startswith(AREA)):
            continue
        held = [each for each in children_of(draft, alarm_id) if each.cleared_at is None]
        withdraw(draft, memory, alarm_id, why, blocker)
        for child in held if cause.kind != "trunk" else ():
            heir = heir_of(plant.pon_of(child.resource_id) or child.resource_id)
            if heir is not None:
                attach(draft, child, heir, NAME, why)


def _explained(
    draft: Draft, causes: Mapping[str, Concluded], onts: Sequence[str], out: ByCause, repairing: set[str]
) -> dict[str, set[str]]:
    """ONTs that need no new explanation, by the alarm that explains them: those of causes that are settled, larger than the
    port or being repaired; and those attached to another alarm, also to a cause that has just ended."""
    explained: dict[str, set[str]] = {}
    young: set[str] = set()
    for alarm_id, cause in causes.items():
        if cause.explains(draft.at, coming_back=alarm_id in repairing):
            members = members_of(draft.state, alarm_id, cause)
            explained[alarm_id] = members.intersection(onts)
        else:
            young.add(alarm_id)
    for parent, mine in out.items():
        cause_alarm = draft.get(parent) if parent is not None and parent not in young else None
        if cause_alarm is not None:
            explained.setdefault(cause_alarm.id, set()).update(mine)
            explained[cause_alarm.id].discard(cause_alarm.resource_id)
    return explained


def _reconcile(
    draft: Draft,
    memory: PonMemory,
    causes: Mapping[str, Concluded],
    wanted: Mapping[tuple[str, str], Cause],
    port_alarms: list[Alarm],
    repairing: set[str],
) -> None:
    """Raise or revise the conclusions that hold, and withdraw those that do not hold any more. What a larger one explains goes
    on as that one."""
    refuted: list[str] = []
    explains: dict[str, set[str]] = {}
    for alarm_id, cause in causes.items():
        if cause.beyond_port or cause.kind == "rogue" or alarm_id in repairing or (cause.kind, cause.place) in wanted:
            continue
        if cause.kind == "degraded":
            over(draft, memory, alarm_id, "its ONTs are not degraded together any more")
        elif draft.at - cause.since <= SETTLED:
            refuted.append(alarm_id)
    largest = max(wanted.values(), key=lambda each: len(each.evidence), default=None)
    for each in wanted.values():
        mine = port_alarms if each is largest and each.kind != "degraded" else []
        unclaimed = [alarm for alarm in mine if alarm.parent_alarm_id is None]
        concluded = conclude(draft, memory, each, unclaimed)
        if concluded is not None:
            explains[concluded.id] = {one.ont for one in each.evidence}
    better = ", ".join(f"{kind} at {place}" for kind, place in wanted) or "nothing common to them"
    for alarm_id in refuted:
        members = causes[alarm_id].members
        shared = {name: len(onts.intersection(members)) for name, onts in explains.items()}
        instead = max(shared, key=shared.__getitem__, default="")
        heir = draft.get(instead) if shared.get(instead) else None
        withdraw(draft, memory, alarm_id, f"later evidence says otherwise: {better}", heir)

"""A trunk cable: one cut that takes several feeders of an OLT at once.

The feeders' own conclusions are attached to it, so that it is one alarm, one notification and one ticket, and each feeder ends
when it is spliced. At least three feeders of one OLT must go dark in one burst, or all ports of a card that report their loss
of light or whose card is not reported for seconds; two feeders in the same seconds stay two cuts, since nothing shows that they
have a cable in common.
"""

from collections.abc import Sequence

from actors.correlator.alarms.attachment import children_of
from actors.correlator.draft import Draft
from actors.correlator.pon.alarm_types import FIBRE_CUT
from actors.correlator.pon.cause import Cause
from actors.correlator.pon.conclude import conclude, over, withdraw
from actors.correlator.pon.feeders import common_node, dark_together, evidence_below, signs_of, trunks_of
from actors.correlator.pon.gather import ports_below, tenant_of
from actors.correlator.pon.memory import SETTLED, PonMemory
from actors.correlator.pon.shared_loss import SharedSigns, equipment_failed
from protocols.alarm import Alarm, Identity

FEWEST = 3
"""Feeders that point to one cable by themselves."""
_ONE_CABLE = 0.97
"""Share of one cable among the explanations of several feeders in one burst, beside cuts that have nothing in common."""


def share_cable(draft: Draft, memory: PonMemory, port: str, cut: Cause | None, standing: str | None) -> None:
    """Raise, extend, withdraw or end the trunk cable that has the feeder of ``port``. ``cut`` is the conclusion that its feeder
    is cut, ``standing`` the id of the trunk's alarm that has it already."""
    if standing is not None and not _follow(draft, memory, standing):
        return
    feeder = _open_cut(draft, port) if cut is not None else None
    if cut is None or feeder is None:
        return
    known = memory.causes.get(standing) if standing is not None else None
    if known is not None and draft.at - known.since > SETTLED:
        return
    group = dark_together(draft, memory, port, cut)
    ports = [each.port for each in group]
    if known is not None and set(ports) <= set(known.ports):
        return
    others = trunks_of(memory, ports)
    ports = list(dict.fromkeys([*(each for alarm_id in others for each in memory.causes[alarm_id].ports), *ports]))
    found = evidence_below(draft, memory, group, cut)
    signs = signs_of(draft, ports, found)
    alive = 2 * signs.dark >= len(ports) or signs.waited
    if not others and len(ports) < FEWEST and not (alive and _all_of_card(draft, ports)):
        return
    place = common_node(draft, ports)
    if place is None:
        return
    cables = [alarm_id for alarm_id in others if memory.causes[alarm_id].place == place]
    ports = list(dict.fromkeys([*(memory.causes[cables[0]].ports if cables else ()), *ports]))
    gasped = sum(each.gasped for each in found)
    confidence = _ONE_CABLE * (1.0 - (equipment_failed(signs) if _all_of_card(draft, ports) else 0.0))
    cause = Cause(
        kind="trunk",
        place=place,
        ports=ports,
        evidence=found,
        dark=len(found) - gasped,
        gasped=gasped,
        alive=0,
        unknown=sum(len(draft.state.plant.onts_below(each)) for each in ports) - len(found),
        confidence=confidence,
        why=_why(draft, place, ports, signs, confidence),
        summary={"feeders": ports},
    )
    alarms = [alarm for each in group if (alarm := _open_cut(draft, each.port)) is not None]
    before = [child for alarm_id in others for child in children_of(draft, alarm_id) if child.cleared_at is None]
    alarms += [child for child in before if child not in alarms]
    concluded = conclude(draft, memory, cause, alarms)
    for alarm_id in others:
        if concluded is not None and alarm_id != concluded.id:
            withdraw(draft, memory, alarm_id, cause.why, concluded)


def _follow(draft: Draft, memory: PonMemory, standing: str) -> bool:
    """Withdraw or end a trunk cable when its feeders are. True while it stands."""
    known, trunk = memory.causes[standing], draft.get(standing)
    if trunk is None or trunk.cleared_at is not None:
        return False
    feeders = children_of(draft, standing)
    left = [each for each in feeders if each.cleared_at is None]
    refuted = [each for each in feeders if _refuted(draft, each)]
    if refuted and len(feeders) - len(refuted) < min(FEWEST, len(known.ports)):
        withdraw(draft, memory, standing, "the feeders have not been cut together: later evidence says otherwise")
        return False
    if not left and feeders:
        over(draft, memory, standing, f"none of its {len(known.ports)} feeders is dark any more")
        return False
    return True


def _refuted(draft: Draft, feeder: Alarm) -> bool:
    return any(each.action == "withdrawn" for each in draft.entries_of(feeder.id))


def _open_cut(draft: Draft, port: str) -> Alarm | None:
    alarm = draft.current(Identity(tenant_of(draft.state, port), port, FIBRE_CUT))
    return alarm if alarm is not None and alarm.cleared_at is None else None


def _all_of_card(draft: Draft, ports: Sequence[str]) -> bool:
    """True when these are all the ports of one card, or of one OLT: the equipment may have failed instead."""
    above = common_node(draft, ports)
    return above is not None and len(ports) > 1 and set(ports_below(draft, above)) == set(ports)


def _why(draft: Draft, place: str, ports: Sequence[str], signs: SharedSigns, confidence: float) -> str:
    nodes = draft.state.plant.nodes
    names = [nodes[each].name or each for each in ports]
    listed = ", ".join(names[:8]) + (f" and {len(names) - 8} more" if len(names) > 8 else "")
    said = f"{signs.dark} of them report loss of light" if signs.dark else "none of them reports loss of light itself"
    others = f"{len(ports)} feeders that were cut one by one"
    if _all_of_card(draft, ports):
        others += f", or a failure of {nodes[place].name or place}"
    return (
        f"{len(ports)} PON ports of {nodes[place].name or place} went dark in one burst, and {said}: "
        f"one trunk cable with the feeders of {listed}, or, less likely ({100 * (1 - confidence):.0f} %), {others}"
    )

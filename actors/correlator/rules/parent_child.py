"""Rules of a parent and its children: alarms that the rule calls children are attached to a parent alarm above them in the
topology, or of the same device, that was raised within the time window before or after.

What was raised within the window waits under every place in which the other side would look for it, so neither side searches.
"""

from datetime import timedelta
from itertools import islice
from typing import Any

from actors.correlator.alarms.attachment import attach, detach, reported_at
from actors.correlator.draft import Draft
from actors.correlator.rules.compiler import CompiledRule, CompiledRules, RulePart
from actors.correlator.rules.memories import AttachedChild, KinMemory, Recent
from actors.correlator.rules.place import above, device_of, is_below
from actors.correlator.state import State, View
from protocols.alarm import Alarm

NAME = "rules"
MAX_RECENT = 20_000
"""Parents, and children, of one rule within its window; the oldest go first."""
_MOMENT = timedelta(milliseconds=1)


def raised(draft: Draft, rules: CompiledRules, part: RulePart, alarm: Alarm) -> None:
    """A parent looks for children that came before it, a child for its parent; both are kept for those that come later."""
    rule = part.rule
    own, other = (f"{role} {rule.id}" for role in (("parent", "child") if part.role == "parent" else ("child", "parent")))
    if part.role == "parent":
        mine, theirs = _places_of_parent(draft, alarm)
        for child in _waiting(draft, other, theirs, rule):
            if is_below(draft.state.plant, child, alarm):
                _join(draft, rules, rule, child, alarm)
    else:
        mine, theirs = _places_of_child(draft, alarm)
        for parent in _waiting(draft, other, theirs, rule):
            if is_below(draft.state.plant, alarm, parent) and _join(draft, rules, rule, alarm, parent):
                break
    _wait(draft, own, alarm, mine, rule)


def adopt(
    draft: Draft, rules: CompiledRules, rule: CompiledRule, child: Alarm, cause: Alarm, why: str, **evidence: Any
) -> bool:
    """Attach ``child`` for ``rule``, unless something that comes before the rule has attached it: what is no rule's (the
    topology's, an operator's) always does, another rule by priority and name."""
    child = draft.latest(child)
    adopted = draft.state.memory(KinMemory).adopted
    if child.parent_alarm_id is not None:
        known = draft.read(adopted, child.id)
        if known is None or known.parent != child.parent_alarm_id:
            return False
        before = rules.by_id.get(known.rule)
        if before is not None and before.order <= rule.order:
            return False
    actions = rule.rule.actions
    done = attach(
        draft,
        child,
        cause,
        rule.rule.name,
        why,
        suppress=actions.suppress_child_alarms is not False,
        mark_root=actions.mark_parent_as_root_cause is not False,
        share_group=actions.create_correlation_id is not False,
        rule_id=rule.id,
        **evidence,
    )
    if done:
        draft.set(adopted, child.id, AttachedChild(rule.id, cause.id))
    return done


def forget(draft: Draft, alarm: Alarm) -> None:
    """The alarm is over: no rule's attachment is looked after any more."""
    adopted = draft.state.memory(KinMemory).adopted
    if draft.read(adopted, alarm.id) is not None:
        draft.drop(adopted, alarm.id)


def release(draft: Draft, alarm_id: str, gone: dict[str, str]) -> bool:
    """Detach an alarm that a rule attached which is no more (``gone``: rule id → why). True when it was."""
    adopted = draft.state.memory(KinMemory).adopted
    known = draft.read(adopted, alarm_id)
    if known is None or known.rule not in gone:
        return False
    draft.drop(adopted, alarm_id)
    alarm = draft.get(alarm_id)
    if alarm is None or alarm.parent_alarm_id != known.parent:
        return False
    detach(draft, alarm, NAME, gone[known.rule], rule_id=known.rule)
    return True


def drop(draft: Draft, gone: dict[str, str]) -> None:
    """Forget the alarms that waited for rules that are gone."""
    recent = draft.state.memory(KinMemory).recent
    for slot in recent:
        if slot.partition(" ")[2] in gone:
            draft.drop(recent, slot)
            draft.drop(draft.state.view(Waiting).slots, slot)


def expire(draft: Draft, slot: str, rule: CompiledRule | None) -> None:
    """Drop alarms that were kept for the whole window."""
    window = rule.window if rule is not None else timedelta(0)
    recent = draft.state.memory(KinMemory).recent
    if slot not in recent:
        return
    waiting = draft.inner(recent, slot)
    for alarm_id, each in waiting.items():
        if each.at >= draft.at - window:
            draft.wake(NAME, f"kin {slot}", each.at + window + _MOMENT)
            break
        _leave(draft, waiting, slot, alarm_id, each)


# --- who waits where -------------------------------------------------------------------------------------------------


def _places_of_parent(draft: Draft, alarm: Alarm) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """(where children look for this parent, where it looks for children)."""
    device = f"{alarm.tenant_id}\x1f{device_of(alarm)}"
    if alarm.resource_id in draft.state.plant.nodes:
        return (f"n{alarm.resource_id}", f"d{device}"), (f"n{alarm.resource_id}", f"d{device}")
    return (f"d{device}", f"k{device}"), (f"d{device}", f"k{device}")


def _places_of_child(draft: Draft, alarm: Alarm) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """(where parents look for this child, where it looks for parents, nearest first). A node of the topology is of interest to
    what has its device's name alone (``k``) only where that is no node."""
    device = f"{alarm.tenant_id}\x1f{device_of(alarm)}"
    nodes = tuple(f"n{node}" for node in above(draft.state.plant, alarm.resource_id))
    places = (*nodes, f"k{device}") if nodes else (f"d{device}",)
    return places, places


class Waiting(View):
    """Alarms of ``KinMemory.recent``, oldest first, by slot and the places in which the other side looks for them."""

    def __init__(self, state: State) -> None:
        self.slots: dict[str, dict[str, dict[str, Recent]]] = {}
        for slot, waiting in state.memory(KinMemory).recent.items():
            by_place = self.slots[slot] = {}
            for alarm_id, recent in waiting.items():
                for place in recent.places:
                    by_place.setdefault(place, {})[alarm_id] = recent


def _waiting(draft: Draft, slot: str, places: tuple[str, ...], rule: CompiledRule) -> list[Alarm]:
    """Open alarms of the slot in these places, raised within the window: those of the nearest place first."""
    by_place = draft.read(draft.state.view(Waiting).slots, slot)
    if by_place is None:
        return []
    found: dict[str, Recent] = {}
    for place in places:
        there = draft.read(by_place, place)
        for alarm_id in draft.keys(there) if there is not None else ():
            if there is not None and alarm_id not in found and (recent := draft.read(there, alarm_id)) is not None:
                found[alarm_id] = recent
    alarms = (draft.get(alarm_id) for alarm_id, recent in found.items() if draft.at - recent.at <= rule.window)
    return [alarm for alarm in alarms if alarm is not None and alarm.cleared_at is None]


def _wait(draft: Draft, slot: str, alarm: Alarm, places: tuple[str, ...], rule: CompiledRule) -> None:
    waiting = draft.inner(draft.state.memory(KinMemory).recent, slot)
    old = draft.read(waiting, alarm.id)
    if old is not None and old.places != places:
        _leave(draft, waiting, slot, alarm.id, old)
    recent = Recent(draft.at, places)
    # Also one that waits already goes to the end: an index made from a snapshot has the same order.
    draft.remember(waiting, alarm.id, recent)
    by_place = draft.inner(draft.state.view(Waiting).slots, slot)
    for place in places:
        draft.remember(draft.inner(by_place, place), alarm.id, recent)
    if len(waiting) > MAX_RECENT and draft.read(waiting, next(iter(waiting))) is not None:
        draft.note("rule_overflow")
        for oldest in list(islice(waiting, MAX_RECENT // 100)):
            _leave(draft, waiting, slot, oldest, waiting[oldest])
    subject = f"kin {slot}"
    if draft.state.timers.at(NAME, subject) is None:
        draft.wake(NAME, subject, draft.at + rule.window + _MOMENT)


def _leave(draft: Draft, waiting: dict[str, Recent], slot: str, alarm_id: str, recent: Recent) -> None:
    draft.drop(waiting, alarm_id)
    by_place = draft.inner(draft.state.view(Waiting).slots, slot)
    for place in recent.places:
        draft.drop(draft.inner(by_place, place), alarm_id)


def _join(draft: Draft, rules: CompiledRules, rule: CompiledRule, child: Alarm, parent: Alarm) -> bool:
    if child.id == parent.id or (rule.same and rule.key(child, draft.state.plant) != _key(draft, rule, parent)):
        return False
    where = parent.resource_name or parent.resource_id
    why = f"rule {rule.rule.name!r}: below {where} ({parent.alarm_type}), within {rule.rule.time_window:g} s"
    seconds = abs((reported_at(draft, child) - reported_at(draft, parent)).total_seconds())
    return adopt(draft, rules, rule, child, parent, why, parent_type=parent.alarm_type, seconds_apart=round(seconds, 3))


def _key(draft: Draft, rule: CompiledRule, alarm: Alarm) -> str | None:
    key = rule.key(alarm, draft.state.plant)
    # None equals None, but alarms that both lack a value do not share it.
    return key if key is not None else ""

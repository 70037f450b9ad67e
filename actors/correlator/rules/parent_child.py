"""Rules of a parent and its children: alarms that the rule calls children are attached to a parent alarm above them in the
topology, or of the same device, that was raised within the time window before or after.

What was raised within the window waits under every place in which the other side would look for it, so neither side searches.
"""

from datetime import datetime, timedelta
from typing import Any

from actors.correlator.alarms.attachment import attach, detach, reported_at
from actors.correlator.draft import Draft
from actors.correlator.rules.compiler import CompiledRule, CompiledRules, RulePart
from actors.correlator.rules.memories import AttachedChild, KinMemory, Recent
from actors.correlator.rules.overlay import Overlay, overlay
from actors.correlator.rules.place import above, device_of, is_below
from actors.correlator.state import State
from protocols.alarm import Alarm

NAME = "rules"
MAX_RECENT = 20_000
"""Parents, and children, of one rule within its window; the oldest go first."""
_MOMENT = timedelta(milliseconds=1)

Index = dict[str, dict[str, dict[str, None]]]
"""Slot (role and rule) → place → alarms."""


def raised(draft: Draft, rules: CompiledRules, part: RulePart, alarm: Alarm) -> None:
    """A parent looks for the children that came first, a child for its parent; both wait for those who come later."""
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
    table = _adopted(draft)
    if child.parent_alarm_id is not None:
        known = table.get(child.id)
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
        table.put(child.id, AttachedChild(rule.id, cause.id))
    return done


def forget(draft: Draft, alarm: Alarm) -> None:
    """The alarm is over: no rule's attachment is looked after any more."""
    if alarm.id in draft.state.memory(KinMemory).adopted:
        _adopted(draft).drop(alarm.id)


def release(draft: Draft, alarm_id: str, gone: dict[str, str]) -> bool:
    """Detach an alarm that a rule attached which is no more (``gone``: rule id → why). True when it was."""
    known = _adopted(draft).get(alarm_id)
    if known is None or known.rule not in gone:
        return False
    _adopted(draft).drop(alarm_id)
    alarm = draft.get(alarm_id)
    if alarm is None or alarm.parent_alarm_id != known.parent:
        return False
    detach(draft, alarm, NAME, gone[known.rule], rule_id=known.rule)
    return True


def drop(state: State, gone: dict[str, str]) -> None:
    """Forget what waited for rules that are no more."""
    recent = state.memory(KinMemory).recent
    for slot in [slot for slot in recent if slot.partition(" ")[2] in gone]:
        del recent[slot]
    state.derived.pop("kin", None)


def expire(draft: Draft, slot: str, rule: CompiledRule | None) -> None:
    """Let go of what has waited through the window."""
    window = rule.window if rule is not None else timedelta(0)
    draft.later(_expire, draft.state, slot, draft.at - window)
    left = draft.state.memory(KinMemory).recent.get(slot, {})
    oldest = next((each.at for each in left.values() if each.at >= draft.at - window), None)
    if oldest is not None:
        draft.wake(NAME, f"kin {slot}", oldest + window + _MOMENT)


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


def _index(state: State) -> Index:
    found: Index | None = state.derived.get("kin")
    if found is None:
        found = state.derived["kin"] = {}
        for slot, waiting in state.memory(KinMemory).recent.items():
            for alarm_id, recent in waiting.items():
                _file(found, slot, alarm_id, recent.places)
    return found


def _file(index: Index, slot: str, alarm_id: str, places: tuple[str, ...]) -> None:
    by_place = index.setdefault(slot, {})
    for place in places:
        by_place.setdefault(place, {})[alarm_id] = None


def _unfile(index: Index, slot: str, alarm_id: str, places: tuple[str, ...]) -> None:
    by_place = index.get(slot, {})
    for place in places:
        filed = by_place.get(place)
        if filed is not None:
            filed.pop(alarm_id, None)
            if not filed:
                del by_place[place]


def _waiting(draft: Draft, slot: str, places: tuple[str, ...], rule: CompiledRule) -> list[Alarm]:
    """Open alarms of the slot in these places, raised within the window: those of the nearest place first."""
    by_place = _index(draft.state).get(slot, {})
    if not by_place and "kin" not in draft.scratch:
        return []
    known = draft.state.memory(KinMemory).recent.get(slot, {})
    names = {alarm_id: None for place in places for alarm_id in by_place.get(place, ())}
    found = [alarm_id for alarm_id in names if draft.at - known[alarm_id].at <= rule.window]
    for place in places:
        found += [each for filed, each, there in draft.scratch.get("kin", ()) if filed == slot and place in there]
    alarms = (draft.get(alarm_id) for alarm_id in dict.fromkeys(found))
    return [alarm for alarm in alarms if alarm is not None and alarm.cleared_at is None]


def _wait(draft: Draft, slot: str, alarm: Alarm, places: tuple[str, ...], rule: CompiledRule) -> None:
    draft.scratch.setdefault("kin", []).append((slot, alarm.id, places))
    draft.later(_remember, draft.state, slot, alarm.id, Recent(draft.at, places))
    subject = f"kin {slot}"
    if draft.state.timers.at(NAME, subject) is None:
        draft.wake(NAME, subject, draft.at + rule.window + _MOMENT)


def _remember(state: State, slot: str, alarm_id: str, recent: Recent) -> None:
    index = _index(state)
    waiting = state.memory(KinMemory).recent.setdefault(slot, {})
    old = waiting.pop(alarm_id, None)
    waiting[alarm_id] = recent
    if old is not None and old.places == recent.places:
        for filed in map(index[slot].__getitem__, recent.places):
            # To the end: an index made from a snapshot has the same order.
            filed[alarm_id] = filed.pop(alarm_id)
        return
    if old is not None:
        _unfile(index, slot, alarm_id, old.places)
    _file(index, slot, alarm_id, recent.places)
    if len(waiting) > MAX_RECENT:
        state.note("rule_overflow")
        # Many at once: finding the first key of a dict whose front was deleted from walks over all that was deleted.
        for oldest in list(waiting)[: MAX_RECENT // 100]:
            _unfile(index, slot, oldest, waiting.pop(oldest).places)


def _expire(state: State, slot: str, before: datetime) -> None:
    recent = state.memory(KinMemory).recent
    waiting = recent.get(slot)
    if waiting is None:
        return
    index = _index(state)
    over = []
    for alarm_id, each in waiting.items():
        if each.at >= before:
            break
        over.append(alarm_id)
    for alarm_id in over:
        _unfile(index, slot, alarm_id, waiting.pop(alarm_id).places)
    if not waiting:
        del recent[slot]


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


def _adopted(draft: Draft) -> Overlay[AttachedChild]:
    return overlay(draft, "adopted", draft.state.memory(KinMemory).adopted, lambda value: value)

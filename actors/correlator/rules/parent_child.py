"""Rules of a parent and its children: alarms that the rule calls children are attached to a parent alarm above them in the
topology, or of the same device, that was raised within the time window before or after.

An alarm raised within the window waits under each place in which the other side would look for it, so neither side searches.
"""

from datetime import timedelta
from itertools import islice
from typing import Any

from actors.correlator.alarms.attachment import attach, detach, reported_at
from actors.correlator.draft import Draft
from actors.correlator.rules.compiler import CompiledRule, CompiledRules, RulePart
from actors.correlator.rules.memories import AttachedChild, ParentChildMemory, Recent
from actors.correlator.rules.place import above, device_of, is_below
from actors.correlator.state import DerivedView, State
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
    """Attach ``child`` for ``rule``, unless something with precedence has attached it already. The topology and operators
    always have precedence; another rule has it by priority and name."""
    child = draft.latest(child)
    adopted = draft.state.memory(ParentChildMemory).adopted
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
    """The alarm has ended: forget which rule attached it."""
    adopted = draft.state.memory(ParentChildMemory).adopted
    if draft.read(adopted, alarm.id) is not None:
        draft.drop(adopted, alarm.id)


def release(draft: Draft, alarm_id: str, gone: dict[str, str]) -> bool:
    """Detach an alarm when the rule that attached it is gone (``gone``: rule id → reason). True when it was detached."""
    adopted = draft.state.memory(ParentChildMemory).adopted
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
    recent = draft.state.memory(ParentChildMemory).recent
    for slot in recent:
        if slot.partition(" ")[2] in gone:
            draft.drop(recent, slot)
            draft.drop(draft.state.view(Waiting).slots, slot)


def expire(draft: Draft, slot: str, rule: CompiledRule | None) -> None:
    """Drop alarms that have waited through the window."""
    window = rule.window if rule is not None else timedelta(0)
    recent = draft.state.memory(ParentChildMemory).recent
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
    """The places in which children look for this parent, and those in which it looks for children."""
    device = f"{alarm.tenant_id}\x1f{device_of(alarm)}"
    if alarm.resource_id in draft.state.plant.nodes:
        return (f"n{alarm.resource_id}", f"d{device}"), (f"n{alarm.resource_id}", f"d{device}")
    return (f"d{device}", f"k{device}"), (f"d{device}", f"k{device}")


def _places_of_child(draft: Draft, alarm: Alarm) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """The places in which parents look for this child, and those in which it looks for parents, nearest first. A place ``k`` is
    a device by name alone: for parents that are no nodes of the topology."""
    device = f"{alarm.tenant_id}\x1f{device_of(alarm)}"
    nodes = tuple(f"n{node}" for node in above(draft.state.plant, alarm.resource_id))
    places = (*nodes, f"k{device}") if nodes else (f"d{device}",)
    return places, places


class Waiting(DerivedView):
    """Alarms of ``ParentChildMemory.recent``, oldest first, by slot and the places in which the other side looks for them."""

    def __init__(self, state: State) -> None:
        self.slots: dict[str, dict[str, dict[str, None]]] = {}
        for slot, waiting in state.memory(ParentChildMemory).recent.items():
            for alarm_id, recent in waiting.items():
                self.add(slot, alarm_id, recent.places, ())

    def add(self, slot: str, alarm_id: str, places: tuple[str, ...], before: tuple[str, ...]) -> None:
        """An alarm waits in these places from now on, and in those ``before`` no more."""
        by_place = self.slots.setdefault(slot, {})
        if before == places:
            for place in places:
                there = by_place[place]
                # To the end: a view made from a snapshot has the same order.
                there[alarm_id] = there.pop(alarm_id)
            return
        if before:
            self.remove(slot, alarm_id, before)
        for place in places:
            by_place.setdefault(place, {})[alarm_id] = None

    def remove(self, slot: str, alarm_id: str, places: tuple[str, ...]) -> None:
        """An alarm waits in these places no more."""
        by_place = self.slots.get(slot, {})
        for place in places:
            there = by_place.get(place)
            if there is not None:
                there.pop(alarm_id, None)
                if not there:
                    del by_place[place]


def _waiting(draft: Draft, slot: str, places: tuple[str, ...], rule: CompiledRule) -> list[Alarm]:
    """Open alarms of the slot in these places, raised within the window: those of the nearest place first, then new ones."""
    waiting = draft.read(draft.state.memory(ParentChildMemory).recent, slot)
    if waiting is None:
        return []
    by_place = draft.state.view(Waiting).slots.get(slot, {})
    found = {alarm_id: None for place in places for alarm_id in by_place.get(place, ())}
    new = draft.staged(waiting)
    for place in places if new else ():
        found.update((alarm_id, None) for alarm_id, recent in new.items() if place in recent.places)
    alarms = []
    for alarm_id in found:
        recent = draft.read(waiting, alarm_id)
        alarm = draft.get(alarm_id) if recent is not None and draft.at - recent.at <= rule.window else None
        if alarm is not None and alarm.cleared_at is None:
            alarms.append(alarm)
    return alarms


def _wait(draft: Draft, slot: str, alarm: Alarm, places: tuple[str, ...], rule: CompiledRule) -> None:
    slots = draft.state.memory(ParentChildMemory).recent
    waiting = draft.read(slots, slot)
    if waiting is None:
        waiting = draft.set(slots, slot, {})
    old = draft.read(waiting, alarm.id)
    draft.remember(waiting, alarm.id, Recent(draft.at, places))
    draft.on_commit(draft.state.view(Waiting).add, slot, alarm.id, places, old.places if old is not None else ())
    if len(waiting) > MAX_RECENT and draft.read(waiting, next(iter(waiting))) is not None:
        draft.note("rule_overflow")
        for oldest in list(islice(waiting, MAX_RECENT // 100)):
            _leave(draft, waiting, slot, oldest, waiting[oldest])
    subject = f"kin {slot}"
    if draft.state.timers.at(NAME, subject) is None:
        draft.wake(NAME, subject, draft.at + rule.window + _MOMENT)


def _leave(draft: Draft, waiting: dict[str, Recent], slot: str, alarm_id: str, recent: Recent) -> None:
    draft.drop(waiting, alarm_id)
    draft.on_commit(draft.state.view(Waiting).remove, slot, alarm_id, recent.places)


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

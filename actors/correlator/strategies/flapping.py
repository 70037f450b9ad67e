"""Flapping, by a clock: for an alarm that comes and goes too often, one notification when that begins and one when it ends.

A transition is a raise, a re-opening or a clear of one identity (tenant, resource, alarm type, qualifier), also across several
alarms. The rule's ``count`` of transitions within its time window begin the flapping; ``quiet_seconds`` without one end it.
Meanwhile the alarm's state stays true, occurrences are counted, and no notification is requested.
"""

from datetime import datetime, timedelta
from typing import Final

from actors.correlator.alarms.attachment import hold_back, is_held, let_go
from actors.correlator.draft import Draft
from actors.correlator.memories import Flap, FlapMemory
from actors.correlator.rules.compiler import CompiledRule
from actors.correlator.rules.rule_registry import rules_of
from actors.correlator.strategies.notifications import deserves_notification, gone, request_notification
from actors.correlator.strategies.strategy import Strategy, ended, raised
from protocols.alarm import Alarm

NAME: Final = "flapping"
DEFAULT_COUNT: Final = 6
"""Transitions of a rule that names no count."""
MAX_WATCHED: Final = 100_000
"""Identities watched at a time; beyond it an alarm is not watched for flapping."""
_MOMENT: Final = timedelta(milliseconds=1)


def touched(draft: Draft, before: Alarm | None, alarm: Alarm) -> None:
    """Count a transition."""
    up = raised(before, alarm)
    if not up and not ended(before, alarm):
        return
    watched = draft.state.memory(FlapMemory).flaps
    key = "\x1f".join((alarm.tenant_id, alarm.resource_id, alarm.alarm_type, alarm.qualifier))
    known = draft.read(watched, key)
    if up and before is None and known is None:
        # The first raise is remembered with its clear: what never clears cannot flap, and costs nothing.
        return
    rule = _rule(draft, alarm)
    flap = known
    if rule is None:
        if flap is not None and not flap.rule:
            draft.drop(watched, key)
            draft.no_wake(NAME, key)
        return
    if flap is None:
        if len(watched) >= MAX_WATCHED:
            draft.note("flapping_overflow")
            return
        times = () if up or before is None else (min(max(before.received_at, draft.at - rule.window), draft.at),)
        flap = Flap(times, alarm.id)
    else:
        flap = Flap(flap.times, flap.alarm, flap.rule, flap.told, flap.count)
    if flap.alarm != alarm.id:
        gone(draft, flap.alarm, alarm.tenant_id, f"it is over, and goes on as alarm {alarm.alarm_id}")
        flap.alarm = alarm.id
    enough = rule.rule.conditions.count or DEFAULT_COUNT
    flap.times = _within(flap.times, draft.at - rule.window, draft.at)[-enough:]
    flap.count += 1
    if not flap.rule and len(flap.times) >= enough:
        _begin(draft, rule, flap, alarm, enough)
    elif flap.rule:
        _hold(draft, rule, flap, alarm)
    draft.set(watched, key, flap)
    draft.wake(NAME, key, draft.at + (_quiet(rule) if flap.rule else rule.window + _MOMENT))


def due(draft: Draft, key: str) -> None:
    """Timer: the alarm has been quiet. End the flapping, or forget the transitions."""
    watched = draft.state.memory(FlapMemory).flaps
    flap = draft.read(watched, key)
    if flap is None:
        return
    draft.drop(watched, key)
    if flap.rule:
        _end(draft, flap, key.partition("\x1f")[0], f"nothing has changed for {_quiet_seconds(draft, flap):g} s")


def release(draft: Draft, rules: dict[str, str]) -> None:
    """End the flapping that was seen by rules that are gone (rule id → reason)."""
    watched = draft.state.memory(FlapMemory).flaps
    for key in [key for key, flap in watched.items() if flap.rule in rules]:
        flap = draft.read(watched, key)
        if flap is not None:
            draft.drop(watched, key)
            draft.no_wake(NAME, key)
            _end(draft, flap, key.partition("\x1f")[0], rules[flap.rule])


def _begin(draft: Draft, rule: CompiledRule, flap: Flap, alarm: Alarm, enough: int) -> None:
    flap.rule = rule.id
    seconds = (draft.at - flap.times[0]).total_seconds()
    why = f"came and went {enough} times within {max(1, seconds):.0f} s"
    flap.told = deserves_notification(draft, alarm)
    _hold(draft, rule, flap, alarm, why)
    if flap.told:
        request_notification(draft, draft.latest(alarm), "flapping", f"rule {rule.rule.name!r}: {why}")


def _within(times: tuple[datetime, ...], since: datetime, now: datetime) -> tuple[datetime, ...]:
    """The ``times`` from ``since`` on, and ``now``. They are in order, so mostly the first one decides."""
    if times and times[0] < since:
        times = tuple(at for at in times if at >= since)
    return (*times, now)


def _hold(draft: Draft, rule: CompiledRule, flap: Flap, alarm: Alarm, why: str = "flapping") -> None:
    if is_held(alarm, "flapping", flap.rule):
        return
    hold_back(
        draft,
        alarm,
        "flapping",
        flap.rule,
        NAME,
        f"rule {rule.rule.name!r}: {why}",
        transitions=[at.isoformat() for at in flap.times],
    )


def _end(draft: Draft, flap: Flap, tenant_id: str, why: str) -> None:
    alarm = draft.get(flap.alarm)
    if alarm is None:
        gone(draft, flap.alarm, tenant_id, f"{why}, after {flap.count} changes: it is over")
        return
    now = "it is over" if alarm.cleared_at is not None else "it stands"
    text = f"{why}, after {flap.count} changes: {now}"
    let_go(draft, alarm, "flapping", flap.rule, NAME, text)
    if flap.told:
        request_notification(draft, draft.latest(alarm), "steady", text)


def _rule(draft: Draft, alarm: Alarm) -> CompiledRule | None:
    """The first flapping rule that matches the alarm."""
    _, parts = rules_of(draft.state).of(alarm)
    for part in parts:
        if part.rule.tenant in (None, alarm.tenant_id) and part.matches(alarm, draft.state.plant):
            return part.rule
    return None


def _quiet(rule: CompiledRule) -> timedelta:
    seconds = rule.rule.actions.quiet_seconds
    return rule.window if seconds is None else timedelta(seconds=seconds)


def _quiet_seconds(draft: Draft, flap: Flap) -> float:
    rule = rules_of(draft.state).by_id.get(flap.rule)
    return _quiet(rule).total_seconds() if rule is not None else (draft.at - flap.times[-1]).total_seconds()


STRATEGY = Strategy(NAME, touched, due)

"""Strategy 3, time: alarms that match one rule, raised within its window, belong together.

Without a count they share the correlation id of the first, whose raise begins the window. With a count, that many within the
sliding window share one, or raise a group alarm. Further alarms join the group alarm while it is open and its last member is
not older than the window.
"""

from datetime import datetime, timedelta
from itertools import takewhile

from actors.correlator.draft import Draft
from actors.correlator.rules.compiler import CompiledRule, CompiledRules
from actors.correlator.rules.groups import RULE_ID, is_open, join, raise_group, share
from actors.correlator.rules.memories import RaiseWindow, TimeWindowMemory
from protocols.alarm import Alarm

NAME = "rules"
MAX_MEMBERS = 1_000
"""Alarms remembered in one window; the oldest go first."""
MAX_WINDOWS = 20_000
"""Windows of all rules at a time: beyond it an alarm opens none."""
_MOMENT = timedelta(milliseconds=1)


def raised(draft: Draft, rules: CompiledRules, rule: CompiledRule, alarm: Alarm) -> None:
    """Count an alarm. Act when the count is reached."""
    count = rule.rule.conditions.count
    entered = _enter(draft, rule, alarm, whole=count is None)
    if entered is None:
        return
    key, name, window = entered
    if count is None:
        _share(draft, rule, window, 2, "raised within the same window")
        draft.wake(NAME, f"window {name}", next(iter(window.members.values())) + rule.window + _MOMENT)
        return
    draft.wake(NAME, f"window {name}", draft.at + rule.window + _MOMENT)
    what = f"{len(window.members)} alarms within {rule.rule.time_window:g} s"
    _follow(draft, rules, rule, key, window, alarm, what, enough=count)


def reported(draft: Draft, rules: CompiledRules, rule: CompiledRule, alarm: Alarm, reports: int) -> None:
    """Like :func:`raised`, for a rule that counts each report of an alarm: repeats of one alarm can reach the count."""
    entered = _enter(draft, rule, alarm, whole=False)
    if entered is None:
        return
    key, name, window = entered
    count = rule.rule.conditions.count or 1
    window.reports = [*window.reports, *[draft.at] * min(reports, count)][-count:]
    if draft.state.timers.at(NAME, f"window {name}") is None:
        draft.wake(NAME, f"window {name}", draft.at + rule.window + _MOMENT)
    if len(window.reports) >= count:
        what = f"{count} reports within {rule.rule.time_window:g} s"
        _follow(draft, rules, rule, key, window, alarm, what, enough=1)


def _enter(draft: Draft, rule: CompiledRule, alarm: Alarm, *, whole: bool) -> tuple[str, str, RaiseWindow] | None:
    """Put the alarm into its window. Returns the key that its alarms share, the name of the window, and the window. ``whole``:
    the window begins with its first alarm. None when the alarm belongs to no window."""
    key = rule.key(alarm, draft.state.plant)
    if key is None or alarm.metadata.get(RULE_ID) == rule.id:
        return None
    name = f"{rule.id} {key}"
    windows = draft.state.memory(TimeWindowMemory).windows
    window = draft.own(windows, name, _copy)
    if window is None:
        if len(windows) >= MAX_WINDOWS:
            draft.note("rule_overflow")
            return None
        window = draft.set(windows, name, RaiseWindow())
    _slide(window, draft.at - rule.window, whole=whole)
    if len(window.members) >= MAX_MEMBERS:
        del window.members[next(iter(window.members))]
    window.members.pop(alarm.id, None)
    window.members[alarm.id] = draft.at
    return key, name, window


def _follow(
    draft: Draft,
    rules: CompiledRules,
    rule: CompiledRule,
    key: str,
    window: RaiseWindow,
    alarm: Alarm,
    what: str,
    *,
    enough: int,
) -> None:
    """The rule's actions on its members, once the count is reached."""
    if rule.rule.actions.alarm_type is None:
        _share(draft, rule, window, enough, what)
    elif is_open(draft, window.group):
        join(draft, rules, rule, window.group, alarm, what)
    elif len(window.members) >= enough:
        alive = [each for each in map(draft.get, window.members) if each is not None]
        window.group = raise_group(draft, rules, rule, key, alive, what) or ""


def expire(draft: Draft, name: str, rule: CompiledRule | None) -> None:
    """Drop members older than the window."""
    windows = draft.state.memory(TimeWindowMemory).windows
    window = draft.own(windows, name, _copy)
    if window is None:
        return
    if rule is not None:
        _slide(window, draft.at - rule.window, whole=rule.rule.conditions.count is None)
    if rule is None or not window.members:
        draft.drop(windows, name)
        return
    draft.wake(NAME, f"window {name}", next(iter(window.members.values())) + rule.window + _MOMENT)


def drop(draft: Draft, gone: dict[str, str]) -> None:
    """Forget the windows of rules that are gone."""
    windows = draft.state.memory(TimeWindowMemory).windows
    for name in windows:
        if name.partition(" ")[0] in gone:
            draft.drop(windows, name)


def _slide(window: RaiseWindow, before: datetime, *, whole: bool) -> None:
    """Drop members raised before that time; drop all when the window begins with the first (``whole``)."""
    if whole:
        if window.members and next(iter(window.members.values())) < before:
            window.members, window.shared = {}, ""
        return
    for alarm_id in [each for each, _at in takewhile(lambda item: item[1] < before, window.members.items())]:
        del window.members[alarm_id]
    if window.reports and window.reports[0] < before:
        window.reports = [at for at in window.reports if at >= before]
    if not window.members:
        window.shared = ""


def _share(draft: Draft, rule: CompiledRule, window: RaiseWindow, enough: int, what: str) -> None:
    if len(window.members) < enough:
        return
    alive = [each for each in map(draft.get, window.members) if each is not None]
    if not alive:
        return
    if not window.shared:
        window.shared = alive[0].correlation_id or alive[0].id
        newcomers = alive
    else:
        newcomers = alive[-1:]
    for alarm in newcomers:
        share(draft, rule, window.shared, alarm, what)


def _copy(window: RaiseWindow) -> RaiseWindow:
    return RaiseWindow(dict(window.members), window.shared, window.group, window.reports)

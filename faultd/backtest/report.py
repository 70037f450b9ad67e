"""A backtest's result in words."""

from collections.abc import Iterator
from datetime import datetime

from faultd.backtest.dispatch_report import dispatch_words
from protocols.backtest import Result

_SAID = {
    "only_today": "raised today, and not with the new rules",
    "only_new": "raised with the new rules only",
    "suppressed": "suppressed by the new rules only",
    "not_suppressed": "no longer suppressed",
    "held_otherwise": "suppressed for another reason",
    "root": "root cause or not",
    "parent": "another parent alarm",
    "correlation": "in another group",
    "severity": "another severity",
    "pages": "another number of notification requests",
}


def words(result: Result) -> Iterator[str]:
    """The report, line by line. Times are those of this machine."""
    if not result.events:
        yield "the ledger has no Events" if not result.last else f"the ledger has no Events since {_clock(result.asked)}"
        return
    yield (
        f"{result.events} Events ({result.first} to {result.last}), {_clock(result.since)} to {_clock(result.until)} "
        f"{result.until.astimezone():%Z}"
    )
    if result.since > result.asked:
        yield f"the ledger begins at {_clock(result.since)}, later than {_clock(result.asked)}, which was asked for"
    if result.rules_changed:
        yield "the rules were changed in this time: today's are those in force at its end, from its beginning on"
    if result.dispatch.policies_changed and "policies" in result.tried:
        yield "the policies were changed in this time: recorded are those of each instant"
    yield ""
    if result.tried == ("policies",):
        if result.today.failed or result.new.failed:
            yield f"warning: the fold of {result.today.failed} Events failed as recorded, of {result.new.failed} as new"
            yield ""
        yield from dispatch_words(result.dispatch, ("recorded", "new"))
        return
    yield f"{'':<24}{'today':>10}{'new':>10}{'':>4}"
    for name in ("alarms", "roots", "suppressed", "pages", "failed"):
        yield _row(name, getattr(result.today, name), getattr(result.new, name))
    for kind in dict.fromkeys((*result.today.notices, *result.new.notices)):
        yield _row(f"notices: {kind}", result.today.notices.get(kind, 0), result.new.notices.get(kind, 0))
    yield ""
    yield "by rule"
    for rule in sorted({**result.today.by_rule, **result.new.by_rule}):
        today, new = result.today.by_rule.get(rule, {}), result.new.by_rule.get(rule, {})
        for action in dict.fromkeys((*today, *new)):
            yield _row(f"{rule}: {action}", today.get(action, 0), new.get(action, 0))
    yield ""
    if result.dispatch.channels or result.dispatch.tickets_today.opened or result.dispatch.tickets_new.opened:
        yield from dispatch_words(result.dispatch, ("today", "new"))
        yield ""
    if not result.found:
        yield "no alarm fares differently"
        return
    yield "differences"
    for what, count in sorted(result.found.items(), key=lambda each: (-each[1], each[0])):
        yield f"{count:>8}  {_SAID[what]}"
    yield ""
    for one in result.differences:
        yield f"{one.what:<15} {one.alarm_id:<9} {one.title}: {one.today or 'nothing'} -> {one.new or 'nothing'}"
    left = sum(result.found.values()) - len(result.differences)
    if left:
        yield f"... and {left} more"


def _clock(at: datetime) -> str:
    return f"{at.astimezone():%Y-%m-%d %H:%M:%S}"


def _row(name: str, today: int, new: int) -> str:
    change = f"{new - today:+d}" if new != today else ""
    return f"{name:<24}{today:>10}{new:>10}  {change}".rstrip()

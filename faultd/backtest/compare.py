"""Differences of one alarm between today's rules and the proposed ones."""

from faultd.backtest.side import PAGES, AlarmKey, Fate, counted
from protocols.backtest import Difference, What


def differences(key: AlarmKey, today: Fate | None, new: Fate | None) -> list[Difference]:
    """Each difference of one alarm; one fate may be missing, when only one side raised it."""
    one = new or today
    assert one is not None
    if today is None or new is None:
        what: What = "only_new" if today is None else "only_today"
        return [_difference(what, key, one, _seen(today), _seen(new))]
    found: list[tuple[What, str, str]] = []
    held, holds = ", ".join(today.held), ", ".join(new.held)
    if held != holds:
        found.append(("suppressed" if not held else "not_suppressed" if not holds else "held_otherwise", held, holds))
    if today.root != new.root:
        found.append(("root", "root cause" if today.root else "", "root cause" if new.root else ""))
    if today.parent != new.parent:
        found.append(("parent", _name(today.parent), _name(new.parent)))
    elif today.group != new.group:
        found.append(("correlation", _name(today.group), _name(new.group)))
    if today.severity != new.severity:
        found.append(("severity", today.severity, new.severity))
    pages, paged = counted([p for p in today.pages if p in PAGES]), counted([p for p in new.pages if p in PAGES])
    if pages != paged:
        found.append(("pages", pages, paged))
    return [_difference(what, key, one, before, after) for what, before, after in found]


def _difference(what: What, key: AlarmKey, fate: Fate, today: str, new: str) -> Difference:
    identity, offset, _ = key
    return Difference(
        what=what,
        alarm_type=identity.alarm_type,
        resource_id=identity.resource_id,
        tenant_id=identity.tenant_id,
        alarm_id=fate.alarm_id,
        title=fate.title,
        raised_at_offset=offset,
        today=today,
        new=new,
    )


def _seen(fate: Fate | None) -> str:
    return "" if fate is None else ", ".join(["raised", *(["root cause"] if fate.root else []), *fate.pages])


def _name(key: AlarmKey | None) -> str:
    if key is None:
        return ""
    return f"{key.identity.alarm_type} at {key.identity.resource_id}"

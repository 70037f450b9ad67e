"""The alarm filter in Python: the same criteria that the REST API's queries express in SQL."""

from collections.abc import Callable
from typing import Any, Final

from protocols.alarm import Alarm
from protocols.query import AlarmFilter, Place

SEARCHED: Final = ("title", "description", "resource_id", "resource_name", "alarm_id")
"""Fields in which ``text`` looks for its words."""
_EQUAL: Final = (
    "tenant_id",
    "resource_type",
    "resource_id",
    "assigned_to",
    "ticket_id",
    "parent_alarm_id",
    "correlation_id",
    "is_root_cause",
)
_ANY_OF: Final = ("severity", "status", "source", "alarm_type")


def passes(alarm: Alarm, wanted: AlarmFilter) -> bool:
    """True when the alarm meets every criterion. ``archived`` is ignored: the fold holds no archived alarm."""
    for name in _EQUAL:
        value = getattr(wanted, name)
        if value is not None and getattr(alarm, name) != value:
            return False
    for name in _ANY_OF:
        values = getattr(wanted, name)
        if values and getattr(alarm, name) not in values:
            return False
    return all(check(alarm, wanted) for check in _CHECKS)


def is_in(alarm: Alarm, place: Place) -> bool:
    """True when the alarm is in this part of the network."""
    resource = alarm.resource_id
    return (
        resource in place.nodes
        or alarm.device_id in place.nodes
        or any(resource.startswith(f"{root}/") for root in place.roots)
    )


def _found(alarm: Alarm, text: str | None) -> bool:
    words = (text or "").casefold().split()
    fields: list[str] = [getattr(alarm, name).casefold() for name in SEARCHED] if words else []
    return all(any(word in field for field in fields) for word in words)


def _between(at: Any, since: Any, before: Any) -> bool:
    return (since is None or at >= since) and (before is None or at < before)


_CHECKS: Final[tuple[Callable[[Alarm, AlarmFilter], bool], ...]] = (
    lambda alarm, wanted: wanted.view == "all" or alarm.parent_alarm_id is None,
    lambda alarm, wanted: not wanted.tag or not set(wanted.tag).isdisjoint(alarm.tags),
    lambda alarm, wanted: wanted.customer_id is None or wanted.customer_id in alarm.affected_customers,
    lambda alarm, wanted: wanted.service_id is None or wanted.service_id in alarm.affected_services,
    lambda alarm, wanted: wanted.acknowledged is None or wanted.acknowledged == (alarm.acknowledged_at is not None),
    lambda alarm, wanted: _between(alarm.last_occurrence, wanted.since, wanted.before),
    lambda alarm, wanted: _between(alarm.first_occurrence, wanted.raised_from, wanted.raised_to),
    lambda alarm, wanted: all(is_in(alarm, place) for place in wanted.places),
    lambda alarm, wanted: _found(alarm, wanted.text),
)

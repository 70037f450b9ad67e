"""Instances, breaches and notification requests in frames: those of one filter, as JSON values."""

from datetime import datetime
from typing import NamedTuple

from actors.stream.request import Filter
from actors.stream.sla_board import SlaBoard, SlaSubject, unpacked
from protocols.rest_sla_breaches import BreachShown, shown
from protocols.sla.breach import SlaBreach
from protocols.sla.changes import SlaNotificationRequested
from protocols.sla.local_time import instant_at
from protocols.sla.stream_items import StreamedInstance, StreamedRequest
from protocols.stream import Topic

SlaItem = StreamedInstance | BreachShown | StreamedRequest


class SlaItems:
    """The items of one frame, by topic; a topic that the filter does not ask for is missing."""

    def __init__(self, filter: Filter) -> None:
        self.lists: dict[Topic, list[SlaItem]] = {topic: [] for topic in filter.topics if topic != "alarms"}
        self._filter = filter

    def __bool__(self) -> bool:
        return any(self.lists.values())

    def add(self, subject: SlaSubject | SlaNotificationRequested, now: datetime) -> bool:
        """Add one if the filter admits it; whether it does. ``now``: the time of the frame."""
        found = _shown(subject, now)
        admitted = found.topic in self.lists and self._filter.admits_service(*found.walls)
        if admitted:
            self.lists[found.topic].append(found.item)
        return admitted


class _Shown(NamedTuple):
    topic: Topic
    walls: tuple[str, str, str]
    """Tenant, customer and service."""
    item: SlaItem


def _shown(subject: SlaSubject | SlaNotificationRequested, now: datetime) -> _Shown:
    if isinstance(subject, bytes):
        change = unpacked(subject)
        instance = change.instance
        walls = instance.tenant_id, instance.customer_id, instance.service_id
        return _Shown("sla_instances", walls, StreamedInstance.of(change))
    walls = subject.tenant_id, subject.customer_id, subject.service_id
    if isinstance(subject, SlaBreach):
        return _Shown("sla_breaches", walls, shown(subject, instant_at(now)))
    return _Shown("sla_notification_requests", walls, StreamedRequest.of(subject))


def changed_items(board: SlaBoard, filter: Filter, position: int, now: datetime) -> tuple[SlaItems, list[str]]:
    """The items that changed after ``position``, and the ids of those that left the board then."""
    items = SlaItems(filter)
    left: list[str] = []
    for id, mark in board.since(position) if items.lists else ():
        subject = mark.last if mark.last is not None else board.get(id)
        if subject is not None and items.add(subject, now) and isinstance(mark.last, bytes | SlaBreach):
            left.append(id)
    return items, left

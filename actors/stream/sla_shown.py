"""Instances, breaches and notification requests in frames: those of one filter, as JSON in pieces."""

from collections.abc import Iterable
from datetime import datetime

import msgspec

from actors.stream.request import Filter
from actors.stream.sla_board import SlaSubject, unpacked
from protocols.rest_sla_breaches import shown
from protocols.sla.breach import SlaBreach
from protocols.sla.changes import SlaNotificationRequested
from protocols.sla.local_time import instant_at
from protocols.sla.stream_items import StreamedInstance, StreamedRequest
from protocols.stream import Topic

PIECE = 100
"""Subjects encoded between two checkpoints, in about a millisecond."""
_encode = msgspec.json.Encoder().encode
Subject = SlaSubject | SlaNotificationRequested


class SlaItems:
    """The items of one frame by topic: ``lists`` has the JSON of each as pieces, without the brackets. A topic that the filter
    does not ask for is missing."""

    def __init__(self, filter: Filter, now: datetime) -> None:
        self.lists: dict[Topic, list[bytes]] = {topic: [] for topic in filter.topics if topic != "alarms"}
        self._filter, self._now = filter, now

    def add(self, subjects: Iterable[Subject]) -> list[bool]:
        """Encode those that the filter admits; whether it does, for each."""
        found: dict[Topic, list[object]] = {topic: [] for topic in self.lists}
        admitted = [self._put(found, subject) for subject in subjects]
        for topic, items in found.items():
            if items:
                self.lists[topic].append(_encode(items)[1:-1])
        return admitted

    def _put(self, found: dict[Topic, list[object]], subject: Subject) -> bool:
        items = found.get(_topic(subject))
        if items is None:
            return False
        if isinstance(subject, bytes):
            change = unpacked(subject)
            instance = change.instance
            if not self._filter.admits_service(instance.tenant_id, instance.customer_id, instance.service_id):
                return False
            items.append(StreamedInstance.of(change))
            return True
        if not self._filter.admits_service(subject.tenant_id, subject.customer_id, subject.service_id):
            return False
        if isinstance(subject, SlaBreach):
            items.append(shown(subject, instant_at(self._now)))
        else:
            items.append(StreamedRequest.of(subject))
        return True


def _topic(subject: Subject) -> Topic:
    if isinstance(subject, bytes):
        return "sla_instances"
    return "sla_breaches" if isinstance(subject, SlaBreach) else "sla_notification_requests"

"""Frames of the stream: JSON text, tagged by ``type``.

``alarms`` is empty for a subscriber without that topic. The other topics are keys only for a subscriber that has them.
"""

from collections.abc import Sequence
from datetime import datetime
from typing import Literal, get_args

from msgspec import UNSET, Struct, UnsetType

from protocols.alarm import Alarm
from protocols.rest_sla_breaches import BreachShown
from protocols.sla.stream_items import StreamedInstance, StreamedRequest

Topic = Literal["alarms", "sla_instances", "sla_breaches", "sla_notification_requests"]
TOPICS: tuple[Topic, ...] = get_args(Topic)
ALARMS: tuple[Topic, ...] = ("alarms",)
"""The topics of a subscriber that names none."""


class SnapshotFrame(Struct, frozen=True, tag_field="type", tag="snapshot"):
    """Everything that passes the subscriber's filter, as of ``seq``. The reader drops what it had before."""

    seq: int
    alarms: Sequence[Alarm]
    sla_instances: Sequence[StreamedInstance] | UnsetType = UNSET
    """Instances at risk or breached, and those that an outage under way will break."""
    sla_breaches: Sequence[BreachShown] | UnsetType = UNSET
    """Breaches that last."""


class ChangesFrame(Struct, frozen=True, tag_field="type", tag="changes"):
    """Everything that changed up to ``seq``, whole. ``removed`` are ids that the reader should forget: alarms that are history
    or no longer pass the filter, instances that are well again, breaches that are over. An instance or a breach is in the frame
    with its last version then, too."""

    seq: int
    alarms: Sequence[Alarm]
    removed: Sequence[str] = ()
    sla_instances: Sequence[StreamedInstance] | UnsetType = UNSET
    sla_breaches: Sequence[BreachShown] | UnsetType = UNSET
    sla_notification_requests: Sequence[StreamedRequest] | UnsetType = UNSET
    """Notification requests, each once."""


class HeartbeatFrame(Struct, frozen=True, tag_field="type", tag="heartbeat"):
    """Nothing has changed since ``seq``; ``at`` is the server's time."""

    seq: int
    at: datetime


class LaggedFrame(Struct, frozen=True, tag_field="type", tag="lagged"):
    """The reader was too slow: ``missed`` change batches were dropped. A new snapshot follows."""

    seq: int
    missed: int

"""Frames of the alarm stream: JSON text, tagged by ``type``."""

from collections.abc import Sequence
from datetime import datetime

from msgspec import Struct

from protocols.alarm import Alarm


class SnapshotFrame(Struct, frozen=True, tag_field="type", tag="snapshot"):
    """Every alarm that passes the subscriber's filter, as of ``seq``. The reader drops what it had before."""

    seq: int
    alarms: Sequence[Alarm]


class ChangesFrame(Struct, frozen=True, tag_field="type", tag="changes"):
    """Alarms that changed, whole, up to ``seq``. ``removed`` are ids that the reader should forget: they became history,
    or no longer pass the filter."""

    seq: int
    alarms: Sequence[Alarm]
    removed: Sequence[str] = ()


class HeartbeatFrame(Struct, frozen=True, tag_field="type", tag="heartbeat"):
    """Nothing has changed since ``seq``; ``at`` is the server's time."""

    seq: int
    at: datetime


class LaggedFrame(Struct, frozen=True, tag_field="type", tag="lagged"):
    """The reader was too slow: ``missed`` change batches were dropped. A new snapshot follows."""

    seq: int
    missed: int

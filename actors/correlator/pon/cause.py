"""The inference's conclusion about a port or an area: a cause, and the ONTs that show it."""

from datetime import datetime
from typing import Any

from msgspec import Struct

from actors.correlator.pon.memory import Kind


class Evidence(Struct, frozen=True, gc=False):
    """One ONT that is out: the ids of its alarms, the most specific first; whether it sent a dying gasp; the time of the first
    alarm. ``found``: a read found it down, so that it may have been out before. ``queued``: the begin of the queue in which the
    OLT's report may have waited; None: it was sent at once."""

    ont: str
    alarms: tuple[str, ...]
    gasped: bool
    onset: datetime
    found: bool = False
    queued: datetime | None = None

    @property
    def earliest(self) -> datetime:
        """The time before which the OLT had not noticed the loss."""
        return self.onset if self.queued is None else self.queued


class Cause(Struct, kw_only=True):
    """A cause that explains the evidence as it is now. The counts are ONTs below ``place`` in this episode."""

    kind: Kind
    place: str
    ports: list[str]
    evidence: list[Evidence]
    dark: int
    gasped: int
    alive: int
    unknown: int
    confidence: float
    why: str
    summary: dict[str, Any] = {}
    """Further figures for the metadata of the alarm and for its timeline."""
    detail: dict[str, Any] = {}
    """Further evidence, for the timeline alone."""

"""The inference's conclusion about a port or an area: a cause, and the ONTs that show it."""

from datetime import datetime
from typing import Any

from msgspec import Struct

from actors.correlator.pon.memory import Kind


class Evidence(Struct, frozen=True, gc=False):
    """One ONT that is out: the ids of its alarms, the most specific first; whether it sent a dying gasp; the time of the first
    alarm. ``found``: a read found it down, so that it may have been out before."""

    ont: str
    alarms: tuple[str, ...]
    gasped: bool
    onset: datetime
    found: bool = False


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

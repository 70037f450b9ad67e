"""The inference's conclusion about a port or an area: a cause, and the ONTs that show it."""

from datetime import datetime
from typing import Any

from msgspec import Struct

from actors.correlator.pon.memory import Kind


class Evidence(Struct, frozen=True, gc=False):
    """One ONT that is out: the ids of its alarms, the one that says best what is the matter first; whether it gasped; since
    when."""

    ont: str
    alarms: tuple[str, ...]
    gasped: bool
    onset: datetime


class Cause(Struct, kw_only=True):
    """A cause that explains what is seen now. Counts are of ONTs below the place in this episode."""

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
    """More figures for the alarm and its timeline."""
    detail: dict[str, Any] = {}
    """More evidence for the timeline alone."""

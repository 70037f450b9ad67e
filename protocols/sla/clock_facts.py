"""The facts of one alarm from which its response and resolution clocks are derived. Whole microseconds since 1970 UTC."""

from typing import Literal, get_args

from msgspec import Struct

from protocols.severity import Severity

ClockKind = Literal["response", "resolution"]
ClockState = Literal["running", "paused", "met", "breached"]
PauseReason = Literal["waiting_for_customer", "waiting_for_supplier", "maintenance", "force_majeure", "agreed"]
PAUSE_REASONS: tuple[PauseReason, ...] = get_args(PauseReason)


class ClockPause(Struct, frozen=True, gc=False):
    """``start`` to ``end``; None: it has no end yet. ``id`` is unique within the alarm. ``by`` and ``note``: the operator who
    stated it, and the operator's words."""

    id: str
    reason: PauseReason
    start: int
    end: int | None = None
    by: str = ""
    note: str = ""


class SeverityChange(Struct, frozen=True, gc=False):
    """``severity`` is in force from ``at`` on, that instant included."""

    at: int
    severity: Severity


class EndedSpan(Struct, frozen=True, gc=False):
    """The alarm was cleared or resolved from ``start`` until it was re-opened at ``end``; None: it is still ended."""

    start: int
    end: int | None = None


class AttachedSpan(Struct, frozen=True, gc=False):
    """The alarm was attached to the alarm ``parent_id`` from ``start`` until ``end``; None: it still is."""

    parent_id: str
    start: int
    end: int | None = None


class AlarmTimes(Struct, frozen=True, gc=False):
    """Facts of one alarm. ``severity`` is that of the raise. ``changes``, ``ended``, ``pauses`` and ``attached`` are sorted by
    time."""

    raised: int
    severity: Severity
    changes: tuple[SeverityChange, ...] = ()
    acknowledged: int | None = None
    ended: tuple[EndedSpan, ...] = ()
    pauses: tuple[ClockPause, ...] = ()
    attached: tuple[AttachedSpan, ...] = ()

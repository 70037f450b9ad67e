"""Bodies and answers about Events in quarantine."""

from datetime import datetime

from msgspec import Struct

from protocols.rest_body import Body
from protocols.rest_fields import Line


class DiscardBody(Body, frozen=True, kw_only=True):
    """The reason for discarding an Event in quarantine."""

    reason: Line


class StageQuery(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The stage that could not process the Event; needed when several could not."""

    stage: str | None = None


class QuarantinedRow(Struct, frozen=True, kw_only=True):
    """An Event that a stage could not process: its offset on the ledger, its kind, the error, and the stage."""

    offset: int
    at: datetime
    kind: str
    error: str
    stage: str


class QuarantinePage(Struct, frozen=True):
    """Events in quarantine, and the cursor of the next page."""

    items: tuple[QuarantinedRow, ...]
    next_cursor: str | None = None

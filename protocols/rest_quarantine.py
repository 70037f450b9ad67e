"""Bodies and answers about Events in quarantine."""

from datetime import datetime

from msgspec import Struct

from protocols.rest_body import Body
from protocols.rest_fields import Line


class DiscardBody(Body, frozen=True, kw_only=True):
    """Why an Event in quarantine is given up."""

    reason: Line


class QuarantinedRow(Struct, frozen=True, kw_only=True):
    """An Event that could not be processed: its offset on the ledger, its kind, and the error."""

    offset: int
    at: datetime
    kind: str
    error: str


class QuarantinePage(Struct, frozen=True):
    """Events in quarantine, and the cursor of the next page."""

    items: tuple[QuarantinedRow, ...]
    next_cursor: str | None = None

"""The figures of one instance in one period, as they were closed or revised."""

from msgspec import Struct


class PeriodFigures(Struct, frozen=True, kw_only=True):
    """Instants and durations in microseconds. ``availability`` is in parts of a million; None: nothing was measured."""

    instance_id: str
    tenant_id: str
    customer_id: str
    service_id: str
    definition_id: str
    definition_version: int
    start: int
    end: int
    revision: int = 1
    """1 when the period is closed; each correction that changes a figure adds 1, and the earlier ones are kept."""
    contract: int
    up: int
    down: int
    excluded: int
    unknown: int
    planned: int
    """Downtime within exclusions."""
    budget: int | None
    availability: int | None
    breaches: int
    credit: int
    currency: str
    minor_digits: int
    reason: str = ""
    """Why this revision was made."""
    closed_by: str = ""
    """``faultd:sla_clock`` by the calendar, or ``user:NAME``."""
    made_at: int = 0
    """When this revision was made."""
    customer_name: str = ""
    contract_start: int = 0
    contract_end: int | None = None

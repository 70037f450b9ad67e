"""A customer's fault report: the instant at which the clocks of statutory credits start."""

from datetime import datetime

from msgspec import Struct


class FaultReport(Struct, frozen=True, kw_only=True):
    """``reported_at`` in microseconds since 1970 UTC."""

    id: str
    """``FR`` and the offset of the Event that made it."""
    tenant_id: str
    customer_id: str
    service_id: str
    reported_at: int
    text: str = ""
    instances: tuple[str, ...] = ()
    """Ids of the instances that it concerns."""
    created_at: datetime
    created_by: str
    key: str = ""

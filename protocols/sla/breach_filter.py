"""The filter of breaches. Pure."""

from msgspec import Struct

from protocols.sla.breach import BreachType, SlaBreach


class BreachFilter(Struct, frozen=True, kw_only=True):
    """A breach must meet all given criteria; of ``types``, one. None and ``()`` are no criterion. The start is at or after
    ``since`` and before ``before``, in microseconds since 1970 UTC."""

    tenant_id: str | None = None
    instance_id: str | None = None
    customer_id: str | None = None
    service_id: str | None = None
    definition_id: str | None = None
    types: tuple[BreachType, ...] = ()
    resolved: bool | None = None
    withdrawn: bool | None = None
    alarm: str | None = None
    """Id or external name of the alarm that it is linked with."""
    since: int | None = None
    before: int | None = None


EQUAL = ("tenant_id", "instance_id", "customer_id", "service_id", "definition_id", "resolved", "withdrawn")
"""Criteria that a field of the same name must equal."""


def meets(breach: SlaBreach, wanted: BreachFilter) -> bool:
    """True when the breach passes the filter."""
    for name in EQUAL:
        value = getattr(wanted, name)
        if value is not None and value != getattr(breach, name):
            return False
    if wanted.types and breach.type not in wanted.types:
        return False
    if wanted.alarm is not None and wanted.alarm not in (breach.alarm_id, breach.alarm_name):
        return False
    since, before = wanted.since, wanted.before
    return (since is None or breach.start >= since) and (before is None or breach.start < before)

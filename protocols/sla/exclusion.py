"""An exclusion: a time that counts on neither side of the availability, stated by an operator with a reason."""

from datetime import datetime
from typing import Literal, get_args

from msgspec import Struct

from protocols.rest_fields import Names

ExclusionCategory = Literal["customer", "force_majeure", "supplier", "agreed"]
EXCLUSION_CATEGORIES: tuple[ExclusionCategory, ...] = get_args(ExclusionCategory)


class ExclusionScope(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Instances that an exclusion covers: one of these names is enough; at least one is given."""

    instances: Names = ()
    services: Names = ()
    customers: Names = ()
    resources: Names = ()
    """Nodes of the topology: instances at or below them."""
    definitions: Names = ()
    everything: bool = False
    """Every instance of the tenant (force majeure)."""

    @property
    def keys(self) -> tuple[str, ...]:
        """The names as keys of an index: ``instance:ID``, ``service:ID``, ``customer:ID``, ``node:ID``, ``definition:ID``, and
        "" for everything."""
        named = (
            ("instance", self.instances),
            ("service", self.services),
            ("customer", self.customers),
            ("node", self.resources),
            ("definition", self.definitions),
        )
        found = [f"{kind}:{name}" for kind, names in named for name in names]
        return tuple(dict.fromkeys([*found, ""] if self.everything else found))


class ExclusionPlan(Struct, frozen=True, kw_only=True):
    """An exclusion as it is asked for. Times in microseconds since 1970 UTC; with ``rrule`` they recur by the wall clock of
    ``time_zone``."""

    tenant_id: str | None
    category: ExclusionCategory
    scope: ExclusionScope
    start: int
    end: int
    reason: str
    rrule: str = ""
    time_zone: str = "UTC"
    key: str = ""


class SlaExclusion(Struct, frozen=True, kw_only=True):
    """An exclusion as it is kept."""

    id: str
    """``SX`` and the offset of the Event that made it."""
    tenant_id: str | None
    category: ExclusionCategory
    scope: ExclusionScope
    start: int
    end: int
    reason: str
    rrule: str = ""
    time_zone: str = "UTC"
    created_at: datetime
    created_by: str
    withdrawn_at: datetime | None = None
    withdrawn_by: str | None = None
    revision: int = 1
    key: str = ""

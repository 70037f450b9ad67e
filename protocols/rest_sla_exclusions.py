"""Bodies of the REST API about exclusions from service level agreements."""

from datetime import datetime
from typing import Annotated

from msgspec import Meta, Struct

from protocols.rest_body import Body, PageQuery
from protocols.rest_fields import Line, Name
from protocols.rest_maintenance import Recurrence, WallTime, Zone
from protocols.sla.exclusion import ExclusionCategory, ExclusionScope


class ExclusionCreate(Body, frozen=True, kw_only=True):
    """A new exclusion, also of a time that is past."""

    category: ExclusionCategory
    scope: Annotated[ExclusionScope, Meta(description="Instances that it covers: one of these names is enough")]
    start_time: WallTime
    end_time: WallTime
    rrule: Annotated[Recurrence, Meta(description="RFC 5545 RRULE, e.g. `FREQ=WEEKLY;BYDAY=TU`; empty: once")] = ""
    reason: Line
    time_zone: Annotated[Zone | None, Meta(description="IANA name; left out: UTC, and then every time has an offset")] = None
    tenant_id: Annotated[
        Name | None, Meta(description="Left out: the token's tenant; without one every tenant (admin), or the default")
    ] = None

    def __post_init__(self) -> None:
        if self.time_zone is None:
            for name, at in (("start_time", self.start_time), ("end_time", self.end_time)):
                if at.tzinfo is None:
                    raise ValueError(f"{name}: has no offset from UTC, and no time_zone says what it is a time of")


class ExclusionsQuery(PageQuery, frozen=True, kw_only=True):
    """The query of the list of exclusions."""

    category: tuple[ExclusionCategory, ...] = ()
    tenant_id: Name | None = None
    withdrawn: Annotated[bool, Meta(description="Also those that were withdrawn")] = False


class ExclusionShown(Struct, frozen=True, kw_only=True):
    """An exclusion. It counts unless it is withdrawn."""

    id: str
    tenant_id: str | None
    category: ExclusionCategory
    scope: ExclusionScope
    start_time: datetime
    end_time: datetime
    rrule: str
    time_zone: str
    reason: str
    created_at: datetime
    created_by: str
    withdrawn_at: datetime | None
    withdrawn_by: str | None
    revision: int


class ExclusionPage(Struct, frozen=True):
    """Exclusions, the latest first, and the cursor of the next page (null on the last)."""

    items: tuple[ExclusionShown, ...]
    next_cursor: str | None = None

"""Bodies of the REST API about maintenance windows."""

from collections.abc import Iterable
from datetime import datetime, timedelta
from typing import Annotated

from msgspec import UNSET, Meta, Struct, UnsetType

from protocols.maintenance import Occurrence, Phase, WindowScope, WindowView
from protocols.rest_body import Body, PageQuery, fields_for
from protocols.rest_fields import Line, Name, Text, check_time

Seconds = Annotated[float, Meta(gt=0, le=366 * 86_400)]
WallTime = Annotated[
    datetime, Meta(description="RFC 3339; without an offset from UTC it is the time of day in the window's time zone")
]
Exceptions = Annotated[tuple[Annotated[str, Meta(min_length=10, max_length=40)], ...], Meta(max_length=1_000)]
Zone = Annotated[str, Meta(min_length=1, max_length=60, pattern=r"^[A-Za-z0-9_+/-]+$")]
Recurrence = Annotated[str, Meta(max_length=1_000, pattern=r"^[\x20-\x7e\r\n]*$")]


class WindowCreate(Body, frozen=True, kw_only=True):
    """A new maintenance window."""

    title: Line
    scope: Annotated[WindowScope, Meta(description="Which alarms it suppresses: at least one place, tenant or type")]
    start: WallTime | None = None
    end: Annotated[WallTime | None, Meta(description="When the first occurrence ends; either this or `duration_seconds`")] = (
        None
    )
    start_time: Annotated[WallTime | None, Meta(description="The same as `start`")] = None
    end_time: Annotated[WallTime | None, Meta(description="The same as `end`")] = None
    duration_seconds: Seconds | None = None
    time_zone: Annotated[
        Zone | None, Meta(description="IANA name, e.g. `Europe/Berlin`; left out: UTC, and then every time has an offset")
    ] = None
    recurrence: Annotated[Recurrence, Meta(description="RFC 5545 RRULE, e.g. `FREQ=WEEKLY;BYDAY=TU`; empty: once")] = ""
    exceptions: Annotated[
        Exceptions, Meta(description="Starts that do not take place: date-times as for `start`, or whole dates")
    ] = ()
    description: Text = ""
    tenant_id: Annotated[
        Name | None, Meta(description="Whose alarms alone it covers. Left out: the token's tenant, for an admin's all tenants")
    ] = None

    def __post_init__(self) -> None:
        for name, same in (("start", "start_time"), ("end", "end_time")):
            if getattr(self, name) is not None and getattr(self, same) is not None:
                raise ValueError(f"{same}: give either {name} or {same}")
        if self.begins is None:
            raise ValueError("start: is missing")
        if (self.ends is None) == (self.duration_seconds is None):
            raise ValueError("end: give either end or duration_seconds")
        _check(self.begins, self.ends)
        if self.time_zone is None:
            for name, at in (("start", self.begins), ("end", self.ends)):
                if at is not None and at.tzinfo is None:
                    raise ValueError(f"{name}: has no offset from UTC, and no time_zone says what it is a time of")

    @property
    def begins(self) -> datetime | None:
        """``start``, by either name."""
        return self.start if self.start_time is None else self.start_time

    @property
    def ends(self) -> datetime | None:
        """``end``, by either name."""
        return self.end if self.end_time is None else self.end_time


class WindowEdit(Body, frozen=True, kw_only=True):
    """Fields of a window to change. A field that is left out keeps its value. A new start alone moves the window and keeps its
    duration; an ``end`` of now ends an active window."""

    title: Line | UnsetType = UNSET
    scope: WindowScope | UnsetType = UNSET
    start: WallTime | UnsetType = UNSET
    end: WallTime | UnsetType = UNSET
    start_time: Annotated[WallTime | UnsetType, Meta(description="The same as `start`")] = UNSET
    end_time: Annotated[WallTime | UnsetType, Meta(description="The same as `end`")] = UNSET
    duration_seconds: Seconds | UnsetType = UNSET
    time_zone: Zone | UnsetType = UNSET
    recurrence: Recurrence | UnsetType = UNSET
    exceptions: Exceptions | UnsetType = UNSET
    description: Text | UnsetType = UNSET

    def __post_init__(self) -> None:
        if all(getattr(self, name) is UNSET for name in self.__struct_fields__):
            raise ValueError(f"nothing to change: give at least one of {', '.join(self.__struct_fields__)}")
        for name, same in (("start", "start_time"), ("end", "end_time")):
            if getattr(self, name) is not UNSET and getattr(self, same) is not UNSET:
                raise ValueError(f"{same}: give either {name} or {same}")
        begins, ends = self.times
        if ends is not UNSET and self.duration_seconds is not UNSET:
            raise ValueError("end: give either end or duration_seconds")
        _check(None if begins is UNSET else begins, None if ends is UNSET else ends)

    @property
    def times(self) -> tuple[datetime | UnsetType, datetime | UnsetType]:
        """``start`` and ``end``, each by either name."""
        return (
            self.start if self.start_time is UNSET else self.start_time,
            self.end if self.end_time is UNSET else self.end_time,
        )


class WindowsQuery(PageQuery, frozen=True, kw_only=True):
    """The query of the list of windows."""

    phase: tuple[Phase, ...] = ()
    status: Annotated[tuple[Phase, ...], Meta(description="The same as `phase`")] = ()
    tenant_id: Name | None = None


class WindowShown(Struct, frozen=True, kw_only=True):
    """A maintenance window. ``start`` and ``end`` are those of the first occurrence; ``occurrence`` is the one under way, or
    else the next; ``held`` counts the open alarms that it holds back now. ``start_time``, ``end_time`` and ``status`` say the
    same as ``start``, ``end`` and ``phase``."""

    id: str
    tenant_id: str | None
    title: str
    description: str
    phase: Phase
    scope: WindowScope
    time_zone: str
    start: datetime
    end: datetime
    duration_seconds: float
    recurrence: str
    exceptions: tuple[str, ...]
    occurrence: Occurrence | None
    held: int
    created_at: datetime
    created_by: str
    updated_at: datetime
    updated_by: str
    ended_at: datetime | None
    ended_by: str | None
    cancelled_at: datetime | None
    cancelled_by: str | None
    start_time: datetime
    end_time: datetime
    status: Phase
    revision: int
    warnings: tuple[str, ...] = ()
    """Points that somebody should look at: a scope that names nothing, a time zone that was not given. Lists have none."""


class WindowPage(Struct, frozen=True):
    """Maintenance windows, the latest first, and the cursor of the next page (null on the last)."""

    items: tuple[WindowShown, ...]
    next_cursor: str | None = None


def shown(view: WindowView, warnings: Iterable[str] = ()) -> WindowShown:
    """A window as REST shows it."""
    window = view.window
    end = window.start + timedelta(seconds=window.duration_seconds)
    return WindowShown(
        **fields_for(WindowShown, window),
        end=end,
        phase=view.phase,
        occurrence=view.occurrence,
        held=view.held,
        start_time=window.start,
        end_time=end,
        status=view.phase,
        warnings=tuple(warnings),
    )


def _check(start: datetime | None, end: datetime | None) -> None:
    for name, at in (("start", start), ("end", end)):
        if at is not None and at.tzinfo is not None:
            check_time(name, at)
        elif at is not None and not 1970 <= at.year < 2200:
            raise ValueError(f"{name}: {at.isoformat()} is not between 1970 and 2200")

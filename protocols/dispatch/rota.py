"""Rotas: who is on call when. Layers hand over by the wall clock of the rota's zone; overrides come before every layer."""

from datetime import date, datetime
from typing import Annotated, Literal

from msgspec import UNSET, Meta, Struct, UnsetType, field

from protocols.dispatch.quiet_hours import ClockTime, LocalHours, Weekday
from protocols.rest_fields import Line, Name, Time

Rotation = Literal["daily", "weekly"]


class RotaLayer(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, omit_defaults=True):
    """``contacts`` take turns, from ``start`` on: each for ``every`` days or weeks, with the hand-over at ``hand_over``. A
    later layer covers the times at which no earlier one has anybody."""

    contacts: Annotated[tuple[Name, ...], Meta(min_length=1, max_length=100)]
    """Ids or names of contacts, in the order of their turns."""
    start: date
    """The local day of the first hand-over."""
    rotation: Rotation = "weekly"
    every: Annotated[int, Meta(ge=1, le=52)] = 1
    hand_over: ClockTime = "09:00"
    hand_over_day: Weekday | None = None
    """The day on which a weekly rotation hands over; None: the weekday of ``start``."""
    hours: Annotated[tuple[LocalHours, ...], Meta(max_length=20)] = ()
    """The layer covers these times only; without any, all."""
    end: date | None = None
    """The layer ends with the hand-over of this day."""


class RotaOverride(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """``contact`` is on call from ``start`` until ``end``, whoever would be otherwise."""

    contact: Name
    start: Time
    end: Time


class RotaPlan(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, omit_defaults=True):
    """The body of ``POST /rotas``."""

    name: Line
    time_zone: Name = "UTC"
    layers: Annotated[tuple[RotaLayer, ...], Meta(min_length=1, max_length=20)]
    overrides: Annotated[tuple[RotaOverride, ...], Meta(max_length=1_000)] = ()
    tenant_id: Name | None = None
    """None: for the causes of every tenant."""


class RotaEdited(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Fields of a rota to change (PATCH); UNSET leaves one as it is."""

    name: Line | UnsetType = UNSET
    time_zone: Name | UnsetType = UNSET
    layers: Annotated[tuple[RotaLayer, ...], Meta(min_length=1, max_length=20)] | UnsetType = UNSET
    overrides: Annotated[tuple[RotaOverride, ...], Meta(max_length=1_000)] | UnsetType = UNSET


class RotaRecord(Struct, frozen=True, kw_only=True):
    """A rota as it is kept."""

    id: str
    """``RO`` and the offset of the Event that made it."""
    plan: RotaPlan
    created_at: datetime
    updated_at: datetime
    updated_by: str
    revision: int = 1
    key: str = ""

    @property
    def tenant_id(self) -> str | None:
        """None: for every tenant."""
        return self.plan.tenant_id


class OnCall(Struct, frozen=True, kw_only=True):
    """Whoever is on call from ``start`` until ``end``; ``contact_id`` "" is a gap. None: more than 800 days away."""

    contact_id: str
    start: datetime | None
    end: datetime | None
    by: str = field(default="")
    """The part of the rota that says so: ``override 2``, ``layer 1``, or "" for a gap."""

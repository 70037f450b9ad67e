"""Quiet hours: local times of a week in which a person, or a policy, lets only the named severities through. Pure."""

from typing import Annotated, Literal, get_args

from msgspec import Meta, Struct, field

from protocols.rest_fields import RaisedSeverity

Weekday = Literal["mon", "tue", "wed", "thu", "fri", "sat", "sun"]
WEEKDAYS: tuple[Weekday, ...] = get_args(Weekday)
ClockTime = Annotated[str, Meta(pattern=r"^([01][0-9]|2[0-3]):[0-5][0-9]$|^24:00$")]
"""``HH:MM`` by the wall clock of a zone."""


class LocalHours(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, omit_defaults=True):
    """From ``from`` until ``to`` on each of ``days``; a ``to`` that is not behind ``from`` is on the next day."""

    begin: ClockTime = field(name="from")
    end: ClockTime = field(name="to")
    days: Annotated[tuple[Weekday, ...], Meta(min_length=1, max_length=7)] = WEEKDAYS


class QuietHours(LocalHours, frozen=True, kw_only=True, forbid_unknown_fields=True, omit_defaults=True):
    """Nothing is sent but what is ``allowed`` through; the rest follows when they end, if it is still so."""

    allowed: tuple[RaisedSeverity, ...] = ("critical",)

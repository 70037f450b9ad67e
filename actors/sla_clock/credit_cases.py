"""Worked cases of a credit model: inputs, and the amounts that the source or the contract promises. Pure."""

from collections.abc import Iterator
from datetime import date, datetime, timedelta
from typing import Annotated
from zoneinfo import ZoneInfo

from msgspec import Meta, Struct

from actors.sla_clock.credits import capped, outage_credits, tier_credits
from protocols.sla.business_time import BusinessCalendar, Hours
from protocols.sla.credit import CreditLine
from protocols.sla.credit_models import OutageCredits, TierCredits
from protocols.sla.local_time import SECOND, instant_at
from protocols.toml_lines import Path

_LONGEST = timedelta(days=366)
_WEEK = (*[(Hours(9 * 3600, 17 * 3600),)] * 5, (), ())

Instant = Annotated[datetime, Meta(tz=True)]
Count = Annotated[int, Meta(ge=0)]


class CreditCase(Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """``monthly_fee`` in minor units; ``amounts`` of the lines in order, without and ``total`` with the cap."""

    name: str
    monthly_fee: Count
    amounts: tuple[int, ...]
    total: int


class TierCase(CreditCase, frozen=True, tag_field="type", tag="tiers", kw_only=True):
    """``measured_seconds`` of the period, of which ``up_seconds`` were up."""

    up_seconds: Count
    measured_seconds: Count


class OutageCase(CreditCase, frozen=True, tag_field="type", tag="outage", kw_only=True):
    """``excluded``: begin and end of each time for which nothing is owed. Monday to Friday are working days, without
    ``holidays``."""

    zone: str
    reported: Instant
    down_from: Instant
    down_until: Instant
    holidays: frozenset[date] = frozenset()
    excluded: tuple[tuple[Instant, Instant], ...] = ()


def lines_of_case(model: TierCredits | OutageCredits, case: TierCase | OutageCase) -> list[CreditLine]:
    """The lines that the model yields, before the cap. Raises TypeError for a case of the other type."""
    if isinstance(model, TierCredits) and isinstance(case, TierCase):
        return tier_credits(model, case.up_seconds * SECOND, case.measured_seconds * SECOND, case.monthly_fee)
    if isinstance(model, OutageCredits) and isinstance(case, OutageCase):
        calendar = BusinessCalendar(case.zone, _WEEK, dict.fromkeys(sorted(case.holidays), ""))
        outage = instant_at(case.down_from), instant_at(case.down_until)
        excluded = [(instant_at(begin), instant_at(end)) for begin, end in case.excluded]
        return outage_credits(model, outage, instant_at(case.reported), case.monthly_fee, calendar, excluded)
    raise TypeError("the case is not of the model's type")


def mistakes_of_case(case: TierCase | OutageCase) -> Iterator[tuple[Path, str]]:
    """Path and message of everything in the case that cannot be meant."""
    if isinstance(case, TierCase):
        if case.up_seconds > case.measured_seconds:
            yield ("up_seconds",), "more than measured_seconds"
        return
    try:
        ZoneInfo(case.zone)
    except (KeyError, ValueError, OSError):  # Not in the database; a path out of it; a directory.
        yield ("zone",), f"unknown time zone {case.zone!r}"
    for key, each in (("reported", case.reported), ("down_from", case.down_from), ("down_until", case.down_until)):
        if not 1970 <= each.year < 3000:
            yield (key,), "expected one of the years 1970 to 2999"
    if case.down_until <= case.down_from:
        yield ("down_until",), "not after down_from"
    elif case.down_until - case.reported > _LONGEST:
        yield ("down_until",), f"more than {_LONGEST.days} days after the report"
    for number, (begin, end) in enumerate(case.excluded):
        if not (begin.year >= 1970 and end.year < 3000):
            yield ("excluded", number), "expected the years 1970 to 2999"
        if end <= begin:
            yield ("excluded", number), "ends before it begins"


def wrong_amounts(model: TierCredits | OutageCredits, case: TierCase | OutageCase) -> Iterator[tuple[Path, str]]:
    """Path and message of each amount that the model does not yield."""
    try:
        lines = lines_of_case(model, case)
    except TypeError as error:
        yield ("type",), str(error)
        return
    amounts = [line.amount for line in lines]
    if amounts != list(case.amounts):
        yield ("amounts",), f"the model yields {amounts}"
    total = sum(line.amount for line in capped(model, lines, case.monthly_fee))
    if total != case.total:
        yield ("total",), f"the model yields {total}"

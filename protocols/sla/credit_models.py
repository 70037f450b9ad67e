"""Models of credits: the terms by which an operator pays for a service that failed. Money is in minor units of the currency.

A percentage is an exact Decimal, at most 100 with at most 6 decimals, so that every product with a fee is a finite decimal.
"""

from collections.abc import Iterator
from datetime import date
from decimal import Decimal
from itertools import pairwise
from typing import Annotated, Literal

from msgspec import Meta, Struct

from protocols.sla.currency import minor_digits_of
from protocols.toml_lines import Path

CreditUnit = Literal["hour", "day"]
FreeUnit = Literal["hours", "calendar_days", "working_days"]
CountedUnits = Literal["whole", "part", "end"]
CreditStart = Literal["report", "outage"]

Whole = Annotated[int, Meta(gt=-(2**53), lt=2**53)]
"""The largest amount that every part of faultd can hold."""
_DECIMALS = 6


LONGEST_RULE = 200


class CreditModel(Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """``rule`` is the name that each line of a credit carries. The lower of the two caps holds; ``cap_percent`` is of the
    monthly fee. ``minor_digits``: digits of the minor unit (2 for cents)."""

    rule: str
    currency: str
    minor_digits: Whole = 2
    cap_amount: Whole | None = None
    cap_percent: Decimal | None = None


class CreditTier(Struct, frozen=True, forbid_unknown_fields=True):
    """An availability below ``below`` per cent pays ``percent`` of the monthly fee."""

    below: Decimal
    percent: Decimal


class TierCredits(CreditModel, frozen=True, tag_field="type", tag="tiers", kw_only=True):
    """Credits by the availability of one period. ``tiers``: from the highest ``below`` to the lowest; the lowest that applies
    pays."""

    tiers: tuple[CreditTier, ...]


class CreditStep(Struct, frozen=True, forbid_unknown_fields=True):
    """From the unit with number ``first`` on, each pays the higher of ``amount`` and ``percent`` of the monthly fee."""

    first: Whole
    amount: Whole = 0
    percent: Decimal = Decimal(0)


class CreditRate(Struct, frozen=True, forbid_unknown_fields=True):
    """The steps of units that begin on the local date ``valid_from`` or later, until the next rate."""

    valid_from: date
    steps: tuple[CreditStep, ...]


class OutageCredits(CreditModel, frozen=True, tag_field="type", tag="outage", kw_only=True):
    """Credits by the length of one outage, from its fault report on.

    A unit is an hour, counted from the report, or a local day. The day of the report has no number, the next is day 1 (in
    Germany: BGB section 187 (1)). Units that begin at or after the end of the free time are paid; with
    ``pays_last_free_unit`` also the one that ends with it. Of these, ``counts`` says which pay: those out of service from begin
    to end (``whole``), at any instant (``part``), or at their end (``end``).
    """

    unit: CreditUnit
    free: Whole
    free_unit: FreeUnit
    counts: CountedUnits
    rates: tuple[CreditRate, ...]
    pays_last_free_unit: bool = False
    starts: CreditStart = "report"
    """With ``outage`` the outage's begin takes the place of the fault report."""


CreditTerms = TierCredits | OutageCredits
"""A model of either kind."""


def mistakes_of(model: CreditTerms) -> Iterator[tuple[Path, str]]:
    """Path and message of everything in the model that cannot be meant."""
    if not model.rule.strip():
        yield ("rule",), "a name is missing"
    elif len(model.rule) > LONGEST_RULE or not model.rule.isprintable():
        yield ("rule",), f"expected at most {LONGEST_RULE} characters, all printable: each line of a credit carries it"
    if not (len(model.currency) == 3 and model.currency.isascii() and model.currency.isalpha() and model.currency.isupper()):
        yield ("currency",), "expected three capital letters (ISO 4217)"
    if not 0 <= model.minor_digits <= 4:
        yield ("minor_digits",), "expected 0 to 4"
    elif model.minor_digits != minor_digits_of(model.currency):
        yield ("minor_digits",), f"{model.currency} has {minor_digits_of(model.currency)} (ISO 4217)"
    if model.cap_amount is not None and model.cap_amount <= 0:
        yield ("cap_amount",), "expected more than 0 minor units"
    if model.cap_percent is not None:
        yield from _percent(("cap_percent",), model.cap_percent, required=True)
    if isinstance(model, TierCredits):
        yield from _tier_mistakes(model)
    else:
        yield from _outage_mistakes(model)


def _tier_mistakes(model: TierCredits) -> Iterator[tuple[Path, str]]:
    if not model.tiers:
        yield ("tiers",), "no tier"
    for number, tier in enumerate(model.tiers):
        yield from _percent(("tiers", number, "below"), tier.below, required=True)
        yield from _percent(("tiers", number, "percent"), tier.percent, required=True)
    for number, (higher, lower) in enumerate(pairwise(model.tiers), 1):
        # A comparison with what is no number raises.
        if lower.below.is_finite() and higher.below.is_finite() and not lower.below < higher.below:
            yield ("tiers", number, "below"), "tiers go from the highest availability to the lowest"


def _outage_mistakes(model: OutageCredits) -> Iterator[tuple[Path, str]]:
    if not 0 <= model.free <= 1000:
        yield ("free",), "expected 0 to 1000"
    if model.pays_last_free_unit and model.free == 0:
        yield ("pays_last_free_unit",), "there is no free time"
    if not model.rates:
        yield ("rates",), "no rate"
    for number, (earlier, later) in enumerate(pairwise(model.rates), 1):
        if not earlier.valid_from < later.valid_from:
            yield ("rates", number, "valid_from"), "rates go from the earliest date to the latest"
    for number, rate in enumerate(model.rates):
        if not rate.steps:
            yield ("rates", number, "steps"), "no step"
        for index, step in enumerate(rate.steps):
            where: Path = ("rates", number, "steps", index)
            if step.first < 1 or (index and step.first <= rate.steps[index - 1].first):
                yield (*where, "first"), "steps go from the lowest number to the highest; the first number is 1"
            if step.amount < 0:
                yield (*where, "amount"), "expected 0 minor units or more"
            yield from _percent((*where, "percent"), step.percent, required=step.amount == 0)


def _percent(path: Path, value: Decimal, *, required: bool) -> Iterator[tuple[Path, str]]:
    exponent = value.as_tuple().exponent
    if not isinstance(exponent, int) or exponent < -_DECIMALS or value.adjusted() > 2 or not 0 <= value <= 100:
        yield path, f"expected 0 to 100 per cent with at most {_DECIMALS} decimals"
    elif required and value == 0:
        yield path, "expected more than 0"

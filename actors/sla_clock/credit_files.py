"""Credit models from TOML texts, with the mistakes of every file named at once. Pure.

A file has ``title``, ``[source]``, ``[model]`` and ``[[cases]]``. A case gives inputs and the amounts that the source or the
contract promises; a file whose model does not yield them is refused.
"""

import tomllib
from collections.abc import Iterator, Mapping
from datetime import date, datetime, timedelta
from decimal import Decimal
from typing import Annotated, Any
from zoneinfo import ZoneInfo

import msgspec
from msgspec import Meta, Struct

from actors.sla_clock.business_time import BusinessCalendar, Hours
from actors.sla_clock.credit_models import OutageCredits, TierCredits, mistakes_of
from actors.sla_clock.credits import CreditLine, capped, outage_credits, tier_credits
from actors.sla_clock.local_time import SECOND, instant_at
from protocols.file_mistake import FileMistake
from protocols.toml_lines import Path, dotted, line_of, lines_of, split_place, syntax_error_line

_KEYS = ("title", "source", "model", "cases")
_LONGEST = timedelta(days=366)
_WEEK = (*[(Hours(9 * 3600, 17 * 3600),)] * 5, (), ())

Instant = Annotated[datetime, Meta(tz=True)]
Count = Annotated[int, Meta(ge=0)]


class CreditSource(Struct, frozen=True, forbid_unknown_fields=True):
    """``url`` of the law, scheme or contract; ``valid_from``: the date since which it holds; ``checked``: when it was read."""

    url: str
    valid_from: date
    checked: date


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


class CreditFile(Struct, frozen=True):
    """One file, checked."""

    title: str
    source: CreditSource
    model: TierCredits | OutageCredits
    cases: tuple[TierCase | OutageCase, ...]


class CreditFileErrors(ValueError):
    """Files of credit models that cannot be used; ``mistakes`` names every reason."""

    def __init__(self, mistakes: tuple[FileMistake, ...]) -> None:
        super().__init__("\n".join(str(one) for one in mistakes))
        self.mistakes = mistakes


def load_credit_files(texts: Mapping[str, str]) -> dict[str, CreditFile]:
    """The credit models of ``texts`` (file name → TOML) by file name. Raises CreditFileErrors with file, line, key and message
    of the mistakes: TOML syntax, unknown keys, wrong types, models that cannot be meant, cases that the model does not meet."""
    mistakes: list[FileMistake] = []
    found: dict[str, CreditFile] = {}
    for file, text in texts.items():
        try:
            # Without this, 99.9 is a float.
            data = tomllib.loads(text, parse_float=Decimal)
        except tomllib.TOMLDecodeError as error:
            mistakes.append(FileMistake(file, syntax_error_line(error), "", f"not TOML: {error}"))
            continue
        lines = lines_of(text)
        reader = _Reader()
        credit_file = reader.read(data)
        mistakes += [FileMistake(file, line_of(lines, path) or 0, dotted(path), message) for path, message in reader.mistakes]
        if credit_file is not None:
            found[file] = credit_file
    if mistakes:
        raise CreditFileErrors(tuple(sorted(mistakes)))
    return found


def lines_of_case(model: TierCredits | OutageCredits, case: TierCase | OutageCase) -> list[CreditLine]:
    """The lines that the model yields, before the cap. Raises TypeError for a case of the other type."""
    if isinstance(model, TierCredits) and isinstance(case, TierCase):
        return tier_credits(model, case.up_seconds * SECOND, case.measured_seconds * SECOND, case.monthly_fee)
    if isinstance(model, OutageCredits) and isinstance(case, OutageCase):
        calendar = BusinessCalendar(case.zone, _WEEK, case.holidays)
        outage = instant_at(case.down_from), instant_at(case.down_until)
        excluded = [(instant_at(begin), instant_at(end)) for begin, end in case.excluded]
        return outage_credits(model, outage, instant_at(case.reported), case.monthly_fee, calendar, excluded)
    raise TypeError("the case is not of the model's type")


class _Reader:
    """Reads one file and collects its mistakes."""

    def __init__(self) -> None:
        self.mistakes: list[tuple[Path, str]] = []

    def read(self, data: dict[str, Any]) -> CreditFile | None:
        self.mistakes += [((key,), f"unknown key; expected {', '.join(_KEYS)}") for key in data if key not in _KEYS]
        self.mistakes += [((key,), "missing") for key in _KEYS if key not in data]
        title = self._convert(("title",), data.get("title"), str)
        source = self._convert(("source",), data.get("source"), CreditSource)
        model: TierCredits | OutageCredits | None = self._convert(("model",), data.get("model"), TierCredits | OutageCredits)
        if model is not None:
            self.mistakes += [(("model", *path), message) for path, message in mistakes_of(model)]
        tables = data.get("cases", [])
        if not isinstance(tables, list) or not tables:
            self.mistakes.append((("cases",), "expected tables: [[cases]]"))
            tables = []
        cases = []
        for number, table in enumerate(tables):
            case: TierCase | OutageCase | None = self._convert(("cases", number), table, TierCase | OutageCase)
            if case is not None:
                self.mistakes += [(("cases", number, *path), message) for path, message in _case_mistakes(case)]
                cases.append(case)
        if self.mistakes or title is None or source is None or model is None:
            return None
        for number, case in enumerate(cases):
            self.mistakes += [(("cases", number, *path), message) for path, message in _wrong_amounts(model, case)]
        return CreditFile(title, source, model, tuple(cases))

    def _convert(self, where: Path, value: object, wanted: Any) -> Any:
        if value is None:
            return None
        try:
            return msgspec.convert(value, wanted)
        except msgspec.ValidationError as error:
            message, path = split_place(str(error))
            self.mistakes.append(((*where, *path), message))
            return None


def _case_mistakes(case: TierCase | OutageCase) -> Iterator[tuple[Path, str]]:
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


def _wrong_amounts(model: TierCredits | OutageCredits, case: TierCase | OutageCase) -> Iterator[tuple[Path, str]]:
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

"""Public holidays of a country, by the package ``holidays``.

Only requests call this: the dates go into the ledger with the definition that asked for them. So a newer package changes no
calendar that is in use, and no closed period.
"""

from collections.abc import Sequence
from datetime import date
from typing import Final

import holidays

EARLIEST_YEAR: Final = 1970
LATEST_YEAR: Final = 2199
MOST_YEARS: Final = 50
"""Years of one calendar."""


class UnknownHolidays(ValueError):
    """The package has no such holidays. ``field`` is the argument of :func:`holidays_of`; ``message`` names the value and what
    is allowed."""

    def __init__(self, field: str, message: str) -> None:
        super().__init__(f"{field}: {message}")
        self.field, self.message = field, message


def holidays_of(
    country: str, subdivision: str | None, categories: Sequence[str], first_year: int, last_year: int
) -> dict[date, str]:
    """Dates and names from ``first_year`` to ``last_year``, both included, in order, with the days that are taken instead of a
    holiday at a weekend. Names are in the country's own language; two holidays of one day are joined by ``; ``.

    ``country``: ISO 3166-1, two letters. ``subdivision``: the part behind it in ISO 3166-2, such as ``BY``, or None for what
    the whole country has. ``categories``: such as ``public`` or ``bank``; none for ``public``. Raises :class:`UnknownHolidays`.

    The same arguments and the same package give the same dates, whatever the language of the system.
    """
    kind = _country(country, subdivision)
    wanted = _categories(kind, country, categories)
    _check_years(kind, country, first_year, last_year)
    found = kind(
        years=range(first_year, last_year + 1),
        subdiv=subdivision,
        categories=wanted,
        # Without a language the package takes that of the environment.
        language=kind.default_language,
        expand=False,
    )
    return {day: found[day] for day in sorted(found)}


def known_years(country: str) -> tuple[int, int]:
    """First and last year for which the package knows the holidays of ``country``: 1991 and 2100 of Germany; where a government
    names the dates each year, the last can be this one. Raises :class:`UnknownHolidays`."""
    return _known_years(_country(country, None))


def _country(country: str, subdivision: str | None) -> type[holidays.HolidayBase]:
    countries = holidays.list_supported_countries(include_aliases=False)
    if country not in countries:
        raise UnknownHolidays("country", f"{country[:40]!r} is unknown; expected one of {', '.join(sorted(countries))}")
    kind = type(holidays.country_holidays(country))
    allowed = kind.subdivisions
    if subdivision is not None and subdivision not in allowed:
        expected = f"expected one of {', '.join(sorted(allowed))}" if allowed else f"{country} has none"
        raise UnknownHolidays("subdivision", f"{subdivision[:40]!r} is unknown in {country}; {expected}")
    return kind


def _categories(kind: type[holidays.HolidayBase], country: str, categories: Sequence[str]) -> tuple[str, ...]:
    wanted = tuple(categories) or (holidays.PUBLIC,)
    for category in wanted:
        if category not in kind.supported_categories:
            expected = ", ".join(sorted(kind.supported_categories))
            raise UnknownHolidays("categories", f"{category[:40]!r} is unknown in {country}; expected some of {expected}")
    return wanted


def _check_years(kind: type[holidays.HolidayBase], country: str, first_year: int, last_year: int) -> None:
    earliest, latest = _known_years(kind)
    for field, year in (("first_year", first_year), ("last_year", last_year)):
        if not earliest <= year <= latest:
            raise UnknownHolidays(field, f"{year} is not within {earliest} to {latest}, the years known of {country}")
    if last_year < first_year:
        raise UnknownHolidays("last_year", f"{last_year} is before first_year {first_year}")
    if last_year - first_year >= MOST_YEARS:
        raise UnknownHolidays("last_year", f"{last_year} is {last_year - first_year} years ahead; at most {MOST_YEARS - 1}")


def _known_years(kind: type[holidays.HolidayBase]) -> tuple[int, int]:
    return max(kind.start_year, EARLIEST_YEAR), min(kind.end_year, LATEST_YEAR)

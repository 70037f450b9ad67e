"""Public holidays, against lists that their governments publish."""

import hashlib
import os
import subprocess
import sys
from datetime import date
from typing import Any

import pytest

from actors.api.public_holidays import UnknownHolidays, holidays_of, known_years

# GOV.UK, lib/data/bank-holidays.json of github.com/alphagov/frontend, commit cb2a016d (August 2026): every bank holiday on its
# weekday, substitute days and single ones (jubilee, funeral, coronation, World Cup) included.
GOV_UK = {
    "ENG": """
        2019-01-01 04-19 04-22 05-06 05-27 08-26 12-25 12-26
        2020-01-01 04-10 04-13 05-08 05-25 08-31 12-25 12-28
        2021-01-01 04-02 04-05 05-03 05-31 08-30 12-27 12-28
        2022-01-03 04-15 04-18 05-02 06-02 06-03 08-29 09-19 12-26 12-27
        2023-01-02 04-07 04-10 05-01 05-08 05-29 08-28 12-25 12-26
        2024-01-01 03-29 04-01 05-06 05-27 08-26 12-25 12-26
        2025-01-01 04-18 04-21 05-05 05-26 08-25 12-25 12-26
        2026-01-01 04-03 04-06 05-04 05-25 08-31 12-25 12-28
        2027-01-01 03-26 03-29 05-03 05-31 08-30 12-27 12-28
        2028-01-03 04-14 04-17 05-01 05-29 08-28 12-25 12-26""",
    "SCT": """
        2019-01-01 01-02 04-19 05-06 05-27 08-05 12-02 12-25 12-26
        2020-01-01 01-02 04-10 05-08 05-25 08-03 11-30 12-25 12-28
        2021-01-01 01-04 04-02 05-03 05-31 08-02 11-30 12-27 12-28
        2022-01-03 01-04 04-15 05-02 06-02 06-03 08-01 09-19 11-30 12-26 12-27
        2023-01-02 01-03 04-07 05-01 05-08 05-29 08-07 11-30 12-25 12-26
        2024-01-01 01-02 03-29 05-06 05-27 08-05 12-02 12-25 12-26
        2025-01-01 01-02 04-18 05-05 05-26 08-04 12-01 12-25 12-26
        2026-01-01 01-02 04-03 05-04 05-25 06-15 08-03 11-30 12-25 12-28
        2027-01-01 01-04 03-26 05-03 05-31 08-02 11-30 12-27 12-28
        2028-01-03 01-04 04-14 05-01 05-29 08-07 11-30 12-25 12-26""",
    "NIR": """
        2019-01-01 03-18 04-19 04-22 05-06 05-27 07-12 08-26 12-25 12-26
        2020-01-01 03-17 04-10 04-13 05-08 05-25 07-13 08-31 12-25 12-28
        2021-01-01 03-17 04-02 04-05 05-03 05-31 07-12 08-30 12-27 12-28
        2022-01-03 03-17 04-15 04-18 05-02 06-02 06-03 07-12 08-29 09-19 12-26 12-27
        2023-01-02 03-17 04-07 04-10 05-01 05-08 05-29 07-12 08-28 12-25 12-26
        2024-01-01 03-18 03-29 04-01 05-06 05-27 07-12 08-26 12-25 12-26
        2025-01-01 03-17 04-18 04-21 05-05 05-26 07-14 08-25 12-25 12-26
        2026-01-01 03-17 04-03 04-06 05-04 05-25 07-13 08-31 12-25 12-28
        2027-01-01 03-17 03-26 03-29 05-03 05-31 07-12 08-30 12-27 12-28
        2028-01-03 03-17 04-14 04-17 05-01 05-29 07-12 08-28 12-25 12-26""",
}
GOV_UK["WLS"] = GOV_UK["ENG"]

# The holiday laws of the German states, as in kalender-online.com/kalender-2026: states of those that not all have.
EVERYWHERE = {"01-01", "04-03", "04-06", "05-01", "05-14", "05-25", "10-03", "12-25", "12-26"}
IN_SOME = {
    "01-06": "BW BY ST",
    "03-08": "BE MV",
    "04-05": "BB",
    "05-24": "BB",
    "06-04": "BW BY HE NW RP SL",
    "08-15": "SL",
    "09-20": "TH",
    "10-31": "BB HB HH MV NI SN ST SH TH",
    "11-01": "BW BY NW RP SL",
    "11-18": "SN",
}
STATES = ["BB", "BE", "BW", "BY", "HB", "HE", "HH", "MV", "NI", "NW", "RP", "SH", "SL", "SN", "ST", "TH"]


def dates(text: str) -> set[date]:
    """Dates of lines of one year each."""
    found = set()
    for line in text.split("\n"):
        year, _, rest = line.strip().partition("-")
        found |= {date.fromisoformat(f"{year}-{day}") for day in rest.split()}
    return found


@pytest.mark.parametrize("nation", GOV_UK)
def test_bank_holidays_of_the_united_kingdom(nation: str) -> None:
    """A holiday that falls on a weekend is listed as well; GOV.UK lists its substitute day alone."""
    found = holidays_of("GB", nation, (), 2019, 2028)
    assert {day for day in found if day.weekday() < 5} == dates(GOV_UK[nation])


@pytest.mark.parametrize("state", STATES)
def test_holidays_of_the_german_states(state: str) -> None:
    wanted = EVERYWHERE | {day for day, states in IN_SOME.items() if state in states.split()}
    assert {f"{day:%m-%d}" for day in holidays_of("DE", state, (), 2026, 2026)} == wanted


def test_single_holidays_of_german_states() -> None:
    """500 years of the Reformation everywhere; 75 and 80 years since the end of the war in Berlin."""
    assert all(date(2017, 10, 31) in holidays_of("DE", state, (), 2017, 2017) for state in STATES)
    berlin = holidays_of("DE", "BE", (), 2019, 2025)
    assert [day.year for day in berlin if (day.month, day.day) == (5, 8)] == [2020, 2025]


def test_a_category_adds_its_holidays() -> None:
    public = holidays_of("DE", "BY", ("public",), 2026, 2026)
    both = holidays_of("DE", "BY", ("public", "catholic"), 2026, 2026)
    assert set(both) - set(public) == {date(2026, 8, 15)}
    assert public == holidays_of("DE", "BY", (), 2026, 2026)


def test_dates_are_in_order_and_named_in_the_language_of_the_country() -> None:
    found = holidays_of("DE", None, (), 2026, 2027)
    assert list(found) == sorted(found)
    assert found[date(2026, 10, 3)] == "Tag der Deutschen Einheit"
    assert holidays_of("GB", "ENG", (), 2026, 2026)[date(2026, 12, 28)] == "Boxing Day (observed)"


def test_every_country_gives_the_same_in_every_language_of_the_system() -> None:
    program = """
from actors.api.public_holidays import holidays_of, known_years
import holidays
for country in holidays.list_supported_countries(include_aliases=False):
    year = known_years(country)[1]
    print(country, holidays_of(country, None, (), min(2026, year), min(2026, year)))
"""
    printed = set()
    for language in ("en_US.UTF-8", "de_DE.UTF-8", "th_TH.UTF-8"):
        environment = os.environ | {"LANGUAGE": language[:2], "LANG": language, "LC_ALL": language, "PYTHONUTF8": "1"}
        done = subprocess.run([sys.executable, "-c", program], env=environment, capture_output=True, check=False)
        assert (done.returncode, done.stderr) == (0, b"")
        assert done.stdout.count(b"\n") > 200
        printed.add(hashlib.sha256(done.stdout).hexdigest())
    assert len(printed) == 1


@pytest.mark.parametrize(
    ("arguments", "field", "message"),
    [
        (("XX", None, (), 2026, 2026), "country", "'XX' is unknown; expected one of AD, AE, AF,"),
        (("gb", None, (), 2026, 2026), "country", "'gb' is unknown"),
        (("GBR", None, (), 2026, 2026), "country", "'GBR' is unknown"),
        (("__name__", None, (), 2026, 2026), "country", "'__name__' is unknown"),
        (("NYSE", None, (), 2026, 2026), "country", "'NYSE' is unknown"),
        (("", None, (), 2026, 2026), "country", "'' is unknown"),
        (("GB", "XX", (), 2026, 2026), "subdivision", "'XX' is unknown in GB; expected one of ENG, NIR, SCT, WLS"),
        (("GB", "", (), 2026, 2026), "subdivision", "'' is unknown in GB"),
        (("AF", "KAB", (), 2026, 2026), "subdivision", "'KAB' is unknown in AF; AF has none"),
        (
            ("DE", None, ("bank",), 2026, 2026),
            "categories",
            "'bank' is unknown in DE; expected some of catholic, public",
        ),
        (("DE", None, ("public", "x" * 999), 2026, 2026), "categories", f"'{'x' * 40}' is unknown"),
        (("DE", None, (), 1990, 2026), "first_year", "1990 is not within 1991 to 2100, the years known of DE"),
        (("DE", None, (), 2026, 2101), "last_year", "2101 is not within"),
        (("DE", None, (), 2026, 2025), "last_year", "2025 is before first_year 2026"),
        (("DE", None, (), 2026, 2076), "last_year", "2076 is 50 years ahead; at most 49"),
    ],
)
def test_a_mistake_names_its_field_and_what_is_allowed(arguments: Any, field: str, message: str) -> None:
    with pytest.raises(UnknownHolidays) as refused:
        holidays_of(*arguments)
    assert refused.value.field == field
    assert refused.value.message.startswith(message)


def test_known_years() -> None:
    assert known_years("DE") == (1991, 2100)
    assert known_years("GB") == (1970, 2100)
    with pytest.raises(UnknownHolidays, match="'XX' is unknown"):
        known_years("XX")

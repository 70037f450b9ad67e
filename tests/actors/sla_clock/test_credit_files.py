"""Files of credit models: those that are shipped hold their worked cases, and every mistake is named by its key."""

from pathlib import Path

import pytest

from actors.sla_clock.credit_cases import lines_of_case
from actors.sla_clock.credit_files import CreditFileErrors, load_credit_files
from actors.sla_clock.credits import capped

SHIPPED = {path.name: path.read_text(encoding="utf-8") for path in sorted((Path(__file__).parents[3] / "config/sla").iterdir())}
TIERS = SHIPPED["tiers.toml"]
TKG = SHIPPED["tkg58.toml"]


def test_the_shipped_files_yield_the_amounts_of_their_cases() -> None:
    files = load_credit_files(SHIPPED)
    assert sorted(files) == ["ofcom.toml", "tiers.toml", "tkg58.toml"]
    assert {name: len(file.cases) for name, file in files.items()} == {"ofcom.toml": 5, "tiers.toml": 4, "tkg58.toml": 5}
    for file in files.values():
        for case in file.cases:
            lines = lines_of_case(file.model, case)
            assert [line.amount for line in lines] == list(case.amounts), case.name
            assert sum(line.amount for line in capped(file.model, lines, case.monthly_fee)) == case.total, case.name
            assert all(line.rule == file.model.rule and line.arithmetic for line in lines)


def mistakes(text: str) -> list[tuple[str, str]]:
    with pytest.raises(CreditFileErrors) as raised:
        load_credit_files({"a.toml": text})
    assert all(one.file == "a.toml" for one in raised.value.mistakes)
    return [(one.key, one.message) for one in raised.value.mistakes]


@pytest.mark.parametrize(
    ("text", "old", "new", "key", "message"),
    [
        (TIERS, "title =", "titel =", "titel", "unknown key"),
        (TIERS, "title =", "titel =", "title", "missing"),
        (TIERS, 'title = "Example: credits by monthly availability"', "title = 1", "title", "Expected `str`"),
        (TIERS, "[source]", "source = 1\n[sources]", "source", "Expected `object`"),
        (TIERS, "valid_from = 2026-01-01", "valid_from = 1", "source.valid_from", "Expected `date`"),
        (TIERS, '"https://', '"example ', "source.url", "matching regex"),
        (TIERS, '"EUR"', '"E1R"', "model.currency", "three capital letters"),
        (TIERS, 'type = "tiers"\nrule', 'type = "steps"\nrule', "model.type", "Invalid value 'steps'"),
        (TIERS, "cap_percent = 30", "cap_procent = 30", "model", "unknown field `cap_procent`"),
        (TIERS, "cap_percent = 30", "cap_percent = nan", "model.cap_percent", "expected 0 to 100 per cent"),
        (TIERS, "cap_percent = 30", "cap_percent = 1e-999999999", "model.cap_percent", "expected 0 to 100 per cent"),
        (TIERS, "cap_percent = 30", "cap_percent = 0", "model.cap_percent", "more than 0"),
        (TIERS, "cap_percent = 30", "cap_amount = 0", "model.cap_amount", "more than 0"),
        (TIERS, "cap_percent = 30", "cap_amount = 1.5", "model.cap_amount", "Expected `int | null`"),
        (TIERS, 'rule = "', 'rule = "\\u0000', "model.rule", "expected at most 200 characters"),
        (TIERS, 'rule = "', f'rule = "{"x" * 200}', "model.rule", "expected at most 200 characters"),
        (TIERS, "cap_percent = 30", "minor_digits = 5", "model.minor_digits", "expected 0 to 4"),
        (TIERS, 'currency = "EUR"', 'currency = "JPY"', "model.minor_digits", "JPY has 0 (ISO 4217)"),
        (TIERS, '"EUR"', '"Euro"', "model.currency", "three capital letters"),
        (TIERS, 'rule = "Availability credit"', 'rule = " "', "model.rule", "a name is missing"),
        (TIERS, "below = 99.5", "below = 99.9", "model.tiers[1].below", "from the highest"),
        (TIERS, "percent = 100", "percent = 101", "model.tiers[2].percent", "expected 0 to 100 per cent"),
        (TIERS, "percent = 100", "percent = -1", "model.tiers[2].percent", "expected 0 to 100 per cent"),
        (TIERS, "up_seconds = 2589408", "up_seconds = 2592001", "cases[0].up_seconds", "more than measured_seconds"),
        (TIERS, "up_seconds = 2589408", "up_seconds = -1", "cases[0].up_seconds", "Expected `int` >= 0"),
        (TIERS, "amounts = [500]", "amounts = [499]", "cases[1].amounts", "the model yields [500]"),
        (TIERS, "total = 1497", "total = 1498", "cases[3].total", "the model yields 1497"),
        (TKG, "free = 2\n", "free = -1\n", "model.free", "expected 0 to 1000"),
        (TKG, "free = 2\n", "free = 0\npays_last_free_unit = true\n", "model.pays_last_free_unit", "no free time"),
        (TKG, 'counts = "whole"', 'counts = "half"', "model.counts", "Invalid enum value 'half'"),
        (TKG, "first = 3", "first = 0", "model.rates[0].steps[0].first", "the first number is 1"),
        (TKG, "first = 5", "first = 3", "model.rates[0].steps[1].first", "from the lowest number"),
        (TKG, "amount = 500, percent = 10", "amount = -1", "model.rates[0].steps[0].amount", "0 minor units or more"),
        (TKG, "amount = 500, percent = 10", "amount = 0", "model.rates[0].steps[0].percent", "more than 0"),
        (TKG, "amount = 500, percent", "amount = 5.0, percent", "model.rates[0].steps[0].amount", "Expected `int`"),
        (TKG, '"Europe/Berlin"', '"Europe/Bonn"', "cases[0].zone", "unknown time zone 'Europe/Bonn'"),
        (TKG, '"Europe/Berlin"', '"../Berlin"', "cases[0].zone", "unknown time zone '../Berlin'"),
        (TKG, '"Europe/Berlin"', '"Europe"', "cases[0].zone", "unknown time zone 'Europe'"),
        (TKG, '"Europe/Berlin"', '""', "cases[0].zone", "unknown time zone ''"),
        (TKG, "2026-03-02T09:30:00+01:00", "2026-03-02T09:30:00", "cases[0].reported", "timezone component"),
        (TKG, "2026-03-09T10:00:00+01:00", "2026-03-02T07:00:00+01:00", "cases[0].down_until", "not after down_from"),
        (TKG, "2026-03-09T10:00:00+01:00", "2027-03-04T10:00:00+01:00", "cases[0].down_until", "more than 366 days"),
        (TKG, "2026-03-09T10:00:00+01:00", "9999-12-31T23:59:59-01:00", "cases[0].down_until", "years 1970 to 2999"),
        (TKG, "2026-03-02T07:00:00+01:00", "0001-01-01T00:00:00+01:00", "cases[0].down_from", "years 1970 to 2999"),
        (TKG, "2026-03-06T20:00:00+01:00", "2026-03-06T07:00:00+01:00", "cases[4].excluded[0]", "ends before"),
    ],
)
def test_a_mistake_is_named_by_its_key(text: str, old: str, new: str, key: str, message: str) -> None:
    assert old in text
    found = mistakes(text.replace(old, new, 1))
    assert any(place == key and message in said for place, said in found), found


def test_rates_are_in_the_order_of_their_dates() -> None:
    text = SHIPPED["ofcom.toml"].replace("valid_from = 2021-04-01", "valid_from = 2019-04-01")
    assert mistakes(text) == [("model.rates[1].valid_from", "rates go from the earliest date to the latest")]


@pytest.mark.parametrize("name", ["tiers", "rates", "steps"])
def test_a_model_that_pays_nothing_is_refused(name: str) -> None:
    head = '[source]\nurl = "https://example.net"\nvalid_from = 2026-01-01\nchecked = 2026-01-01\n'
    head += '[model]\nrule = "r"\ncurrency = "EUR"\n'
    outage = 'type = "outage"\nunit = "day"\nfree = 0\nfree_unit = "hours"\ncounts = "part"\n'
    model = {
        "tiers": ('type = "tiers"\ntiers = []\n', "model.tiers"),
        "rates": (f"{outage}rates = []\n", "model.rates"),
        "steps": (f"{outage}rates = [{{ valid_from = 2026-01-01, steps = [] }}]\n", "model.rates[0].steps"),
    }[name]
    found = mistakes(f'title = ""\ncases = []\n{head}{model[0]}')
    assert [key for key, _ in found] == ["cases", model[1]]


def test_a_case_of_the_other_type_is_refused() -> None:
    case = TKG[TKG.index("[[cases]]") :]
    assert ("cases[4].type", "the case is not of the model's type") in mistakes(TIERS + case)


def test_every_file_and_every_part_of_it_is_checked_with_the_line() -> None:
    bad = TIERS.replace("cap_percent = 30", "cap_percent = 300").replace("up_seconds = 0", "up_seconds = -5")
    with pytest.raises(CreditFileErrors) as raised:
        load_credit_files({"b.toml": bad, "a.toml": "x = 1\ny = z\n", "good.toml": TKG})
    first, *rest = str(raised.value).splitlines()
    assert first.startswith("a.toml:2: not TOML")
    assert [line.split(": ")[:2] for line in rest] == [
        [f"b.toml:{bad.splitlines().index('cap_percent = 300') + 1}", "model.cap_percent"],
        [f"b.toml:{bad.splitlines().index('up_seconds = -5') + 1}", "cases[3].up_seconds"],
    ]


@pytest.mark.parametrize("text", ["", "cases = 1", 'model = "x"', "[[model]]", "cases = [1]"])
def test_a_file_without_its_parts_is_refused(text: str) -> None:
    assert mistakes(text)

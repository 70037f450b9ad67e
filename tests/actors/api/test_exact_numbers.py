"""Decimals of a body as whole numbers: exactly, or not at all."""

from decimal import Decimal
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from actors.api.exact_numbers import ExactNumbers


@pytest.mark.parametrize(
    ("text", "unit", "found"),
    [
        ("0.999", 10**9, 999_000_000),
        ("0.9990000000000", 10**9, 999_000_000),
        ("99.9e-2", 10**9, 999_000_000),
        ("-0", 100, 0),
        ("-1.5", 100, -150),
        ("59.95", 100, 5_995),
        ("0.25", 60_000_000, 15_000_000),
        ("0.9999999999", 10**9, None),
        ("59.955", 100, None),
        ("NaN", 100, None),
        ("sNaN", 100, None),
        ("-Infinity", 100, None),
        ("1e999999999", 100, None),
        ("1e-999999999", 100, None),
        ("1e15", 1, None),
        ("1e14", 10**9, None),
    ],
)
def test_whole_numbers(text: str, unit: int, found: int | None) -> None:
    numbers = ExactNumbers("items[3].")
    value = numbers.whole("field", Decimal(text), unit, "less")
    assert [each.field for each in numbers.mistakes] == ([] if found is not None else ["items[3].field"])
    assert value == (found or 0)


@given(st.decimals(), st.sampled_from([1, 100, 10**9, 60_000_000]))
def test_every_decimal_is_kept_exactly_or_refused(value: Decimal, unit: int) -> None:
    numbers = ExactNumbers()
    found = numbers.whole("field", value, unit, "less")
    if numbers.mistakes:
        assert found == 0
    else:
        assert Fraction(found) == Fraction(value) * unit
        assert abs(found) < 1 << 62

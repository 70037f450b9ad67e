"""Whole numbers as decimal text."""

from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from protocols.decimal_text import decimal, seconds, shortest


@pytest.mark.parametrize(
    ("value", "digits", "text"),
    [
        (0, 2, "0.00"),
        (5, 2, "0.05"),
        (-5, 2, "-0.05"),
        (123_456_789, 2, "1234567.89"),
        (-123_456, 0, "-123456"),
        (12_345, 3, "12.345"),
        (995_828, 6, "0.995828"),
    ],
)
def test_decimal(value: int, digits: int, text: str) -> None:
    assert decimal(value, digits) == text


@pytest.mark.parametrize(
    ("value", "digits", "text"),
    [
        (123_456_789, 2, "1,234,567.89"),
        (-1_000, 0, "-1,000"),
        (99_999, 2, "999.99"),
        (10**12, 6, "1,000,000.000000"),
    ],
)
def test_thousands_are_grouped(value: int, digits: int, text: str) -> None:
    assert decimal(value, digits, grouped=True) == text


@pytest.mark.parametrize(
    ("microseconds", "text"),
    [
        (0, "0"),
        (1, "0.000001"),
        (10_000_000, "10"),
        (12_500_000, "12.5"),
        (-500_000, "-0.5"),
        (10**14, "100000000"),
    ],
)
def test_seconds_have_no_trailing_zeros(microseconds: int, text: str) -> None:
    assert seconds(microseconds) == text


def test_a_whole_number_keeps_its_zeros() -> None:
    assert shortest(1000, 0) == "1000"


@given(st.integers(-(10**24), 10**24), st.integers(0, 9), st.booleans())
def test_the_text_is_the_number(value: int, digits: int, grouped: bool) -> None:
    for text in (decimal(value, digits, grouped=grouped), shortest(value, digits, grouped=grouped)):
        assert Decimal(text.replace(",", "")) == Decimal(value).scaleb(-digits)

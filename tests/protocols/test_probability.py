"""Probabilities are never stated as certain, neither as a number nor in words."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from protocols.probability import in_words, stated


@pytest.mark.parametrize(
    ("probability", "number", "words"),
    [
        (1.0, 0.99, "very likely (99 %)"),
        (0.9999, 0.99, "very likely (99 %)"),
        (0.98, 0.98, "very likely (98 %)"),
        (0.9, 0.9, "very likely (90 %)"),
        (0.8999, 0.9, "very likely (90 %)"),
        (0.6, 0.6, "likely (60 %)"),
        (0.3, 0.3, "possible (30 %)"),
        (0.0, 0.01, "possible (1 %)"),
    ],
)
def test_a_probability_in_numbers_and_words(probability: float, number: float, words: str) -> None:
    assert (stated(probability), in_words(probability)) == (number, words)


@given(st.floats(min_value=0, max_value=1))
def test_nothing_is_certain(probability: float) -> None:
    assert 0 < stated(probability) < 1
    assert stated(stated(probability)) == stated(probability)
    assert "(0 %)" not in in_words(probability)
    assert "100" not in in_words(probability)

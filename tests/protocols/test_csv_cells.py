"""Cells that a spreadsheet opens without running them."""

import csv
import io
from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from protocols.csv_cells import cell, inert, lines

WHEN = datetime(2026, 3, 1, 12, 0, 0, 5, tzinfo=UTC)
TEXT = st.text(st.characters(codec="utf-8", exclude_characters="\x00"))


@pytest.mark.parametrize("text", ['=HYPERLINK("x")', "+1", "-2+3", "@SUM(A1)", "\t=1", "\r=1", "\n=1", " =1", "\uff1d1"])
def test_a_formula_is_text(text: str) -> None:
    assert cell(text) == f"'{text}"
    assert cell((text, "x")) == f"'{text};x"


@pytest.mark.parametrize(
    ("value", "text"),
    [
        ("OLT 7", "OLT 7"),
        ("", ""),
        (None, ""),
        (True, "true"),
        (-5, "-5"),
        (-21.4, "-21.4"),
        (WHEN, "2026-03-01T12:00:00.000005Z"),
        ((), ""),
        (("a", "b"), "a;b"),
        ({"a": 1}, '{"a":1}'),
    ],
)
def test_values(value: Any, text: str) -> None:
    assert cell(value) == text


@given(st.lists(st.lists(TEXT, min_size=2, max_size=4), min_size=1))
def test_what_is_written_is_read_back_as_text(rows: list[list[str]]) -> None:
    cells = [[cell(value) for value in row] for row in rows]
    assert list(csv.reader(io.StringIO(lines(cells), newline=""))) == cells
    for row in rows:
        for value in row:
            assert cell(value) == (value if inert(value) == value else f"'{value}")

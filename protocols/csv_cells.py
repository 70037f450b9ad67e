"""Values as cells of a CSV file that a spreadsheet opens without running them.

A spreadsheet takes a cell for a formula when it begins with one of ``= + - @``, a tab or a carriage return (OWASP, "CSV
Injection"), and a device or an operator may have written that. Such text gets an apostrophe in front, which marks it as text.
Numbers stay numbers.
"""

import csv
import io
from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Any

import msgspec

_BEGINS_FORMULA = ("=", "+", "-", "@", "\t", "\r", "\n", "\uff1d", "\uff0b", "\uff0d", "\uff20")


def inert(text: str) -> str:
    """``text``, with an apostrophe in front where a spreadsheet would take it for a formula."""
    return f"'{text}" if text.lstrip(" ").startswith(_BEGINS_FORMULA) else text


def cell(value: Any) -> str:
    """A value as text: a time in RFC 3339, several words separated by ``;``, anything else as JSON."""
    match value:
        case None:
            return ""
        case str():
            return inert(value)
        case bool():
            return "true" if value else "false"
        case int() | float():
            return str(value)
        case datetime():
            return msgspec.json.encode(value).decode().strip('"')
        case tuple() | list() if all(isinstance(each, str) for each in value):
            return inert(";".join(value))
        case _:
            return inert(msgspec.json.encode(value).decode())


def lines(rows: Iterable[Sequence[str]]) -> str:
    """Rows of cells as CSV (RFC 4180)."""
    text = io.StringIO()
    csv.writer(text).writerows(rows)
    return text.getvalue()

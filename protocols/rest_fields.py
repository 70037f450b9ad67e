"""The kinds of fields that REST bodies are made of, and the bounds of what faultd can keep."""

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import Annotated, Any, Literal

from msgspec import Meta

LINE = r"^[^\x00-\x1f\x7f]*$"
TEXT = r"^[^\x00]*$"

Name = Annotated[str, Meta(min_length=1, max_length=200, pattern=LINE)]
OptionalName = Annotated[str, Meta(max_length=200, pattern=LINE)]
Line = Annotated[str, Meta(min_length=1, max_length=500, pattern=LINE)]
OptionalLine = Annotated[str, Meta(max_length=500, pattern=LINE)]
Text = Annotated[str, Meta(max_length=10_000, pattern=TEXT)]
SomeText = Annotated[str, Meta(min_length=1, max_length=10_000, pattern=TEXT)]
Time = Annotated[datetime, Meta(tz=True)]
Names = Annotated[tuple[Name, ...], Meta(max_length=10_000)]
Tags = Annotated[tuple[Name, ...], Meta(max_length=100)]
Count = Annotated[int, Meta(ge=0, le=1_000_000_000)]
RaisedSeverity = Literal["critical", "major", "minor", "warning", "info"]
ListFormat = Literal["json", "csv"]

EARLIEST = datetime(1970, 1, 1, tzinfo=UTC)
LATEST = datetime(2200, 1, 1, tzinfo=UTC)
METADATA_DEPTH = 8
METADATA_VALUES = 1_000
METADATA_TEXT = 32_768
_INT64 = 2**63


def check_time(name: str, at: datetime | None) -> None:
    """Raise ValueError naming the field unless ``at`` is None or a time that every part of faultd can hold."""
    if at is not None and not EARLIEST <= at < LATEST:
        raise ValueError(f"{name}: {at.isoformat()} is not between {EARLIEST.year} and {LATEST.year}")


def check_metadata(name: str, metadata: Mapping[str, Any]) -> None:
    """Raise ValueError naming the place unless free-form JSON can be kept as it is: in the ledger (64-bit integers) and
    in PostgreSQL (no NUL in text), within bounds of depth, number of values and text."""
    values = text = 0
    waiting: list[tuple[str, Any, int]] = [(name, metadata, 0)]
    while waiting:
        path, value, depth = waiting.pop()
        values += 1
        if depth > METADATA_DEPTH:
            raise ValueError(f"{path}: nested deeper than {METADATA_DEPTH}")
        if isinstance(value, Mapping):
            for key in value:
                text += len(key)
                if "\x00" in key:
                    raise ValueError(f"{path}: a key holds the character NUL")
            waiting.extend((f"{path}.{key}", inner, depth + 1) for key, inner in value.items())
        elif isinstance(value, str):
            text += len(value)
            if "\x00" in value:
                raise ValueError(f"{path}: holds the character NUL")
        elif isinstance(value, Sequence):
            waiting.extend((f"{path}[{number}]", inner, depth + 1) for number, inner in enumerate(value))
        elif isinstance(value, int) and not -_INT64 <= value < _INT64:
            raise ValueError(f"{path}: {str(value)[:30]} needs more than 64 bits")
        if values > METADATA_VALUES or text > METADATA_TEXT:
            raise ValueError(f"{name}: more than {METADATA_VALUES} values or {METADATA_TEXT} characters")

"""Every mistake of a body or a query, in plain words: the field, what is wrong with it, and the values that are allowed.

msgspec decodes and refuses. It names the first mistake, for programmers; this walk names the others, for people, and only where
something was refused.
"""

import operator
import re
from collections.abc import Iterator, Mapping, Sequence
from datetime import date, datetime
from decimal import Decimal
from itertools import islice
from typing import Any, Final

import msgspec
from msgspec import inspect

from actors.api.problems import field_error
from protocols.rest_fields import LINE, TEXT
from protocols.rest_problem import FieldError

MOST: Final = 100
"""Mistakes that one answer names."""
_SHOWN = 40
_PATTERNS = {LINE: "has a control character or a line break", TEXT: "has the character NUL"}
_KINDS: Mapping[type, str] = {
    dict: "an object",
    list: "a list",
    str: "text",
    bool: "true or false",
    int: "a number",
    float: "a number",
    type(None): "null",
}


def mistakes_in(value: Any, annotation: Any, error: msgspec.ValidationError) -> list[FieldError]:
    """The mistakes of ``value``, decoded JSON, as ``annotation``, at most ``MOST``; that of ``error`` where none is found."""
    found = list(islice(_walk(value, inspect.type_info(annotation), ""), MOST))
    return found or [field_error(error)]


def in_one_line(mistakes: Sequence[FieldError]) -> str:
    """The first three mistakes, and the number of the others."""
    texts = [f"{one.field}: {one.message}" if one.field else one.message for one in mistakes[:3]]
    more = f"; and {len(mistakes) - 3} more" if len(mistakes) > 3 else ""
    return "; ".join(texts) + more


def _walk(value: Any, kind: inspect.Type, path: str) -> Iterator[FieldError]:
    match kind:
        case inspect.AnyType():
            return
        case inspect.Metadata():
            yield from _walk(value, kind.type, path)
        case inspect.StructType():
            yield from _struct(value, kind, path)
        case inspect.UnionType():
            yield from _union(value, kind, path)
        case inspect.LiteralType():
            if not any(value == each and type(value) is type(each) for each in kind.values):
                yield FieldError(path, f"{_show(value)} is not allowed; allowed are {', '.join(map(str, kind.values))}")
        case inspect.VarTupleType() | inspect.ListType():
            yield from _sequence(value, kind, path)
        case inspect.DictType():
            yield from _mapping(value, kind, path)
        case _:
            text = _simple(value, kind)
            if text:
                yield FieldError(path, text)


def _struct(value: Any, kind: inspect.StructType, path: str) -> Iterator[FieldError]:
    if not isinstance(value, dict):
        yield _other_kind(value, "an object", path)
        return
    clean = True
    known = {field.encode_name: field for field in kind.fields}
    for name, field in known.items():
        if name in value:
            for mistake in _walk(value[name], field.type, _below(path, name)):
                clean = False
                yield mistake
        elif field.required:
            clean = False
            yield FieldError(_below(path, name), "is missing")
    if kind.forbid_unknown_fields:
        for name in value:
            if name in known or name == kind.tag_field:
                continue
            clean = False
            data = " (what an event bus says about the event stands in data)" if "data" in known else ""
            yield FieldError(_below(path, name), f"is no field here; the fields are {', '.join(known)}{data}")
    if clean:
        # The fields are right one by one: what is left are the conditions between them.
        try:
            msgspec.convert(value, kind.cls)
        except msgspec.ValidationError as error:
            wrong = field_error(error)
            yield FieldError(_below(path, wrong.field) if wrong.field else path, wrong.message)


def _union(value: Any, kind: inspect.UnionType, path: str) -> Iterator[FieldError]:
    if value is None and any(isinstance(each, inspect.NoneType) for each in kind.types):
        return
    options = [_bare(each) for each in kind.types if not isinstance(each, inspect.NoneType)]
    tagged = [each for each in options if isinstance(each, inspect.StructType) and each.tag_field]
    if tagged and isinstance(value, dict):
        field = tagged[0].tag_field or ""
        chosen = [each for each in tagged if each.tag == value.get(field)]
        if not chosen:
            tags = ", ".join(str(each.tag) for each in tagged)
            text = f"{_show(value[field])} is not allowed; allowed are {tags}" if field in value else f"is missing; give {tags}"
            yield FieldError(_below(path, field), text)
            return
        options = list(chosen)
    of_its_kind = [each for each in options if _fits(value, each)]
    if not of_its_kind:
        wanted = " or ".join(dict.fromkeys(_kind_of(each) for each in options))
        yield _other_kind(value, wanted, path)
        return
    tries = [list(_walk(value, each, path)) for each in of_its_kind]
    yield from min(tries, key=len)


def _bare(kind: inspect.Type) -> inspect.Type:
    return _bare(kind.type) if isinstance(kind, inspect.Metadata) else kind


def _sequence(value: Any, kind: inspect.VarTupleType | inspect.ListType, path: str) -> Iterator[FieldError]:
    if not isinstance(value, list | tuple):
        yield _other_kind(value, "a list", path)
    elif text := _length(len(value), kind.min_length, kind.max_length, "items"):
        yield FieldError(path, text)
    else:
        for number, each in enumerate(value):
            yield from _walk(each, kind.item_type, f"{path}[{number}]")


def _mapping(value: Any, kind: inspect.DictType, path: str) -> Iterator[FieldError]:
    if not isinstance(value, dict):
        yield _other_kind(value, "an object", path)
    elif text := _length(len(value), kind.min_length, kind.max_length, "members"):
        yield FieldError(path, text)
    else:
        for name, each in value.items():
            yield from _walk(name, kind.key_type, _below(path, name))
            yield from _walk(each, kind.value_type, _below(path, name))


def _simple(value: Any, kind: inspect.Type) -> str:
    """The mistake in a value that has no parts, "" for none."""
    match kind:
        case inspect.StrType():
            return _text(value, kind)
        case inspect.BoolType():
            return "" if isinstance(value, bool) else _not(value, "true or false")
        case inspect.IntType() | inspect.FloatType():
            return _number(value, kind)
        case inspect.DateTimeType():
            return _time(value, kind.tz)
        case inspect.DecimalType():
            return "" if _is_decimal(value) else _not(value, "a number")
        case inspect.DateType():
            return _day(value)
        case _:
            return ""


def _text(value: Any, kind: inspect.StrType) -> str:
    if not isinstance(value, str):
        return _not(value, "text")
    if kind.min_length and not value:
        return "is empty"
    if text := _length(len(value), kind.min_length, kind.max_length, "characters"):
        return text
    if kind.pattern and not re.search(kind.pattern, value):
        return _PATTERNS.get(kind.pattern, f"{_show(value)} does not match {kind.pattern}")
    return ""


def _number(value: Any, kind: inspect.IntType | inspect.FloatType) -> str:
    whole = isinstance(kind, inspect.IntType)
    if isinstance(value, bool) or not isinstance(value, int | float) or (whole and value != int(value)):
        return _not(value, "a whole number" if whole else "a number")
    for bound, holds, words in (
        (kind.gt, operator.gt, "more than"),
        (kind.ge, operator.ge, "at least"),
        (kind.lt, operator.lt, "less than"),
        (kind.le, operator.le, "at most"),
    ):
        if bound is not None and not holds(value, bound):
            return f"is {_show(value)}, and must be {words} {bound:,}"
    return ""


def _time(value: Any, zoned: bool | None) -> str:
    if not isinstance(value, str):
        return _not(value, "a time as text")
    try:
        at = msgspec.convert(value, datetime)
    except msgspec.ValidationError:
        return f"{_show(value)} is no time; write it like 2026-03-01T12:00:00Z (RFC 3339)"
    return f"{_show(value)} has no offset from UTC" if zoned and at.tzinfo is None else ""


def _is_decimal(value: Any) -> bool:
    try:
        msgspec.convert(value, Decimal)
    except msgspec.ValidationError:
        return False
    return True


def _day(value: Any) -> str:
    try:
        msgspec.convert(value, date)
    except msgspec.ValidationError:
        return f"{_show(value)} is no date; write it like 2026-03-01"
    return ""


def _fits(value: Any, kind: inspect.Type) -> bool:
    """Whether the value is of the kind of JSON that ``kind`` is."""
    match kind:
        case inspect.StructType() | inspect.DictType():
            return isinstance(value, dict)
        case inspect.VarTupleType() | inspect.ListType():
            return isinstance(value, list | tuple)
        case inspect.StrType() | inspect.DateTimeType():
            return isinstance(value, str)
        case inspect.LiteralType():
            return type(value) in {type(each) for each in kind.values}
        case inspect.BoolType():
            return isinstance(value, bool)
        case inspect.IntType() | inspect.FloatType() | inspect.DecimalType():
            return isinstance(value, int | float) and not isinstance(value, bool)
        case inspect.DateType():
            return isinstance(value, str)
        case _:
            return True


def _kind_of(kind: inspect.Type) -> str:
    match kind:
        case inspect.StructType() | inspect.DictType():
            return "an object"
        case inspect.VarTupleType() | inspect.ListType():
            return "a list"
        case inspect.BoolType():
            return "true or false"
        case inspect.IntType() | inspect.FloatType() | inspect.DecimalType():
            return "a number"
        case inspect.LiteralType():
            return f"one of {', '.join(map(str, kind.values))}"
        case _:
            return "text"


def _length(length: int, least: int | None, most: int | None, of: str) -> str:
    if most is not None and length > most:
        return f"has {length:,} {of}; at most {most:,} are allowed"
    if least is not None and length < least:
        return f"has {length:,} {of}; at least {least:,} are needed"
    return ""


def _other_kind(value: Any, wanted: str, path: str) -> FieldError:
    return FieldError(path, _not(value, wanted))


def _not(value: Any, wanted: str) -> str:
    return f"must be {wanted}, and is {_KINDS.get(type(value), 'something else')}"


def _show(value: Any) -> str:
    text = repr(value)
    return text if len(text) <= _SHOWN else text[: _SHOWN - 3] + "..."


def _below(path: str, name: str) -> str:
    return f"{path}.{name}" if path else name

"""The form of a row's index: names for its sub-identifiers, and for the fields that vendors pack into one of them.

``("(slot+1)<<25 | 14<<21 | (pon-1)<<16 | (ont-1)<<9",)`` reads 96468992 as slot 1, pon 1, ont 1, and writes it again.
"""

import re
from collections.abc import Iterator, Mapping
from itertools import product
from typing import Final, NamedTuple

from protocols.snmp.errors import BadOid
from protocols.snmp.manager.value import decode_index

_NAME: Final = re.compile(r"[A-Za-z][A-Za-z0-9]*")
_TERM: Final = re.compile(
    r"(?:(?P<number>[0-9]{1,10})|(?P<name>\w+)|\((?P<moved>\w+)(?P<by>[+-][0-9]{1,9})\))(?:<<(?P<shift>[0-9]{1,2}))?"
)
_WIDTH: Final = 32
MOST_ALTERNATIVES: Final = 16
"""Indexes that one position may have, by the numbers that ``where`` allows for names outside it."""

Fields = dict[str, int]


class _Field(NamedTuple):
    """``bits`` wide from ``shift``; the number in them is that of ``name`` plus ``plus``, or ``plus`` itself without a name."""

    name: str
    plus: int
    shift: int
    bits: int


class BadForm(ValueError):
    """A part of an index that cannot be read."""


class IndexForm:
    """``names`` are those of the fields, in the order of the index. Raises BadForm."""

    __slots__ = ("_parts", "_where", "names")

    def __init__(self, parts: tuple[str, ...], where: Mapping[str, tuple[int, ...]]) -> None:
        if not parts:
            raise BadForm("an index has at least one part")
        self._parts = tuple(_part(part) for part in parts)
        self.names = tuple(field.name for part in self._parts for field in part if field.name)
        if len(set(self.names)) < len(self.names):
            raise BadForm("two fields of one name")
        if unknown := set(where) - set(self.names):
            raise BadForm(f"where names {', '.join(sorted(unknown))}, which the index does not have")
        if any(not numbers for numbers in where.values()):
            raise BadForm("where has a name without numbers")
        self._where = dict(where)

    def read(self, index: bytes) -> Fields | None:
        """The fields of an index; None for one that is not of this form."""
        try:
            subids = decode_index(index)
        except BadOid:
            return None
        if len(subids) != len(self._parts):
            return None
        found: Fields = {}
        for subid, part in zip(subids, self._parts, strict=True):
            rest = subid
            for field in part:
                number = rest >> field.shift & (1 << field.bits) - 1
                rest -= number << field.shift
                number -= field.plus
                if field.name:
                    if number < 0:
                        return None
                    found[field.name] = number
                elif number:
                    return None
            if rest:
                return None
        if any(found[name] not in numbers for name, numbers in self._where.items()):
            return None
        return found

    def write(self, fields: Fields) -> list[bytes]:
        """The indexes of a row with these fields: several where ``where`` allows several numbers for a name that ``fields`` has
        not; none where a name is without any, or a number does not fit."""
        return [octets for octets, complete in self._written(fields) if complete]

    def prefixes(self, fields: Fields) -> list[bytes]:
        """The beginnings, of whole sub-identifiers, of the indexes of all rows with these fields; empty where the rows are
        not all those below such beginnings."""
        return [octets for octets, _ in self._written(fields, beginnings=True)]

    def candidates(self, fields: Fields, most: int) -> list[bytes]:
        """The indexes of a row with these fields and one further number, that of the only name without any; at most ``most``
        numbers are tried, from 0. Empty where more names are without."""
        missing = [name for name in self.names if name not in fields and name not in self._where]
        if len(missing) != 1:
            return self.write(fields) if not missing else []
        return [octets for number in range(most + 1) for octets in self.write({**fields, missing[0]: number})]

    def _written(self, fields: Fields, *, beginnings: bool = False) -> Iterator[tuple[bytes, bool]]:
        open_names = [name for name in self.names if name not in fields]
        free = [name for name in open_names if name in self._where]
        choices = [self._where[name] for name in free]
        count = 1
        for numbers in choices:
            count *= len(numbers)
        if count > MOST_ALTERNATIVES:
            return
        for numbers in product(*choices):
            given = {**fields, **dict(zip(free, numbers, strict=True))}
            if any(given[name] not in self._where[name] for name in self._where if name in given):
                continue
            octets, used, complete = b"", set[str](), True
            for part in self._parts:
                subid = _packed(part, given)
                if subid is None:
                    complete = False
                    break
                octets += encode_subid(subid)
                used |= {field.name for field in part}
            if complete or (beginnings and octets and set(fields) <= used):
                yield octets, complete


def encode_subid(subid: int) -> bytes:
    """A sub-identifier as content octets of an OID (X.690 section 8.19.2)."""
    septets = [subid & 0x7F]
    while subid := subid >> 7:
        septets.append(subid & 0x7F | 0x80)
    return bytes(reversed(septets))


def _part(written: str) -> tuple[_Field, ...]:
    """The fields of one sub-identifier, the highest first."""
    terms: list[tuple[int, str, int]] = []
    for term in written.split("|"):
        found = _TERM.fullmatch(term.replace(" ", ""))
        if found is None:
            raise BadForm(f"{term.strip()!r} is neither a name, a number, name<<bits, number<<bits nor (name+number)<<bits")
        name = found["name"] or found["moved"] or ""
        if name and not _NAME.fullmatch(name):
            raise BadForm(f"{name!r} is no name: letters and digits")
        plus = int(found["number"]) if found["number"] else int(found["by"] or 0)
        terms.append((int(found["shift"] or 0), name, plus))
    terms.sort(reverse=True)
    fields, top = [], _WIDTH
    for shift, name, plus in terms:
        if shift >= top:
            raise BadForm(f"two fields at bit {shift}" if top < _WIDTH else f"bit {shift} is beyond 32 bits")
        if not name and plus >> (top - shift):
            raise BadForm(f"{plus}<<{shift} does not fit below bit {top}")
        fields.append(_Field(name, plus, shift, top - shift))
        top = shift
    return tuple(fields)


def _packed(part: tuple[_Field, ...], given: Fields) -> int | None:
    """The sub-identifier of these fields; None when a name is without a number, or a number does not fit."""
    subid = 0
    for field in part:
        if field.name and field.name not in given:
            return None
        number = (given[field.name] if field.name else 0) + field.plus
        if not 0 <= number < 1 << field.bits:
            return None
        subid |= number << field.shift
    return subid

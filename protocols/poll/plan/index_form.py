"""The form of a row's index: names for its sub-identifiers, and for the fields that vendors pack into one of them.

``("(slot+1)<<25 | 14<<21 | (pon-1)<<16 | (ont-1)<<9",)`` reads 96468992 as slot 1, pon 1, ont 1, and writes it again.
"""

import re
from collections.abc import Iterator, Mapping
from itertools import product
from typing import Final, NamedTuple

from protocols.snmp.errors import BadOid
from protocols.snmp.manager.value import decode_index, encode_index

_NAME: Final = re.compile(r"[A-Za-z][A-Za-z0-9]*")
_TERM: Final = re.compile(
    r"(?:(?P<number>[0-9]{1,10})|(?P<name>\w+)|\((?P<moved>\w+)(?P<by>[+-][0-9]{1,9})\))(?:<<(?P<shift>[0-9]{1,2}))?"
)
_WIDTH: Final = 32
MOST_FORMS: Final = 8
MOST_ALTERNATIVES: Final = 16
"""Indexes that one position may have, by the numbers that ``where`` allows for names outside it."""

IndexFields = dict[str, int]


class _Field(NamedTuple):
    """``bits`` wide from ``shift``; the number in them is that of ``name`` plus ``plus``, or ``plus`` itself without a name."""

    name: str
    plus: int
    shift: int
    bits: int


_Form = tuple[tuple[_Field, ...], ...]


class BadForm(ValueError):
    """A part of an index that cannot be read."""


class IndexForm:
    """``parts`` are the sub-identifiers of an index one by one; a part may have several forms, with ``or`` between them, of
    which the first that fits is taken. ``names`` are those that every form has. Raises BadForm."""

    __slots__ = ("_forms", "_where", "names")

    def __init__(self, parts: tuple[str, ...], where: Mapping[str, tuple[int, ...]]) -> None:
        if not parts:
            raise BadForm("an index has at least one part")
        alternatives = [[_part(form) for form in part.split(" or ")] for part in parts]
        count = 1
        for forms in alternatives:
            count *= len(forms)
        if count > MOST_FORMS:
            raise BadForm(f"{count} forms; at most {MOST_FORMS}")
        self._forms: tuple[_Form, ...] = tuple(product(*alternatives))
        named = [[field.name for part in form for field in part if field.name] for form in self._forms]
        if any(len(set(names)) < len(names) for names in named):
            raise BadForm("two fields of one name")
        self.names = tuple(name for name in named[0] if all(name in names for names in named))
        if unknown := set(where) - {name for names in named for name in names}:
            raise BadForm(f"where names {', '.join(sorted(unknown))}, which the index does not have")
        if any(not numbers for numbers in where.values()):
            raise BadForm("where has a name without numbers")
        self._where = dict(where)

    @property
    def is_packed(self) -> bool:
        """True when an index is one number that several fields are packed into."""
        return all(len(form) == 1 and len(form[0]) > 1 for form in self._forms)

    def read(self, index: bytes) -> IndexFields | None:
        """The fields of an index; None for one that is not of this form."""
        try:
            subids = decode_index(index)
        except BadOid:
            return None
        for form in self._forms:
            found = _read(form, subids)
            if found is not None and all(found[name] in numbers for name, numbers in self._where.items() if name in found):
                return found
        return None

    def write(self, fields: IndexFields) -> list[bytes]:
        """The indexes of a row with these fields: several where there are several forms, or ``where`` allows several numbers
        for a name that ``fields`` has not; none where a name is without any, or a number does not fit."""
        return [octets for octets, complete in self._written(fields) if complete]

    def prefixes(self, fields: IndexFields) -> list[bytes]:
        """The beginnings, of whole sub-identifiers, of the indexes of all rows with these fields; empty where the rows are
        not all those below such beginnings, or the fields make a whole index."""
        return [octets for octets, complete in self._written(fields) if not complete]

    def candidates(self, fields: IndexFields, most: int) -> list[bytes]:
        """The indexes of a row with these fields and one further number, that of the only name without any; at most ``most``
        numbers are tried, from 0. Empty where more names are without."""
        missing = [name for name in self.names if name not in fields and name not in self._where]
        if len(missing) != 1:
            return self.write(fields) if not missing else []
        return [octets for number in range(most + 1) for octets in self.write({**fields, missing[0]: number})]

    def _written(self, fields: IndexFields) -> Iterator[tuple[bytes, bool]]:
        """Octets, and whether they are a whole index; else the beginning of one with all of ``fields`` in it."""
        for form in self._forms:
            names = [field.name for part in form for field in part if field.name]
            free = [name for name in names if name not in fields and name in self._where]
            choices = [self._where[name] for name in free]
            count = 1
            for numbers in choices:
                count *= len(numbers)
            if count > MOST_ALTERNATIVES:
                continue
            for chosen in product(*choices):
                given = {**fields, **dict(zip(free, chosen, strict=True))}
                if any(given[name] not in numbers for name, numbers in self._where.items() if name in given and name in names):
                    continue
                octets, used, complete = b"", set[str](), True
                for part in form:
                    subid = _packed(part, given)
                    if subid is None:
                        complete = False
                        break
                    octets += encode_index((subid,))
                    used |= {field.name for field in part}
                if octets and set(fields) <= used:
                    yield octets, complete


def _read(form: _Form, subids: tuple[int, ...]) -> IndexFields | None:
    if len(subids) != len(form):
        return None
    found: IndexFields = {}
    for subid, part in zip(subids, form, strict=True):
        rest = subid
        for field in part:
            number = rest >> field.shift & (1 << field.bits) - 1
            rest -= number << field.shift
            number -= field.plus
            if not field.name:
                if number:
                    return None
            elif number < 0:
                return None
            else:
                found[field.name] = number
        if rest:
            return None
    return found


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


def _packed(part: tuple[_Field, ...], given: IndexFields) -> int | None:
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

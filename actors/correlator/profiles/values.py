"""Named values of one trap: found, decoded and remembered on first use. A value that is missing or refused is None.

Names are resolved when a profile is compiled: a user of a value holds the Take that reads it from a TrapScope.
"""

from collections.abc import Callable, Sequence
from typing import Any, Final

from actors.correlator.profiles.scope import Take, TrapScope
from protocols.profile_decoders import Decoded, DecodeError, Part, Raw, plain

UNREAD: Final[Any] = object()
"""A value that was not read yet."""


class ValueReader:
    """Reads one named value from a trap."""

    __slots__ = ("name",)

    def __init__(self, name: str) -> None:
        self.name = name

    def get(self, scope: TrapScope) -> Decoded | None:
        """The whole value. It is read once, and a refusal is noted."""
        known: Any = scope.values.get(self.name, UNREAD)
        if known is not UNREAD:
            told: Decoded | None = known
            return told
        try:
            value = self.read(scope)
        except DecodeError as error:
            scope.notes.append(f"{self.name}: {error}")
            value = None
        scope.values[self.name] = value
        return value

    def taker(self, part: str) -> Take:
        """The Take of ``part`` of the value. Without a part, a value with parts gives its ``path``."""
        return PartOf(self, part) if part else Whole(self)

    def read(self, scope: TrapScope) -> Decoded | None:
        """The value, or None. May raise DecodeError."""
        raise NotImplementedError

    def raw(self, scope: TrapScope) -> Raw | None:
        """The value as the device sent it, for bits and times; None if there is none."""
        raise NotImplementedError


class Whole(Take):
    """A value; of a value with parts, the part that represents it."""

    __slots__ = ("_reader",)

    def __init__(self, reader: ValueReader) -> None:
        self._reader = reader

    def of(self, scope: TrapScope) -> Part | None:
        value = self._reader.get(scope)
        return value.get("path") if isinstance(value, dict) else value


class PartOf(Take):
    """One part of a value."""

    __slots__ = ("_part", "_reader")

    def __init__(self, reader: ValueReader, part: str) -> None:
        self._reader, self._part = reader, part

    def of(self, scope: TrapScope) -> Part | None:
        value = self._reader.get(scope)
        return value.get(self._part) if isinstance(value, dict) else None


class IfThere(Take):
    """The value of another Take, if the trap has the varbind."""

    __slots__ = ("_number", "_take")

    def __init__(self, number: int, take: Take) -> None:
        self._number, self._take = number, take

    def of(self, scope: TrapScope) -> Part | None:
        return self._take.of(scope) if scope.places[self._number] >= 0 else None


class AsItComes(Take):
    """The value of a varbind as the device sent it, octets as text. Read once for each trap."""

    __slots__ = ("_name", "_number")

    def __init__(self, name: str, number: int) -> None:
        self._name, self._number = name, number

    def of(self, scope: TrapScope) -> Part | None:
        at = scope.places[self._number]
        if at < 0:
            return None
        value: Any = scope.raws[at]
        if value is None or isinstance(value, int):
            return value
        read: Any = scope.values.get(self._name, UNREAD)
        if read is not UNREAD:
            told: Part | None = read
            return told
        fresh = plain(value)
        scope.values[self._name] = shown = None if fresh == "" else fresh
        return shown


class VarbindReader(ValueReader):
    """A varbind by the prefix of its OID: the first one with an OID in ``oids``, with or without an instance."""

    __slots__ = ("_convert", "_invalid", "_number", "_prefixes", "oids", "plain")

    def __init__(
        self,
        name: str,
        number: int,
        oids: tuple[str, ...],
        convert: Callable[[Raw], Decoded] | None,
        invalid: frozenset[int | str],
    ) -> None:
        super().__init__(name)
        self.oids = oids
        self._number = number
        self._prefixes = tuple(f"{oid}." for oid in oids)
        self.plain = convert is None and not invalid
        """Whether the value has no decoder, and so no parts."""
        self._convert = convert
        self._invalid = invalid

    def place(self, scope: TrapScope) -> int:
        """The place of the varbind in the trap; -1 if the trap does not have it."""
        return scope.places[self._number]

    def suffix(self, scope: TrapScope) -> Sequence[str]:
        """The arcs of the instance, empty if there is none."""
        at = scope.places[self._number]
        if at >= 0:
            oid = scope.oids[at]
            for prefix in self._prefixes:
                if oid.startswith(prefix):
                    return oid[len(prefix) :].split(".")
        return ()

    def raw(self, scope: TrapScope) -> Raw | None:
        at = scope.places[self._number]
        raw: Raw | None = scope.raws[at] if at >= 0 else None
        return raw

    def taker(self, part: str) -> Take:
        if not self.plain or part:
            return IfThere(self._number, super().taker(part))
        return AsItComes(self.name, self._number)

    def read(self, scope: TrapScope) -> Decoded | None:
        raw = self.raw(scope)
        if raw is None:
            return None
        value = self._convert(raw) if self._convert is not None else plain(raw)
        invalid = self._invalid
        if invalid and (raw in invalid or (not isinstance(value, dict) and value in invalid)):
            return None
        return None if value == "" else value


class IndexReader(ValueReader):
    """One arc of the instance suffix of a varbind; of several varbinds, the first present one."""

    __slots__ = ("_at", "_convert", "_invalid", "_varbinds")

    def __init__(
        self,
        name: str,
        varbinds: tuple[VarbindReader, ...],
        at: int,
        convert: Callable[[Raw], Decoded] | None,
        invalid: frozenset[int | str],
    ) -> None:
        super().__init__(name)
        self._varbinds = varbinds
        self._at = at
        self._convert = convert
        self._invalid = invalid

    def raw(self, scope: TrapScope) -> Raw | None:
        for varbind in self._varbinds:
            arcs = varbind.suffix(scope)
            if -len(arcs) <= self._at < len(arcs):
                arc = arcs[self._at]
                return int(arc) if arc.isascii() and arc.isdigit() and len(arc) <= 20 else None
        return None

    def read(self, scope: TrapScope) -> Decoded | None:
        raw = self.raw(scope)
        if raw is None or raw in self._invalid:
            return None
        return self._convert(raw) if self._convert else raw if not isinstance(raw, bytes) else None


class Source:
    """A source of a value: a reader, and the part of its value."""

    __slots__ = ("_plain", "part", "reader", "take")

    def __init__(self, reader: ValueReader, part: str) -> None:
        self.reader, self.part, self.take = reader, part, reader.taker(part)
        self._plain = isinstance(reader, VarbindReader) and reader.plain and not part

    def get(self, scope: TrapScope) -> Decoded | None:
        """The whole value."""
        return self.take.of(scope) if self._plain else self.reader.get(scope)


class DerivedReader(ValueReader):
    """A value made of another: of several sources the first present one. Without a decoder it keeps the parts."""

    __slots__ = ("_convert", "_invalid", "_sources")

    def __init__(
        self,
        name: str,
        sources: tuple[tuple[ValueReader, str], ...],
        convert: Callable[[Raw], Decoded] | None,
        invalid: frozenset[int | str],
    ) -> None:
        super().__init__(name)
        self._sources = [Source(reader, part) for reader, part in sources]
        self._convert = convert
        self._invalid = invalid

    def raw(self, scope: TrapScope) -> Raw | None:
        for source in self._sources:
            if source.get(scope) is not None:
                return source.take.of(scope) if source.part else source.reader.raw(scope)
        return None

    def read(self, scope: TrapScope) -> Decoded | None:
        refused: DecodeError | None = None
        for source in self._sources:
            value = source.get(scope)
            if source.part and value is not None:
                value = source.take.of(scope)
            if value is None:
                continue
            if self._convert is not None:
                raw = value if source.part or isinstance(value, dict) else source.reader.raw(scope)
                if raw is None or isinstance(raw, dict) or raw in self._invalid:
                    continue
                try:
                    value = self._convert(raw)
                except DecodeError as error:
                    refused = error
                    continue
            if self._invalid and not isinstance(value, dict) and value in self._invalid:
                continue
            return value
        if refused is not None:
            raise refused
        return None


class CombinedReader(ValueReader):
    """A value decoded from several. Missing inputs at the end are left out; with another input missing there is no value."""

    __slots__ = ("_convert", "_inputs", "_required")

    def __init__(self, name: str, inputs: tuple[ValueReader, ...], convert: Callable[..., Decoded], required: int) -> None:
        super().__init__(name)
        self._inputs = inputs
        self._convert = convert
        self._required = required

    def raw(self, scope: TrapScope) -> Raw | None:
        return None

    def read(self, scope: TrapScope) -> Decoded | None:
        given: list[Raw] = []
        for reader in self._inputs:
            raw = reader.raw(scope)
            if raw is None:
                break
            given.append(raw)
        return self._convert(*given) if len(given) >= self._required else None

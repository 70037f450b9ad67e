"""Named values of one trap: found, decoded and remembered on first use. A value that is missing or refused is None.

Names are resolved when a profile is compiled: what uses a value holds a function that takes it from a Scope.
"""

from collections.abc import Callable, Mapping, Sequence
from functools import lru_cache
from typing import Any, NamedTuple

from actors.correlator.profiles.decoders import Decoded, DecodeError, Part, Raw, plain
from actors.correlator.profiles.layout import Places
from protocols.event import Trap

ABSENT_TYPES = frozenset({"NULL", "noSuchObject", "noSuchInstance", "endOfMibView", "undecoded"})
UNREAD: Any = object()
"""Stands for a value that nobody asked for yet."""

Take = Callable[["Scope"], Part | None]
"""Takes one value, or one part of it."""
TakeRaw = Callable[["Scope"], Raw | None]
"""Takes a value as the device sent it; None when there is none."""


class Scope:
    """One trap seen through one profile's names. ``places`` tells by the numbers of the readers of varbinds where theirs are,
    ``notes`` what was refused. The rest is set while a finding is built."""

    resource: str | None = None
    resource_type: str | None = None
    resource_name: str | None = None
    label: str | None = None

    def __init__(self, trap: Trap, places: Places) -> None:
        self.trap = trap
        self.varbinds = trap.notification.varbinds
        self.places = places
        self.code: Part | None = None
        self.values: dict[str, Any] = {}
        self.notes: list[str] = []


class Reader:
    """How one named value is got from a trap."""

    __slots__ = ("name",)

    def __init__(self, name: str) -> None:
        self.name = name

    def get(self, scope: Scope) -> Decoded | None:
        """The value, whole; it is read once."""
        value: Any = scope.values.get(self.name, UNREAD)
        return self.fresh(scope) if value is UNREAD else value

    def fresh(self, scope: Scope) -> Decoded | None:
        """Reads the value and remembers it; a refusal is noted."""
        try:
            value = self.read(scope)
        except DecodeError as error:
            scope.notes.append(f"{self.name}: {error}")
            value = None
        scope.values[self.name] = value
        return value

    def taker(self, part: str) -> Take:
        """Takes ``part`` of the value; of a value with parts, no part means its ``path``."""
        name, fresh = self.name, self.fresh
        if not part:

            def whole(scope: Scope) -> Part | None:
                value = scope.values.get(name, UNREAD)
                if value is UNREAD:
                    value = fresh(scope)
                return value.get("path") if value.__class__ is dict else value

            return whole

        def one(scope: Scope) -> Part | None:
            value = scope.values.get(name, UNREAD)
            if value is UNREAD:
                value = fresh(scope)
            return value.get(part) if value.__class__ is dict else None

        return one

    def read(self, scope: Scope) -> Decoded | None:
        """The value, or None. May raise DecodeError."""
        raise NotImplementedError

    def raw(self, scope: Scope) -> Raw | None:
        """The value as the device sent it, for bits and times; None when there is none."""
        raise NotImplementedError


class VarbindReader(Reader):
    """A varbind by the prefix of its OID: the first that bears one of ``oids``, with or without an instance."""

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
        """Whether the value is what the device sent, so that it has no parts."""
        self._convert = convert
        self._invalid = invalid

    def suffix(self, scope: Scope) -> Sequence[str]:
        """The arcs of the instance, empty when there is none."""
        at = scope.places[self._number]
        if at >= 0:
            oid = scope.varbinds[at].oid
            for prefix in self._prefixes:
                if oid.startswith(prefix):
                    return oid[len(prefix) :].split(".")
        return ()

    def raw(self, scope: Scope) -> Raw | None:
        at = scope.places[self._number]
        if at < 0:
            return None
        found = scope.varbinds[at]
        raw: Raw | None = found.value
        return None if raw is None or found.type in ABSENT_TYPES else raw

    def taker(self, part: str) -> Take:
        number = self._number
        if not self.plain or part:
            take = super().taker(part)
            return lambda scope: take(scope) if scope.places[number] >= 0 else None
        name = self.name

        def as_it_comes(scope: Scope) -> Part | None:
            at = scope.places[number]
            if at < 0:
                return None
            found = scope.varbinds[at]
            value = found.value
            if value is None or found.type in ABSENT_TYPES:
                return None
            if value.__class__ is int:
                return value
            known: Any = scope.values.get(name, UNREAD)
            if known is not UNREAD:
                told: Part | None = known
                return told
            fresh = plain(value)
            scope.values[name] = shown = None if fresh == "" else fresh
            return shown

        return as_it_comes

    def read(self, scope: Scope) -> Decoded | None:
        raw = self.raw(scope)
        if raw is None:
            return None
        value = self._convert(raw) if self._convert is not None else plain(raw)
        invalid = self._invalid
        if invalid and (raw in invalid or (not isinstance(value, dict) and value in invalid)):
            return None
        return None if value == "" else value


class IndexReader(Reader):
    """One arc of a varbind's instance suffix; of several varbinds the first that is there."""

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

    def raw(self, scope: Scope) -> Raw | None:
        for varbind in self._varbinds:
            arcs = varbind.suffix(scope)
            if -len(arcs) <= self._at < len(arcs):
                arc = arcs[self._at]
                return int(arc) if arc.isascii() and arc.isdigit() and len(arc) <= 20 else None
        return None

    def read(self, scope: Scope) -> Decoded | None:
        raw = self.raw(scope)
        if raw is None or raw in self._invalid:
            return None
        return self._convert(raw) if self._convert else raw if not isinstance(raw, bytes) else None


class Source(NamedTuple):
    """What a value is made of: the whole value, the part of it that is meant, and the reader for what the device sent."""

    get: Callable[[Scope], Decoded | None]
    part: str
    take: Take
    reader: Reader


class DerivedReader(Reader):
    """A value made of another: of several sources the first that is there, its parts kept when nothing decodes it."""

    __slots__ = ("_convert", "_invalid", "_sources")

    def __init__(
        self,
        name: str,
        sources: tuple[tuple[Reader, str], ...],
        convert: Callable[[Raw], Decoded] | None,
        invalid: frozenset[int | str],
    ) -> None:
        super().__init__(name)
        found = []
        for reader, part in sources:
            take = reader.taker(part)
            plain = isinstance(reader, VarbindReader) and reader.plain
            found.append(Source(take if plain and not part else reader.get, part, take, reader))
        self._sources = tuple(found)
        self._convert = convert
        self._invalid = invalid

    def raw(self, scope: Scope) -> Raw | None:
        for get, part, take, reader in self._sources:
            if get(scope) is not None:
                return take(scope) if part else reader.raw(scope)
        return None

    def read(self, scope: Scope) -> Decoded | None:
        refused: DecodeError | None = None
        for get, part, take, reader in self._sources:
            value = get(scope)
            if part and value is not None:
                value = take(scope)
            if value is None:
                continue
            if self._convert is not None:
                raw = value if part or isinstance(value, dict) else reader.raw(scope)
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


class CombinedReader(Reader):
    """A value decoded from several; those missing at the end are left out, one missing before is an absence."""

    __slots__ = ("_convert", "_inputs", "_required")

    def __init__(self, name: str, inputs: tuple[Reader, ...], convert: Callable[..., Decoded], required: int) -> None:
        super().__init__(name)
        self._inputs = inputs
        self._convert = convert
        self._required = required

    def raw(self, scope: Scope) -> Raw | None:
        return None

    def read(self, scope: Scope) -> Decoded | None:
        given: list[Raw] = []
        for reader in self._inputs:
            raw = reader.raw(scope)
            if raw is None:
                break
            given.append(raw)
        return self._convert(*given) if len(given) >= self._required else None


class TrapReader(Reader):
    """A value of the trap itself (``trap.version``, ``community.level``)."""

    __slots__ = ("_take",)

    def __init__(self, name: str, take: Callable[[Trap], Part | None]) -> None:
        super().__init__(name)
        self._take = take

    def raw(self, scope: Scope) -> Raw | None:
        return self._take(scope.trap)

    def read(self, scope: Scope) -> Decoded | None:
        value = self._take(scope.trap)
        return None if value == "" else value


class ContextReader(Reader):
    """A value that becomes known while a finding is built (``resource``, ``code``), so it is not remembered."""

    __slots__ = ("_take",)

    def __init__(self, name: str, take: Take) -> None:
        super().__init__(name)
        self._take = take

    def taker(self, part: str) -> Take:
        return self._take

    def get(self, scope: Scope) -> Decoded | None:
        return self._take(scope)

    def read(self, scope: Scope) -> Decoded | None:
        return self._take(scope)

    def raw(self, scope: Scope) -> Raw | None:
        return None


@lru_cache(maxsize=16)
def community_fields(security: str) -> Mapping[str, str]:
    """What ZTE writes into the community: ``public@eventId=1022@level=critical@confirm@20081124151349``.

    The part before the first @ is ``base``; names are in lower case, the spelling ``eventLevel`` becomes ``level``, a
    lone word is its own value, 14 digits are ``time``.
    """
    base, *rest = security.split("@")
    fields = {"base": base}
    for item in rest[:16]:
        name, equals, value = item.partition("=")
        if equals:
            lower = name.strip().lower()
            fields["level" if lower == "eventlevel" else lower] = value.strip()
        elif len(item) == 14 and item.isdigit():
            fields["time"] = item
        elif item:
            fields[item.strip().lower()] = item.strip()
    return fields


def community_field(name: str) -> Callable[[Trap], Part | None]:
    """Takes one field of a decorated community; absent with SNMPv3."""
    lower = name.lower()

    def take(trap: Trap) -> Part | None:
        notification = trap.notification
        if notification.version == "3":
            return None
        if lower != "base" and "@" not in notification.security:
            return None
        return community_fields(notification.security).get(lower)

    return take


def _last_arc(oid: str) -> int | None:
    tail = oid.rpartition(".")[2]
    return int(tail) if tail.isascii() and tail.isdigit() and len(tail) <= 10 else None


def _where(scope: Scope) -> str | None:
    return f"{scope.label} {scope.resource}" if scope.resource else scope.label


OF_TRAP: dict[str, Callable[[Trap], Part | None]] = {
    "trap.version": lambda trap: trap.notification.version,
    "trap.oid": lambda trap: trap.notification.trap_oid,
    "trap.enterprise": lambda trap: trap.notification.enterprise,
    "trap.generic": lambda trap: trap.notification.generic,
    "trap.specific": lambda trap: trap.notification.specific,
    "trap.last": lambda trap: _last_arc(trap.notification.trap_oid),
    "trap.context": lambda trap: trap.notification.context,
    "trap.source": lambda trap: trap.source,
}
OF_FINDING: dict[str, Take] = {
    "resource": lambda scope: scope.resource,
    "resource_type": lambda scope: scope.resource_type,
    "resource_name": lambda scope: scope.resource_name,
    "where": _where,
    "code": lambda scope: scope.code,
}
BUILTINS = frozenset({*OF_TRAP, *OF_FINDING})
"""faultd's own names."""

"""Named values of one trap: found, decoded and remembered on first use. A value that is missing or refused is None."""

from collections.abc import Callable, Mapping
from functools import lru_cache
from typing import Protocol

from actors.correlator.profiles.decoders import Decoded, DecodeError, Part, Raw, plain
from protocols.event import Trap
from protocols.snmp.notification import VarBind

MANY = 8
"""Varbinds from which on an index of them pays."""
ABSENT_TYPES = frozenset({"NULL", "noSuchObject", "noSuchInstance", "endOfMibView", "undecoded"})


class Reader(Protocol):
    """How one named value is got from a trap."""

    def read(self, scope: "Scope") -> Decoded | None:
        """The value, or None. May raise DecodeError."""

    def raw(self, scope: "Scope") -> Raw | None:
        """The value as the device sent it, for bits and times; None when there is none."""


class Scope:
    """One trap seen through one profile's names. ``notes`` tells what was refused, ``looked_at`` the OIDs of the varbinds
    whose values were."""

    __slots__ = ("_scalars", "cache", "lexicon", "looked_at", "notes", "trap", "varbinds")

    def __init__(self, trap: Trap, lexicon: Mapping[str, Reader]) -> None:
        self.trap = trap
        self.varbinds = trap.notification.varbinds
        self.lexicon = lexicon
        self.cache: dict[str, Decoded | None] = {}
        self.notes: list[str] = []
        self.looked_at: list[str] = []
        self._scalars: dict[str, VarBind] | None = None

    def scalars(self) -> dict[str, VarBind]:
        """The varbinds by OID, first of each, those that end in .0 also without it: quick where there are many."""
        if self._scalars is None:
            self._scalars = {}
            for varbind in self.varbinds:
                self._scalars.setdefault(varbind.oid, varbind)
                if varbind.oid.endswith(".0"):
                    self._scalars.setdefault(varbind.oid[:-2], varbind)
        return self._scalars

    def get(self, name: str) -> Decoded | None:
        """The value called ``name``, parts and all."""
        cache = self.cache
        if name in cache:
            return cache[name]
        try:
            value = self.lexicon[name].read(self)
        except DecodeError as error:
            self.notes.append(f"{name}: {error}")
            value = None
        cache[name] = value
        return value

    def part(self, name: str, part: str) -> Part | None:
        """One part of a value; of a value with parts, no part means its ``path``."""
        value = self.get(name)
        if isinstance(value, dict):
            return value.get(part or "path")
        return None if part else value


class VarbindReader:
    """A varbind by the prefix of its OID."""

    __slots__ = ("convert", "exact", "invalid", "prefixes", "single")

    def __init__(self, oids: tuple[str, ...], convert: Callable[[Raw], Decoded] | None, invalid: frozenset[int | str]) -> None:
        self.exact = frozenset(oids)
        self.prefixes = tuple(f"{oid}." for oid in oids)
        self.single = oids[0] if len(oids) == 1 else ""
        self.convert = convert or plain
        self.invalid = invalid

    def find(self, scope: Scope) -> VarBind | None:
        """The first varbind that bears one of the OIDs, with or without an instance."""
        prefixes = self.prefixes
        exact = self.exact
        if len(scope.varbinds) > MANY and self.single:
            scalar = scope.scalars().get(self.single)
            if scalar is not None:
                return scalar
        for varbind in scope.varbinds:
            oid = varbind.oid
            if oid.startswith(prefixes) or oid in exact:
                return varbind
        return None

    def suffix(self, scope: Scope) -> tuple[str, ...]:
        """The arcs of the instance, empty when there is none."""
        found = self.find(scope)
        if found is not None:
            for prefix in self.prefixes:
                if found.oid.startswith(prefix):
                    return tuple(found.oid[len(prefix) :].split("."))
        return ()

    def raw(self, scope: Scope) -> Raw | None:
        found = self.find(scope)
        if found is None:
            return None
        scope.looked_at.append(found.oid)
        if found.type in ABSENT_TYPES or found.value is None:
            return None
        raw: Raw = found.value
        return raw

    def read(self, scope: Scope) -> Decoded | None:
        raw = self.raw(scope)
        if raw is None:
            return None
        value = self.convert(raw)
        if self.invalid and (raw in self.invalid or (not isinstance(value, dict) and value in self.invalid)):
            return None
        return None if value == "" else value


class IndexReader:
    """One arc of a varbind's instance suffix; of several varbinds the first that is there."""

    __slots__ = ("at", "convert", "invalid", "varbinds")

    def __init__(
        self,
        varbinds: tuple[VarbindReader, ...],
        at: int,
        convert: Callable[[Raw], Decoded] | None,
        invalid: frozenset[int | str],
    ) -> None:
        self.varbinds = varbinds
        self.at = at
        self.convert = convert
        self.invalid = invalid

    def raw(self, scope: Scope) -> Raw | None:
        for varbind in self.varbinds:
            arcs = varbind.suffix(scope)
            if -len(arcs) <= self.at < len(arcs):
                arc = arcs[self.at]
                return int(arc) if arc.isascii() and arc.isdigit() and len(arc) <= 20 else None
        return None

    def read(self, scope: Scope) -> Decoded | None:
        raw = self.raw(scope)
        if raw is None or raw in self.invalid:
            return None
        return self.convert(raw) if self.convert else raw if not isinstance(raw, bytes) else None


class DerivedReader:
    """A value made of another: of several sources the first that is there, its parts kept when nothing decodes it."""

    __slots__ = ("convert", "invalid", "sources")

    def __init__(
        self,
        sources: tuple[tuple[str, str], ...],
        convert: Callable[[Raw], Decoded] | None,
        invalid: frozenset[int | str],
    ) -> None:
        self.sources = sources
        self.convert = convert
        self.invalid = invalid

    def raw(self, scope: Scope) -> Raw | None:
        for name, part in self.sources:
            if scope.get(name) is not None:
                return scope.part(name, part) if part else scope.lexicon[name].raw(scope)
        return None

    def read(self, scope: Scope) -> Decoded | None:
        refused: DecodeError | None = None
        for name, part in self.sources:
            whole = scope.get(name)
            if whole is None:
                continue
            value: Decoded | None = scope.part(name, part) if part else whole
            if value is None:
                continue
            if self.convert is not None:
                raw = value if part or isinstance(value, dict) else scope.lexicon[name].raw(scope)
                if raw is None or isinstance(raw, dict) or raw in self.invalid:
                    continue
                try:
                    value = self.convert(raw)
                except DecodeError as error:
                    refused = error
                    continue
            if not isinstance(value, dict) and value in self.invalid:
                continue
            return value
        if refused is not None:
            raise refused
        return None


class CombinedReader:
    """A value decoded from several; those missing at the end are left out, one missing before is an absence."""

    __slots__ = ("convert", "names", "required")

    def __init__(self, names: tuple[str, ...], convert: Callable[..., Decoded], required: int) -> None:
        self.names = names
        self.convert = convert
        self.required = required

    def raw(self, scope: Scope) -> Raw | None:
        return None

    def read(self, scope: Scope) -> Decoded | None:
        given: list[Raw] = []
        for name in self.names:
            raw = scope.lexicon[name].raw(scope)
            if raw is None:
                break
            given.append(raw)
        return self.convert(*given) if len(given) >= self.required else None


class BuiltinReader:
    """A value of the trap itself (``trap.version``, ``community.level``, ``resource``)."""

    __slots__ = ("take",)

    def __init__(self, take: Callable[[Trap], Part | None]) -> None:
        self.take = take

    def raw(self, scope: Scope) -> Raw | None:
        return self.take(scope.trap)

    def read(self, scope: Scope) -> Decoded | None:
        value = self.take(scope.trap)
        return None if value == "" else value


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


def _none(trap: Trap) -> Part | None:
    return None


BUILTINS: dict[str, Callable[[Trap], Part | None]] = {
    "trap.version": lambda trap: trap.notification.version,
    "trap.oid": lambda trap: trap.notification.trap_oid,
    "trap.enterprise": lambda trap: trap.notification.enterprise,
    "trap.generic": lambda trap: trap.notification.generic,
    "trap.specific": lambda trap: trap.notification.specific,
    "trap.last": lambda trap: _last_arc(trap.notification.trap_oid),
    "trap.context": lambda trap: trap.notification.context,
    "trap.source": lambda trap: trap.source,
    # Set while a finding is built, once the resource is known.
    "resource": _none,
    "resource_type": _none,
    "resource_name": _none,
    "where": _none,
    "code": _none,
}

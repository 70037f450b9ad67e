"""Built-in names: values of the trap itself, of its community, and values that become known while a finding is built."""

from collections.abc import Callable, Mapping
from functools import lru_cache
from typing import Final

from actors.correlator.profiles.scope import Take, TrapScope
from actors.correlator.profiles.values import ValueReader
from protocols.event import Trap
from protocols.profile_decoders import Decoded, Part, Raw, plain


class OfFinding(Take):
    """A value that becomes known while a finding is built."""

    __slots__ = ("_take",)

    def __init__(self, take: Callable[[TrapScope], Part | None]) -> None:
        self._take = take

    def of(self, scope: TrapScope) -> Part | None:
        return self._take(scope)


class TrapReader(ValueReader):
    """A value of the trap itself (``trap.version``, ``community.level``)."""

    __slots__ = ("_take",)

    def __init__(self, name: str, take: Callable[[Trap], Part | None]) -> None:
        super().__init__(name)
        self._take = take

    def raw(self, scope: TrapScope) -> Raw | None:
        return self._take(scope.trap)

    def read(self, scope: TrapScope) -> Decoded | None:
        value = self._take(scope.trap)
        return None if value == "" else value


class ContextReader(ValueReader):
    """A value that becomes known while a finding is built (``resource``, ``code``), so it is not remembered."""

    __slots__ = ("_take",)

    def __init__(self, name: str, take: Take) -> None:
        super().__init__(name)
        self._take = take

    def taker(self, part: str) -> Take:
        return self._take

    def get(self, scope: TrapScope) -> Decoded | None:
        return self._take.of(scope)

    def read(self, scope: TrapScope) -> Decoded | None:
        return self._take.of(scope)

    def raw(self, scope: TrapScope) -> Raw | None:
        return None


@lru_cache(maxsize=16)
def community_fields(security: str) -> Mapping[str, str]:
    """The fields that ZTE writes into the community: ``public@eventId=1022@level=critical@confirm@20081124151349``.

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


AT_POSITION: Final = "trap.varbind."
"""Prefix of the name of a varbind by position. The position follows, from 1."""


class PositionReader(ValueReader):
    """The varbind at a position, for a notification whose OBJECTS clause is known and whose OIDs are not. Varbinds have the
    order of that clause (RFC 2578, section 8.1); sysUpTime and snmpTrapOID do not count."""

    __slots__ = ("_at",)

    def __init__(self, name: str, position: int) -> None:
        super().__init__(name)
        self._at = position - 1

    def raw(self, scope: TrapScope) -> Raw | None:
        raw: Raw | None = scope.raws[self._at] if self._at < len(scope.raws) else None
        return raw

    def read(self, scope: TrapScope) -> Decoded | None:
        raw = self.raw(scope)
        if raw is None:
            return None
        value = plain(raw)
        return None if value == "" else value


def position_of(reference: str) -> int:
    """The position in a name such as ``trap.varbind.8``; 0 for any other name."""
    digits = reference.removeprefix(AT_POSITION)
    return int(digits) if reference != digits and digits.isascii() and digits.isdigit() and len(digits) <= 3 else 0


def _last_arc(oid: str) -> int | None:
    tail = oid.rpartition(".")[2]
    return int(tail) if tail.isascii() and tail.isdigit() and len(tail) <= 10 else None


def _where(scope: TrapScope) -> str | None:
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
    "resource": OfFinding(lambda scope: scope.resource),
    "resource_type": OfFinding(lambda scope: scope.resource_type),
    "resource_name": OfFinding(lambda scope: scope.resource_name),
    "where": OfFinding(_where),
    "code": OfFinding(lambda scope: scope.code),
}
BUILTINS = frozenset({*OF_TRAP, *OF_FINDING})
"""The built-in names."""

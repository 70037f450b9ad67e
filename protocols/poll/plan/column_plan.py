"""One column or scalar of a plan: its OID, when it is read, and the value of an element. No octets make it raise."""

import math
import re
from typing import Final, Literal

from protocols.poll.section import PollLevel, ScheduleClass
from protocols.poll.states import DownCause, PartState
from protocols.profile_decoders import DECODERS, DecodeError
from protocols.snmp.ber import INTEGER
from protocols.snmp.errors import SnmpRefusal
from protocols.snmp.manager.value import decode_value

ColumnMeaning = Literal[
    "place",
    "state",
    "cause",
    "admin",
    "serial",
    "name",
    "ont_rx",
    "olt_rx",
    "port_rx",
    "octets_in",
    "octets_out",
    "speed",
    "sensor",
]
Words = tuple[PartState, DownCause]
"""A state, with its cause where it is down."""
NO_DEFECT: Final[Words] = ("up", "")

_NUMBER = re.compile(r"\s*([+-]?[0-9]{1,15}(?:\.[0-9]{1,15})?)")
_KNOWN_WORDS = 256
_LONGEST_PLACE = 255
_LONGEST = 64
"""Octets of a text that is a number with its unit."""


class ColumnPlan:
    """``oid`` are content octets, without the row's index (a scalar's has its instance). ``quantity`` is the name of what is
    measured: of a sensor, or the meaning itself."""

    __slots__ = (
        "_invalid",
        "_known",
        "_milliwatt",
        "_modulus",
        "_offset",
        "_scale",
        "bits",
        "decode",
        "levels",
        "meaning",
        "oid",
        "pattern",
        "quantity",
        "schedule",
        "unit",
        "verified",
        "words",
    )

    def __init__(
        self,
        meaning: ColumnMeaning,
        quantity: str,
        oid: bytes,
        schedule: ScheduleClass,
        *,
        words: dict[str, Words] | None = None,
        bits: tuple[tuple[int, Words], ...] = (),
        invalid: tuple[float, ...] = (),
        signed_bits: int = 0,
        scale: float = 1.0,
        offset: float = 0.0,
        milliwatt: bool = False,
        decode: str = "",
        pattern: re.Pattern[str] | None = None,
        unit: str = "",
        levels: tuple[PollLevel, ...] = (),
        verified: str = "mib",
    ) -> None:
        self.meaning, self.quantity, self.oid, self.schedule = meaning, quantity, oid, schedule
        self.words, self.bits = words or {}, bits
        self.decode, self.pattern, self.unit, self.levels, self.verified = decode, pattern, unit, levels, verified
        self._invalid, self._modulus = frozenset(invalid), 1 << signed_bits if signed_bits else 0
        self._scale, self._offset, self._milliwatt = scale, offset, milliwatt
        self._known: dict[bytes, Words | None] = {}

    def number(self, element: bytes | None) -> float | None:
        """The measured value after scaling; None when the agent has none, or says so by an invalid value."""
        raw = raw_number(element)
        if raw is None or raw in self._invalid:
            return None
        if self._modulus and 2 * raw >= self._modulus:
            raw -= self._modulus
        value = raw * self._scale + self._offset
        if self._milliwatt:
            if value <= 0:
                return None
            value = 10 * math.log10(value)
        return round(value, 6) if math.isfinite(value) else None

    def word(self, element: bytes | None) -> Words | None:
        """The state and cause that the element stands for; None when the plan lists none for it."""
        if not element:
            return None
        if element in self._known:
            return self._known[element]
        found = self._word(element)
        # Enumerations have few values; an agent that sends noise does not grow the table.
        if len(self._known) < _KNOWN_WORDS and len(element) <= _LONGEST:
            self._known[element] = found
        return found

    def _word(self, element: bytes) -> Words | None:
        value = decoded(element)
        if self.bits:
            if not isinstance(value, int):
                return None
            return next((words for bit, words in self.bits if value >> bit - 1 & 1), NO_DEFECT)
        if isinstance(value, int):
            return self.words.get(str(value))
        if isinstance(value, bytes) and len(value) <= _LONGEST:
            return self.words.get(value.decode("latin-1").strip("\0 ").lower())
        return None

    def place(self, element: bytes | None) -> dict[str, int | float | str] | None:
        """The parts of the position that the text has, by name (``place.port``); None for a text of another form."""
        value = decoded(element)
        if not isinstance(value, bytes) or len(value) > _LONGEST_PLACE:
            return None
        if self.pattern is not None:
            found = self.pattern.search(value.decode("latin-1"))
            return {f"place.{name}": text for name, text in found.groupdict().items() if text} if found is not None else None
        try:
            parts = DECODERS[self.decode].run(value)
        except DecodeError:
            return None
        return {f"place.{name}": part for name, part in parts.items()} if isinstance(parts, dict) else None


def raw_number(element: bytes | None) -> float | None:
    """The number of an INTEGER, Counter, Gauge, TimeTicks or Opaque Float, or at the beginning of a text; None for anything
    else."""
    value = decoded(element)
    if isinstance(value, (int, float)):
        return value
    if isinstance(value, bytes) and len(value) <= _LONGEST:
        found = _NUMBER.match(value.decode("latin-1"))
        return float(found[1]) if found is not None else None
    return None


def whole_number(element: bytes | None) -> int | None:
    """The number of an INTEGER, Counter, Gauge or TimeTicks; None for anything else."""
    value = decoded(element)
    return value if isinstance(value, int) else None


def decoded(element: bytes | None) -> int | float | str | bytes | None:
    """The value of an element: a number, the octets of a text, a dotted OID or address; None for a missing or malformed one."""
    if not element:
        return None
    size = len(element) - 2
    if element[0] == INTEGER and 0 < size <= 8 and element[1] == size:
        # Nearly all values of a table.
        return int.from_bytes(element[2:], "big", signed=True)
    try:
        found = decode_value(element)
    except SnmpRefusal:
        return None
    value: int | float | str | bytes | None = found.value
    return None if isinstance(value, bytes) and found.type != "OCTET STRING" else value

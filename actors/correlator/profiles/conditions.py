"""Conditions on values, compiled to one function each."""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import NamedTuple

from actors.correlator.profiles.scope import Take, TakeRaw, TrapScope
from protocols.profile import Condition, ValueTest
from protocols.profile_decoders import DecodeError, Raw, number, text

Operand = int | str


@dataclass(frozen=True, slots=True)
class Check:
    """One condition: ``take`` reads the value, ``holds`` decides, ``shown`` is its text."""

    take: Take
    holds: Callable[[TrapScope], bool]
    shown: str


class Operated(NamedTuple):
    """The operand of a condition: its name, the value, the value as the device sent it (None for a part), its enumeration."""

    called: str
    take: Take
    raw: TakeRaw | None
    enum: Mapping[int, str]


def compile_condition(on: Operated, condition: Condition) -> Check:
    """The compiled ``condition``. The enumeration translates numbers to names, and a name must be in it.

    Raises ValueError for an empty condition, a pattern that does not compile, or an unknown name.
    """
    if isinstance(condition, ValueTest):
        return _compile_test(on, condition)
    wanted = (condition,) if isinstance(condition, (int, str)) else condition
    return Check(on.take, _member(on, wanted), f"{on.called} in {_listed(wanted)}")


def bit_is_set(raw: Raw, bit: int) -> bool:
    """SMI BITS for octets, 2**bit for integers; False where the value has no such bit (trailing zeros may be left out)."""
    if isinstance(raw, bytes):
        return bit // 8 < len(raw) and bool(raw[bit // 8] & 0x80 >> bit % 8)
    return isinstance(raw, int) and bool(raw >> bit & 1)


def _listed(values: tuple[Operand, ...]) -> str:
    return ", ".join(str(value) for value in values)


def _operands(wanted: tuple[Operand, ...], enum: Mapping[int, str]) -> frozenset[Operand]:
    """The accepted forms of a value: a name of the enumeration also as its number and the reverse; a number also as text."""
    if not wanted:
        raise ValueError("an empty list can never hold")
    numbers = {word: value for value, word in enum.items()}
    found: set[Operand] = set()
    for value in wanted:
        found.add(value)
        if isinstance(value, int):
            found.add(enum.get(value, value))
        elif value in numbers:
            found.add(numbers[value])
        elif enum:
            raise ValueError(f"{value!r} is none of the enumeration: {', '.join(enum.values())}")
    return frozenset(found)


def _member(on: Operated, wanted: tuple[Operand, ...]) -> Callable[[TrapScope], bool]:
    allowed = _operands(wanted, on.enum)
    take = on.take
    return lambda scope: take.of(scope) in allowed


def _compile_test(on: Operated, test: ValueTest) -> Check:
    checks: list[Callable[[TrapScope], bool]] = []
    shown: list[str] = []
    take = on.take

    def add(words: str, holds: Callable[[TrapScope], bool]) -> None:
        checks.append(holds)
        shown.append(words)

    if test.present is not None:
        expected = test.present
        add("present" if expected else "absent", lambda scope: (take.of(scope) is not None) is expected)
    if test.is_ is not None:
        add(f"is {test.is_}", _member(on, (test.is_,)))
    if test.in_:
        add(f"in {_listed(test.in_)}", _member(on, test.in_))
    refused = test.not_ if isinstance(test.not_, tuple) else (test.not_,)
    if refused:
        member = _member(on, refused)
        add(f"not {_listed(refused)}", lambda scope: not member(scope))
    for words, limit, compare in (
        ("above", test.above, float.__gt__),
        ("below", test.below, float.__lt__),
        ("at least", test.at_least, float.__ge__),
        ("at most", test.at_most, float.__le__),
    ):
        if limit is not None:
            add(f"{words} {limit:g}", _limit(take, limit, compare))
    for words, bits in (("has bits", test.bits), ("lacks bits", test.no_bits), ("has any of the bits", test.any_bits)):
        if not bits:
            continue
        if on.raw is None:
            raise ValueError("bits are of a whole value, not of a part")
        if any(not 0 <= bit < 4096 for bit in (*test.bits, *test.no_bits, *test.any_bits)):
            raise ValueError("a bit is numbered 0 to 4095")
        holds = _any_bit(on.raw, bits) if words == "has any of the bits" else _bits(on.raw, bits, words == "has bits")
        add(f"{words} {_listed(bits)}", holds)
    if test.pattern:
        try:
            compiled = re.compile(test.pattern)
        except re.error as error:
            raise ValueError(f"pattern {test.pattern!r}: {error}") from None
        add(f"matches {test.pattern}", _pattern(take, compiled))
    if not checks:
        raise ValueError("an empty condition")
    if len(checks) == 1:
        return Check(take, checks[0], f"{on.called} {shown[0]}")
    return Check(take, lambda scope: all(check(scope) for check in checks), f"{on.called} {' and '.join(shown)}")


def _limit(take: Take, limit: float, compare: Callable[[float, float], bool]) -> Callable[[TrapScope], bool]:
    def holds(scope: TrapScope) -> bool:
        value = take.of(scope)
        if value is None:
            return False
        try:
            return compare(number(value), limit)
        except DecodeError:
            return False

    return holds


def _bits(take: TakeRaw, bits: tuple[int, ...], expected: bool) -> Callable[[TrapScope], bool]:
    def holds(scope: TrapScope) -> bool:
        raw = take(scope)
        return isinstance(raw, (int, bytes)) and all(bit_is_set(raw, bit) is expected for bit in bits)

    return holds


def _any_bit(take: TakeRaw, bits: tuple[int, ...]) -> Callable[[TrapScope], bool]:
    def holds(scope: TrapScope) -> bool:
        raw = take(scope)
        return raw is not None and any(bit_is_set(raw, bit) for bit in bits)

    return holds


def _pattern(take: Take, compiled: re.Pattern[str]) -> Callable[[TrapScope], bool]:
    def holds(scope: TrapScope) -> bool:
        value = take.of(scope)
        return value is not None and compiled.search(text(value)) is not None

    return holds

"""Conditions on values, compiled to one function each."""

import re
from collections.abc import Callable, Mapping
from typing import NamedTuple

from actors.correlator.profiles.decoders import DecodeError, Part, Raw, number, text
from actors.correlator.profiles.values import Scope
from protocols.profile import Condition, Test

Operand = int | str


class Check(NamedTuple):
    """One condition: ``holds`` decides, ``shown`` is how it reads."""

    name: str
    part: str
    holds: Callable[[Scope], bool]
    shown: str


def compile_condition(name: str, part: str, condition: Condition, enum: Mapping[int, str]) -> Check:
    """The check of ``condition`` on a value; ``enum`` translates numbers to names, and is what names are held against.

    Raises ValueError naming what cannot be: an empty condition, a pattern that does not compile, an unknown name.
    """
    if isinstance(condition, Test):
        return _compile_test(name, part, condition, enum)
    wanted = (condition,) if isinstance(condition, (int, str)) else condition
    return _check(name, part, _member(name, part, wanted, enum), f"in {_listed(wanted)}")


def bit_is_set(raw: Raw, bit: int) -> bool:
    """SMI BITS for octets, 2**bit for integers; False where the value has no such bit (trailing zeros may be left out)."""
    if isinstance(raw, bytes):
        return bit // 8 < len(raw) and bool(raw[bit // 8] & 0x80 >> bit % 8)
    return isinstance(raw, int) and bool(raw >> bit & 1)


def _check(name: str, part: str, holds: Callable[[Scope], bool], shown: str) -> Check:
    return Check(name, part, holds, f"{name}.{part} {shown}" if part else f"{name} {shown}")


def _listed(values: tuple[Operand, ...]) -> str:
    return ", ".join(str(value) for value in values)


def _operands(wanted: tuple[Operand, ...], enum: Mapping[int, str]) -> frozenset[Operand]:
    """What a value may be: a name of the enumeration also as its number and the reverse, text and number alike."""
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


def _member(name: str, part: str, wanted: tuple[Operand, ...], enum: Mapping[int, str]) -> Callable[[Scope], bool]:
    allowed = _operands(wanted, enum)
    if part:
        return lambda scope: scope.part(name, part) in allowed

    def holds(scope: Scope) -> bool:
        value = scope.get(name)
        return value in allowed if not isinstance(value, dict) else value.get("path") in allowed

    return holds


def _compile_test(name: str, part: str, test: Test, enum: Mapping[int, str]) -> Check:
    checks: list[Callable[[Scope], bool]] = []
    shown: list[str] = []

    def add(words: str, holds: Callable[[Scope], bool]) -> None:
        checks.append(holds)
        shown.append(words)

    if test.present is not None:
        expected = test.present
        add("present" if expected else "absent", lambda scope: (scope.part(name, part) is not None) is expected)
    if test.is_ is not None:
        add(f"is {test.is_}", _member(name, part, (test.is_,), enum))
    if test.in_:
        add(f"in {_listed(test.in_)}", _member(name, part, test.in_, enum))
    refused = test.not_ if isinstance(test.not_, tuple) else (test.not_,)
    if refused:
        member = _member(name, part, refused, enum)
        add(f"not {_listed(refused)}", lambda scope: not member(scope))
    for words, limit, compare in (
        ("above", test.above, float.__gt__),
        ("below", test.below, float.__lt__),
        ("at least", test.at_least, float.__ge__),
        ("at most", test.at_most, float.__le__),
    ):
        if limit is not None:
            add(f"{words} {limit:g}", _limit(name, part, limit, compare))
    if (test.bits or test.no_bits or test.any_bits) and part:
        raise ValueError("bits are of a whole value, not of a part")
    if any(not 0 <= bit < 4096 for bit in (*test.bits, *test.no_bits, *test.any_bits)):
        raise ValueError("a bit is numbered 0 to 4095")
    if test.bits:
        add(f"has bits {_listed(test.bits)}", _bits(name, test.bits, True))
    if test.no_bits:
        add(f"lacks bits {_listed(test.no_bits)}", _bits(name, test.no_bits, False))
    if test.any_bits:
        add(f"has any of the bits {_listed(test.any_bits)}", _any_bit(name, test.any_bits))
    if test.pattern:
        try:
            compiled = re.compile(test.pattern)
        except re.error as error:
            raise ValueError(f"pattern {test.pattern!r}: {error}") from None
        add(f"matches {test.pattern}", _pattern(name, part, compiled))
    if not checks:
        raise ValueError("an empty condition")
    if len(checks) == 1:
        return _check(name, part, checks[0], shown[0])
    return _check(name, part, lambda scope: all(check(scope) for check in checks), " and ".join(shown))


def _limit(name: str, part: str, limit: float, compare: Callable[[float, float], bool]) -> Callable[[Scope], bool]:
    def holds(scope: Scope) -> bool:
        value: Part | None = scope.part(name, part)
        if value is None:
            return False
        try:
            return compare(number(value), limit)
        except DecodeError:
            return False

    return holds


def _bits(name: str, bits: tuple[int, ...], expected: bool) -> Callable[[Scope], bool]:
    def holds(scope: Scope) -> bool:
        raw = scope.lexicon[name].raw(scope)
        return isinstance(raw, (int, bytes)) and all(bit_is_set(raw, bit) is expected for bit in bits)

    return holds


def _any_bit(name: str, bits: tuple[int, ...]) -> Callable[[Scope], bool]:
    def holds(scope: Scope) -> bool:
        raw = scope.lexicon[name].raw(scope)
        return raw is not None and any(bit_is_set(raw, bit) for bit in bits)

    return holds


def _pattern(name: str, part: str, compiled: re.Pattern[str]) -> Callable[[Scope], bool]:
    def holds(scope: Scope) -> bool:
        value = scope.part(name, part)
        return value is not None and compiled.search(text(value)) is not None

    return holds

"""Conditions as functions, checked while they are made: wrong types and bad patterns are refused."""

from collections.abc import Callable, Mapping
from difflib import get_close_matches
from typing import Any

from protocols.conditions.alarm_fields import ConditionField
from protocols.conditions.mistakes import Mistakes
from protocols.conditions.patterns import BadPattern, compile_pattern
from protocols.rule import Condition, FieldTest, Matcher, Scalar
from protocols.severity import rank
from protocols.toml_lines import Path

Check = Callable[[Any], bool]
_SCALARS = (bool, int, float, str)
_WORDS = {"text": "text", "number": "a number", "flag": "true or false", "many": "text"}
MAX_DEPTH = 8
"""``not`` within ``not``."""


def unknown_field(name: str, known: Mapping[str, object]) -> str:
    """The mistake of a matcher with a field that does not exist."""
    close = get_close_matches(name, known, 1)
    return f"no field has this name; did you mean {close[0]}?" if close else "no field has this name"


def compile_condition(field: ConditionField, condition: Condition, path: Path, mistakes: Mistakes) -> Check:
    """A function that tests a value of ``field``; None is a missing value. ``path`` is the place of the condition."""
    return _condition(field, condition, path, mistakes, 0)


def literals(matcher: Matcher, name: str) -> tuple[str, ...] | None:
    """The only values of a text field that can match, None when they are not limited. Rules are indexed by them."""
    condition = matcher.get(name)
    if isinstance(condition, FieldTest):
        condition = condition.equals if condition.equals is not None else condition.in_
    if isinstance(condition, str):
        return (condition,)
    if isinstance(condition, tuple):
        return tuple(str(value) for value in condition)
    return None


def _condition(field: ConditionField, condition: Condition, path: Path, mistakes: Mistakes, depth: int) -> Check:
    if isinstance(condition, FieldTest):
        return _test(field, condition, path, mistakes, depth)
    if isinstance(condition, tuple):
        return _any_of(field, condition, path, mistakes)
    return _any_of(field, (condition,), path, mistakes)


def _any_of(field: ConditionField, values: tuple[Scalar, ...], path: Path, mistakes: Mistakes) -> Check:
    if not values:
        mistakes.add(path, "an empty list matches nothing")
    for value in values:
        _check_type(field, value, path, mistakes)
    if field.spelling is not None:
        values = tuple(field.spelling(value) if isinstance(value, str) else value for value in values)
    if field.kind == "any":
        # 1 and True, 1 and 1.0 are equal to Python; only the last two are to people.
        wanted = frozenset((isinstance(value, bool), value) for value in values)

        def any_value(value: Any) -> bool:
            if isinstance(value, list | tuple):
                return any(any_value(each) for each in value)
            return isinstance(value, _SCALARS) and (isinstance(value, bool), value) in wanted

        return any_value
    plain = frozenset(values)
    if field.kind == "many":
        return lambda value: value is not None and not plain.isdisjoint(value)
    if len(values) == 1:
        (only,) = values
        return lambda value: bool(value == only)
    return lambda value: value in plain


def _check_type(field: ConditionField, value: Scalar, path: Path, mistakes: Mistakes) -> None:
    kinds: dict[str, tuple[type, ...]] = {"text": (str,), "many": (str,), "number": (int, float), "flag": (bool,)}
    if field.kind == "time":
        mistakes.add(path, "a time can only be tested with present")
    elif field.kind in kinds:
        fits = isinstance(value, kinds[field.kind]) and (field.kind == "flag" or not isinstance(value, bool))
        if not fits:
            mistakes.add(path, f"{value!r} is not {_WORDS[field.kind]}")
        elif field.values and value not in field.values:
            mistakes.add(path, f"{value!r} is none of {', '.join(field.values)}")


def _test(field: ConditionField, test: FieldTest, path: Path, mistakes: Mistakes, depth: int) -> Check:
    checks: list[Check] = []
    if test.present is not None:
        checks.append(_present if test.present else _absent)
    if test.equals is not None:
        checks.append(_any_of(field, (test.equals,), (*path, "equals"), mistakes))
    if test.in_ is not None:
        checks.append(_any_of(field, test.in_, (*path, "in"), mistakes))
    for name in ("gt", "gte", "lt", "lte"):
        bound = getattr(test, name)
        if bound is not None:
            checks.append(_range(field, name, bound, (*path, name), mistakes))
    if test.regex is not None:
        checks.append(_regex(field, test.regex, (*path, "regex"), mistakes))
    if test.not_ is not None:
        if depth >= MAX_DEPTH:
            mistakes.add((*path, "not"), f"not within not, more than {MAX_DEPTH} times")
        else:
            checks.append(_negated(_condition(field, test.not_, (*path, "not"), mistakes, depth + 1)))
    if not checks:
        mistakes.add(path, "says nothing: give equals, in, gt, gte, lt, lte, regex, present or not")
    every = tuple(checks)
    return every[0] if len(every) == 1 else lambda value: all(check(value) for check in every)


def _present(value: Any) -> bool:
    return value is not None


def _absent(value: Any) -> bool:
    return value is None


def _negated(check: Check) -> Check:
    return lambda value: not check(value)


def _range(field: ConditionField, name: str, bound: float | str, path: Path, mistakes: Mistakes) -> Check:
    if field.is_severity:
        if not isinstance(bound, str) or bound not in field.values:
            mistakes.add(path, f"{bound!r} is none of {', '.join(field.values)}")
            return _absent
        limit = -rank(bound)  # type: ignore[arg-type]
        compare = _COMPARE[name]
        return lambda value: compare(-rank(value), limit)
    if field.kind not in ("number", "any"):
        mistakes.add(path, "ranges are for numbers and severity")
        return _absent
    if isinstance(bound, str | bool):
        mistakes.add(path, f"{bound!r} is not a number")
        return _absent
    compare = _COMPARE[name]
    return lambda value: isinstance(value, int | float) and not isinstance(value, bool) and compare(value, bound)


_COMPARE: dict[str, Callable[[Any, Any], bool]] = {
    "gt": lambda value, bound: value > bound,
    "gte": lambda value, bound: value >= bound,
    "lt": lambda value, bound: value < bound,
    "lte": lambda value, bound: value <= bound,
}


def _regex(field: ConditionField, pattern: str, path: Path, mistakes: Mistakes) -> Check:
    if field.kind not in ("text", "many", "any"):
        mistakes.add(path, "a pattern is for text")
        return _absent
    try:
        found = compile_pattern(pattern)
    except BadPattern as error:
        mistakes.add(path, f"{pattern[:100]!r}: {error}")
        return _absent

    def check(value: Any) -> bool:
        if isinstance(value, str):
            return found(value)
        if isinstance(value, list | tuple):
            return any(isinstance(each, str) and found(each) for each in value)
        return isinstance(value, int | float) and not isinstance(value, bool) and found(str(value))

    return check

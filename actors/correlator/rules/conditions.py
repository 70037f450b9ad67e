"""Matchers of rules as functions of an alarm and the plant. :mod:`protocols.conditions` makes the test of each field."""

from collections.abc import Callable
from typing import Any

from actors.correlator.plant import Plant
from actors.correlator.rules.fields import FIELDS, field_named
from protocols.alarm import Alarm
from protocols.conditions.checks import Check, compile_condition, unknown_field
from protocols.conditions.mistakes import Mistakes
from protocols.rule import Matcher
from protocols.toml_lines import Path

Matches = Callable[[Alarm, Plant], bool]


def compile_matcher(matcher: Matcher, path: Path, mistakes: Mistakes) -> Matches:
    """A function that tests an alarm against every condition of ``matcher``, which is at ``path`` in its rule."""
    checks: list[tuple[Callable[[Alarm, Plant], Any], Check]] = []
    for name, condition in matcher.items():
        field = field_named(name)
        if field is None:
            mistakes.add((*path, name), unknown_field(name, FIELDS))
            continue
        checks.append((field.take, compile_condition(field.tested, condition, (*path, name), mistakes)))
    every = tuple(checks)
    if not every:
        return lambda _alarm, _plant: True
    if len(every) == 1:
        ((take, check),) = every
        return lambda alarm, plant: check(take(alarm, plant))

    def matches(alarm: Alarm, plant: Plant) -> bool:
        for take, check in every:  # noqa: SIM110 - a generator costs more than what it would go through
            if not check(take(alarm, plant)):
                return False
        return True

    return matches

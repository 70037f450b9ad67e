"""Alarm types of the access network that declare no symptom: correlation does not know them."""

from collections.abc import Iterator, Sequence
from typing import Final

from actors.correlator.profiles.rules import ChoiceRule, CompiledTrapRule
from actors.correlator.profiles.translator import compile
from actors.correlator.strategies.symptoms import DEFAULTS
from protocols.profile import Profile

ACCESS_NETWORK: Final = frozenset({"olt", "frame", "card", "pon", "port", "splitter", "ont"})
"""Resource types with customers below them, and first words of the types of their alarms."""


def undeclared(profiles: Sequence[Profile]) -> list[tuple[str, str]]:
    """(profile, alarm type) of each type that an alarm of the access network has and that declares no symptom, in the order of
    the files. The profile is one that has the type in its ``[types]``.

    An alarm is of the access network when an enabled rule raises it for an OLT, a card, a port, a PON port or an ONT, or when
    the first word of its type names one. A type is declared when any profile says its symptom, ``"none"`` included."""
    translator = compile(profiles)
    raised = {
        each.findings["raise"].alarm_type
        for _, candidate in translator.every()
        for each in (candidate.rule, *candidate.codes.values(), candidate.otherwise)
        if each is not None and "raise" in each.findings and not _resource_types(each).isdisjoint(ACCESS_NETWORK)
    }
    found = []
    for profile in profiles:
        for name in profile.types:
            if translator.types[name].symptom is not None or name in DEFAULTS:
                continue
            if name in raised or name.partition(".")[0] in ACCESS_NETWORK:
                found.append((profile.name, name))
    return list({name: (profile, name) for profile, name in reversed(found)}.values())[::-1]


def _resource_types(rule: CompiledTrapRule) -> set[str]:
    if isinstance(rule.resource, ChoiceRule):
        return {each.type for name, each in rule.resources.items() if name in _answers(rule.resource)}
    return {rule.resource.type}


def _answers(choice: ChoiceRule) -> Iterator[str]:
    yield from choice.table.values()
    if choice.otherwise:
        yield choice.otherwise

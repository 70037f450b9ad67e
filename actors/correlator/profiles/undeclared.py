"""Alarm types of the access network that leave out their symptom, so that correlation does not know them, or their service
effect, so that no alarm of them is downtime."""

from collections.abc import Iterator, Sequence
from typing import Final, NamedTuple

from actors.correlator.pon.alarm_types import INFERRED
from actors.correlator.profiles.rules import ChoiceRule, CompiledTrapRule
from actors.correlator.profiles.translator import compile
from actors.correlator.strategies.symptoms import DEFAULTS
from protocols.profile import Profile

ACCESS_NETWORK: Final = frozenset({"olt", "frame", "card", "pon", "port", "splitter", "ont"})
"""Resource types with customers below them, and first words of the types of their alarms."""


class MissingDeclaration(NamedTuple):
    """An alarm type without ``field`` (``symptom`` or ``service_effect``); ``profile`` has the type in its ``[types]``."""

    profile: str
    alarm_type: str
    field: str


def undeclared(profiles: Sequence[Profile]) -> list[MissingDeclaration]:
    """The types that alarms of the access network have and that leave out a declaration, in the order of the files. Each has
    the first profile that has it in its ``[types]``.

    An alarm is of the access network when an enabled rule raises it for an OLT, a card, a port, a PON port or an ONT, or when
    the first word of its type names one. A type is declared when any profile says its symptom and its service effect,
    ``"none"`` included. A symptom from which a service effect follows is enough for both."""
    translator = compile(profiles)
    raised = {
        each.findings["raise"].alarm_type
        for _, candidate in translator.every()
        for each in (candidate.rule, *candidate.codes.values(), candidate.otherwise)
        if each is not None and "raise" in each.findings and not _resource_types(each).isdisjoint(ACCESS_NETWORK)
    }
    found: dict[tuple[str, str], str] = {}
    for profile in profiles:
        for name in profile.types:
            if name in INFERRED or not (name in raised or name.partition(".")[0] in ACCESS_NETWORK):
                continue
            spec = translator.types[name]
            if spec.symptom is None and name not in DEFAULTS:
                found.setdefault((name, "symptom"), profile.name)
            if spec.service_effect is None and name not in translator.service_effects:
                found.setdefault((name, "service_effect"), profile.name)
    return [MissingDeclaration(profile, name, field) for (name, field), profile in found.items()]


def _resource_types(rule: CompiledTrapRule) -> set[str]:
    if isinstance(rule.resource, ChoiceRule):
        return {each.type for name, each in rule.resources.items() if name in _answers(rule.resource)}
    return {rule.resource.type}


def _answers(choice: ChoiceRule) -> Iterator[str]:
    yield from choice.table.values()
    if choice.otherwise:
        yield choice.otherwise

"""The alarm types of all profiles together, and the checks of what they declare."""

from collections.abc import Sequence
from typing import Final

from msgspec.structs import replace

from actors.correlator.pon.alarm_types import INFERRED
from actors.correlator.profiles.errors import Problems
from protocols.profile import AlarmType, Profile

DECLARATIONS: Final[tuple[str, ...]] = ("symptom", "service_effect")
"""Fields of an alarm type that a profile may leave to others."""
_OF_A_CONCLUSION: Final = {
    "symptom": "a conclusion is no evidence, and has no symptom",
    "service_effect": "the alarms that led to a conclusion have the effect on service, and the conclusion has none",
}


def alarm_types(profiles: Sequence[Profile]) -> dict[str, AlarmType]:
    """All alarm types. A profile of higher priority has the last word, but for a declaration that it leaves out."""
    found: dict[str, AlarmType] = {}
    for profile in sorted(profiles, key=lambda p: (p.priority, p.name)):
        for name, spec in profile.types.items():
            known = found.get(name, spec)
            left = {field: getattr(known, field) for field in DECLARATIONS if getattr(spec, field) is None}
            found[name] = replace(spec, **left)
    return found


def reporting_equipment(profiles: Sequence[Profile], types: dict[str, AlarmType]) -> frozenset[str]:
    """The vendors, in lower case, whose profiles read a report of a lost card: a type ``card.*`` of symptom
    ``equipment_lost``."""
    lost = {name for name, spec in types.items() if spec.symptom == "equipment_lost" and name.startswith("card.")}
    found: set[str] = set()
    for profile in profiles:
        codes = [code.type for family in profile.families for code in (*family.codes.values(), family.otherwise) if code]
        if not lost.isdisjoint([*(rule.type for rule in profile.alarms), *codes]):
            found.update((profile.name.lower(), profile.vendor.lower()))
    return frozenset(found)


def check_declarations(profile: Profile, others: Sequence[Profile], problems: Problems) -> None:
    """Note the types of ``profile`` that may have no symptom or service effect, and those to which a profile in ``others`` of
    the same priority gives another one."""
    for name, spec in profile.types.items():
        for field in DECLARATIONS:
            word = getattr(spec, field)
            if word is None:
                continue
            key = f'types."{name}".{field}'
            if name in INFERRED and word != "none":
                problems.add(key, f"faultd itself concludes {name!r}: {_OF_A_CONCLUSION[field]}")
            for other in others:
                theirs = getattr(other.types[name], field) if name in other.types else None
                if other.priority == profile.priority and theirs not in (None, word):
                    problems.add(
                        key,
                        f"{word!r} here, {theirs!r} in profile {other.name!r}: declare one of them, or give the profile that "
                        f"shall have the last word a higher priority",
                    )

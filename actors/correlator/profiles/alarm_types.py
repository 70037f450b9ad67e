"""The alarm types of all profiles together, and the checks of their symptoms."""

from collections.abc import Sequence

from msgspec.structs import replace

from actors.correlator.pon.alarm_types import INFERRED
from actors.correlator.profiles.errors import Problems
from protocols.profile import AlarmType, Profile


def alarm_types(profiles: Sequence[Profile]) -> dict[str, AlarmType]:
    """All alarm types. A profile of higher priority has the last word, but for a symptom that it does not declare."""
    found: dict[str, AlarmType] = {}
    for profile in sorted(profiles, key=lambda p: (p.priority, p.name)):
        for name, spec in profile.types.items():
            known = found.get(name)
            found[name] = replace(spec, symptom=known.symptom) if known is not None and spec.symptom is None else spec
    return found


def check_symptoms(profile: Profile, others: Sequence[Profile], problems: Problems) -> None:
    """Note the types of ``profile`` that may have no symptom, and those to which a profile in ``others`` of the same priority
    gives another one."""
    for name, spec in profile.types.items():
        key = f'types."{name}".symptom'
        if spec.symptom is None:
            continue
        if name in INFERRED and spec.symptom != "none":
            problems.add(key, f"faultd itself concludes {name!r}: a conclusion is no evidence, and has no symptom")
        for other in others:
            theirs = other.types.get(name)
            if theirs is not None and other.priority == profile.priority and theirs.symptom not in (None, spec.symptom):
                problems.add(
                    key,
                    f"{spec.symptom!r} here, {theirs.symptom!r} in profile {other.name!r}: declare one of them, or give the "
                    f"profile that shall have the last word a higher priority",
                )

"""Finds the profiles for an OLT: by its sysObjectID, or by the OID of one of its traps."""

import re
from collections.abc import Iterator, Sequence

from actors.correlator.profiles.trap_oids import normalise
from protocols.poll.plan.compile_plan import compile_plans
from protocols.profile import AlarmRule, Family, Profile, Trigger, names

_OID = re.compile(r"\.?1(?:\.(?:0|[1-9][0-9]{0,9})){2,126}")
_ENTERPRISES = "1.3.6.1.4.1."


def read_oid(text: str) -> str | None:
    """The OID in dotted numbers, without a leading dot; None when ``text`` is none."""
    text = text.strip().replace("SNMPv2-SMI::enterprises.", _ENTERPRISES).replace("iso.", "1.")
    return text.lstrip(".") if _OID.fullmatch(text) else None


def lines_about(oid: str, profiles: Sequence[Profile]) -> tuple[list[str], bool]:
    """The answer for people, and whether a profile that is enabled reads traps of this OLT."""
    found = [*_as_trap(oid, profiles)] or [*_as_device(oid, profiles)]
    if found:
        return [*(line for line, _ in found), *_polled(oid, profiles)], any(known for _, known in found)
    return [*_neighbours(oid, profiles)], False


def _as_trap(oid: str, profiles: Sequence[Profile]) -> Iterator[tuple[str, bool]]:
    asked = normalise(oid)
    for profile in profiles:
        for name, oids in profile.notifications.items():
            if asked in {normalise(each) for each in names(oids)}:
                for rule in _rules_with(profile, name):
                    yield _about(profile, rule, f"notification {name}")
        for rule in _rules_with(profile, asked):
            yield _about(profile, rule, "notification without a name")


def _rules_with(profile: Profile, trap: str) -> Iterator[AlarmRule | Family]:
    """The rules that ask for a trap, by its name or by its normalised OID."""
    for rule in profile.alarms:
        triggers = (*rule.raises, *rule.cleared, *rule.event, *rule.drop)
        traps = {each for trigger in triggers for each in names(trigger.trap if isinstance(trigger, Trigger) else trigger)}
        if trap in traps or trap in {normalise(each) for each in traps if each[:1].isdigit()}:
            yield rule
    for family in profile.families:
        if trap in names(family.trap):
            yield family


def _about(profile: Profile, rule: AlarmRule | Family, what: str) -> tuple[str, bool]:
    is_on = profile.enabled and rule.enabled
    meaning = f"alarms by a code, {rule.code}" if isinstance(rule, Family) else rule.type
    field = " (from the field)" if "field" in (profile.verified, rule.verified) else ""
    return f"{profile.name}: {what}: {meaning}{field}{'' if is_on else ', OFF'}", is_on


def _as_device(oid: str, profiles: Sequence[Profile]) -> Iterator[tuple[str, bool]]:
    matches = [
        (len(base), profile, device)
        for profile in profiles
        for device in profile.devices
        for base in names(device.sys_object_id)
        if f"{oid}.".startswith(f"{base}.")
    ]
    longest = max((length for length, _, _ in matches), default=0)
    for length, profile, device in matches:
        if length < longest:
            continue
        rules = _enabled(profile)
        # A note says that the profile does not read the traps of this very family.
        known = rules > 0 and not device.note
        state = f"{rules} rules" if rules else ("OFF" if profile.alarms or profile.families else "no rules")
        yield f"{profile.name}: {device.name}: {device.note or profile.description} ({state})", known


def _polled(oid: str, profiles: Sequence[Profile]) -> Iterator[str]:
    """A sentence for each plan of polling for the devices with this sysObjectID."""
    for plan in compile_plans(profiles).candidates(oid):
        kinds = dict.fromkeys(table.kind for table in plan.tables if table.of("state"))
        power = ", optical power of ONTs" if any(table.kind == "ont" and table.of("optics") for table in plan.tables) else ""
        yield f"{plan.profile}: polled by the plan {plan.name}: states of {', '.join(kinds)}{power}"


def _enabled(profile: Profile) -> int:
    """Number of a profile's rules that are tried."""
    if not profile.enabled:
        return 0
    return sum(rule.enabled for rule in profile.alarms) + sum(family.enabled for family in profile.families)


def _neighbours(oid: str, profiles: Sequence[Profile]) -> Iterator[str]:
    yield f"no profile knows {oid}, neither as a sysObjectID nor as a trap"
    number = oid.removeprefix(_ENTERPRISES).partition(".")[0] if oid.startswith(_ENTERPRISES) else ""
    near = sorted({profile.name for profile in profiles if number and _speaks_of(profile, number)})
    if near:
        yield f"profiles with traps of the same enterprise ({number}): {', '.join(near)}"
    yield "its traps are kept in the inbox of unknown traps; docs/profiles.md says how to write a profile"


def _speaks_of(profile: Profile, number: str) -> bool:
    begin = f"{_ENTERPRISES}{number}."
    return any(each.startswith(begin) for oids in profile.notifications.values() for each in names(oids))

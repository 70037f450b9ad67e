"""Builds the finding of a rule that matched a trap."""

from datetime import datetime
from typing import Any, Final

from msgspec.structs import replace

from actors.correlator.profiles.rules import ChoiceRule, CompiledTrapRule, ResourceRule
from actors.correlator.profiles.scope import TrapScope
from actors.correlator.profiles.templates import as_path
from actors.correlator.profiles.times import believable
from protocols.finding import Finding
from protocols.optical_power import Measurement, is_optical_power
from protocols.profile import Kind
from protocols.profile_decoders import DecodeError, number
from protocols.serial import canonical_serial
from protocols.severity import SEVERITIES, Severity

_SEVERITY: Final[dict[str, Severity]] = {name: name for name in SEVERITIES}
_KIND: Final[dict[str, Kind]] = {"raise": "raise", "clear": "clear", "event": "event", "drop": "drop"}


def build(rule: CompiledTrapRule, scope: TrapScope) -> tuple[Finding | None, str]:
    """The finding of a rule that matched, or None and the reason."""
    kind: Kind
    if isinstance(rule.kind, ChoiceRule):
        picked = _KIND.get(rule.kind.pick(scope))
        if picked is None:
            return None, f"{rule.name}: nothing says whether {rule.kind.take.of(scope)!r} raises or clears"
        kind = picked
    else:
        kind = rule.kind
    finding = rule.findings[kind]
    severity = finding.severity
    if rule.severity_by is not None:
        picked_severity = _SEVERITY.get(rule.severity_by.pick(scope))
        if picked_severity is not None and kind != "clear" and (rule.graded or picked_severity == "cleared"):
            severity = picked_severity
    if severity == "cleared" and kind == "raise":
        kind = "clear"
        finding = rule.findings[kind]
    if kind == "drop" and not finding.shows_life:
        return finding, ""
    wanted = rule.resource
    serial = ""
    resource = rule.resources.get(wanted.pick(scope)) if isinstance(wanted, ChoiceRule) else wanted
    path = ""
    while resource is not None and resource.paths:
        found = resource_path(resource, scope)
        if resource.serial is not None:
            filled = resource.serial.filled.of(scope)
            serial = canonical_serial(filled) if filled else ""
        if found is not None:
            path = found
            break
        if serial and resource.type == "ont":
            break  # the topology may know its place
        resource = resource.fallback
    if resource is None:
        return None, f"{rule.name}: " + "; ".join(scope.notes or ["no resource for this trap"])
    scope.resource = path or None
    scope.resource_type = resource.type
    scope.label = resource.label
    name = resource.name.filled.of(scope) or "" if resource.name is not None else ""
    scope.resource_name = name or None
    qualifier = finding.qualifier if rule.qualifier is None else rule.qualifier.path(scope) or ""
    metadata: dict[str, Any] = {}
    for written, take in rule.metadata:
        value = take.of(scope)
        if value is not None:
            metadata[written] = value
    names = tuple([template.fill(scope) or "" for template in resource.names]) if resource.names else ()
    told = device_time(rule, scope) if rule.profile.times else None
    if not rule.varies:
        return (
            replace(
                finding,
                severity=severity if kind != "clear" else "cleared",
                resource_type=resource.type,
                resource=path,
                qualifier=qualifier,
                resource_name=name,
                serial=serial,
                names=names,
                device_time=told,
                metadata=metadata,
                why=(*finding.why, *scope.notes) if scope.notes else finding.why,
            ),
            "",
        )
    return (
        replace(
            finding,
            severity=severity if kind != "clear" else "cleared",
            resource_type=resource.type,
            resource=path,
            qualifier=qualifier,
            title=finding.title if rule.title is None else rule.title.show(scope),
            description=finding.description if rule.description is None else rule.description.show(scope),
            recommended_action=(
                finding.recommended_action if rule.recommended_action is None else rule.recommended_action.show(scope)
            ),
            resource_name=name,
            serial=serial,
            names=names,
            device_time=told,
            vendor_cause=finding.vendor_cause if rule.vendor_cause is None else rule.vendor_cause.fill(scope) or "",
            metadata=metadata,
            light=optical_power_of(rule, scope) if rule.light else (),
            # At the end, because every read may add a refusal.
            why=(*finding.why, *scope.notes) if scope.notes else finding.why,
        ),
        "",
    )


def resource_path(rule: ResourceRule, scope: TrapScope) -> str | None:
    """The path from the first template whose values are all present; None, and a note of what is missing, if there is none."""
    for template in rule.paths:
        path = template.filled.of(scope)
        if path is not None:
            return as_path(path)
    missing = dict.fromkeys(name for template in rule.paths for name in template.missing(scope))
    scope.notes.append(f"no {rule.type} path: {', '.join(missing)} missing")
    return None


def optical_power_of(rule: CompiledTrapRule, scope: TrapScope) -> tuple[Measurement, ...]:
    """The optical powers in the trap, in dBm. A value that is no optical power is noted and left out."""
    found = []
    for spec in rule.light:
        if not all(check.holds(scope) for check in spec.checks):
            continue
        value = spec.take.of(scope)
        if value is None:
            continue
        try:
            told = number(value)
        except DecodeError as error:
            scope.notes.append(f"{spec.what}: {error}")
            continue
        dbm = told * spec.scale + spec.offset
        if told in spec.invalid or not is_optical_power(dbm):
            scope.notes.append(f"{spec.what}: {value} is no optical power")
        else:
            found.append(Measurement(spec.what, round(dbm, 3)))
    return tuple(found)


def device_time(rule: CompiledTrapRule, scope: TrapScope) -> datetime | None:
    """The device's own time in UTC, if the trap has one that is plausible."""
    for spec in rule.profile.times:
        raw = spec.take(scope)
        if raw is None:
            continue
        try:
            told, refused = believable(spec.decode(raw), spec.zone, scope.trap.received, spec.max_behind, spec.max_ahead)
        except DecodeError as error:
            scope.notes.append(f"device time: {error}")
            continue
        if told is not None:
            return told
        if refused:
            scope.notes.append(f"device time: {refused}")
    return None

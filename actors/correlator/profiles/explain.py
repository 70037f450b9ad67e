"""The reading of a trap in words, for ``faultd profile test``."""

from collections.abc import Collection

from actors.correlator.profiles.rules import Candidate
from actors.correlator.profiles.translator import Translator
from protocols.event import Trap
from protocols.finding import Finding


def explain_trap(translator: Translator, trap: Trap, relays: Collection[str] = (), known: Collection[str] = ()) -> str:
    """The reading of ``trap`` as lines of text: the address, every rule that was asked, and each value that it used."""
    reading = translator.read(trap, relays, known)
    lines = [
        f"trap {trap.notification.trap_oid or '(no OID)'} from {trap.source}, version {trap.notification.version}",
        f"device {reading.device_address} (by {reading.address_why or reading.address_from})",
    ]
    matched = False
    for group in (translator.candidates(trap.notification.trap_oid), translator.fallback):
        for candidate in group:
            if not matched:
                lines += _asked(candidate, trap)
                matched = lines[-1] == "  matches" and not candidate.go_on
        if matched:
            break
    if reading.findings:
        for finding in reading.findings:
            lines += _finding(translator, finding)
    else:
        lines.append(f"no finding: {reading.reason}")
    lines += _values(translator, trap)
    if reading.sequence is not None:
        lines.append(f"sequence number {reading.sequence.value} ({reading.sequence.scope})")
    return "\n".join(lines)


def _asked(candidate: Candidate, trap: Trap) -> list[str]:
    scope = candidate.profile.scope(trap)
    lines = [f"rule {candidate.name!r} of {candidate.profile.name} ({candidate.key})"]
    for check in candidate.checks:
        found = check.take.of(scope)
        shown = "absent" if found is None else repr(found)
        lines.append(f"  {'holds' if check.holds(scope) else 'fails'}: {check.shown} (it is {shown})")
    if candidate.match(scope) is not None:
        return [*lines, "  matches"]
    return [*lines, f"  does not match: {candidate.refusal(scope)}"]


def _values(translator: Translator, trap: Trap) -> list[str]:
    """Every named value of the profile that knows the trap: the value that the device sent, and the decoded one."""
    known = translator.candidates(trap.notification.trap_oid)
    if not known:
        return []
    lines = [f"values of {known[0].profile.name}"]
    scope = known[0].profile.scope(trap)
    for name, reader in known[0].profile.readers.items():
        before = len(scope.notes)
        value = reader.get(scope)
        raw = reader.raw(scope)
        if len(scope.notes) > before:
            lines.append(f"  {scope.notes[-1]}")
        elif value is not None:
            sent = "" if raw is None or raw == value else f" from {raw!r}"
            lines.append(f"  {name} = {value!r}{sent}")
    return lines


def _finding(translator: Translator, finding: Finding) -> list[str]:
    lines = [
        f"{finding.kind} {finding.alarm_type} [{finding.severity}] {finding.title}",
        f"  resource {finding.resource_type} {finding.resource or '(the device)'}"
        + (f", qualifier {finding.qualifier}" if finding.qualifier else ""),
    ]
    for label, value in (
        ("symptom", _symptom(translator, finding) if finding.kind == "raise" else ""),
        ("service effect", translator.service_effects.get(finding.alarm_type, "none") if finding.kind == "raise" else ""),
        ("ends", ", ".join(finding.clears)),
        ("serial", finding.serial),
        ("name", finding.resource_name),
        ("vendor's cause", finding.vendor_cause),
        ("device time", finding.device_time.isoformat() if finding.device_time else ""),
    ):
        if value:
            lines.append(f"  {label}: {value}")
    return [*lines, *(f"  because {reason}" for reason in finding.why)]


def _symptom(translator: Translator, finding: Finding) -> str:
    traits = translator.symptoms.get(finding.alarm_type)
    return traits.symptom if traits is not None else "none: correlation does not use this type"

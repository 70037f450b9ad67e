"""The engine: one trap in, what it means out. Pure, and it never raises on any trap."""

from collections.abc import Collection, Mapping, Sequence
from datetime import datetime
from typing import Any, Literal

import msgspec

from actors.correlator.profiles.compiler import alarm_types, compile_profile, normalise
from actors.correlator.profiles.decoders import DecodeError, integer
from actors.correlator.profiles.errors import Problems, ProfileError, ProfileErrors
from actors.correlator.profiles.memory import Content, Known, Memory
from actors.correlator.profiles.parts import SequenceRule
from actors.correlator.profiles.rules import Candidate, ChoiceRule, ResourceRule, Rule
from actors.correlator.profiles.times import believable
from actors.correlator.profiles.values import Scope
from protocols.event import Trap
from protocols.finding import Finding, Reading, SequenceNumber
from protocols.profile import Kind, Profile
from protocols.severity import SEVERITIES, Severity

SNMP_TRAP_ADDRESS = "1.3.6.1.6.3.18.1.3.0"
_SEVERITY: dict[str, Severity] = {name: name for name in SEVERITIES}
_KIND: dict[str, Kind] = {"raise": "raise", "clear": "clear", "event": "event", "drop": "drop"}


class Translator:
    """All profiles, compiled. ``read`` is the fold's; ``explain`` tells a person the same with its reasons.

    In a storm the same few traps come again and again, so recent readings are remembered by all that a profile can see of a
    trap. This changes no reading: it is a function of just that.
    """

    def __init__(
        self,
        table: Mapping[str, tuple[Candidate, ...]],
        fallback: tuple[Candidate, ...],
        sequences: Mapping[str, tuple[SequenceRule, ...]],
        sequence_of: Mapping[str, SequenceRule],
    ) -> None:
        self._table = table
        self._fallback = fallback
        self._sequences = sequences
        self._sequence_of = sequence_of
        self._timed = frozenset(candidate.profile.name for _, candidate in self.every() if candidate.profile.times)
        self._memory = Memory()

    def candidates(self, trap_oid: str) -> tuple[Candidate, ...]:
        """The rules for a trap OID in the order in which they are asked."""
        return self._table.get(trap_oid) or self._table.get(normalise(trap_oid), ())

    def read(self, trap: Trap, relays: Collection[str] = ()) -> Reading:
        """What ``trap`` means. ``relays`` are the senders whose snmpTrapAddress is believed. Never raises.

        The first rule whose conditions hold speaks. A decoder that refuses a value makes the finding fall back to the
        less specific resource of its rule, or, where there is none, to no finding and a ``reason``.
        """
        content = self._content(trap, relays)
        hashed = hash(content)
        known = self._memory.find(hashed, content)
        if known is None:
            known, lasting = self._read(trap, relays)
            if lasting:
                self._memory.offer(hashed, content, known)
        reading, profiles = known
        sequence = self._sequence(trap, profiles) if self._sequences else None
        return reading if sequence is None else msgspec.structs.replace(reading, sequence=sequence)

    def _read(self, trap: Trap, relays: Collection[str]) -> tuple[Known, bool]:
        """The reading but for its sequence number, and whether it holds for every trap of the same content: not where the
        device's time was compared with the receipt, nor where the running number itself was looked at."""
        address, address_from = device_address(trap, relays)
        scopes: dict[str, Scope] = {}
        findings, reason = self._find(trap, scopes)
        reading = Reading(device_address=address, address_from=address_from, findings=findings, reason=reason)
        lasting = self._timed.isdisjoint(scopes) and not any(
            oid in self._sequence_of for scope in scopes.values() for oid in scope.looked_at
        )
        return (reading, tuple(scopes)), lasting

    def _content(self, trap: Trap, relays: Collection[str]) -> Content:
        """All of a trap that a reading can depend on: not its uptime and ids, and of a running number only that it is there."""
        said = trap.notification
        running = self._sequence_of
        return (
            trap.source,
            said.trap_oid,
            said.security,
            said.version,
            said.agent_address,
            said.enterprise,
            said.generic,
            said.specific,
            said.context,
            tuple(relays),
            *[varbind.oid if varbind.oid in running else varbind for varbind in said.varbinds],
        )

    def explain(self, trap: Trap, relays: Collection[str] = ()) -> str:
        """The reading of ``trap`` with every rule that was asked, every condition and every value, as text."""
        from actors.correlator.profiles.explain import explain  # the words are needed by people only

        return explain(self, trap, relays)

    def every(self) -> tuple[tuple[str, Candidate], ...]:
        """All (normalised trap OID, candidate); "" for rules of any trap."""
        listed = [(oid, candidate) for oid, found in self._table.items() for candidate in found]
        return (*listed, *(("", candidate) for candidate in self._fallback))

    @property
    def fallback(self) -> tuple[Candidate, ...]:
        """The rules that are asked when none for the trap's OID holds."""
        return self._fallback

    def _find(self, trap: Trap, scopes: dict[str, Scope]) -> tuple[tuple[Finding, ...], str]:
        candidates = self.candidates(trap.notification.trap_oid)
        found: tuple[Finding, ...] = ()
        reasons: list[str] = []
        for group in (candidates, self._fallback):
            for candidate in group:
                scope = scopes.get(candidate.profile.name)
                if scope is None:
                    scope = scopes[candidate.profile.name] = Scope(trap, candidate.profile.readers)
                rule = candidate.match(scope)
                if rule is None:
                    continue
                finding, reason = build(rule, scope)
                if finding is None:
                    reasons.append(reason)
                elif not candidate.go_on:
                    return (*found, finding), ""
                else:
                    found = (*found, finding)
            if found:
                return found, ""
        if not candidates:
            return (), f"no profile knows {trap.notification.trap_oid or 'a trap without an OID'}"
        return (), "; ".join(reasons or [c.refusal(scopes[c.profile.name]) for c in candidates])

    def _sequence(self, trap: Trap, profiles: Collection[str]) -> SequenceNumber | None:
        for name in profiles:
            for rule in self._sequences.get(name, ()):
                number = _sequence_number(rule, Scope(trap, rule.profile.readers))
                if number is not None:
                    return number
        for varbind in trap.notification.varbinds:
            known = self._sequence_of.get(varbind.oid)
            if known is not None:
                return _sequence_number(known, Scope(trap, known.profile.readers))
        return None


def compile(profiles: Sequence[Profile]) -> Translator:
    """The engine for ``profiles``; disabled ones take no part. Raises ProfileErrors naming every mistake."""
    errors: list[ProfileError] = []
    seen: set[str] = set()
    types = alarm_types(profiles)
    table: dict[str, list[Candidate]] = {}
    sequences: dict[str, tuple[SequenceRule, ...]] = {}
    sequence_of: dict[str, SequenceRule] = {}
    for profile in sorted(profiles, key=lambda p: (-p.priority, p.name)):
        problems = Problems(profile.name)
        if profile.name in seen:
            problems.add("name", f"a second profile is called {profile.name!r}")
        seen.add(profile.name)
        compiled = compile_profile(profile, types, problems)
        if profile.enabled:
            for oid, candidate in compiled.candidates:
                rival = _rival(table.get(oid, ()), candidate)
                if rival is not None:
                    problems.add(candidate.key, _ambiguous(oid, rival, candidate))
                table.setdefault(oid, []).append(candidate)
            if compiled.sequences:
                sequences[profile.name] = compiled.sequences
                sequence_of.update(compiled.sequence_oids)
        errors += [ProfileError(profile.name, 0, key, message) for key, message in problems.found]
    if errors:
        raise ProfileErrors(tuple(errors))
    fallback = tuple(table.pop("", ()))
    return Translator({oid: tuple(found) for oid, found in table.items()}, fallback, sequences, sequence_of)


def _rival(before: Sequence[Candidate], candidate: Candidate) -> Candidate | None:
    """An earlier rule of the same rank that would always speak instead of ``candidate``."""
    conditions = {check.shown for check in candidate.checks}
    for other in before:
        if other.priority == candidate.priority and not other.go_on and {check.shown for check in other.checks} <= conditions:
            return other
    return None


def _ambiguous(oid: str, rival: Candidate, candidate: Candidate) -> str:
    return (
        f"never asked for {oid or 'any trap'}: {rival.name!r} ({rival.key} of {rival.profile.name}) takes every trap that "
        f"{candidate.name!r} would; give one of them conditions, or its profile another priority"
    )


def device_address(trap: Trap, relays: Collection[str]) -> tuple[str, Literal["source", "snmpTrapAddress", "agent-addr"]]:
    """The device that a trap is about (RFC 3584 section 3.1 and 4.1).

    A v1 agent-addr goes before the sender's address unless it is no host's address (0.x, 127.x, 224.x and above): v1 has
    no other way to name the device behind a proxy. snmpTrapAddress.0 is a claim that anyone may write into a v2c trap, so
    it is believed of listed relays alone.
    """
    notification = trap.notification
    if trap.source in relays:
        for varbind in notification.varbinds:
            if varbind.oid == SNMP_TRAP_ADDRESS and varbind.type == "IpAddress" and _is_host(varbind.value):
                return varbind.value, "snmpTrapAddress"
    agent = notification.agent_address
    if agent is not None and agent != trap.source and notification.version == "1" and _is_host(agent):
        return agent, "agent-addr"
    return trap.source, "source"


def _is_host(address: object) -> bool:
    if not isinstance(address, str):
        return False
    first = address.partition(".")[0]
    return first.isascii() and first.isdigit() and 0 < int(first) < 224 and first != "127"


def _sequence_number(rule: SequenceRule, scope: Scope) -> SequenceNumber | None:
    value = scope.part(rule.name, rule.part)
    if value is None:
        return None
    try:
        number = integer(value)
    except DecodeError:
        return None
    return SequenceNumber(rule.scope, number % rule.modulus, rule.modulus, rule.restarts_at)


def resolve_resource(rule: Rule, scope: Scope) -> tuple[ResourceRule | None, str]:
    """The resource that the trap's values can name, from the rule's own down its fallbacks, and its path."""
    wanted = rule.resource
    found = rule.resources.get(wanted.pick(scope)) if isinstance(wanted, ChoiceRule) else wanted
    while found is not None:
        if not found.paths:
            return found, ""
        for template in found.paths:
            path = template.path(scope)
            if path is not None:
                return found, path
        missing = dict.fromkeys(name for template in found.paths for name in template.missing(scope))
        scope.notes.append(f"no {found.type} path: {', '.join(missing)} missing")
        found = found.fallback
    return None, ""


def decide(rule: Rule, scope: Scope) -> tuple[Kind, Severity] | None:
    """Raise or clear, and how bad. A severity of ``cleared`` turns a raise into a clear; None when nothing says which."""
    kind: Kind
    if isinstance(rule.kind, ChoiceRule):
        picked = _KIND.get(rule.kind.pick(scope))
        if picked is None:
            return None
        kind = picked
    else:
        kind = rule.kind
    severity = rule.severity
    if rule.severity_by is not None:
        severity = _SEVERITY.get(rule.severity_by.pick(scope), severity)
    if kind == "raise" and severity == "cleared":
        kind = "clear"
    return kind, "cleared" if kind == "clear" else severity


def build(rule: Rule, scope: Scope) -> tuple[Finding | None, str]:
    """The finding of a rule that matched, or None and why there is none."""
    decided = decide(rule, scope)
    if decided is None:
        choice = rule.kind
        shown = scope.part(choice.name, choice.part) if isinstance(choice, ChoiceRule) else None
        return None, f"{rule.name}: nothing says whether {shown!r} raises or clears"
    kind, severity = decided
    if kind == "drop":
        return (
            Finding(kind="drop", profile=rule.profile.name, rule=rule.name, alarm_type=rule.alarm_type, why=rule.why),
            "",
        )
    resource, path = resolve_resource(rule, scope)
    if resource is None:
        return None, f"{rule.name}: " + "; ".join(scope.notes or ["no resource for this trap"])
    cache = scope.cache
    cache["resource"] = path or None
    cache["resource_type"] = resource.type
    cache["where"] = f"{resource.label} {path}" if path else resource.label
    name = resource.name.fill(scope) or "" if resource.name is not None else ""
    cache["resource_name"] = name or None
    qualifier = ""
    if rule.qualifier is not None:
        qualifier = rule.qualifier.path(scope) or ""
    metadata: dict[str, Any] = {}
    for written, value_name, part in rule.metadata:
        value = scope.part(value_name, part)
        if value is not None:
            metadata[written] = value
    told = device_time(rule, scope) if rule.profile.times else None
    return (
        Finding(
            kind=kind,
            profile=rule.profile.name,
            rule=rule.name,
            alarm_type=rule.alarm_type,
            resource_type=resource.type,
            resource=path,
            qualifier=qualifier,
            clears=rule.clears if kind == "clear" else rule.ends if kind == "event" else (),
            severity=severity,
            event_type=rule.event_type,
            probable_cause=rule.probable_cause,
            title=rule.title.show(scope),
            description=rule.description.show(scope) if rule.description is not None else "",
            recommended_action=rule.recommended_action.show(scope) if rule.recommended_action is not None else "",
            resource_name=name,
            serial=resource.serial.fill(scope) or "" if resource.serial is not None else "",
            device_time=told,
            vendor_cause=rule.vendor_cause.fill(scope) or "" if rule.vendor_cause is not None else "",
            repeats_by_design=rule.repeats_by_design,
            metadata=metadata,
            why=(*rule.why, *scope.notes) if scope.notes else rule.why,
        ),
        "",
    )


def device_time(rule: Rule, scope: Scope) -> datetime | None:
    """The device's own time in UTC, where it tells one that can be believed."""
    for spec in rule.profile.times:
        raw = scope.part(spec.name, spec.part) if spec.part else scope.lexicon[spec.name].raw(scope)
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

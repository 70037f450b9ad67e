"""The engine: from one trap to its findings. Pure, and it never raises on any trap."""

from collections.abc import Collection, Mapping, Sequence
from itertools import groupby
from typing import NamedTuple

from actors.correlator.alarms.service_effects import service_effects_of
from actors.correlator.profiles.alarm_types import alarm_types, check_declarations, reporting_equipment
from actors.correlator.profiles.compiler import compile_profile
from actors.correlator.profiles.errors import Problems, ProfileErrors
from actors.correlator.profiles.findings import build
from actors.correlator.profiles.layout import Layouts
from actors.correlator.profiles.parts import SequenceRule
from actors.correlator.profiles.rules import Candidate, ProfileRule
from actors.correlator.profiles.scope import TrapScope, Varbinds, columns_of
from actors.correlator.profiles.sender import sender_of
from actors.correlator.profiles.trap_oids import normalise, with_zero
from actors.correlator.strategies.symptoms import symptoms_of
from protocols.event import Trap
from protocols.file_mistake import FileMistake
from protocols.finding import Finding, Reading, SequenceNumber
from protocols.profile import AlarmType, Profile
from protocols.profile_decoders import DecodeError, integer


class Asked(NamedTuple):
    """The rules of one profile for one trap OID, in the order in which they are tried."""

    profile: ProfileRule
    layouts: Layouts
    candidates: tuple[Candidate, ...]


class Translator:
    """All profiles, compiled."""

    def __init__(
        self,
        table: Mapping[str, tuple[Candidate, ...]],
        fallback: tuple[Candidate, ...],
        sequences: dict[str, tuple[SequenceRule, ...]],
        sequence_of: dict[str, SequenceRule],
        types: Mapping[str, AlarmType],
        reports_cards: frozenset[str] = frozenset(),
    ) -> None:
        self.types = types
        """The alarm types, by name."""
        self.reports_cards = reports_cards
        """Vendors, in lower case, whose OLTs report cards that they lost, as far as a profile reads it."""
        self.symptoms = symptoms_of(types)
        """The traits of each alarm type's symptom, by which correlation works."""
        self.service_effects = service_effects_of(types, self.symptoms)
        """The effect of each alarm type on service."""
        self._table = {oid: _asked(candidates) for oid, candidates in table.items()}
        # Most devices send an OID with the zero of RFC 3584, so that form is a key of its own.
        self._spelt = {spelling: asked for oid, asked in self._table.items() for spelling in (oid, with_zero(oid))}
        self._fallback = _asked(fallback)
        self._sequences = sequences
        self._sequence_of = sequence_of

    def candidates(self, trap_oid: str) -> tuple[Candidate, ...]:
        """The rules for a trap OID in the order in which they are tried."""
        return tuple(candidate for asked in self._known(trap_oid) for candidate in asked.candidates)

    def read(self, trap: Trap, relays: Collection[str] = (), known: Collection[str] = ()) -> Reading:
        """The reading of ``trap``. ``relays`` are the senders whose snmpTrapAddress is believed, ``known`` the addresses in the
        topology. Never raises.

        The first rule whose conditions hold applies. If a decoder refuses a value, the finding is about the less specific
        resource of the rule; if there is none, there is no finding, and ``reason`` says why.
        """
        varbinds = columns_of(trap)
        scopes: dict[str, TrapScope] = {}
        findings, reason = self._find(trap, varbinds, scopes)
        address, address_from, why = sender_of(trap, relays, known)
        return Reading(
            device_address=address,
            address_from=address_from,
            address_why=why,
            findings=findings,
            sequence=self._sequence(trap, varbinds, scopes) if self._sequences else None,
            reason=reason,
        )

    def every(self) -> tuple[tuple[str, Candidate], ...]:
        """All (normalised trap OID, candidate); "" for rules of any trap."""
        listed = (*self._table.items(), ("", self._fallback))
        return tuple((oid, candidate) for oid, group in listed for asked in group for candidate in asked.candidates)

    @property
    def fallback(self) -> tuple[Candidate, ...]:
        """The rules that are tried if none for the trap's OID holds."""
        return tuple(candidate for asked in self._fallback for candidate in asked.candidates)

    def _known(self, trap_oid: str) -> tuple[Asked, ...]:
        return self._spelt.get(trap_oid) or self._table.get(normalise(trap_oid), ())

    def _find(self, trap: Trap, varbinds: Varbinds, scopes: dict[str, TrapScope]) -> tuple[tuple[Finding, ...], str]:
        """Adds the profiles that were tried to ``scopes``."""
        trap_oid = trap.notification.trap_oid
        known = self._spelt.get(trap_oid) or self._known(trap_oid)
        found: tuple[Finding, ...] = ()
        reasons: list[str] = []
        for group in (known, self._fallback):
            for profile, layouts, candidates in group:
                scope = scopes.get(profile.name)
                if scope is None:
                    scope = scopes[profile.name] = TrapScope(trap, varbinds, layouts.places(varbinds[0]))
                for candidate in candidates:
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
        if not known:
            return (), f"no profile knows {trap.notification.trap_oid or 'a trap without an OID'}"
        return (), "; ".join(reasons or [c.refusal(scopes[c.profile.name]) for a in known for c in a.candidates])

    def _sequence(self, trap: Trap, varbinds: Varbinds, scopes: dict[str, TrapScope]) -> SequenceNumber | None:
        for name, scope in scopes.items():
            for rule in self._sequences.get(name, ()):
                number = _sequence_number(rule, scope)
                if number is not None:
                    return number
        if self._sequence_of.keys().isdisjoint(varbinds[0]):
            return None
        for oid in varbinds[0]:
            known = self._sequence_of.get(oid)
            if known is not None:
                return _sequence_number(known, known.profile.scope(trap))
        return None


def _asked(candidates: tuple[Candidate, ...]) -> tuple[Asked, ...]:
    """Group the candidates by profile. They are in the order of the ranks and names of the profiles."""
    return tuple(
        Asked(group[0].profile, Layouts(group[0].profile.columns), group)
        for _, found in groupby(candidates, key=lambda candidate: candidate.profile.name)
        if (group := tuple(found))
    )


def compile(profiles: Sequence[Profile]) -> Translator:
    """The engine for ``profiles``, without the disabled ones. Raises ProfileErrors with every mistake."""
    errors: list[FileMistake] = []
    seen: set[str] = set()
    types = alarm_types(profiles)
    table: dict[str, list[Candidate]] = {}
    sequences: dict[str, tuple[SequenceRule, ...]] = {}
    sequence_of: dict[str, SequenceRule] = {}
    ranked = sorted(profiles, key=lambda p: (-p.priority, p.name))
    for rank, profile in enumerate(ranked):
        problems = Problems(profile.name)
        check_declarations(profile, ranked[:rank], problems)
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
        errors += [FileMistake(profile.name, 0, key, message) for key, message in problems.found]
    if errors:
        raise ProfileErrors(tuple(errors))
    fallback = tuple(table.pop("", ()))
    cards = reporting_equipment([profile for profile in profiles if profile.enabled], types)
    return Translator({oid: tuple(found) for oid, found in table.items()}, fallback, sequences, sequence_of, types, cards)


def _rival(before: Sequence[Candidate], candidate: Candidate) -> Candidate | None:
    """An earlier rule of the same rank that would always apply instead of ``candidate``."""
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


def _sequence_number(rule: SequenceRule, scope: TrapScope) -> SequenceNumber | None:
    value = rule.take.of(scope)
    if value is None:
        return None
    try:
        number = integer(value)
    except DecodeError:
        return None
    return SequenceNumber(rule.scope, number % rule.modulus, rule.modulus, rule.restarts_at)

"""Compiles profiles to the tables of the engine. Every mistake is noted with its key; none stops the search."""

import difflib
from collections.abc import Mapping
from typing import Any, NamedTuple

from actors.correlator.profiles.conditions import Check, Operated, compile_condition
from actors.correlator.profiles.errors import Problems
from actors.correlator.profiles.lexicon import NUMBER, OID
from actors.correlator.profiles.parts import Parts, SequenceRule
from actors.correlator.profiles.rules import Candidate, ChoiceRule, CompiledTrapRule, OpticalPowerRule, ResourceRule
from actors.correlator.profiles.scope import Take
from actors.correlator.profiles.templates import Template, as_path
from actors.correlator.profiles.trap_oids import normalise
from actors.correlator.profiles.vocabulary import PROBABLE_CAUSES
from actors.correlator.strategies.symptoms import signs_of_life
from protocols.finding import Finding
from protocols.profile import (
    AlarmRule,
    AlarmType,
    Choice,
    Condition,
    Family,
    Kind,
    OpticalPowerField,
    Profile,
    TrapMeaning,
    Trigger,
    Triggers,
    names,
)
from protocols.severity import SEVERITIES, Severity

KINDS = ("raise", "clear", "event", "drop")
MAX_RULES = 20_000
"""Rules of one profile at most, codes included: a larger, generated file would slow every start."""


class CompiledProfile(NamedTuple):
    """The part of the tables that one profile adds: (trap OID or "" for any, candidate) and the OIDs of the sequence number."""

    candidates: list[tuple[str, Candidate]]
    sequences: tuple[SequenceRule, ...]
    sequence_oids: tuple[tuple[str, SequenceRule], ...]


def compile_profile(profile: Profile, types: Mapping[str, AlarmType], problems: Problems) -> CompiledProfile:
    """The rules of ``profile``. Mistakes go to ``problems``; wrong rules are left out of the result."""
    return _Compiler(profile, types, problems).run()


class _Compiler(Parts):
    def __init__(self, profile: Profile, types: Mapping[str, AlarmType], problems: Problems) -> None:
        super().__init__(profile, problems)
        self.types = types
        self.signs_of_life = signs_of_life(types)
        self.severity_by = self.choice(profile.severity, "severity", SEVERITIES)
        self.found: list[tuple[str, Candidate]] = []
        self.rules = 0

    def run(self) -> CompiledProfile:
        self._check_types()
        self._check_notifications()
        rule_names: set[str] = set()
        for number, alarm in enumerate(self.profile.alarms):
            key = f"alarms[{number}]"
            if alarm.name:
                if alarm.name in rule_names:
                    self.problems.add(f"{key}.name", f"a second rule is called {alarm.name!r}")
                rule_names.add(alarm.name)
            self._alarm(alarm, key)
        for number, family in enumerate(self.profile.families):
            key = f"families[{number}]"
            if family.name in rule_names:
                self.problems.add(f"{key}.name", f"a second rule is called {family.name!r}")
            rule_names.add(family.name)
            self._family(family, key)
        if self.rules > MAX_RULES:
            self.problems.add("", f"{self.rules} rules; at most {MAX_RULES}")
        return CompiledProfile(self.found, *self.sequences())

    def _checks(self, when: Mapping[str, Condition], key: str) -> tuple[Check, ...]:
        found = []
        for reference, condition in when.items():
            try:
                name, part, _ = self.lexicon.resolve(reference)
                enum = self.lexicon.enums.get(name, {}) if not part else {}
                called = f"{name}.{part}" if part else name
                raw = None if part else self.lexicon.readers[name].raw
                found.append(compile_condition(Operated(called, self.lexicon.take(name, part), raw, enum), condition))
            except ValueError as error:
                self.problems.add(f"{key}.{reference}", str(error))
        return tuple(found)

    def _trap_oids(self, trap: str | tuple[str, ...], key: str) -> list[tuple[str, str]]:
        """(normalised OID, name in the profile) of notifications given by name or by OID."""
        found = []
        for word in names(trap):
            if word in self.profile.notifications:
                found += [(normalise(oid), word) for oid in names(self.profile.notifications[word])]
            elif OID.fullmatch(word):
                found.append((normalise(word), word))
            else:
                self.unknown("notification", word, self.profile.notifications, key)
        return found

    def _check_notifications(self) -> None:
        for name, oids in self.profile.notifications.items():
            for oid in names(oids):
                if not OID.fullmatch(oid):
                    self.problems.add(f"notifications.{name}", f"{oid!r} is not an OID in dotted numbers")

    def _check_types(self) -> None:
        for name, spec in self.profile.types.items():
            key = f'types."{name}"'
            if spec.severity == "cleared":
                self.problems.add(f"{key}.severity", "an alarm is not raised as cleared")
            self._cause(spec.probable_cause, f"{key}.probable_cause")
            for field in ("title", "description", "recommended_action"):
                self.lexicon.template(getattr(spec, field), f"{key}.{field}")

    def _cause(self, cause: str, key: str) -> None:
        if cause and cause not in PROBABLE_CAUSES:
            close = difflib.get_close_matches(cause, PROBABLE_CAUSES, 1)
            hint = f"; did you mean {close[0]!r}?" if close else ""
            self.problems.add(key, f"{cause!r} is no IANA-ITU probable cause{hint}")

    # rules

    def _alarm(self, alarm: AlarmRule, key: str) -> None:
        shared = self._checks(alarm.when, f"{key}.when")
        listed: tuple[tuple[Kind, Triggers], ...] = (
            ("raise", alarm.raises),
            ("clear", alarm.cleared),
            ("event", alarm.event),
            ("drop", alarm.drop),
        )
        if not any(triggers for _, triggers in listed):
            self.problems.add(key, "neither raise, clear, event nor drop")
        for kind, triggers in listed:
            for number, trigger in enumerate(triggers):
                where = f"{key}.{kind}[{number}]"
                one = Trigger(trap=trigger) if isinstance(trigger, str) else trigger
                self._trigger(alarm, kind, one, shared, where)

    def _trigger(self, alarm: AlarmRule, kind: Kind, trigger: Trigger, shared: tuple[Check, ...], key: str) -> None:
        name = alarm.name or alarm.type
        checks = shared + self._checks(trigger.when, f"{key}.when")
        oids = self._trap_oids(trigger.trap, f"{key}.trap")
        if not names(trigger.trap):
            if not checks:
                self.problems.add(key, "neither a trap nor a condition: it would take every unknown trap")
            oids = [("", "any trap")]
        rules = {
            called: self._rule(alarm, kind, alarm.type, name, called, trigger, checks, key, alarm.verified)
            for called in dict.fromkeys(called for _, called in oids)
        }
        if not alarm.enabled:
            return
        for oid, called in oids:
            rule = rules[called]
            if rule is not None:
                candidate = Candidate(self.shared, name, self.profile.priority, key, checks, rule, None, {}, None, alarm.go_on)
                self.found.append((oid, candidate))

    def _family(self, family: Family, key: str) -> None:
        checks = self._checks(family.when, f"{key}.when")
        oids = self._trap_oids(family.trap, f"{key}.trap")
        if not names(family.trap):
            self.problems.add(f"{key}.trap", "no trap")
        try:
            code = self.lexicon.resolve(family.code)[:2]
        except ValueError as error:
            self.problems.add(f"{key}.code", str(error))
            return
        enum = self.lexicon.enums.get(code[0], {}) if not code[1] else {}
        kind = self._kind(family.kind, f"{key}.kind")
        called = oids[0][1] if oids else ""
        codes: dict[str, CompiledTrapRule] = {}
        for word, entry in family.codes.items():
            where = f"{key}.codes.{word}"
            shown = enum.get(int(word), word) if enum and NUMBER.fullmatch(word) else word
            if shown in codes:
                self.problems.add(where, "a second entry for the same code")
            if enum and shown not in enum.values():
                self.problems.add(where, f"{word!r} is none of the enumeration")
            rule = self._rule(
                _under(entry, family),
                self._kind(entry.kind, f"{where}.kind") if entry.kind else kind,
                entry.type,
                family.name,
                called,
                None,
                checks,
                where,
                family.verified,
            )
            if rule is not None:
                codes[shown] = rule
        otherwise = None
        if family.otherwise is not None:
            entry = family.otherwise
            otherwise = self._rule(
                _under(entry, family),
                self._kind(entry.kind, f"{key}.otherwise.kind") if entry.kind else kind,
                entry.type,
                family.name,
                called,
                None,
                checks,
                f"{key}.otherwise",
                family.verified,
            )
        if family.enabled:
            candidate = Candidate(
                self.shared,
                family.name,
                self.profile.priority,
                key,
                checks,
                None,
                self.lexicon.take(*code),
                codes,
                otherwise,
                False,
            )
            self.found += [(oid, candidate) for oid, _ in oids]

    def _kind(self, spec: Kind | Choice, key: str) -> Kind | ChoiceRule:
        if isinstance(spec, str):
            return spec
        return self.choice(spec, key, KINDS) or "raise"

    def _rule(
        self,
        meaning: TrapMeaning,
        kind: Kind | ChoiceRule,
        alarm_type: str,
        name: str,
        called: str,
        trigger: Trigger | None,
        checks: tuple[Check, ...],
        key: str,
        verified: str,
    ) -> CompiledTrapRule | None:
        self.rules += 1
        spec = self.types.get(alarm_type)
        if spec is None:
            self.unknown("alarm type", alarm_type, self.types, key)
            return None
        trigger = trigger or Trigger()
        for ended in (*meaning.clears, *trigger.clears):
            if ended not in self.types:
                self.unknown("alarm type", ended, self.types, f"{key}.clears")
        self._cause(meaning.probable_cause, f"{key}.probable_cause")
        severity_by = self.severity_by
        # No other vendor has a type that only this profile declares, so its severity needs no alignment.
        graded = spec.graded or alarm_type in self.profile.types or isinstance(meaning.severity, Choice)
        severity: Severity = spec.severity
        if isinstance(meaning.severity, Choice):
            severity_by = self.choice(meaning.severity, f"{key}.severity", SEVERITIES)
        elif meaning.severity is not None:
            severity = meaning.severity
        if trigger.severity is not None:
            severity, severity_by = trigger.severity, None
        if severity == "cleared" and kind == "raise":
            self.problems.add(f"{key}.severity", "an alarm is not raised as cleared")
        template = self.lexicon.template
        qualifier = trigger.qualifier if trigger.qualifier is not None else meaning.qualifier
        field_only = verified == "field" or self.profile.verified == "field"
        why = (
            f"{self.profile.name}: {name} by {called}",
            *(check.shown for check in checks),
            *(("known from the field, not from a MIB",) if field_only else ()),
        )
        repeats = meaning.repeats_by_design
        qualified = template(qualifier, f"{key}.qualifier")
        title = template(trigger.title or meaning.title or spec.title, f"{key}.title") or Template((alarm_type,))
        description = template(meaning.description or spec.description, f"{key}.description")
        recommended = template(meaning.recommended_action or spec.recommended_action, f"{key}.recommended_action")
        vendor_cause = template(trigger.vendor_cause or meaning.vendor_cause, f"{key}.vendor_cause")
        ends = tuple(dict.fromkeys((*meaning.clears, *trigger.clears)))
        sign_of_life = kind if meaning.shows_life or trigger.shows_life else self.signs_of_life.get(alarm_type)

        def finding(kind: Kind) -> Finding:
            if kind == "drop":
                return Finding(
                    kind=kind,
                    profile=self.profile.name,
                    rule=name,
                    alarm_type=alarm_type,
                    shows_life=kind == sign_of_life,
                    why=why,
                )
            return Finding(
                kind=kind,
                profile=self.profile.name,
                rule=name,
                alarm_type=alarm_type,
                qualifier=_constant(qualified, path=True),
                clears=tuple(dict.fromkeys((alarm_type, *ends))) if kind == "clear" else ends if kind == "event" else (),
                severity="cleared" if kind == "clear" else severity,
                event_type=meaning.event_type or spec.event_type,
                probable_cause=meaning.probable_cause or spec.probable_cause,
                title=_constant(title),
                description=_constant(description),
                recommended_action=_constant(recommended),
                vendor_cause=_constant(vendor_cause),
                repeats_by_design=self.profile.repeats_by_design if repeats is None else repeats,
                shows_life=kind == sign_of_life,
                why=why,
            )

        kinds: tuple[Kind, ...] = ("raise", "clear", "event", "drop")
        if not isinstance(kind, ChoiceRule):
            kinds = (kind, "clear") if kind == "raise" else (kind,)
        light = self._light(meaning.light, f"{key}.light")
        metadata = self._metadata((*self.profile.metadata, *meaning.metadata), f"{key}.metadata")
        if severity_by is not None and not graded:
            metadata = (*metadata, ("vendor_severity", severity_by.take))
        texts = (_varying(title), _varying(description), _varying(recommended), _varying(vendor_cause))
        return CompiledTrapRule(
            self.shared,
            name,
            kind,
            {each: finding(each) for each in kinds},
            self._resource(meaning.resource, alarm_type, f"{key}.resource"),
            self.resources,
            severity_by,
            graded,
            _varying(qualified),
            *texts,
            bool(light) or any(text is not None for text in texts),
            metadata,
            light,
        )

    def _resource(self, spec: str | Choice, alarm_type: str, key: str) -> ResourceRule | ChoiceRule:
        if isinstance(spec, Choice):
            chosen = self.choice(spec, key, tuple(self.resources))
            return chosen or self.resources["olt"]
        name = spec or alarm_type.partition(".")[0]
        if spec and name not in self.resources:
            self.unknown("resource", name, self.resources, key)
        return self.resources.get(name) or self.resources["olt"]

    def _metadata(self, references: tuple[str, ...], key: str) -> tuple[tuple[str, Take], ...]:
        found = []
        for reference in dict.fromkeys(references):
            try:
                name, part, _ = self.lexicon.resolve(reference)
                found.append((reference, self.lexicon.take(name, part)))
            except ValueError as error:
                self.problems.add(key, str(error))
        return tuple(found)

    def _light(self, specs: tuple[OpticalPowerField, ...], key: str) -> tuple[OpticalPowerRule, ...]:
        found = []
        for number, spec in enumerate(specs):
            try:
                name, part, _ = self.lexicon.resolve(spec.source)
            except ValueError as error:
                self.problems.add(f"{key}[{number}].from", str(error))
                continue
            if spec.scale == 0.0:
                self.problems.add(f"{key}[{number}].scale", "every value would be the same")
            checks = self._checks(spec.when, f"{key}[{number}].when")
            take = self.lexicon.take(name, part)
            found.append(
                OpticalPowerRule(spec.what, spec.source, take, checks, frozenset(spec.invalid), spec.scale, spec.offset)
            )
        return tuple(found)


def _constant(template: Template | None, path: bool = False) -> str:
    """The text of a template that uses no value of the trap, else empty."""
    text = template.constant if template is not None else None
    return as_path(text or "") if path else text or ""


def _varying(template: Template | None) -> Template | None:
    return template if template is not None and template.constant is None else None


def _under(code: TrapMeaning, family: TrapMeaning) -> TrapMeaning:
    """The fields of the code, and those of the family where the code has none."""

    def either(field: str) -> Any:
        own = getattr(code, field)
        return getattr(family, field) if own in ("", None, ()) else own

    return TrapMeaning(**{field: either(field) for field in TrapMeaning.__struct_fields__})

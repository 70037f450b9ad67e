"""The parts of rules, compiled: resources, choices, times, sequence numbers."""

import difflib
from collections.abc import Mapping, Sequence
from typing import NamedTuple

from actors.correlator.profiles.errors import Problems
from actors.correlator.profiles.layout import Columns
from actors.correlator.profiles.lexicon import NUMBER, Lexicon
from actors.correlator.profiles.rules import ChoiceRule, ProfileRule, ResourceRule, TimeRule
from actors.correlator.profiles.scope import Take
from actors.correlator.profiles.templates import Template
from actors.correlator.profiles.times import TIME_DECODERS, offset, text_time
from actors.correlator.profiles.values import VarbindReader
from actors.correlator.profiles.vocabulary import RESOURCE_TYPES
from protocols.profile import Choice, DeviceTimeField, Profile, Resource, names


class SequenceRule(NamedTuple):
    """The place of a vendor's sequence number."""

    profile: ProfileRule
    take: Take
    scope: str
    modulus: int
    restarts_at: int


class Parts:
    """The names of one profile, and the parts that need nothing else. Mistakes go to ``problems``."""

    def __init__(self, profile: Profile, problems: Problems) -> None:
        self.profile = profile
        self.problems = problems
        self.lexicon = Lexicon(profile, problems)
        self.shared = ProfileRule(profile.name, self.lexicon.readers, Columns(self.lexicon.bound), self._times())
        self.resources = self.build_resources()

    def build_resources(self) -> dict[str, ResourceRule]:
        specs = {"olt": Resource(type="olt"), **self.profile.resources}
        built: dict[str, ResourceRule] = {}

        def build(name: str, above: tuple[str, ...]) -> ResourceRule | None:
            if name in built:
                return built[name]
            spec, key = specs[name], f"resources.{name}"
            if spec.type not in RESOURCE_TYPES:
                self.problems.add(f"{key}.type", f"{spec.type!r} is none of {', '.join(RESOURCE_TYPES)}")
            fallback = None
            if spec.fallback:
                if spec.fallback in (*above, name):
                    self.problems.add(f"{key}.otherwise", "leads back to itself")
                elif spec.fallback not in specs:
                    self.unknown("resource", spec.fallback, specs, f"{key}.otherwise")
                else:
                    fallback = build(spec.fallback, (*above, name))
            if len(spec.names) not in (0, 3):
                self.problems.add(f"{key}.names", "takes three texts: ifName, ifDescr, ifAlias")
            paths = [self.lexicon.template(path, f"{key}.path") or Template(()) for path in names(spec.path)]
            built[name] = ResourceRule(
                spec.type,
                RESOURCE_TYPES.get(spec.type, ""),
                tuple(paths),
                fallback,
                self.lexicon.template(spec.name, f"{key}.name"),
                self.lexicon.template(spec.serial, f"{key}.serial"),
                tuple(self.lexicon.template(name, f"{key}.names") or Template(()) for name in spec.names),
            )
            return built[name]

        for name in specs:
            build(name, ())
        return built

    def _times(self) -> tuple[TimeRule, ...]:
        return tuple(
            rule
            for n, spec in enumerate(self.profile.device_time)
            if (rule := self._time(spec, f"device_time[{n}]")) is not None
        )

    def _time(self, spec: DeviceTimeField, key: str) -> TimeRule | None:
        if bool(spec.decode) == bool(spec.format):
            self.problems.add(key, "takes either decode or format")
            return None
        if spec.decode and spec.decode not in TIME_DECODERS:
            self.unknown("time decoder", spec.decode, TIME_DECODERS, f"{key}.decode")
            return None
        try:
            name, part, _ = self.lexicon.resolve(spec.source)
            zone = offset(spec.utc_offset)
        except ValueError as error:
            self.problems.add(key, str(error))
            return None
        if spec.format and "%z" not in spec.format and zone is None:
            return None  # no zone, neither here nor in the text: such a time can never be used, so it is not read
        decode = TIME_DECODERS[spec.decode] if spec.decode else text_time(spec.format)
        take = self.lexicon.take(name, part).of if part else self.lexicon.readers[name].raw
        return TimeRule(take, decode, zone, spec.max_behind, spec.max_ahead)

    def sequences(self) -> tuple[tuple[SequenceRule, ...], tuple[tuple[str, SequenceRule], ...]]:
        rules: list[SequenceRule] = []
        oids: list[tuple[str, SequenceRule]] = []
        for number, spec in enumerate(self.profile.sequence):
            key = f"sequence[{number}]"
            if spec.modulus < 2:
                self.problems.add(f"{key}.modulus", f"{spec.modulus} is no range of numbers")
            try:
                name, part, _ = self.lexicon.resolve(spec.source)
            except ValueError as error:
                self.problems.add(f"{key}.from", str(error))
                continue
            reader = self.lexicon.readers[name]
            bound = reader.oids if isinstance(reader, VarbindReader) else ()
            take = self.lexicon.take(name, part)
            rule = SequenceRule(self.shared, take, spec.scope, spec.modulus, spec.restarts_at)
            rules.append(rule)
            oids += [(form, rule) for oid in bound for form in (oid, f"{oid}.0")]
        return tuple(rules), tuple(oids)

    def choice(self, spec: Choice | None, key: str, allowed: Sequence[str]) -> ChoiceRule | None:
        if spec is None:
            return None
        try:
            name, part, _ = self.lexicon.resolve(spec.source)
        except ValueError as error:
            self.problems.add(f"{key}.from", str(error))
            return None
        for word, answer in (*spec.table.items(), ("otherwise", spec.otherwise)):
            if answer not in allowed and (answer or word != "otherwise"):
                self.problems.add(f"{key}.{word}", f"{answer!r} is none of {', '.join(allowed)}")
        enum = self.lexicon.enums.get(name, {}) if not part else {}
        table: dict[str, str] = {}
        for word, answer in spec.table.items():
            table[word] = answer
            if enum and NUMBER.fullmatch(word):
                table[enum.get(int(word), word)] = answer
            elif enum and word not in enum.values():
                self.problems.add(f"{key}.map", f"{word!r} is none of the enumeration: {', '.join(enum.values())}")
        return ChoiceRule(self.lexicon.take(name, part), table, spec.otherwise)

    def unknown(self, what: str, name: str, known: Mapping[str, object], key: str) -> None:
        close = difflib.get_close_matches(name, known, 1)
        self.problems.add(key, f"unknown {what} {name!r}" + (f"; did you mean {close[0]!r}?" if close else ""))

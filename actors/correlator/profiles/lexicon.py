"""The names of one profile, compiled: varbinds, computed values, enumerations, and references to them."""

import difflib
import re
from collections.abc import Callable, Mapping

from actors.correlator.profiles.builtin_values import (
    BUILTINS,
    OF_FINDING,
    OF_TRAP,
    ContextReader,
    PositionReader,
    TrapReader,
    community_field,
    position_of,
)
from actors.correlator.profiles.errors import Problems
from actors.correlator.profiles.scope import Take
from actors.correlator.profiles.templates import Template, parse
from actors.correlator.profiles.values import CombinedReader, DerivedReader, IndexReader, ValueReader, VarbindReader
from protocols.profile import Profile, Value, names, varbind
from protocols.profile_decoders import DECODERS, Decoded, Decoder, Raw, integer, number, plain, text

OID = re.compile(r"[0-2](?:\.(?:0|[1-9][0-9]{0,9})){1,126}")
NUMBER = re.compile("-?[0-9]{1,10}")
NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")


class Lexicon:
    """The meaning of each name. ``readers`` read the values; the other attributes are for compiling."""

    def __init__(self, profile: Profile, problems: Problems) -> None:
        self.profile = profile
        self.problems = problems
        self.readers: dict[str, ValueReader] = {}
        self.bound: list[tuple[str, ...]] = []
        """The OIDs of the varbind readers, by their numbers."""
        for name, of_trap in OF_TRAP.items():
            self.readers[name] = TrapReader(name, of_trap)
        for name, of_finding in OF_FINDING.items():
            self.readers[name] = ContextReader(name, of_finding)
        self.parts: dict[str, frozenset[str]] = {}
        self.units: dict[str, str] = {}
        self.enums: dict[str, Mapping[int, str]] = {}
        for name in profile.varbinds:
            self._add_varbind(name)
        for name in self._ordered():
            self._add_value(name, profile.values[name])
        for name in profile.values.keys() - self.readers.keys():
            self._nothing(name)  # its mistake is noted: references to it are not reported as well

    def resolve(self, reference: str) -> tuple[str, str, str]:
        """(value, part, unit) of ``name`` or ``name.part``. Raises ValueError for a name that is not known."""
        if reference in self.readers:
            return reference, "", self.units.get(reference, "")
        if reference.startswith("community.") and len(reference) > 10:
            self.readers[reference] = TrapReader(reference, community_field(reference[10:]))
            return reference, "", ""
        if position := position_of(reference):
            self.readers[reference] = PositionReader(reference, position)
            return reference, "", ""
        name, dot, part = reference.partition(".")
        if dot and name in self.readers:
            known = self.parts.get(name, frozenset())
            if part in known:
                return name, part, ""
            listed = ", ".join(sorted(known)) or "none"
            raise ValueError(f"{name!r} has no part {part!r}; its parts: {listed}")
        close = difflib.get_close_matches(reference, self.readers, 1)
        hint = f"; did you mean {close[0]!r}?" if close else ""
        raise ValueError(f"unknown value {reference!r}{hint}")

    def take(self, name: str, part: str) -> Take:
        """The Take of a value that ``resolve`` found."""
        return self.readers[name].taker(part)

    def template(self, written: str, key: str) -> Template | None:
        """``written`` compiled; None if it is empty or wrong (noted at ``key``)."""
        if not written:
            return None
        try:
            return parse(written, self.resolve, self.take)
        except ValueError as error:
            self.problems.add(key, str(error))
            return None

    def enum(self, spec: dict[int, str] | str, key: str) -> Mapping[int, str]:
        """An enumeration in place or by name."""
        if not isinstance(spec, str):
            return spec
        if spec not in self.profile.enums:
            self.problems.add(key, f"unknown enumeration {spec!r}; there are: {', '.join(self.profile.enums) or 'none'}")
            return {}
        return self.profile.enums[spec]

    def _named(self, name: str, key: str) -> bool:
        if not NAME.fullmatch(name) or name in BUILTINS or name in ("trap", "community"):
            self.problems.add(key, f"{name!r} cannot be a name: letters, digits and _, and none of faultd's own names")
            return False
        return True

    def _add_varbind(self, name: str) -> None:
        key = f"varbinds.{name}"
        spec = varbind(self.profile.varbinds[name])
        if not self._named(name, key):
            return
        oids = names(spec.oid)
        for oid in oids:
            if not OID.fullmatch(oid):
                self.problems.add(key, f"{oid!r} is not an OID in dotted numbers")
        if not oids:
            self.problems.add(key, "no OID")
        enum = self.enum(spec.values, f"{key}.values")
        convert = self._convert(spec.decode, "", enum, spec.scale, key, name)
        self.readers[name] = VarbindReader(name, len(self.bound), oids, convert, frozenset(spec.invalid))
        self.bound.append(oids)
        self.enums[name] = enum
        self.units[name] = spec.unit

    def _ordered(self) -> list[str]:
        """Computed values in an order in which each comes after its sources. Cycles are noted and left out."""
        values = self.profile.values
        done: list[str] = []
        state: dict[str, int] = {}

        def visit(name: str) -> bool:
            if name in state:
                return state[name] == 2
            state[name] = 1
            fine = True
            for source in (*names(values[name].source), *values[name].inputs):
                base = source.partition(".")[0]
                if base in values and not visit(base):
                    fine = False
                    if state[base] == 1:
                        self.problems.add(f"values.{base}", "is made of itself")
            state[name] = 2 if fine else 3
            if fine:
                done.append(name)
            return fine

        for name in values:
            visit(name)
        return done

    def _add_value(self, name: str, spec: Value) -> None:
        key = f"values.{name}"
        if not self._named(name, key):
            return
        if name in self.profile.varbinds:
            self.problems.add(key, "is also a varbind; give it another name")
            return
        if bool(names(spec.source)) == bool(spec.inputs):
            self.problems.add(key, "takes either from or inputs")
            return
        enum = self.enum(spec.values, f"{key}.values")
        self.enums[name] = enum
        self.units[name] = spec.unit
        invalid = frozenset(spec.invalid)
        sources = []
        for source in (*names(spec.source), *spec.inputs):
            try:
                sources.append(self.resolve(source)[:2])
            except ValueError as error:
                self.problems.add(key, str(error))
                return
        convert = self._convert(spec.decode, spec.pattern, enum, spec.scale, key, name, len(spec.inputs))
        if spec.inputs:
            decoder = DECODERS.get(spec.decode)
            if decoder is not None and convert is not None:
                if any(part for _, part in sources):
                    self.problems.add(key, "inputs are whole values, not parts")
                inputs = tuple(self.readers[n] for n, _ in sources)
                self.readers[name] = CombinedReader(name, inputs, convert, decoder.inputs or 1)
                return
            if not spec.decode:
                self.problems.add(key, "inputs need a decoder")
            self._nothing(name)
            return
        if spec.index is None:
            found = tuple((self.readers[n], part) for n, part in sources)
            self.readers[name] = DerivedReader(name, found, convert, invalid)
            if convert is None and not self.parts.get(name):
                self.parts[name] = frozenset().union(*(self.parts.get(n, frozenset()) for n, part in sources if not part))
            if convert is None and not enum and all(self.enums.get(n) for n, _ in sources):
                self.enums[name] = self.enums[sources[0][0]]
            return
        readers = [self.readers[n] for n, part in sources if not part]
        varbinds = tuple(reader for reader in readers if isinstance(reader, VarbindReader))
        if len(varbinds) != len(sources):
            self.problems.add(key, "index is of a varbind's instance, so from must name varbinds")
        self.readers[name] = IndexReader(name, varbinds, spec.index, convert, invalid)

    def _nothing(self, name: str) -> None:
        self.readers[name] = TrapReader(name, lambda trap: None)

    def _convert(
        self, decode: str, pattern: str, enum: Mapping[int, str], scale: float, key: str, name: str, inputs: int = 1
    ) -> Callable[..., Decoded] | None:
        """One function for decoder or pattern, then enumeration or scale. None: the value is not changed."""
        if decode and pattern:
            self.problems.add(key, "takes either decode or pattern")
        base: Callable[..., Decoded] | None = None
        if decode:
            decoder = DECODERS.get(decode)
            if decoder is None:
                close = difflib.get_close_matches(decode, DECODERS, 1)
                hint = f"; did you mean {close[0]!r}?" if close else ""
                self.problems.add(f"{key}.decode", f"unknown decoder {decode!r}{hint}")
                return None
            _check_inputs(decoder, decode, inputs, key, self.problems)
            base = decoder.run
            self.parts[name] = decoder.parts
        elif pattern:
            base = self._pattern(pattern, key, name)
        if scale != 1.0 and enum:
            self.problems.add(key, "takes either values or scale")
        if enum:
            return _enumerated(base, enum)
        if scale != 1.0:
            inner = base or number
            return lambda *raw: _scaled(inner(*raw), scale)
        return base

    def _pattern(self, pattern: str, key: str, name: str) -> Callable[[Raw], Decoded] | None:
        try:
            compiled = re.compile(pattern)
        except re.error as error:
            self.problems.add(f"{key}.pattern", f"{pattern!r}: {error}")
            return None
        if not compiled.groupindex:
            self.problems.add(f"{key}.pattern", f"{pattern!r} has no named group (?P<name>...)")
            return None
        self.parts[name] = frozenset(compiled.groupindex)

        def decode(raw: Raw) -> Decoded:
            # A text that does not match has no parts. That is an absent value, not an error.
            found = compiled.search(text(raw))
            if found is None:
                return {}
            parts = found.groupdict()
            return parts if all(parts.values()) else {part: value for part, value in parts.items() if value}

        return decode


def _check_inputs(decoder: Decoder, name: str, inputs: int, key: str, problems: Problems) -> None:
    wanted = decoder.inputs
    given = inputs or 1
    if wanted and wanted != given:
        problems.add(f"{key}.decode", f"{name} takes {wanted} values, {given} given")


def _integer_or_plain(raw: Raw) -> Decoded:
    value = plain(raw)
    return integer(value) if isinstance(value, str) and value.isascii() and value.isdigit() and len(value) <= 10 else value


def _enumerated(inner: Callable[..., Decoded] | None, enum: Mapping[int, str]) -> Callable[..., Decoded]:
    if inner is None:

        def known(raw: Raw) -> Decoded:
            value = raw if isinstance(raw, int) else _integer_or_plain(raw)
            return enum.get(value, value) if isinstance(value, int) else value

        return known

    def decode(*raw: Raw) -> Decoded:
        value = inner(*raw)
        return enum.get(value, value) if isinstance(value, int) else value

    return decode


def _scaled(value: Decoded, scale: float) -> Decoded:
    return value * scale if isinstance(value, (int, float)) else value

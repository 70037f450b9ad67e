"""Compiles the ``[poll]`` sections of profiles to plans. Every mistake is noted with its key; none stops the search."""

import difflib
import math
import re
from collections.abc import Iterable
from typing import Final, NamedTuple, get_args

from protocols.poll.plan.column_plan import ColumnMeaning, ColumnPlan, Words
from protocols.poll.plan.index_form import BadForm, IndexForm
from protocols.poll.plan.poll_plan import PollPlan, PollPlans, TimeNames
from protocols.poll.plan.position_form import PositionForm
from protocols.poll.plan.table_plan import TablePlan
from protocols.poll.section import PollColumn, PollLevel, PollSection, PollTable, ScheduleClass, Verified
from protocols.poll.states import DownCause, PartState
from protocols.profile import Profile, names
from protocols.profile_decoders import DECODERS
from protocols.snmp.errors import Unencodable
from protocols.snmp.oid import encode_oid

STANDARD: Final = "standard"
"""The plan that every other one begins with."""
MOST_TABLES: Final = 64
MOST_LEVELS: Final = 8

_SCHEDULES: Final[dict[ColumnMeaning, ScheduleClass]] = {
    "place": "identity",
    "state": "state",
    "cause": "down",
    "admin": "down",
    "serial": "identity",
    "name": "identity",
    "ont_rx": "optics",
    "olt_rx": "optics",
    "port_rx": "optics",
    "octets_in": "slow",
    "octets_out": "slow",
    "speed": "slow",
    "sensor": "slow",
}
"""The class of a column that names none."""
_MEANINGS: Final = tuple(meaning for meaning in get_args(ColumnMeaning) if meaning != "sensor")
_STATES: Final[tuple[PartState, ...]] = get_args(PartState)
_CAUSES: Final[tuple[DownCause, ...]] = tuple(cause for cause in get_args(DownCause) if cause)


class PlanMistake(NamedTuple):
    """A mistake in the section of one profile, at a key (``poll.huawei.tables.onts.state``)."""

    profile: str
    key: str
    message: str


def compile_plans(profiles: Iterable[Profile]) -> PollPlans:
    """The plans of these profiles. What is wrong is left out: ``plan_mistakes`` names it when the profiles are loaded."""
    plans, _ = _compile(profiles)
    return plans


def plan_mistakes(profiles: Iterable[Profile]) -> list[PlanMistake]:
    """Every mistake in the plans of these profiles."""
    _, mistakes = _compile(profiles)
    return mistakes


def _compile(profiles: Iterable[Profile]) -> tuple[PollPlans, list[PlanMistake]]:
    mistakes: list[PlanMistake] = []
    sections = [(profile, name, section) for profile in profiles for name, section in profile.poll.items()]
    base: PollPlan | None = None
    found: dict[str, PollPlan] = {}
    # The standard plan first: the others take its sensors and tables.
    for profile, name, section in sorted(sections, key=lambda each: each[1] != STANDARD):
        compiler = _PlanCompiler(profile, name, section, base, mistakes)
        plan = compiler.run()
        if plan.name in found:
            compiler.mistake("", f"a second plan {plan.name!r}: the profile {found[plan.name].profile!r} has it")
        elif section.enabled:
            found[plan.name] = plan
            if name == STANDARD:
                base = plan
    if base is None:
        # Without the shipped one a device has still its times.
        bare = Profile(name=STANDARD, poll={STANDARD: PollSection()})
        found[STANDARD] = _PlanCompiler(bare, STANDARD, bare.poll[STANDARD], None, []).run()
    return PollPlans(found.values()), mistakes


class _PlanCompiler:
    def __init__(
        self, profile: Profile, name: str, section: PollSection, base: PollPlan | None, mistakes: list[PlanMistake]
    ) -> None:
        self._profile, self._name, self._section, self._base = profile, name, section, base
        self._mistakes = mistakes

    def mistake(self, key: str, message: str) -> None:
        """Note one at a key of the plan; empty: the plan itself."""
        plan = f"poll.{_quoted(self._name)}"
        self._mistakes.append(PlanMistake(self._profile.name, f"{plan}.{key}" if key else plan, message))

    @property
    def plan_name(self) -> str:
        """The name by which a node's ``poll`` asks for the plan."""
        if self._name == STANDARD or len(self._profile.poll) == 1:
            return STANDARD if self._name == STANDARD else self._profile.name
        return f"{self._profile.name}/{self._name}"

    def run(self) -> PollPlan:
        section, profile = self._section, self._profile
        if len(section.tables) > MOST_TABLES:
            self.mistake("tables", f"{len(section.tables)} tables; at most {MOST_TABLES}")
        sensors = [
            column for quantity, each in section.sensors.items() if (column := self._sensor("sensors", quantity, each, "mib"))
        ]
        tables = [table for name, each in section.tables.items() if (table := self._table(name, each)) is not None]
        if self._base is not None:
            for name in section.without:
                if name not in {table.name for table in self._base.tables}:
                    self.mistake("without", f"{name!r} is no table of the standard plan")
            skip = {*section.tables, *section.without}
            tables += [table for table in self._base.tables if table.name not in skip]
            for name in section.unordered:
                if name not in {table.name for table in tables}:
                    self.mistake("unordered", f"{name!r} is no table of this plan")
            tables = [table.without_order() if table.name in section.unordered else table for table in tables]
            sensors += [each for each in self._base.sensors if each.quantity not in section.sensors]
        times = TimeNames(*(self._oid(key, getattr(section, key)) for key in TimeNames._fields))
        object_ids = section.sys_object_id or tuple(each for device in profile.devices for each in names(device.sys_object_id))
        for each in section.sys_object_id:
            self._oid("sys_object_id", each)
        return PollPlan(
            name=self.plan_name,
            profile=profile.name,
            sys_object_ids=() if self._name == STANDARD else object_ids,
            object_id=self._oid("object_id", section.object_id),
            probes=() if self._name == STANDARD else self._probes(),
            times=times,
            sensors=tuple(sensors),
            tables=tuple(tables),
        )

    def _probes(self) -> tuple[bytes, ...]:
        """The probe that the plan names, or the first column of each of its own tables, then its own scalars."""
        section = self._section
        if section.probe:
            return (self._oid("probe", section.probe),)
        own = [column.oid for table in section.tables.values() for column in _columns(table)[:1]]
        own += [column.oid.removesuffix(".0") for column in section.sensors.values()]
        return tuple(filter(None, (self._oid("", oid, quiet=True) for oid in own)))

    def _table(self, name: str, table: PollTable) -> TablePlan | None:
        at = f"tables.{_quoted(name)}"
        try:
            form = IndexForm(table.index, table.where)
        except BadForm as error:
            self.mistake(f"{at}.index", str(error))
            return None
        position = self._position(f"{at}.position", table.position, form, table.place)
        card = None
        if table.card:
            card = PositionForm(table.card)
            for each in card.names:
                if each not in form.names:
                    self.mistake(f"{at}.card", _none_of(each, form.names))
        columns = [
            column
            for meaning in _MEANINGS
            if (each := getattr(table, meaning)) is not None
            and (column := self._column(f"{at}.{meaning}", meaning, meaning, each, table.verified)) is not None
        ]
        columns += [
            column
            for quantity, each in table.sensors.items()
            if (column := self._sensor(f"{at}.sensors", quantity, each, table.verified)) is not None
        ]
        if not _columns(table):
            self.mistake(at, "a table without a column")
        if table.utilisation and (table.speed is None or table.octets_in is None):
            self.mistake(f"{at}.utilisation", "needs octets_in and speed")
        self._levels(f"{at}.utilisation", table.utilisation)
        return TablePlan(name, table.kind, form, position, card, tuple(columns), table.utilisation)

    def _position(self, key: str, written: str, form: IndexForm, place: PollColumn | None) -> PositionForm:
        position = PositionForm(written)
        if not written.endswith("}"):
            self.mistake(key, "must end with a name, whose number distinguishes the parts")
        parts = self._place_parts(key, place)
        for each in position.names:
            outer, _, inner = each.partition(".")
            if inner and outer == "place":
                if place is None:
                    self.mistake(key, f"{each} needs the column place")
                elif parts is not None and inner not in parts:
                    self.mistake(key, _none_of(inner, parts))
            elif each not in form.names:
                self.mistake(key, _none_of(each, form.names))
        if place is not None and not any("." in each for each in position.names):
            self.mistake(key, "does not use the column place")
        return position

    def _place_parts(self, key: str, place: PollColumn | None) -> tuple[str, ...] | None:
        """The names of a place's parts; None when it is wrong itself."""
        if place is None:
            return ()
        if place.pattern:
            try:
                return tuple(re.compile(place.pattern).groupindex)
            except re.error as error:
                self.mistake(key.removesuffix("position") + "place.pattern", f"no regular expression: {error}")
                return None
        decoder = DECODERS.get(place.decode)
        if decoder is None or decoder.inputs != 1 or not decoder.parts:
            known = sorted(name for name, each in DECODERS.items() if each.inputs == 1 and each.parts)
            self.mistake(key.removesuffix("position") + "place.decode", _none_of(place.decode, known))
            return None
        return tuple(sorted(decoder.parts))

    def _sensor(self, key: str, quantity: str, column: PollColumn, verified: Verified) -> ColumnPlan | None:
        return self._column(f"{key}.{_quoted(quantity)}", "sensor", quantity, column, verified)

    def _column(
        self, key: str, meaning: ColumnMeaning, quantity: str, column: PollColumn, verified: Verified
    ) -> ColumnPlan | None:
        oid = self._oid(f"{key}.oid", column.oid)
        words: dict[str, Words] = {}
        bits: list[tuple[int, Words]] = []
        if meaning in ("state", "cause", "admin"):
            for value, word in column.values.items():
                if (understood := self._word(f"{key}.values", meaning, word)) is not None:
                    words[value.strip().lower()] = understood
            for bit, word in column.bits.items():
                if not 1 <= bit <= 64:
                    self.mistake(f"{key}.bits", f"bit {bit} is not between 1 and 64")
                elif (understood := self._word(f"{key}.bits", meaning, word)) is not None:
                    bits.append((bit, understood))
            if not column.values and not column.bits:
                self.mistake(key, f"a column {meaning!r} needs values or bits")
        elif column.values or column.bits:
            self.mistake(key, "only state, cause and admin have values or bits")
        if column.signed_bits not in (0, 8, 16, 32):
            self.mistake(f"{key}.signed_bits", f"{column.signed_bits} is none of 8, 16, 32")
        if not (math.isfinite(column.scale) and column.scale and math.isfinite(column.offset)):
            self.mistake(f"{key}.scale", "scale is a number other than 0, and offset a number")
        if meaning != "place" and (column.decode or column.pattern):
            self.mistake(key, "only place has decode or pattern")
        self._levels(f"{key}.levels", column.levels)
        try:
            pattern = re.compile(column.pattern) if column.pattern else None
        except re.error:
            pattern = None  # ``_place_parts`` says so.
        if not oid:
            return None
        return ColumnPlan(
            meaning,
            quantity,
            oid,
            column.schedule or _SCHEDULES[meaning],
            words=words,
            bits=tuple(bits),
            invalid=column.invalid,
            signed_bits=column.signed_bits,
            scale=column.scale,
            offset=column.offset,
            milliwatt=column.milliwatt,
            decode=column.decode,
            pattern=pattern,
            unit=column.unit,
            levels=column.levels,
            verified=column.verified or verified,
        )

    def _word(self, key: str, meaning: ColumnMeaning, word: str) -> Words | None:
        if meaning != "cause":
            for state in _STATES:
                if word == state:
                    return state, ""
        if meaning != "admin":
            for cause in _CAUSES:
                if word == cause:
                    return "down", cause
        allowed = (*_STATES, *_CAUSES) if meaning == "state" else _STATES if meaning == "admin" else _CAUSES
        self.mistake(key, _none_of(word, allowed))
        return None

    def _levels(self, key: str, levels: tuple[PollLevel, ...]) -> None:
        if len(levels) > MOST_LEVELS:
            self.mistake(key, f"{len(levels)} levels; at most {MOST_LEVELS}")
        for number, level in enumerate(levels):
            at = f"{key}[{number}]"
            if (level.above is None) == (level.below is None):
                self.mistake(at, "needs either above or below")
            elif level.release is not None and (
                level.release > level.above if level.above is not None else level.release < (level.below or 0.0)
            ):
                self.mistake(f"{at}.release", "lies beyond the threshold")
            if level.dwell_seconds < 0:
                self.mistake(f"{at}.dwell_seconds", "is below 0")

    def _oid(self, key: str, dotted: str, *, quiet: bool = False) -> bytes:
        """Content octets; none for an empty OID, or a wrong one, which is a mistake."""
        if not dotted:
            return b""
        try:
            return encode_oid(dotted)
        except Unencodable as error:
            if not quiet:
                self.mistake(key, str(error))
            return b""


def _columns(table: PollTable) -> list[PollColumn]:
    """All columns of a table, the state first."""
    found = [each for meaning in ("state", *_MEANINGS) if (each := getattr(table, meaning)) is not None]
    return [*found, *table.sensors.values()]


def _none_of(word: str, words: Iterable[str]) -> str:
    known = list(words)
    close = difflib.get_close_matches(word, known, 1)
    hint = f"; did you mean {close[0]!r}?" if close else ""
    return f"{word!r} is none of {', '.join(known)}{hint}"


def _quoted(name: str) -> str:
    return name if re.fullmatch(r"[A-Za-z0-9_-]+", name) else f'"{name}"'

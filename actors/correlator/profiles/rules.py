"""Rules in the form in which the engine runs them: built once, then only read."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime, timezone

from actors.correlator.profiles.conditions import Check
from actors.correlator.profiles.layout import Columns
from actors.correlator.profiles.scope import Take, TakeRaw, TrapScope, columns_of
from actors.correlator.profiles.templates import Template
from actors.correlator.profiles.values import ValueReader
from protocols.event import Trap
from protocols.finding import Finding
from protocols.optical_power import Quantity
from protocols.profile import Kind
from protocols.profile_decoders import Raw


@dataclass(frozen=True, slots=True)
class ChoiceRule:
    """A table with texts of a value as keys. The answer is empty if neither the table nor ``otherwise`` has one."""

    take: Take
    table: Mapping[str, str]
    otherwise: str

    def pick(self, scope: TrapScope) -> str:
        """The answer, empty if there is none."""
        value = self.take.of(scope)
        if value is None:
            return self.otherwise
        return self.table.get(str(value), self.otherwise)


@dataclass(frozen=True, slots=True)
class ResourceRule:
    """How to name a resource; ``fallback`` is the less specific one."""

    type: str
    label: str
    paths: tuple[Template, ...]
    fallback: "ResourceRule | None"
    name: Template | None
    serial: Template | None
    names: tuple[Template, ...] = ()
    """The names of an interface: ifName, ifDescr, ifAlias."""


@dataclass(frozen=True, slots=True)
class TimeRule:
    """The place of the device's own time, and how far it may differ from the receipt."""

    take: TakeRaw
    decode: Callable[[Raw], datetime]
    zone: timezone | None
    max_behind: int
    max_ahead: int


@dataclass(frozen=True, slots=True)
class ProfileRule:
    """The names and times of one profile, which its rules share."""

    name: str
    readers: Mapping[str, ValueReader]
    columns: Columns
    times: tuple[TimeRule, ...]

    def scope(self, trap: Trap) -> TrapScope:
        """``trap`` as the profile sees it."""
        varbinds = columns_of(trap)
        layout, _ = self.columns.layout(varbinds[0])
        return TrapScope(trap, varbinds, layout.places)


@dataclass(frozen=True, slots=True)
class OpticalPowerRule:
    """The place of an optical power, and how its number becomes dBm."""

    what: Quantity
    name: str
    take: Take
    checks: tuple[Check, ...]
    invalid: frozenset[float]
    scale: float
    offset: float


@dataclass(frozen=True, slots=True)
class CompiledTrapRule:
    """The result of a trap whose conditions hold."""

    profile: ProfileRule
    name: str
    kind: Kind | ChoiceRule
    findings: Mapping[Kind, Finding]
    """The findings by kind, without the values that depend on the trap."""
    resource: ResourceRule | ChoiceRule
    resources: Mapping[str, ResourceRule]
    severity_by: ChoiceRule | None
    graded: bool
    """Whether the alarm has the severity that the device sends. If not, only ``cleared`` counts."""
    qualifier: Template | None
    title: Template | None
    description: Template | None
    recommended_action: Template | None
    vendor_cause: Template | None
    """These five are None where they use no value of the trap."""
    varies: bool
    """Whether one of the last four uses a value of the trap, or there is optical power to read."""
    metadata: tuple[tuple[str, Take], ...]
    """(name as written, value)"""
    light: tuple[OpticalPowerRule, ...]


@dataclass(frozen=True, slots=True)
class Candidate:
    """A rule, or a family's table of rules, under conditions, for one trap OID."""

    profile: ProfileRule
    name: str
    priority: int
    key: str
    """The key of the rule in its file."""
    checks: tuple[Check, ...]
    rule: CompiledTrapRule | None
    code: Take | None
    codes: Mapping[str, CompiledTrapRule]
    otherwise: CompiledTrapRule | None
    go_on: bool

    def match(self, scope: TrapScope) -> CompiledTrapRule | None:
        """The rule that applies to this trap; None if a condition fails or the code is unknown."""
        for check in self.checks:
            if not check.holds(scope):
                return None
        if self.code is None:
            return self.rule
        code = self.code.of(scope)
        scope.code = code
        if code is None:
            return None
        return self.codes.get(str(code), self.otherwise)

    def refusal(self, scope: TrapScope) -> str:
        """The reason for which ``match`` gave None, in words."""
        for check in self.checks:
            if not check.holds(scope):
                found = check.take.of(scope)
                return f"{self.name}: {check.shown} does not hold: it is {'absent' if found is None else repr(found)}"
        if self.code is not None:
            code = self.code.of(scope)
            return f"{self.name}: " + ("no code in the trap" if code is None else f"code {code} is not in the table")
        return f"{self.name}: matches"

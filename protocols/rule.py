"""Operators' rules: correlation, suppression, escalation and flapping.

The same Struct is a ``[[rules]]`` table of ``config/rules/*.toml`` and the body of ``POST /alarm-rules``.
:mod:`actors.correlator.rules` checks the conditions when the rule is written.
"""

from datetime import datetime
from typing import Annotated, Any, Literal

from msgspec import UNSET, Meta, Struct, UnsetType, field

from protocols.origin import Origin
from protocols.rest_fields import Line, Name, OptionalLine, RaisedSeverity, Tags, Text

RuleType = Literal["correlation", "suppression", "escalation", "flapping"]
CountOf = Literal["alarms", "occurrences"]
EscalationHold = Literal["acknowledged", "cleared"]
Whole = Annotated[int, Meta(ge=-(2**63), le=2**63 - 1)]
"""The ledger has integers of 64 bits."""
Scalar = bool | Whole | float | Annotated[str, Meta(max_length=1_000)]
Bound = Whole | float | Annotated[str, Meta(max_length=1_000)]
Scalars = Annotated[tuple[Scalar, ...], Meta(max_length=1_000)]
Seconds = Annotated[float, Meta(gt=0, le=604_800)]
Wait = Annotated[float, Meta(ge=0, le=2_592_000)]

Priority = Annotated[int, Meta(ge=-1_000_000, le=1_000_000)]

WINDOW = 300.0
"""Seconds of a rule that names no ``time_window``."""


class FieldTest(
    Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, omit_defaults=True, rename={"in_": "in", "not_": "not"}
):
    """A condition on one field; all that is given must hold. A missing field fails all but ``present = false`` and ``not``."""

    __test__ = False

    equals: Scalar | None = None
    in_: Scalars | None = None
    """Any of these."""
    gt: Bound | None = None
    gte: Bound | None = None
    lt: Bound | None = None
    lte: Bound | None = None
    """Ranges of numbers; of ``severity`` too, where more severe is more."""
    regex: Annotated[str, Meta(min_length=1, max_length=1_000)] | None = None
    """Searched in the text; RE2 syntax, in linear time."""
    present: bool | None = None
    not_: "Scalar | Scalars | FieldTest | None" = None


Condition = Scalar | Scalars | FieldTest
Matcher = Annotated[dict[Name, Condition], Meta(max_length=50)]
"""Field → condition; all must hold. Fields are those of an alarm, ``metadata.KEY``, ``node.KEY`` and ``topology.TYPE``."""


class Conditions(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, omit_defaults=True):
    """The alarms to which a rule applies. A correlation has ``parent`` and ``child``, or ``sequence``, or ``match``; the other
    types have ``match``."""

    match: Matcher | None = None
    parent: Matcher | None = None
    child: Matcher | None = None
    sequence: Annotated[tuple[Matcher, ...], Meta(min_length=2, max_length=8)] | None = None
    """One after the other within the time window."""
    absent: Matcher | None = None
    """With ``match``: only when no such alarm is raised within the time window after it."""
    count: Annotated[int, Meta(ge=2, le=1_000)] | None = None
    """Number within the time window: alarms for a correlation; raises and clears of one alarm for flapping."""
    count_of: CountOf | None = None
    """For a correlation, ``count`` counts different alarms (the default), or every report including repeats of one alarm."""
    same: Annotated[tuple[Name, ...], Meta(max_length=8)] = ()
    """Fields whose values the alarms must share. An alarm without a value shares none."""


class Actions(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, omit_defaults=True):
    """The actions of a rule. Each type of rule takes only its own actions."""

    mark_parent_as_root_cause: bool | None = None
    """Correlation: the parent (or group alarm) is marked as the cause. Default true."""
    suppress_child_alarms: bool | None = None
    """Correlation: the parent suppresses its children. Default true."""
    create_correlation_id: bool | None = None
    """Correlation: parent and children share a correlation id. Default true."""
    alarm_type: Name | None = None
    """Correlation by ``match`` or ``sequence``: raise a group alarm of this type, whose children the others become."""
    severity: RaisedSeverity | None = None
    """Severity of the group alarm (default: the worst of its members). Escalation: raise the alarm to it, never lower."""
    title: Line | None = None
    description: Text | None = None
    recommended_action: Text | None = None
    suppress: bool | None = None
    """Suppression: false exempts what it matches from suppression rules after it. Default true."""
    after_seconds: Wait | None = None
    """Escalation: this long after the raise."""
    unless: EscalationHold | None = None
    """Escalation: what keeps it from happening. Default ``acknowledged`` (a clear does too)."""
    assign_to: Name | None = None
    """Escalation: who gets an alarm that nobody has."""
    add_tags: Tags | None = None
    notify: bool | None = None
    """Escalation: request another notification."""
    quiet_seconds: Seconds | None = None
    """Flapping: over when nothing has changed for so long. Default: the time window."""


class Rule(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, omit_defaults=True):
    """One rule. Of two that contradict each other the one of higher ``priority`` wins, of equal ones the first by name."""

    name: Name
    type: RuleType
    description: OptionalLine = ""
    enabled: bool = True
    priority: Priority = 0
    tenant_id: Annotated[Name | None, Meta(description="Only this tenant's alarms; null: every tenant's")] = None
    time_window: Annotated[Seconds, Meta(description="Seconds")] = WINDOW
    conditions: Conditions
    actions: Actions = field(default_factory=Actions)


class RuleEdited(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Fields of a rule to change; what is left out stays. ``conditions`` and ``actions`` are replaced whole."""

    name: Name | UnsetType = UNSET
    description: OptionalLine | UnsetType = UNSET
    enabled: bool | UnsetType = UNSET
    priority: Priority | UnsetType = UNSET
    tenant_id: Name | UnsetType | None = UNSET
    time_window: Seconds | UnsetType = UNSET
    conditions: Conditions | UnsetType = UNSET
    actions: Actions | UnsetType = UNSET

    def given(self) -> dict[str, Any]:
        """New values by field."""
        named = ((name, getattr(self, name)) for name in self.__struct_fields__)
        return {name: value for name, value in named if value is not UNSET}


class RuleRecord(Struct, frozen=True, kw_only=True):
    """A rule as faultd holds it. Rules from files are changed in their files; only ``enabled`` can be set by the API."""

    id: str
    rule: Rule
    origin: Origin
    created_at: datetime
    updated_at: datetime
    updated_by: str
    error: str = ""
    """The reason for which the rule is not in force: this version does not accept it any more."""
    revision: int = 1
    """1 when the rule is written; each change adds 1, by a command or in the rule's file."""
    switched: bool = False
    """``enabled`` of a rule of a file was set through the API: the file does not change it."""

"""Notification policies: which causes are told to whom, by which channel, and which of them get a ticket.

The same Struct is a ``[[policies]]`` table of ``config/policies/*.toml`` and the body of ``POST /notification-policies``.
The words are those of Alertmanager: a route matches, ``continue`` looks at the next one too, ``group_by`` names the fields that
the causes of one message share.
"""

from datetime import datetime
from typing import Annotated, Any, Literal

from msgspec import UNSET, Meta, Struct, UnsetType, field

from protocols.dispatch.channel import Channel
from protocols.dispatch.quiet_hours import LocalHours, QuietHours
from protocols.origin import Origin
from protocols.rest_fields import Line, Name, OptionalLine
from protocols.rule import Matcher, Priority

Span = Annotated[float, Meta(ge=0, le=2_592_000)]
"""Seconds, at most 30 days."""
TicketPriority = Literal["critical", "high", "medium", "low"]
Until = Literal["acknowledged", "resolved"]


class TicketTerms(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, omit_defaults=True):
    """The ticket that a policy wants. What is not given follows from the cause: the priority from its severity and the
    customers affected, the team from its resource type, the category from its alarm type."""

    priority: TicketPriority | None = None
    team: Name | None = None
    category: Name | None = None
    close: bool = True
    """Close it when the cause has ended."""
    resolve_alarm: bool = False
    """Resolve the alarm when a person closes the ticket."""


class EscalationStep(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, omit_defaults=True):
    """One step of an escalation: ``after_seconds`` from the first notification, unless the cause is acknowledged (or only when
    it is resolved) by then. A step has ``to``, or ``ticket``, or both."""

    after_seconds: Span
    to: Name | None = None
    channel: Channel | None = None
    """None: the first method of the person told."""
    until: Until = "acknowledged"
    hours: LocalHours | None = None
    """Only at these times; a step that is due outside of them waits for their begin."""
    time_zone: Name | None = None
    """Of ``hours``; None: that of the route."""
    template: OptionalLine = ""
    ticket: TicketTerms | None = None
    """The cause gets a ticket, if it has none."""

    def __post_init__(self) -> None:
        if self.to is None and self.ticket is None:
            raise ValueError("a step has to, or ticket, or both")
        if self.to is None and (self.channel is not None or self.template):
            raise ValueError("to: is missing; channel and template are of a message")


class PolicyAction(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, omit_defaults=True):
    """Exactly one of: a message (``channel`` and ``to``), a ``ticket``, or the steps of an escalation (``escalate``)."""

    channel: Channel | None = None
    to: Name | None = None
    template: OptionalLine = ""
    before_seconds: Span | None = None
    """Of planned maintenance: the message is sent so long before it begins. None: two days, 172,800."""
    ticket: TicketTerms | None = None
    escalate: Annotated[tuple[EscalationStep, ...], Meta(min_length=1, max_length=50)] | None = None

    def __post_init__(self) -> None:
        told = self.channel is not None or self.to is not None
        if told + (self.ticket is not None) + (self.escalate is not None) != 1:
            raise ValueError("an action has channel and to, or ticket, or escalate")
        if told and (self.channel is None or self.to is None):
            raise ValueError(f"{'channel' if self.channel is None else 'to'}: is missing")


GroupField = Annotated[str, Meta(min_length=1, max_length=200)]


class Route(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, omit_defaults=True):
    """A node of the routing tree. A cause that matches goes to the first of ``routes`` that matches too (to the ones behind it
    as well where that one says ``continue``), and to this route's own actions when none does."""

    match: Matcher = {}
    """Of the notified cause: fields of its alarm, and ``subject``, ``kind``, ``area``, ``customer_tier``, ``service_type``."""
    continue_: bool = field(name="continue", default=False)
    group_by: Annotated[tuple[GroupField, ...], Meta(max_length=8)] | None = None
    """None: that of the route above; of a policy ``("alarm_id",)``, a message for each cause."""
    group_wait: Span | None = None
    """Seconds on top of the hold-down before the first message of a group. None: that of the route above, or 0."""
    group_interval: Span | None = None
    """Seconds between two messages of a group. None: that of the route above, or 300."""
    repeat_interval: Span | None = None
    """Seconds after which an open cause that nobody acknowledged is told again; 0: never. None: that of the route above, or
    14,400."""
    hours: LocalHours | None = None
    """The route matches at these times only."""
    quiet_hours: QuietHours | None = None
    time_zone: Name | None = None
    """Of ``hours`` and ``quiet_hours``. None: that of the route above, or UTC."""
    actions: Annotated[tuple[PolicyAction, ...], Meta(max_length=50)] = ()
    routes: Annotated[tuple["Route", ...], Meta(max_length=100)] = ()


class NotificationPolicy(Route, frozen=True, kw_only=True, forbid_unknown_fields=True, omit_defaults=True):
    """The root of one routing tree. Policies are asked in the order of their ``priority``, the highest first, then of their
    names. The next ones are asked too unless a matching policy says ``"continue": false``; other than that of a route, its
    default is true."""

    name: Line
    description: OptionalLine = ""
    enabled: bool = True
    priority: Priority = 0
    tenant_id: Name | None = None
    """None: the causes of every tenant."""
    continue_: bool = field(name="continue", default=True)
    if_configured: bool = False
    """Actions that tell an address by a channel that the configuration lacks are left out, without a note for each cause."""


class PolicyEdited(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Fields of a policy to change (PATCH); UNSET leaves one as it is."""

    name: Line | UnsetType = UNSET
    description: OptionalLine | UnsetType = UNSET
    enabled: bool | UnsetType = UNSET
    priority: Priority | UnsetType = UNSET
    match: Matcher | UnsetType = UNSET
    continue_: bool | UnsetType = field(name="continue", default=UNSET)
    group_by: Annotated[tuple[GroupField, ...], Meta(max_length=8)] | UnsetType | None = UNSET
    group_wait: Span | UnsetType | None = UNSET
    group_interval: Span | UnsetType | None = UNSET
    repeat_interval: Span | UnsetType | None = UNSET
    hours: LocalHours | UnsetType | None = UNSET
    quiet_hours: QuietHours | UnsetType | None = UNSET
    time_zone: Name | UnsetType | None = UNSET
    actions: Annotated[tuple[PolicyAction, ...], Meta(max_length=50)] | UnsetType = UNSET
    routes: Annotated[tuple[Route, ...], Meta(max_length=100)] | UnsetType = UNSET
    if_configured: bool | UnsetType = UNSET

    def given(self) -> dict[str, Any]:
        """New values by field."""
        named = ((name, getattr(self, name)) for name in self.__struct_fields__)
        return {name: value for name, value in named if value is not UNSET}


class PolicyRecord(Struct, frozen=True, kw_only=True):
    """A policy as it is kept."""

    id: str
    """``NP`` and the offset of the Event that made it; of a file's policy ``file:`` and a form of its name."""
    policy: NotificationPolicy
    origin: Origin = "api"
    created_at: datetime
    updated_at: datetime
    updated_by: str
    revision: int = 1
    key: str = ""
    """The idempotency key of the request that made it."""
    switched: bool = False
    """``enabled`` of a policy of a file was set through the API: the file does not change it."""

    @property
    def tenant_id(self) -> str | None:
        """None: for every tenant."""
        return self.policy.tenant_id

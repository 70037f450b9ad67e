"""Bodies of the REST API about notification policies. The body of a new policy is
:class:`protocols.dispatch.policy.NotificationPolicy`, that of a change :class:`protocols.dispatch.policy.PolicyEdited`."""

from datetime import datetime
from typing import Annotated, Any

from msgspec import Meta, Struct, field

from protocols.dispatch.notification import MessageKind
from protocols.dispatch.policy import PolicyAction, PolicyRecord, Route
from protocols.dispatch.policy_trial import PolicyDoubts
from protocols.dispatch.quiet_hours import LocalHours, QuietHours
from protocols.origin import Origin
from protocols.rest_body import Body, PageQuery, fields_for
from protocols.rest_fields import Name, Time, check_metadata, check_time
from protocols.rule import Matcher


class NotificationPoliciesQuery(PageQuery, frozen=True, kw_only=True):
    """The query of the list of policies."""

    enabled: bool | None = None
    tenant_id: Annotated[Name | None, Meta(description="Policies of this tenant, without those of every tenant")] = None


class NotificationPolicyShown(Struct, frozen=True, kw_only=True):
    """A policy. ``origin`` ``file``: it is written in a file of config/policies, and only ``enabled`` can be changed here."""

    id: str
    name: str
    description: str
    enabled: bool
    priority: int
    tenant_id: str | None
    match: Matcher
    continue_: bool = field(name="continue")
    group_by: tuple[str, ...] | None
    group_wait: Annotated[float | None, Meta(description="Seconds")]
    group_interval: Annotated[float | None, Meta(description="Seconds")]
    repeat_interval: Annotated[float | None, Meta(description="Seconds")]
    hours: LocalHours | None
    quiet_hours: QuietHours | None
    time_zone: str | None
    actions: tuple[PolicyAction, ...]
    routes: tuple[Route, ...]
    if_configured: bool
    origin: Origin
    created_at: datetime
    updated_at: datetime
    updated_by: str
    revision: Annotated[int, Meta(description="1 when the policy is written; each change adds 1")]
    error: Annotated[str, Meta(description="Why it is not in force although enabled; empty when it is")]
    warnings: Annotated[
        tuple[str, ...], Meta(description="Each `to` that reaches nobody now, each channel and template that is not configured")
    ]


class NotificationPolicyPage(Struct, frozen=True):
    """Policies in the order in which they are asked, and the cursor of the next page (null on the last)."""

    items: tuple[NotificationPolicyShown, ...]
    next_cursor: str | None = None


class PolicyTry(Body, frozen=True, kw_only=True):
    """A cause on which the policies are tried: an alarm, or fields as policies match them, or both."""

    alarm_id: Annotated[Name | None, Meta(description="`alarm_id` or `id` of an alarm")] = None
    fields: Annotated[
        dict[Name, Any],
        Meta(max_length=100, description="Fields on top of those of the alarm, such as `severity`, `area`, `metadata.KEY`"),
    ] = field(default_factory=dict)
    kind: MessageKind = "raised"
    at: Annotated[Time | None, Meta(description="The time at which it is tried; null: now")] = None
    tenant_id: Annotated[
        Name | None, Meta(description="The cause's tenant; null: the alarm's, the token's, or the default")
    ] = None

    def __post_init__(self) -> None:
        check_time("at", self.at)
        check_metadata("fields", self.fields)


def shown(record: PolicyRecord, doubts: PolicyDoubts) -> NotificationPolicyShown:
    """A policy as REST shows it."""
    return NotificationPolicyShown(
        **fields_for(NotificationPolicyShown, record.policy),
        **fields_for(NotificationPolicyShown, record),
        error=doubts.error,
        warnings=doubts.warnings,
    )

"""Bodies of the REST API about rules. The body of a new rule is :class:`protocols.rule.Rule`, that of a change
:class:`protocols.rule.RuleEdited`."""

from datetime import datetime
from typing import Annotated

from msgspec import Meta, Struct

from protocols.origin import Origin
from protocols.rest_body import PageQuery, fields_for
from protocols.rest_fields import Name
from protocols.rule import Actions, Conditions, RuleRecord, RuleType


class RulesQuery(PageQuery, frozen=True, kw_only=True):
    """The query of the list of rules."""

    type: tuple[RuleType, ...] = ()
    enabled: bool | None = None
    tenant_id: Annotated[Name | None, Meta(description="Rules of this tenant, without those of every tenant")] = None


class RuleShown(Struct, frozen=True, kw_only=True):
    """A rule. ``origin`` ``file``: it is written in a file of config/rules, and only ``enabled`` can be changed here."""

    id: str
    name: str
    type: RuleType
    description: str
    enabled: bool
    priority: int
    tenant_id: str | None
    time_window: Annotated[float, Meta(description="Seconds")]
    conditions: Conditions
    actions: Actions
    origin: Origin
    created_at: datetime
    updated_at: datetime
    updated_by: str
    revision: Annotated[int, Meta(description="1 when the rule is written; each change adds 1")]
    error: Annotated[str, Meta(description="Why it is not in force although enabled; empty when it is")]


class RulePage(Struct, frozen=True):
    """Rules in the order in which they are asked, and the cursor of the next page (null on the last)."""

    items: tuple[RuleShown, ...]
    next_cursor: str | None = None


def shown(record: RuleRecord) -> RuleShown:
    """A rule as REST shows it."""
    return RuleShown(**fields_for(RuleShown, record.rule), **fields_for(RuleShown, record))

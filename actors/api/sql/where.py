"""Conditions of a SELECT with their arguments, and those of an alarm filter."""

import re
from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Any

from actors.api.keyset import Order
from protocols.alarm_match import SEARCHED
from protocols.query import AlarmFilter, Place

_UNTEXT = re.compile("[\x00\ud800-\udfff]")
_REPLACEMENT = "\ufffd"
_WILDCARD = re.compile(r"[\\%_]")
_ESCAPED = r"\\\g<0>"
_EQUAL = (
    "resource_type",
    "resource_id",
    "assigned_to",
    "ticket_id",
    "parent_alarm_id",
    "correlation_id",
    "is_root_cause",
)


class Where:
    """Conditions joined by AND, and their arguments."""

    def __init__(self, args: list[Any] | None = None) -> None:
        """``args``: those of a statement to which this belongs."""
        self.conditions: list[str] = []
        self.args: list[Any] = [] if args is None else args

    def parameter(self, value: Any) -> str:
        """The name (``$n``) of a new argument. Text is made what the store would have made of it."""
        if isinstance(value, str):
            value = _UNTEXT.sub(_REPLACEMENT, value)
        self.args.append(value)
        return f"${len(self.args)}"

    def equal(self, column: str, value: Any) -> None:
        if value is not None:
            self.conditions.append(f"{column} = {self.parameter(value)}")

    def any_of(self, column: str, values: Sequence[str]) -> None:
        if len(values) == 1:
            # Equality leaves the rest of an index usable for the order; ANY does not.
            self.equal(column, values[0])
        elif values:
            self.conditions.append(f"{column} = ANY ({self.texts(values)})")

    def texts(self, values: Iterable[str]) -> str:
        """A new argument that is an array of text."""
        return f"{self.parameter([_UNTEXT.sub(_REPLACEMENT, value) for value in values])}::text[]"

    def between(self, column: str, since: datetime | None, before: datetime | None) -> None:
        if since is not None:
            self.conditions.append(f"{column} >= {self.parameter(since)}")
        if before is not None:
            self.conditions.append(f"{column} < {self.parameter(before)}")

    def behind(self, order: Order, cursor: str | None, *, coarse: bool = True) -> None:
        if cursor is not None:
            names = [self.parameter(value) for value in order.decode(cursor)]
            self.conditions.append(order.behind(names, coarse=coarse))

    def sql(self) -> str:
        return " AND ".join(self.conditions) or "true"


def alarm_where(wanted: AlarmFilter, tenant: str | None, args: list[Any] | None = None, *, coarse: bool = True) -> Where:
    """The conditions of ``wanted`` within the caller's ``tenant``. ``coarse``: the table has ``last_minute``."""
    where = Where(args)
    where.equal("tenant_id", tenant)
    if wanted.tenant_id != tenant:
        where.equal("tenant_id", wanted.tenant_id)
    for column in ("severity", "status", "source", "alarm_type"):
        where.any_of(column, getattr(wanted, column))
    for column in _EQUAL:
        where.equal(column, getattr(wanted, column))
    for column, values in (
        ("tags && {}", wanted.tag),
        ("affected_customers @> {}", _one(wanted.customer_id)),
        ("affected_services @> {}", _one(wanted.service_id)),
    ):
        if values:
            where.conditions.append(column.format(where.texts(values)))
    if wanted.acknowledged is not None:
        where.conditions.append(f"acknowledged_at IS {'NOT NULL' if wanted.acknowledged else 'NULL'}")
    if wanted.view == "causes":
        where.conditions.append("parent_alarm_id IS NULL")
    for place in wanted.places:
        where.conditions.append(_in_place(where, place))
    where.between("last_occurrence", wanted.since, wanted.before)
    where.between("first_occurrence", wanted.raised_from, wanted.raised_to)
    if coarse:
        _last_minute(where, wanted)
    for word in (wanted.text or "").split():
        pattern = where.parameter("%" + _WILDCARD.sub(_ESCAPED, word) + "%")
        where.conditions.append(f"({' OR '.join(f'{column} ILIKE {pattern}' for column in SEARCHED)})")
    return where


def _last_minute(where: Where, wanted: AlarmFilter) -> None:
    """Implied by the bounds of the occurrences, and what the indexes have."""
    since = wanted.since or wanted.raised_from
    if since is not None:
        where.conditions.append(f"last_minute > {where.parameter(since)}::timestamptz - interval '1 minute'")
    if wanted.before is not None:
        where.conditions.append(f"last_minute < {where.parameter(wanted.before)}")


def _in_place(where: Where, place: Place) -> str:
    nodes = where.texts(sorted(place.nodes))
    within = [f"resource_id LIKE {where.parameter(_WILDCARD.sub(_ESCAPED, root) + '/%')}" for root in place.roots]
    return f"({' OR '.join([f'resource_id = ANY ({nodes})', f'device_id = ANY ({nodes})', *within])})"


def _one(value: str | None) -> tuple[str, ...]:
    return () if value is None else (value,)

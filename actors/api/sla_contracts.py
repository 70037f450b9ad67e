"""Bodies about instances as the contracts that the fold keeps, and back. Pure: no clock, no channel."""

import re
from collections.abc import Callable
from datetime import date, datetime
from decimal import Decimal
from typing import Any
from zoneinfo import ZoneInfo

import msgspec
from msgspec import UNSET

from actors.api.exact_numbers import ExactNumbers
from protocols.rest_body import fields_for
from protocols.rest_sla_instances import InstanceCreate, InstanceEdit, InstanceShown
from protocols.sla.currency import minor_digits_of
from protocols.sla.definition import SlaDefinition
from protocols.sla.instance import InstanceEdited, InstancePlan, SlaInstance
from protocols.sla.local_time import SECOND, instant_at, midnight, utc_time, wall_time
from protocols.sla.view import LiveInstance

_ON_THE_WIRE = {"definition_id": "sla_definition_id", "start": "start_date", "end": "end_date"}
_DATE = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}")
DefinitionLookup = Callable[[str], SlaDefinition | None]
"""A definition that the caller sees, by its id."""


def plan_of(
    body: InstanceCreate,
    definitions: DefinitionLookup,
    tenant_of: Callable[[SlaDefinition], str],
    now: datetime,
    place: str = "",
) -> InstancePlan:
    """A new instance as the fold is asked for it. ``tenant_of``: the tenant of an instance of this definition. ``place`` stands
    in front of the fields. ProblemError 422 naming every field that is wrong."""
    numbers = ExactNumbers(place)
    definition = definitions(body.sla_definition_id)
    if definition is None or definition.deleted_at is not None:
        numbers.wrong("sla_definition_id", f"there is no definition {body.sla_definition_id[:60]!r}")
        raise numbers.problem()
    zone = ZoneInfo(definition.terms.period.zone)
    model = definition.terms.credits
    currency = body.currency or (model.currency if model is not None else "")
    start = body.start_date or wall_time(instant_at(now), zone).date().isoformat()
    plan = InstancePlan(
        tenant_id=tenant_of(definition),
        definition_id=definition.id,
        customer_id=body.customer_id,
        service_id=body.service_id,
        customer_name=body.customer_name,
        resources=body.resources,
        start=instant_of_day(numbers, "start_date", start, zone),
        end=None if body.end_date is None else instant_of_day(numbers, "end_date", body.end_date, zone),
        monthly_fee=_fee(numbers, body.monthly_fee, currency),
        currency=currency,
        minor_digits=minor_digits_of(currency),
        account_manager=body.account_manager,
    )
    numbers.check()
    return plan


def edit_of(body: InstanceEdit, before: SlaInstance, definition: SlaDefinition) -> InstanceEdited:
    """Fields of ``before`` to change; ``definition``: the one that it has or gets. ProblemError 422 as for :func:`plan_of`."""
    numbers = ExactNumbers()
    fields: dict[str, Any] = fields_for(InstanceEdited, body)
    zone = ZoneInfo(definition.terms.period.zone)
    if body.sla_definition_id is not UNSET:
        fields["definition_id"] = body.sla_definition_id
    if body.start_date is not UNSET:
        fields["start"] = instant_of_day(numbers, "start_date", body.start_date, zone)
    if body.end_date is not UNSET:
        fields["end"] = None if body.end_date is None else instant_of_day(numbers, "end_date", body.end_date, zone)
    currency = before.currency if body.currency is UNSET else body.currency
    if body.currency is not UNSET and minor_digits_of(currency) != before.minor_digits:
        fields["minor_digits"] = minor_digits_of(currency)
        if body.monthly_fee is UNSET and before.monthly_fee:
            numbers.wrong("monthly_fee", f"is missing: {currency} has other minor units than {before.currency}")
    if body.monthly_fee is not UNSET:
        fields["monthly_fee"] = _fee(numbers, body.monthly_fee, currency)
    numbers.check()
    return InstanceEdited(**fields)


def instant_of_day(numbers: ExactNumbers, field: str, text: str, zone: ZoneInfo) -> int:
    """The midnight of a date in ``zone``, or the instant of a time; a time without an offset is one of ``zone``."""
    try:
        if _DATE.fullmatch(text):
            return midnight(date.fromisoformat(text), zone)
        at = msgspec.convert(text, datetime)
    except (ValueError, msgspec.ValidationError, OverflowError):
        numbers.wrong(
            field, f"{text!r} is neither a date such as 2026-03-01 nor a time such as 2026-03-01T12:00:00Z (RFC 3339)"
        )
        return 0
    if not 2 <= at.year <= 9998:
        numbers.wrong(field, f"{text!r} is not between 1970 and 2200")
        return 0
    return instant_at(at if at.tzinfo is not None else at.replace(tzinfo=zone))


def shown(live: LiveInstance, now: datetime) -> InstanceShown:
    """An instance as REST shows it."""
    instance, definition = live.instance, live.definition
    zone, at = ZoneInfo(definition.terms.period.zone), instant_at(now)
    money = 10**instance.minor_digits
    ahead = None if live.breaches_at is None else live.breaches_at - at
    return InstanceShown(
        **fields_for(InstanceShown, instance)
        | {
            "monthly_fee": instance.monthly_fee / money,
            "edited": tuple(_ON_THE_WIRE.get(each, each) for each in instance.edited if each != "minor_digits"),
        },
        sla_definition_id=instance.definition_id,
        definition_name=definition.terms.name,
        definition_version=definition.version,
        placed=live.placed,
        start_date=_day_text(instance.start, zone),
        end_date=None if instance.end is None else _day_text(instance.end, zone),
        status=live.status,
        reason=live.reason,
        period_start=_moment(live.period_start),
        period_end=_moment(live.period_end),
        current_availability=None if live.availability is None else live.availability / 1_000_000,
        total_downtime=(live.planned + live.unplanned) / SECOND,
        planned_downtime=live.planned / SECOND,
        unplanned_downtime=live.unplanned / SECOND,
        unknown_time=live.unknown / SECOND,
        error_budget=None if live.budget_left is None else live.budget_left / SECOND,
        breach_count=live.breaches,
        credit_amount=live.credit / 10**live.credit_digits,
        penalty_amount=live.uncapped / 10**live.credit_digits,
        breaches_at=_moment(live.breaches_at),
        time_to_breach=ahead / SECOND if ahead is not None and ahead > 0 else None,
    )


def _fee(numbers: ExactNumbers, value: Decimal, currency: str) -> int:
    digits = minor_digits_of(currency)
    return numbers.whole("monthly_fee", value, 10**digits, f"{digits} decimals at most for {currency or 'an amount'}")


def _day_text(instant: int, zone: ZoneInfo) -> str:
    """The date whose midnight it is, else the local time with its offset."""
    at = wall_time(instant, zone)
    return at.date().isoformat() if midnight(at.date(), zone) == instant else at.isoformat()


def _moment(instant: int | None) -> datetime | None:
    return None if instant is None else utc_time(instant)

"""Facts for the templates of messages: small JSON about causes as they are when a message is decided."""

from collections.abc import Sequence
from typing import Any

from actors.dispatcher.cause import DispatchSubject
from actors.dispatcher.messages.recipient import Telling
from actors.dispatcher.state import DispatchState
from protocols.decimal_text import decimal
from protocols.dispatch.contact import ContactRecord
from protocols.dispatch.lost_alarm import LostAlarm
from protocols.sla.credit import SlaCredit
from protocols.sla.local_time import utc_text

MOST_CUSTOMERS = 20
"""Customers, and services, that a message names of one cause."""
MOST_CAUSES = 20
"""Causes that a message describes; of the others it gives the number."""
MOST_LINES = 50
"""Lines of a credit that a message has; of the others it gives the number."""
MOST_SUBJECTS = 1_000
"""Subjects that a message names by their keys."""


OF_CUSTOMERS = (
    "subject",
    "kind",
    "state",
    "severity",
    "title",
    "area",
    "since",
    "starts",
    "ends",
    "first_occurrence",
    "cleared_at",
    "lost",
)
"""Facts of a cause that a customer's contact is told. The others name other customers, or are the operator's own."""
_OF_AGREEMENTS = ("instance_id", "customer_id", "customer_name", "service_id", "breach_id")


def facts_of(
    state: DispatchState, told: Sequence[tuple[DispatchSubject, Telling]], contact: ContactRecord | None
) -> dict[str, Any]:
    """``time_zone``: that of the ``contact`` that is told, else UTC. ``customer_id``: the customer whose contact it is, or
    "". ``causes``: those of the message, at most :data:`MOST_CAUSES`. ``count``: how many there are; ``others``: how many of
    them are not described. ``subjects``: the keys of all, at most :data:`MOST_SUBJECTS`; ``over``: those that have ended."""
    customer_id = "" if contact is None else contact.plan.customer_id or ""
    causes = [_cause(state, subject, telling) for subject, telling in told[:MOST_CAUSES]]
    if customer_id:
        causes = [_for_customer(cause, customer_id) for cause in causes]
    first = told[0][1]
    policy = state.policies.get(first.policy)
    return {
        "time_zone": "UTC" if contact is None else contact.plan.time_zone,
        "customer_id": customer_id,
        "causes": causes,
        "count": len(told),
        "others": len(told) - len(causes),
        "subjects": [subject.key for subject, _ in told[:MOST_SUBJECTS]],
        "over": [subject.key for subject, _ in told if subject.state == "ended"],
        "policy": first.policy if policy is None else policy.policy.name,
        "step": first.step,
    }


def _for_customer(cause: dict[str, Any], customer_id: str) -> dict[str, Any]:
    names = (*OF_CUSTOMERS, *_OF_AGREEMENTS) if cause.get("customer_id") == customer_id else OF_CUSTOMERS
    return {name: cause[name] for name in names if name in cause}


def _cause(state: DispatchState, subject: DispatchSubject, telling: Telling) -> dict[str, Any]:
    facts: dict[str, Any] = {
        "subject": subject.key,
        "kind": telling.kind,
        "state": subject.state,
        "severity": subject.severity,
        "title": subject.title,
        "area": subject.area,
        "since": utc_text(subject.since),
        "reason": telling.reason or subject.reason,
        "children": subject.children,
    }
    if subject.heir_name and subject.state == "ended":
        facts["goes_on_as"] = subject.heir_name
    told_before = [each for key in subject.consequences if (each := state.subjects.get(key)) is not None and each.routed]
    if told_before and subject.state == "open":
        facts["explains"] = [each.alarm.alarm_id for each in told_before if each.alarm is not None][:MOST_CAUSES]
    ticket = state.tickets.get(subject.ticket_id)
    if ticket is not None:
        facts["ticket"] = {"id": ticket.id, "key": ticket.key, "url": ticket.url}
    if subject.starts:
        facts |= {"starts": utc_text(subject.starts), "ends": utc_text(subject.ends)}
    if subject.instance_id:
        facts |= {
            "instance_id": subject.instance_id,
            "customer_id": subject.customer_id,
            "customer_name": subject.customer_name,
            "service_id": subject.service_id,
            "breach_id": subject.breach_id,
        }
    if subject.credit is not None:
        facts["credit"] = _credit(subject.credit)
    if subject.lost is not None:
        facts |= _lost(subject.lost)
    alarm = subject.alarm
    if alarm is None:
        return facts
    facts |= {
        "alarm_id": alarm.alarm_id,
        "id": alarm.id,
        "title": subject.title or alarm.title,
        "alarm_type": alarm.alarm_type,
        "resource_type": alarm.resource_type,
        "resource_id": alarm.resource_id,
        "resource_name": alarm.resource_name or alarm.resource_id,
        "device_id": alarm.device_id,
        "why": alarm.description,
        "recommended_action": alarm.recommended_action,
        "subscriber_count": alarm.subscriber_count,
        "customers": list(alarm.affected_customers[:MOST_CUSTOMERS]),
        "customer_count": max(alarm.subscriber_count, len(alarm.affected_customers)),
        "services": list(alarm.affected_services[:MOST_CUSTOMERS]),
        "service_count": len(alarm.affected_services),
        "first_occurrence": alarm.first_occurrence.isoformat(),
    }
    for name, at in (("cleared_at", alarm.cleared_at), ("acknowledged_at", alarm.acknowledged_at)):
        if at is not None:
            facts[name] = at.isoformat()
    if alarm.acknowledged_by:
        facts["acknowledged_by"] = alarm.acknowledged_by
    return facts


def _credit(credit: SlaCredit) -> dict[str, Any]:
    """The credit owed for a period, for a billing system. Amounts are decimal text in the major unit: ``5.95``. ``amount``
    takes the place of the amount in an earlier message about the same instance and period. ``final``: the period is closed."""
    return {
        "period_start": utc_text(credit.period_start),
        "amount": decimal(credit.amount, credit.minor_digits),
        "currency": credit.currency,
        "final": credit.final,
        "lines": [
            {
                "amount": decimal(line.amount, credit.minor_digits),
                "rule": line.rule,
                "item": line.item,
                "arithmetic": line.arithmetic,
                "breach_id": line.breach_id,
            }
            for line in credit.lines[:MOST_LINES]
        ],
        "other_lines": max(0, len(credit.lines) - MOST_LINES),
    }


def _lost(lost: LostAlarm) -> dict[str, Any]:
    """Facts of an alarm of a lost ledger: ``lost`` says that faultd does not know whether it is over."""
    return {
        "lost": True,
        "severity": lost.severity,
        "alarm_id": lost.alarm_id,
        "id": lost.id,
        "alarm_type": lost.alarm_type,
        "resource_type": lost.resource_type,
        "resource_id": lost.resource_id,
        "resource_name": lost.resource_name or lost.resource_id,
    }

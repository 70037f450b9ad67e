"""The content of a ticket, from its cause: priority, team, category, circuits, description. Pure."""

from collections.abc import Iterable, Sequence
from typing import Any, Final

from actors.dispatcher.cause import DispatchSubject, WantedTicket
from protocols.dispatch.policy import TicketPriority, TicketTerms
from protocols.severity import Severity
from protocols.sla.local_time import instant_at, second_text

PRIORITIES: Final[tuple[TicketPriority, ...]] = ("critical", "high", "medium", "low")
MANY_CUSTOMERS: Final = 10
"""From so many customers affected on, the priority is one step higher."""
MOST_CIRCUITS: Final = 1_000
MOST_ALARMS: Final = 1_000
OF_SEVERITY: Final[dict[Severity, TicketPriority]] = {
    "critical": "high",
    "major": "medium",
    "minor": "low",
    "warning": "low",
    "info": "low",
}
TEAMS: Final = {
    "core": "transport",
    "uplink": "transport",
    "site": "transport",
    "olt": "access",
    "card": "access",
    "pon": "access",
    "pon_port": "access",
    "splitter": "outside_plant",
    "ont": "customer_premises",
    "customer": "customer_premises",
    "service": "service_desk",
}
OTHER_TEAM: Final = "noc"


def combined(known: WantedTicket | None, terms: TicketTerms, policy_id: str) -> WantedTicket:
    """The wishes of several policies as one: the highest priority, the first team and category. One that says ``close = false``
    keeps it open for all."""
    if known is None:
        known = WantedTicket(policy=policy_id)
    named = [each for each in (known.priority, terms.priority) if each is not None]
    return WantedTicket(
        policy=known.policy,
        priority=min(named, key=PRIORITIES.index) if named else None,
        derives=known.derives or terms.priority is None,
        team=known.team or terms.team or "",
        category=known.category or terms.category or "",
        closes=known.closes and terms.close,
        resolves_alarm=known.resolves_alarm or terms.resolve_alarm,
    )


def derived_priority(severity: Severity, customers: int) -> TicketPriority:
    """By severity, and one step higher where many customers are affected."""
    place = PRIORITIES.index(OF_SEVERITY[severity])
    return PRIORITIES[max(0, place - (customers >= MANY_CUSTOMERS))]


def priority_of(
    members: Sequence[DispatchSubject], otherwise: TicketPriority, agreements: Iterable[DispatchSubject] = ()
) -> TicketPriority:
    """The highest that a policy names, or that follows from a cause whose policy names none. The first member is the cause that
    explains the others; their ticket stands for ``agreements`` too. ``otherwise``: when no policy wants a ticket for any."""
    found = [agreement_priority(each) for each in agreements]
    for member in members:
        wanted = member.wanted_ticket
        if wanted is None:
            continue
        if wanted.priority is not None:
            found.append(wanted.priority)
        if wanted.derives:
            found += [derived_priority(each.severity, customers_of(each)) for each in (members[0], member)]
    return min(found, key=PRIORITIES.index) if found else otherwise


def agreement_priority(agreement: DispatchSubject) -> TicketPriority:
    """The priority that a service level agreement gives the ticket of its cause."""
    wanted = agreement.wanted_ticket
    named = None if wanted is None else wanted.priority
    return named or ("critical" if agreement.breaches else "high")


def agreement_name(agreement: DispatchSubject) -> str:
    """An agreement as a reader knows it."""
    return f"{agreement.service_id} of {agreement.customer_name or agreement.customer_id}"


def customers_of(subject: DispatchSubject) -> int:
    """Customers affected."""
    alarm = subject.alarm
    return 0 if alarm is None else max(alarm.subscriber_count, len(alarm.affected_customers))


def circuits_of(members: Iterable[DispatchSubject]) -> tuple[str, ...]:
    """The services affected, in order, at most :data:`MOST_CIRCUITS`."""
    found: set[str] = set()
    for member in members:
        if member.service_id:
            found.add(member.service_id)
        elif member.alarm is not None:
            found.update(member.alarm.affected_services)
    return tuple(sorted(found)[:MOST_CIRCUITS])


def team_of(subject: DispatchSubject) -> str:
    """By the type of the resource."""
    return OTHER_TEAM if subject.alarm is None else TEAMS.get(subject.alarm.resource_type, OTHER_TEAM)


def category_of(subject: DispatchSubject) -> str:
    """The type of the alarm; of a service level agreement ``sla_at_risk`` or ``sla_breach``."""
    if subject.instance_id:
        return "sla_breach" if subject.breaches else "sla_at_risk"
    return "" if subject.alarm is None else subject.alarm.alarm_type


def customer_of(subject: DispatchSubject) -> str:
    """The customer of the agreement, or the only one that is affected."""
    if subject.customer_id or subject.alarm is None:
        return subject.customer_id
    customers = subject.alarm.affected_customers
    return customers[0] if len(customers) == 1 else ""


def title_of(subject: DispatchSubject) -> str:
    return subject.title or ("" if subject.alarm is None else subject.alarm.title)


def description_of(subject: DispatchSubject) -> str:
    """Plain text: what is known of the cause when the ticket is opened."""
    alarm = subject.alarm
    lines = [subject.title] if subject.title else []
    if alarm is not None:
        where = alarm.resource_name or alarm.resource_id
        lines += [alarm.title, alarm.description, "", f"Alarm: {alarm.alarm_id} ({alarm.alarm_type}, {alarm.severity})"]
        lines.append(
            f"Resource: {alarm.resource_type} {where}" + (f" ({alarm.resource_id})" if where != alarm.resource_id else "")
        )
        lines += [f"Area: {subject.area}"] if subject.area else []
        lines += [f"Since: {second_text(instant_at(alarm.opened_at))}", f"Customers affected: {customers_of(subject)}"]
        lines += [f"Recommended action: {alarm.recommended_action}"] if alarm.recommended_action else []
    if subject.instance_id:
        lines += [
            f"Service level agreement: {subject.instance_id}, service {subject.service_id}, customer {subject.customer_id}"
        ]
    lines += [f"Reason: {subject.reason}"] if subject.reason else []
    return "\n".join(each for number, each in enumerate(lines) if each or number)


def metadata_of(subject: DispatchSubject, affected: int, breach_id: str) -> dict[str, Any]:
    """The names are those of the desk's own fields."""
    alarm = subject.alarm
    return {
        "alarm_id": "" if alarm is None else alarm.id,
        "alarm_correlation_id": "" if alarm is None else alarm.correlation_id or "",
        "sla_breach_id": breach_id,
        "affected_subscribers": affected,
    }

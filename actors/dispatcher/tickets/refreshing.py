"""An open ticket follows the evidence: circuits gained and lost, alarms that joined, and the priority."""

from collections.abc import Iterable
from typing import Final

from msgspec.structs import replace

from actors.dispatcher.cause import DispatchSubject
from actors.dispatcher.run import DispatchRun
from actors.dispatcher.state import DispatchState
from actors.dispatcher.tickets.content import (
    MOST_ALARMS,
    agreement_name,
    circuits_of,
    customers_of,
    metadata_of,
    priority_of,
)
from actors.dispatcher.tickets.family import agreements_of, first_breach, live_ticket, members_of
from actors.dispatcher.tickets.tasks import with_task
from protocols.dispatch.ticket import TaskKind, Ticket
from protocols.printable import counted
from protocols.sla.local_time import SECOND

COMMENT_EVERY: Final = 60 * SECOND
"""At most one comment about circuits and alarms in this time."""
MOST_NAMED: Final = 20
"""Circuits, alarms, and agreements, that a comment names; of the others it gives the number."""


def refresh(run: DispatchRun, key: str) -> None:
    """Say in the ticket of a cause what it affects now: at once, or when the last comment is old enough."""
    if run.state.timers.at("ticket", key) is None:
        say_now(run, key)


def say_now(run: DispatchRun, key: str) -> None:
    """Say at once what the ticket of a cause does not say yet; the next comment is a minute later at the earliest."""
    if _say_changes(run, key):
        run.state.timers.set(run.journal, "ticket", key, run.now + COMMENT_EVERY)


def has_said_agreements(state: DispatchState, cause: DispatchSubject, ticket: Ticket) -> bool:
    """True when the ticket names an agreement of the cause."""
    found = (state.subjects.get(key) for key in state.subjects[cause.key].agreements)
    return any(each is not None and each.said.startswith(f"{ticket.id} ") for each in found)


def set_priority(run: DispatchRun, root: DispatchSubject) -> None:
    """The priority as policies, severity and customers want it now."""
    root = run.state.subjects[root.key]
    ticket = live_ticket(run.state, root)
    if ticket is None:
        return
    members = members_of(run.state, root)
    agreements = agreements_of(run.state, members)
    priority = priority_of(members, ticket.priority, agreements)
    if priority != ticket.priority:
        text = f"Priority {priority}, was {ticket.priority}: severity {root.severity}, {_customers(customers_of(root))}"
        if agreements:
            text += f", {counted(len(agreements), 'service level agreement')} at risk or breached"
        run.put_ticket(replace(with_task(ticket, "priority", text), priority=priority))


def _say_changes(run: DispatchRun, key: str) -> bool:
    """One comment about everything that changed since the last one. False: nothing has."""
    state = run.state
    root = state.subjects[key]
    ticket = live_ticket(state, root)
    if ticket is None:
        return False
    members = members_of(state, root)
    circuits, affected = circuits_of(members), max(map(customers_of, members))
    alarm_ids = _alarms(state, ticket, members)
    joined = set(alarm_ids) - set(ticket.alarm_ids)
    names = [each.alarm.alarm_id for each in members if each.alarm is not None and each.alarm.id in joined]
    lines = []
    if circuits != ticket.circuits:
        lines += _listed("Affected too", set(circuits) - set(ticket.circuits))
        lines += _listed("No longer affected", set(ticket.circuits) - set(circuits))
    if circuits != ticket.circuits or affected != ticket.affected_subscribers:
        lines.append(f"{counted(len(circuits), 'circuit')}, {_customers(affected)}")
    kind: TaskKind = "circuits" if lines else "link"
    lines += _listed("Alarms that it explains too", names)
    lines += _agreement_lines(run, ticket, members)
    if not lines:
        if alarm_ids != ticket.alarm_ids:
            run.put_ticket(replace(ticket, alarm_ids=alarm_ids, revision=ticket.revision + 1))
        return False
    breach_id = ticket.sla_breach_id or first_breach(root, agreements_of(state, members))
    changed = replace(
        with_task(ticket, kind, "\n".join(lines)),
        sla_breach_id=breach_id,
        circuits=circuits,
        affected_subscribers=affected,
        alarm_ids=alarm_ids,
        metadata=ticket.metadata | {"affected_subscribers": affected, "sla_breach_id": breach_id},
    )
    run.put_ticket(changed)
    set_priority(run, root)
    return True


def _agreement_lines(run: DispatchRun, ticket: Ticket, members: list[DispatchSubject]) -> list[str]:
    """The agreements at risk and breached that the ticket does not name yet, and those that it named and that are over."""
    state, lines = run.state, []
    standing = agreements_of(state, members)
    for what in ("breached", "at risk"):
        new = [
            each
            for each in standing
            if bool(each.breaches) == (what == "breached") and each.said != f"{ticket.id} {each.covered}"
        ]
        lines += _listed(f"Service level agreements {what}", map(agreement_name, new))
        for each in new:
            run.put_subject(replace(each, said=f"{ticket.id} {each.covered}"))
    known = (state.subjects.get(key) for member in members for key in member.agreements)
    over = [each for each in known if each is not None and each.state == "ended" and each.said.startswith(f"{ticket.id} ")]
    for each in over:
        run.put_subject(replace(each, said=""))
    return lines + _listed("No longer at risk or breached", map(agreement_name, over))


def _alarms(state: DispatchState, ticket: Ticket, members: list[DispatchSubject]) -> tuple[str, ...]:
    """The alarms of the members, the cause first, with those that were explained by it and are over. One that stands alone
    again is none of them."""
    now = [each.alarm.id for each in members if each.alarm is not None]
    over = [each for each in ticket.alarm_ids if _is_over(state, each) or ticket.subject.startswith("sla:")]
    return tuple(dict.fromkeys((*now, *over)))[:MOST_ALARMS]


def _is_over(state: DispatchState, alarm_id: str) -> bool:
    subject = state.subjects.get(f"alarm:{alarm_id}")
    return subject is None or subject.state == "ended"


def follow_breach(run: DispatchRun, key: str) -> None:
    """The ticket of a service level agreement is that of its breach from now on."""
    subject = run.state.subjects[key]
    ticket = live_ticket(run.state, subject)
    if ticket is None or not subject.breaches or ticket.sla_breach_id == subject.breach_id:
        return
    text = f"Breach {subject.breach_id}: {subject.reason}"
    metadata = metadata_of(subject, ticket.affected_subscribers, subject.breach_id)
    run.put_ticket(replace(with_task(ticket, "link", text), sla_breach_id=subject.breach_id, metadata=metadata))


def _listed(what: str, names: Iterable[str]) -> list[str]:
    found = sorted(names)
    if not found:
        return []
    more = f" and {counted(len(found) - MOST_NAMED, 'other')}" if len(found) > MOST_NAMED else ""
    return [f"{what}: {', '.join(found[:MOST_NAMED])}{more}"]


def _customers(number: int) -> str:
    return f"{counted(number, 'customer')} affected"

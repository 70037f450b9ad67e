"""An explanation of notifications as lines to read: who was told of an alarm, who was not and why, what is still to come."""

from collections.abc import Collection, Iterator
from datetime import datetime

from protocols.printable import counted
from protocols.rest_notification_explain import NotificationExplanation
from protocols.rest_notifications import NotificationShown
from protocols.rest_tickets import TicketShown


def explanation_lines(found: NotificationExplanation) -> Iterator[str]:
    """The lines, each indented by what it belongs to."""
    alarm = found.alarm
    yield f"{alarm.severity:<9}{alarm.alarm_id:<9}{alarm.title} [{alarm.alarm_type}, {alarm.status}]"
    if found.why:
        yield f"  nobody is told of it now: {found.why}"
    if found.degraded is not None:
        yield f"  {found.degraded}"
    yield ""
    if found.notifications:
        yield f"told: {counted(len(found.notifications), 'notification')}; times in UTC"
    else:
        yield "nobody was told of it; times in UTC"
    dead = {each.id for each in found.notifications if each.status == "dead"}
    for each in found.notifications:
        yield from _notification(each, dead)
    if found.owed:
        yield f"  to be told of its end: {', '.join(found.owed)}"
    if found.tickets:
        yield ""
        yield "tickets"
    for ticket in found.tickets:
        yield from _ticket(ticket)
    if found.notes:
        yield ""
        yield "not told, or later, and why"
    for note in found.notes:
        yield f"  {_time(note.at)} {note.text}{_by(note.policy, note.policy_name)}"
    if found.upcoming:
        yield ""
        yield "still to come"
    for upcoming in found.upcoming:
        at = "later" if upcoming.at is None else _time(upcoming.at)
        yield f"  {at} {upcoming.text}{_by(upcoming.policy, upcoming.policy_name)}"
    if found.requests:
        yield ""
        yield "requests of the correlator"
    for request in found.requests:
        needed = "" if request.action == "notification_requested" else "no need: "
        yield f"  {_time(request.at)} {needed}{request.text}"
    if found.truncated:
        yield ""
        yield "older ones are left out: GET /notifications and the alarm's timeline have them"


def _notification(each: NotificationShown, dead: Collection[str]) -> Iterator[str]:
    # The address of a person who is named adds where it went.
    person = each.address if each.to_name in ("", each.address) else f"{each.to_name} ({each.address})"
    yield f"  {_time(each.created_at)} {each.kind} by {each.channel} to {person}: {_outcome(each)}"
    if each.answer is not None:
        yield f"      {'answer' if each.status == 'sent' else 'last error'}: {each.answer}"
    yield f"      {each.id}{_by(each.policy, each.policy_name)}: {each.reason}"
    if each.fallback_of is not None:
        why = "was given up" if each.fallback_of in dead else "had not arrived"
        yield f"      because {each.fallback_of} to the same person {why}"


def _outcome(each: NotificationShown) -> str:
    tries = counted(each.attempts, "attempt")
    match each.status:
        case "sent" if each.sent_at is not None:
            return f"sent {_time(each.sent_at)}" + (f" after {tries}" if each.attempts > 1 else "")
        case "dead":
            return f"given up after {tries}"
        case "failed":
            return f"not delivered yet, {tries}"
        case _:
            return "waits to be delivered"


def _ticket(ticket: TicketShown) -> Iterator[str]:
    team = f", team {ticket.team}" if ticket.team else ""
    yield f"  {ticket.key or ticket.id} {ticket.state} in {ticket.desk}, priority {ticket.priority}{team}: {ticket.title}"
    if ticket.url is not None:
        yield f"      {ticket.url}"
    for task in ticket.tasks:
        gone = "given up" if task.dead else "to be done"
        yield f"      {task.kind} {gone}" + (f": {task.error}" if task.error else "")


def _by(policy: str | None, name: str | None) -> str:
    if policy is None:
        return ""
    return f" [policy {policy if name is None else name}]"


def _time(at: datetime) -> str:
    return f"{at:%Y-%m-%d %H:%M:%S}"

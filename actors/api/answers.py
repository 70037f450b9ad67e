"""Answers to submitted Events, and refusals as problems: the one table of statuses."""

import re
from collections.abc import Iterable, Mapping, Sequence
from typing import Final

from msgspec import Struct

from actors.api.entity_tags import wrong_revision
from actors.api.problems import ProblemError
from actors.mailbox import Outcome
from protocols.change import Answer, Change, Quarantined, Refusal
from protocols.command import FIRST_STAGE
from protocols.rest_events import EventResult, Refused
from protocols.rest_problem import FieldError

STATUS: Final[Mapping[str, int]] = {
    "unknown_alarm": 404,
    "unknown_rule": 404,
    "unknown_window": 404,
    "unknown_definition": 404,
    "unknown_instance": 404,
    "unknown_exclusion": 404,
    "unknown_outage": 404,
    "unknown_period": 404,
    "unknown_policy": 404,
    "unknown_contact": 404,
    "unknown_rota": 404,
    "unknown_notification": 404,
    "unknown_ticket": 404,
    "out_of_reach": 409,
    "not_your_tenant": 403,
    "ambiguous": 409,
    "wrong_state": 409,
    "wrong_revision": 412,
    "limit": 409,
    "key_reused": 409,
    "invalid": 422,
}
"""HTTP status of a refusal, by its reason."""

_FIELD = re.compile(r"[A-Za-z_][\w.\[\]-]*")


class Subject(Struct, frozen=True):
    """The kind of thing that a command is about. ``invalid`` is the kind of a 422; ``pointers``: a refusal's place is a JSON
    pointer of its own, else it stands in front of the text (``end: is not after start``)."""

    invalid: str
    pointers: bool = False


ALARM: Final = Subject("invalid")
RULE: Final = Subject("invalid_rule", pointers=True)
WINDOW: Final = Subject("invalid_body")
NODE: Final = Subject("invalid_topology")
SLA: Final = Subject("invalid_body")
DISPATCH: Final = Subject("invalid_body")


def answers(outcome: Outcome) -> Sequence[Answer]:
    """The answer to each Event. ProblemError as :func:`answer_to`."""
    return [answer_to(changes, offset) for offset, changes in enumerate(outcome.changes, outcome.first)]


def answer_to(changes: Iterable[Change], offset: int) -> Answer:
    """The answer among the Changes of the Event at ``offset``; an empty one when there is none.

    ProblemError 500 when the Event was quarantined by the stage that answers it: it is kept for a retry and must not be sent
    again. What another stage could not make of it is that stage's alone.
    """
    found: Answer | None = None
    quarantined = False
    for change in changes:
        if isinstance(change, Answer):
            found = change
        elif isinstance(change, Quarantined):
            quarantined = quarantined or change.stage == FIRST_STAGE or found is None
    if quarantined:
        text = f"faultd could not process this (Event {offset}); it is kept in quarantine for a retry"
        raise ProblemError(500, "quarantined", text)
    return found or Answer(offset=offset)


def refused(refusals: Sequence[Refusal], subject: Subject) -> ProblemError:
    """Refusals as one problem, of the first one's reason; a 422 names every mistake."""
    first = refusals[0]
    if _is_hidden(first, subject):
        return no_such_alarm(first.alarm_id)
    status = STATUS[first.reason]
    if status == 412:
        return wrong_revision(first.text, first.revision)
    if status != 422:
        place = [FieldError(first.alarm_id, first.text)] if subject.pointers and first.alarm_id else []
        return ProblemError(status, first.reason, first.text, place)
    mistakes = [_mistake(one, subject) for one in refusals]
    detail = "; ".join(f"{one.field}: {one.message}" if one.field else one.message for one in mistakes)
    return ProblemError(422, subject.invalid, detail, [one for one in mistakes if one.field])


def refused_items(refusals: Iterable[Refusal]) -> tuple[Refused, ...]:
    """Refusals as items of an answer about many alarms or events."""
    return tuple(
        Refused(refusal.alarm_id, "unknown_alarm", f"no alarm {refusal.alarm_id!r}")
        if _is_hidden(refusal, ALARM)
        else Refused(refusal.alarm_id, refusal.reason, refusal.text)
        for refusal in refusals
    )


def event_result(answer: Answer) -> EventResult:
    """The answer to one network event as REST shows it."""
    return EventResult(
        accepted=answer.accepted,
        duplicate=answer.duplicate,
        refused=refused_items(answer.refusals),
        warnings=answer.warnings,
    )


def no_such_alarm(name: str) -> ProblemError:
    """404 for an alarm."""
    return ProblemError(404, "unknown_alarm", f"no alarm {name!r}")


def _is_hidden(refusal: Refusal, subject: Subject) -> bool:
    """Another tenant's alarm is answered exactly like one that does not exist."""
    return subject is ALARM and refusal.reason in ("unknown_alarm", "not_your_tenant")


def _mistake(refusal: Refusal, subject: Subject) -> FieldError:
    if subject.pointers:
        return FieldError(refusal.alarm_id, refusal.text)
    field, _, text = refusal.text.partition(": ")
    return FieldError(field, text) if text and _FIELD.fullmatch(field) else FieldError("", refusal.text)

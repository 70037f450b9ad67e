"""Policies, causes and notices for tests of routing."""

from datetime import UTC, datetime
from typing import Any

import msgspec

from actors.dispatcher.cause import DispatchSubject
from actors.dispatcher.policies.notice import Notice, notice_of
from actors.dispatcher.state import DispatchState
from protocols.dispatch.notification import MessageKind
from protocols.dispatch.policy import NotificationPolicy, PolicyRecord
from protocols.sla.local_time import instant_at
from vocabulary.alarms import ont_alarm

AT = datetime.fromisoformat("2026-03-01T03:00:00+00:00")
NOW = instant_at(AT)


def instant(text: str) -> int:
    """Microseconds since 1970 of a time with its offset; without one it is UTC."""
    at = datetime.fromisoformat(text)
    return instant_at(at if at.tzinfo is not None else at.replace(tzinfo=UTC))


def policy(name: str = "p", **fields: Any) -> NotificationPolicy:
    """A policy as a file or a request body has it."""
    return msgspec.convert({"name": name, **fields}, NotificationPolicy)


def mail(to: str) -> dict[str, Any]:
    """An action that sends a mail."""
    return {"channel": "email", "to": to}


def state_of(*policies: NotificationPolicy) -> DispatchState:
    """A state with these policies; their ids are ``NP1``, ``NP2``, ..."""
    state = DispatchState()
    for number, each in enumerate(policies, 1):
        state.policies[f"NP{number}"] = PolicyRecord(
            id=f"NP{number}", policy=each, created_at=AT, updated_at=AT, updated_by="nina"
        )
    return state


def notice(kind: MessageKind = "raised", *, area: str = "", tiers: tuple[str, ...] = (), **fields: Any) -> Notice:
    """The notice of a major alarm of an ONT."""
    one = ont_alarm(1, at=AT, **fields)
    subject = DispatchSubject(
        key=f"alarm:{one.id}", tenant_id=one.tenant_id, alarm=one, area=area, customer_tiers=tiers, since=NOW
    )
    return notice_of(subject, kind)

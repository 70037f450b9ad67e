"""Subjects: what people are told of. A cause, which is an alarm; or a service level agreement."""

from typing import Literal

from msgspec import Struct

from protocols.alarm import Alarm
from protocols.dispatch.channel import Channel

SubjectState = Literal["open", "ended"]


class ToldPerson(Struct, frozen=True, array_like=True):
    """A person, or an address, that was told of a subject by one channel."""

    channel: Channel
    to: str
    to_name: str
    address: str
    policy: str
    thread: str
    """Of the first message: later ones are its answers."""
    notification_id: str
    """The last one."""
    at: int
    severity: str = ""
    """The severity that was told last."""


class Escalation(Struct, frozen=True, array_like=True):
    """The steps of one action of a policy for one subject."""

    policy: str
    action: str
    """The place of the action in the policy, a JSON pointer."""
    since: int
    """Microseconds since 1970: ``after_seconds`` counts from here."""
    step: int = 0
    """Index of the next step."""


class DispatchSubject(Struct, frozen=True, kw_only=True):
    """A cause with what was decided about it. Frozen: every change is a new value."""

    key: str
    """``alarm:UUID``, ``sla:INSTANCE`` or ``window:ID``."""
    tenant_id: str
    state: SubjectState = "open"
    alarm: Alarm | None = None
    """The alarm as it was last seen."""
    area: str = ""
    customer_tiers: tuple[str, ...] = ()
    since: int
    """When it was first requested that people hear of it."""
    told: tuple[ToldPerson, ...] = ()
    escalations: tuple[Escalation, ...] = ()
    ticket_id: str = ""
    merged_into: str = ""
    """Key of the subject of the cause that explains this one now."""
    ended_at: int | None = None
    breach_id: str = ""

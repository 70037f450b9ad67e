"""Subjects: what people are told of. A cause, which is an alarm; a service level agreement; or planned maintenance."""

from typing import Literal

from msgspec import Struct

from protocols.alarm import Alarm
from protocols.dispatch.channel import Channel
from protocols.dispatch.lost_alarm import LostAlarm
from protocols.dispatch.notification import MessageKind
from protocols.dispatch.policy import TicketPriority
from protocols.severity import Severity
from protocols.sla.credit import SlaCredit

SubjectState = Literal["open", "ended"]


class ToldPerson(Struct, frozen=True, array_like=True):
    """A person, or an address, that was told of a subject by one channel, and has yet to be told of its end."""

    channel: Channel
    to: str
    to_name: str
    address: str
    policy: str
    thread: str
    """The id of the first notification: later ones of the same thread are its answers."""
    notification_id: str
    """The last one."""
    at: int
    """Microseconds since 1970, of the last one."""
    severity: Severity = "info"
    """The severity that was told last."""
    kind: MessageKind = "raised"
    """The kind of the last one."""
    group: str = ""
    """The group that told; "" for a step of an escalation, whose end is told at once."""
    step: int = 0
    """The last step of an escalation that was told."""
    arrived: bool = False
    """The far end took one of the notifications."""


class Escalation(Struct, frozen=True, array_like=True):
    """The steps of one action of a policy for one subject."""

    policy: str
    action: str
    """The place of the action in the policy, a JSON pointer."""
    since: int
    """Microseconds since 1970: ``after_seconds`` counts from here."""
    step: int = 0
    """Index of the next step."""


class WantedTicket(Struct, frozen=True, array_like=True):
    """The ticket that policies want for a subject, since it was last raised."""

    policy: str
    """The first of them."""
    priority: TicketPriority | None = None
    """The highest that one of them names."""
    derives: bool = False
    """One of them leaves the priority to severity and customers."""
    team: str = ""
    category: str = ""
    closes: bool = True
    resolves_alarm: bool = False


class DispatchSubject(Struct, frozen=True, kw_only=True):
    """A cause with what was decided about it. Frozen: every change is a new value."""

    key: str
    """``alarm:UUID``, ``sla:INSTANCE``, ``credit:INSTANCE:PERIOD`` or ``window:ID``."""
    tenant_id: str
    state: SubjectState = "open"
    alarm: Alarm | None = None
    """The alarm as it was last seen."""
    area: str = ""
    customer_tiers: tuple[str, ...] = ()
    since: int
    """When it was first requested that people hear of it."""
    told: tuple[ToldPerson, ...] = ()
    """People who know of it and have not been told of its end, also when it has ended."""
    escalations: tuple[Escalation, ...] = ()
    ticket_id: str = ""
    """Its own ticket, open or closed. A cause that another one explains has the ticket of that one."""
    merged_into: str = ""
    """Key of the subject of the cause that explains this one now. That cause need not have been requested yet."""
    consequences: tuple[str, ...] = ()
    """Keys of subjects that were merged into this one while it was open."""
    ended_at: int | None = None
    breach_id: str = ""
    kind: MessageKind = "raised"
    """As the last request has it."""
    reason: str = ""
    """As the last request has it."""
    requested_at: int = 0
    """Microseconds since 1970, of the last request."""
    routed: bool = False
    """The policies were asked. False while another cause explains it from the beginning."""
    groups: tuple[str, ...] = ()
    """Keys of the groups that it is in."""
    children: int = 0
    """Alarms whose cause it was at the last request."""
    instance_id: str = ""
    customer_id: str = ""
    customer_name: str = ""
    service_id: str = ""
    account_manager: str = ""
    breaches: tuple[str, ...] = ()
    """Ids of the breaches of the instance that are open."""
    customers: tuple[str, ...] = ()
    """Of planned maintenance: ids of the customers in its scope."""
    title: str = ""
    """The title of a subject without an alarm."""
    service_type: str = ""
    """Of the service level agreement."""
    starts: int = 0
    """Of planned maintenance, microseconds since 1970."""
    ends: int = 0

    wanted_ticket: WantedTicket | None = None
    """None: no policy wants a ticket."""
    part_of: str = ""
    """Id of the ticket of its cause, as part of which its own one was closed."""
    agreements: tuple[str, ...] = ()
    """Keys of the service level agreements for which the ticket of an alarm stood while it was open."""
    cause: str = ""
    """Key of the alarm that the last request about an agreement named; "" when the cause is unknown."""
    covered: str = ""
    """The breach of an agreement, or ``at_risk``, for which the ticket of its cause stands; "" when none does."""
    said: str = ""
    """The ticket of an agreement's cause, with the breach that it named last: ``TK17 SB20``."""
    lost: LostAlarm | None = None
    """An alarm of a lost ledger, instead of ``alarm``; None for all others."""
    heir: str = ""
    """Key of the alarm that takes the place of this one, a conclusion that was withdrawn; "" while it is open."""
    heir_name: str = ""
    """The same as a reader knows it: ``A67 OLT down``."""
    credit: SlaCredit | None = None
    """The lines of a credit, as the last request has them."""

    @property
    def is_alarm(self) -> bool:
        """True for a cause that is an alarm: only such can be acknowledged, and are repeated until they are."""
        return self.key.startswith("alarm:")

    @property
    def alarm_uuid(self) -> str:
        """The id of its alarm; "" when it has none."""
        if self.lost is not None:
            return self.lost.id
        return "" if self.alarm is None else self.alarm.id

    @property
    def severity(self) -> Severity:
        """The severity of its alarm. A breach counts as critical, an instance at risk as major, anything else as info."""
        if self.lost is not None:
            return self.lost.severity
        if self.alarm is not None and self.is_alarm:
            return self.alarm.severity
        return _SEVERITY_OF_KIND.get(self.kind, "info")


_SEVERITY_OF_KIND: dict[str, Severity] = {"breach_opened": "critical", "escalated": "critical", "at_risk": "major"}

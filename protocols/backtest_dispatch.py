"""Notification policies tried on what really happened: who is told, who is woken, and which tickets are opened on both sides.

``today`` is the side that was recorded: the policies in force at each instant. ``new`` has the proposed ones.
"""

from datetime import datetime
from typing import Literal

from msgspec import Struct

from protocols.dispatch.channel import Channel
from protocols.dispatch.notification import MessageKind
from protocols.dispatch.policy import TicketPriority

WhichSide = Literal["both", "today", "new"]


class MessageFigures(Struct):
    """Counts of messages. ``pages`` are those that ask somebody to act: all but ends, credits, planned maintenance and messages
    to other systems. ``night``: pages between 22:00 and 06:00 by the clock of the person, or within the person's quiet hours.
    ``woken``: pages at night by a channel that wakes; those within 30 minutes of the first one wake once."""

    messages: int = 0
    pages: int = 0
    night: int = 0
    woken: int = 0
    steps: dict[int, int] = {}
    """Pages by the step of an escalation."""


class PersonCompared(Struct, frozen=True, kw_only=True):
    """One contact, or an address that a policy names, on both sides. ``to`` is the contact's id or the address."""

    to: str
    name: str
    today: MessageFigures
    new: MessageFigures


class ChannelCompared(Struct, frozen=True, kw_only=True):
    """One channel on both sides."""

    channel: Channel
    today: MessageFigures
    new: MessageFigures


class TicketFigures(Struct):
    """Tickets that were opened, with the priority that each had in the end."""

    opened: int = 0
    by_priority: dict[str, int] = {}
    by_team: dict[str, int] = {}


class BacktestTicket(Struct, kw_only=True):
    """One ticket of one side."""

    at: datetime
    priority: TicketPriority
    team: str
    category: str
    policy: str
    """The policy's name, or its id when it is no more."""
    causes: int = 1
    """Causes that it stood for, the ones that merged into it included."""


class TicketDifference(Struct, frozen=True, kw_only=True):
    """A ticket that one side alone opened, or that has another priority, team or category. ``alarm_id`` is the external name
    of its cause; "" for a service level agreement, which ``subject`` names."""

    subject: str
    alarm_id: str
    title: str
    today: BacktestTicket | None
    new: BacktestTicket | None


class BacktestMessage(Struct, frozen=True, kw_only=True):
    """One message. On both sides ``at`` is that of today, and ``new_at`` that of the new side."""

    side: WhichSide
    at: datetime
    new_at: datetime | None = None
    to: str
    name: str
    address: str
    channel: Channel
    kind: MessageKind
    step: int
    policy: str
    """The policy's name."""
    subject: str
    alarm_id: str
    """External name of the first alarm."""
    title: str
    why: str
    """Description of the first alarm."""
    reason: str
    """Why then, and why this person."""
    others: int = 0
    """Causes that it tells beside the first one."""
    night: bool = False
    woke: bool = False


class UntoldCause(Struct, frozen=True, kw_only=True):
    """A cause of which one side alone told somebody; ``told`` is that side."""

    told: WhichSide
    subject: str
    alarm_id: str
    title: str


class DispatchResult(Struct, kw_only=True):
    """Both sides of the dispatcher. Lists of differences have at most the requested number of entries (``untold`` of
    each side), ``people`` 1,000;
    the counts beside them count all."""

    policies_changed: bool = False
    """The recorded policies were others at some time of the period: ``today`` has those of each instant."""
    warnings: list[str] = []
    """Doubtful points of the proposed policies at the end of the period: a ``to`` that reaches nobody."""
    assumed: int = 0
    """Messages of the new side that were never sent: each is taken as delivered at once."""
    wakes: tuple[Channel, ...] = ()
    """Channels that wake."""
    person: str = ""
    """The messages are those of this person alone, also the ones that both sides have."""
    people: list[PersonCompared] = []
    people_found: int = 0
    channels: list[ChannelCompared] = []
    tickets_today: TicketFigures
    tickets_new: TicketFigures
    told_today: int = 0
    """Causes of which somebody was told."""
    told_new: int = 0
    untold: list[UntoldCause] = []
    untold_found: dict[WhichSide, int] = {}
    tickets: list[TicketDifference] = []
    tickets_found: int = 0
    messages: list[BacktestMessage] = []
    messages_found: dict[WhichSide, int] = {}
    """``today`` and ``new``: messages of one side alone; ``both``: those that the new side sends at another time."""

"""Queries and answers about an alarm's timeline, its notes and its explanation."""

from datetime import datetime

from msgspec import Struct

from protocols.alarm import Alarm, Status, TimelineEntry
from protocols.command import NoteType
from protocols.rest_body import Body, PageQuery
from protocols.rest_fields import SomeText
from protocols.severity import Severity


class TimelineQuery(PageQuery, frozen=True, kw_only=True):
    """The query of a timeline."""

    latest_first: bool = False


class TimelinePage(Struct, frozen=True):
    """Entries of an alarm's timeline, and the cursor of the next page."""

    items: tuple[TimelineEntry, ...]
    next_cursor: str | None = None


class NoteText(Body, frozen=True, kw_only=True):
    """A remark for the alarm's timeline."""

    text: SomeText
    type: NoteType = "note"


class NoteShown(Struct, frozen=True, kw_only=True):
    """A note of an alarm."""

    id: str
    alarm_id: str
    """The alarm's `id`."""
    type: NoteType
    text: str
    by: str
    """`user:NAME`"""
    at: datetime


class NotePage(Struct, frozen=True):
    """Notes of an alarm, and the cursor of the next page."""

    items: tuple[NoteShown, ...]
    next_cursor: str | None = None


class ChildOf(Struct, frozen=True):
    """An alarm attributed to another."""

    id: str
    alarm_id: str
    alarm_type: str
    severity: Severity
    status: Status
    title: str
    resource_id: str


class Children(Struct, frozen=True, kw_only=True):
    """Alarms attributed to one alarm: their numbers, and the first of them, open ones before the others."""

    total: int
    open: int
    by_type: dict[str, int]
    first: tuple[ChildOf, ...]


class Explanation(Struct, frozen=True, kw_only=True):
    """The causes of an alarm, the alarms attributed to it, and the decisions of faultd about it."""

    alarm: Alarm
    causes: tuple[Alarm, ...]
    """The alarm to which it is attributed, the one to which that is, and so on: the last is the root."""
    children: Children
    decisions: tuple[TimelineEntry, ...]
    """Decisions of faultd about it: who (`faultd:RULE`), why in words, evidence and confidence in the detail. Oldest first."""
    truncated: bool = False
    """There are more decisions than are shown: ask for the timeline."""

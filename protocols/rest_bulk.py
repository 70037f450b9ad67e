"""Bodies of one action on many alarms."""

from typing import Annotated

from msgspec import Meta, Struct

from protocols.command import NoteType
from protocols.rest_body import Body
from protocols.rest_events import Refused
from protocols.rest_fields import Name, SomeText, Text, Time, check_time
from protocols.rest_filter import AlarmFilterBody


class BulkAcknowledge(Body, frozen=True, kw_only=True, tag="acknowledge"):
    note: Text = ""


class BulkUnacknowledge(Body, frozen=True, kw_only=True, tag="unacknowledge"):
    note: Text = ""


class BulkClear(Body, frozen=True, kw_only=True, tag="clear"):
    note: Text = ""


class BulkResolve(Body, frozen=True, kw_only=True, tag="resolve"):
    note: Text = ""


class BulkAssign(Body, frozen=True, kw_only=True, tag="assign"):
    assigned_to: Name | None
    note: Text = ""


class BulkShelve(Body, frozen=True, kw_only=True, tag="shelve"):
    until: Time
    reason: Text = ""

    def __post_init__(self) -> None:
        check_time("until", self.until)


class BulkUnshelve(Body, frozen=True, kw_only=True, tag="unshelve"):
    note: Text = ""


class BulkNote(Body, frozen=True, kw_only=True, tag="note"):
    text: SomeText
    note_type: NoteType = "note"


BulkAction = BulkAcknowledge | BulkUnacknowledge | BulkClear | BulkResolve | BulkAssign | BulkShelve | BulkUnshelve | BulkNote


class BulkRequest(Body, frozen=True, kw_only=True):
    """One action on many alarms: those that ``filter`` finds now (at least one criterion), or those named."""

    action: BulkAction
    filter: AlarmFilterBody | None = None
    alarm_ids: Annotated[tuple[Name, ...], Meta(max_length=10_000)] = ()

    def __post_init__(self) -> None:
        if (self.filter is None) == (not self.alarm_ids):
            raise ValueError("filter: give either filter or alarm_ids")
        if self.filter is not None and self.filter == AlarmFilterBody():
            raise ValueError("filter: give at least one criterion")


class BulkResult(Struct, frozen=True, kw_only=True):
    """The result of a bulk action. ``more``: the filter found more alarms than one request changes; repeat the request for
    the rest."""

    matched: int
    accepted: tuple[str, ...]
    refused: tuple[Refused, ...]
    more: bool

"""Work in slices: what concerns more instances than one Event may examine waits here, and goes on with the next Events."""

from typing import Literal

from msgspec import Struct

from actors.sla_clock.deadlines import NEVER


class WalkBelow(Struct, frozen=True, array_like=True, tag="below", tag_field="tag"):
    """Examine the instances at and below the nodes of ``stack``, the last first. ``outage_id``: the interval that concerns
    them, "" when it is something else. ``why``: the reason for their Changes. ``since``: the earliest instant at which a figure
    can differ (microseconds)."""

    stack: tuple[str, ...]
    why: str
    outage_id: str = ""
    since: int = NEVER
    after: str = ""
    """The instance of the last node that was examined last; "" before the first."""
    adopts: bool = False
    """Alarms set aside may concern the instances now."""


class WalkThese(Struct, frozen=True, array_like=True, tag="these", tag_field="tag"):
    """Examine these instances."""

    instances: tuple[str, ...]
    why: str
    outage_id: str = ""
    since: int = NEVER
    adopts: bool = False
    """Alarms set aside may concern the instances now."""


class BookAgain(Struct, frozen=True, array_like=True, tag="again", tag_field="tag"):
    """Book these ``periods`` anew, each an instance and a begin: they were closed while the clock was wrong."""

    periods: tuple[tuple[str, int], ...]
    why: str


class WalkAll(Struct, frozen=True, array_like=True, tag="all", tag_field="tag"):
    """Examine the instances behind the one with id ``after`` ("": from the first), in the order in which they were made: those
    of ``definition_id``, or all for ""."""

    why: str
    definition_id: str = ""
    after: str = ""
    since: int = NEVER


class CloseAll(Struct, frozen=True, array_like=True, tag="close", tag_field="tag"):
    """Close the period that ended at ``ended`` of the instances of ``definition_id`` behind ``after``."""

    definition_id: str
    ended: int
    after: str = ""


class FollowNodes(Struct, frozen=True, array_like=True, tag="follow", tag_field="tag"):
    """Bring the instances that follow these nodes in step with the topology."""

    nodes: tuple[str, ...]


class ShowPlaced(Struct, frozen=True, array_like=True, tag="placed", tag_field="tag"):
    """Emit the instances of these nodes, which came into the topology or left it: they are placed, or no more. ``after``: the
    instance of the first node that was emitted last."""

    nodes: tuple[str, ...]
    after: str = ""


PastTable = Literal["horizon", "breaches", "closed", "closed_through", "periods", "credits", "outages", "contracts"]


class ForgetPast(Struct, frozen=True, array_like=True, tag="forget", tag_field="tag"):
    """Forget what ended before ``horizon``: of ``table``, and of the tables behind it in the order of ``PastTable``. First, at
    ``"horizon"``, the closed accounts put the horizon back to the begin of their period, where that ended behind ``reach``."""

    horizon: int
    table: PastTable = "horizon"
    kept: int = 0
    """Entries of the table that were examined and are kept: its first ones."""
    after: str = ""
    """The contract that was examined last."""
    reach: int = 0


WorkItem = WalkBelow | WalkThese | BookAgain | WalkAll | CloseAll | FollowNodes | ShowPlaced | ForgetPast


def waits_for_time(item: WorkItem, now: int) -> bool:
    """True for a period that has not ended: the clock was put back while it was being closed."""
    return type(item) is CloseAll and item.ended > now

"""Work in slices: what concerns more instances than one Event may examine waits here, and goes on with the next Events."""

from msgspec import Struct


class WalkBelow(Struct, frozen=True, array_like=True, tag="below", tag_field="tag"):
    """Examine the instances at and below the nodes of ``stack``, the last first. ``outage_id``: the interval that concerns
    them, "" when it is something else. ``why``: the reason for their Changes."""

    stack: tuple[str, ...]
    why: str
    outage_id: str = ""


class WalkAll(Struct, frozen=True, array_like=True, tag="all", tag_field="tag"):
    """Examine the instances from number ``after`` on, in the order in which they were made: those of ``definition_id``, or all
    for ""."""

    after: int
    why: str
    definition_id: str = ""


class WalkThese(Struct, frozen=True, array_like=True, tag="these", tag_field="tag"):
    """Examine these instances."""

    instances: tuple[str, ...]
    why: str
    outage_id: str = ""


WorkItem = WalkBelow | WalkAll | WalkThese

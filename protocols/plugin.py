"""The interface of correlation plugins: the data that a plugin receives, and the requests that it may return.

A plugin is a package with an entry point in the group ``faultd.rules``. The entry point names a class (or a function) that
makes the plugin when it is called without arguments. A plugin takes part in the fold, from a process of its own. Its answers
must depend on its arguments alone (no clock, no randomness, no network, no memory), or a replay differs from the first run.
"""

from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Protocol

from msgspec import Struct

from protocols.alarm import Alarm
from protocols.severity import Severity
from protocols.topology import Node

GROUP = "faultd.rules"
"""The group of entry points that plugins stand in."""


class Attach(Struct, frozen=True, tag=True):
    """Make ``parent`` the cause of ``child`` (ids). What the topology, an operator or a rule has attached stays as it is."""

    child: str
    parent: str
    why: str
    suppress: bool = True


class HoldBack(Struct, frozen=True, tag=True):
    """Suppress an alarm until :class:`LetGo`."""

    alarm: str
    why: str


class LetGo(Struct, frozen=True, tag=True):
    """No longer hold the alarm back; something else may."""

    alarm: str
    why: str


class AddTags(Struct, frozen=True, tag=True):
    """Put tags on an alarm that it does not have."""

    alarm: str
    tags: tuple[str, ...]
    why: str


class RaiseSeverity(Struct, frozen=True, tag=True):
    """Make an alarm more severe; never less."""

    alarm: str
    severity: Severity
    why: str


PluginAction = Attach | HoldBack | LetGo | AddTags | RaiseSeverity


class View(Protocol):
    """The state as it is at this moment: only to be read."""

    @property
    def now(self) -> datetime:
        """The ledger's time: the only clock that there is."""

    def alarm(self, name: str) -> Alarm | None:
        """An alarm by its id or its external name."""

    def at_resource(self, resource_id: str) -> Sequence[Alarm]:
        """The open alarms of a resource, in the order in which they were raised."""

    def children(self, alarm_id: str) -> Sequence[Alarm]:
        """The alarms attached to one."""

    def node(self, node_id: str) -> Node | None:
        """A node of the topology."""

    def above(self, node_id: str) -> Sequence[str]:
        """The ids of a node and of everything above it, nearest first; empty for a node that there is not."""


class Plugin(Protocol):
    """``version`` is recorded on the ledger with the name; another version counts as another plugin. ``alarm_types``: the types
    that the plugin receives, empty for all."""

    version: str
    alarm_types: Sequence[str]

    def touched(self, view: View, before: Alarm | None, alarm: Alarm) -> Iterable[PluginAction]:
        """An alarm was raised, cleared or changed (not: merely repeated). ``before`` is None for a new one."""

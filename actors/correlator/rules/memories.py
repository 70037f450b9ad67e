"""The rules' memory in snapshots: see :mod:`actors.correlator.memories`."""

from datetime import datetime

from msgspec import Struct

from protocols.rule import RuleRecord


class RuleMemory(Struct):
    """``records``: by id. ``overrides``: rules of files that were switched by hand. ``digest`` and ``plugins``: of the last
    RulesLoaded. ``pending``: alarms not yet looked at since the rules changed, and rules that are ``gone`` since, with why."""

    records: dict[str, RuleRecord] = {}
    overrides: dict[str, bool] = {}
    digest: str = ""
    plugins: dict[str, str] = {}
    disabled_plugins: dict[str, str] = {}
    pending: list[str] = []
    gone: dict[str, str] = {}


class RaiseWindow(Struct, array_like=True, gc=False):
    """``members``: when each was raised, oldest first. ``shared``: the correlation id given out; ``group``: the group alarm."""

    members: dict[str, datetime] = {}
    shared: str = ""
    group: str = ""
    reports: list[datetime] = []
    """For a rule that counts reports: the times of the last reports, as many as the rule's count, oldest first."""


class TimeWindowMemory(Struct):
    """By rule and what the alarms share (``ID KEY``)."""

    windows: dict[str, RaiseWindow] = {}


class OpenGroup(Struct, array_like=True, frozen=True, gc=False):
    """An open group alarm: its rule, what its members share, the Event that raised it (a re-opened one has other members), and
    how many of them are not over."""

    rule: str
    key: str
    since: int
    open: int = 0

    def more(self, by: int) -> "OpenGroup":
        """A copy with this many more members."""
        return OpenGroup(self.rule, self.key, self.since, self.open + by)


class GroupMemory(Struct):
    """``groups``: by the group alarm's id. ``member_of``: of each member ``GROUP SINCE``."""

    groups: dict[str, OpenGroup] = {}
    member_of: dict[str, tuple[str, ...]] = {}


class Recent(Struct, array_like=True, frozen=True, gc=False):
    """An alarm within a rule's window: since when, and the places under which the other side finds it."""

    at: datetime
    places: tuple[str, ...]


class AttachedChild(Struct, array_like=True, frozen=True, gc=False):
    """The rule that attached an alarm, and the alarm's parent."""

    rule: str
    parent: str


class ParentChildMemory(Struct):
    """``recent``: by slot, then alarm, oldest first. ``adopted``: by child."""

    recent: dict[str, dict[str, Recent]] = {}
    adopted: dict[str, AttachedChild] = {}


class Run(Struct, array_like=True, gc=False):
    """A sequence as far as it has come: since when, and the alarms of its steps."""

    at: datetime
    alarms: tuple[str, ...]


class SequenceMemory(Struct):
    """``runs``: by rule and key (``ID KEY``), oldest first. ``awaited``: alarms after which something has to come, by the
    same."""

    runs: dict[str, tuple[Run, ...]] = {}
    awaited: dict[str, tuple[Run, ...]] = {}


class EscalationClock(Struct, array_like=True, frozen=True, gc=False):
    """Since when an alarm waits, and the rules that have had their say."""

    since: datetime
    done: tuple[str, ...] = ()


class EscalationMemory(Struct):
    """By alarm."""

    clocks: dict[str, EscalationClock] = {}

"""The outcome of a case as plain data: the truth beside the conclusions. The scorer sees nothing else."""

from msgspec import Struct


class TrueFault(Struct, frozen=True, kw_only=True):
    """A fault as it was. Times are seconds of the case."""

    id: str
    kind: str
    place: str
    """Its root as a conclusion should name it: a resource of the topology, ``area:NAME`` for a power area."""
    also: tuple[str, ...] = ()
    """Other places that are as right: the port of a rogue ONT, the node above all feeders of a trunk cable."""
    onts: frozenset[str] = frozenset()
    """ONTs without service because of it. Those that were out before are left out: nothing reports them again."""
    parts: tuple[frozenset[str], ...] = ()
    """The ONTs behind each feeder of a trunk cable: one cause for each of them is right, too."""
    unrecorded: bool = False
    """No record says where it ends: a power area that the topology file does not have."""
    harmless: bool = False
    """Nothing is broken, so nothing may be concluded: a reboot, an upgrade, a shutdown by the operator."""
    misrecorded: frozenset[str] = frozenset()
    """Its ONTs that the topology file has elsewhere: that one of them stands alone is no mistake."""
    start: float = 0.0
    end: float = 0.0
    scored: bool = True
    """False for background: conclusions about it are judged, finding it is not asked for."""
    unheard: str = ""
    """The reason for which the traps that arrived cannot reveal the fault; empty when they can."""
    last_trap: float = 0.0
    """Arrival of the last trap about the beginning of the fault."""
    gasped: bool = True
    """True when a dying gasp of the fault arrived."""


class Conclusion(Struct, frozen=True, kw_only=True):
    """For how long an alarm stood as a root cause of this type at this place: open, without a parent."""

    alarm_id: str
    alarm_type: str
    place: str
    since: float
    until: float
    children: frozenset[str] = frozenset()
    """Faults of the alarms that were attached to it at any time meanwhile."""


class OpenAlarm(Struct, frozen=True, kw_only=True):
    """An open alarm at the moment of the verdict."""

    alarm_id: str
    alarm_type: str
    place: str
    parent: str = ""
    root: bool = False
    inferred: bool = False
    """Concluded by faultd, not reported by a device."""
    confidence: float | None = None
    """The confidence that an inferred alarm states."""
    faults: frozenset[str] = frozenset()
    """Faults whose traps raised or repeated it; empty for background noise and for what was inferred."""


class SentPage(Struct, frozen=True, kw_only=True):
    """A notification was requested for an alarm (NotificationRequested of kind raised or flapping)."""

    at: float
    alarm_id: str
    alarm_type: str
    place: str
    inferred: bool = False
    confidence: float | None = None
    lost_return: bool = False
    """It is about an ONT that is back, and every trap that said so was lost."""
    faults: frozenset[str] = frozenset()


class CaseOutcome(Struct, frozen=True, kw_only=True):
    """Everything that is scored. ``onts`` are the ONTs below each place that a conclusion names."""

    faults: tuple[TrueFault, ...]
    verdict: float
    conclusions: tuple[Conclusion, ...] = ()
    standing: tuple[OpenAlarm, ...] = ()
    pages: tuple[SentPage, ...] = ()
    onts: dict[str, frozenset[str]] = {}
    alarms: int = 0
    """Alarms that devices raised up to the verdict."""
    left: tuple[str, ...] = ()
    """Inferred roots still open when the case is over, all faults repaired long since."""
    traps: int = 0
    quiet: bool = False
    """A maintenance window covers the faults: no notification may be requested."""

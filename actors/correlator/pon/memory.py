"""The inference's memory between two inspections of a port. The alarms themselves are in the State."""

from datetime import datetime, timedelta
from itertools import islice
from typing import Literal

from msgspec import Struct

from protocols.poll.states import Span

FORGOTTEN = timedelta(minutes=10)
"""How long the return of an ONT is remembered."""
_AT_A_TIME = 2
"""More are dropped than are added, so old entries of every ONT disappear at little cost."""

SIGNS_KEPT = 256
"""Signs of a rogue ONT remembered for a port. The latest stay."""
SIGN_LASTS = timedelta(seconds=120)
"""A sign counts for so long."""

SETTLED = timedelta(seconds=120)
"""After this time a conclusion is not revised any more: later outages are new ones."""
RETURNING = timedelta(seconds=45)
"""ONTs of one cause come back within this time of the first. Meanwhile those still out are no new evidence."""

Kind = Literal["cut", "power", "card", "olt", "degraded", "rogue", "trunk"]
SignKind = Literal["turn", "garbled", "stuck", "lives"]


class Sign(Struct, frozen=True, array_like=True, gc=False):
    """A sign of a rogue ONT. ``turn``: an ONT that had come back went dark again. ``garbled``: its upstream arrives and cannot
    be decoded. ``stuck``: it does not obey when ordered to be silent. ``lives``: the OLT receives it, though not well."""

    kind: SignKind
    ont: str
    at: datetime


class Unrestored(Struct, frozen=True, array_like=True, gc=False):
    """A cause that is over, of an ONT that is still out: the id of its alarm, its kind, the name of its place, and the number
    of its ONTs."""

    alarm: str
    kind: Kind
    name: str
    of: int


class Concluded(Struct, kw_only=True):
    """A conclusion. Its key is the id of its alarm."""

    kind: Kind
    place: str
    ports: list[str]
    """PON ports whose ONTs it explains."""
    members: list[str]
    """ONTs that it explains, in the order of the topology. Those of a trunk cable are its feeders'."""
    since: datetime
    returning: datetime | None = None
    """Time at which the first of its members came back, or at which its alarm last said how many are out."""
    told_back: int = 0
    """Number of its members that are back, as its alarm says."""

    def is_returning(self, at: datetime) -> bool:
        """True while its members are coming back, before its alarm says how many are left."""
        return self.returning is not None and at < self.returning + RETURNING

    def decided(self, at: datetime) -> bool:
        """True when no inspection decides about it any more: it is settled, or some of its ONTs are back."""
        return self.explains(at, coming_back=self.told_back > 0 or self.is_returning(at))

    def explains(self, at: datetime, *, coming_back: bool) -> bool:
        """True when its ONTs need no new explanation while they are out: the cause is larger than a port, settled, or they are
        coming back."""
        if self.kind in ("degraded", "rogue"):
            return False
        return self.beyond_port or coming_back or at - self.since > SETTLED

    @property
    def beyond_port(self) -> bool:
        """True when it is larger than a port, so that the inspection of one port cannot decide about it."""
        return len(self.ports) > 1 or self.kind in ("card", "olt")


class Ended(Struct, frozen=True, array_like=True, gc=False):
    """A conclusion about one port that ended because its ONTs came back. ``since``: when it first began."""

    kind: Kind
    place: str
    port: str
    members: tuple[str, ...]
    since: datetime
    at: datetime


class PortRead(Struct, frozen=True, array_like=True, gc=False):
    """A read of a port's ONTs by the poller that began at ``begun``: the numbers of those that were up."""

    begun: datetime
    up: tuple[Span, ...]


PAUSE = timedelta(seconds=1.0)
"""The reports in an OLT's queue leave it without a longer pause, also where some are lost on the way."""
PACE = timedelta(seconds=0.35)
"""The longest mean gap in a queue, since OLTs send 5 to 50 traps a second. Slower reports are sent as the losses happen."""
_FULL = 256
"""Old bursts and losses are dropped each time so many more are remembered."""
SLACK = timedelta(seconds=0.7)
"""The time by which a queue may be behind this pace."""
LONE = timedelta(seconds=0.5)
"""A loss that its OLT reports so long after its last report is an event of its own."""


class Burst(Struct, array_like=True, gc=False):
    """Reports that an OLT sent one after the other: the first and the latest, and the number of gaps between them."""

    since: datetime
    last: datetime
    gaps: int = 0


class PortLosses(Struct, array_like=True, gc=False):
    """The latest loss of a port, and the ONTs that went out one by one, by the time of their latest loss, oldest first."""

    last: datetime
    single: dict[str, datetime] = {}

    def rate(self, begun: datetime, ended: datetime) -> float:
        """Losses a second that came one by one before and after an episode, without those in it: at its own time, or over
        minutes, where that is more."""
        found = 0.0
        for seconds, window in _WINDOWS:
            count = sum(1 for at in self.single.values() if begun - window <= at < begun or ended < at <= ended + window)
            found = max(found, count / seconds)
        return found


_WINDOWS = tuple((seconds, timedelta(seconds=seconds)) for seconds in (15.0, 300.0))


class PonMemory(Struct):
    """``onset``: since when an ONT or port is out. ``back``: when an ONT last came back. ``first``: when the first evidence
    came since the last inspection of a port or area."""

    onset: dict[str, datetime] = {}
    back: dict[str, datetime] = {}
    first: dict[str, datetime] = {}
    causes: dict[str, Concluded] = {}
    at_port: dict[str, list[str]] = {}
    """Ids of the alarms of ``causes``, by port."""
    signs: dict[str, list[Sign]] = {}
    """Signs of rogues by port, oldest first; the port with the latest sign is the last."""
    reads: dict[str, PortRead] = {}
    """The latest read of ports whose outage is or was being explained, by port, the latest last."""
    found: dict[str, datetime] = {}
    """ONTs that a read found down, and when: since when they are out is not known."""
    ended: dict[str, Ended] = {}
    """Conclusions that ended in the last minutes, by the id of their alarm, the latest last."""
    unrestored: dict[str, Unrestored] = {}
    """ONTs that are still out although their cause is over."""
    queued: dict[str, datetime] = {}
    """For ONTs that are out and whose report may have waited in the OLT's queue: the begin of the queue."""
    bursts: dict[str, Burst] = {}
    """The latest reports of each OLT."""
    port_losses: dict[str, PortLosses] = {}
    """By port."""
    without_gasp: dict[str, int] = {}
    """By OLT: single losses without a dying gasp while it has sent none; -1: it sends them."""
    unrecorded: dict[str, dict[str, datetime]] = {}
    """By port: ONTs that are out and that the topology does not have, and since when."""

    def single_loss(self, device: str) -> None:
        """Count an ONT that was lost alone, without a dying gasp."""
        known = self.without_gasp.get(device, 0)
        if known >= 0:
            self.without_gasp[device] = known + 1

    def gasped(self, device: str) -> None:
        """Remember that an OLT sends dying gasps."""
        self.without_gasp[device] = -1

    def fell_unrecorded(self, port: str, ont: str, at: datetime) -> None:
        """Remember an ONT that is out and that the topology does not have."""
        self.unrecorded.setdefault(port, {}).setdefault(ont, at)

    def back_unrecorded(self, port: str, ont: str) -> None:
        """Forget it."""
        mine = self.unrecorded.get(port, {})
        mine.pop(ont, None)
        if not mine:
            self.unrecorded.pop(port, None)

    def reported(self, device: str, at: datetime, port: str = "", ont: str = "") -> None:
        """Remember a report of an OLT that something began. ``ont``: it went out by it."""
        burst = self.bursts.get(device)
        lone = True
        if burst is None:
            if len(self.bursts) % _FULL == _FULL - 1:
                self.bursts = {name: each for name, each in self.bursts.items() if at - each.last <= FORGOTTEN}
            burst = self.bursts[device] = Burst(at, at)
        else:
            gap = at - burst.last
            lone = gap > LONE
            burst.last = at
            if gap > PAUSE or at - burst.since > (burst.gaps + 1) * PACE + SLACK:
                burst.since, burst.gaps = at, 0
            else:
                burst.gaps += 1
        if not ont:
            return
        if burst.since < at:
            self.queued[ont] = burst.since
        losses = self.port_losses.get(port)
        if losses is None:
            if len(self.port_losses) % _FULL == _FULL - 1:
                self.port_losses = {name: each for name, each in self.port_losses.items() if at - each.last <= FORGOTTEN}
            losses = self.port_losses[port] = PortLosses(at)
        losses.last = at
        if lone:
            losses.single.pop(ont, None)
            losses.single[ont] = at
            for one in [one for one, then in islice(losses.single.items(), _AT_A_TIME) if at - then > FORGOTTEN]:
                del losses.single[one]

    def take_read(self, port: str, read: PortRead) -> None:
        """Remember the read of a port, and forget old ones."""
        self.reads.pop(port, None)
        self.reads[port] = read
        for each in [each for each, old in islice(self.reads.items(), _AT_A_TIME) if read.begun - old.begun > FORGOTTEN]:
            del self.reads[each]

    def sign(self, port: str, sign: Sign) -> None:
        """Remember a sign, and forget old ones."""
        recent = [each for each in self.signs.pop(port, ()) if sign.at - each.at <= SIGN_LASTS]
        self.signs[port] = [*recent, sign][-SIGNS_KEPT:]
        for each in [each for each, signs in islice(self.signs.items(), _AT_A_TIME) if sign.at - signs[-1].at > SIGN_LASTS]:
            del self.signs[each]

    def came_back(self, ont: str, at: datetime) -> None:
        """Remember the return of an ONT, the latest last; drop the oldest."""
        self.back.pop(ont, None)
        self.back[ont] = at
        for each in [each for each, since in islice(self.back.items(), _AT_A_TIME) if at - since > FORGOTTEN]:
            del self.back[each]

    def add(self, alarm_id: str, cause: Concluded) -> None:
        """Remember a conclusion."""
        self.causes[alarm_id] = cause
        for port in cause.ports:
            known = self.at_port.setdefault(port, [])
            if alarm_id not in known:
                known.append(alarm_id)

    def extend(self, alarm_id: str, ports: list[str], members: list[str]) -> None:
        """Add ports and ONTs to a conclusion. The cost depends on what is new alone."""
        cause = self.causes[alarm_id]
        cause.members += members
        for port in ports:
            known = self.at_port.setdefault(port, [])
            if alarm_id not in known:
                known.append(alarm_id)
                cause.ports.append(port)

    def end(self, alarm_id: str, at: datetime) -> None:
        """Forget a conclusion whose ONTs are back, but for what shows that they go out again."""
        cause = self.causes.get(alarm_id)
        if cause is not None and cause.kind in ("cut", "power") and not cause.beyond_port:
            before = self.ended.pop(alarm_id, None)
            since = before.since if before is not None else cause.since
            members = tuple(dict.fromkeys((*(before.members if before is not None else ()), *cause.members)))
            self.ended[alarm_id] = Ended(cause.kind, cause.place, cause.ports[0], members, since, at)
            for each in [each for each, old in islice(self.ended.items(), _AT_A_TIME) if at - old.at > FORGOTTEN]:
                del self.ended[each]
        self.drop(alarm_id)

    def drop(self, alarm_id: str) -> None:
        """Forget a conclusion."""
        cause = self.causes.pop(alarm_id, None)
        for port in cause.ports if cause is not None else ():
            left = [each for each in self.at_port.get(port, ()) if each != alarm_id]
            if left:
                self.at_port[port] = left
            else:
                self.at_port.pop(port, None)


def fading(ont: str) -> str:
    """The key in ``onset`` for an ONT that has service and too little light."""
    return f"dim {ont}"

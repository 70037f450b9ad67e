"""Counts of accepted and refused datagrams by source, and the refusals that are not yet reported to the correlator.

Addresses can be forged, so the table has three bounded parts, each of which forgets the source that was silent longest:
sources with an accepted datagram, sources refused at least twice, and sources with a single refused datagram. A flood of
forged addresses therefore displaces only forged addresses.
"""

from collections import OrderedDict
from collections.abc import Callable, Iterator
from datetime import datetime

from protocols.event import SourceRefused
from protocols.trap_source import RefusedFor, TrapSource

ACCEPTED, REFUSED, ONCE = 32_768, 16_384, 16_384
"""Sources remembered: with an accepted datagram, refused twice or more, refused once."""
REPORTS = 20
"""Reports to the correlator at one time, which is about every second."""
FIRST_SECONDS, LONGEST_SECONDS = 2.0, 300.0
"""Time between two reports about one source: at first, and at most. It doubles each time."""
OWN_LIMITS = frozenset({"source_rate", "report_rate"})
"""Reasons that depend on a rate, not on how the source is configured: counted, not reported."""
_LOOKED_AT = 1_000


class _Refusals:
    __slots__ = ("count", "first", "last", "reported")

    def __init__(self, at: datetime) -> None:
        self.count = self.reported = 0
        self.first = self.last = at


class _Source:
    __slots__ = ("accepted", "first_accepted", "interval", "last_accepted", "last_trap", "refused", "report_at", "reported")

    def __init__(self) -> None:
        self.accepted = 0
        self.first_accepted: datetime | None = None
        self.last_accepted: datetime | None = None
        self.last_trap = ""
        self.refused: dict[str, _Refusals] = {}
        self.interval, self.report_at = FIRST_SECONDS, 0.0
        self.reported: datetime | None = None


class SourceTable:
    """A :class:`protocols.trap_source.SourceView`. ``clock`` gives the time of its start."""

    def __init__(self, clock: Callable[[], datetime]) -> None:
        self.since = clock()
        self.forgotten = 0
        self._accepted: OrderedDict[str, _Source] = OrderedDict()
        self._refused: OrderedDict[str, _Source] = OrderedDict()
        self._once: OrderedDict[str, _Source] = OrderedDict()
        self._unreported: OrderedDict[str, None] = OrderedDict()

    # --- counting -------------------------------------------------------------------------------------------------

    def accept(self, address: str, at: datetime, trap_oid: str) -> None:
        """One more datagram of ``address`` was accepted."""
        source = self._accepted.get(address)
        if source is None:
            source = self._refused.pop(address, None) or self._once.pop(address, None) or _Source()
            source.first_accepted = at
            self._put(self._accepted, ACCEPTED, address, source)
        else:
            self._accepted.move_to_end(address)
        source.accepted += 1
        source.last_accepted = at
        source.last_trap = trap_oid

    def refuse(self, address: str, at: datetime, reason: str) -> None:
        """One more datagram of ``address`` was refused."""
        source = self._accepted.get(address)
        if source is not None:
            self._accepted.move_to_end(address)
        elif (source := self._refused.get(address)) is not None:
            self._refused.move_to_end(address)
        elif (source := self._once.pop(address, None)) is not None:
            self._put(self._refused, REFUSED, address, source)
        else:
            source = _Source()
            self._put(self._once, ONCE, address, source)
        refusals = source.refused.get(reason)
        if refusals is None:
            refusals = source.refused[reason] = _Refusals(at)
        refusals.count += 1
        refusals.last = at
        if reason not in OWN_LIMITS and address not in self._once:
            self._unreported[address] = None

    def _put(self, part: OrderedDict[str, _Source], most: int, address: str, source: _Source) -> None:
        part[address] = source
        if len(part) > most:
            forgotten, _ = part.popitem(last=False)
            self._unreported.pop(forgotten, None)
            self.forgotten += 1

    # --- reporting ------------------------------------------------------------------------------------------------

    def due(self, now: float) -> list[SourceRefused]:
        """Reports about sources that were refused since they were last reported, at most REPORTS. ``now`` is monotonic."""
        reports: list[SourceRefused] = []
        for _ in range(min(len(self._unreported), _LOOKED_AT)):
            if len(reports) == REPORTS:
                break
            address, _ = self._unreported.popitem(last=False)
            source = self._accepted.get(address) or self._refused.get(address)
            if source is None:
                continue
            if now < source.report_at:
                self._unreported[address] = None
            else:
                reports.append(_report(address, source, now))
        return reports

    # --- looking --------------------------------------------------------------------------------------------------

    def addresses(self) -> Iterator[str]:
        """Every source that is remembered, in no order."""
        yield from self._accepted
        yield from self._refused
        yield from self._once

    def get(self, address: str) -> TrapSource | None:
        """The counts of one source."""
        source = self._accepted.get(address) or self._refused.get(address) or self._once.get(address)
        if source is None:
            return None
        return TrapSource(
            address=address,
            accepted=source.accepted,
            first_accepted=source.first_accepted,
            last_accepted=source.last_accepted,
            last_trap=source.last_trap,
            refused=tuple(
                RefusedFor(reason, each.count, each.first, each.last) for reason, each in sorted(source.refused.items())
            ),
        )


def _report(address: str, source: _Source, now: float) -> SourceRefused:
    told = {reason: each for reason, each in source.refused.items() if reason not in OWN_LIMITS and each.count > each.reported}
    last = max(each.last for each in told.values())
    accepted = source.last_accepted
    again = accepted is not None and source.reported is not None and accepted >= source.reported
    source.interval = FIRST_SECONDS if again or source.reported is None else min(2 * source.interval, LONGEST_SECONDS)
    source.report_at, source.reported = now + source.interval, last
    counts = {reason: each.count - each.reported for reason, each in told.items()}
    for each in told.values():
        each.reported = each.count
    return SourceRefused(source=address, reasons=counts, last=last, accepted=accepted)

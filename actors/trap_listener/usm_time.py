"""Timeliness of SNMPv3 messages against replay (RFC 3414 section 3.2 step 7).

Two faults of real agents make every message of theirs untimely: snmpEngineBoots that does not rise with a restart, and an
snmpEngineTime that stands still. A user whose ``time_window`` is lenient has such a message taken when its boots are those
known, its time is the newest known or that of a restart just now, and this very message was not seen before: of each engine
the digests of the messages are remembered that this could let in a second time.
"""

from collections import OrderedDict
from collections.abc import Iterable, Iterator
from typing import Literal

from msgspec import Struct

WINDOW = 150
"""Seconds that a message may be late."""
MAX_BOOTS = 2**31 - 1
_ENGINES_REMEMBERED = 65_536
DIGESTS = 256
"""Messages remembered of each engine, of the newest time and of its first seconds."""
_DIGEST_OCTETS = 8

Verdict = Literal["timely", "lenient", "untimely"]


def own_in_window(boots: int, time: int, own_boots: int, own_time: int) -> bool:
    """Step 7a: a message to our own engine, by our own clock."""
    return own_boots != MAX_BOOTS and boots == own_boots and abs(time - own_time) <= WINDOW


class SavedClock(Struct, frozen=True, array_like=True):
    """The clock of an engine as a later start of faultd takes it on, with the messages that it must not take again."""

    engine_id: bytes
    boots: int
    time: int
    digests: tuple[bytes, ...]


class _Clock:
    """``time`` was the engine's at our ``at``. ``newest`` and ``early`` are the messages of that time and of the first WINDOW
    seconds; ``before`` those that an earlier run of faultd took."""

    __slots__ = ("at", "before", "boots", "early", "newest", "time")

    def __init__(self, boots: int, time: int, at: float, before: Iterable[bytes] = ()) -> None:
        self.boots, self.time, self.at = boots, time, at
        self.newest: dict[bytes, None] = {}
        self.early: dict[bytes, None] = {}
        self.before = frozenset(before)

    def seen(self, digest: bytes) -> bool:
        return digest in self.newest or digest in self.early

    def move(self, boots: int, time: int, at: float) -> None:
        if boots != self.boots:
            self.early = {}
        self.boots, self.time, self.at = boots, time, at
        self.newest = {}

    def remember(self, time: int, digest: bytes) -> None:
        for wanted, digests in ((time == self.time, self.newest), (time < WINDOW, self.early)):
            if wanted and digest:
                digests[digest] = None
                if len(digests) > DIGESTS:
                    del digests[next(iter(digests))]


class Timeline:
    """Step 7b: what is known of other engines' clocks. Only authenticated messages may be shown to it; the first one from
    an engine is believed. An engine that an earlier run knew is held to the time that it had then."""

    def __init__(self, saved: Iterable[SavedClock] = (), now: float = 0.0) -> None:
        self._notions: OrderedDict[bytes, _Clock] = OrderedDict()
        self.changed = False
        """Whether anything was learnt since this was last set to False."""
        for clock in saved:
            self._notions[clock.engine_id] = _Clock(clock.boots, clock.time, now, clock.digests)

    def accept(
        self, engine_id: bytes, boots: int, time: int, now: float, digest: bytes = b"", *, lenient: bool = False
    ) -> Verdict:
        """Whether the message is timely, or is taken all the same; if so, its clock is learnt. ``now`` is monotonic seconds."""
        if boots == MAX_BOOTS:
            return "untimely"
        digest = digest[:_DIGEST_OCTETS]
        known = self._notions.get(engine_id)
        if known is None:
            if len(self._notions) >= _ENGINES_REMEMBERED:
                self._notions.popitem(last=False)
            known = self._notions[engine_id] = _Clock(boots, time, now)
            return self._take(known, time, digest)
        if digest in known.before or boots < known.boots:
            return "untimely"
        if boots > known.boots or time > known.time:
            known.move(boots, time, now)
            return self._take(known, time, digest)
        if time >= known.time + int(now - known.at) - WINDOW:
            return self._take(known, time, digest)
        if not lenient or not digest or known.seen(digest):
            return "untimely"
        if time != known.time:
            if time >= WINDOW:
                return "untimely"
            known.move(boots, time, now)  # started again, with the same boots
        self._take(known, time, digest)
        return "lenient"

    def saved(self) -> Iterator[SavedClock]:
        """Every clock, for a later start. A clock that was taken on and not heard since is as it was."""
        for engine_id, clock in self._notions.items():
            digests = dict.fromkeys((*clock.before, *clock.early, *clock.newest))
            yield SavedClock(engine_id, clock.boots, clock.time, tuple(digests)[-2 * DIGESTS :])

    def _take(self, clock: _Clock, time: int, digest: bytes) -> Verdict:
        clock.remember(time, digest)
        self.changed = True
        return "timely"

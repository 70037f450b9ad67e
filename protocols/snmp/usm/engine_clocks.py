"""Clocks of other engines, by which a message is timely or a replay (RFC 3414 section 3.2 step 7).

Two faults of real agents make every message of theirs untimely: snmpEngineBoots that does not rise with a restart, and an
snmpEngineTime that stands still. The lenient check accepts such a message when its boots are those known, its time is the
newest known or less than WINDOW seconds after a restart, and this message was not accepted before. For that, the digests of
the messages of an engine's newest time and first seconds are remembered.
"""

from collections import OrderedDict
from collections.abc import Iterable, Iterator
from typing import Final, Literal

from msgspec import Struct

WINDOW: Final = 150
"""Seconds that a message may be late."""
MAX_BOOTS: Final = 2**31 - 1
ENGINES_REMEMBERED: Final = 65_536
DIGESTS: Final = 256
"""Messages remembered of each engine, of the newest time and of its first seconds."""
_DIGEST_OCTETS: Final = 8

Verdict = Literal["timely", "lenient", "untimely"]


def is_in_own_window(boots: int, time: int, own_boots: int, own_time: int) -> bool:
    """Step 7a: True for a timely message to our own engine, by our own clock."""
    return own_boots != MAX_BOOTS and boots == own_boots and abs(time - own_time) <= WINDOW


class SavedClock(Struct, frozen=True, array_like=True):
    """An engine's clock for the next run of faultd, with the digests of the messages that the next run must refuse."""

    engine_id: bytes
    boots: int
    time: int
    digests: tuple[bytes, ...]


class _EngineClock:
    """One engine's clock: at the monotonic time ``at`` it showed ``boots`` and ``time``.

    ``newest`` and ``early`` are digests of accepted messages: of that time, and of the first WINDOW seconds of these boots.
    ``before`` are those of the previous run of faultd.
    """

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


class EngineClocks:
    """Step 7b: the clocks of other engines, learnt from their authenticated messages.

    Show it authenticated messages only. The first message from an engine is believed. An engine whose clock was saved is
    held to the saved time. ``engines`` bounds how many are remembered; the one met first is forgotten first.
    """

    def __init__(self, saved: Iterable[SavedClock] = (), now: float = 0.0, engines: int = ENGINES_REMEMBERED) -> None:
        self._clocks: OrderedDict[bytes, _EngineClock] = OrderedDict()
        self._engines = engines
        self.changed = False
        """True when a clock was learnt since this was last set to False."""
        for clock in saved:
            self._clocks[clock.engine_id] = _EngineClock(clock.boots, clock.time, now, clock.digests)

    def accept(
        self, engine_id: bytes, boots: int, time: int, now: float, digest: bytes = b"", *, lenient: bool = False
    ) -> Verdict:
        """Judge one message, and learn the engine's clock unless it is untimely. ``now`` is monotonic seconds."""
        if boots == MAX_BOOTS:
            return "untimely"
        digest = digest[:_DIGEST_OCTETS]
        known = self._clocks.get(engine_id)
        if known is None:
            if len(self._clocks) >= self._engines:
                self._clocks.popitem(last=False)
            known = self._clocks[engine_id] = _EngineClock(boots, time, now)
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
            known.move(boots, time, now)  # restarted with the same boots
        self._take(known, time, digest)
        return "lenient"

    def estimate(self, engine_id: bytes, now: float) -> tuple[int, int] | None:
        """Boots and time that the engine shows at ``now``, None when it is unknown. A saved clock is behind by the time
        that faultd was stopped."""
        known = self._clocks.get(engine_id)
        if known is None:
            return None
        return known.boots, min(max(0, known.time + int(now - known.at)), MAX_BOOTS)

    def saved(self) -> Iterator[SavedClock]:
        """Every clock, for the next run. A saved clock whose engine sent nothing since is handed on unchanged."""
        for engine_id, clock in self._clocks.items():
            digests = dict.fromkeys((*clock.before, *clock.early, *clock.newest))
            yield SavedClock(engine_id, clock.boots, clock.time, tuple(digests)[-2 * DIGESTS :])

    def _take(self, clock: _EngineClock, time: int, digest: bytes) -> Verdict:
        clock.remember(time, digest)
        self.changed = True
        return "timely"

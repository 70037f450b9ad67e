"""Timeliness of SNMPv3 messages against replay (RFC 3414 section 3.2 step 7)."""

from collections import OrderedDict
from typing import NamedTuple

WINDOW = 150
"""Seconds that a message may be late."""
MAX_BOOTS = 2**31 - 1
_ENGINES_REMEMBERED = 65_536


def own_in_window(boots: int, time: int, own_boots: int, own_time: int) -> bool:
    """Step 7a: a message to our own engine, by our own clock."""
    return own_boots != MAX_BOOTS and boots == own_boots and abs(time - own_time) <= WINDOW


class _Notion(NamedTuple):
    boots: int
    time: int
    at: float


class Timeline:
    """Step 7b: what is known of other engines' clocks. Only authenticated messages may be shown to it; the first one from
    an engine is believed."""

    def __init__(self) -> None:
        self._notions: OrderedDict[bytes, _Notion] = OrderedDict()

    def accept(self, engine_id: bytes, boots: int, time: int, now: float) -> bool:
        """Whether the message is timely; if it is, its clock is learnt. ``now`` is monotonic seconds."""
        known = self._notions.get(engine_id)
        if boots == MAX_BOOTS:
            return False
        if known is not None:
            estimate = known.time + int(now - known.at)
            if boots < known.boots or (boots == known.boots and time < estimate - WINDOW):
                return False
            if boots == known.boots and time <= known.time:
                return True
        elif len(self._notions) >= _ENGINES_REMEMBERED:
            self._notions.popitem(last=False)
        self._notions[engine_id] = _Notion(boots, time, now)
        return True

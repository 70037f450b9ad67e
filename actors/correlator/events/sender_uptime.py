"""The senders' sysUpTime: whether it can put two reports in order.

Each trap shows when its sender started: time of receipt less uptime. While one agent runs, this value moves only by the seconds
for which the network delays a trap. Another value is a restart, and begins a new epoch. An earlier value that comes back, later
than a trap can be delayed, belongs to a second agent that runs beside the first: several agents send from this address (a
proxy, two control cards), and their uptimes are not compared from then on.
"""

from datetime import datetime
from typing import Final

from msgspec.structs import replace

from actors.correlator.events.report_order import difference
from actors.correlator.saved import SenderClock
from protocols.snmp.rfc3584 import SNMP_TRAPS

RESTARTS: Final = frozenset((f"{SNMP_TRAPS}.1", f"{SNMP_TRAPS}.2"))
"""coldStart and warmStart."""
MOST_STARTS: Final = 4
"""Earlier starts of a sender that are kept, to notice one that still runs."""
SURELY: Final = 5
"""A start is taken for one that was seen before when it is as near as this part of the window."""


def observed(
    known: SenderClock | None, uptime: int, boots: int, trap_oid: str, received: datetime, window: int
) -> SenderClock | None:
    """A sender's clock after one more trap; ``known`` itself where the trap brings nothing new. ``boots`` is 0 where the trap
    contains no engine boots; ``window`` is the longest delay of a trap, in hundredths of a second.

    None for a trap of an earlier start than the last one, when that start was seen so recently that the trap may have been sent
    before the restart and overtaken. Two agents send such traps too, so its uptime gives no order.
    """
    now = round(received.timestamp() * 100)
    start = now - uptime
    if known is None:
        return SenderClock(0, start, now, boots)
    if (
        -window < 4 * (start - known.start) < window
        and now - known.seen < window
        and (boots == 0 or boots == known.boots)
        and trap_oid not in RESTARTS
    ):
        return known
    restart = trap_oid in RESTARTS
    if not restart and boots <= known.boots and known.earlier and _is_of_earlier(known, start, now, window):
        return None
    moved = difference(known.start, start)
    same = -window <= moved <= window
    rebooted = boots != 0 != known.boots != boots
    if same and not restart and not rebooted:
        return replace(known, start=start, seen=now, boots=boots or known.boots)
    earlier = ((known.start, known.seen), *known.earlier)[:MOST_STARTS]
    if restart or rebooted:
        # A restart at the start that is known already was overtaken itself, or leaves the uptime as it was.
        return SenderClock(
            known.epoch + 1, start, now, boots or known.boots, earlier, restarted=now if restart and same else None
        )
    returned = any(now - seen > window >= SURELY * abs(difference(then, start)) for then, seen in known.earlier)
    return replace(
        known,
        epoch=known.epoch + 1,
        start=start,
        seen=now,
        boots=boots or known.boots,
        earlier=earlier,
        several=known.several or returned,
    )


def _is_of_earlier(known: SenderClock, start: int, now: int, window: int) -> bool:
    if difference(known.start, start) >= -window:
        return False
    return any(now - seen <= window >= abs(difference(then, start)) for then, seen in known.earlier)

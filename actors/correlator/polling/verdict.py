"""The verdict on a device that missed as many polls as are needed: pure decisions from what its poller reports.

others silent                                      faultd's own fault    the device itself             verdict
all (three devices or more, this one included)     any                   any                           blind
more than half, five devices or more with this     any                   any                           blind
any                                                yes                   any                           blind for this device
more than a quarter, four or more                  no                    any                           doubted
fewer                                              no                    lives by other means          unreachable
fewer                                              no                    nothing                       down
"""

from datetime import datetime, timedelta
from typing import Final, Literal

from protocols.poll.contact import OtherPolls, PollMissed

Verdict = Literal["blind", "doubted", "unreachable", "down"]
ALL: Final = 3
"""So many devices that are silent together, and no other that answers, are no coincidence of faults."""
MOST: Final = 5
"""The same for more than half of the devices, while others answer."""
LATE_TRAP: Final = timedelta(seconds=10)
"""A trap within this time after the first missed poll may have been sent before the device died."""


def is_blind(others: OtherPolls) -> bool:
    """True when the silence of the other devices shows that the fault is faultd's, or on its way to them."""
    silent = others.silent + 1
    return (silent >= ALL and others.silent >= others.asked) or (silent >= MOST and 2 * others.silent > others.asked)


def is_doubtful(others: OtherPolls) -> bool:
    """True when so many others are silent that more of them may follow."""
    return others.silent + 1 >= MOST and 4 * others.silent > others.asked


def sees_again(unseen: int, polled: int) -> bool:
    """True when so few of the polled devices are still unseen that faultd is not blind."""
    return unseen < MOST or 2 * unseen <= polled


def verdict_on(event: PollMissed, lives: str) -> Verdict:
    """The verdict. ``lives``: see :func:`signs_of_life`."""
    if event.own_fault or is_blind(event.others):
        return "blind"
    if is_doubtful(event.others):
        return "doubted"
    return "unreachable" if lives else "down"


def signs_of_life(event: PollMissed, first: datetime, trap: datetime | None) -> str:
    """What shows that the device lives, in words; empty for nothing. ``trap``: when the latest trap of it was accepted."""
    found = []
    if event.silence == "refused":
        found.append("it refuses SNMP by ICMP")
    if event.silence == "elsewhere":
        found.append("it answers from another address than the one that is asked")
    if event.other_object:
        found.append("it answers another request")
    if event.echo:
        found.append("it answers ICMP echo")
    if trap is not None and trap > first + LATE_TRAP:
        found.append(f"a trap of it was accepted at {trap:%H:%M:%S} UTC")
    return "; ".join(found)


def evidence_of(event: PollMissed, first: datetime) -> str:
    """What the poller tried, and the state of the other devices, in words."""
    tried = [f"{event.misses} polls in a row had no answer, the first at {first:%Y-%m-%d %H:%M:%S} UTC"]
    if event.other_object is False:
        tried.append("another request had none either")
    if event.echo is False:
        tried.append("nor had ICMP echo")
    if event.echo is None:
        tried.append("ICMP echo is not used")
    return f"{', '.join(tried)}; {silent_of(event.others)}"


def silent_of(others: OtherPolls) -> str:
    """The silence of the other devices, in words."""
    return f"{others.silent} of {others.asked} other devices are silent" if others.asked else "no other device was polled"

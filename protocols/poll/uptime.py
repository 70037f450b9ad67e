"""Whether the times that an agent reports follow from the ones read before. Pure arithmetic; pollers and correlator share it.

The correlator alone decides what a break means. An uptime counts hundredths of a second modulo 2^32, so it wraps after
497 days; a wrap follows. A read that failed is no value, and is compared with nothing.
"""

from typing import Final, Literal

from msgspec import Struct

from protocols.poll.contact import AgentTimes

Continuity = Literal["follows", "restarted", "odd", "unknown"]
"""``follows``: as expected after the time between the reads. ``restarted``: the count began since the read before. ``odd``:
neither, so the agent's clock or faultd's was set. ``unknown``: one of the two reads has no value."""
BootsChange = Literal["same", "rose", "fell", "unknown"]

TICKS: Final = 100
"""Of an uptime, a second."""
MODULUS: Final = 2**32
TOLERANCE_SECONDS: Final = 10.0
TOLERANCE_SHARE: Final = 0.02
"""Allowed difference: seconds, and a share of the time between the reads. Agents' clocks are poor, and an answer may wait."""


class TimesStep(Struct, frozen=True):
    """The step from one read of an agent's times to the next. ``uptime``: sysUpTime. ``host``: hrSystemUptime, or the vendor's
    own. ``boots``: snmpEngineBoots."""

    uptime: Continuity
    host: Continuity
    boots: BootsChange

    @property
    def follows(self) -> bool:
        """Nothing contradicts that the agent and the device ran on between the reads."""
        return (
            self.uptime in ("follows", "unknown") and self.host in ("follows", "unknown") and self.boots in ("same", "unknown")
        )


def times_step(before: AgentTimes, after: AgentTimes, elapsed: float | None = None) -> TimesStep:
    """The step from ``before`` to ``after``. ``elapsed``: seconds between the reads; None: by their instants."""
    if elapsed is None:
        elapsed = (after.at - before.at).total_seconds()
    return TimesStep(
        uptime=uptime_step(before.uptime, after.uptime, elapsed),
        host=uptime_step(before.host_uptime, after.host_uptime, elapsed),
        boots=_boots(before.boots, after.boots),
    )


def uptime_step(before: int | None, after: int | None, elapsed: float) -> Continuity:
    """The step from an uptime of ``before`` hundredths of a second to one of ``after``, read ``elapsed`` seconds later."""
    if before is None or after is None:
        return "unknown"
    tolerance = TICKS * (TOLERANCE_SECONDS + TOLERANCE_SHARE * max(elapsed, 0.0))
    expected = before + round(TICKS * elapsed)
    ahead = (after - expected + MODULUS // 2) % MODULUS - MODULUS // 2
    if abs(ahead) <= tolerance:
        return "follows"
    return "restarted" if after <= TICKS * elapsed + tolerance else "odd"


def uptime_seconds(times: AgentTimes) -> float | None:
    """sysUpTime in seconds; None without a value."""
    return None if times.uptime is None else times.uptime / TICKS


def times_oddity(times: AgentTimes) -> str:
    """A sentence about times that no standard allows; empty: there are none. FiberHome reports a negative snmpEngineTime."""
    if times.engine_time is not None and times.engine_time < 0:
        return f"snmpEngineTime is negative ({times.engine_time} s)"
    if times.boots is not None and times.boots < 0:
        return f"snmpEngineBoots is negative ({times.boots})"
    return ""


def _boots(before: int | None, after: int | None) -> BootsChange:
    if before is None or after is None:
        return "unknown"
    if after == before:
        return "same"
    return "rose" if after > before else "fell"

"""Restarts of an SNMP agent or of its whole device, read from the times that the agent reports.

    snmpEngineBoots    sysUpTime                       hrSystemUptime           restarted
    rose               any                             follows, or not read     the agent
    rose               any                             began anew               the device
    same or not read   began anew                      follows, or not read     the agent
    same or not read   began anew, or not read         began anew               the device
    same or not read   follows                         any                      nothing
    fell               follows                         any                      nothing: an oddity
    any but risen      neither follows nor began anew  any                      nothing: an oddity

A wrap at 2^32 hundredths of a second follows. A failed read is no value: :func:`carried` keeps the last one.
"""

from datetime import timedelta
from typing import Final, Literal, NamedTuple

from msgspec.structs import replace

from protocols.poll.contact import AgentTimes
from protocols.poll.uptime import MODULUS, TICKS, times_step

Restarted = Literal["", "agent", "device"]
"""``agent``: the SNMP agent alone, or nothing shows that it was more."""


class Restart(NamedTuple):
    """``restarted``: empty for nothing. ``reason``: the figures, for the operator. ``oddity``: a change of the times that no
    restart explains; empty for none."""

    restarted: Restarted
    reason: str = ""
    oddity: str = ""


NONE: Final = Restart("")


def restart_between(before: AgentTimes, now: AgentTimes) -> Restart:
    """Decide from two readings of the same agent whether it or its device restarted between them."""
    elapsed = (now.at - before.at).total_seconds()
    if elapsed < 0:
        return Restart("", oddity="the reading is older than the one before")
    step = times_step(before, now, elapsed)
    anew = step.uptime == "restarted" or (step.uptime == "unknown" and step.host == "restarted")
    if not anew and step.boots != "rose":
        if step.uptime == "odd":
            return Restart("", oddity=f"uptime {_shown(before.uptime)} to {_shown(now.uptime)} within {elapsed:.0f} s")
        if step.boots == "fell":
            return Restart("", oddity=f"boots {before.boots} to {now.boots}, and the uptime went on")
        return NONE
    figures = [f"boots {before.boots} to {now.boots}"] if step.boots not in ("unknown", "same") else []
    if step.uptime != "unknown":
        figures.append(f"uptime {_shown(before.uptime)} to {_shown(now.uptime)}")
    if step.host == "unknown":
        figures.append("no uptime of the host: the whole device may have restarted")
    else:
        figures.append(f"uptime of the host {_shown(before.host_uptime)} to {_shown(now.host_uptime)}")
    return Restart("device" if step.host == "restarted" else "agent", ", ".join(figures))


def carried(before: AgentTimes, now: AgentTimes) -> AgentTimes:
    """``now``; a time that was not read has the value that follows from ``before``."""
    elapsed = max(now.at - before.at, timedelta())
    return replace(
        now,
        uptime=_went_on(before.uptime, elapsed) if now.uptime is None else now.uptime,
        boots=before.boots if now.boots is None else now.boots,
        host_uptime=_went_on(before.host_uptime, elapsed) if now.host_uptime is None else now.host_uptime,
    )


def _went_on(uptime: int | None, elapsed: timedelta) -> int | None:
    return None if uptime is None else (uptime + round(TICKS * elapsed.total_seconds())) % MODULUS


def _shown(uptime: int | None) -> str:
    return "unknown" if uptime is None else f"{uptime // TICKS} s"

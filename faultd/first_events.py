"""The first Events of a run: what has changed in files, and the ends of the previous run's self-alarms."""

from collections.abc import Iterable

import trio

from actors.mailbox import Append, Outcome, Reply
from faultd.database_alarm import ALARM
from protocols.event import Event, SystemReport

ALARMS_OF_ONE_RUN = ("actor.parked", "clock.jumped", ALARM, "snapshot.failed", "stage.failed", "traps.refused", "traps.lost")
"""Alarms about faultd itself that only the run which raised them can clear."""


async def append_first(appends: trio.MemorySendChannel[Append], changed_inputs: Iterable[Event]) -> Reply[Outcome]:
    """Have these Events on disk before anything else, so that they are folded first. Returns the reply that comes when they are
    folded. ``changed_inputs``: Events for the files that are not as the ledger has them."""
    kept: Reply[int] = Reply()
    folded: Reply[Outcome] = Reply()
    await appends.send(Append([*changed_inputs, *_clears()], committed=kept, answered=folded))
    await kept.wait()
    return folded


def _clears() -> list[SystemReport]:
    """Clears of the self-alarms that the previous run left open. The actors raise those that still apply."""
    return [
        SystemReport(alarm_type=alarm_type, active=False, qualifier="*", description="faultd was started again")
        for alarm_type in ALARMS_OF_ONE_RUN
    ]

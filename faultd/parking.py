"""Parked actors: ``/readyz`` shows them, an alarm is raised, and the ledger no longer waits for a parked consumer."""

from collections.abc import Callable

import structlog
import trio

from actors.mailbox import Append, AppendSender
from actors.supervisor import OperatorNeeded
from faultd.health import Health
from protocols.event import SystemReport

log = structlog.get_logger()


class Parking:
    """The supervisor calls it. ``appends`` leads to the ledger; ``park_consumer`` marks the consumer of this name as stopped
    until the next start."""

    def __init__(self, health: Health, appends: AppendSender, park_consumer: Callable[[str], None]) -> None:
        self._health, self._appends, self._park_consumer = health, appends, park_consumer

    async def __call__(self, name: str, error: Exception) -> None:
        """Show that actor ``name`` is parked, and raise its alarm. While faultd stops there is no alarm."""
        self._park_consumer(name)
        hopeless = isinstance(error, OperatorNeeded)
        self._health.parked[name] = f"stopped {'until faultd is restarted' if hopeless else 'after repeated crashes'}: {error}"
        if self._health.stopping:
            return
        how = "cannot go on" if hopeless else "crashed too often"
        report = SystemReport(
            alarm_type="actor.parked",
            active=True,
            severity="critical",
            qualifier=name,
            title=f"{name} {how} and is stopped until faultd is restarted",
            description=str(error),
        )
        try:
            # An end of its own: the drain may close the daemon's while this waits for room, and the ledger waits for the last.
            async with self._appends.clone() as own:
                await own.send(Append([report], keep=True))
        except trio.BrokenResourceError:
            log.error("no ledger to tell that an actor is parked", actor=name)

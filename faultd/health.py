"""What is ready and what is degraded, for ``/readyz``, the log and systemd's status line."""

from typing import Any

from actors.mailbox import Progress
from actors.metrics import Metrics


class Health:
    """Collected from the parts as they start. ``ready`` is about traps alone: they are taken without PostgreSQL too."""

    def __init__(self, metrics: Metrics, store: Progress) -> None:
        self._metrics, self._store = metrics, store
        self.taking_traps = False
        self.stopping = False
        self.listening: dict[str, str] = {}
        self.parked: dict[str, str] = {}
        self.ledger_failed = False

    @property
    def ready(self) -> bool:
        return self.taking_traps and not self.stopping

    def degraded(self) -> list[str]:
        """One sentence for each thing that is not as it should be."""
        found = [f"{actor} is stopped after repeated crashes: {error}" for actor, error in self.parked.items()]
        if not _value(self._metrics.store_up):
            found.append("PostgreSQL is away: history cannot be read; alarms, commands and the stream go on")
        if _value(self._metrics.quarantined):
            found.append(f"{_value(self._metrics.quarantined):.0f} Events are in quarantine")
        if self.ledger_failed:
            found.append("the ledger cannot write: traps wait in the kernel, INFORMs are not answered")
        return found

    def report(self) -> dict[str, Any]:
        """The body of ``/readyz``."""
        degraded = self.degraded()
        return {
            "ready": self.ready,
            "status": "stopping" if self.stopping else "degraded" if degraded else "ok" if self.ready else "starting",
            "degraded": degraded,
            "listening": self.listening,
            "store_seq": self._store.seq,
        }


def _value(gauge: Any) -> float:
    return float(gauge._value.get())

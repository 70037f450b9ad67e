"""Readiness and degradation, for ``/readyz``, the log and systemd's status line."""

from collections.abc import Callable

from actors.mailbox import Progress
from actors.metrics import Metrics
from protocols.ledger import ConsumerLag
from protocols.printable import counted
from protocols.rest_daemon import DaemonPart, Readiness

_TROUBLE_LENGTH = 300


class Health:
    """Asked by ``/readyz``. ``ready`` is about traps alone: they are taken without PostgreSQL too."""

    def __init__(
        self,
        metrics: Metrics,
        store: Progress,
        ledger_failure: Callable[[], str | None],
        refuses_connections: Callable[[], bool] = lambda: False,
        database_trouble: Callable[[], str] = lambda: "",
        lags: Callable[[], dict[str, ConsumerLag]] = dict,
    ) -> None:
        """``refuses_connections`` says whether a connection could not be accepted lately, ``database_trouble`` why PostgreSQL
        is away, ``lags`` how far each consumer of the feed is behind."""
        self._metrics, self._store, self._ledger_failure = metrics, store, ledger_failure
        self._refuses_connections = refuses_connections
        self._database_trouble = database_trouble
        self._lags = lags
        self.waiting = False
        """True while faultd takes traps and has not reported ready."""
        self.taking_traps = False
        self.stopping = False
        self.listening: dict[str, str] = {}
        self.parked: dict[str, str] = {}

    def __call__(self) -> Readiness:
        """The state of every part, now."""
        failure = self._ledger_failure()
        parts = {
            "traps": self._traps(),
            "ledger": DaemonPart("down", failure) if failure else DaemonPart("ok"),
            "store": self._postgresql(),
            **{name: DaemonPart("ok", address) for name, address in self.listening.items() if name != "traps"},
        }
        kept = self._metrics.value("faultd_quarantined_events")
        if kept:
            parts["quarantine"] = DaemonPart("degraded", f"{kept:.0f} Events could not be folded and are kept for a retry")
        rejected = self._metrics.value("faultd_store_rejected_changes")
        if rejected:
            parts["rejects"] = DaemonPart(
                "degraded", f"{rejected:.0f} Changes that PostgreSQL refused are kept in store_rejects"
            )
        if polled := self._metrics.value("faultd_polled_devices"):
            parts["polling"] = self._polling(int(polled))
        if self._refuses_connections():
            parts["connections"] = DaemonPart(
                "degraded",
                "some could not be accepted within the last minute: all descriptors were in use. Raise the limit (LimitNOFILE, "
                "ulimit -n) or lower http.max_connections and stream.max_clients; traps go on",
            )
        for name, text in self.parked.items():
            parts[name] = DaemonPart("down", text)
        ready = self.taking_traps and not self.waiting and not self.stopping and not failure
        return Readiness(ready, parts, self._lags())

    def summary(self) -> str:
        """One line for systemd's status."""
        readiness = self()
        troubled = [f"{name}: {part.detail}" for name, part in readiness.parts.items() if part.status != "ok"]
        return "; ".join(troubled) or "taking traps"

    def _traps(self) -> DaemonPart:
        if self.stopping:
            return DaemonPart("down", "stopping")
        return DaemonPart("ok", self.listening.get("traps", "")) if self.taking_traps else DaemonPart("down", "starting")

    def _polling(self, devices: int) -> DaemonPart:
        silent = int(self._metrics.value("faultd_polled_devices_silent"))
        parked = int(self._metrics.value("faultd_polled_devices_parked"))
        text = f"{counted(devices, 'device')} polled, {silent:,} silent"
        return DaemonPart("degraded", f"{text}, the pollers of {parked:,} parked") if parked else DaemonPart("ok", text)

    def _postgresql(self) -> DaemonPart:
        if self._metrics.value("faultd_store_up"):
            return DaemonPart("ok", f"has written batch {self._store.seq}")
        if self.waiting and not self.stopping:
            return DaemonPart(
                "degraded", "faultd is starting and does not have PostgreSQL yet; alarms, commands and the stream go on"
            )
        trouble = self._database_trouble()
        why = f" ({trouble[:_TROUBLE_LENGTH]})" if trouble else ""
        return DaemonPart("degraded", f"PostgreSQL is away{why}: history cannot be read; alarms, commands and the stream go on")

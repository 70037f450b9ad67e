"""The REST API's shell: puts the parts together and serves until cancelled."""

from collections.abc import Callable
from datetime import datetime
from importlib.metadata import PackageNotFoundError, version

import structlog
import trio

from actors.api.application import application
from actors.api.context import Context, EventLookup, RuleLookup
from actors.api.gate import Gate
from actors.api.server import HttpServer
from actors.api.settings import ApiSettings
from actors.mailbox import AppendSender, Progress
from actors.metrics import Metrics
from actors.postgres import Postgres
from actors.tokens import TokenFile
from protocols.alarm_view import AlarmView
from protocols.backtest import Backtests
from protocols.maintenance import Windows
from protocols.report import Reports
from protocols.rest import Readiness
from protocols.topology_view import TopologyView
from protocols.trap_source import SourceView

log = structlog.get_logger()


class Api:
    """Serves ``[http] bind``.

    ``ledger`` takes the commands; ``database`` (None: reads are refused with 503) answers the reads; ``progress`` is the
    store's, so that a writer reads its own writes; ``health`` says what ``/readyz`` shows; ``clock`` gives the time as an
    aware UTC datetime; ``quarantined`` finds a quarantined Event for its retry (None: retries are refused with 503);
    ``windows`` are the maintenance windows that the fold knows and ``topology`` its plant (None: refused with 503);
    ``rules`` its rules (the same); ``backtests`` tries rules (the same); ``sources`` are the trap listener's counts (the same);
    ``alarms`` are those that the fold holds (None: all are read from PostgreSQL), and ``recorded`` is the ``seq`` of the newest
    recorded batch; ``reports`` reads the ledger (None: refused with 503).
    """

    def __init__(
        self,
        settings: ApiSettings,
        ledger: AppendSender,
        database: Postgres | None,
        progress: Progress,
        tokens: TokenFile,
        health: Callable[[], Readiness],
        metrics: Metrics,
        clock: Callable[[], datetime],
        *,
        default_tenant: str = "default",
        quarantined: EventLookup | None = None,
        windows: Windows | None = None,
        rules: RuleLookup | None = None,
        topology: TopologyView | None = None,
        backtests: Backtests | None = None,
        alarms: AlarmView | None = None,
        recorded: Callable[[], int] | None = None,
        reports: Reports | None = None,
        sources: SourceView | None = None,
    ) -> None:
        context = Context(settings, ledger, database, progress, tokens, health, metrics, clock, default_tenant, quarantined)
        context.windows, context.rules = windows, rules
        context.topology, context.backtests = topology, backtests
        context.alarms, context.sources, context.reports = alarms, sources, reports
        if recorded is not None:
            context.recorded = recorded
        self.application = application(context, _version())
        self._server = HttpServer(settings, Gate(self.application, context), metrics)
        self._log = log.bind(actor="api")

    @property
    def connections(self) -> int:
        """Connections open now."""
        return self._server.connections

    async def run(self, task_status: trio.TaskStatus[str] = trio.TASK_STATUS_IGNORED) -> None:
        """Serve until cancelled; starts with the bound address. Then requests under way get ``drain_seconds`` to finish.

        The ledger's end is left open: it belongs to whoever gave it, and outlasts a restart of this actor.
        """
        async with trio.open_nursery() as nursery:
            address: str = await nursery.start(self._server.run)
            self._log.info("listening", address=address)
            task_status.started(address)


def _version() -> str:
    try:
        return version("faultd")
    except PackageNotFoundError:
        return "0"

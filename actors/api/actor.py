"""The REST API's shell: puts the parts together and serves until cancelled."""

from collections.abc import Sequence
from importlib.metadata import PackageNotFoundError, version

import structlog
import trio
from litestar import Router

from actors.api.application import application
from actors.api.gate import Gate
from actors.api.routes import Now
from actors.api.server import HttpServer
from actors.api.settings import ApiSettings
from actors.api.stream_door import TakeStream
from actors.metrics import Metrics
from actors.tokens import TokenFile

log = structlog.get_logger()


class Api:
    """Serves ``routes`` at ``[http] bind``. Each resource's module (``actors/api/<resource>.py``) offers its own, given the
    views and reads that it needs; ``clock`` gives the time as an aware UTC datetime. ``take_stream`` takes the connections that
    are for the alarm stream."""

    def __init__(
        self,
        settings: ApiSettings,
        tokens: TokenFile,
        metrics: Metrics,
        clock: Now,
        *,
        routes: Sequence[Router],
        take_stream: TakeStream | None = None,
    ) -> None:
        self.application = application(routes, settings.retry_after_seconds, _version())
        self._server = HttpServer(settings, Gate(self.application, settings, tokens, metrics, clock), metrics, take_stream)
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

"""The dead man's switch: while faultd is ready, it asks a URL of another system at an interval. That system alarms when the
beats cease: nobody else tells that faultd, or its host, is gone."""

from collections.abc import Callable

import structlog
import trio
from trio import TASK_STATUS_IGNORED, TaskStatus

from actors.delivery_failed import DeliveryFailed
from actors.http_client import HttpClient
from actors.metrics import Metrics

_FIRST_READY_SECONDS = 1.0
log = structlog.get_logger()


class Heartbeat:
    """``ready`` says whether faultd does its work. ``url`` is a secret: whoever has it can feign that faultd lives."""

    def __init__(self, url: str, seconds: float, client: HttpClient, ready: Callable[[], bool], metrics: Metrics) -> None:
        self._url, self._seconds, self._client = url, seconds, client
        self._ready, self._metrics = ready, metrics

    async def run(self, *, task_status: TaskStatus[None] = TASK_STATUS_IGNORED) -> None:
        """Beat until cancelled, from when faultd is first ready. A beat has its interval as time limit, and the next one comes
        whatever became of it."""
        task_status.started()
        while not self._ready():  # noqa: ASYNC110 - readiness is no event
            await trio.sleep(_FIRST_READY_SECONDS)
        failing = False
        while True:
            began = trio.current_time()
            error = await self._beat() if self._ready() else "faultd is not ready"
            self._metrics.heartbeats.labels("failed" if error else "sent").inc()
            if bool(error) != failing:
                failing = bool(error)
                log.warning("heartbeat fails", error=error) if error else log.info("heartbeat is taken again")
            await trio.sleep_until(began + self._seconds)

    async def _beat(self) -> str:
        """The error; "" when there is none."""
        try:
            with trio.move_on_after(self._seconds):
                answer = await self._client.request("GET", self._url, {})
                return "" if 200 <= answer.status < 300 else f"status {answer.status}"
        except DeliveryFailed as failed:
            return failed.error.replace(self._url, "***")
        return "no answer in time"

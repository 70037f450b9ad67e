"""Latency and loss of devices for the SLA clock, at a bounded rate: it keeps a run of intervals for each, not every poll."""

from collections.abc import Callable, Collection
from datetime import datetime
from typing import Final

import trio

from actors.mailbox import Append, AppendSender
from actors.metrics import Metrics
from protocols.command import Command
from protocols.principal import Principal
from protocols.sla.actions import AddMeasurements
from protocols.sla.local_time import instant_at
from protocols.sla.measurement import ServiceMeasurement

PRINCIPAL: Final = Principal("faultd:poller", "operator")
EVERY_SECONDS: Final = 300.0
"""Of one device at most one measurement in this time."""
BATCH_SECONDS: Final = 10.0
ITEMS: Final = 1_000
"""Measurements of one command at most."""
MOST: Final = 20_000
"""Measurements that wait at most; beyond them new ones are dropped, and counted."""


class SlaMeasurements:
    """``agreements`` gives the tenants that have a service level agreement on a resource: measurements of others would be
    refused."""

    def __init__(self, appends: AppendSender, agreements: Callable[[str], Collection[str]], metrics: Metrics) -> None:
        self._appends, self._agreements, self._metrics = appends, agreements, metrics
        self._waiting: dict[str, list[ServiceMeasurement]] = {}
        self._count = 0

    def due(self, latest: float | None, now: float) -> bool:
        """Whether a device whose latest measurement is of ``latest`` may have another one."""
        return latest is None or now - latest >= EVERY_SECONDS

    def offer(self, device: str, at: datetime, round_trip: float, loss: float) -> None:
        """A measurement of a device: seconds, and a share. Never waits."""
        for tenant in self._agreements(device):
            if self._count >= MOST:
                self._metrics.poll_measurements.labels("dropped").inc()
                continue
            item = ServiceMeasurement(
                resource_id=device,
                at=instant_at(at),
                latency=round(1_000_000 * round_trip),
                packet_loss=round(1_000_000 * loss),
            )
            self._waiting.setdefault(tenant, []).append(item)
            self._count += 1

    async def run(self) -> None:
        """Send what waits until cancelled, or until the ledger is gone."""
        while True:
            await trio.sleep(BATCH_SECONDS)
            waiting, self._waiting, self._count = self._waiting, {}, 0
            for tenant, items in waiting.items():
                for first in range(0, len(items), ITEMS):
                    part = tuple(items[first : first + ITEMS])
                    try:
                        await self._appends.send(Append((Command(PRINCIPAL, AddMeasurements(tenant, part)),)))
                    except (trio.BrokenResourceError, trio.ClosedResourceError):
                        return
                    self._metrics.poll_measurements.labels("sent").inc(len(part))

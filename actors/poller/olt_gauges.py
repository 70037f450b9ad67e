"""Series of each polled OLT for Prometheus: a bounded number, gone with the device, and computed when they are asked for."""

from math import nan
from typing import Final

from actors.metrics import Metrics
from actors.poller.polled_actor import PolledActor

MOST: Final = 2_000
"""OLTs with series of their own."""


class OltGauges:
    """An OLT beyond ``most`` is left out, until another one has gone."""

    def __init__(self, metrics: Metrics, most: int = MOST) -> None:
        self._metrics, self._most = metrics, most
        self._gauges = (metrics.olt_up, metrics.olt_round_trip, metrics.olt_loss, metrics.olt_poll_seconds)
        self._shown: set[str] = set()
        self._left_out: dict[str, PolledActor] = {}
        metrics.olts_left_out.set_function(lambda: len(self._left_out))

    def add(self, actor: PolledActor) -> None:
        """Give ``actor`` series, if it is an OLT and there is room."""
        device = actor.spec.id
        if actor.spec.type != "olt":
            return
        if device not in self._shown and len(self._shown) >= self._most:
            self._left_out[device] = actor
            return
        self._shown.add(device)
        figures = actor.figures
        reads = (
            lambda: _up(actor),
            lambda: nan if figures.round_trip is None else figures.round_trip,
            lambda: nan if figures.loss is None else figures.loss,
            lambda: nan if figures.duration is None else figures.duration,
        )
        for gauge, read in zip(self._gauges, reads, strict=True):
            gauge.labels(device).set_function(read)

    def remove(self, device: str) -> None:
        """The device has no poller any more."""
        self._left_out.pop(device, None)
        if device not in self._shown:
            return
        self._shown.discard(device)
        for gauge in self._gauges:
            gauge.remove(device)
        if self._left_out:
            self.add(self._left_out.pop(next(iter(self._left_out))))

    def clear(self) -> None:
        """No poller runs any more."""
        self._left_out.clear()
        for device in list(self._shown):
            self.remove(device)


def _up(actor: PolledActor) -> float:
    contact = "new" if actor.poller is None else actor.poller.contact.contact
    return nan if contact == "new" else float(contact == "answering")

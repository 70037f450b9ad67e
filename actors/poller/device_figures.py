"""Measured figures of one polled device, for the API and for metrics."""

from datetime import datetime, timedelta

from actors.poller.device_spec import DeviceSpec
from actors.poller.schedule import smoothed, stretch
from protocols.poll.device import PolledDevice, PollError
from protocols.snmp.manager.errors import RequestError


class DeviceFigures:
    """Durations are in seconds. ``stretched``: intervals between two polls, more than one when the polls take too long."""

    __slots__ = (
        "_answered",
        "_counted_at",
        "_sent",
        "answers_at",
        "duration",
        "last_error",
        "last_success",
        "next_due",
        "plan",
        "profile",
        "rate",
        "round_trip",
        "stretched",
        "varbinds",
    )

    def __init__(self, now: float) -> None:
        self.plan = self.profile = self.answers_at = ""
        self.last_success: datetime | None = None
        self.last_error: PollError | None = None
        self.round_trip: float | None = None
        self.duration: float | None = None
        self.next_due: float | None = None
        """The instant of the next poll, by the monotonic clock."""
        self.stretched = 1
        self.varbinds = 0
        """All that the device has sent."""
        self.rate: float | None = None
        """Variable bindings a minute."""
        self._counted_at, self._sent, self._answered = now, 0.0, 0.0

    @property
    def loss(self) -> float | None:
        """Share of the datagrams to it that had no answer; None: none was sent lately."""
        return max(0.0, 1 - self._answered / self._sent) if self._sent else None

    def exchanged(self, sent: int, answers: int) -> None:
        """Datagrams sent and answered; those of long ago count less and less."""
        self._sent, self._answered = 0.95 * self._sent + sent, 0.95 * self._answered + answers

    def failed(self, at: datetime, error: RequestError, where: str = "") -> None:
        """A poll had no answer, or none that could be used. ``where``: the address that is meant, of several."""
        text = f"{where}: {error.detail}" if where else error.detail
        self.last_error = PollError(at=at, reason=error.reason, text=text)

    def ended(self, began: float, now: float, interval: float, varbinds: int) -> None:
        """A poll that had an answer ended; ``varbinds``: what came since the poll before."""
        duration = now - began
        self.duration = smoothed(self.duration, duration)
        # A single slow poll stretches nothing, and a single fast one ends nothing.
        self.stretched = stretch(self.duration, interval)
        self.varbinds += varbinds
        if now > self._counted_at:
            self.rate = smoothed(self.rate, 60 * varbinds / (now - self._counted_at))
        self._counted_at = now

    def shown(self, spec: DeviceSpec, at: datetime, now: float, parked: str = "") -> PolledDevice:
        """The device as the API shows it ``at`` this time, which is ``now`` by the monotonic clock."""
        overrun = self.stretched > 1
        interval = spec.interval * self.stretched
        slowed, next_poll = "", None
        if self.next_due is not None and not parked:
            next_poll = at + timedelta(seconds=max(0.0, self.next_due - now))
        if overrun and self.duration is not None:
            slowed = f"a poll takes {self.duration:.0f} s, so it is polled every {interval:g} s instead of {spec.interval:g} s"
        return PolledDevice(
            id=spec.id,
            addresses=spec.addresses,
            profile=self.profile,
            credentials=spec.credentials,
            plan=self.plan or spec.plan,
            state="parked" if parked else "unknown",
            last_success=self.last_success,
            last_error=self.last_error,
            round_trip_ms=None if self.round_trip is None else 1_000 * self.round_trip,
            loss_percent=None if self.loss is None else 100 * self.loss,
            duration_ms=None if self.duration is None else 1_000 * self.duration,
            next_poll=next_poll,
            interval_seconds=interval,
            varbinds_per_minute=self.rate or 0.0,
            overrun=overrun,
            slowed=slowed,
            answers_at=self.answers_at,
        )

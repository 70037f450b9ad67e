"""The alarm about a wall clock that is not believed."""

from datetime import timedelta

from actors.trusted_clock import TrustedClock
from actors.trusted_time import BELIEVED, SECOND
from protocols.event import SystemReport

ALARM = "clock.jumped"


class ClockWatch:
    """Compares the trusted time with the wall each time that it is asked."""

    def __init__(self, clock: TrustedClock) -> None:
        self._clock = clock
        self._raised = False
        self._counted = {"believed": 0, "returned": 0}

    def look(self) -> tuple[SystemReport | None, dict[str, int]]:
        """The alarm's raise or clear when one is due; the number of jumps believed, and of departures that came back, since the
        last call."""
        clock = self._clock
        now = clock()
        counts = {"believed": clock.believed, "returned": clock.returned}
        outcomes = {name: count - self._counted[name] for name, count in counts.items()}
        self._counted = counts
        away = clock.away
        if (away is not None) == self._raised:
            return None, outcomes
        self._raised = away is not None
        if away is None:
            how = "believed, and faultd goes on by it" if outcomes["believed"] else "right again, and its jump had no effect"
            return SystemReport(alarm_type=ALARM, active=False, qualifier="*", description=f"The wall clock is {how}"), outcomes
        seconds = timedelta(microseconds=away.by) / timedelta(seconds=1)
        description = (
            f"faultd does not believe it and goes on by its own time, {now:%Y-%m-%d %H:%M:%S} UTC. If the wall clock is wrong, "
            f"set it right. When it stays where it is for {BELIEVED // SECOND} s, faultd believes it and goes on by it."
        )
        return SystemReport(
            alarm_type=ALARM,
            active=True,
            severity="major",
            title=f"The host's wall clock jumped by {seconds:+.0f} s",
            description=description,
        ), outcomes

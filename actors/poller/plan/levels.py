"""Levels: when a measured value goes beyond a threshold, and when it is back behind the release value.

No value crosses nothing: a sensor that stops to answer keeps the side on which it was.
"""

from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import NamedTuple

from protocols.poll.section import PollLevel
from protocols.poll.states import LevelCrossed


class SensorReading(NamedTuple):
    """A measured value of a part (``position``; empty: of the device)."""

    position: str
    quantity: str
    value: float
    unit: str


def side(level: PollLevel, value: float, *, beyond: bool) -> bool:
    """True when the value is beyond the level. ``beyond``: it was before, so it must come back to the release value."""
    if level.above is not None:
        return value > (level.above if level.release is None or not beyond else level.release)
    if level.below is not None:
        return value < (level.below if level.release is None or not beyond else level.release)
    return False


class LevelSides:
    """The values of one device that are beyond a level: position, quantity and number of the level."""

    __slots__ = ("_beyond", "_told")

    def __init__(self) -> None:
        self._beyond: set[tuple[str, str, int]] = set()
        self._told: set[tuple[str, str, int]] | None = None
        """The sides that were reported since all were asked for; None: nobody asked."""

    def tell_all(self) -> None:
        """Report the side of each value once more, crossed or not: the correlator has open alarms from before."""
        self._told = set()

    def take(
        self, device: str, readings: Iterable[SensorReading], levels: Mapping[str, tuple[PollLevel, ...]], at: datetime
    ) -> list[LevelCrossed]:
        """The crossings of these readings. ``levels``: by quantity."""
        found: list[LevelCrossed] = []
        for reading in readings:
            for number, level in enumerate(levels.get(reading.quantity, ())):
                key = (reading.position, reading.quantity, number)
                before = key in self._beyond
                after = side(level, reading.value, beyond=before)
                if after == before and (self._told is None or key in self._told):
                    continue
                if self._told is not None:
                    self._told.add(key)
                if after:
                    self._beyond.add(key)
                else:
                    self._beyond.discard(key)
                found.append(
                    LevelCrossed(
                        device=device,
                        position=reading.position,
                        quantity=reading.quantity,
                        beyond=after,
                        value=reading.value,
                        unit=reading.unit,
                        threshold=level.above if level.above is not None else level.below or 0.0,
                        at=at,
                        dwell_seconds=level.dwell_seconds,
                        severity=level.severity,
                    )
                )
        return found

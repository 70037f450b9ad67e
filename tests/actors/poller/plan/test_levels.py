"""Levels as a timeline: beyond the threshold, and back at the release value; no value crosses nothing."""

from datetime import UTC, datetime, timedelta

import pytest

from actors.poller.plan.levels import LevelSides, SensorReading, side
from protocols.poll.section import PollLevel

NOON = datetime(2026, 12, 1, 12, tzinfo=UTC)
HOT = PollLevel(above=80, release=75, dwell_seconds=600, severity="major")
HOTTER = PollLevel(above=90, severity="critical")
LOW = PollLevel(below=-27, release=-26)


@pytest.mark.parametrize(
    ("level", "value", "before", "after"),
    [
        (HOT, 80.0, False, False),
        (HOT, 80.1, False, True),
        (HOT, 76.0, True, True),
        (HOT, 75.0, True, False),
        (HOTTER, 90.0, True, False),
        (LOW, -27.0, False, False),
        (LOW, -27.1, False, True),
        (LOW, -26.5, True, True),
        (LOW, -26.0, True, False),
        (PollLevel(), 5.0, True, False),
    ],
)
def test_a_value_is_on_a_side(level: PollLevel, value: float, before: bool, after: bool) -> None:
    assert side(level, value, beyond=before) is after


def test_a_timeline_of_a_card_that_gets_hot() -> None:
    sides = LevelSides()
    levels = {"temperature": (HOT, HOTTER)}

    def at(minute: int, value: float | None) -> list[tuple[float, bool]]:
        readings = [] if value is None else [SensorReading("0/1", "temperature", value, "°C")]
        found = sides.take("olt-1", readings, levels, NOON + timedelta(minutes=minute))
        assert all(
            (each.device, each.position, each.at) == ("olt-1", "0/1", NOON + timedelta(minutes=minute)) for each in found
        )
        return [(each.threshold, each.beyond) for each in found]

    assert at(0, 70) == []
    assert at(1, 81) == [(80, True)]
    assert at(2, 95) == [(90, True)]
    assert at(3, None) == []
    assert at(4, 78) == [(90, False)]
    assert at(5, 78) == []
    assert at(6, 74) == [(80, False)]


def test_crossings_carry_the_plans_words() -> None:
    (found,) = LevelSides().take("olt-1", [SensorReading("", "cpu", 99.0, "%")], {"cpu": (HOT,)}, NOON)
    assert (found.quantity, found.value, found.unit, found.dwell_seconds, found.severity) == ("cpu", 99.0, "%", 600, "major")


def test_every_side_is_told_when_the_correlator_must_know() -> None:
    sides = LevelSides()
    reading = SensorReading("0/1", "temperature", 70.0, "°C")
    assert sides.take("olt-1", [reading], {"temperature": (HOT,)}, NOON) == []
    sides.tell_all()
    (found,) = sides.take("olt-1", [reading], {"temperature": (HOT,)}, NOON)
    assert not found.beyond
    assert sides.take("olt-1", [reading], {"temperature": (HOT,)}, NOON) == [], "once"
    assert sides.take("olt-1", [SensorReading("0/1", "voltage", 70.0, "V")], {"temperature": (HOT,)}, NOON) == []

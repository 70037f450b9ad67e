"""Rotas: the cases of operators, and any rota against a walk minute by minute."""

from datetime import UTC, date, datetime, timedelta
from functools import cache
from itertools import pairwise
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from protocols.dispatch.on_call import contact_at, gaps, on_call, shifts
from protocols.dispatch.quiet_hours import WEEKDAYS, LocalHours, Weekday
from protocols.dispatch.rota import RotaLayer, RotaOverride, RotaPlan, Rotation
from protocols.rest_fields import EARLIEST, LATEST
from protocols.sla.intervals import clip
from protocols.sla.local_time import instant_at, utc_time

MINUTE = 60_000_000
JULY = date(2026, 7, 6)
LONDON = RotaPlan(
    name="NOC",
    time_zone="Europe/London",
    layers=(
        RotaLayer(contacts=("day",), start=JULY, hours=(LocalHours(begin="08:30", end="17:30"),)),
        RotaLayer(contacts=("night",), start=JULY, hours=(LocalHours(begin="17:30", end="08:30"),)),
    ),
)


def at(text: str) -> int:
    """The instant of an ISO time; UTC unless it has an offset."""
    found = datetime.fromisoformat(text)
    return instant_at(found if found.tzinfo is not None else found.replace(tzinfo=UTC))


def told(plan: RotaPlan, start: str, end: str) -> list[str]:
    """Shifts as ``CONTACT FROM UNTIL``, times in UTC."""
    found = []
    for each in shifts(plan, at(start), at(end)):
        start, end = ("..." if at is None else f"{at:%d.%m. %H:%M}" for at in (each.start, each.end))
        found.append(f"{each.contact_id or 'nobody'} {start} {end}")
    return found


def weekly(*contacts: str, **more: object) -> RotaPlan:
    """One layer in Berlin that hands over on Mondays at 09:00, from 19 October 2026 on."""
    layer = RotaLayer(contacts=contacts, start=date(2026, 10, 19), **more)  # type: ignore[arg-type]
    return RotaPlan(name="NOC", time_zone="Europe/Berlin", layers=(layer,))


def test_hours_follow_the_wall_clock_of_london() -> None:
    """operations.md C 8: made in July; on 25 October 2026 the clock is put back, on 28 March 2027 forward."""
    assert told(LONDON, "2026-10-24T12:00", "2026-10-26T12:00") == [
        "day 24.10. 07:30 24.10. 16:30",
        "night 24.10. 16:30 25.10. 08:30",
        "day 25.10. 08:30 25.10. 17:30",
        "night 25.10. 17:30 26.10. 08:30",
        "day 26.10. 08:30 26.10. 17:30",
    ]
    assert told(LONDON, "2027-03-27T12:00", "2027-03-28T12:00") == [
        "day 27.03. 08:30 27.03. 17:30",
        "night 27.03. 17:30 28.03. 07:30",
        "day 28.03. 07:30 28.03. 16:30",
    ]


@pytest.mark.parametrize("instant", ["2026-10-25T01:30+01:00", "2026-10-25T01:30+00:00"])
def test_each_half_past_one_of_the_long_night_has_one_person(instant: str) -> None:
    assert contact_at(LONDON, at(instant)) == "night"
    assert not gaps(LONDON, at(instant), at(instant) + 1)


def test_a_hand_over_at_a_time_that_the_clock_shows_twice_is_the_first_one() -> None:
    plan = RotaPlan(
        name="x",
        time_zone="Europe/London",
        layers=(RotaLayer(contacts=("a", "b"), start=date(2026, 10, 24), rotation="daily", hand_over="01:30"),),
    )
    assert told(plan, "2026-10-24T12:00", "2026-10-25T12:00") == [
        "a 24.10. 00:30 25.10. 00:30",
        "b 25.10. 00:30 26.10. 01:30",
    ]
    assert contact_at(plan, at("2026-10-25T01:30+01:00")) == contact_at(plan, at("2026-10-25T01:30+00:00")) == "b"


def test_weeks_hand_over_by_the_wall_clock() -> None:
    assert told(weekly("a", "b", "c"), "2026-10-20T00:00", "2026-11-10T00:00") == [
        "a 19.10. 07:00 26.10. 08:00",
        "b 26.10. 08:00 02.11. 08:00",
        "c 02.11. 08:00 09.11. 08:00",
        "a 09.11. 08:00 16.11. 08:00",
    ]


@pytest.mark.parametrize(
    ("more", "expected"),
    [
        ({"rotation": "daily", "every": 3}, ["a 19.10. 07:00 22.10. 07:00", "b 22.10. 07:00 25.10. 08:00"]),
        ({"every": 2}, ["a 19.10. 07:00 02.11. 08:00"]),
        ({"hand_over_day": "thu"}, ["a 19.10. 07:00 22.10. 07:00", "b 22.10. 07:00 29.10. 08:00"]),
        ({"hand_over_day": "mon"}, ["a 19.10. 07:00 26.10. 08:00"]),
        ({"hand_over": "24:00"}, ["nobody ... 19.10. 22:00", "a 19.10. 22:00 26.10. 23:00"]),
        ({"end": date(2026, 10, 22)}, ["a 19.10. 07:00 22.10. 07:00", "nobody 22.10. 07:00 ..."]),
    ],
    ids=str,
)
def test_turns_of_one_layer(more: dict[str, object], expected: list[str]) -> None:
    assert told(weekly("a", "b", **more), "2026-10-19T12:00", "2026-10-25T07:00") == expected


def test_an_override_comes_first_and_gives_the_rest_back() -> None:
    plan = RotaPlan(
        name="NOC",
        time_zone="Europe/Berlin",
        layers=weekly("a", "b").layers,
        overrides=(RotaOverride(contact="z", start=utc_time(at("2026-10-20T10:00")), end=utc_time(at("2026-10-20T12:00"))),),
    )
    assert told(plan, "2026-10-20T09:00", "2026-10-20T13:00") == [
        "a 19.10. 07:00 20.10. 10:00",
        "z 20.10. 10:00 20.10. 12:00",
        "a 20.10. 12:00 26.10. 08:00",
    ]
    found = on_call(plan, at("2026-10-20T11:00"))
    assert (found.contact_id, found.by) == ("z", "override 1")
    assert on_call(plan, at("2026-10-20T12:00")).by == "layer 1"


def test_one_person_for_good_is_one_shift_without_end() -> None:
    found = on_call(weekly("a"), at("2026-10-27T00:00"))
    assert (found.contact_id, found.start, found.end) == ("a", utc_time(at("2026-10-19T07:00")), None)


def test_a_turn_of_a_year_has_both_its_ends() -> None:
    found = on_call(weekly("a", "b", every=52), at("2026-11-30T00:00"))
    assert (found.start, found.end) == (utc_time(at("2026-10-19T07:00")), utc_time(at("2027-10-18T07:00")))


def test_no_shift_of_an_empty_time() -> None:
    assert shifts(LONDON, at("2026-10-24T12:00"), at("2026-10-24T12:00")) == []


# The oracle knows of wall clocks by looking at one each minute.


@cache
def _shown(zone: str, day: date) -> dict[str, int]:
    """Every time that the clock shows on this day, with the minute at which it shows it first; ``24:00`` is the day's end."""
    minute = int((datetime(day.year, day.month, day.day, tzinfo=UTC) - timedelta(hours=20)).timestamp()) // 60
    found: dict[str, int] = {}
    while True:
        wall = datetime.fromtimestamp(minute * 60, ZoneInfo(zone))
        if wall.date() == day:
            found.setdefault(f"{wall:%H:%M}", minute)
        elif wall.date() > day:
            found["24:00"] = minute
            return found
        minute += 1


def _mark(zone: str, day: date, clock: str) -> int:
    """The minute of a local time. A skipped one is as long after midnight as its name says."""
    shown = _shown(zone, day)
    return shown.get(clock, shown["00:00"] + int(clock[:2]) * 60 + int(clock[3:]))


def _days(minute: int) -> list[date]:
    day = datetime.fromtimestamp(minute * 60, UTC).date()
    return [day + timedelta(days=number) for number in range(-3, 3)]


def _oracle(plan: RotaPlan, minute: int) -> tuple[str, str]:
    """Contact and part of the rota at a minute since 1970."""
    zone = plan.time_zone
    by_start = sorted(enumerate(plan.overrides, 1), key=lambda each: (each[1].start, each[1].end, each[1].contact))
    for number, each in by_start:
        if each.start.timestamp() <= minute * 60 < each.end.timestamp():
            return each.contact, f"override {number}"
    for number, layer in enumerate(plan.layers, 1):
        if minute < _mark(zone, layer.start, layer.hand_over):
            continue
        if layer.end is not None and minute >= _mark(zone, layer.end, layer.hand_over):
            continue
        if layer.hours and not any(_holds(zone, hours, day, minute) for hours in layer.hours for day in _days(minute)):
            continue
        turns, day = -1, layer.start
        if layer.hand_over_day is not None:
            while WEEKDAYS[day.weekday()] != layer.hand_over_day:
                day -= timedelta(days=1)
        while _mark(zone, day, layer.hand_over) <= minute:
            turns, day = turns + 1, day + timedelta(days=layer.every * (7 if layer.rotation == "weekly" else 1))
        return layer.contacts[turns % len(layer.contacts)], f"layer {number}"
    return "", ""


def _holds(zone: str, hours: LocalHours, day: date, minute: int) -> bool:
    if WEEKDAYS[day.weekday()] not in hours.days:
        return False
    last = day if hours.end > hours.begin else day + timedelta(days=1)
    return _mark(zone, day, hours.begin) <= minute < _mark(zone, last, hours.end)


# Around changes of the clock by an hour in Berlin and New York, and by half an hour in Lord Howe.
ZONES = {
    "Europe/Berlin": (date(2026, 10, 22), date(2026, 3, 26)),
    "America/New_York": (date(2026, 10, 29), date(2026, 3, 5)),
    "Australia/Lord_Howe": (date(2026, 4, 2), date(2026, 10, 1)),
}
clocks = st.sampled_from(["00:00", "01:30", "02:00", "02:30", "03:00", "03:15", "09:00", "17:30", "23:59", "24:00"])
weekdays: st.SearchStrategy[tuple[Weekday, ...]] = st.lists(st.sampled_from(WEEKDAYS), min_size=1, max_size=7, unique=True).map(
    tuple
)
hours = st.builds(LocalHours, begin=clocks, end=clocks, days=weekdays)


@st.composite
def plans(draw: st.DrawFn) -> tuple[RotaPlan, int]:
    """A rota, and a minute from which three days around a change of the clock are looked at."""
    zone = draw(st.sampled_from(sorted(ZONES)))
    first = draw(st.sampled_from(ZONES[zone]))
    near = st.integers(-20, 3).map(lambda days: first + timedelta(days=days))
    layers = []
    for name in range(draw(st.integers(1, 3))):
        rotation: Rotation = draw(st.sampled_from(["daily", "weekly"]))
        layers.append(
            RotaLayer(
                contacts=tuple(f"{name}{number}" for number in range(draw(st.integers(1, 3)))),
                start=draw(near),
                end=draw(st.none() | st.integers(0, 5).map(lambda days: first + timedelta(days=days))),
                rotation=rotation,
                every=draw(st.integers(1, 3)),
                hand_over=draw(clocks),
                hand_over_day=draw(st.none() | st.sampled_from(WEEKDAYS)) if rotation == "weekly" else None,
                hours=tuple(draw(st.lists(hours, max_size=2))),
            )
        )
    start = int(datetime(first.year, first.month, first.day, tzinfo=UTC).timestamp()) // 60
    spans = st.tuples(st.integers(0, 4320), st.integers(1, 600))
    overrides = tuple(
        RotaOverride(
            contact=f"o{number}",
            start=datetime.fromtimestamp((start + offset) * 60, UTC),
            end=datetime.fromtimestamp((start + offset + length) * 60, UTC),
        )
        for number, (offset, length) in enumerate(draw(st.lists(spans, max_size=2)))
    )
    return RotaPlan(name="r", time_zone=zone, layers=tuple(layers), overrides=overrides), start


@settings(max_examples=40, deadline=None)
@given(plans())
def test_any_rota_is_what_a_walk_finds(drawn: tuple[RotaPlan, int]) -> None:
    plan, start = drawn
    end = start + 3 * 24 * 60
    found = shifts(plan, start * MINUTE, end * MINUTE)
    walked: list[tuple[str, str, int]] = []
    for minute in range(start, end):
        contact, by = _oracle(plan, minute)
        if not walked or walked[-1][:2] != (contact, by):
            walked.append((contact, by, minute))
    assert [(each.contact_id, each.by) for each in found] == [each[:2] for each in walked]
    assert [each.start for each in found[1:]] == [utc_time(minute * MINUTE) for _, _, minute in walked[1:]]
    for one, other in pairwise(found):
        assert one.end == other.start
    nobody = [(instant_at(each.start or EARLIEST), instant_at(each.end or LATEST)) for each in found if not each.contact_id]
    assert gaps(plan, start * MINUTE, end * MINUTE) == clip(nobody, (start * MINUTE, end * MINUTE))
    for _, _, minute in walked:
        for instant in (minute * MINUTE, minute * MINUTE - 1):
            if start * MINUTE <= instant:
                assert contact_at(plan, instant) == _oracle(plan, instant // MINUTE)[0]
                assert on_call(plan, instant).contact_id == contact_at(plan, instant)

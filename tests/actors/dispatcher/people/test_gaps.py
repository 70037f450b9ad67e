"""Gaps of rotas: alarmed days ahead, once, also across restarts, and cleared when they are mended."""

from datetime import date, datetime, timedelta

import pytest
from vocabulary.people import MAIL, PHONE, RotaWorld, layer, taking
from vocabulary.world import START

from protocols.alarm import Alarm
from protocols.dispatch.quiet_hours import LocalHours
from protocols.dispatch.rota import RotaOverride
from protocols.event import ClockJumped, SystemReport

DAY = 86_400
WORK = LocalHours(begin="08:00", end="18:00")


@pytest.fixture(params=[False, True], ids=["runs", "restarts"])
def world(request: pytest.FixtureRequest) -> RotaWorld:
    """With Anna (CT2) and Ben (CT3); once with a restart after every Event."""
    world = RotaWorld()
    world.restarts = request.param
    world.contact("Anna", MAIL)
    world.contact("Ben", MAIL)
    return world


def alarms(world: RotaWorld) -> dict[str, Alarm]:
    """Alarms about gaps that are open, by rota."""
    found = [each for each in world.state.alarms.values() if each.alarm_type == "rota.gap" and each.cleared_at is None]
    return {each.qualifier: each for each in found}


def days_of(world: RotaWorld, days: int) -> list[tuple[int, bool, str]]:
    """Every report of so many days, with a tick an hour: the day, whether it raises, and its text."""
    found = []
    for hour in range(days * 24):
        world.at(hour * 3600)
        world.tick()
        found += [(hour // 24, each.active, each.description) for each in world.report()]
    return found


def test_the_end_of_a_rota_is_alarmed_a_week_ahead(world: RotaWorld) -> None:
    made = world.rota("night", layer("Anna", end=date(2026, 3, 16)), time_zone="Europe/Berlin")
    assert not world.report()
    found = days_of(world, 18)
    assert found == [
        (7, True, "nobody is on call from 2026-03-16 00:00, without an end Europe/Berlin"),
        (14, True, "nobody is on call now, without an end Europe/Berlin"),
    ]
    assert (alarms(world)[made].severity, alarms(world)[made].occurrence_count) == ("major", 2)


def test_a_gap_is_cleared_when_it_is_mended_and_raised_again(world: RotaWorld) -> None:
    made = world.rota("night", layer("Anna", end=date(2026, 3, 5)))
    assert [each.active for each in world.report()] == [True]
    assert not world.report()
    alarm = alarms(world)[made]
    assert (alarm.severity, alarm.title) == ("warning", "Rota night: at some time nobody can be told")
    world.edit_rota(made, layers=(layer("Anna"),))
    assert [(each.active, each.description) for each in world.report()] == [
        (False, "the rota has no gap, and everybody on call can be told")
    ]
    assert not alarms(world)
    assert not world.report()
    world.edit_rota(made, layers=(layer("Anna", end=date(2026, 3, 5)),))
    assert [each.active for each in world.report()] == [True]


def test_an_override_fills_a_gap(world: RotaWorld) -> None:
    made = world.rota("day", layer("Anna", end=date(2026, 3, 3)), layer("Ben", start=date(2026, 3, 4)))
    (report,) = world.report()
    assert report.description == "nobody is on call from 2026-03-03 00:00, until 2026-03-04 00:00 UTC"
    start = START.replace(hour=0) + timedelta(days=2)
    world.edit_rota(made, overrides=(RotaOverride(contact="Ben", start=start, end=start + timedelta(days=1)),))
    assert [each.active for each in world.report()] == [False]


def test_every_night_is_one_alarm_that_follows_the_nights(world: RotaWorld) -> None:
    world.rota("day", layer("Anna", hours=(WORK,)))
    found = days_of(world, 3)
    assert found[0] == (0, True, "nobody is on call now, until 2026-03-01 08:00 UTC, and later again")
    assert found[1] == (0, True, "nobody is on call from 2026-03-01 18:00, until 2026-03-02 08:00 UTC, and later again")
    assert len(found) == 7
    assert len(alarms(world)) == 1


def test_somebody_without_a_method_is_alarmed(world: RotaWorld) -> None:
    made = world.rota("week", layer("Anna", "Ben"))
    assert not world.report()
    world.edit_contact("CT3", methods=())
    (report,) = world.report()
    assert report.description == "Ben (CT3) has no method from 2026-03-08 00:00, until 2026-03-15 00:00 UTC"
    assert report.severity == "warning"
    world.edit_contact("CT3", methods=(PHONE,))
    assert [each.active for each in world.report()] == [False]
    world.configure("email")
    (report,) = world.report()
    assert report.description.startswith("Ben (CT3) has methods of sms alone, which the configuration does not have from ")
    world.configure("email", "sms")
    assert [each.active for each in world.report()] == [False]
    assert made in world.dispatch.rotas


def test_a_deleted_rota_has_no_alarm(world: RotaWorld) -> None:
    made = world.rota("night", layer("Anna", end=date(2026, 3, 5)))
    world.report()
    world.delete(made)
    assert [(each.active, each.description) for each in world.report()] == [(False, "the rota was deleted")]
    assert not alarms(world)
    world.at(40 * DAY).tick()
    assert not world.report()


def test_more_days_ahead_are_looked_at_at_once(world: RotaWorld) -> None:
    world.rota("night", layer("Anna", end=date(2026, 3, 21)))
    assert not world.report()
    world.configure("email", days=30)
    assert len(world.report()) == 1


def test_a_jump_of_the_clock_has_every_rota_looked_at(world: RotaWorld) -> None:
    world.at(20 * DAY)
    world.rota("night", layer("Anna", end=date(2026, 3, 14)), layer("Ben", start=date(2026, 3, 21)))
    assert not world.report()
    before, after = world.now, START + timedelta(days=5)
    world.now = after
    world(ClockJumped(before, after))
    (report,) = world.report()
    assert report.description == "nobody is on call from 2026-03-14 00:00, until 2026-03-21 00:00 UTC"


def test_what_the_ledger_did_not_take_is_asked_for_again() -> None:
    world = RotaWorld()
    world.contact("Anna", MAIL)
    world.rota("night", layer("Anna", end=date(2026, 3, 5)))
    taken: list[SystemReport] = []
    append = taking(taken, True, True)
    counts = []
    for _ in range(5):
        world.reporter.report(world.dispatch, append)
        counts.append(len(taken))
    # Refused twice, taken once, and then on its way.
    assert counts == [0, 0, 1, 1, 1]


def test_a_restart_before_the_report_was_folded_asks_again() -> None:
    world = RotaWorld()
    world.contact("Anna", MAIL)
    world.rota("night", layer("Anna", end=date(2026, 3, 5)))
    asked: list[SystemReport] = []
    world.reporter.report(world.dispatch, taking(asked))
    assert len(asked) == 1
    world.restart()
    assert len(world.report()) == 1
    world.restart()
    assert not world.report()


def test_an_answer_that_comes_late_is_put_right() -> None:
    """Mended and broken again while the first report waits in the ledger."""
    world = RotaWorld()
    world.contact("Anna", MAIL)
    made = world.rota("night", layer("Anna", end=date(2026, 3, 5)))
    waiting: list[SystemReport] = []

    take = taking(waiting)
    world.reporter.report(world.dispatch, take)
    world.edit_rota(made, layers=(layer("Anna"),))
    world.reporter.report(world.dispatch, take)
    while waiting:
        world(waiting.pop(0))
        world.reporter.report(world.dispatch, take)
    assert not alarms(world)
    assert world.dispatch.rota_alarms == world.dispatch.rota_problems == {}


def test_reports_of_others_are_not_kept() -> None:
    world = RotaWorld()
    world(SystemReport(alarm_type="traps.lost", active=True, qualifier="RO9"))
    assert world.dispatch.rota_alarms == {}


def test_a_minute_of_work_and_a_minute_of_rest_are_looked_at_each_quarter() -> None:
    world = RotaWorld()
    world.contact("Anna", MAIL)
    hours = tuple(LocalHours(begin=f"03:{minute:02}", end=f"03:{minute + 1:02}") for minute in range(0, 40, 2))
    made = world.rota("odd", layer("Anna", hours=hours))
    due = world.dispatch.timers.at("rota", made)
    assert due is not None
    assert datetime.fromtimestamp(due / 1_000_000, START.tzinfo) == START + timedelta(minutes=15)

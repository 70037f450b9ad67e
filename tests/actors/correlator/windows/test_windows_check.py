"""Plans that cannot be kept are refused naming the field; changes move what they name."""

from datetime import datetime
from typing import Any

import pytest
from vocabulary.recurrence import NOW, SCOPE, planned_window, utc

from actors.correlator.windows.check import changed, window_of
from protocols.maintenance import PlanChanges, WindowPlan, WindowScope
from protocols.recurrence.rule import PlanError

WRONG = {
    "": "",
    "nonsense": "recurrence: 'NONSENSE' is not NAME=VALUE",
    "BYDAY=MO": "recurrence: FREQ is missing; it is one of DAILY, WEEKLY, MONTHLY, YEARLY",
    "FREQ=SECONDLY": "recurrence: FREQ is SECONDLY; it is one of DAILY, WEEKLY, MONTHLY, YEARLY",
    "FREQ=DAILY;FREQ=DAILY": "recurrence: FREQ is given twice",
    "FREQ=DAILY;BYEASTER=0": "recurrence: BYEASTER is not known",
    "FREQ=DAILY;COUNT=2;UNTIL=20260601": "recurrence: COUNT and UNTIL exclude each other",
    "FREQ=DAILY;COUNT=0": "recurrence: COUNT: 0 is not within 1 and 1000",
    "FREQ=DAILY;INTERVAL=0": "recurrence: INTERVAL: 0 is not within 1 and 1000",
    "FREQ=DAILY;INTERVAL=99999": "recurrence: INTERVAL: '99999' is no number that it can be",
    "FREQ=WEEKLY;BYDAY=XX": "recurrence: BYDAY: 'XX' is no weekday such as MO, 1MO or -1MO",
    "FREQ=WEEKLY;BYDAY=1MO": "recurrence: BYDAY with a number does not go with FREQ=WEEKLY",
    "FREQ=YEARLY;BYWEEKNO=1;BYDAY=1MO": "recurrence: BYDAY with a number does not go with BYWEEKNO",
    "FREQ=WEEKLY;BYMONTHDAY=1": "recurrence: BYMONTHDAY does not go with FREQ=WEEKLY",
    "FREQ=DAILY;BYSETPOS=1": "recurrence: BYSETPOS chooses from what another BY... part gives",
    "FREQ=DAILY;BYHOUR=24": "recurrence: BYHOUR: 24 is not within 0 and 23",
    "FREQ=DAILY;BYHOUR=0,1,2,3,4;BYMINUTE=0,10,20,30,40": "recurrence: BYHOUR and BYMINUTE give more than 24 starts a day",
    "FREQ=DAILY;UNTIL=20261301": "recurrence: UNTIL: '20261301': month must be in 1..12",
    "FREQ=DAILY;UNTIL=soon": "recurrence: UNTIL: 'SOON' is no time",
    "FREQ=DAILY;WKST=XX": "recurrence: WKST: 'XX' is none of MO, TU",
    "FREQ=YEARLY;BYMONTH=2;BYMONTHDAY=30": "recurrence: nothing occurs within 10 years of the start",
    "FREQ=DAILY;BYMONTH=2;BYMONTHDAY=30": "recurrence: nothing occurs within 10 years of the start",
    "FREQ=DAILY;INTERVAL=7;BYDAY=TU": "recurrence: nothing occurs within 10 years of the start",
    "FREQ=DAILY;UNTIL=20250101": "recurrence: nothing occurs within 10 years of the start",
    "FREQ=DAILY;BYHOUR=3,4": "recurrence: it lasts 2:00:00, but begins on",
}


@pytest.mark.parametrize("rule", [rule for rule in WRONG if rule])
def test_a_rule_that_cannot_be_is_refused_with_the_reason(rule: str) -> None:
    with pytest.raises(PlanError) as caught:
        planned_window("2026-01-05T22:00", hours=2, recurrence=rule)
    assert str(caught.value).startswith(WRONG[rule])


PLANS: list[tuple[dict[str, Any], str]] = [
    ({"end": utc("2026-02-01T00:00")}, "end: 2026-02-01T00:00:00+00:00 is not after the start"),
    ({"end": utc("2027-06-01T00:00")}, "end: it lasts longer than 366 days"),
    ({}, "end: give either end or duration_seconds"),
    ({"duration_seconds": 0.0}, "duration_seconds: 0 is not more than 0"),
    ({"duration_seconds": 60.0, "time_zone": "Mars/Olympus"}, "time_zone: 'Mars/Olympus' is no time zone"),
    ({"duration_seconds": 60.0, "time_zone": "../../etc/passwd"}, "time_zone: '../../etc/passwd' is no time zone"),
    ({"duration_seconds": 60.0, "time_zone": "localtime"}, "time_zone: 'localtime' is no time zone"),
    ({"duration_seconds": 60.0, "time_zone": "Europe"}, "time_zone: 'Europe' is no time zone"),
    ({"duration_seconds": 60.0, "scope": WindowScope()}, "scope: is empty"),
    (
        {"duration_seconds": 60.0, "scope": WindowScope(tenants=("b",)), "tenant_id": "a"},
        "scope.tenants: the window is of tenant 'a'",
    ),
    ({"duration_seconds": 60.0, "start": utc("2040-01-01T00:00")}, "start: 2040-01-01T00:00:00+00:00 is more than 10 years"),
    ({"duration_seconds": 60.0, "exceptions": ("2026-03-01",)}, "exceptions: only a window with a recurrence has any"),
    (
        {"duration_seconds": 60.0, "recurrence": "FREQ=DAILY", "exceptions": ("x",)},
        "exceptions[0]: 'x' is neither a date nor a date-time",
    ),
    (
        {"duration_seconds": 60.0, "recurrence": "FREQ=WEEKLY", "exceptions": ("2026-03-02",)},
        "exceptions[0]: no occurrence begins on 2026-03-02",
    ),
    (
        {"duration_seconds": 60.0, "recurrence": "FREQ=DAILY", "exceptions": ("2026-03-02", "2026-03-03T01:00")},
        "exceptions[1]: no occurrence begins on 2026-03-03T01:00:00",
    ),
]


@pytest.mark.parametrize(("fields", "text"), PLANS)
def test_a_plan_that_cannot_be_is_refused_naming_the_field(fields: dict[str, Any], text: str) -> None:
    given: dict[str, Any] = {"title": "t", "scope": SCOPE, "start": utc("2026-03-01T02:00")} | fields
    with pytest.raises(PlanError) as caught:
        window_of(WindowPlan(**given), "MW1", "ada", NOW)
    assert str(caught.value).startswith(text)


def test_changes_move_what_they_name() -> None:
    one = planned_window("2026-03-20T22:00", "Europe/Berlin", 2, "FREQ=DAILY")
    moved = changed(one, PlanChanges(start=datetime(2026, 3, 20, 23)), "bob", NOW)  # noqa: DTZ001
    assert (moved.start, moved.duration_seconds, moved.updated_by) == (utc("2026-03-20T22:00"), 7200, "bob")
    elsewhere = changed(one, PlanChanges(time_zone="America/New_York"), "bob", NOW)
    assert (elsewhere.local_start, elsewhere.start) == (one.local_start, utc("2026-03-21T02:00"))
    longer = changed(one, PlanChanges(end=datetime(2026, 3, 21, 1)), "bob", NOW)  # noqa: DTZ001
    assert (longer.start, longer.duration_seconds) == (one.start, 3 * 3600)
    with pytest.raises(PlanError, match="end: give either"):
        changed(one, PlanChanges(end=utc("2026-03-21T01:00"), duration_seconds=1.0), "bob", NOW)

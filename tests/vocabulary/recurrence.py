"""Windows and recurrence rules for tests, and the starts of a rule by dateutil alone."""

import re
from datetime import UTC, datetime
from typing import Any
from zoneinfo import ZoneInfo

from dateutil.rrule import rrule, rrulestr
from hypothesis import strategies as st

from actors.correlator.windows.check import window_of
from protocols.maintenance import MaintenanceWindow, WindowPlan, WindowScope

NOW = datetime(2026, 1, 1, tzinfo=UTC)
SCOPE = WindowScope(devices=("olt-1",))


def planned_window(
    start: str, zone: str = "UTC", hours: float = 1, recurrence: str = "", at: datetime = NOW, **more: Any
) -> MaintenanceWindow:
    plan = WindowPlan(
        title="work",
        scope=SCOPE,
        start=datetime.fromisoformat(start),
        duration_seconds=hours * 3600,
        time_zone=zone,
        recurrence=recurrence,
        **more,
    )
    return window_of(plan, "MW1", "ada", at)


def utc(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


ZONES = ("UTC", "Europe/Berlin", "America/New_York", "Australia/Lord_Howe", "Pacific/Apia", "Africa/Casablanca")
_weekdays = st.lists(st.sampled_from(["MO", "TU", "WE", "TH", "FR", "SA", "SU"]), min_size=1, max_size=4, unique=True)


@st.composite
def rules(draw: st.DrawFn) -> str:
    frequency = draw(st.sampled_from(["DAILY", "WEEKLY", "MONTHLY", "YEARLY"]))
    parts = [f"FREQ={frequency}", f"INTERVAL={draw(st.integers(1, 4))}", f"WKST={draw(st.sampled_from(['MO', 'SU']))}"]
    if draw(st.booleans()):
        days = draw(_weekdays)
        if frequency in ("MONTHLY", "YEARLY") and draw(st.booleans()):
            days = [f"{draw(st.sampled_from([-2, -1, 1, 2, 3]))}{day}" for day in days]
        parts.append(f"BYDAY={','.join(days)}")
    if draw(st.booleans()):
        months = draw(st.lists(st.integers(1, 12), min_size=1, max_size=6, unique=True))
        parts.append(f"BYMONTH={','.join(map(str, months))}")
    if frequency != "WEEKLY" and draw(st.booleans()):
        days_of_month = draw(st.lists(st.sampled_from([1, 2, 15, 28, 29, 30, 31, -1, -2]), min_size=1, max_size=4, unique=True))
        parts.append(f"BYMONTHDAY={','.join(map(str, days_of_month))}")
    if draw(st.booleans()):
        parts.append(f"BYHOUR={draw(st.sampled_from(['2', '1,2,3', '0,12', '23']))}")
    if any(part.startswith("BY") for part in parts) and draw(st.booleans()):
        parts.append(f"BYSETPOS={draw(st.sampled_from(['1', '-1', '1,-1', '2']))}")
    match draw(st.sampled_from(["", "", "count", "until"])):
        case "count":
            parts.append(f"COUNT={draw(st.integers(1, 40))}")
        case "until":
            parts.append("UNTIL=20280630")
    return ";".join(parts)


def starts_by_dateutil(rule: str, local: datetime, zone: str, until: datetime) -> list[datetime]:
    """Every start by dateutil alone, from the first one on, as moments. faultd takes a date in UNTIL as the whole day."""
    walls = rrulestr(re.sub(r"UNTIL=(\d{8})$", r"UNTIL=\1T235959", rule), dtstart=local)
    assert isinstance(walls, rrule)
    kept = []
    for wall in walls:
        if wall > until:
            break
        kept.append(wall.replace(tzinfo=ZoneInfo(zone)).astimezone(UTC))
    return sorted(set(kept))

"""From a plan to a window: everything that can be wrong with one, each named by its field."""

from datetime import datetime, timedelta
from itertools import islice, pairwise

from msgspec import UNSET
from msgspec.structs import asdict, replace

from protocols.maintenance import MaintenanceWindow, PlanChanges, WindowPlan, WindowScope
from protocols.recurrence.occurrences import HORIZON_YEARS, Series, around, series, to_utc, to_wall, zone_of
from protocols.recurrence.rule import PlanError
from protocols.rest_fields import EARLIEST, LATEST

LONGEST = timedelta(days=366)
FURTHEST = timedelta(days=366 * HORIZON_YEARS)
"""A window cannot begin later than so long from now."""
LOOKED_AT = 200
"""Number of starts that are compared with the duration."""


def window_of(plan: WindowPlan, id: str, by: str, at: datetime) -> MaintenanceWindow:
    """The window that ``plan`` asks for at ``at``. Raises :class:`PlanError`."""
    zone = zone_of(plan.time_zone)
    _check_time("start", plan.start)
    local = plan.start if plan.start.tzinfo is None else to_wall(plan.start, zone)
    start = to_utc(plan.start if not plan.recurrence else local, zone)
    if start > at + FURTHEST:
        raise PlanError("start", f"{start.isoformat()} is more than {HORIZON_YEARS} years ahead")
    window = MaintenanceWindow(
        id=id,
        tenant_id=plan.tenant_id,
        title=plan.title,
        description=plan.description,
        scope=plan.scope,
        time_zone=plan.time_zone,
        start=start,
        local_start=local,
        duration_seconds=_duration(plan, start),
        recurrence=plan.recurrence,
        exceptions=_exceptions(plan.exceptions),
        created_at=at,
        created_by=by,
        updated_at=at,
        updated_by=by,
        key=plan.key,
    )
    _check_scope(window.scope, window.tenant_id)
    if window.recurrence:
        _check_recurrence(window)
    elif window.exceptions:
        raise PlanError("exceptions", "only a window with a recurrence has any")
    return window


def changed(window: MaintenanceWindow, changes: PlanChanges, by: str, at: datetime) -> MaintenanceWindow:
    """The window with ``changes``. Raises :class:`PlanError`."""
    given = {name: value for name, value in asdict(changes).items() if value is not UNSET}
    if "end" in given and "duration_seconds" in given:
        raise PlanError("end", "give either end or duration_seconds")
    kept: dict[str, object] = {
        "title": window.title,
        "description": window.description,
        "scope": window.scope,
        # The wall clock stays when the zone changes; the exact moment where it does not.
        "start": window.local_start if window.recurrence or "time_zone" in given else window.start,
        "time_zone": window.time_zone,
        "recurrence": window.recurrence,
        "exceptions": window.exceptions,
    }
    if "end" not in given:
        kept["duration_seconds"] = window.duration_seconds
    plan = WindowPlan(**{**kept, **given}, tenant_id=window.tenant_id, key=window.key)
    new = window_of(plan, window.id, window.created_by, at)
    return replace(new, created_at=window.created_at, updated_by=by, ended_at=window.ended_at, ended_by=window.ended_by)


def check_ahead(window: MaintenanceWindow, at: datetime) -> None:
    """Raises :class:`PlanError` when it is over already."""
    before, after = around(window, at)
    end = None if before is None else before + timedelta(seconds=window.duration_seconds)
    if after is None and (end is None or end <= at):
        field = "recurrence" if window.recurrence else "end"
        raise PlanError(field, "it is over already" if end is None else f"{end.isoformat()} has passed")


def _duration(plan: WindowPlan, start: datetime) -> float:
    if (plan.end is None) == (plan.duration_seconds is None):
        raise PlanError("end", "give either end or duration_seconds")
    if plan.end is None:
        seconds, field = float(plan.duration_seconds or 0), "duration_seconds"
        if not seconds > 0:
            raise PlanError(field, f"{seconds:g} is not more than 0")
    else:
        field = "end"
        _check_time(field, plan.end)
        end = to_utc(plan.end, zone_of(plan.time_zone))
        seconds = (end - start).total_seconds()
        if seconds <= 0:
            raise PlanError(field, f"{end.isoformat()} is not after the start, {start.isoformat()}")
    if seconds > LONGEST.total_seconds():
        raise PlanError(field, f"it lasts longer than {LONGEST.days} days")
    return seconds


def _check_time(field: str, at: datetime) -> None:
    """Before any arithmetic: beyond these years a change of zone can leave the calendar."""
    if not EARLIEST.year <= at.year < LATEST.year:
        raise PlanError(field, f"{at.isoformat()} is not between {EARLIEST.year} and {LATEST.year}")


def _check_scope(scope: WindowScope, tenant_id: str | None) -> None:
    if scope == WindowScope():
        raise PlanError("scope", "is empty: name at least one device, subtree, service, customer, tenant or type")
    if tenant_id is not None and any(tenant != tenant_id for tenant in scope.tenants):
        raise PlanError("scope.tenants", f"the window is of tenant {tenant_id!r} and covers no other")


def _exceptions(texts: tuple[str, ...]) -> tuple[str, ...]:
    """The texts in stored form: ISO 8601, without duplicates."""
    found: dict[str, None] = {}
    for number, text in enumerate(texts):
        try:
            at = datetime.fromisoformat(text)
        except ValueError as error:
            raise PlanError(f"exceptions[{number}]", f"{text[:40]!r} is neither a date nor a date-time") from error
        whole = "T" not in text and " " not in text
        _check_time(f"exceptions[{number}]", at)
        if whole:
            found[at.date().isoformat()] = None
        else:
            found[(at if at.tzinfo is None else to_utc(at, zone_of("UTC"))).isoformat()] = None
    return tuple(found)


def _check_recurrence(window: MaintenanceWindow) -> None:
    found = series(window.recurrence, window.local_start, window.time_zone, window.exceptions)
    starts = list(islice(found.walls(window.local_start), LOOKED_AT))
    if not starts:
        raise PlanError("recurrence", f"nothing occurs within {HORIZON_YEARS} years of the start")
    duration = timedelta(seconds=window.duration_seconds)
    for one, following in pairwise(starts):
        if following - one < duration:
            text = f"it lasts {duration}, but begins on {one} and again on {following}: it would overlap itself"
            raise PlanError("recurrence", text)
    for number, text in enumerate(window.exceptions):
        if not _occurs(found, text, window):
            raise PlanError(f"exceptions[{number}]", f"no occurrence begins on {text}")


def _occurs(found: Series, text: str, window: MaintenanceWindow) -> bool:
    zone = zone_of(window.time_zone)
    at = datetime.fromisoformat(text)
    if "T" not in text:
        first = next(found.walls(at, excepted=True), None)
        return first is not None and first.date() == at.date()
    wall = to_wall(to_utc(at, zone), zone)
    starts = islice(found.walls(wall - timedelta(hours=26), excepted=True), 100)
    return any(to_utc(start, zone) == to_utc(at, zone) for start in starts)

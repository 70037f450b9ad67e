"""Bounds of the tables that grow without end: the newest rows are kept, the oldest are deleted.

Anybody who has a community can send traps that no profile knows. A port that goes up and down all day writes two lines into the
timeline of its alarm each time. The Events of deleted rows stay in the ledger for its retention.

The history of service level agreements and of dispatch is kept by age. A row that is not over (an open breach, an outage that
lasts, an alarm whose clocks run, a contract without an end, a notification that waits, an open ticket) is kept whatever its
age. Definitions, notification policies, contacts and rotas are kept for ever.
"""

from collections import Counter
from collections.abc import Iterable, Mapping

from actors.postgres import Connection
from actors.store.settings import StoreSettings
from protocols.change import AlarmChanged, Change, DeviceEvent, UnknownTrap

TRIM_SECONDS = 10.0
"""Seconds between two trimmings, in which the tables may exceed their bounds."""
_LOOK_AT = 100
"""The timeline of an alarm is trimmed after this many new lines."""
_MOST_COUNTED = 100_000
"""The most alarms whose new lines are counted. Beyond it the counts begin anew."""

BY_ROWS = """
DELETE FROM {table} WHERE (at, "offset"{more}) <= (
    SELECT at, "offset"{more} FROM {table} ORDER BY at DESC, "offset" DESC{more_descending} OFFSET $1 LIMIT 1)
"""
TRAPS_BY_ROWS = BY_ROWS.format(table="unknown_traps", more="", more_descending="")
EVENTS_BY_ROWS = BY_ROWS.format(table="device_events", more=", number", more_descending=", number DESC")
TRAPS_BY_BYTES = """
DELETE FROM unknown_traps WHERE (at, "offset") <= (
    SELECT at, "offset" FROM (
        SELECT at, "offset", sum(pg_column_size(t.*)) OVER (ORDER BY at DESC, "offset" DESC) AS bytes FROM unknown_traps AS t
    ) AS summed WHERE bytes > $1 ORDER BY at DESC, "offset" DESC LIMIT 1)
"""
COUNTS_BY_ROWS = """
DELETE FROM unknown_trap_counts WHERE (tenant_id, trap_oid) IN (
    SELECT tenant_id, trap_oid FROM unknown_trap_counts ORDER BY last_at DESC, tenant_id, trap_oid OFFSET $1)
"""
TIMELINE_OF_ONE = """
DELETE FROM alarm_timeline WHERE alarm_id = $1::uuid AND (at, "offset", number) <= (
    SELECT at, "offset", number FROM alarm_timeline WHERE alarm_id = $1::uuid
    ORDER BY at DESC, "offset" DESC, number DESC OFFSET $2 LIMIT 1)
"""
AGE_SECONDS = 3_600.0
"""Seconds between two trimmings of the tables that are kept by age."""
AGE_ROWS = 20_000
"""The most rows of one table that one trimming deletes; the next one follows soon where there are more."""
_OLD = "< now() - make_interval(days => $1)"
_OVER = """
DELETE FROM {table} WHERE ctid IN (SELECT ctid FROM {table} WHERE {over} LIMIT $2)
"""
SLA_BY_AGE = {
    table: _OVER.format(table=table, over=over)
    for table, over in {
        "sla_breaches": f"resolved AND breach_start {_OLD} AND coalesce(breach_end, breach_start) {_OLD}",
        "sla_outages": f"end_time {_OLD}",
        "sla_measurements": f"end_time {_OLD}",
        "sla_clocks": f"ended_at {_OLD}",
        "sla_credits": f"final AND period_start {_OLD}",
        "sla_periods": f"period_end {_OLD}",
        "sla_window_histories": f"over_at {_OLD}",
        # A recurring exclusion is over when it was withdrawn.
        "sla_exclusions": f"CASE WHEN rrule = '' THEN end_time ELSE withdrawn_at END {_OLD}",
        "fault_reports": f"reported_at {_OLD}",
        "sla_instances": f"end_date {_OLD}",
    }.items()
}


DISPATCH_BY_AGE = {
    table: _OVER.format(table=table, over=over)
    for table, over in {
        "notifications": f"status IN ('sent', 'dead') AND created_at {_OLD}",
        "tickets": f"state = 'closed' AND closed_at {_OLD}",
        "dispatch_notes": f"at {_OLD}",
    }.items()
}


class Trimming:
    """Counts the rows written since the last trimming, and says when the next is due."""

    def __init__(self) -> None:
        self._at = float("-inf")
        # At a start: an earlier run may have left too many.
        self._traps = self._events = True
        self._lines: Counter[str] = Counter()
        self._long: set[str] = set()
        self._aged_at = float("-inf")

    def wrote(self, changes: Iterable[Change]) -> None:
        """``changes`` are in the database now."""
        for change in changes:
            if isinstance(change, AlarmChanged):
                name = change.alarm.id
                self._lines[name] += len(change.entries)
                if self._lines[name] >= _LOOK_AT:
                    del self._lines[name]
                    self._long.add(name)
            elif isinstance(change, UnknownTrap):
                self._traps = True
            elif isinstance(change, DeviceEvent):
                self._events = True
        if len(self._lines) > _MOST_COUNTED:
            self._lines.clear()

    def due(self, now: float) -> bool:
        """Whether a trimming is due at ``now``, on trio's clock."""
        if now - self._at < TRIM_SECONDS:
            return False
        return self._traps or self._events or bool(self._long) or now - self._aged_at >= AGE_SECONDS

    def take(self, now: float) -> tuple[bool, bool, list[str], bool]:
        """Whether traps and device events are to be trimmed, the alarms whose timelines are, and whether the tables kept by age
        are. Resets the counts."""
        aged = now - self._aged_at >= AGE_SECONDS
        taken = self._traps, self._events, sorted(self._long), aged
        self._at, self._traps, self._events = now, False, False
        self._aged_at = now if aged else self._aged_at
        self._long.clear()
        return taken

    def deleted(self, rows: Mapping[str, int]) -> None:
        """Take the numbers of rows that the last trimming deleted. A table that reached the most is looked at again soon."""
        if any(rows.get(table, 0) >= AGE_ROWS for table in (*SLA_BY_AGE, *DISPATCH_BY_AGE)):
            self._aged_at = float("-inf")


async def trim(
    connection: Connection,
    settings: StoreSettings,
    sla_keep_days: int,
    traps: bool,
    events: bool,
    alarms: Iterable[str],
    aged: bool,
) -> Mapping[str, int]:
    """Delete the rows beyond the bounds, in one transaction. Returns the number of rows by table."""
    gone: Counter[str] = Counter()

    async def delete(table: str, statement: str, *arguments: object) -> None:
        gone[table] += int((await connection.execute(statement, *arguments)).rpartition(" ")[2])

    async with connection.transaction():
        if traps:
            await delete("unknown_traps", TRAPS_BY_ROWS, settings.inbox_rows)
            await delete("unknown_traps", TRAPS_BY_BYTES, settings.inbox_bytes)
            await delete("unknown_trap_counts", COUNTS_BY_ROWS, settings.inbox_oids)
        if events:
            await delete("device_events", EVENTS_BY_ROWS, settings.device_event_rows)
        for name in alarms:
            await delete("alarm_timeline", TIMELINE_OF_ONE, name, settings.timeline_lines)
        if aged:
            for by_age, days in ((SLA_BY_AGE, sla_keep_days), (DISPATCH_BY_AGE, settings.dispatch_keep_days)):
                for table, statement in by_age.items():
                    await delete(table, statement, days, AGE_ROWS)
    return {table: count for table, count in gone.items() if count}

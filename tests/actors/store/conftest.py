"""Changes to apply, and how to look at what they came to."""

from collections.abc import Callable, Sequence
from datetime import UTC, datetime, timedelta
from functools import partial
from typing import Any

import pytest
from vocabulary.alarms import ont_alarm

from actors.postgres import Connection
from protocols.alarm import Alarm, TimelineEntry
from protocols.change import AlarmChanged

T0 = datetime(2026, 1, 31, 23, 0, tzinfo=UTC)

_ORDER = {
    "alarms": "id",
    "alarms_archive": "id",
    "alarm_timeline": 'at, "offset", number',
    "device_events": 'at, "offset", number',
    "unknown_traps": 'at, "offset"',
    "unknown_trap_counts": "tenant_id, trap_oid",
    "quarantine": '"offset"',
    "store_rejects": "id",
    "rules": "id",
    "maintenance_windows": "id",
    "topology_nodes": "id",
    "sla_definitions": "id, version",
    "sla_instances": "id",
    "sla_outages": "id",
    "sla_exclusions": "id",
    "sla_clocks": "alarm_id",
    "sla_measurements": "sla_instance_id, metric, start_time",
    "fault_reports": "id",
    "sla_breaches": "id",
    "sla_credits": "sla_instance_id, period_start",
    "sla_periods": "sla_instance_id, period_start, revision",
    "sla_window_histories": "window_id",
}


@pytest.fixture
def alarm_of() -> Callable[..., Alarm]:
    """An alarm by number, with any field given."""

    return partial(ont_alarm, at=T0)


@pytest.fixture
def changed_of(alarm_of: Callable[..., Alarm]) -> Callable[..., AlarmChanged]:
    """An AlarmChanged with one timeline entry an hour per offset after 31 January, 23:00."""

    def make(offset: int, number: int, **fields: Any) -> AlarmChanged:
        alarm = alarm_of(number, **fields)
        entry = TimelineEntry(
            alarm_id=alarm.id,
            tenant_id=alarm.tenant_id,
            offset=offset,
            number=0,
            at=T0 + timedelta(hours=offset),
            action="raised",
            actor="device:olt-1",
            text=alarm.title,
            detail={"rule": "los"},
        )
        return AlarmChanged(offset, alarm, (entry,))

    return make


@pytest.fixture
def tables() -> Callable[..., Any]:
    """``await database.run(tables)``: every table's rows in the order of their keys."""

    async def read(connection: Connection, names: Sequence[str] = tuple(_ORDER)) -> dict[str, list[dict[str, Any]]]:
        return {
            name: [dict(row) for row in await connection.fetch(f"SELECT * FROM {name} ORDER BY {_ORDER[name]}")]
            for name in names
        }

    return read

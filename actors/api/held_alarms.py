"""Lists of the alarms that the fold holds, where PostgreSQL is away: the same filter, order and cursors."""

from collections.abc import Callable, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

import trio
from msgspec.structs import replace

from actors.api.keyset import Order, SortKey
from protocols.alarm import Alarm
from protocols.alarm_match import passes
from protocols.query import AlarmFilter, Page
from protocols.severity import rank

DEGRADED = (
    "PostgreSQL is away. This list has the alarms that the correlator holds: every open alarm, and recently cleared ones. "
    "Older history is missing"
)
_STEP = 500
"""Alarms looked at between two checkpoints."""
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_Place = tuple[int, ...]


def covers(wanted: AlarmFilter) -> bool:
    """Whether what the fold holds can answer: not where only what is over is asked for."""
    return not wanted.status or not set(wanted.status) <= {"cleared", "resolved"}


async def page_of(
    alarms: Sequence[Alarm], wanted: AlarmFilter, order: Order, limit: int, cursor: str | None, tenant: str | None
) -> Page[Alarm]:
    """A page of ``alarms``. Raises ``BadCursor``. Other tasks run in between, however many there are."""
    after = None if cursor is None else _place(order, order.decode(cursor))
    best: list[tuple[_Place, Alarm]] = []
    for start in range(0, len(alarms), _STEP):
        for alarm in alarms[start : start + _STEP]:
            if tenant not in (None, alarm.tenant_id) or not passes(alarm, wanted):
                continue
            place = _place(order, _values(order, alarm))
            if after is None or place > after:
                best.append((place, alarm))
        best = sorted(best, key=_first)[: limit + 1]
        await trio.lowlevel.checkpoint()
    shown = [alarm for _, alarm in best[:limit]]
    return Page(tuple(shown), order.encode(_values(order, shown[-1])) if len(best) > limit else None)


async def count_held_back(alarms: Sequence[Alarm], wanted: AlarmFilter, tenant: str | None) -> int:
    """Those of ``alarms`` that pass the filter but for its view and are attributed to another alarm."""
    every, found = replace(wanted, view="all"), 0
    for number, alarm in enumerate(alarms):
        if alarm.parent_alarm_id is not None and tenant in (None, alarm.tenant_id) and passes(alarm, every):
            found += 1
        if number % _STEP == 0:
            await trio.lowlevel.checkpoint()
    return found


def _first(found: tuple[_Place, Alarm]) -> _Place:
    return found[0]


def _values(order: Order, alarm: Alarm) -> list[Any]:
    return [_VALUES.get(key.column, lambda alarm, key=key: getattr(alarm, key.column))(alarm) for key in order.keys]


_VALUES: dict[str, Callable[[Alarm], Any]] = {
    "severity_rank": lambda alarm: rank(alarm.severity),
    "id": lambda alarm: UUID(alarm.id),
}


def _place(order: Order, values: Sequence[Any]) -> _Place:
    """Numbers that are in order where the rows are."""
    return tuple(_number(key, value) for key, value in zip(order.keys, values, strict=True))


def _number(key: SortKey, value: Any) -> int:
    number = (value - _EPOCH) // timedelta(microseconds=1) if isinstance(value, datetime) else int(value)
    return -number if key.descending else number

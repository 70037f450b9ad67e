"""A tiny stage behind the correlator: it counts raised alarms by tenant, and reports a tenant's count a minute after the first.

It has all that a stage can have: a state of its own, a deadline, Changes of its own, and an Event that it cannot fold.
"""

import math
from collections.abc import Callable, Iterable, Sequence
from datetime import datetime, timedelta
from functools import partial

import msgspec
from msgspec import Struct

from actors.metrics import Metrics
from actors.stage import Stage
from protocols.change import AlarmChanged, Change, DeviceEvent
from protocols.event import ClockJumped, Event, NetworkEvent
from protocols.ledger import EventBatch

NAME = "counter"
COUNTED = "alarms.counted"
"""The type of its device events."""
WAIT = timedelta(seconds=60)
POISON = "uncountable"
"""An Event about a resource with this in its id makes the counter raise, after it has begun to count, until the time has come
that its metadata give as ``cure`` (seconds since 1970)."""


class Counts(Struct):
    """Raised alarms by tenant, and by when each tenant's count is to be reported."""

    raised: dict[str, int] = {}
    due: dict[str, datetime] = {}


class TenantCounter(Stage):
    """``counts`` is replaced whole at the end of each fold: one that raises leaves it as it was."""

    name = NAME

    def __init__(self) -> None:
        self.counts = Counts()
        self.mended = False
        """Whether this version can fold what others cannot."""

    def load(self, octets: bytes) -> None:
        self.counts = msgspec.msgpack.decode(octets, type=Counts)

    def saving(self) -> Iterable[bytes]:
        return [msgspec.msgpack.encode(self.counts)]

    def begin(self, offset: int, at: datetime, held: Sequence[Change]) -> None:
        counts = Counts()
        for change in held:
            if isinstance(change, AlarmChanged) and change.alarm.cleared_at is None:
                counts.raised[change.alarm.tenant_id] = counts.raised.get(change.alarm.tenant_id, 0) + 1
        self.counts = counts

    def fold(self, offset: int, at: datetime, event: Event, changes_before: Sequence[Change]) -> list[Change]:
        draft = Counts(dict(self.counts.raised), dict(self.counts.due))
        if isinstance(event, ClockJumped):
            draft.due = {tenant: due + (event.after - event.before) for tenant, due in draft.due.items()}
        for change in changes_before:
            if isinstance(change, AlarmChanged) and change.entries and change.entries[0].action == "raised":
                tenant = change.alarm.tenant_id
                draft.raised[tenant] = draft.raised.get(tenant, 0) + 1
                draft.due.setdefault(tenant, at + WAIT)
        if isinstance(event, NetworkEvent) and POISON in event.resource_id and not self._can(event, at):
            raise ZeroDivisionError(event.resource_id)
        changes: list[Change] = []
        for number, tenant in enumerate(sorted(tenant for tenant, due in draft.due.items() if due <= at)):
            del draft.due[tenant]
            changes.append(_report(offset, number, at, tenant, draft.raised[tenant]))
        self.counts = draft
        return changes

    def _can(self, event: NetworkEvent, at: datetime) -> bool:
        return self.mended or at.timestamp() >= event.metadata.get("cure", math.inf)


class FailingCounter(TenantCounter):
    """A counter that raises where ``fails`` says so of a method's name, or of ``pieces`` and ``prepared``: what ``saving`` and
    ``preparing`` return. What it folds is as ever."""

    def __init__(self, fails: Callable[[str], bool]) -> None:
        super().__init__()
        self.fails = fails

    def load(self, octets: bytes) -> None:
        self._try("load")
        super().load(octets)

    def saving(self) -> Iterable[bytes]:
        self._try("saving")
        return self._pieces(list(super().saving()))

    def _pieces(self, pieces: list[bytes]) -> Iterable[bytes]:
        yield from pieces
        self._try("pieces")

    def begin(self, offset: int, at: datetime, held: Sequence[Change]) -> None:
        self._try("begin")
        super().begin(offset, at, held)

    def held(self) -> Iterable[Change]:
        self._try("held")
        return super().held()

    def preparing(self, batch: EventBatch) -> Callable[[], None]:
        self._try("preparing")
        return partial(self._try, "prepared")

    def count(self, metrics: Metrics | None) -> None:
        self._try("count")

    def report(self, append: Callable[[list[Event]], bool]) -> None:
        self._try("report")

    def _try(self, name: str) -> None:
        if self.fails(name):
            raise ZeroDivisionError(name)


def _report(offset: int, number: int, at: datetime, tenant: str, count: int) -> DeviceEvent:
    return DeviceEvent(
        offset=offset,
        number=1_000_000 + number,
        at=at,
        tenant_id=tenant,
        device_id="faultd",
        resource_type="system",
        resource_id="faultd",
        event_name=COUNTED,
        severity="warning",
        title=f"{count} alarms of {tenant}",
        detail={"count": count},
    )

"""The reads of one device's tables: states at each poll, and in between what is read seldom, slice by slice.

A read whose budget is spent waits, and leaves the other half of a card's budget to reads that somebody asks for.
"""

from collections.abc import Awaitable, Callable
from datetime import datetime
from typing import Final

import trio
from msgspec.structs import replace

from actors.poller.device_link import DeviceLink
from actors.poller.plan.levels import SensorReading
from actors.poller.plan.table_reader import TableReader
from actors.poller.schedule import next_on_grid, phase
from actors.poller.settings import PollerSettings
from actors.poller.table_read import TableRead, get_rows, run_read
from protocols.poll.plan.column_plan import ColumnPlan
from protocols.poll.plan.poll_plan import PollPlan
from protocols.poll.plan.table_plan import Rows, TablePlan
from protocols.poll.section import ScheduleClass
from protocols.poll.states import PartKind, PartStates, PolledName, PolledPower, PolledSerial, PolledStates, ReadReason
from protocols.snmp.manager.errors import RequestError
from protocols.snmp.manager.value import encode_index

SENSOR_SECONDS: Final = 300.0
"""Seconds between two reads of counters and sensors."""
_SELDOM: Final[tuple[ScheduleClass, ...]] = ("identity", "optics", "slow")


class SeldomJob:
    """Columns of one table that are read seldom. ``due``: an instant of the monotonic clock."""

    __slots__ = ("due", "period", "read", "reader", "schedule", "share")

    def __init__(self, reader: TableReader, schedule: ScheduleClass, period: float, share: float) -> None:
        self.reader, self.schedule, self.period, self.share = reader, schedule, period, share
        self.due = 0.0
        self.read: TableRead | None = None


class Found:
    """What reads found, until it is one Event."""

    def __init__(self) -> None:
        self.whole: list[PartKind] = []
        self.incomplete: dict[PartKind, str] = {}
        self.states: list[PartStates] = []
        self.serials: tuple[PolledSerial, ...] = ()
        self.names: tuple[PolledName, ...] = ()
        self.power: tuple[PolledPower, ...] = ()

    def __bool__(self) -> bool:
        return bool(self.whole or self.states or self.serials or self.names or self.power)


class DeviceReads:
    """The tables of ``plan``. ``between`` is awaited while a read goes on, so that an urgent one can go first."""

    __slots__ = (
        "_between",
        "_clock",
        "_device",
        "_jobs",
        "_link",
        "_parts",
        "_pons",
        "_readers",
        "_silence",
        "failed",
        "has_states",
        "plan",
    )

    def __init__(
        self,
        device: str,
        plan: PollPlan,
        link: DeviceLink,
        settings: PollerSettings,
        clock: Callable[[], datetime],
        between: Callable[[], Awaitable[None]],
    ) -> None:
        self._device, self.plan, self._link, self._clock, self._between = device, plan, link, clock, between
        self._readers = [TableReader(table) for table in plan.tables]
        self.has_states = any(table.of("state") for table in plan.tables)
        """Whether a poll reads tables."""
        self._pons = [table for table in plan.tables if table.numbers_interfaces]
        self._parts: dict[str, int] = {}
        """Rows of each table at its last read."""
        self._silence = ""
        self.failed: dict[PartKind, str] = {}
        """Kinds whose table the latest read of the states did not bring to its end, with the reason."""
        periods = {"identity": settings.identity_seconds, "optics": settings.optics_seconds, "slow": SENSOR_SECONDS}
        self._jobs: list[SeldomJob] = []
        now = trio.current_time()
        for reader in self._readers:
            for schedule in _SELDOM:
                if reader.plan.of(schedule):
                    share = phase(f"{device} {reader.plan.name} {schedule}")
                    job = SeldomJob(reader, schedule, periods[schedule], share)
                    # Who an ONT is has to be known from the start on; the others wait for their turn.
                    job.due = now if schedule == "identity" else next_on_grid(now, job.period, share)
                    self._jobs.append(job)

    @property
    def silent(self) -> bool:
        """Whether the device no longer answered in the latest read of its states."""
        return bool(self._silence)

    # --- states ---------------------------------------------------------------------------------------------------

    async def states(self, reason: ReadReason, scope: str = "", request: int = 0) -> PolledStates | None:
        """Read the states, at or below ``scope`` alone where one is given. None: the reason is ``changed`` and nothing has."""
        begun, found = self._clock(), Found()
        failed: dict[PartKind, str] = {}
        whole: dict[PartKind, bool] = {}
        self.failed = failed
        self._silence = ""
        for reader in self._readers:
            table = reader.plan
            if not table.of("state"):
                continue
            if self._silence:
                # Nobody answers: asking for the other tables would take as many time-outs.
                failed[table.kind] = self._silence
                continue
            read = await (self._scoped(reader, scope) if scope else self._whole(reader))
            if read is None:
                continue
            rows, error = read
            if error:
                failed[table.kind] = error
                continue
            gone = await self._take(reader, rows, found, scope, all_of=reason != "changed")
            whole[table.kind] = whole.get(table.kind, True) and (reason != "changed" or gone)
        found.whole = [kind for kind, is_whole in whole.items() if is_whole and kind not in failed]
        found.incomplete = failed
        # Parts of a kind with a table that is not whole say nothing: the rest of them may be anywhere.
        found.states = [each for each in found.states if each.kind not in failed]
        if reason == "changed" and not found:
            return None
        return self.event(found, reason, begun, scope, request)

    async def _take(self, reader: TableReader, rows: Rows, found: Found, scope: str, *, all_of: bool) -> bool:
        """Add what the rows say; true when parts have gone, so that all of the table was added."""
        table = reader.plan
        news = reader.take_states(rows, scope)
        if not scope and self._parts.get(table.name) != len(rows):
            self._parts[table.name] = len(rows)
            self._hasten(reader)
        gone, only, down = bool(news.gone), None, news.down
        if all_of or gone:
            down = tuple(reader.down(rows))
        elif not news.changed:
            return False
        else:
            only = news.changed
        causes: Rows = {}
        columns = table.of("down")
        if columns and down:
            try:
                causes = await get_rows(table, columns, down, self._link)
            except RequestError:
                # A state without its cause is still a state.
                causes = {}
        found.states += reader.states(rows, causes, only)
        return gone

    async def _whole(self, reader: TableReader) -> tuple[Rows, str]:
        table = reader.plan
        if table.placed and table.name not in self._parts:
            await self._identify(reader)
        return await self._walk(table, table.of("state"), b"")

    async def _scoped(self, reader: TableReader, scope: str) -> tuple[Rows, str] | None:
        """The rows at or below ``scope``; None where the table has none there."""
        table = reader.plan
        columns = table.of("state")
        if prefixes := table.prefixes(scope):
            rows: Rows = {}
            for prefix in prefixes:
                found, error = await self._walk(table, columns, prefix)
                rows |= found
                if error:
                    return rows, error
            return rows, ""
        indexes = reader.known_below(scope) or table.candidates(scope)
        if not indexes:
            return None
        try:
            return await get_rows(table, columns, indexes, self._link), ""
        except RequestError as error:
            return {}, str(error)

    async def _walk(self, table: TablePlan, columns: tuple[ColumnPlan, ...], prefix: bytes) -> tuple[Rows, str]:
        read = TableRead(table, columns, self._link, prefix)
        await run_read(read, self._between)
        if read.silent:
            self._silence = read.error
        return read.rows, read.error

    async def _identify(self, reader: TableReader) -> None:
        """Positions of the rows, where a column has them: without these no state has a place."""
        rows, error = await self._walk(reader.plan, reader.plan.of("identity"), b"")
        if not error:
            reader.take_identity(rows)

    def event(self, found: Found, reason: ReadReason, begun: datetime, scope: str = "", request: int = 0) -> PolledStates:
        """The Event of what was found."""
        return PolledStates(
            device=self._device,
            reason=reason,
            begun=begun,
            ended=self._clock(),
            scope=scope,
            whole=tuple(found.whole),
            incomplete=found.incomplete,
            states=tuple(found.states),
            serials=found.serials,
            power=found.power,
            names=found.names,
            request=request,
        )

    # --- what is read seldom --------------------------------------------------------------------------------------

    def next_job(self) -> float:
        """The instant at which :meth:`step` has something to do; infinite: never."""
        job = self._job()
        if job is None:
            return float("inf")
        return job.due if job.read is None else trio.current_time() + job.read.wait(self._reserve)

    async def step(self, uptime: int | None) -> tuple[PolledStates | None, list[SensorReading]]:
        """A slice of the job that is due. ``uptime``: sysUpTime in hundredths of a second, where it is known."""
        job = self._job()
        if job is None:
            return None, []
        if job.read is None:
            job.read = TableRead(job.reader.plan, job.reader.plan.of(job.schedule), self._link)
        read = job.read
        if read.wait(self._reserve) <= 0:
            await read.slice()
        if not read.finished:
            return None, []
        job.read, job.due = None, next_on_grid(trio.current_time(), job.period, job.share)
        if read.error:
            return None, []
        return self._taken(job, read.rows, uptime)

    def _taken(self, job: SeldomJob, rows: Rows, uptime: int | None) -> tuple[PolledStates | None, list[SensorReading]]:
        found, at = Found(), self._clock()
        if job.schedule == "slow":
            return None, job.reader.take_slow(rows, at, uptime)
        if job.schedule == "optics":
            found.power = job.reader.take_optics(rows)
        else:
            identity = job.reader.take_identity(rows)
            found.serials, found.names = identity.serials, identity.names
            if job.reader.plan.kind == "interface" and self._pons:
                found.names = tuple(self._placed(each) for each in identity.names)
        return (self.event(found, "changed", at) if found else None), []

    def _placed(self, name: PolledName) -> PolledName:
        """The name of an interface, with the PON port that it is by its index."""
        number = name.position.rpartition("/")[2]
        if not number.isdecimal() or int(number) >= 1 << 32:
            return name
        index = encode_index((int(number),))
        return next((replace(name, part=found) for table in self._pons if (found := table.position(index))), name)

    @property
    def _reserve(self) -> float:
        return self._link.budget.least_burst / 2

    def _job(self) -> SeldomJob | None:
        return min(self._jobs, key=lambda job: (job.read is None, job.due), default=None)

    def _hasten(self, reader: TableReader) -> None:
        """There are other parts than before: ask who they are."""
        for job in self._jobs:
            if job.reader is reader and job.schedule == "identity" and job.read is None:
                job.due = min(job.due, trio.current_time())

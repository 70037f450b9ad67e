"""The poller of one device: asks it on schedule, notices its silence, and appends what changed."""

from datetime import datetime
from functools import partial
from math import inf
from typing import Final, NamedTuple

import trio
from trio import TASK_STATUS_IGNORED, TaskStatus

from actors.poller.device_addresses import DeviceAddresses
from actors.poller.device_contact import DeviceContact
from actors.poller.device_figures import DeviceFigures
from actors.poller.device_link import DeviceLink
from actors.poller.device_reads import DeviceReads
from actors.poller.device_scalars import DeviceScalars, Scalars, ScalarsGet
from actors.poller.device_spec import DeviceSpec
from actors.poller.engine.agent import PolledAgent
from actors.poller.engine.inquiry import Result
from actors.poller.plan.levels import LevelSides, SensorReading
from actors.poller.plan.table_reader import levels_of
from actors.poller.poll_outcomes import LatestPoll
from actors.poller.poll_timer import Sleeper
from actors.poller.poll_wishes import PollWishes
from actors.poller.poller_parts import PollerParts
from actors.poller.schedule import EARLIEST_SHARE, is_late, next_on_grid, phase
from actors.poller.second_way import SILENT, answers_otherwise
from protocols.event import Event
from protocols.poll.contact import AgentTimes, OtherPolls, PollAnswered, Silence
from protocols.poll.plan.poll_plan import PollPlan
from protocols.poll.reading import PolledValue, PollReading
from protocols.poll.request import PollRequested
from protocols.poll.section import PollLevel
from protocols.poll.states import PolledStates, ReadReason
from protocols.poll.uptime import times_oddity
from protocols.snmp.manager.errors import AnsweredElsewhere, NoRoute, OwnFault, PortUnreachable, RequestError

DAY: Final = 86_400.0
NO_OTHERS: Final = OtherPolls(0, 0)
WHOLE_SHARE: Final = 0.9
"""Share of its interval after which a poll without an answer ends, whatever the time-outs are: so the misses that make a device
silent take so many intervals."""
HALF_SHARE: Final = 0.5
_SILENCE: Final[dict[type[RequestError], Silence]] = {
    PortUnreachable: "refused",
    NoRoute: "no_route",
    AnsweredElsewhere: "elsewhere",
}


class AnsweredPoll(NamedTuple):
    """A poll that was answered, before its tables are read. ``event`` has to be appended, ``reason`` asks for a whole read;
    ``began`` is an instant of the monotonic clock."""

    scalars: Scalars
    event: PollAnswered | None
    reason: ReadReason | None
    began: float


class FailedPoll(NamedTuple):
    """A poll that was sent at ``sent`` and failed; ``error`` is None while it has not. ``again``: less may be answered."""

    error: RequestError | None
    sent: datetime
    began: float
    again: bool


class DevicePoller:
    """``figures``, ``latest`` and ``wishes`` outlive a crash; all else begins anew. ``first`` is the instant of the first
    poll.

    While a device answers, the timer sends the GET of each poll and the engine's reader takes the answer. The task is woken
    where there is more to do than to note that all goes on.
    """

    __slots__ = (
        "_addresses",
        "_alone",
        "_began",
        "_counted",
        "_due",
        "_figures",
        "_get",
        "_granting",
        "_heard",
        "_latest",
        "_levels",
        "_limits",
        "_link",
        "_margin",
        "_measured_at",
        "_parts",
        "_reads",
        "_scalars",
        "_sent",
        "_share",
        "_sleeper",
        "_waited",
        "_whole_due",
        "_wishes",
        "contact",
        "spec",
    )

    def __init__(
        self,
        spec: DeviceSpec,
        parts: PollerParts,
        figures: DeviceFigures,
        latest: LatestPoll,
        wishes: PollWishes,
        first: float,
    ) -> None:
        self.spec, self._parts, self._figures, self._latest, self._wishes = spec, parts, figures, latest, wishes
        now, self._share = trio.current_time(), phase(spec.id)
        self._link = DeviceLink(parts.engine, self._agent(spec.address), parts.settings, figures)
        self._addresses = DeviceAddresses(spec.addresses, now)
        self._scalars = DeviceScalars(self._link, parts.plans, spec.plan, parts.clock)
        self.contact = DeviceContact(spec.id, spec.address, parts.settings.misses, now)
        self._reads: DeviceReads | None = None
        self._levels = LevelSides()
        self._limits: dict[str, tuple[PollLevel, ...]] = {}
        self._due, self._margin = first, EARLIEST_SHARE * spec.interval
        figures.next_due = first
        self._whole_due = next_on_grid(now, DAY, self._share)
        self._measured_at: float | None = None
        self._granting = False
        self._heard = True
        """False after a requested read to which nobody answered, until a poll is answered."""
        self._counted, self._waited = 0, 0.0
        self._get: ScalarsGet | None = None
        self._sent, self._began = parts.clock(), now
        """The latest GET that was sent without the task."""
        self._alone: AnsweredPoll | FailedPoll | None = None
        """The end of a poll that was begun without the task, which has more to do with it."""
        wishes.sleeper = self._sleeper = Sleeper(parts.timer, self._begin_alone)

    async def run(self, *, task_status: TaskStatus[None] = TASK_STATUS_IGNORED) -> None:
        """Poll until cancelled."""
        task_status.started()
        try:
            while True:
                if not (self._wishes and self._heard and self.contact.contact == "answering"):
                    await self._sleeper.until(self._next_instant())
                await self._go_on()
                await self._grant_wishes()
                now, reads = trio.current_time(), self._answering_reads
                if now >= self._due:
                    if is_late(self._due, now, self.spec.interval):
                        self._parts.counts.ended("skipped")
                    else:
                        await self._poll()
                    self._set_due(trio.current_time())
                elif reads is not None and reads.next_job() <= trio.current_time():
                    states, readings = await reads.step(self._uptime)
                    await self._report(states, readings)
        finally:
            self._link.forget()

    @property
    def _answering_reads(self) -> DeviceReads | None:
        return self._reads if self.contact.contact == "answering" else None

    def _next_instant(self) -> float:
        """The instant of the next poll, or of a read between two polls."""
        reads = self._answering_reads
        return self._due if reads is None else min(self._due, reads.next_job())

    def _set_due(self, now: float) -> None:
        self._due = self._figures.next_due = next_on_grid(now + self._margin, self._interval, self._share)
        self._margin = 0.0

    # --- polls ----------------------------------------------------------------------------------------------------

    async def _poll(
        self, wanted: ReadReason | None = None, request: int = 0, failed: FailedPoll | None = None
    ) -> tuple[Scalars | None, PolledStates | None]:
        """One poll. ``wanted``: the reason for a whole read; None where only its schedule asks for it. ``failed``: the poll has
        begun, and its first address does not answer."""
        if failed is None:
            failed = FailedPoll(None, self._parts.clock(), trio.current_time(), again=False)
            self._waited = 0.0
        began = failed.began
        try:
            identify = self.contact.contact != "answering" or wanted == "operator"
            scalars = await self._read_scalars(failed, identify=identify, all_sensors=wanted is not None)
        except RequestError as error:
            await self._failed(error, failed.sent, began)
            return None, None
        finally:
            self._link.until = inf
        return scalars, await self._finish(self._take(scalars, began, trio.current_time()), wanted, request)

    async def _read_scalars(self, failed: FailedPoll, *, identify: bool, all_sensors: bool) -> Scalars:
        """The device's scalars, by the address that answers. Raises RequestError; where none answers, that of the first one."""
        link, began, first = self._link, failed.began, failed.error
        order = self._addresses.order(began) if first is None else self._addresses.behind(link.agent.address)
        asked_first = order[0] if first is None else link.agent.address
        for number, address in enumerate(order):
            if link.agent.address != address:
                link.change(self._agent(address))
            self._bound(began, len(order) - number)
            try:
                found = await self._scalars.read(identify=identify, all_sensors=all_sensors)
            except SILENT as error:
                first = first or error
                continue
            if first is not None:
                self._figures.failed(self._parts.clock(), first, asked_first)
            self._addresses.latest = self.contact.address = address
            return found
        self.contact.address = asked_first
        assert first is not None
        raise first

    def _agent(self, address: str) -> PolledAgent:
        return PolledAgent(address, self._parts.settings.port, self._parts.credentials.session(self.spec.credentials))

    def _bound(self, began: float, addresses: int) -> None:
        """Bound the requests to one of so many ``addresses`` that are still to be asked in a poll that ``began`` and has no
        answer. The poll that is missed last is confirmed in another way within the same interval."""
        now, share = trio.current_time(), HALF_SHARE if self.contact.confirms_next else WHOLE_SHARE
        self._link.until = now + (began + self._interval * share - now) / addresses

    def _begin_alone(self, now: float) -> bool:
        """Begin a poll without the task. False: it is the task's turn."""
        try:
            return self._send_get(now)
        except Exception as error:  # noqa: BLE001 - raised in the device's own task, for its supervisor
            self._sleeper.fail(error)
            return True

    def _end_alone(self, values: list[bytes], result: Result, now: float) -> None:
        """The end of a poll that was begun without the task."""
        try:
            self._take_alone(values, result, now)
        except Exception as error:  # noqa: BLE001 - raised in the device's own task, for its supervisor
            self._sleeper.fail(error)

    def _send_get(self, now: float) -> bool:
        plan = self._scalars.plan
        if plan is None or self.contact.contact != "answering" or now < self._due or self._wishes:
            return False
        if not self._scalars.knows_plan(now) or is_late(self._due, now, self.spec.interval):
            return False
        if self._addresses.tries_first(now):
            return False
        self._sent, self._began, self._waited = self._parts.clock(), now, 0.0
        self._bound(now, len(self.spec.addresses))
        self._get = self._scalars.due_at(now, plan)
        return self._link.begin_get(self._get.names, self._end_alone)

    def _take_alone(self, values: list[bytes], result: Result, now: float) -> None:
        get = self._get
        assert get is not None
        if isinstance(result, RequestError):
            self._alone = FailedPoll(result, self._sent, self._began, get.has_more)
            self._sleeper.wake()
            return
        answer = self._take(self._scalars.take(get, values, result.round_trip, now), self._began, now)
        if self._goes_on(answer):
            self._note(answer, now)
            self._set_due(now)
            self._sleeper.sleep_on(self._next_instant())
        else:
            self._alone = answer
            self._sleeper.wake()

    def _goes_on(self, answer: AnsweredPoll) -> bool:
        """Whether nothing is left to be done with ``answer``."""
        return (
            answer.event is None
            and answer.reason is None
            and self._reads is not None
            and not self._reads.has_states
            and not any(reading.quantity in self._limits for reading in answer.scalars.readings)
        )

    async def _go_on(self) -> None:
        """Do the rest of a poll that was begun without the task."""
        alone, self._alone = self._alone, None
        if isinstance(alone, AnsweredPoll):
            await self._finish(alone)
            self._set_due(trio.current_time())
        elif alone is not None:
            error = alone.error
            assert error is not None
            if isinstance(error, SILENT) and len(self.spec.addresses) > 1:
                await self._poll(failed=alone)
            elif alone.again and not isinstance(error, SILENT):
                # One object that the agent cannot give: the task asks for less.
                await self._poll()
            else:
                await self._failed(error, alone.sent, alone.began)
            self._set_due(trio.current_time())

    def _take(self, scalars: Scalars, began: float, now: float) -> AnsweredPoll:
        """Take an answer: what has to be said of it."""
        figures, self._heard = self._figures, True
        event, reason = self._answered(scalars.times, scalars.sys_object_id, now)
        known = self._reads
        if reason is None and now >= self._whole_due:
            reason = "daily"
        if self._planned() is not known and reason is None:
            reason = "start"  # another plan: nothing of its tables was read
        figures.last_success, figures.round_trip = scalars.times.at, scalars.round_trip
        figures.answers_at = self._link.agent.address
        self._measure(scalars, now)
        return AnsweredPoll(scalars, event, reason, began)

    async def _finish(self, answer: AnsweredPoll, wanted: ReadReason | None = None, request: int = 0) -> PolledStates | None:
        """Append what has to be said, and read the states. ``wanted``: see ``_poll``."""
        parts, reason = self._parts, answer.reason
        if answer.event is not None:
            await self._append(answer.event)
        reads = self._planned()
        states = await reads.states(wanted or reason or "changed", request=request)
        for kind in reads.failed:
            parts.metrics.poll_tables_incomplete.labels(kind).inc()
        if reason is not None or wanted is not None:
            self._whole_due = next_on_grid(trio.current_time(), DAY, self._share)
        await self._report(states, answer.scalars.readings)
        self._note(answer, trio.current_time())
        return states

    def _note(self, answer: AnsweredPoll, now: float) -> None:
        """The poll has ended."""
        came = self._link.varbinds - self._counted
        self._counted = self._link.varbinds
        self._figures.ended(answer.began + self._waited, now, self.spec.interval, came)
        self._parts.counts.answered(came, now - answer.began)

    async def _failed(self, error: RequestError, sent: datetime, began: float) -> None:
        if isinstance(error, SILENT):
            await self._missed(error, sent, began)
            return
        # Somebody lives there, and has no values for these credentials, or none for anybody.
        at = self._parts.clock()
        self._figures.failed(at, error)
        self._parts.counts.ended("refused")
        event, _ = self._answered(AgentTimes(at=at), "", trio.current_time())
        if event is not None:
            await self._append(event)

    async def _missed(self, error: RequestError, sent: datetime, began: float) -> None:
        parts, contact, spec = self._parts, self.contact, self.spec
        self._figures.failed(sent, error)
        parts.counts.ended("missed")
        parts.outcomes.ended(self._latest, trio.current_time(), silent=True)
        if contact.contact == "silent":
            return
        fault = error.detail if isinstance(error, OwnFault) else self._own_fault()
        other: bool | None = None
        echo: bool | None = None
        if contact.confirms_next and not fault:
            until = began + self._interval * WHOLE_SHARE
            session = partial(parts.credentials.session, spec.credentials)
            other = await answers_otherwise(spec, parts.engine, session, parts.settings, until)
            echo = await self._answers_echo() if parts.settings.icmp else None
        first = contact.first_at if contact.first is not None else began
        others = parts.outcomes.others(self._latest, first)
        silence = _SILENCE.get(type(error), "no_answer")
        event = contact.missed(sent, began, others, silence, other_object=other, echo=echo, own_fault=fault)
        if event is not None:
            await self._append(event)

    def _own_fault(self) -> str:
        """What keeps this host from reaching every address of the device; empty: nothing is known."""
        faults = [self._parts.network.fault(address) for address in self.spec.addresses]
        return faults[0] if all(faults) else ""

    async def _answers_echo(self) -> bool | None:
        found = None
        for address in self.spec.addresses:
            answers = await self._parts.echo.answers(address)
            if answers:
                return True
            found = found if answers is None else answers
        return found

    def _answered(self, times: AgentTimes, sys_object_id: str, now: float) -> tuple[PollAnswered | None, ReadReason | None]:
        """The Event of an answer and the reason for a whole read; None where all goes on."""
        parts, contact = self._parts, self.contact
        going_on = contact.contact == "answering"
        others = NO_OTHERS if going_on else parts.outcomes.others(self._latest, contact.first_at)
        parts.outcomes.ended(self._latest, now, silent=False)
        if times_oddity(times):
            parts.metrics.poll_oddities.inc()
        return contact.answered(times, now, others, sys_object_id)

    def _planned(self) -> DeviceReads:
        """The reads of the plan that the device has now."""
        plan = self._scalars.plan or self._parts.plans.standard
        if self._reads is None or self._reads.plan is not plan:
            parts = self._parts
            self._reads = DeviceReads(self.spec.id, plan, self._link, parts.settings, parts.clock, self._grant_wishes)
            self._levels, self._limits = LevelSides(), levels_of_plan(plan)
            self._figures.plan, self._figures.profile = plan.name, plan.profile
        return self._reads

    @property
    def _interval(self) -> float:
        """Seconds from one poll to the next."""
        return self.spec.interval * self._figures.stretched

    @property
    def _uptime(self) -> int | None:
        times = self.contact.times
        return None if times is None else times.uptime

    async def _append(self, event: Event) -> None:
        """Have ``event`` on disk. A busy ledger makes no slow device."""
        began = trio.current_time()
        await self._parts.appender.append(event)
        self._waited += trio.current_time() - began

    def _measure(self, scalars: Scalars, now: float) -> None:
        measurements = self._parts.measurements
        if measurements.due(self._measured_at, now):
            self._measured_at = now
            measurements.offer(self.spec.id, scalars.times.at, scalars.round_trip, self._figures.loss or 0.0)

    async def _report(self, states: PolledStates | None, readings: list[SensorReading]) -> None:
        parts = self._parts
        if states is not None:
            await self._append(states)
        for crossed in self._levels.take(self.spec.id, readings, self._limits, parts.clock()):
            await self._append(crossed)

    # --- reads that somebody waits for ----------------------------------------------------------------------------

    async def _grant_wishes(self) -> None:
        """Read what is asked for; also between two slices of another read, which then waits."""
        if self._granting or not self._wishes:
            return
        self._granting = True
        try:
            for wish in self._wishes.take():
                if wish.reason == "returned":
                    self.contact.count_anew()
                elif wish.reason == "start":
                    self._levels.tell_all()
                if self._waits_for_answer(wish):
                    continue
                if self._reads is None or self.contact.contact != "answering":
                    # A poll that is answered reads everything.
                    await self._poll(wish.reason, wish.offset)
                    if self._waits_for_answer(wish):
                        continue
                else:
                    await self._report(await self._reads.states(wish.reason, wish.scope, wish.offset), [])
                    self._heard = not self._reads.silent
                    if self._waits_for_answer(wish):
                        continue
                self._parts.metrics.poll_reads_requested.labels("read").inc()
            reply = self._wishes.demanded()
            if reply is not None:
                reply.give(await self._poll_on_demand())
                self._wishes.give_up(reply)
        finally:
            self._granting = False

    def _waits_for_answer(self, wish: PollRequested) -> bool:
        """Keep a request for a device that did not answer, and has not missed as many polls as are needed: another poll now
        would hasten the verdict, and its next answer brings no whole read by itself."""
        silent = self.contact.contact == "missing" or (self.contact.contact == "answering" and not self._heard)
        if not silent or wish.reason == "returned":
            return False
        self._wishes.keep(wish)
        return True

    async def _poll_on_demand(self) -> PollReading:
        begun, varbinds = self._parts.clock(), self._link.varbinds
        self._figures.last_error, before = None, self._figures.last_error
        scalars, states = await self._poll("operator")
        error, self._figures.last_error = self._figures.last_error, self._figures.last_error or before
        readings = list(scalars.readings) if scalars is not None else []
        plan = self._scalars.plan
        return PollReading(
            device=self.spec.id,
            begun=begun,
            ended=self._parts.clock(),
            address=self._link.agent.address,
            profile="" if plan is None else plan.profile,
            plan="" if plan is None else plan.name,
            times=None if scalars is None else scalars.times,
            sys_object_id="" if scalars is None else scalars.sys_object_id,
            sys_name="" if scalars is None else scalars.sys_name,
            states=states,
            values=tuple(PolledValue(each.position, each.quantity, each.value, each.unit) for each in readings),
            varbinds=self._link.varbinds - varbinds,
            round_trip_ms=None if scalars is None else 1_000 * scalars.round_trip,
            error=error,
        )


def levels_of_plan(plan: PollPlan) -> dict[str, tuple[PollLevel, ...]]:
    """The levels of a plan by quantity."""
    found = {sensor.quantity: sensor.levels for sensor in plan.sensors if sensor.levels}
    for table in plan.tables:
        found |= levels_of(table)
    return found

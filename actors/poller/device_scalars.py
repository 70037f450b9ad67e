"""The scalars of one device: its agent's times, its sysObjectID, which chooses the plan, and sensors of the device itself."""

from collections.abc import Callable, Sequence
from datetime import datetime
from typing import Final, NamedTuple

import trio

from actors.poller.device_link import DeviceLink
from actors.poller.plan.levels import SensorReading
from actors.poller.plan.scalars import agent_times, object_id, sensor_readings
from actors.poller.second_way import SILENT
from protocols.poll.contact import AgentTimes
from protocols.poll.plan.column_plan import ColumnPlan, decoded
from protocols.poll.plan.poll_plan import PollPlan, PollPlans, TimeNames, probe_order
from protocols.snmp.manager.errors import RequestError
from protocols.snmp.oid import encode_oid

SENSOR_SECONDS: Final = 300.0
"""Seconds between two reads of the device's own sensors, and between two attempts to find its plan."""
_SYS_NAME: Final = encode_oid("1.3.6.1.2.1.1.5.0")


class Scalars(NamedTuple):
    """``round_trip`` is in seconds. ``sys_object_id`` and ``sys_name`` are empty where they were not asked for."""

    times: AgentTimes
    round_trip: float
    readings: list[SensorReading]
    sys_object_id: str = ""
    sys_name: str = ""


class ScalarsGet:
    """One GET of a plan's scalars: the agent's times, ``sensors``, and sysObjectID where ``object_name`` is given. ``due``: all
    sensors are among them."""

    __slots__ = ("_identity", "_times", "due", "names", "sensors")

    def __init__(self, plan: PollPlan, sensors: Sequence[ColumnPlan], *, due: bool, object_name: bytes = b"") -> None:
        self._times, self._identity, self.sensors, self.due = plan.times, bool(object_name), sensors, due
        self.names = [name for name in plan.times if name]
        """OIDs of instances, as content octets."""
        if object_name:
            self.names += (object_name, _SYS_NAME)
        if sensors:
            self.names += [sensor.oid for sensor in sensors]

    @property
    def has_more(self) -> bool:
        """More than the times is asked for."""
        return bool(self._identity or self.sensors)

    def scalars(self, values: Sequence[bytes], at: datetime, round_trip: float) -> Scalars:
        """The scalars in the values of the names, read ``at``."""
        left = iter(values)
        times = agent_times(TimeNames(*[next(left) if name else b"" for name in self._times]), at)
        if not self.has_more:
            return Scalars(times, round_trip, [])
        sys_object_id = object_id(next(left)) if self._identity else ""
        sys_name = _text(next(left)) if self._identity else ""
        return Scalars(times, round_trip, sensor_readings(self.sensors, list(left)), sys_object_id, sys_name)


class DeviceScalars:
    """``wanted`` is the plan that the topology names; empty: the sysObjectID chooses. ``plan`` is None until it is known.

    A device whose vendor has plans, and that has nothing of any of them, may still be starting: its plan is looked for again.
    """

    __slots__ = ("_clock", "_found", "_frequent", "_link", "_plans", "_sensors_due", "_wanted", "plan")

    def __init__(self, link: DeviceLink, plans: PollPlans, wanted: str, clock: Callable[[], datetime]) -> None:
        self._link, self._plans, self._wanted, self._clock = link, plans, wanted, clock
        self.plan: PollPlan | None = None
        self._found = False
        """False: the plan is ``standard`` for want of a better one."""
        self._sensors_due = float("-inf")
        self._frequent: tuple[PollPlan, ScalarsGet] | None = None
        """The GET of each poll between two reads of all sensors."""

    async def read(self, *, identify: bool, all_sensors: bool = False) -> Scalars:
        """Ask for them. ``identify``: choose the plan anew. Raises RequestError."""
        plan = self.plan or self._plans.standard
        if not identify and self.knows_plan(trio.current_time()):
            return await self._get(plan, b"", all_sensors)
        found = await self._get(plan, plan.object_id, all_sensors)
        chosen = await self._choose(found.sys_object_id)
        self.plan = chosen
        if chosen.times == plan.times and chosen.sensors == plan.sensors:
            return found
        other = await self._get(chosen, b"", all_sensors)
        return other._replace(sys_object_id=found.sys_object_id, sys_name=found.sys_name)

    def knows_plan(self, now: float) -> bool:
        """Whether a poll ``now`` needs no look for the plan."""
        return self.plan is not None and (self._found or now < self._sensors_due)

    def due_at(self, now: float, plan: PollPlan) -> ScalarsGet:
        """The GET of a poll ``now``."""
        if now >= self._sensors_due:
            return ScalarsGet(plan, plan.sensors, due=True)
        if self._frequent is None or self._frequent[0] is not plan:
            sensors = [sensor for sensor in plan.sensors if sensor.schedule == "state"]
            self._frequent = plan, ScalarsGet(plan, sensors, due=False)
        return self._frequent[1]

    def take(self, get: ScalarsGet, values: Sequence[bytes], round_trip: float, now: float) -> Scalars:
        """The scalars in the values that ``get`` was answered with ``now``."""
        if get.due:
            self._sensors_due = now + SENSOR_SECONDS
        return get.scalars(values, self._clock(), round_trip)

    async def _get(self, plan: PollPlan, object_name: bytes, all_sensors: bool) -> Scalars:
        get = self.due_at(trio.current_time(), plan)
        if object_name or all_sensors:
            get = ScalarsGet(
                plan, plan.sensors if all_sensors else get.sensors, due=all_sensors or get.due, object_name=object_name
            )
        try:
            values, exchange = await self._link.get(get.names)
        except SILENT:
            raise
        except RequestError:
            if not get.has_more:
                raise
            # One object that the agent cannot give must not hide its times.
            get = ScalarsGet(plan, (), due=get.due)
            values, exchange = await self._link.get(get.names)
        return self.take(get, values, exchange.round_trip, trio.current_time())

    async def _choose(self, sys_object_id: str) -> PollPlan:
        named = self._plans.named(self._wanted) if self._wanted else ()
        candidates = named or self._plans.candidates(sys_object_id)
        self._found = True
        if len(named) == 1:
            return named[0]
        for plan, probe in probe_order(candidates):
            if not probe or (await self._link.next_name(probe)).startswith(probe):
                return plan
        self._found = not candidates
        return self._plans.standard


def _text(element: bytes) -> str:
    found = decoded(element)
    return found.decode("utf-8", "replace")[:255] if isinstance(found, bytes) else ""

"""The scalars of one device: its agent's times, its sysObjectID, which chooses the plan, and sensors of the device itself."""

from collections.abc import Callable
from datetime import datetime
from typing import Final, NamedTuple

import trio

from actors.poller.device_link import DeviceLink
from actors.poller.plan.levels import SensorReading
from actors.poller.plan.scalars import agent_times, object_id, sensor_readings
from actors.poller.second_way import SILENT
from protocols.poll.contact import AgentTimes
from protocols.poll.plan.column_plan import decoded
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


class DeviceScalars:
    """``wanted`` is the plan that the topology names; empty: the sysObjectID chooses. ``plan`` is None until it is known.

    A device whose vendor has plans, and that has nothing of any of them, may still be starting: its plan is looked for again.
    """

    __slots__ = ("_clock", "_found", "_link", "_plans", "_sensors_due", "_wanted", "plan")

    def __init__(self, link: DeviceLink, plans: PollPlans, wanted: str, clock: Callable[[], datetime]) -> None:
        self._link, self._plans, self._wanted, self._clock = link, plans, wanted, clock
        self.plan: PollPlan | None = None
        self._found = False
        """False: the plan is ``standard`` for want of a better one."""
        self._sensors_due = float("-inf")

    async def read(self, *, identify: bool, all_sensors: bool = False) -> Scalars:
        """Ask for them. ``identify``: choose the plan anew. Raises RequestError."""
        plan = self.plan or self._plans.standard
        if not identify and self.plan is not None and (self._found or trio.current_time() < self._sensors_due):
            return await self._get(plan, b"", all_sensors)
        found = await self._get(plan, plan.object_id, all_sensors)
        chosen = await self._choose(found.sys_object_id)
        self.plan = chosen
        if chosen.times == plan.times and chosen.sensors == plan.sensors:
            return found
        other = await self._get(chosen, b"", all_sensors)
        return other._replace(sys_object_id=found.sys_object_id, sys_name=found.sys_name)

    async def _get(self, plan: PollPlan, object_name: bytes, all_sensors: bool) -> Scalars:
        now = trio.current_time()
        due = all_sensors or now >= self._sensors_due
        sensors = [sensor for sensor in plan.sensors if due or sensor.schedule == "state"]
        times = [name for name in plan.times if name]
        identity = [object_name, _SYS_NAME] if object_name else []
        try:
            values, exchange = await self._link.get([*times, *identity, *(sensor.oid for sensor in sensors)])
        except SILENT:
            raise
        except RequestError:
            if not identity and not sensors:
                raise
            # One object that the agent cannot give must not hide its times.
            sensors, identity = [], []
            values, exchange = await self._link.get(times)
        if due:
            self._sensors_due = now + SENSOR_SECONDS
        left = iter(values)
        elements = TimeNames(*(next(left) if name else b"" for name in plan.times))
        sys_object_id = object_id(next(left)) if identity else ""
        sys_name = _text(next(left)) if identity else ""
        readings = sensor_readings(sensors, list(left))
        return Scalars(agent_times(elements, self._clock()), exchange.round_trip, readings, sys_object_id, sys_name)

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

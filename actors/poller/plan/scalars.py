"""The scalars of a plan: the times that an agent reports, and sensors of the device itself."""

from collections.abc import Sequence
from datetime import datetime

from actors.poller.plan.levels import SensorReading
from protocols.poll.contact import AgentTimes
from protocols.poll.plan.column_plan import ColumnPlan, decoded, whole_number
from protocols.poll.plan.poll_plan import TimeNames
from protocols.poll.uptime import MODULUS


def agent_times(elements: TimeNames, at: datetime) -> AgentTimes:
    """The times in the elements of a GET of ``TimeNames`` (empty octets: not asked, or no answer). A value that the agent does
    not have, or that is of another type, is None; one that no standard allows is kept where ``AgentTimes`` says so."""
    return AgentTimes(
        at=at,
        uptime=_ticks(elements.uptime),
        boots=_signed(elements.boots),
        engine_time=_signed(elements.engine_time),
        host_uptime=_ticks(elements.host_uptime),
    )


def object_id(element: bytes | None) -> str:
    """sysObjectID as a dotted OID; empty without one."""
    found = decoded(element)
    return found if isinstance(found, str) else ""


def sensor_readings(sensors: Sequence[ColumnPlan], elements: Sequence[bytes | None]) -> list[SensorReading]:
    """The values of the plan's scalars, of those that have one. ``elements`` are in the order of ``sensors``."""
    return [
        SensorReading("", sensor.quantity, value, sensor.unit)
        for sensor, element in zip(sensors, elements, strict=True)
        if (value := sensor.number(element)) is not None
    ]


def _ticks(element: bytes) -> int | None:
    found = whole_number(element)
    return found if found is not None and 0 <= found < MODULUS else None


def _signed(element: bytes) -> int | None:
    """Any number of 32 bits with a sign: some agents report negative ones."""
    found = whole_number(element)
    return found if found is not None and -MODULUS // 2 <= found < MODULUS else None

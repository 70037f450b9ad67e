"""The times that an agent reports, and its scalars: a failed read is no value."""

from datetime import UTC, datetime

from hypothesis import given
from hypothesis import strategies as st

from actors.poller.plan.levels import SensorReading
from actors.poller.plan.scalars import agent_times, object_id, sensor_readings
from protocols.poll.contact import AgentTimes
from protocols.poll.plan.column_plan import ColumnPlan
from protocols.poll.plan.poll_plan import TimeNames
from protocols.poll.uptime import times_oddity, uptime_seconds
from protocols.snmp.values import encode_value

NOON = datetime(2026, 12, 1, 12, tzinfo=UTC)


def test_fiberhomes_negative_engine_time_is_an_oddity_and_its_uptime_a_value() -> None:
    elements = TimeNames(uptime=encode_value("TimeTicks", 4_189_785_092), engine_time=encode_value("INTEGER", -1_051_833))
    times = agent_times(elements, NOON)
    assert times == AgentTimes(at=NOON, uptime=4_189_785_092, engine_time=-1_051_833)
    assert int(uptime_seconds(times) or 0) == 41_897_850
    assert "-1051833" in times_oddity(times)


def test_what_the_agent_has_not_is_none() -> None:
    missing = TimeNames(*[b"\x81\x00"] * 4)
    assert agent_times(missing, NOON) == agent_times(TimeNames(), NOON) == AgentTimes(at=NOON)
    texts = TimeNames(*[encode_value("OCTET STRING", b"5")] * 4)
    assert agent_times(texts, NOON) == AgentTimes(at=NOON)


def test_the_object_id_is_dotted() -> None:
    assert object_id(encode_value("OBJECT IDENTIFIER", "1.3.6.1.4.1.2011.2.248")) == "1.3.6.1.4.1.2011.2.248"
    assert object_id(None) == object_id(encode_value("INTEGER", 5)) == ""


def test_sensors_without_a_value_have_no_reading() -> None:
    sensors = [
        ColumnPlan("sensor", "temperature", b"", "slow", unit="°C", invalid=(2147483647,)),
        ColumnPlan("sensor", "cpu", b"", "slow", unit="%", scale=0.1),
    ]
    elements = [encode_value("INTEGER", 2147483647), encode_value("Gauge32", 415)]
    assert sensor_readings(sensors, elements) == [SensorReading("", "cpu", 41.5, "%")]


@given(st.lists(st.binary(max_size=20), min_size=4, max_size=4))
def test_any_octets_are_times_or_none(elements: list[bytes]) -> None:
    times = agent_times(TimeNames(*elements), NOON)
    assert times.uptime is None or 0 <= times.uptime < 2**32
    object_id(elements[0])

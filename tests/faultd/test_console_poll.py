"""One poll, and a list of devices, as lines of 80 columns."""

from datetime import UTC, datetime, timedelta

from faultd.console.poll_lines import device_lines, reading_lines
from protocols.poll.contact import AgentTimes
from protocols.poll.device import PollError
from protocols.poll.reading import PolledValue, PollReading
from protocols.poll.states import PartStates, PolledPower, PolledStates
from protocols.rest_devices import DeviceShown

T0 = datetime(2026, 3, 1, 12, 0, tzinfo=UTC)


def test_a_reading_is_a_page_of_lines() -> None:
    states = PolledStates(
        device="olt-1",
        reason="operator",
        begun=T0,
        ended=T0,
        whole=("pon", "interface"),
        incomplete={"ont": "the agent's OIDs do not increase"},
        states=(
            PartStates(kind="interface", under="", up=((1, 20),), down=((21, 22, "admin_down"), (24, 24, ""))),
            PartStates(kind="ont", under="0/1/3", up=((0, 3), (5, 9)), down=((4, 4, "los"),), unknown=((10, 11),)),
            PartStates(kind="ont", under="0/1/4", up=((0, 63),)),
        ),
        power=(PolledPower("0/1/3/4", "ont_rx", -27.456),),
    )
    reading = PollReading(
        device="olt-1",
        begun=T0,
        ended=T0 + timedelta(seconds=0.25),
        address="10.0.0.1",
        profile="huawei",
        plan="huawei",
        times=AgentTimes(at=T0, uptime=100 * (12 * 86_400 + 11_045), boots=3, host_uptime=6_000),
        sys_object_id="1.3.6.1.4.1.2011.2.248",
        sys_name="OLT-1",
        states=states,
        values=(PolledValue("0/1", "temperature", 42.0, "°C"), PolledValue("", "cpu", 12.5, "%")),
        varbinds=1_234,
        round_trip_ms=1.54,
    )
    assert "\n".join(reading_lines(reading)) == (
        "10.0.0.1 answered in 1.5 ms\n"
        "system      OLT-1, sysObjectID 1.3.6.1.4.1.2011.2.248\n"
        "plan        huawei of profile huawei\n"
        "uptime      agent 12 days, 3:04:05, box 0:01:00, 3 engine boots\n"
        "interface   23: 20 up, 3 down\n"
        "            down 21-22 admin_down, 24\n"
        "ont         76: 73 up, 1 down, 2 unknown\n"
        "            down 0/1/3: 4 los\n"
        "ont_rx      -27.46 dBm at 0/1/3/4\n"
        "temperature 42 °C at 0/1\n"
        "cpu         12.5 %\n"
        "not read    ont: the agent's OIDs do not increase\n"
        "read        1,234 variable bindings in 0.25 s"
    )


def test_a_poll_that_failed_says_why_and_no_more() -> None:
    error = PollError(at=T0, reason="no_answer", text="asked twice")
    reading = PollReading(device="olt-1", begun=T0, ended=T0, address="10.0.0.1", error=error)
    assert list(reading_lines(reading)) == ["10.0.0.1: no answer: asked twice"]


def test_a_long_reading_is_cut() -> None:
    values = tuple(PolledValue(f"0/{n}", "temperature", n) for n in range(25))
    lines = list(reading_lines(PollReading(device="a", begun=T0, ended=T0, values=values)))
    assert len([line for line in lines if line.startswith("temperature")]) == 20
    assert "            ... and 5 more values" in lines


def test_devices_are_a_table() -> None:
    up = DeviceShown(
        id="olt-1",
        addresses=("10.0.0.1",),
        plan="huawei",
        state="up",
        polled=True,
        revision=1,
        round_trip_ms=1.54,
        loss_percent=0.4,
        interval_seconds=60,
        last_error=PollError(at=T0, reason="no_answer", text="long ago"),
    )
    down = DeviceShown(
        id="olt-2",
        addresses=("10.0.0.2", "10.0.1.2"),
        state="down",
        polled=True,
        revision=2,
        interval_seconds=120,
        slowed="a poll takes 70 s, so it is polled every 120 s instead of 60 s",
        last_error=PollError(at=T0, reason="no_answer", text="asked twice"),
    )
    off = DeviceShown(id="olt-3", addresses=("10.0.0.3",), plan="off", revision=3)
    lines = list(device_lines([up, down, off]))
    assert lines == [
        "State       Device               Address         Plan         RTT ms  Loss Every",
        "up          olt-1                10.0.0.1        huawei          1.5    0%   60s",
        "down        olt-2                10.0.0.2                                   120s",
        "            2026-03-01 12:00:00 no answer: asked twice",
        "            a poll takes 70 s, so it is polled every 120 s instead of 60 s",
        "not polled  olt-3                10.0.0.3        off",
    ]
    assert max(map(len, lines)) <= 80

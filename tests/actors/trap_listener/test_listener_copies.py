"""A trap delivered twice, and devices that only look like it."""

from typing import Any

import pytest

from actors.trap_listener.copies import MOST, WINDOW, RecentTraps
from protocols.snmp.notification import Notification


def trap(uptime: int | None = 5000, request_id: int = 99) -> Notification:
    return Notification(
        version="2c", kind="trap", security="public", trap_oid="1.3.6.1", uptime=uptime, varbinds=(), request_id=request_id
    )


DOWN, UP, OTHER = b"down", b"up", b"other"
Step = tuple[float, str, int, int | None, int, bytes, bool]


@pytest.mark.parametrize(
    "steps",
    [
        # seconds, sender, port, sysUpTime, request id, datagram, whether it is a copy
        pytest.param([(0, "a", 1, 5000, 9, DOWN, False), (0.01, "a", 1, 5000, 9, DOWN, True)], id="delivered twice"),
        pytest.param(
            [(0, "a", 1, 5000, 9, DOWN, False), (0, "a", 1, 5000, 9, DOWN, True), (0, "a", 1, 5000, 9, DOWN, True)],
            id="three times",
        ),
        pytest.param(
            [(0, "a", 1, 5000, 9, DOWN, False), (1, "a", 1, 5200, 10, UP, False), (1, "a", 1, 5000, 9, DOWN, True)],
            id="a copy after the clear",
        ),
        pytest.param(
            [(0, "a", 1, 5000, 9, DOWN, False), (0, "a", 1, 5000, 10, OTHER, False), (0, "a", 1, 5000, 9, DOWN, True)],
            id="a mirrored burst within one tick of the uptime",
        ),
        pytest.param(
            [(0, "a", 1, 7, 0, DOWN, False), (1, "a", 1, 7, 0, UP, False), (2, "a", 1, 7, 0, DOWN, False)],
            id="a device whose clock and request id stand still: the port is down again",
        ),
        pytest.param([(0, "a", 1, 0, 9, DOWN, False), (1, "a", 1, 0, 9, DOWN, False)], id="no clock"),
        pytest.param([(0, "a", 1, None, 9, DOWN, False), (1, "a", 1, None, 9, DOWN, False)], id="no uptime"),
        pytest.param([(0, "a", 1, 5, 9, DOWN, False), (0, "b", 1, 5, 9, DOWN, False)], id="two senders"),
        pytest.param([(0, "a", 1, 5, 9, DOWN, False), (0, "a", 2, 5, 9, DOWN, False)], id="two agents behind one address"),
        pytest.param([(0, "a", 1, 5, 9, DOWN, False), (WINDOW, "a", 1, 5, 9, DOWN, False)], id="after the window"),
        pytest.param(
            [(4.9, "a", 1, 5, 9, DOWN, False), (9.8, "a", 1, 5, 9, DOWN, True), (9.9, "a", 1, 5, 9, DOWN, False)],
            id="the window counts from the first",
        ),
    ],
)
def test_a_copy(steps: list[Step]) -> None:
    recent = RecentTraps()
    for seconds, host, port, uptime, request_id, datagram, expected in steps:
        assert recent.is_copy(host, port, trap(uptime, request_id), datagram, seconds) is expected


def test_the_memory_is_bounded() -> None:
    recent: Any = RecentTraps()
    for number in range(1, 3 * MOST):
        assert not recent.is_copy("a", 1, trap(number), DOWN, 1.0)
        assert len(recent._young) <= MOST
        assert len(recent._old) <= MOST
    assert recent.is_copy("a", 1, trap(3 * MOST - 1), DOWN, 1.0), "the newest is remembered"

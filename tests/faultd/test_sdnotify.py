"""sd_notify against a real datagram socket."""

import os
import socket
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
import trio
from structlog.testing import capture_logs
from trio.testing import MockClock, wait_all_tasks_blocked

from faultd.sdnotify import ServiceNotifier

Manager = tuple[socket.socket, str]


@pytest.fixture(params=["path", "abstract"])
def manager(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Manager]:
    """The service manager's socket, and the NOTIFY_SOCKET that names it."""
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as listening:
        listening.setblocking(False)
        if request.param == "path":
            address = str(tmp_path / "notify")
            listening.bind(address)
        else:
            address = f"@faultd-test-{os.getpid()}-{id(listening)}"
            listening.bind("\0" + address[1:])
        yield listening, address


def lines(listening: socket.socket) -> list[str]:
    return listening.recv(4096).decode().split("\n")


def silent(listening: socket.socket) -> bool:
    with pytest.raises(BlockingIOError):
        listening.recv(4096)
    return True


def test_the_life_of_a_daemon(manager: Manager) -> None:
    listening, address = manager
    notifier = ServiceNotifier.from_environment({"NOTIFY_SOCKET": address})
    notifier.status("recovering\nREADY=1 the ledger")
    assert lines(listening) == ["STATUS=recovering READY=1 the ledger"]
    notifier.ready("taking traps")
    assert lines(listening) == ["READY=1", "STATUS=taking traps"]
    before = time.clock_gettime_ns(time.CLOCK_MONOTONIC) // 1000
    notifier.reloading()
    first, stamp, _status = lines(listening)
    assert first == "RELOADING=1"
    assert before <= int(stamp.removeprefix("MONOTONIC_USEC=")) <= time.clock_gettime_ns(time.CLOCK_MONOTONIC) // 1000
    notifier.ready()
    assert lines(listening) == ["READY=1"]
    notifier.alive()
    assert lines(listening) == ["WATCHDOG=1"]
    notifier.stopping("draining")
    assert lines(listening) == ["STOPPING=1", "STATUS=draining"]


async def test_signs_of_life_at_twice_the_rate_and_the_status_when_it_changes(manager: Manager, mock_clock: MockClock) -> None:
    listening, address = manager
    notifier = ServiceNotifier.from_environment(
        {"NOTIFY_SOCKET": address, "WATCHDOG_USEC": "6000000", "WATCHDOG_PID": str(os.getpid())}
    )
    status = "taking traps"
    async with trio.open_nursery() as nursery:
        nursery.start_soon(notifier.keep_alive, lambda: status)
        await wait_all_tasks_blocked()
        assert lines(listening) == ["WATCHDOG=1", "STATUS=taking traps"]
        mock_clock.jump(2.9)
        await wait_all_tasks_blocked()
        assert silent(listening)
        mock_clock.jump(0.1)
        await wait_all_tasks_blocked()
        assert lines(listening) == ["WATCHDOG=1"]
        status = "PostgreSQL is away"
        mock_clock.jump(3.0)
        await wait_all_tasks_blocked()
        assert lines(listening) == ["WATCHDOG=1", "STATUS=PostgreSQL is away"]
        nursery.cancel_scope.cancel()


@pytest.mark.parametrize(
    "watchdog",
    [
        {},
        {"WATCHDOG_USEC": "6000000", "WATCHDOG_PID": "1"},
        {"WATCHDOG_USEC": "soon"},
        {"WATCHDOG_USEC": "0"},
        {"WATCHDOG_USEC": "6", "WATCHDOG_PID": ""},
    ],
)
async def test_without_a_watchdog_the_status_alone_is_kept(
    manager: Manager, watchdog: dict[str, str], mock_clock: MockClock
) -> None:
    listening, address = manager
    notifier = ServiceNotifier.from_environment({"NOTIFY_SOCKET": address} | watchdog)
    assert notifier.watchdog is None
    async with trio.open_nursery() as nursery:
        nursery.start_soon(notifier.keep_alive, lambda: "taking traps")
        await wait_all_tasks_blocked()
        assert lines(listening) == ["STATUS=taking traps"]
        mock_clock.jump(60.0)
        await wait_all_tasks_blocked()
        assert silent(listening)
        nursery.cancel_scope.cancel()


@pytest.mark.parametrize("environment", [{}, {"NOTIFY_SOCKET": ""}, {"WATCHDOG_USEC": "6000000"}])
def test_nobody_listens(environment: dict[str, str]) -> None:
    with capture_logs() as logged:
        notifier = ServiceNotifier.from_environment(environment)
        notifier.ready("x")
        notifier.alive()
    assert notifier.watchdog is None
    assert logged == []


@pytest.mark.parametrize("address", ["/nowhere/notify", "vsock:2:1234", "/" + "x" * 200])
def test_a_manager_that_cannot_be_reached_is_logged_once(address: str) -> None:
    with capture_logs() as logged:
        notifier = ServiceNotifier(address)
        notifier.ready("x")
        notifier.alive()
    assert [entry["log_level"] for entry in logged] == ["warning"]


def test_a_manager_that_does_not_read_holds_nothing_up(manager: Manager) -> None:
    listening, address = manager
    notifier = ServiceNotifier(address)
    with capture_logs() as logged:
        for _ in range(10_000):
            notifier.alive()
    assert [entry["event"] for entry in logged] == ["sdnotify.not_sent"]
    while True:
        try:
            listening.recv(4096)
        except BlockingIOError:
            break
    notifier.ready()
    assert lines(listening) == ["READY=1"]

"""Timeline: the host's clock glitches, then jumps and stays, then is put right while faultd is killed."""

import socket
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
import trio
from acceptance.conftest import TRAPS
from acceptance.harness import API, PATIENCE, Daemon

from protocols.snmp import encode

pytestmark = pytest.mark.acceptance

FAR = 400 * 86_400


class WrongClock(Daemon):
    command = (str(Path(__file__).with_name("clock_launcher.py")),)

    def set_clock(self, wrong: int, passed: int) -> None:
        new = self.folder / "clock.new"
        new.write_text(f"{wrong} {passed}")
        new.rename(self.folder / "clock")


class Noc:
    """What an operator does over HTTP. ``passed``: seconds that the test has let pass."""

    def __init__(self, daemon: WrongClock) -> None:
        self.daemon = daemon
        self.passed = 0

    def clock(self, wrong: int, *, passes: int = 0) -> None:
        self.passed += passes
        self.daemon.set_clock(wrong, self.passed)

    async def ask(self, method: str, path: str, **body: Any) -> dict[str, Any]:
        async with self.daemon.http() as client:
            response = await client.request(method, f"{API}{path}", json=body or None)
        assert response.is_success, response.text
        found: dict[str, Any] = response.json()
        return found

    async def rise(self, name: str) -> dict[str, Any]:
        fields = {"alarm_type": "x", "severity": "critical", "title": "t", "resource_type": "olt", "resource_id": name}
        return await self.ask("POST", "/alarms", **fields)

    async def until_own(self, status: str) -> None:
        """Wait until the alarm that faultd has raised about its clock is in this state."""
        with trio.fail_after(PATIENCE):
            while [each["status"] for each in (await self.ask("GET", "/alarms?alarm_type=clock.jumped"))["items"]] != [status]:
                pass

    def error(self, time: str) -> float:
        """Seconds by which a time is ahead of the right one."""
        right = datetime.now(UTC) + timedelta(seconds=self.passed)
        return (datetime.fromisoformat(time) - right).total_seconds()

    async def inbox(self) -> int:
        return len((await self.ask("GET", "/traps/unknown"))["items"])


async def test_nothing_ends_by_a_clock_that_jumps_and_the_way_back_is_to_put_it_right(place: Path, database_url: str) -> None:
    daemon = WrongClock(place, database_url, TRAPS)
    noc = Noc(daemon)
    noc.clock(0)
    environment = {"FAULTDTEST_CLOCK": str(place / "clock")}
    await daemon.start(**environment)
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as device:
        unknown = encode.trap_v2c(community="public", trap_oid="1.3.6.1.4.1.55555.1", uptime=1, varbinds=(), request_id=1)
        device.sendto(unknown, ("127.0.0.1", daemon.trap_port))
    before = await noc.rise("before")
    shelf = await noc.rise("shelf")
    until = (await noc.ask("POST", f"/alarms/{shelf['id']}/shelve", minutes=30, reason="later"))["shelved_until"]
    with trio.fail_after(PATIENCE):
        while await noc.inbox() != 1:
            pass

    noc.clock(FAR)
    await noc.until_own("active")
    assert abs(noc.error((await noc.rise("glitch"))["first_occurrence"])) < 5
    noc.clock(0)
    await noc.until_own("cleared")
    assert await daemon.metric("faultd_clock_jumps_total", outcome="returned") == 1

    noc.clock(FAR)
    await noc.until_own("active")
    noc.clock(FAR, passes=61)
    await noc.until_own("cleared")
    assert await daemon.metric("faultd_clock_jumps_total", outcome="believed") == 1
    assert await noc.inbox() == 1
    wrong = await noc.rise("wrong")
    assert abs(noc.error(wrong["first_occurrence"]) - FAR) < 5
    moved = await noc.ask("GET", f"/alarms/{shelf['id']}")
    assert moved["status"] == "suppressed"
    assert datetime.fromisoformat(moved["shelved_until"]) - datetime.fromisoformat(until) > timedelta(days=399)

    await daemon.kill()
    noc.clock(0, passes=10)
    await daemon.start(**environment)
    await noc.until_own("active")
    assert abs(noc.error((await noc.rise("still wrong"))["first_occurrence"]) - FAR) < 5
    noc.clock(0, passes=61)
    await noc.until_own("cleared")
    right = await noc.rise("right")
    assert abs(noc.error(right["first_occurrence"])) < 5
    assert await noc.inbox() == 1
    assert (await noc.ask("GET", f"/alarms/{before['id']}"))["first_occurrence"] == before["first_occurrence"]
    assert (await noc.ask("GET", f"/alarms/{shelf['id']}"))["status"] == "suppressed"
    with trio.fail_after(PATIENCE):
        while noc.error((await noc.ask("GET", f"/alarms/{wrong['id']}"))["first_occurrence"]) > 0:
            pass
    lines = (await noc.ask("GET", f"/alarms/{shelf['id']}/timeline"))["items"]
    assert [line["action"] for line in lines] == ["raised", "shelved", "clock_jumped", "clock_jumped"], "by offset, not by time"
    assert await daemon.stop() == 0
    assert "Traceback" not in daemon.last_words()

"""``faultd alarms`` and ``faultd explain`` against a running daemon: what a person at night does without curl."""

import subprocess
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest
import trio
from acceptance.console import command, faultd
from acceptance.harness import API, PATIENCE, Daemon

pytestmark = pytest.mark.acceptance

EVIL = "olt-9 \x9b31m\u202e down"


class Following:
    """``faultd alarms follow`` and what it has said so far."""

    def __init__(self, process: trio.Process) -> None:
        self.process, self.said = process, ""
        self._news = trio.Event()

    async def listen(self, stream: trio.abc.ReceiveStream) -> None:
        async for octets in stream:
            self.said += octets.decode()
            news, self._news = self._news, trio.Event()
            news.set()

    async def until(self, *words: str) -> None:
        with trio.fail_after(PATIENCE):
            while not all(word in self.said for word in words):
                await self._news.wait()


@asynccontextmanager
async def following(daemon: Daemon) -> AsyncIterator[Following]:
    async with trio.open_nursery() as nursery:
        process = await trio.lowlevel.open_process(
            **command(daemon, "alarms", "follow"), stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE
        )
        try:
            followed = Following(process)
            assert process.stdout is not None
            assert process.stderr is not None
            nursery.start_soon(followed.listen, process.stdout)
            nursery.start_soon(followed.listen, process.stderr)
            yield followed
        finally:
            if process.poll() is None:
                process.kill()
            await process.wait()
            nursery.cancel_scope.cancel()


async def raise_alarm(daemon: Daemon, title: str, resource: str, severity: str = "major") -> str:
    body = {"alarm_type": "device.down", "severity": severity, "title": title, "resource_type": "olt", "resource_id": resource}
    async with daemon.http() as http:
        answer = await http.post(f"{API}/alarms", json=body)
    assert answer.status_code == 201, answer.text
    return str(answer.json()["alarm_id"])


async def test_a_person_lists_acts_and_asks_why(daemon: Daemon, tmp_path: Path) -> None:
    worse = await raise_alarm(daemon, EVIL, "olt-9", "critical")
    other = await raise_alarm(daemon, "olt-8 is down", "olt-8")
    held = await raise_alarm(daemon, "olt-7 is down", "olt-7", "minor")
    async with daemon.http() as http:
        assert (await http.post(f"{API}/alarms/{held}/shelve", json={"minutes": 30})).status_code == 200

    listed = await faultd(daemon, "alarms", "list")
    rows = [line.split("\t") for line in listed.out.splitlines()]
    assert [row[:3] for row in rows] == [["critical", worse, "active"], ["major", other, "active"]]
    assert rows[0][-1] == "olt-9 \\x9b31m\\u202e down"
    assert listed.err == "2 alarms: 1 critical, 1 major; 1 more with --all\n"
    assert len((await faultd(daemon, "alarms", "list", "--all")).out.splitlines()) == 3
    assert len((await faultd(daemon, "alarms", "list", "--severity", "critical")).out.splitlines()) == 1

    number = other.removeprefix("A")
    acked = await faultd(daemon, "alarms", "ack", number, worse.lower(), "--note", "crew is out")
    assert (acked.code, acked.err) == (0, "")
    assert acked.out.splitlines()[0] == f"{other}\tacknowledged\tolt-8 is down"
    noted = await faultd(daemon, "alarms", "note", worse, "drove there \x1b[2J")
    assert (noted.code, noted.out.split("\t")[:2]) == (0, [worse, "noted"])
    assert "drove there \\x1b[2J" in (await faultd(daemon, "alarms", "explain", worse)).out
    cleared = await faultd(daemon, "alarms", "clear", "A999", other)
    assert cleared.code == 66
    assert f"{other}\tcleared" in cleared.out
    assert cleared.err.startswith("faultd: A999: ")
    again = await faultd(daemon, "alarms", "clear", other)
    assert (again.code, len(again.err.splitlines())) == (1, 1)
    explained = await faultd(daemon, "alarms", "explain", number)
    assert explained.code == 0
    assert "olt-8 is down" in explained.out
    told = await faultd(daemon, "notify", "explain", number)
    assert (told.code, told.err) == (0, "")
    assert told.out.splitlines()[1] == "  nobody is told of it now: it is over"

    file = tmp_path / "token"
    file.write_text("fd_wrong")
    for arguments in (["alarms", "list"], ["alarms", "ack", worse], ["explain", worse], ["notify", "explain", worse]):
        refused = await faultd(daemon, *arguments, "--token-file", str(file))
        assert (refused.code, refused.out, len(refused.err.splitlines())) == (77, "", 1), refused


async def test_following_goes_on_over_a_crash_of_the_daemon(daemon: Daemon) -> None:
    first = await raise_alarm(daemon, "olt-1 is down", "olt-1")
    async with following(daemon) as followed:
        await followed.until(f"open\tmajor\t{first}", "1 alarm: 1 major")
        await faultd(daemon, "alarms", "ack", first)
        await followed.until(f"acknowledged\tmajor\t{first}")
        await daemon.kill()
        await followed.until("connection lost (", "trying again in")
        await daemon.start()
        second = await raise_alarm(daemon, "olt-2 is down", "olt-2", "critical")
        await followed.until("connected again", f"raised\tcritical\t{second}")
        assert followed.said.count(f"\t{first}\t") == 2, followed.said

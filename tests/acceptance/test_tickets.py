"""A ticket of the embedded desk in the real daemon: the shipped policies want it, and it is there after a kill -9."""

from pathlib import Path

import pytest
import trio
from acceptance.harness import API, PATIENCE, Daemon

pytestmark = pytest.mark.acceptance

CONFIG = """
[traps]
[correlator]
hold_critical_seconds = 0.5
[clock]
tick_seconds = 0.1
"""


async def test_a_critical_cause_has_one_ticket_also_after_a_kill(place: Path, database_url: str) -> None:
    daemon = Daemon(place, database_url, CONFIG)
    await daemon.start()
    async with daemon.http() as client:
        made = await client.post(f"{API}/events", json={"type": "device.down", "data": {"device_id": "olt-1"}})
        assert made.status_code < 300, made.text
    before = await tickets(daemon)
    await daemon.kill()
    await daemon.start()
    assert await tickets(daemon) == before
    assert before == [("T1", "open")]
    assert await daemon.stop() == 0, daemon.last_words()


async def tickets(daemon: Daemon) -> list[tuple[str, str]]:
    """Keys and states, once there is a ticket and the desk has it."""
    with trio.fail_after(PATIENCE):
        while True:
            async with daemon.http() as client:
                items = (await client.get(f"{API}/tickets")).json()["items"]
            if items and all(each["key"] for each in items):
                return [(each["key"], each["state"]) for each in items]
            await trio.sleep(0.1)

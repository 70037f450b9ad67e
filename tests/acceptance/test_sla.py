"""Timeline: a definition and instances by REST, an outage, at risk, breach and credit on the stream, the clear; and ``kill -9``
across the instant of a breach."""

from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from typing import Any

import httpx
import pytest
import trio
from acceptance.harness import API, PATIENCE, Daemon

from faultd.console.follow import Follower, follow
from protocols.rest_sla_breaches import BreachShown
from protocols.sla.stream_items import StreamedInstance, StreamedRequest
from protocols.stream import TOPICS

pytestmark = pytest.mark.acceptance


class Heard:
    """Everything that the stream said of service level agreements."""

    def __init__(self, follower: Follower) -> None:
        self.follower = follower
        self.requests: list[StreamedRequest] = []
        self.breaches: list[BreachShown] = []
        """Every version of every breach."""

    async def until(self, wanted: Callable[[], Any]) -> Any:
        """Read frames until ``wanted`` gives something true; that."""
        with trio.fail_after(PATIENCE):
            while not (found := wanted()):
                assert await self.follower.next() is not None, "the stream ended"
                self.requests += self.follower.requests
                self.breaches += self.follower.breaches_changed
        return found

    def kinds(self, instance: str) -> list[str]:
        """The notification requests for an instance."""
        return [request.kind for request in self.requests if request.sla_instance_id == instance]

    def instance(self, name: str) -> StreamedInstance | None:
        return self.follower.instances.get(name)


@asynccontextmanager
async def hearing(daemon: Daemon) -> AsyncIterator[Heard]:
    """A subscriber of every topic, with its snapshot."""
    url = f"ws://127.0.0.1:{daemon.stream_port}/alarms?topic={','.join(TOPICS)}"
    async with follow(url, daemon.token) as follower:
        heard = Heard(follower)
        await heard.until(lambda: follower.whole)
        yield heard


async def made(client: httpx.AsyncClient, path: str, **body: Any) -> dict[str, Any]:
    answer = await client.post(f"{API}{path}", json=body)
    assert answer.status_code in (200, 201), answer.text
    found: dict[str, Any] = answer.json()
    return found


async def read(client: httpx.AsyncClient, path: str) -> dict[str, Any]:
    answer = await client.get(f"{API}{path}")
    assert answer.status_code == 200, answer.text
    found: dict[str, Any] = answer.json()
    return found


def definition(name: str, target: float) -> dict[str, Any]:
    """Of a period that begins today and does not end in this test."""
    return {
        "name": name,
        "availability_target": target,
        "measurement_period_days": 10,
        "period_anchor": datetime.now(UTC).date().isoformat(),
        "at_risk_percent": 50,
        "credit": {
            "type": "tiers",
            "rule": "ten per cent",
            "currency": "EUR",
            "tiers": [{"below": round(100 * target, 6), "percent": 10}],
        },
    }


async def test_an_outage_is_at_risk_then_a_breach_with_its_credit_and_kill_9_across_the_next_breach(daemon: Daemon) -> None:
    async with daemon.http() as client:
        # Of 864,000 s: 4.32 s and 8.64 s of downtime. A late Tick must not skip what comes before a breach.
        short = await made(client, "/sla-definitions", **definition("short", 0.999995))
        longer = await made(client, "/sla-definitions", **definition("longer", 0.99999))
        fields = {"customer_id": "C1", "monthly_fee": 59.5, "currency": "EUR"}
        first = await made(
            client, "/sla-instances", sla_definition_id=short["id"], service_id="s1", resources=["olt-1"], **fields
        )
        second = await made(
            client, "/sla-instances", sla_definition_id=longer["id"], service_id="s2", resources=["olt-2"], **fields
        )
        assert (first["status"], first["breach_count"]) == ("compliant", 0)

        async with hearing(daemon) as heard:
            assert heard.follower.instances == {}
            await made(client, "/events", type="device.down", data={"device_id": "olt-1"})
            await heard.until(lambda: heard.instance(first["id"]))
            await heard.until(lambda: "credit" in heard.kinds(first["id"]))
            assert heard.kinds(first["id"]) == ["at_risk", "breach_opened", "credit"]
            await heard.until(lambda: any(each.credit_amount for each in heard.breaches))
            breach = heard.breaches[-1]
            (alarm,) = (each for each in heard.follower.alarms.values() if each.resource_id == "olt-1")
            assert (breach.breach_type, breach.alarm_id, breach.resolved) == ("availability", alarm.id, False)
            assert (breach.breach_start - alarm.first_occurrence).total_seconds() == pytest.approx(4.32, abs=2e-6)

            shown = await read(client, f"/sla-instances/{first['id']}")
            assert (shown["status"], shown["breach_count"], shown["credit_amount"]) == ("breached", 1, 5.95)
            assert shown["total_downtime"] > 4.32
            (listed,) = (await read(client, f"/sla-breaches?sla_instance_id={first['id']}"))["items"]
            assert (listed["id"], listed["resolved"], listed["credit_amount"]) == (breach.id, False, 5.95)

            await made(client, "/events", type="device.up", data={"device_id": "olt-1"})
            await heard.until(lambda: heard.breaches[-1].resolved)
            assert heard.follower.breaches == {}
            ended = await read(client, f"/sla-breaches/{breach.id}")
            cleared = (await read(client, f"/alarms/{alarm.id}"))["cleared_at"]
            assert (ended["resolved"], ended["breach_end"]) == (True, cleared)
            assert ended["breach_start"] == listed["breach_start"]
            assert (await read(client, f"/sla-instances/{first['id']}"))["status"] == "breached"

            await made(client, "/events", type="device.down", data={"device_id": "olt-2"})
            due = await heard.until(lambda: (found := heard.instance(second["id"])) is not None and found.breaches_at)
            before = heard.follower.seq

    await daemon.kill()
    assert datetime.now(UTC) < due, "the machine was too slow: killed behind the instant"
    await trio.sleep((due - datetime.now(UTC)).total_seconds())
    await daemon.start()

    async with daemon.http() as client, hearing(daemon) as heard:
        await heard.until(lambda: any(each.sla_instance_id == second["id"] for each in heard.follower.breaches.values()))
        assert heard.follower.seq > before
        found = (await read(client, f"/sla-breaches?sla_instance_id={second['id']}"))["items"]
        assert [datetime.fromisoformat(each["breach_start"]) for each in found] == [due]
        assert (await read(client, f"/sla-instances/{second['id']}"))["breach_count"] == 1
        await made(client, "/events", type="device.up", data={"device_id": "olt-2"})
        await heard.until(lambda: not heard.follower.breaches)
        (last,) = (await read(client, f"/sla-breaches?sla_instance_id={second['id']}"))["items"]
        assert (last["resolved"], last["credit_amount"], datetime.fromisoformat(last["breach_start"])) == (True, 5.95, due)

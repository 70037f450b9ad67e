"""Contacts and rotas in the real daemon: who is on call, and the alarm about a gap across a crash."""

from typing import Any

import httpx
import pytest
import trio
from acceptance.harness import API, PATIENCE, Daemon

pytestmark = pytest.mark.acceptance


async def gap(client: httpx.AsyncClient) -> dict[str, Any]:
    """The alarm about a gap, as soon as there is one."""
    with trio.fail_after(PATIENCE):
        while True:
            found: list[dict[str, Any]] = (await client.get(f"{API}/alarms", params={"alarm_type": "rota.gap"})).json()["items"]
            if found:
                assert len(found) == 1
                return found[0]


async def test_a_gap_is_alarmed_once_and_cleared(daemon: Daemon) -> None:
    async with daemon.http() as client:
        anna = await client.post(f"{API}/contacts", json={"name": "Anna"})
        assert anna.status_code == 201, anna.text
        rota = {"name": "on-call", "layers": [{"contacts": ["Anna"], "start": "2026-01-01"}]}
        made = await client.post(f"{API}/rotas", json=rota)
        assert made.status_code == 201, made.text
        path = f"{API}/rotas/{made.json()['id']}"
        raised = await gap(client)
        assert raised["qualifier"] == made.json()["id"]
        assert raised["description"].startswith(f"Anna ({anna.json()['id']}) has no method now")
    await daemon.kill()
    await daemon.start()
    async with daemon.http() as client:
        assert (await client.get(f"{path}/now")).json()["on_call"]["contact_name"] == "Anna"
        again = await gap(client)
        assert (again["id"], again["occurrence_count"]) == (raised["id"], 1)
        assert (await client.delete(path)).status_code == 204
        with trio.fail_after(PATIENCE):
            while (await client.get(f"{API}/alarms/{raised['id']}")).json()["status"] != "cleared":
                pass

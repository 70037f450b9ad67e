"""Timeline: a plant that changes while faultd runs, by file and by API, under live alarms and over a crash."""

from pathlib import Path

import pytest
import trio
from acceptance.harness import API, PATIENCE, Daemon

from protocols.topology import Node
from protocols.topology_csv import csv_lines

pytestmark = pytest.mark.acceptance

OLT = Node(id="olt-1", type="olt", address="10.0.0.1")
PON = Node(id="olt-1/0/1", type="pon", parents=("olt-1",))
ONT = {"id": "olt-1/0/1/5", "type": "ont", "parents": ["olt-1/0/1"], "customer_id": "C5", "sla_class": "gold", "serial": "S5"}


async def test_a_plant_changes_by_file_and_by_api_under_a_live_alarm_and_a_crash_forgets_nothing(
    place: Path, database_url: str
) -> None:
    file = place / "plant.csv"
    file.write_text("".join(csv_lines((OLT, PON))))
    daemon = Daemon(place, database_url, f'[topology]\nfile = "{file}"\n[traps]')
    await daemon.start()
    async with daemon.http() as client, daemon.stream() as watcher:
        event = {"type": "cpe.offline", "resource_type": "ont", "resource_id": "olt-1/0/1/5"}
        assert (await client.post(f"{API}/events", json=event)).status_code < 300
        await watcher.until(lambda alarms: any("unplaced" in alarm.tags for alarm in alarms))
        made = await client.post(f"{API}/topology/nodes", json=ONT)
        assert made.status_code == 201, made.text
        (alarm,) = await watcher.until(lambda alarms: all(alarm.affected_customers == ("C5",) for alarm in alarms))
        assert alarm.tags == ()
        actions: list[str] = []
        with trio.fail_after(PATIENCE):  # the stream tells before PostgreSQL has it
            while "placed" not in actions:
                lines = (await client.get(f"{API}/alarms/{alarm.id}/timeline")).json()["items"]
                actions = [line["action"] for line in lines]
        refused = await client.patch(f"{API}/topology/nodes/olt-1", json={"parents": ["olt-1/0/1/5"]})
        assert (refused.status_code, refused.json()["type"]) == (422, "urn:faultd:problem:invalid_topology")
    await daemon.kill()
    await daemon.start()
    async with daemon.http() as client, daemon.stream() as watcher:
        assert (await client.get(f"{API}/topology/onts", params={"serial": "S5"})).json()["id"] == ONT["id"]
        file.write_text("".join(csv_lines((OLT, PON, Node(id="olt-1/0/2", type="pon", parents=("olt-1",))))))
        daemon.hangup()
        with trio.fail_after(PATIENCE):
            while "configuration reloaded" not in daemon.log.read_text():
                await client.get(f"{API}/me")
        assert (await client.get(f"{API}/topology/nodes/olt-1/0/2")).status_code == 200
        assert (await client.get(f"{API}/topology/nodes/{ONT['id']}")).json()["origin"] == "api"
        moved = await client.patch(f"{API}/topology/nodes/{ONT['id']}", json={"parents": ["olt-1/0/2"]})
        assert moved.status_code == 200, moved.text
        (way,) = (await client.get(f"{API}/topology/nodes/{ONT['id']}/path")).json()["paths"]
        assert [node["id"] for node in way] == [ONT["id"], "olt-1/0/2", "olt-1"]
        await watcher.until(lambda alarms: [alarm.affected_customers for alarm in alarms] == [("C5",)])
    assert await daemon.stop() == 0

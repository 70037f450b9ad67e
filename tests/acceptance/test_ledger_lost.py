"""The procedure of docs/operations.md, "The ledger is lost": nothing that operators made is lost with it."""

import shutil
import subprocess
from datetime import UTC, datetime, timedelta
from functools import partial
from pathlib import Path
from typing import Any

import httpx
import pytest
import trio
from acceptance.harness import API, PATIENCE, Daemon, faultd

from protocols.topology import Node
from protocols.topology_csv import csv_lines

pytestmark = pytest.mark.acceptance

FILE_RULE = '[[rules]]\nname = "mine"\ntype = "suppression"\nconditions = { match = { alarm_type = "x.noise" } }\n'
RULE = {
    "name": "quiet",
    "type": "suppression",
    "priority": 3,
    "conditions": {"match": {"alarm_type": {"in": ["x.quiet", "x.small"]}, "severity": {"lte": "minor"}}},
    "actions": {"suppress": True},
}
OLT = Node(id="olt-1", type="olt", address="10.0.0.1")
OF_CONTRACTS = ("id", "sla_definition_id", "service_id", "status", "unplanned_downtime", "error_budget", "breach_count")
"""What does not follow from the time of the question."""
SO_FAR = ("actual_value", "deviation_percent", "revision")
"""What a breach says of the availability so far, and how often it has been looked at."""
OF_THIS_LEDGER = ("id", "created_at", "updated_at")
"""What the rule of a file has from the ledger that read it."""


async def listed(client: httpx.AsyncClient, path: str) -> list[dict[str, Any]]:
    answer = await client.get(f"{API}/{path}", params={"limit": 1000})
    assert answer.status_code == 200, answer.text
    return list(answer.json()["items"])


async def operator_data(client: httpx.AsyncClient) -> dict[str, list[dict[str, Any]]]:
    """Everything that operators made, as REST shows it; without the revisions of nodes, which are offsets, and without how
    many open alarms a window holds: alarms are not restored."""
    rules = await listed(client, "alarm-rules")
    for rule in rules:
        if rule["origin"] == "file":
            for name in OF_THIS_LEDGER:
                del rule[name]
    nodes = await listed(client, "topology")
    for node in nodes:
        del node["revision"]
    windows = await listed(client, "maintenance-windows")
    for window in windows:
        del window["held"]
    contracts = [{name: each[name] for name in OF_CONTRACTS} for each in await listed(client, "sla-instances")]
    breaches = await listed(client, "sla-breaches")
    for breach in breaches:
        for name in SO_FAR:
            del breach[name]
    policies = await listed(client, "notification-policies")
    return {
        "contacts": await listed(client, "contacts"),
        "rotas": await listed(client, "rotas"),
        "policies": [each for each in policies if each["origin"] == "api"],
        "rules": rules,
        "windows": windows,
        "nodes": nodes,
        "definitions": await listed(client, "sla-definitions"),
        "contracts": contracts,
        "breaches": breaches,
    }


async def stored(daemon: Daemon, query: str, wanted: Any) -> None:
    """Wait until PostgreSQL answers so."""
    with trio.fail_after(PATIENCE):
        while [tuple(row) for row in await daemon.sql(query)] != wanted:
            await trio.lowlevel.checkpoint()


async def made(client: httpx.AsyncClient, path: str, body: dict[str, Any]) -> dict[str, Any]:
    answer = await client.post(f"{API}/{path}", json=body)
    assert answer.status_code == 201, answer.text
    found: dict[str, Any] = answer.json()
    return found


async def run(daemon: Daemon, *arguments: str) -> subprocess.CompletedProcess[str]:
    """A command of faultd with the daemon's configuration, to its end."""
    return await trio.to_thread.run_sync(partial(faultd, *arguments, "--config", str(daemon.file)))


async def test_rules_windows_and_nodes_outlive_the_ledger(place: Path, database_url: str) -> None:
    (place / "rules").mkdir()
    (place / "rules" / "mine.toml").write_text(FILE_RULE)
    (place / "plant.csv").write_text("".join(csv_lines((OLT, Node(id="olt-1/0/1", type="pon", parents=("olt-1",))))))
    config = f'[topology]\nfile = "{place / "plant.csv"}"\n[rules]\nextra = ["{place / "rules"}"]\n[traps]'
    daemon = Daemon(place, database_url, config)
    ledger = place / "state" / "ledger.sqlite"
    begins = datetime.now(UTC).replace(microsecond=0) + timedelta(days=2)
    window = {"title": "splicing", "start": begins.isoformat(), "duration_seconds": 7200, "recurrence": "FREQ=WEEKLY;COUNT=9"}

    await daemon.start()
    async with daemon.http() as client, daemon.stream() as stream:
        await made(client, "alarm-rules", RULE)
        (mine,) = [rule for rule in await listed(client, "alarm-rules") if rule["name"] == "mine"]
        switched = await client.patch(f"{API}/alarm-rules/{mine['id']}", json={"enabled": False})
        assert switched.status_code == 200, switched.text
        later = await made(
            client, "maintenance-windows", window | {"scope": {"subtrees": ["olt-1"]}, "time_zone": "Europe/Berlin"}
        )
        now = {"title": "now", "start": (begins - timedelta(days=3)).isoformat(), "end": begins.isoformat()}
        await made(client, "maintenance-windows", now | {"scope": {"devices": ["olt-1"]}})
        cancelled = await made(client, "maintenance-windows", window | {"scope": {"devices": ["olt-1"]}, "title": "never"})
        assert (await client.delete(f"{API}/maintenance-windows/{cancelled['id']}")).status_code == 200
        moved = await client.patch(f"{API}/maintenance-windows/{later['id']}", json={"title": "splicing at the school"})
        assert moved.json()["revision"] == 2
        ont = {"id": "olt-1/0/1/5", "type": "ont", "parents": ["olt-1/0/1"], "customer_id": "C5", "serial": "HWTC00000005"}
        await made(client, "topology/nodes", ont)
        await made(client, "topology/nodes", {"id": "C5", "type": "customer", "parents": ["olt-1/0/1/5"], "name": "Nov\u00e1k"})
        raised = {"alarm_type": "x.down", "severity": "major", "title": "down", "resource_type": "olt", "resource_id": "olt-1"}
        lost = await made(client, "alarms", raised)
        await stream.until(lambda found: [one.id for one in found] == [lost["id"]])
        promised = {"name": "gold", "availability_target": 0.999, "measurement_period_days": 30}
        definition = await made(client, "sla-definitions", promised)
        contract = {
            "sla_definition_id": definition["id"],
            "customer_id": "C5",
            "service_id": "S5",
            "resources": ["olt-1/0/1/5"],
            "start_date": "2026-01-01",
        }
        await made(client, "sla-instances", contract)
        hours_ago = (datetime.now(UTC) - timedelta(hours=3)).isoformat()
        cut = await made(client, "alarms", raised | {"alarm_type": "x.cut", "service_effect": "outage", "at": hours_ago})
        assert (await client.post(f"{API}/alarms/{cut['id']}/clear", json={})).status_code == 200
        person = {"name": "Ada", "methods": [{"channel": "email", "address": "ada@example.net"}], "time_zone": "Europe/Zagreb"}
        ada = await made(client, "contacts", person)
        turns = {"contacts": [ada["id"]], "start": "2026-01-05", "hand_over": "08:30"}
        await made(client, "rotas", {"name": "on-call", "time_zone": "Europe/Zagreb", "layers": [turns]})
        told = {"match": {"severity": {"gte": "major"}}, "actions": [{"channel": "email", "to": "on-call"}]}
        await made(client, "notification-policies", {"name": "nights", "priority": 7, **told})
        before = await operator_data(client)
        assert [len(before[name]) for name in ("contacts", "rotas", "policies")] == [1, 1, 1]
        assert [each["breach_type"] for each in before["breaches"]] == ["availability"]
        assert [each["status"] for each in before["contracts"]] == ["breached"]
    assert {each["origin"] for each in before["nodes"]} == {"file", "api"}
    await stored(daemon, "SELECT live FROM alarms WHERE id = ANY (SELECT alarm_id FROM sla_breaches WHERE resolved)", [(True,)])
    await daemon.kill()
    for file in ledger.parent.glob("ledger.sqlite*"):
        file.unlink()

    # The procedure. First the step that would give everything up: it says so, and does nothing.
    refused = await run(daemon, "migrate", "--adopt-ledger")
    assert refused.returncode == 78, refused.stderr
    assert "1 maintenance window" not in refused.stderr
    assert "faultd restore --from-database" in refused.stderr
    there = await run(daemon, "restore", "--from-database")
    assert there.returncode == 73
    assert "a new ledger is begun only where there is none" in there.stderr
    for _ in range(2):  # interrupted, or done once more: the same comes of it
        for file in ledger.parent.glob("*ledger.sqlite*"):
            file.unlink()
        done = await run(daemon, "restore", "--from-database")
        assert done.returncode == 0, done.stderr
        assert "3 maintenance windows, 4 nodes (2 of them from the API)" in done.stdout
        assert "1 SLA instance with definitions" in done.stdout
        assert "1 contact, 1 rota, 0 open tickets" in done.stdout
        assert not list(ledger.parent.glob("restoring-*"))
    assert "0 open alarms became history" in done.stdout, "the first time it was 1"

    await daemon.start()
    async with daemon.http() as client:
        after = await operator_data(client)
        for name, rows in before.items():
            assert after[name] == rows, name
        history = (await client.get(f"{API}/alarms/{lost['id']}")).json()
        assert (history["status"], history["cleared_by"]) == ("cleared", "faultd:ledger_replaced")
        # faultd goes on, PostgreSQL with it, and no id comes twice.
        new = await made(client, "maintenance-windows", window | {"scope": {"devices": ["olt-1"]}, "title": "one more"})
        again = await made(client, "alarms", raised)
        assert new["id"] not in {each["id"] for each in before["windows"]}
        assert again["alarm_id"] != lost["alarm_id"]
        shown = await operator_data(client)
    windows = sorted((each["id"], each["title"], each["status"], each["revision"]) for each in shown["windows"])
    await stored(daemon, 'SELECT id, title, status, revision FROM maintenance_windows ORDER BY id COLLATE "C"', windows)
    names = sorted((each["name"], each["enabled"], each["origin"]) for each in shown["rules"])
    await stored(daemon, 'SELECT name, enabled, origin FROM rules ORDER BY name COLLATE "C"', names)
    nodes = sorted((each["id"], each["origin"], each["children"]) for each in shown["nodes"])
    children = "(SELECT count(*) FROM topology_nodes c WHERE c.parents @> ARRAY[n.id])"
    await stored(daemon, f'SELECT id, origin, {children} FROM topology_nodes n ORDER BY id COLLATE "C"', nodes)
    # Nobody can be told by the restored rota: this configuration has no channel.
    await stored(daemon, "SELECT alarm_id FROM alarms WHERE live AND alarm_type <> 'rota.gap'", [(again["alarm_id"],)])
    await stored(daemon, "SELECT severity FROM alarms WHERE live AND alarm_type = 'rota.gap'", [("major",)])
    assert await daemon.stop() == 0
    assert "Traceback" not in daemon.log.read_text()


async def test_a_database_without_a_ledger_or_of_another_version_is_refused(place: Path, empty_database_url: str) -> None:
    daemon = Daemon(place, empty_database_url, "")
    shutil.rmtree(place / "state", ignore_errors=True)
    for prepare, text in (
        (None, "the database has no faultd schema"),
        (("migrate",), "no ledger has filled this database"),
        ("UPDATE faultd_schema SET version_num = '0003'", "has schema 0003, this faultd needs"),
        ("UPDATE faultd_schema SET version_num = '9999'", "has schema 9999, newer than"),
    ):
        if isinstance(prepare, str):
            await daemon.sql(prepare)
        elif prepare is not None:
            await run(daemon, *prepare)
        refused = await run(daemon, "restore", "--from-database")
        assert refused.returncode == 78, refused.stderr
        assert text in refused.stderr
        assert not list((place / "state").glob("*.sqlite"))

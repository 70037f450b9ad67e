"""Timeline: devices that are polled, from the first request to the last, with net-snmp's snmpd as the device."""

from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from typing import Any

import httpx
import pytest
import trio
from acceptance.harness import API, PATIENCE, Daemon, Watcher
from msgspec.structs import replace
from typer.testing import CliRunner
from vocabulary import snmpd
from vocabulary.far_ends import MailServer
from vocabulary.plant_agents import served

from actors.ledger.read import iterate_events, read_head
from actors.ledger.schema import connect_reader
from faultd.cli.every_command import app
from faultd.simulator.agents.plant_agents import PlantAgents
from faultd.simulator.plan import Options, simulate
from faultd.simulator.plant import PlantSpec, build_plant
from faultd.simulator.scenarios import scenario
from faultd.simulator.topology import topology_csv
from protocols.alarm import Alarm
from protocols.topology_csv import csv_lines, parse_csv

pytestmark = pytest.mark.acceptance

DEVICES = f"{API}/devices"
OLT = f"{DEVICES}/olt-1"
SECRETS = ("c0mmunity-one", "c0mmunity-two", "c0mmunity-wrong", "auth-phrase", "priv-phrase")
FIRST, SECOND, WRONG, AUTH, PRIV = SECRETS


def agent_lines(community: str) -> list[str]:
    return [
        f"rocommunity {community}",
        f"createUser faultd SHA-256 {AUTH} AES {PRIV}",
        "rouser faultd priv",
        "sysName olt-one",
    ]


def config(place: Path, port: int) -> str:
    for name, secret in (("community", FIRST), ("auth", AUTH), ("priv", PRIV)):
        (place / name).write_text(f"{secret}\n")
    return f"""
[poller]
interval_seconds = 1
misses = 2
timeout_seconds = 0.5
retries = 0
start_seconds = 0
port = {port}
[[poller.credentials]]
name = "core"
community_file = "{place}/community"
[[poller.credentials]]
name = "wrong"
community = "{WRONG}"
[[poller.credentials]]
name = "noc"
version = "3"
user = "faultd"
auth = "SHA-256"
auth_key_file = "{place}/auth"
priv = "AES"
priv_key_file = "{place}/priv"
[traps]"""


async def device_until(client: httpx.AsyncClient, wanted: Callable[[dict[str, Any]], bool], path: str = OLT) -> dict[str, Any]:
    """The device once it is as wanted."""
    device: dict[str, Any] = {}
    with trio.fail_after(PATIENCE):
        while not device or not wanted(device):
            device = (await client.get(path)).json()
    return device


def opened(alarms: list[Alarm], alarm_type: str) -> list[Alarm]:
    return [each for each in alarms if each.alarm_type == alarm_type and each.cleared_at is None]


async def test_a_device_from_its_first_poll_to_its_last(place: Path, database_url: str) -> None:
    folder = place / "agent"
    folder.mkdir()
    agent = snmpd.Agent(folder, agent_lines(FIRST))
    agent.start()
    daemon = Daemon(place, database_url, config(place, agent.address[1]))
    try:
        await daemon.start()
        async with daemon.http() as client, daemon.stream() as watcher:
            await timeline(daemon, client, watcher, agent)
            shown = "".join([(await client.get(path)).text for path in (DEVICES, OLT, f"{API}/topology", "/metrics")])
        assert await daemon.stop() == 0, daemon.last_words()
    finally:
        agent.stop()
    words = daemon.log.read_text(errors="replace")
    assert "Traceback" not in words, words[-4000:]
    for where, text in (("API and metrics", shown), ("log", words), ("ledger", ledger_text(place))):
        assert not [secret for secret in SECRETS if secret in text], where


async def timeline(daemon: Daemon, client: httpx.AsyncClient, watcher: Watcher, agent: snmpd.Agent) -> None:
    # A wrong community is told without it, and the right one mends it at once.
    body = {"id": "olt-1", "addresses": [agent.address[0]], "credentials": "wrong"}
    made = await client.post(DEVICES, json=body)
    assert made.status_code == 201, made.text
    device = await device_until(client, lambda device: device["last_error"] is not None)
    assert device["last_error"]["reason"] == "no_answer"
    assert device["state"] in ("unknown", "down", "unreachable")
    assert (await client.patch(OLT, json={"credentials": "core"})).status_code == 200
    device = await device_until(client, lambda device: device["state"] == "up")
    assert (device["plan"], device["credentials"], device["loss_percent"] is not None) == ("standard", "core", True)
    await watcher.until(lambda alarms: not opened(alarms, "device.down") and not opened(alarms, "snmp.unreachable"))

    # Polled on demand, and what was read.
    read = await client.post(f"{OLT}/poll")
    assert read.status_code == 200, read.text
    assert (read.json()["answered"], read.json()["sys_name"]) == (True, "olt-one")
    assert read.json()["sys_object_id"].startswith("1.3.6.1.4.1.8072.")
    assert any(each["kind"] == "interface" for each in read.json()["states"])

    # At a prompt.
    (daemon.folder / "token").write_text(daemon.token)
    asked = ["devices", "--config", str(daemon.file), "--token-file", str(daemon.folder / "token")]
    listed = await trio.to_thread.run_sync(CliRunner().invoke, app, asked)
    assert (listed.exit_code, listed.stderr) == (0, "1 device\n"), listed.output
    assert listed.stdout.split("\t")[:4] == ["up", "olt-1", agent.address[0], "standard"]
    none = await trio.to_thread.run_sync(CliRunner().invoke, app, [*asked, "--state", "down", "--json"])
    assert (none.exit_code, none.stdout, none.stderr) == (0, "", "0 devices\n")

    # It falls silent, and lives again.
    agent.pause()
    await watcher.until(lambda alarms: opened(alarms, "device.down"))
    assert [alarm.resource_id for alarm in opened(watcher.alarms, "device.down")] == ["olt-1"]
    await device_until(client, lambda device: device["state"] == "down")
    agent.resume()
    await watcher.until(lambda alarms: not opened(alarms, "device.down"))
    await device_until(client, lambda device: device["state"] == "up")

    # Its agent alone ends: the host says that nobody listens there, so it lives.
    agent.stop()
    await watcher.until(lambda alarms: opened(alarms, "snmp.unreachable"))
    assert not opened(watcher.alarms, "device.down")
    device = await device_until(client, lambda device: device["state"] == "unreachable")
    assert device["last_error"]["reason"] == "refused"
    agent.start()
    await watcher.until(lambda alarms: not opened(alarms, "snmp.unreachable"))

    # SNMPv3, and another interval.
    changed = await client.patch(OLT, json={"credentials": "noc", "interval_seconds": 2})
    assert (changed.status_code, changed.json()["interval_seconds"]) == (200, 2)
    await answered(client)

    # The community changes on the device and in its file; a reload takes it.
    assert (await client.patch(OLT, json={"credentials": "core"})).status_code == 200
    agent.stop()
    agent.configure(agent_lines(SECOND))
    agent.start()
    (daemon.folder / "community").write_text(f"{SECOND}\n")
    daemon.hangup()
    await answered(client)
    await watcher.until(lambda alarms: not opened(alarms, "device.down") and not opened(alarms, "snmp.unreachable"))

    # Its polling ends, and the node stays.
    ended = await client.delete(OLT)
    assert (ended.status_code, ended.json()["polled"], ended.json()["plan"]) == (200, False, "off")
    refused = await client.post(f"{OLT}/poll")
    assert (refused.status_code, refused.json()["type"]) == (409, "urn:faultd:problem:not_polled")
    assert (await client.get(f"{API}/topology/nodes/olt-1")).json()["credentials"] == "core"
    assert (await client.get(OLT)).json()["state"] == "unknown"


async def answered(client: httpx.AsyncClient) -> None:
    """Wait until the device answers a poll on demand."""
    with trio.fail_after(PATIENCE):
        while not (await client.post(f"{OLT}/poll")).json().get("answered"):
            pass


async def test_an_olt_that_dies_silently_is_down_with_its_customers_behind_it(place: Path, database_url: str) -> None:
    plant = build_plant(PlantSpec(olts=2, cards_per_olt=1, pons_per_card=1, onts_per_pon=8, vendors=("huawei",)))
    (fault,) = simulate(plant, scenario("olt-power"), Options(duration=600.0)).faults
    assert fault.end is not None
    nodes = parse_csv(topology_csv(plant))
    polled = [replace(node, credentials="public") if node.type == "olt" else node for node in nodes]
    (place / "plant.csv").write_text("".join(csv_lines(polled)))
    mail = MailServer()
    with served(PlantAgents(plant, scenario("olt-power"), Options(duration=600.0))) as agents, mail.serving() as mail_port:
        agents.begin_at(0.0 - PATIENCE)
        config = f"""
[correlator]
hold_critical_seconds = 1
[notifier.email]
host = "127.0.0.1"
port = {mail_port}
sender = "faultd@example.net"
tls = "none"
[topology]
file = "{place}/plant.csv"
[poller]
interval_seconds = 1
misses = 2
timeout_seconds = 0.5
retries = 0
start_seconds = 0
port = {agents.port}
[[poller.credentials]]
name = "public"
community = "public"
[traps]"""
        daemon = Daemon(place, database_url, config)
        await daemon.start()
        async with daemon.http() as client, daemon.stream() as watcher:
            for name in plant.olts:
                device = await device_until(client, lambda device: device["state"] == "up", f"{DEVICES}/{name}")
                assert (device["plan"], device["profile"]) == ("huawei", "huawei")
            to_ann = [{"channel": "email", "to": "ann@example.net"}]
            policy = {"name": "all", "priority": 1_000, "continue": False, "match": {}, "actions": to_ann}
            assert (await client.post(f"{API}/notification-policies", json=policy)).status_code == 201
            agents.begin_at(fault.start + 1)
            await watcher.until(lambda alarms: opened(alarms, "device.down"))
            (alarm,) = opened(watcher.alarms, "device.down")
            assert (alarm.resource_id, alarm.subscriber_count) == (fault.root, len(fault.affected_customers))
            (ont, *_) = fault.affected_onts
            event = {"type": "cpe.offline", "resource_type": "ont", "resource_id": ont}
            assert (await client.post(f"{API}/events", json=event)).status_code < 300
            await watcher.until(lambda alarms: any(each.parent_alarm_id == alarm.id for each in alarms))
            with trio.fail_after(PATIENCE):
                while not mail.taken:
                    await client.get(f"{API}/notifications")
            agents.begin_at(fault.end + 300)
            await watcher.until(lambda alarms: not opened(alarms, "device.down"))
            await device_until(client, lambda device: device["state"] == "up", f"{DEVICES}/{fault.root}")
            with trio.fail_after(PATIENCE):
                while len(mail.taken) < 2:
                    await client.get(f"{API}/notifications")
        assert await daemon.stop() == 0, daemon.last_words()
    # One page for the OLT, its ONTs and its customers, and its end.
    page, end = mail.taken
    assert page["Subject"] == f"[CRITICAL] {alarm.resource_name} is down"
    assert page["Message-ID"] == end["In-Reply-To"]


def ledger_text(place: Path) -> str:
    """Every Event of the ledger, as text."""
    path = place / "state" / "ledger.sqlite"
    with closing(connect_reader(path)) as connection:
        head = read_head(connection, path)
        return "".join(repr(batch) for batch in iterate_events(connection, path, 0, head.offset))

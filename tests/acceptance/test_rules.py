"""Rules in the real daemon: over REST, from files and a reload, across a crash; and a plugin that blocks."""

import itertools
from pathlib import Path
from typing import Any

import httpx
import pytest
import trio
from acceptance.harness import PATIENCE, Daemon

pytestmark = pytest.mark.acceptance

TRAPS = "[traps]\n[clock]\ntick_seconds = 0.1\n"
RULES = "/api/v1/faults/alarm-rules"
BODY = (
    '{"name":"OLT to ONT Correlation","type":"correlation","conditions":{"parent":{"alarm_type":"device.down",'
    '"resource_type":"olt"},"child":{"alarm_type":"signal.loss","resource_type":"ont"}},"actions":'
    '{"mark_parent_as_root_cause":true,"suppress_child_alarms":true,"create_correlation_id":true},"time_window":300}'
)
PLUGIN = """
class Blocking:
    version = "1"
    alarm_types = ("x.block",)

    def touched(self, view, before, alarm):
        while True:
            pass
"""


async def ont_alarm(client: httpx.AsyncClient, position: str, alarm_type: str = "signal.loss") -> str:
    body = {
        "alarm_type": alarm_type,
        "severity": "major",
        "title": "no light",
        "resource_type": "ont",
        "resource_id": f"olt-1/{position}",
    }
    answer = await client.post("/api/v1/faults/alarms", json=body)
    assert answer.status_code == 201, answer.text
    return str(answer.json()["id"])


async def names(client: httpx.AsyncClient) -> list[str]:
    return [rule["name"] for rule in (await client.get(RULES, params={"limit": 1000})).json()["items"]]


async def test_a_rule_is_written_works_and_outlives_a_crash(daemon: Daemon) -> None:
    async with daemon.stream() as stream, daemon.http() as client:
        answer = await client.post(RULES, content=BODY)
        assert answer.status_code == 201, answer.text
        early = await ont_alarm(client, "0/1/5/1")
        event = {"type": "device.down", "resource_type": "olt", "resource_id": "olt-1"}
        parent = (await client.post("/api/v1/faults/events", json=event)).json()["results"][0]["accepted"][0]
        late = await ont_alarm(client, "0/1/5/2")
        alarms = await stream.until(lambda found: sum(one.parent_alarm_id == parent for one in found) == 2)
        children = {one.id: one for one in alarms if one.parent_alarm_id == parent}
        assert set(children) == {early, late}
        assert {one.status for one in children.values()} == {"suppressed"}
        (cause,) = [one for one in alarms if one.id == parent]
        assert cause.is_root_cause
        assert {one.correlation_id for one in children.values()} == {cause.correlation_id}
        refused = await client.post(RULES, content=BODY.replace('"signal.loss"', '{"regex":"(a+)+\\\\1"}'))
        assert refused.status_code == 422
        assert refused.json()["errors"][0]["field"] == "/conditions/child/alarm_type/regex"
    await daemon.kill()
    await daemon.start()
    async with daemon.stream() as stream, daemon.http() as client:
        assert "OLT to ONT Correlation" in await names(client)
        rule_id = answer.json()["id"]
        assert (await client.delete(f"{RULES}/{rule_id}")).status_code == 204
        # The rule that comes with faultd for devices outside the topology has not seen them: they are alarms of their own.
        await stream.until(lambda found: not any(one.parent_alarm_id for one in found))


async def test_rules_of_files_are_read_anew_and_a_mistake_changes_nothing(daemon: Daemon) -> None:
    folder = daemon.folder / "rules"
    folder.mkdir()
    daemon.write_config(f"{TRAPS}\n[rules]\nextra = ['{folder}']\n")
    good = '[[rules]]\nname = "mine"\ntype = "suppression"\nconditions = { match = { alarm_type = "x.noise" } }\n'
    (folder / "mine.toml").write_text(good)
    async with daemon.http() as client:
        shipped = await names(client)
        assert "PON port flapping" in shipped
        daemon.hangup()
        found = await until(client, RULES, lambda page: "mine" in [rule["name"] for rule in page["items"]])
        (mine,) = [rule for rule in found["items"] if rule["name"] == "mine"]
        assert mine["origin"] == "file"
        assert (await client.delete(f"{RULES}/{mine['id']}")).status_code == 409
        alarm = await ont_alarm(client, "0/1/5/1", "x.noise")
        await until(client, f"/api/v1/faults/alarms/{alarm}", lambda one: one.get("status") == "suppressed")
        (folder / "mine.toml").write_text(good.replace("x.noise", "x.other") + "surprise = 1\n")
        daemon.hangup()
        with trio.fail_after(PATIENCE):
            while "reload refused" not in daemon.log.read_text():
                await trio.lowlevel.checkpoint()
        assert "mine.toml:1" in daemon.log.read_text()
        (same,) = [rule for rule in (await client.get(RULES)).json()["items"] if rule["name"] == "mine"]
        assert same == mine
        (folder / "mine.toml").unlink()
        daemon.hangup()
        await until(client, RULES, lambda page: "mine" not in [rule["name"] for rule in page["items"]])
        await until(client, f"/api/v1/faults/alarms/{alarm}", lambda one: one.get("status") == "active")


def install_plugin(folder: Path) -> None:
    """As an installed package looks: a module, and its metadata with the entry point."""
    folder.mkdir()
    (folder / "blocking_plugin.py").write_text(PLUGIN)
    info = folder / "blocking_plugin-1.dist-info"
    info.mkdir()
    (info / "METADATA").write_text("Metadata-Version: 2.1\nName: blocking-plugin\nVersion: 1\n")
    (info / "entry_points.txt").write_text("[faultd.rules]\nblocking = blocking_plugin:Blocking\n")


async def until(client: httpx.AsyncClient, path: str, wanted: Any) -> Any:
    with trio.fail_after(PATIENCE):
        while not wanted(found := (await client.get(path)).json()):
            pass
        return found


async def test_a_plugin_that_blocks_is_ended_and_at_last_not_asked(daemon: Daemon) -> None:
    assert await daemon.stop() == 0
    folder = daemon.folder / "site"
    install_plugin(folder)
    settings = "[rules]\nplugins = ['blocking']\nplugin_seconds = 0.5\nplugin_overruns = 2\nplugin_stop_seconds = 1.0\n"
    daemon.write_config(f"{TRAPS}\n{settings}")
    await daemon.start(PYTHONPATH=str(folder))
    async with daemon.http() as client, daemon.stream() as stream:
        await ont_alarm(client, "0/1/5/1", "x.block")
        alarms = await stream.until(lambda found: any(one.alarm_type == "rule.failed" for one in found))
        (failed,) = [one for one in alarms if one.alarm_type == "rule.failed"]
        assert failed.qualifier == "blocking"
        assert "no answer after 1 s" in failed.description
        with trio.fail_after(PATIENCE):  # while its process is being started again, an alarm passes it by
            for ont in itertools.count(2):
                if (await daemon.metric("faultd_events_total", kind="plugin_stopped")) >= 1:
                    break
                await ont_alarm(client, f"0/1/5/{ont}", "x.block")
        before = await daemon.metric("faultd_plugin_failures_total", plugin="blocking")
        assert before >= 2
        await ont_alarm(client, "0/1/6/1", "x.block")
        assert await daemon.metric("faultd_plugin_failures_total", plugin="blocking") == before

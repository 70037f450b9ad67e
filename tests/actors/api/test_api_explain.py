"""Why an alarm is shown as it is, over HTTP from a real PostgreSQL, and as ``faultd explain`` prints it."""

import sys
from pathlib import Path
from typing import Any

import msgspec
import pytest
import trio
from vocabulary.api import RunningApi

from faultd.cli.explain import fitted, tree
from protocols.event import RulesLoaded, TopologyLoaded
from protocols.rest_timeline import Explanation
from protocols.rule import Conditions, Rule
from protocols.topology import Node

KIN = Rule(
    name="kin",
    type="correlation",
    conditions=Conditions(parent={"alarm_type": "device.down"}, child={"alarm_type": "service.outage"}),
)
SHOPS = 23


async def _family(lab: RunningApi, client: Any) -> tuple[dict[str, Any], list[dict[str, Any]]]:
    """A device that is down with the outages behind it, of which one is over."""
    nodes = [Node(id="olt-1", type="olt"), *(Node(id=f"shop-{n:02}", type="service", parents=("olt-1",)) for n in range(SHOPS))]
    await lab.record([TopologyLoaded("t", tuple(nodes)), RulesLoaded("r", (KIN,))])
    root = await lab.create(client, alarm_type="device.down", resource_id="olt-1", tenant_id="north")
    shops = [
        await lab.create(client, alarm_type="service.outage", resource_id=f"shop-{n:02}", tenant_id="north", severity="major")
        for n in range(SHOPS)
    ]
    assert (await client.post(f"{lab.ALARMS}/{shops[0]['id']}/clear")).status_code == 200
    return root, shops


async def _explain(lab: RunningApi, client: Any, name: str) -> Explanation:
    response = await client.get(f"{lab.ALARMS}/{name}/explain")
    assert response.status_code == 200, response.text
    return msgspec.json.decode(response.content, type=Explanation)


async def test_a_root_tells_what_is_attributed_to_it(stored_lab: RunningApi) -> None:
    lab = stored_lab
    async with lab.serve(), lab.client() as client:
        root, _ = await _family(lab, client)
        found = await _explain(lab, client, root["alarm_id"])
        assert found.alarm.is_root_cause
        assert found.causes == ()
        children = found.children
        assert (children.total, children.open, children.by_type) == (SHOPS, SHOPS - 1, {"service.outage": SHOPS})
        assert len(children.first) == 20
        assert all(child.status == "suppressed" for child in children.first), "open ones come before the one that is over"
        assert [(each.action, each.actor) for each in found.decisions] == [("root_cause", "faultd:kin")]
        lines = list(tree(found))
        assert any(f"{SHOPS} alarms attributed to it, {SHOPS - 1} still open" in line for line in lines)
        assert any("... and 3 more" in line for line in lines)


async def test_a_child_tells_its_cause_and_why(stored_lab: RunningApi) -> None:
    lab = stored_lab
    async with lab.serve(), lab.client() as client:
        root, shops = await _family(lab, client)
        found = await _explain(lab, client, shops[5]["id"])
        assert [each.id for each in found.causes] == [root["id"]]
        assert found.children.total == 0
        (decision,) = [each for each in found.decisions if each.action == "correlated"]
        assert decision.detail["parent"] == root["alarm_id"]
        first, second, *_ = tree(found)
        assert root["alarm_id"] in first
        assert second.startswith("   "), "the child stands below its cause"


async def test_an_alarm_alone_has_nothing_to_explain(stored_lab: RunningApi) -> None:
    lab = stored_lab
    async with lab.serve(), lab.client() as client:
        alarm = await lab.create(client)
        found = await _explain(lab, client, alarm["id"])
        assert (found.causes, found.children.total, found.decisions, found.truncated) == ((), 0, (), False)
        assert list(tree(found))[-1].startswith("faultd decided nothing")


@pytest.mark.parametrize("line", ["", "decisions", "  2026-03-01 root_cause by pon: " + "alone without a gasp " * 9])
def test_an_explanation_keeps_to_the_width_of_a_terminal(line: str) -> None:
    shown = list(fitted(line, 40))
    assert all(len(each) <= 40 for each in shown)
    assert " ".join(shown).split() == line.split()
    assert shown[0].startswith(line[:2].strip(" ") or line[:2])
    assert list(fitted(line, None)) == [line]


async def test_another_tenants_alarm_is_not_explained(stored_lab: RunningApi) -> None:
    lab = stored_lab
    async with lab.serve(), lab.client() as client, lab.client("south") as south, lab.client("north-viewer") as north:
        root, shops = await _family(lab, client)
        for name in (root["id"], shops[0]["alarm_id"], "A999"):
            lab.problem(await south.get(f"{lab.ALARMS}/{name}/explain"), 404, "unknown_alarm")
        assert (await _explain(lab, north, root["id"])).children.total == SHOPS


async def test_the_command_asks_the_daemon(stored_lab: RunningApi, tmp_path: Path) -> None:
    lab = stored_lab
    async with lab.serve(), lab.client() as client:
        root, _ = await _family(lab, client)
        config = tmp_path / "faultd.toml"
        config.write_text(f'state_dir = "{tmp_path}"\n[http]\nbind = "{lab.address}"\n')

        async def run(*arguments: str, token: str = lab.tokens["viewer"]) -> Any:
            command = [sys.executable, "-m", "faultd", "explain", *arguments, "--config", str(config)]
            return await trio.run_process(command, capture_stdout=True, capture_stderr=True, check=False, stdin=token.encode())

        told = await run(root["alarm_id"])
        assert told.returncode == 0, told.stderr
        assert b"root cause" in told.stdout
        assert b"by kin" in told.stdout
        assert msgspec.json.decode((await run(root["alarm_id"], "--json")).stdout, type=Explanation).alarm.id == root["id"]
        assert (await run("A999")).returncode == 66
        assert (await run("A1", token="wrong")).returncode == 77
    gone = await run("A1")
    assert gone.returncode == 69
    assert b"no faultd answers" in gone.stderr

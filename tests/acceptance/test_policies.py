"""Notification policies in the real daemon: shipped ones, from files and a reload, across a crash, and at a prompt."""

from typing import Any

import httpx
import pytest
import trio
from acceptance.console import faultd
from acceptance.harness import API, PATIENCE, Daemon

pytestmark = pytest.mark.acceptance

POLICIES = f"{API}/notification-policies"
NIGHT = (
    '[[policies]]\nname = "Night"\npriority = 9\nmatch = { area = "north" }\nactions = [{ ticket = {} }]\ncontinue = false\n'
)


async def named(client: httpx.AsyncClient) -> dict[str, dict[str, Any]]:
    return {each["name"]: each for each in (await client.get(POLICIES)).json()["items"]}


async def until_named(client: httpx.AsyncClient, name: str, *, there: bool = True) -> dict[str, dict[str, Any]]:
    with trio.fail_after(PATIENCE):
        while (name in (found := await named(client))) is not there:
            pass
        return found


async def test_policies_of_files_and_of_the_api_outlive_a_reload_and_a_crash(daemon: Daemon) -> None:
    folder = daemon.folder / "policies"
    folder.mkdir()
    daemon.write_config(f"[traps]\n[dispatcher]\nextra = ['{folder}']\n")
    (folder / "own.toml").write_text(NIGHT)
    async with daemon.http() as client:
        assert "Ticket for critical alarms" in await named(client)
        daemon.hangup()
        found = await until_named(client, "Night")
        assert (found["Night"]["id"], found["Night"]["origin"]) == ("file:night", "file")
        assert next(iter(found)) == "Night"
        assert (await client.patch(f"{POLICIES}/file%3Achat", json={"enabled": False})).status_code == 200
        made = await client.post(POLICIES, json={"name": "mine", "actions": [{"channel": "email", "to": "noc@example.net"}]})
        assert made.status_code == 201, made.text
        (folder / "own.toml").write_text(NIGHT.replace("ticket = {}", "ticket = { priority = 1 }"))
        daemon.hangup()
        with trio.fail_after(PATIENCE):
            while "reload refused" not in daemon.log.read_text():
                await trio.lowlevel.checkpoint()
        assert "own.toml:5: policies[0].actions[0].ticket.priority: " in daemon.log.read_text()

    who = await faultd(daemon, "notify", "who", "--severity", "critical", "--area", "south", "--at", "2026-03-28T03:00Z")
    assert (who.code, who.err) == (0, "")
    lines = who.out.splitlines()
    assert "alarm, raised, tenant default, severity critical, area south" in lines[0]
    place = lines.index("Mail for critical and major alarms (file:mail-for-critical-and-major-alarms)")
    assert lines[place + 1] == "   email to on-call: nobody, no rota is named 'on-call'"
    assert "mine (" in who.out
    assert "Chat (" not in who.out
    north = await faultd(daemon, "notify", "who", "--field", "area=north", "--at", "03:00")
    assert north.out.splitlines()[1:] == ["Night (file:night); no policy behind it is asked", "   ticket"]
    wrong = await faultd(daemon, "notify", "who", "--severity", "urgent")
    assert (wrong.code, wrong.out) == (1, "")
    assert "fields.severity: 'urgent' is none of critical, major" in wrong.err
    assert (await faultd(daemon, "notify", "who", "A999")).code == 66
    assert (await faultd(daemon, "notify", "who", "--at", "noon")).code == 64

    await daemon.kill()
    (folder / "own.toml").unlink()
    await daemon.start()
    async with daemon.http() as client:
        found = await until_named(client, "Night", there=False)
        assert found["Chat"]["enabled"] is False
        assert found["mine"]["id"] == made.json()["id"]

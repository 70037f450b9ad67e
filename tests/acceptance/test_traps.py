"""Timeline: a device reports a fault and then its end, by every version of SNMP; people see both, live and in history."""

import pytest
import trio
from acceptance.harness import PATIENCE, Daemon, run_tool

pytestmark = [pytest.mark.acceptance, pytest.mark.interop]

LINK_DOWN, LINK_UP = "1.3.6.1.6.3.1.1.5.3", "1.3.6.1.6.3.1.1.5.4"
IF_INDEX = ("1.3.6.1.2.1.2.2.1.1.7", "i", "7")
AUTH_PRIV = ("-l", "authPriv", "-u", "noc", "-a", "SHA-256", "-A", "maplesyrup1", "-x", "AES", "-X", "maplesyrup2")
ENGINE = "80001f8880a1b2c3d4e5f60718"
USERS = f"""[traps]
communities = ["public"]
[[traps.users]]
name = "noc"
auth = "SHA-256"
auth_key = "maplesyrup1"
priv = "AES"
priv_key = "maplesyrup2"
engine_id = "{ENGINE}"
"""


@pytest.mark.parametrize("daemon", [USERS], indirect=True)
@pytest.mark.parametrize(
    ("version", "tool", "security"),
    [
        ("1", "snmptrap", ("-c", "public")),
        ("2c", "snmptrap", ("-c", "public")),
        ("2c", "snmpinform", ("-c", "public")),
        ("3", "snmptrap", (*AUTH_PRIV, "-e", f"0x{ENGINE}")),
        ("3", "snmpinform", AUTH_PRIV),
    ],
    ids=["v1 trap", "v2c trap", "v2c inform", "v3 trap", "v3 inform"],
)
async def test_a_link_goes_down_and_comes_back(daemon: Daemon, version: str, tool: str, security: tuple[str, ...]) -> None:
    async def report(oid: str) -> None:
        generic = {LINK_DOWN: "2", LINK_UP: "3"}[oid]
        what = ["1.3.6.1.4.1.2011", "127.0.0.1", generic, "0", ""] if version == "1" else ["", oid]
        await run_tool(tool, "-v", version, *security, daemon.trap_address, *what, *IF_INDEX)

    async with daemon.stream() as stream, daemon.http() as client:
        await report(LINK_DOWN)
        (live,) = await stream.until(lambda alarms: len(alarms) == 1)
        assert (live.alarm_type, live.status, live.resource_id) == ("interface.down", "active", "127.0.0.1/if/7")
        with trio.fail_after(PATIENCE):
            while not (listed := (await client.get("/api/v1/faults/alarms", params={"status": "active"})).json()["items"]):
                pass
        assert [alarm["id"] for alarm in listed] == [live.id]

        await report(LINK_UP)
        (live,) = await stream.until(lambda alarms: alarms[0].cleared_at is not None)
        assert live.status == "cleared"
        with trio.fail_after(PATIENCE):
            while (await client.get(f"/api/v1/faults/alarms/{live.alarm_id}")).json()["status"] != "cleared":
                pass
        entries = (await client.get(f"/api/v1/faults/alarms/{live.id}/timeline")).json()["items"]
    assert sorted(entry["action"] for entry in entries) == ["cleared", "raised"]
    received, answered = await daemon.metric("faultd_traps_received_total"), await daemon.metric("faultd_traps_answered_total")
    assert await daemon.metric("faultd_traps_accepted_total") == received - answered == 2
    assert await daemon.metric("faultd_informs_answered_total") == (2 if tool == "snmpinform" else 0)

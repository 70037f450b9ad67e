"""Timeline: planned work, with the real daemon killed in the middle of it."""

import socket
from datetime import UTC, datetime, timedelta

import pytest
from acceptance.harness import Daemon

from protocols.snmp import encode
from protocols.snmp.notification import VarBind

pytestmark = pytest.mark.acceptance

WINDOWS = "/api/v1/faults/maintenance-windows"
CONFIG = '[traps]\ncommunities = ["public"]\n[correlator]\nhold_critical_seconds = 0.1\nhold_major_seconds = 0.1\n'


def down(interface: int) -> bytes:
    varbind = VarBind(f"1.3.6.1.2.1.2.2.1.1.{interface}", "INTEGER", interface)
    return encode.trap_v2c(
        community="public", trap_oid="1.3.6.1.6.3.1.1.5.3", uptime=1, varbinds=(varbind,), request_id=interface
    )


@pytest.mark.parametrize("daemon", [CONFIG], indirect=True)
async def test_an_end_that_comes_while_faultd_is_down_is_made_up_for_and_one_by_hand_is_told(daemon: Daemon) -> None:
    now = datetime.now(UTC)
    plan = {"tenant_id": "default", "start": (now - timedelta(minutes=1)).isoformat()}
    long = plan | {"title": "long", "scope": {"devices": ["127.0.0.1"]}, "end": (now + timedelta(hours=1)).isoformat()}
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as device:
        async with daemon.stream() as stream, daemon.http() as client:
            response = await client.post(WINDOWS, json=long)
            assert response.status_code == 201, response.text
            window = response.json()["id"]
            device.sendto(down(7), ("127.0.0.1", daemon.trap_port))
            (alarm,) = await stream.until(lambda alarms: alarms)
            assert (alarm.status, [each.by for each in alarm.suppressed_by]) == ("suppressed", [window])
            assert await daemon.metric("faultd_maintenance_windows_active") == 1
            other = (await client.post(WINDOWS, json=long | {"title": "short"})).json()["id"]
            device.sendto(down(8), ("127.0.0.1", daemon.trap_port))
            alarms = await stream.until(lambda alarms: len(alarms) == 2)
            assert sorted([each.by for each in one.suppressed_by] for one in alarms) == [[window], [window, other]]
            soon = {"end": (datetime.now(UTC) + timedelta(seconds=1)).isoformat()}
            assert (await client.patch(f"{WINDOWS}/{other}", json=soon)).status_code == 200
        await daemon.kill()
        await daemon.start()
        async with daemon.stream() as stream, daemon.http() as client:
            alarms = await stream.until(lambda alarms: all(len(each.suppressed_by) == 1 for each in alarms))
            assert [[each.by for each in one.suppressed_by] for one in alarms] == [[window], [window]]
            shown = {item["title"]: item for item in (await client.get(WINDOWS)).json()["items"]}
            assert (shown["long"]["phase"], shown["long"]["held"], shown["short"]["phase"]) == ("active", 2, "ended")
            assert (await client.post(f"{WINDOWS}/{window}/end")).json()["phase"] == "ended"
            await stream.until(lambda alarms: all(each.status == "active" for each in alarms))
            timeline = f"/api/v1/faults/alarms/{alarm.id}/timeline"
            actions: list[str] = []
            while "notification_requested" not in actions:
                actions = [item["action"] for item in (await client.get(timeline)).json()["items"]]
            assert actions == ["raised", "suppressed", "released", "notification_requested"]

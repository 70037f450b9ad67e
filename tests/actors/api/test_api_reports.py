"""The reports behind an alarm, over HTTP."""

from typing import Any

import pytest
from vocabulary.api import RunningApi

from protocols.change import AlarmForgotten
from protocols.event import NetworkEvent
from protocols.ledger import RecordedBatch
from protocols.report import LedgerUnreadable


def event(type: str, **fields: Any) -> NetworkEvent:
    given: Any = {
        "tenant_id": "north",
        "resource_type": "olt",
        "resource_id": "olt-1",
        "reported_by": "probe",
        "type": type,
    } | fields
    return NetworkEvent(**given)


async def test_the_newest_reports_with_what_they_did(stored_lab: RunningApi) -> None:
    lab = stored_lab
    async with lab.serve(), lab.client("viewer") as client, lab.client("south") as south, lab.client() as operator:
        for number in range(14):
            await lab.record([event("device.down", description=f"report {number}")])
        await lab.record([event("device.down", severity="minor")])
        (alarm,) = lab.state.alarms.values()
        path = f"{lab.ALARMS}/{alarm.alarm_id}"
        await operator.post(f"{path}/acknowledge")
        await lab.record([event("device.up")])
        items = (await client.get(f"{path}/reports?limit=50")).json()["items"]
        assert [item["did"] for item in items] == [
            ["cleared"],
            ["severity_changed"],
            *[["repeated"]] * 10,
            ["text_changed"],
            ["raised"],
        ]
        said = [item["report"]["event"].get("description") for item in items]
        assert said == [None, None, *(f"report {number}" for number in range(13, 3, -1)), "report 1", "report 0"]
        assert {item["report"]["by"] for item in items} == {"user:probe"}
        assert [item["did"] for item in (await client.get(f"{path}/reports?limit=2")).json()["items"]] == [
            ["cleared"],
            ["severity_changed"],
        ]
        lab.problem(await south.get(f"{path}/reports"), 404, "unknown_alarm")
        lab.problem(await client.get(f"{path}/reports?limit=51"), 400, "invalid_parameter", "limit")


async def test_what_the_ledger_no_longer_has_is_told(stored_lab: RunningApi) -> None:
    lab = stored_lab
    async with lab.serve(), lab.client("viewer") as client:
        await lab.record([event("device.down")])
        await lab.record([event("device.up")])
        (alarm,) = lab.state.alarms.values()
        lab.ledger.clear()
        lab.seq += 1
        await lab.apply(RecordedBatch(lab.seq, lab.state.offset, [AlarmForgotten(lab.state.offset, alarm.id)]))
        lab.state.forget(alarm.id)
        items = (await client.get(f"{lab.ALARMS}/{alarm.id}/reports")).json()["items"]
        assert [(item["did"], item["report"]) for item in items] == [(["cleared"], None), (["raised"], None)]


async def test_a_command_that_cleared_it_is_among_them(stored_lab: RunningApi) -> None:
    lab = stored_lab
    async with lab.serve(), lab.client() as client, lab.client("north") as north:
        made = await lab.create(client, tenant_id="north")
        await client.post(f"{lab.ALARMS}/{made['id']}/clear", json={"note": "by hand"})
        items = (await north.get(f"{lab.ALARMS}/{made['id']}/reports")).json()["items"]
        assert [(item["report"]["kind"], item["report"]["event"]["action"]) for item in items] == [
            ("command", "clear"),
            ("command", "raise"),
        ]


async def test_while_the_ledger_cannot_be_read_it_is_refused_for_now(
    stored_lab: RunningApi, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def at(offsets: Any) -> Any:
        raise LedgerUnreadable("disk I/O error")

    monkeypatch.setattr(stored_lab, "at", at)
    async with stored_lab.serve(), stored_lab.client() as client:
        await stored_lab.create(client)
        problem = stored_lab.problem(await client.get(f"{stored_lab.ALARMS}/A1/reports"), 503, "reports_unavailable")
        assert "disk I/O error" in problem["detail"]

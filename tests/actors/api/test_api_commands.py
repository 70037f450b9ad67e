"""Commands over HTTP with PostgreSQL away: they work all the same, and every refusal is told."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any, ClassVar

import msgspec
import pytest
import trio
from trio.testing import MockClock
from vocabulary.api import RunningApi
from vocabulary.faults import replace_fold
from vocabulary.typed import of_kind

from actors.mailbox import Abandoned, Append, LedgerUnavailable
from protocols.command import Command, DiscardQuarantined, Raise, RetryQuarantined
from protocols.event import NetworkEvent
from protocols.optical_power import Measurement
from protocols.principal import Principal


async def test_an_alarm_is_raised_and_then_counted(lab: RunningApi) -> None:
    async with lab.serve(), lab.client() as client:
        first = await client.post(lab.ALARMS, json=lab.ALARM)
        assert first.status_code == 201
        alarm = first.json()
        assert first.headers["location"] == f"{lab.ALARMS}/{alarm['id']}"
        assert (alarm["status"], alarm["severity"], alarm["tenant_id"]) == ("active", "critical", "default")
        assert alarm["first_occurrence"] == "2026-03-01T12:00:00.123456Z"
        again = await client.post(lab.ALARMS, json=lab.ALARM)
        assert (again.status_code, again.headers["location"]) == (200, first.headers["location"])
        assert again.json()["occurrence_count"] == 2
        assert lab.state.alarms[alarm["id"]].occurrence_count == 2
        assert lab.first_event(Command).by == Principal("operator", "operator", None)
        assert lab.sample("faultd_commands_total", action="raise", result="accepted") == 2


@pytest.mark.parametrize("name", ["id", "alarm_id"])
async def test_the_life_of_an_alarm_by_either_of_its_names(lab: RunningApi, name: str) -> None:
    async with lab.serve(), lab.client() as client:
        path = f"{lab.ALARMS}/{(await lab.create(client))[name]}"
        alarm = (await client.post(f"{path}/acknowledge", json={"note": "on it"})).json()
        assert (alarm["status"], alarm["acknowledged_by"]) == ("acknowledged", "operator")
        alarm = (await client.post(f"{path}/unacknowledge")).json()
        assert (alarm["status"], alarm["acknowledged_by"]) == ("active", None)
        alarm = (await client.post(f"{path}/assign", json={"assigned_to": "ada"})).json()
        assert alarm["assigned_to"] == "ada"
        alarm = (await client.post(f"{path}/shelve", json={"minutes": 30, "reason": "known"})).json()
        assert (alarm["status"], alarm["shelved_until"]) == ("suppressed", "2026-03-01T12:30:00.123456Z")
        alarm = (await client.post(f"{path}/unshelve")).json()
        assert alarm["shelved_until"] is None
        alarm = (await client.patch(path, json={"severity": "minor", "ticket_id": "T-1", "tags": ["fibre"]})).json()
        assert (alarm["severity"], alarm["ticket_id"], alarm["tags"]) == ("minor", "T-1", ["fibre"])
        response = await client.post(f"{path}/notes", json={"text": "crew is out"})
        assert response.status_code == 200
        alarm = (await client.post(f"{path}/clear", json={})).json()
        assert (alarm["status"], alarm["cleared_by"]) == ("cleared", "user:operator")
        alarm = (await client.post(f"{path}/resolve")).json()
        assert (alarm["status"], alarm["resolved_by"]) == ("resolved", "operator")


async def test_refusals_are_told(lab: RunningApi) -> None:
    async with lab.serve(), lab.client() as client:
        for path in ("acknowledge", "clear", "resolve", "unshelve", "unacknowledge"):
            lab.problem(await client.post(f"{lab.ALARMS}/nothing/{path}"), 404, "unknown_alarm")
        alarm = await lab.create(client)
        lab.problem(await client.post(f"{lab.ALARMS}/{alarm['id']}/unacknowledge"), 409, "wrong_state")
        assert lab.sample("faultd_commands_total", action="unacknowledge", result="wrong_state") == 1
        assert lab.sample("faultd_commands_total", action="clear", result="unknown_alarm") == 1


async def test_shelving_ends_ahead_and_within_a_year(lab: RunningApi) -> None:
    async with lab.serve(), lab.client() as client:
        path = f"{lab.ALARMS}/{(await lab.create(client))['id']}/shelve"
        for until in (lab.T0, lab.T0 + timedelta(days=367)):
            lab.problem(await client.post(path, json={"until": until.isoformat()}), 422, "invalid_body", "until")
        for body in ({}, {"minutes": 1, "until": "2026-03-02T00:00:00Z"}):
            lab.problem(await client.post(path, json=body), 422, "invalid_body", "until")
        shelved = await client.post(path, json={"until": "2026-03-02T00:00:00+01:00"})
        assert shelved.json()["shelved_until"] == "2026-03-01T23:00:00Z"


async def test_times_reach_the_fold_in_utc(lab: RunningApi) -> None:
    """A replay decodes them in UTC, and must fold to the same bytes."""
    async with lab.serve(), lab.client() as client:
        at = "2026-03-01T10:00:00+02:00"
        await lab.create(client, at=at)
        event = {"type": "device.down", "resource_type": "olt", "resource_id": "o", "at": at}
        await client.post(f"{lab.FAULTS}/events", json=event)
        times = of_kind(Raise, lab.first_event(Command).action).at, lab.first_event(NetworkEvent, 1).at
        assert [time.isoformat() for time in times if time] == ["2026-03-01T08:00:00+00:00"] * 2


class TestTenants:
    async def test_a_token_writes_in_its_tenant(self, lab: RunningApi) -> None:
        async with lab.serve(), lab.client("north") as north:
            assert (await lab.create(north))["tenant_id"] == "north"
            other = await lab.create(north, tenant_id="north", resource_id="another")
            assert other["tenant_id"] == "north"
            body = lab.ALARM | {"tenant_id": "south"}
            lab.problem(await north.post(lab.ALARMS, json=body), 403, "not_your_tenant")
            assert len(lab.appended) == 2

    async def test_another_tenants_alarm_reads_like_none(self, lab: RunningApi) -> None:
        async with lab.serve(), lab.client("north") as north, lab.client("south") as south:
            alarm = await lab.create(north)
            for name in (alarm["id"], alarm["alarm_id"]):
                path = f"{lab.ALARMS}/{name}/clear"
                theirs = lab.problem(await south.post(path), 404, "unknown_alarm")
                assert theirs["detail"] == f"no alarm {name!r}"
            bulk = {"action": {"type": "clear"}, "alarm_ids": [alarm["id"], "nothing"]}
            result = (await south.post(f"{lab.ALARMS}/bulk", json=bulk)).json()
            assert [refused["reason"] for refused in result["refused"]] == ["unknown_alarm", "unknown_alarm"]
            assert lab.state.alarms[alarm["id"]].status == "active"

    async def test_events_of_another_tenant_are_refused_whole(self, lab: RunningApi) -> None:
        event = {"type": "device.down", "resource_type": "olt", "resource_id": "olt-1"}
        async with lab.serve(), lab.client("north") as north:
            batch = [event, event | {"tenant_id": "south"}]
            lab.problem(await north.post(f"{lab.FAULTS}/events", json=batch), 403, "not_your_tenant")
            assert lab.appended == []


class TestBulk:
    async def test_one_command_for_all_that_are_named(self, lab: RunningApi) -> None:
        async with lab.serve(), lab.client() as client:
            alarms = [await lab.create(client, resource_id=f"ont-{number}") for number in range(3)]
            names = [alarms[0]["id"], alarms[1]["alarm_id"], alarms[2]["id"], alarms[2]["id"], "nothing"]
            body = {"action": {"type": "acknowledge", "note": "storm"}, "alarm_ids": names}
            result = (await client.post(f"{lab.ALARMS}/bulk", json=body)).json()
            assert sorted(result["accepted"]) == sorted(alarm["id"] for alarm in alarms)
            assert result["refused"] == [{"alarm_id": "nothing", "reason": "unknown_alarm", "text": "no alarm 'nothing'"}]
            assert (result["matched"], result["more"]) == (4, False)
            assert len(lab.appended) == 4
            assert len(lab.appended[-1].events) == 1

    @pytest.mark.parametrize(
        "action",
        [
            {"type": "unacknowledge"},
            {"type": "clear"},
            {"type": "resolve"},
            {"type": "assign", "assigned_to": None},
            {"type": "shelve", "until": "2026-03-02T00:00:00Z"},
            {"type": "unshelve"},
            {"type": "note", "text": "x"},
        ],
    )
    async def test_every_action_reaches_the_ledger_as_itself(self, lab: RunningApi, action: dict[str, Any]) -> None:
        async with lab.serve(), lab.client() as client:
            await client.post(f"{lab.ALARMS}/bulk", json={"action": action, "alarm_ids": ["a"]})
            assert lab.first_event(Command).action.__struct_config__.tag == action["type"]

    @pytest.mark.parametrize(
        ("body", "field"),
        [
            ({"action": {"type": "clear"}}, "filter"),
            ({"action": {"type": "clear"}, "filter": {}}, "filter"),
            ({"action": {"type": "clear"}, "filter": {"status": ["active"]}, "alarm_ids": ["x"]}, "filter"),
            ({"action": {"type": "explode"}, "alarm_ids": ["x"]}, "action.type"),
            ({"action": {"type": "shelve", "until": "2026-01-01T00:00:00Z"}, "alarm_ids": ["x"]}, "action.until"),
            ({"action": {"type": "clear"}, "filter": {"statuses": ["active"]}}, "filter.statuses"),
            ({"alarm_ids": ["x"]}, "action"),
        ],
    )
    async def test_a_bulk_request_that_could_hit_too_much_is_refused(self, lab: RunningApi, body: Any, field: str) -> None:
        async with lab.serve(), lab.client() as client:
            lab.problem(await client.post(f"{lab.ALARMS}/bulk", json=body), 422, "invalid_body", field)
            assert lab.appended == []

    async def test_a_filter_needs_postgresql(self, lab: RunningApi) -> None:
        async with lab.serve(), lab.client() as client:
            body = {"action": {"type": "clear"}, "filter": {"status": ["active"]}}
            lab.problem(await client.post(f"{lab.ALARMS}/bulk", json=body), 503, "database_unavailable")


class TestEvents:
    EVENT: ClassVar = {"type": "device.down", "resource_type": "olt", "resource_id": "olt-1"}

    async def test_one_event_raises_and_clears(self, lab: RunningApi) -> None:
        async with lab.serve(), lab.client() as client:
            down = (await client.post(f"{lab.FAULTS}/events", json=self.EVENT)).json()
            up = (await client.post(f"{lab.FAULTS}/events", json=self.EVENT | {"type": "device.up"})).json()
            assert down == up
            (alarm_id,) = down["results"][0]["accepted"]
            assert lab.state.alarms[alarm_id].status == "cleared"
            assert lab.sample("faultd_commands_total", action="event", result="accepted") == 2

    async def test_a_batch_is_one_request_to_the_ledger(self, lab: RunningApi) -> None:
        batch = [self.EVENT | {"resource_id": f"olt-{number}"} for number in range(50)]
        async with lab.serve(), lab.client() as client:
            results = (await client.post(f"{lab.FAULTS}/events", json=batch)).json()["results"]
            assert len({result["accepted"][0] for result in results}) == 50
            (append,) = lab.appended
            assert all(isinstance(event, NetworkEvent) and event.reported_by == "operator" for event in append.events)

    async def test_light_that_was_measured_is_taken_and_raises_nothing(self, lab: RunningApi) -> None:
        event = {"type": "optical.measured", "resource_type": "ont", "resource_id": "olt-1/0/1/5/17"}
        async with lab.serve(), lab.client() as client:
            answer = await client.post(f"{lab.FAULTS}/events", json=event | {"light": [{"quantity": "ont_rx", "dbm": -21.4}]})
            assert answer.json()["results"] == [{"accepted": [], "duplicate": False, "refused": [], "warnings": []}]
            assert len(lab.appended[0].events) == 1
            assert lab.first_event(NetworkEvent).light == (Measurement("ont_rx", -21.4),)
            assert not lab.state.alarms

    @pytest.mark.parametrize(
        ("light", "field"),
        [
            ([], "light"),
            ([{"quantity": "ont_rx", "dbm": -80.0}], "light[0].dbm"),
            ([{"quantity": "olt_rx", "dbm": -20}, {"quantity": "ont_rx", "dbm": 131.07}], "light[1].dbm"),
            ([{"quantity": "voltage", "dbm": 3.3}], "light[0].quantity"),
            ([{"quantity": "ont_rx"}], "light[0]"),
            ([{"quantity": "ont_rx", "dbm": -20}] * 3, "light"),
        ],
    )
    async def test_what_is_no_light_is_refused_by_its_place(self, lab: RunningApi, light: list[object], field: str) -> None:
        event = {"type": "optical.measured", "resource_type": "ont", "resource_id": "o", "light": light}
        async with lab.serve(), lab.client() as client:
            answer = await client.post(f"{lab.FAULTS}/events", json=event)
        assert answer.status_code in (400, 422)
        assert field in answer.text
        assert not lab.appended

    async def test_an_idempotency_key_counts_once_for_each_reporter(self, lab: RunningApi) -> None:
        async with lab.serve(), lab.client() as client, lab.client("admin") as other:
            headers = {"Idempotency-Key": "k1"}
            for sender, duplicate in ((client, False), (client, True), (other, False)):
                answer = await sender.post(f"{lab.FAULTS}/events", json=self.EVENT, headers=headers)
                assert answer.json()["results"][0]["duplicate"] is duplicate
            assert lab.sample("faultd_commands_total", action="event", result="duplicate") == 1

    async def test_in_a_batch_each_event_has_its_own_key(self, lab: RunningApi) -> None:
        batch = [self.EVENT, self.EVENT | {"resource_id": "olt-2"}, self.EVENT | {"key": "mine"}]
        async with lab.serve(), lab.client() as client:
            for _ in range(2):
                answer = await client.post(f"{lab.FAULTS}/events", json=batch, headers={"Idempotency-Key": "k"})
            assert [result["duplicate"] for result in answer.json()["results"]] == [True, True, True]
            keys = [of_kind(NetworkEvent, event).key for event in lab.appended[0].events]
            assert keys == ["operator/k:0", "operator/k:1", "operator/mine"]

    async def test_too_many_at_once_are_refused(self, make_lab: Callable[..., RunningApi]) -> None:
        lab = make_lab(max_batch=2)
        async with lab.serve(), lab.client() as client:
            lab.problem(await client.post(f"{lab.FAULTS}/events", json=[self.EVENT] * 3), 413, "batch_too_large")
            lab.problem(await client.post(f"{lab.FAULTS}/events", json=[]), 422, "invalid_body", "")
            headers = {"Idempotency-Key": "k" * 201}
            response = await client.post(f"{lab.FAULTS}/events", json=self.EVENT, headers=headers)
            lab.problem(response, 400, "invalid_parameter", "Idempotency-Key")


class TestLedgerTrouble:
    async def test_a_full_disk_is_503_and_nothing_was_kept(self, lab: RunningApi) -> None:
        lab.refusing = LedgerUnavailable("disk full")
        async with lab.serve(), lab.client() as client:
            response = await client.post(lab.ALARMS, json=lab.ALARM)
            assert "disk full" in lab.problem(response, 503, "ledger_unavailable")["detail"]
            assert response.headers["retry-after"] == "5"
            assert lab.sample("faultd_commands_total", action="raise", result="unavailable") == 1

    async def test_without_an_answer_in_time_the_outcome_is_unknown(
        self, make_lab: Callable[..., RunningApi], virtual_clock: MockClock
    ) -> None:
        lab = make_lab(answer_seconds=10)
        lab.answering = False
        async with lab.serve(), lab.client() as client:
            begun = trio.current_time()
            lab.problem(await client.post(lab.ALARMS, json=lab.ALARM), 503, "outcome_unknown")
            assert trio.current_time() - begun == pytest.approx(10, abs=0.5)
            assert lab.sample("faultd_commands_total", action="raise", result="unknown") == 1

    async def test_an_abandoned_reply_is_an_unknown_outcome(self, lab: RunningApi) -> None:
        lab.refusing = Abandoned()
        async with lab.serve(), lab.client() as client:
            lab.problem(await client.post(lab.ALARMS, json=lab.ALARM), 503, "outcome_unknown")

    async def test_a_full_mailbox_keeps_nothing(self, make_lab: Callable[..., RunningApi], virtual_clock: MockClock) -> None:
        lab = make_lab(answer_seconds=10)
        async with lab.serve(), lab.client() as client:
            lab.ledger_stopped.cancel()
            await trio.testing.wait_all_tasks_blocked()
            for _ in range(8):
                lab.send.send_nowait(Append(()))
            lab.problem(await client.post(lab.ALARMS, json=lab.ALARM), 503, "ledger_busy")

    async def test_a_ledger_that_has_gone_keeps_nothing(self, lab: RunningApi) -> None:
        async with lab.serve(), lab.client() as client:
            await lab.send.aclose()
            lab.problem(await client.post(lab.ALARMS, json=lab.ALARM), 503, "ledger_unavailable")

    async def test_an_event_that_the_fold_cannot_process_is_told_as_kept(
        self, lab: RunningApi, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        def broken(draft: object, event: object) -> None:
            raise ZeroDivisionError("a bug in the fold")

        replace_fold(monkeypatch, Command, broken)
        async with lab.serve(), lab.client() as client:
            lab.problem(await client.post(lab.ALARMS, json=lab.ALARM), 500, "quarantined")


class TestQuarantine:
    async def test_a_retry_folds_the_event_again(self, lab: RunningApi) -> None:
        event = NetworkEvent(type="device.down", tenant_id="default", resource_type="olt", resource_id="olt-9")
        lab.keep(7, msgspec.msgpack.encode(event))
        lab.state.quarantined |= {7, 9}
        async with lab.serve(), lab.client("admin") as admin, lab.client("operator") as operator:
            path = f"{lab.FAULTS}/quarantine/7/retry"
            lab.problem(await operator.post(path), 403, "forbidden")
            result = (await admin.post(path)).json()
            assert lab.state.alarms[result["accepted"][0]].resource_id == "olt-9"
            lab.problem(await admin.post(f"{lab.FAULTS}/quarantine/8/retry"), 404, "not_in_quarantine")
            lab.problem(await admin.post(f"{lab.FAULTS}/quarantine/x/retry"), 400, "invalid_parameter", "offset")
            lab.keep(9, b"\xc1")
            lab.problem(await admin.post(f"{lab.FAULTS}/quarantine/9/retry"), 422, "invalid")

    async def test_the_stage_is_named_when_several_could_not_fold_the_event(self, lab: RunningApi) -> None:
        lab.keep(7, b"event")
        lab.keep(7, b"event", "counter", b"changes")
        lab.keep(8, b"event", "counter", b"changes")
        async with lab.serve(), lab.client("admin") as admin:
            path = f"{lab.FAULTS}/quarantine"
            for done in ("retry", "discard"):
                body = {"reason": "why"} if done == "discard" else None
                lab.problem(await admin.post(f"{path}/7/{done}", json=body), 400, "invalid_parameter", "stage")
                lab.problem(await admin.post(f"{path}/7/{done}?stage=stranger", json=body), 404, "not_in_quarantine")
            await admin.post(f"{path}/7/retry?stage=counter")
            await admin.post(f"{path}/8/discard", json={"reason": "why"})
        actions = [event.action for append in lab.appended for event in append.events if isinstance(event, Command)]
        assert actions == [RetryQuarantined(7, b"event", "counter", b"changes"), DiscardQuarantined(8, "why", "counter")]

    async def test_a_discard_needs_a_reason_and_takes_the_event_out(self, lab: RunningApi) -> None:
        lab.state.quarantined |= {7}
        lab.keep(7, b"")
        async with lab.serve(), lab.client("admin") as admin, lab.client("operator") as operator:
            path, body = f"{lab.FAULTS}/quarantine/7/discard", {"reason": "made by a test"}
            lab.problem(await operator.post(path, json=body), 403, "forbidden")
            lab.problem(await admin.post(path, json={}), 422, "invalid_body", "reason")
            assert (await admin.post(path, json=body)).status_code == 200
            assert not lab.state.quarantined
            lab.problem(await admin.post(path, json=body), 404, "not_in_quarantine")

"""Clocks, pauses, measurements and fault reports over REST."""

from datetime import timedelta
from typing import Any

import pytest
from vocabulary.api import T0
from vocabulary.sla import BEGAN, MONTH

from actors.journal import Journal
from protocols.sla.definition import SlaDefinition, SlaTerms
from protocols.sla.instance import SlaInstance
from protocols.sla.local_time import SECOND, instant_at
from protocols.sla.performance_rule import PerformanceRule

FAULTS = "/api/v1/faults"
MINUTE = 60 * SECOND


def serve(lab: Any, tenant: str = "default", instance_id: str = "SI1") -> SlaInstance:
    """An instance at the ONT of the alarm that the lab raises: 15 minutes to answer, 20 ms at most for two minutes."""
    state = lab.stages.sla
    terms = SlaTerms(
        name="gold",
        period=MONTH,
        response={"critical": 15 * MINUTE},
        performance=(PerformanceRule("latency", 20_000, MINUTE, 2 * MINUTE),),
    )
    state.definitions["SD1"] = (
        SlaDefinition(
            id="SD1", version=1, tenant_id=None, terms=terms, since=BEGAN, by="ada", created_at=BEGAN, created_by="ada"
        ),
    )
    made = SlaInstance(
        id=instance_id,
        tenant_id=tenant,
        definition_id="SD1",
        customer_id="c-1",
        service_id="svc-1",
        resources=("olt-1/0/1/3",),
        start=instant_at(BEGAN),
        created_at=BEGAN,
        created_by="ada",
        updated_at=BEGAN,
        updated_by="ada",
    )
    state.instances.put(Journal(), made)
    return made


async def test_the_clocks_of_an_alarm_say_when_they_are_due(lab: Any) -> None:
    async with lab.serve(), lab.client() as client:
        serve(lab)
        alarm = await lab.create(client)
        lab.now = T0 + timedelta(minutes=5)
        for name in (alarm["id"], alarm["alarm_id"]):
            answer = (await client.get(f"{lab.ALARMS}/{name}/sla-clocks")).json()
            (clock,) = answer["items"]
            assert (answer["instances"], answer["cause_alarm_id"], answer["pauses"]) == (1, alarm["id"], [])
            assert (clock["clock"], clock["state"], clock["severity"]) == ("response", "running", "critical")
            assert (clock["limit"], clock["elapsed"], clock["remaining"]) == (900.0, 300.0, 600.0)
            assert clock["due_at"] == "2026-03-01T12:15:00.123456Z"
            assert clock["warning_at"] == "2026-03-01T12:12:00.123456Z"
            assert (clock["sla_instance_id"], clock["customer_id"], clock["paused_by"]) == ("SI1", "c-1", [])
        assert (await client.get(f"{FAULTS}/sla-instances/SI1/clocks")).json() == {"items": [clock]}


async def test_a_pause_is_made_changed_and_taken_back(lab: Any) -> None:
    async with lab.serve(), lab.client() as client:
        serve(lab)
        alarm = await lab.create(client)
        path = f"{lab.ALARMS}/{alarm['id']}"
        lab.now = T0 + timedelta(minutes=5)
        made = await client.post(f"{path}/sla-pauses", json={"reason": "waiting_for_customer", "note": "nobody at home"})
        assert made.status_code == 201, made.text
        pause = made.json()
        assert made.headers["location"] == f"{path}/sla-pauses/{pause['id']}"
        assert (pause["start_time"], pause["end_time"], pause["by"]) == ("2026-03-01T12:05:00.123456Z", None, "operator")
        answer = (await client.get(f"{path}/sla-clocks")).json()
        assert answer["pauses"] == [pause]
        assert (answer["items"][0]["state"], answer["items"][0]["due_at"]) == ("paused", None)
        changed = await client.patch(f"{path}/sla-pauses/{pause['id']}", json={"end_time": "2026-03-01T12:10:00.123456Z"})
        assert changed.json() == pause | {"end_time": "2026-03-01T12:10:00.123456Z"}
        (clock,) = (await client.get(f"{path}/sla-clocks")).json()["items"]
        assert clock["due_at"] == "2026-03-01T12:20:00.123456Z"
        assert (await client.delete(f"{path}/sla-pauses/{pause['id']}")).status_code == 204
        (clock,) = (await client.get(f"{path}/sla-clocks")).json()["items"]
        assert clock["due_at"] == "2026-03-01T12:15:00.123456Z"


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({"reason": "lunch"}, "reason"),
        ({}, "reason"),
        ({"reason": "agreed", "start_time": "2026-03-01T10:00:00"}, "start_time"),
        ({"reason": "agreed", "start_time": "2026-03-01T12:00:00Z", "end_time": "2026-03-01T12:00:00Z"}, "end_time"),
        ({"reason": "agreed", "x": 1}, "x"),
        ({"reason": "agreed", "note": "a\x00"}, "note"),
    ],
)
async def test_a_wrong_pause_is_refused_with_its_field(lab: Any, body: dict[str, Any], field: str) -> None:
    async with lab.serve(), lab.client() as client:
        serve(lab)
        alarm = await lab.create(client)
        answer = await client.post(f"{lab.ALARMS}/{alarm['id']}/sla-pauses", json=body)
        lab.problem(answer, 422, "invalid_body", field)


async def test_alarms_and_pauses_that_there_are_not_and_the_walls(lab: Any) -> None:
    async with lab.serve(), lab.client() as client, lab.client("north") as north, lab.client("viewer") as viewer:
        serve(lab)
        alarm = await lab.create(client)
        path = f"{lab.ALARMS}/{alarm['id']}"
        lab.problem(await client.patch(f"{path}/sla-pauses/CP9", json={"note": "x"}), 404, "unknown_pause")
        lab.problem(await client.patch(f"{path}/sla-pauses/CP9", json={}), 422, "invalid_body", "")
        pause = (await client.post(f"{path}/sla-pauses", json={"reason": "agreed"})).json()
        early = await client.patch(f"{path}/sla-pauses/{pause['id']}", json={"end_time": "2026-03-01T12:00:00Z"})
        lab.problem(early, 422, "invalid_body", "end_time")
        other = await lab.create(client, alarm_type="door.open", resource_id="shelter-1")
        lab.problem(await client.get(f"{lab.ALARMS}/{other['id']}/sla-clocks"), 404, "no_sla_clocks")
        assert (await north.get(f"{path}/sla-clocks")).status_code in (404, 503)
        assert (await north.get(f"{FAULTS}/sla-instances/SI1/clocks")).status_code == 404
        assert (await viewer.get(f"{path}/sla-clocks")).status_code == 200
        assert (await viewer.post(f"{path}/sla-pauses", json={"reason": "agreed"})).status_code == 403
        assert (await viewer.post(f"{FAULTS}/measurements", json={"items": []})).status_code == 403
        assert (await viewer.post(f"{FAULTS}/fault-reports", json={"customer_id": "c-1"})).status_code == 403


async def test_measurements_are_taken_in_the_units_of_the_wire(lab: Any) -> None:
    async with lab.serve(), lab.client() as client:
        serve(lab)
        items = [
            {"service_id": "svc-1", "at": "2026-03-01T11:58:30Z", "latency_ms": 20.0014999},
            {"resource_id": "olt-1/0/1/3", "at": "2026-03-01T11:59:30Z", "latency_ms": 99, "packet_loss_percent": 0.5},
            {"service_id": "svc-1", "at": "2026-03-01T12:02:00Z", "latency_ms": 1},
            {"service_id": "svc-9", "at": "2026-03-01T11:59:30Z", "bandwidth_mbps": 1},
        ]
        answer = await client.post(f"{FAULTS}/measurements", json={"items": items})
        assert answer.status_code == 200, answer.text
        assert answer.json() == {
            "accepted": 2,
            "refused": [
                {"index": 2, "field": "at", "message": "2026-03-01T12:02:00+00:00 is in the future"},
                {"index": 3, "field": "service_id", "message": "no SLA instance of service 'svc-9' at that time"},
            ],
        }
        (breach,) = lab.stages.sla.breaches.values()
        assert (breach.type, breach.actual, breach.start) == ("latency", 99_000, instant_at(T0) - 2 * MINUTE - 123_456)


@pytest.mark.parametrize(
    ("item", "field"),
    [
        ({"latency_ms": -1}, "items[0].latency_ms"),
        ({"packet_loss_percent": 100.1}, "items[0].packet_loss_percent"),
        ({"bandwidth_mbps": "NaN"}, "items[0].bandwidth_mbps"),
        ({"bandwidth_mbps": 1e300}, "items[0].bandwidth_mbps"),
        ({}, "items[0].latency_ms"),
        ({"latency_ms": 1, "at": "2027-03-01T11:59:30Z"}, "items[0].at"),
        ({"latency_ms": 1, "service_id": ""}, "items[0].service_id"),
        ({"latency_ms": "fast"}, "items[0].latency_ms"),
    ],
)
async def test_a_request_of_which_nothing_was_taken_is_an_error(lab: Any, item: dict[str, Any], field: str) -> None:
    async with lab.serve(), lab.client() as client:
        serve(lab)
        body = {"items": [{"service_id": "svc-1", "at": "2026-03-01T11:59:30Z", **item}]}
        lab.problem(await client.post(f"{FAULTS}/measurements", json=body), 422, "invalid_body", field)


async def test_measurements_of_another_tenant_are_refused(lab: Any) -> None:
    async with lab.serve(), lab.client() as client, lab.client("north") as north:
        serve(lab)
        item = {"service_id": "svc-1", "at": "2026-03-01T11:59:30Z", "latency_ms": 1}
        lab.problem(
            await north.post(f"{FAULTS}/measurements", json={"items": [item]}), 422, "invalid_body", "items[0].service_id"
        )
        body = {"items": [item], "tenant_id": "south"}
        lab.problem(await north.post(f"{FAULTS}/measurements", json=body), 403, "not_your_tenant")
        assert (await client.post(f"{FAULTS}/measurements", json={"items": [item]})).json()["accepted"] == 1
        lab.problem(await client.post(f"{FAULTS}/measurements", json={"items": []}), 422, "invalid_body", "items")


async def test_a_fault_report_is_kept_listed_and_idempotent(lab: Any) -> None:
    async with lab.serve(), lab.client() as client, lab.client("north") as north:
        serve(lab)
        body = {"customer_id": "c-1", "service_id": "svc-1", "reported_at": "2026-03-01T11:00:00+01:00", "text": "no line"}
        made = await client.post(f"{FAULTS}/fault-reports", json=body, headers={"Idempotency-Key": "call-1"})
        assert made.status_code == 201, made.text
        report = made.json()
        assert (report["reported_at"], report["sla_instances"]) == ("2026-03-01T10:00:00Z", ["SI1"])
        again = await client.post(f"{FAULTS}/fault-reports", json=body, headers={"Idempotency-Key": "call-1"})
        assert (again.status_code, again.json()) == (200, report)
        reused = await client.post(f"{FAULTS}/fault-reports", json=body | {"text": "x"}, headers={"Idempotency-Key": "call-1"})
        lab.problem(reused, 409, "key_reused")
        other = await client.post(f"{FAULTS}/fault-reports", json={"customer_id": "c-2"})
        assert other.json()["warnings"] == ["no SLA instance of customer 'c-2'"]
        assert (await client.get(f"{FAULTS}/fault-reports/{report['id']}")).json() == report
        page = (await client.get(f"{FAULTS}/fault-reports", params={"limit": 1})).json()
        assert [each["id"] for each in page["items"]] == [other.json()["id"]]
        page = (await client.get(f"{FAULTS}/fault-reports", params={"cursor": page["next_cursor"]})).json()
        assert (page["items"], page["next_cursor"]) == ([report], None)
        assert (await client.get(f"{FAULTS}/fault-reports", params={"customer_id": "c-1"})).json()["items"] == [report]
        assert (await north.get(f"{FAULTS}/fault-reports")).json()["items"] == []
        lab.problem(await north.get(f"{FAULTS}/fault-reports/{report['id']}"), 404, "unknown_fault_report")


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({"customer_id": "c-1", "reported_at": "2026-03-01T12:00:01Z"}, "reported_at"),
        ({"customer_id": ""}, "customer_id"),
        ({"service_id": "svc-1"}, "customer_id"),
        ({"customer_id": "c-1", "reported_at": "yesterday"}, "reported_at"),
    ],
)
async def test_a_wrong_fault_report_is_refused_with_its_field(lab: Any, body: dict[str, Any], field: str) -> None:
    async with lab.serve(), lab.client() as client:
        lab.problem(await client.post(f"{FAULTS}/fault-reports", json=body), 422, "invalid_body", field)

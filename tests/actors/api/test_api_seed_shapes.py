"""The shapes of the document from which faultd grew, as they are written there."""

import csv
import io
from datetime import timedelta
from typing import Any

import pytest
from vocabulary.api import RunningApi

from protocols.event import TopologyLoaded
from protocols.topology import Node

ALARM = {
    "alarm_id": "mon-001-device-failure",
    "severity": "critical",
    "source": "monitoring",
    "alarm_type": "device.unreachable",
    "title": "OLT-01 Unreachable",
    "description": "Device failed to respond to SNMP polls",
    "resource_type": "olt",
    "resource_id": "olt-001",
    "resource_name": "OLT-01 Main Street",
    "subscriber_count": 150,
    "metadata": {"last_seen": "2025-01-14T10:00:00Z", "check_type": "snmp", "check_interval": 60},
    "probable_cause": "Network connectivity issue or device failure",
    "recommended_action": "Check physical connections and device power",
}


async def test_an_alarm_with_the_callers_alarm_id(stored_lab: RunningApi) -> None:
    lab = stored_lab
    async with lab.serve(), lab.client() as client:
        made = await client.post(lab.ALARMS, json=ALARM)
        assert made.status_code == 201, made.text
        assert {name: made.json()[name] for name in ALARM} == ALARM
        again = await client.post(lab.ALARMS, json=ALARM)
        assert (again.status_code, again.json()["id"], again.json()["occurrence_count"]) == (200, made.json()["id"], 2)
        lab.problem(await client.post(lab.ALARMS, json=ALARM | {"resource_id": "olt-002"}), 409, "wrong_state")
        path = f"{lab.ALARMS}/mon-001-device-failure"
        assert (await client.get(path)).json()["id"] == made.json()["id"]
        assert (await client.post(f"{path}/acknowledge")).json()["status"] == "acknowledged"
        assert (await client.post(f"{path}/clear")).json()["cleared_by"] == "user:operator"
        other = await client.post(lab.ALARMS, json=ALARM | {"resource_id": "olt-002"})
        assert (other.status_code, other.json()["id"] != made.json()["id"]) == (201, True)
        assert (await client.get(path)).json()["id"] == other.json()["id"]
        lab.problem(await client.post(lab.ALARMS, json=ALARM | {"alarm_id": "A7"}), 422, "invalid_body", "alarm_id")
        lab.problem(await client.post(lab.ALARMS, json=ALARM | {"alarm_id": ""}), 422, "invalid_body", "alarm_id")


async def test_an_alarm_of_any_type_counts_as_an_outage_when_its_sender_says_so(stored_lab: RunningApi) -> None:
    lab = stored_lab
    async with lab.serve(), lab.client() as client:
        silent = (await client.post(lab.ALARMS, json=ALARM)).json()
        assert (silent["service_effect"], silent["symptom"]) == ("none", "none")
        said = {"alarm_id": "mon-002", "resource_id": "olt-002", "service_effect": "outage"}
        made = (await client.post(lab.ALARMS, json=ALARM | said)).json()
        shipped = (await client.post(lab.ALARMS, json=ALARM | {"alarm_id": "mon-003", "alarm_type": "ont.los"})).json()
        assert (made["service_effect"], shipped["service_effect"], shipped["symptom"]) == ("outage", "outage", "ont_los")
        rows = csv.DictReader(io.StringIO((await client.get(f"{lab.ALARMS}?format=csv")).text, newline=""))
        assert {row["alarm_id"]: (row["service_effect"], row["symptom"]) for row in rows} == {
            "mon-001-device-failure": ("none", "none"),
            "mon-002": ("outage", "none"),
            "mon-003": ("outage", "ont_los"),
        }
        refused = lab.problem(
            await client.post(lab.ALARMS, json=ALARM | {"service_effect": "down"}), 422, "invalid_body", "service_effect"
        )
        assert "allowed are degraded, none, outage, unknown" in str(refused)


async def test_a_name_of_two_tenants_is_theirs_each_and_ambiguous_to_who_sees_both(stored_lab: RunningApi) -> None:
    lab = stored_lab
    async with lab.serve(), lab.client() as client, lab.client("north") as north, lab.client("south") as south:
        mine = (await north.post(lab.ALARMS, json=ALARM)).json()
        theirs = (await south.post(lab.ALARMS, json=ALARM)).json()
        path = f"{lab.ALARMS}/{ALARM['alarm_id']}"
        assert (await north.get(path)).json()["id"] == mine["id"]
        assert (await south.get(path)).json()["id"] == theirs["id"]
        lab.problem(await client.post(f"{path}/clear"), 409, "ambiguous")
        assert (await north.post(f"{path}/clear")).json()["id"] == mine["id"]
        assert (await client.post(f"{lab.ALARMS}/{theirs['id']}/clear")).status_code == 200


async def test_a_customers_alarm_and_the_query_of_it(stored_lab: RunningApi) -> None:
    lab = stored_lab
    async with lab.serve(), lab.client() as client:
        made = await lab.create(client, customer_id="cust-1", customer_ids=["cust-2", "cust-1"], is_root_cause=True)
        assert made["affected_customers"] == ["cust-1", "cust-2"]
        since, before = (lab.now - timedelta(hours=24)).isoformat(), (lab.now + timedelta(hours=1)).isoformat()
        query: dict[str, Any] = {"severity": ["critical"], "status": ["active"], "customer_id": "cust-1", "limit": 50}
        times: dict[str, Any] = {"from_date": since, "to_date": before, "is_root_cause": True}
        for params in (query, times, query | times):
            found = (await client.get(lab.ALARMS, params=params)).json()["items"]
            assert [item["id"] for item in found] == [made["id"]], params
        assert (await client.get(lab.ALARMS, params={"to_date": since})).json()["items"] == []
        assert (await client.get(f"{lab.ALARMS}/statistics", params=times)).json()["open"] == 1
        lab.problem(
            await client.get(lab.ALARMS, params={"from_date": since, "from": since}), 400, "invalid_parameter", "from_date"
        )
        lab.problem(
            await client.get(lab.ALARMS, params={"from_date": before, "to_date": since}), 400, "invalid_parameter", "to_date"
        )


async def test_an_edit_of_the_probable_cause(lab: RunningApi) -> None:
    async with lab.serve(), lab.client() as client:
        made = await lab.create(client)
        edited = await client.patch(f"{lab.ALARMS}/{made['id']}", json={"probable_cause": "powerProblem"})
        assert (edited.status_code, edited.json()["probable_cause"]) == (200, "powerProblem")


async def test_notes_are_a_resource_with_types(stored_lab: RunningApi) -> None:
    lab = stored_lab
    async with lab.serve(), lab.client() as client, lab.client("south") as south:
        path = f"{lab.ALARMS}/{(await lab.create(client, tenant_id='north'))['alarm_id']}"
        for body in (
            {"text": "looked"},
            {"text": "crew is out", "type": "investigation"},
            {"text": "spliced", "type": "resolution"},
        ):
            assert (await client.post(f"{path}/notes", json=body)).status_code == 200
        await client.post(f"{path}/acknowledge", json={"note": "no note of its own"})
        notes = (await client.get(f"{path}/notes")).json()["items"]
        assert [(note["type"], note["text"], note["by"]) for note in notes] == [
            ("note", "looked", "user:operator"),
            ("investigation", "crew is out", "user:operator"),
            ("resolution", "spliced", "user:operator"),
        ]
        first = (await client.get(f"{path}/notes?limit=2&latest_first=true")).json()
        rest = (await client.get(f"{path}/notes?limit=2&latest_first=true&cursor={first['next_cursor']}")).json()
        assert [note["text"] for note in first["items"] + rest["items"]] == ["spliced", "crew is out", "looked"]
        assert len({note["id"] for note in notes}) == 3
        lab.problem(await client.post(f"{path}/notes", json={"text": "x", "type": "gossip"}), 422, "invalid_body", "type")
        lab.problem(await south.get(f"{path}/notes"), 404, "unknown_alarm")


EVENTS: list[tuple[dict[str, Any], dict[str, Any]]] = [
    (
        {"type": "device.down", "data": {"device_id": "olt-7", "device_name": "OLT 7", "affected_subscribers": 150}},
        {"resource_type": "device", "resource_id": "olt-7", "title": "OLT 7 is down", "subscriber_count": 150},
    ),
    (
        {"type": "device.degraded", "data": {"device_id": 17, "region": {"name": "north"}}},
        {"resource_id": "17", "metadata": {"region": {"name": "north"}}, "severity": "major"},
    ),
    (
        {"type": "service.outage", "data": {"service_id": "s-1", "service_name": "Fibre 1", "customer_id": "c-1"}},
        {"resource_type": "service", "resource_id": "s-1", "resource_name": "Fibre 1", "affected_customers": ["c-1"]},
    ),
    (
        {"type": "cpe.offline", "data": {"cpe_id": "cpe-1", "service_id": "s-1", "severity": "minor"}},
        {"resource_type": "cpe", "resource_id": "cpe-1", "affected_services": ["s-1"], "severity": "minor"},
    ),
    ({"type": "cpe.signal_loss", "data": {"device_id": "ont-1"}}, {"resource_type": "device", "resource_id": "ont-1"}),
    (
        {"type": "monitoring.check_failed", "data": {"device_id": "olt-7", "check_name": "ping", "message": "no answer"}},
        {"resource_id": "olt-7", "qualifier": "ping", "description": "no answer"},
    ),
    (
        {"type": "monitoring.threshold_exceeded", "data": {"resource_type": "rack", "resource_id": "r-1", "metric": "temp"}},
        {"resource_type": "rack", "resource_id": "r-1", "qualifier": "temp"},
    ),
    (
        {"type": "device.down", "resource_type": "olt", "title": "Dark", "data": {"device_id": "olt-7", "title": "Down"}},
        {"resource_type": "olt", "resource_id": "olt-7", "title": "Dark"},
    ),
]


@pytest.mark.parametrize(("body", "shows"), EVENTS, ids=lambda one: one.get("type", ""))
async def test_events_of_an_event_bus(lab: RunningApi, body: dict[str, Any], shows: dict[str, Any]) -> None:
    async with lab.serve(), lab.client() as client:
        answer = await client.post(f"{lab.FAULTS}/events", json=body)
        assert answer.status_code == 200, answer.text
        (raised,) = answer.json()["results"][0]["accepted"]
        alarm = (await client.get(f"{lab.ALARMS}/{raised}")).json()
        assert {name: alarm[name] for name in shows} == shows


async def test_an_event_bus_clears_what_it_raised_and_beside_the_flat_form(lab: RunningApi) -> None:
    down = {"type": "device.down", "data": {"device_id": "olt-7", "device_name": "OLT 7"}}
    async with lab.serve(), lab.client() as client:
        results = (await client.post(f"{lab.FAULTS}/events", json=[down, {**down, "data": {"device_id": "olt-8"}}])).json()
        first, second = (result["accepted"][0] for result in results["results"])
        up = await client.post(f"{lab.FAULTS}/events", json={"type": "device.up", "data": {"device_id": "olt-7"}})
        assert up.json()["results"][0]["accepted"] == [first]
        flat = {"type": "device.up", "resource_type": "device", "resource_id": "olt-8"}
        assert (await client.post(f"{lab.FAULTS}/events", json=flat)).json()["results"][0]["accepted"] == [second]


async def test_customers_of_the_topology_are_counted_where_the_event_does_not_count(lab: RunningApi) -> None:
    nodes = (
        Node(id="olt-7", type="olt", name="OLT 7", address="192.0.2.7"),
        Node(id="olt-7/1", type="ont", parents=("olt-7",), customer_id="c-1"),
    )
    async with lab.serve(), lab.client() as client:
        await lab.record([TopologyLoaded("d", nodes)])
        body = {"type": "device.down", "data": {"device_id": "192.0.2.7"}}
        (raised,) = (await client.post(f"{lab.FAULTS}/events", json=body)).json()["results"][0]["accepted"]
        alarm = (await client.get(f"{lab.ALARMS}/{raised}")).json()
        assert (alarm["resource_id"], alarm["subscriber_count"], alarm["affected_customers"]) == ("olt-7", 1, ["c-1"])


WRONG: list[tuple[dict[str, Any], str]] = [
    ({"data": {}}, "data.device_id"),
    ({"data": {"device_id": ""}}, "data.device_id"),
    ({"data": {"device_id": "x" * 201}}, "data.device_id"),
    ({"data": {"device_id": None}}, "data.device_id"),
    ({"data": {"device_id": "x", "affected_subscribers": -1}}, "data.affected_subscribers"),
    ({"data": {"device_id": "x", "affected_subscribers": "many"}}, "data.affected_subscribers"),
    ({"data": {"device_id": "x", "timestamp": "1200-01-01T00:00:00Z"}}, "timestamp"),
    ({"data": {"device_id": "x", "big": 2**70}}, "data"),
    ({"data": []}, "data"),
    ({}, "resource_type"),
    ({"resource_type": "olt"}, "resource_id"),
]


@pytest.mark.parametrize(("fields", "field"), WRONG, ids=repr)
async def test_an_event_that_cannot_be_is_refused_naming_the_field(lab: RunningApi, fields: dict[str, Any], field: str) -> None:
    async with lab.serve(), lab.client() as client:
        answer = await client.post(f"{lab.FAULTS}/events", json={"type": "device.down"} | fields)
        assert answer.status_code == 422, answer.text
        assert field in answer.json()["errors"][0]["field"], answer.text
        assert lab.appended == []

"""Exclusions from service level agreements over REST."""

from datetime import timedelta
from typing import Any

import pytest

DEFINITIONS = "/api/v1/faults/sla-definitions"
INSTANCES = "/api/v1/faults/sla-instances"
EXCLUSIONS = "/api/v1/faults/sla-exclusions"
BODY: dict[str, Any] = {
    "category": "force_majeure",
    "scope": {"services": ["svc-1"]},
    "start_time": "2026-03-01T13:00:00+01:00",
    "end_time": "2026-03-01T13:30:00+01:00",
    "reason": "flood",
    "tenant_id": "default",
}


async def test_the_body_and_its_answer(lab: Any) -> None:
    async with lab.serve(), lab.client("operator") as client:
        answer = await client.post(EXCLUSIONS, json=BODY)
        assert answer.status_code == 201, answer.text
        made = answer.json()
        assert answer.headers["location"] == f"{EXCLUSIONS}/{made['id']}"
        wanted = BODY | {
            "scope": {name: [] for name in ("instances", "services", "customers", "resources", "definitions")}
            | {"services": ["svc-1"], "everything": False},
            "start_time": "2026-03-01T12:00:00Z",
            "end_time": "2026-03-01T12:30:00Z",
            "rrule": "",
            "time_zone": "UTC",
            "created_by": "operator",
            "withdrawn_at": None,
            "withdrawn_by": None,
            "revision": 1,
        }
        assert {name: made[name] for name in wanted} == wanted
        assert (await client.get(f"{EXCLUSIONS}/{made['id']}")).json() == made
        assert (await client.get(EXCLUSIONS)).json() == {"items": [made], "next_cursor": None}


async def test_the_figures_of_a_contract_follow(lab: Any) -> None:
    async with lab.serve(), lab.client("admin") as client:
        definition = (await client.post(DEFINITIONS, json={"name": "gold", "availability_target": 0.999})).json()["id"]
        body = {"sla_definition_id": definition, "customer_id": "c", "service_id": "svc-1", "start_date": "2026-01-01"}
        path = f"{INSTANCES}/{(await client.post(INSTANCES, json=body)).json()['id']}"
        await lab.create(client, resource_type="service", resource_id="svc-1", service_effect="outage")
        lab.now += timedelta(hours=1)
        assert (await client.get(path)).json()["unplanned_downtime"] == 3_600
        exclusion = (await client.post(EXCLUSIONS, json=BODY)).json()
        found = (await client.get(path)).json()
        # 12:00:00.123456 to 12:30 is excluded.
        assert (found["unplanned_downtime"], found["planned_downtime"]) == (1_800.123456, 1_799.876544)
        assert found["total_downtime"] == 3_600
        assert (await client.delete(f"{EXCLUSIONS}/{exclusion['id']}")).status_code == 204
        found = (await client.get(path)).json()
        assert (found["unplanned_downtime"], found["planned_downtime"]) == (3_600, 0)


@pytest.mark.parametrize(
    ("change", "fields"),
    [
        ({"category": "weather"}, ["category"]),
        ({"scope": {}}, ["scope"]),
        ({"scope": {"service": ["x"]}}, ["scope.service"]),
        ({"scope": {"instances": ["SI9"]}}, ["scope.instances[0]"]),
        ({"end_time": "2026-03-01T12:59:00+01:00"}, ["end_time"]),
        ({"start_time": "2026-03-01T13:00:00"}, ["start_time"]),
        ({"start_time": "0001-01-01T00:00:00Z"}, ["start_time"]),
        ({"time_zone": "Europe/Bonn"}, ["time_zone"]),
        ({"rrule": "FREQ=SECONDLY"}, ["rrule"]),
        ({"reason": ""}, ["reason"]),
        ({"surprise": 1}, ["surprise"]),
    ],
)
async def test_a_mistake_is_named_with_its_field(lab: Any, change: dict[str, Any], fields: list[str]) -> None:
    async with lab.serve(), lab.client("admin") as client:
        answer = await client.post(EXCLUSIONS, json=BODY | change)
        assert answer.status_code == 422, answer.text
        assert [each["field"] for each in answer.json()["errors"]] == fields


async def test_times_of_a_wall_clock_recur_by_it(lab: Any) -> None:
    async with lab.serve(), lab.client("admin") as client:
        body = BODY | {
            "start_time": "2026-03-22T02:00:00",
            "end_time": "2026-03-22T04:00:00",
            "time_zone": "Europe/Berlin",
            "rrule": "FREQ=WEEKLY;BYDAY=SU",
        }
        made = (await client.post(EXCLUSIONS, json=body)).json()
        assert (made["start_time"], made["rrule"]) == ("2026-03-22T01:00:00Z", "FREQ=WEEKLY;BYDAY=SU")


async def test_lists_and_withdrawals(lab: Any) -> None:
    async with lab.serve(), lab.client("admin") as client:
        categories = ("customer", "supplier", "agreed")
        made = [(await client.post(EXCLUSIONS, json=BODY | {"category": each})).json()["id"] for each in categories]

        async def ids(**params: str) -> list[str]:
            return [each["id"] for each in (await client.get(EXCLUSIONS, params=params)).json()["items"]]

        assert await ids() == made[::-1]
        assert await ids(category="supplier") == made[1:2]
        assert await ids(tenant_id="nobody") == []
        path = f"{EXCLUSIONS}/{made[1]}"
        assert (await client.delete(path, headers={"If-Match": '"2"'})).status_code == 412
        assert (await client.delete(path, headers={"If-Match": '"1"'})).status_code == 204
        assert (await client.delete(path)).status_code == 204
        assert await ids() == [made[2], made[0]]
        assert await ids(withdrawn="true") == made[::-1]
        shown = (await client.get(path)).json()
        assert (shown["withdrawn_by"], shown["revision"]) == ("admin", 2)
        first = (await client.get(EXCLUSIONS, params={"limit": "1"})).json()
        rest = (await client.get(EXCLUSIONS, params={"cursor": first["next_cursor"]})).json()
        assert [each["id"] for each in first["items"] + rest["items"]] == [made[2], made[0]]


async def test_roles_and_walls(lab: Any) -> None:
    async with (
        lab.serve(),
        lab.client("admin") as admin,
        lab.client("operator") as operator,
        lab.client("viewer") as viewer,
        lab.client("north") as north,
        lab.client("south") as south,
    ):
        everywhere = {name: value for name, value in BODY.items() if name != "tenant_id"}
        assert (await viewer.post(EXCLUSIONS, json=BODY)).status_code == 403
        made = await operator.post(EXCLUSIONS, json=everywhere)
        assert (made.status_code, made.json()["tenant_id"]) == (201, "default")
        shared = (await admin.post(EXCLUSIONS, json=everywhere)).json()
        assert shared["tenant_id"] is None
        own = (await north.post(EXCLUSIONS, json=everywhere)).json()
        assert own["tenant_id"] == "north"
        assert (await north.post(EXCLUSIONS, json=BODY)).status_code == 403
        for name in (shared["id"], own["id"]):
            assert (await south.get(f"{EXCLUSIONS}/{name}")).status_code == 404
            assert (await south.delete(f"{EXCLUSIONS}/{name}")).status_code == 404
        assert [each["id"] for each in (await north.get(EXCLUSIONS)).json()["items"]] == [own["id"]]
        assert (await viewer.get(EXCLUSIONS)).status_code == 200


async def test_an_idempotency_key(lab: Any) -> None:
    async with lab.serve(), lab.client("operator") as client:
        first = await client.post(EXCLUSIONS, json=BODY, headers={"Idempotency-Key": "1"})
        again = await client.post(EXCLUSIONS, json=BODY, headers={"Idempotency-Key": "1"})
        assert (first.status_code, again.status_code) == (201, 200)
        assert first.json()["id"] == again.json()["id"]

"""Service level instances over REST: contracts, their figures now, and who breaks next."""

from datetime import datetime, timedelta
from typing import Any

import pytest

from protocols.event import Tick

DEFINITIONS = "/api/v1/faults/sla-definitions"
INSTANCES = "/api/v1/faults/sla-instances"
GOLD: dict[str, Any] = {"name": "gold", "availability_target": 0.999, "period": "month", "time_zone": "Europe/Berlin"}


def contract(definition: str, **fields: Any) -> dict[str, Any]:
    return {
        "sla_definition_id": definition,
        "customer_id": "C-1001",
        "service_id": "svc-1",
        "customer_name": "Müller KG",
        "start_date": "2026-01-01",
        "monthly_fee": 59.95,
        "currency": "EUR",
        **fields,
    }


async def define(client: Any, **fields: Any) -> str:
    answer = await client.post(DEFINITIONS, json=GOLD | fields)
    assert answer.status_code == 201, answer.text
    found: str = answer.json()["id"]
    return found


async def serve(client: Any, definition: str, **fields: Any) -> Any:
    answer = await client.post(INSTANCES, json=contract(definition, **fields))
    assert answer.status_code == 201, answer.text
    return answer.json()


async def down(lab: Any, client: Any, service: str, at: datetime) -> None:
    """A service is down since ``at``."""
    await lab.create(client, resource_type="service", resource_id=service, service_effect="outage", at=at.isoformat())


async def test_the_body_and_its_answer(lab: Any) -> None:
    async with lab.serve(), lab.client("admin") as client:
        definition = await define(client)
        body = contract(definition, resources=["olt-1/0/1/3/5"], end_date="2027-01-01", account_manager="Kim")
        answer = await client.post(INSTANCES, json=body)
        assert answer.status_code == 201, answer.text
        made = answer.json()
        assert answer.headers["location"] == f"{INSTANCES}/{made['id']}"
        assert {name: made[name] for name in body} == body
        wanted = {
            "status": "compliant",
            "reason": "",
            "placed": False,
            "definition_name": "gold",
            "tenant_id": "default",
            "current_availability": 1.0,
            "total_downtime": 0,
            "planned_downtime": 0,
            "unplanned_downtime": 0,
            "unknown_time": 0,
            # 743 hours of March in Berlin, which begins with 23 hours less at the end.
            "error_budget": 743 * 3.6,
            "breach_count": 0,
            "credit_amount": 0,
            "penalty_amount": 0,
            "breaches_at": None,
            "time_to_breach": None,
            "period_start": "2026-02-28T23:00:00Z",
            "period_end": "2026-03-31T22:00:00Z",
            "revision": 1,
        }
        assert {name: made[name] for name in wanted} == wanted
        kept = lab.stages.sla.instances.get(made["id"])
        assert (kept.monthly_fee, kept.currency, kept.minor_digits) == (5_995, "EUR", 2)
        assert (await client.get(f"{INSTANCES}/{made['id']}")).json() == made
        assert (await client.get(INSTANCES)).json() == {"items": [made], "next_cursor": None}
        assert (await client.get(f"{DEFINITIONS}/{definition}")).json()["instances"] == 1


async def test_a_short_body(lab: Any) -> None:
    async with lab.serve(), lab.client("admin") as client:
        body = {"sla_definition_id": await define(client), "customer_id": "c", "service_id": "s"}
        made = (await client.post(INSTANCES, json=body)).json()
        assert made["resources"] == ["s"]
        assert made["start_date"] == "2026-03-01"


@pytest.mark.parametrize(
    ("change", "fields"),
    [
        ({"sla_definition_id": "SD999"}, ["sla_definition_id"]),
        ({"start_date": "yesterday it was"}, ["start_date"]),
        ({"start_date": "2026-02-30"}, ["start_date"]),
        ({"start_date": "2026-W01-1"}, ["start_date"]),
        ({"start_date": "1969-12-31", "end_date": "2200-06-01"}, ["start_date", "end_date"]),
        ({"start_date": "0001-01-01T00:00:00+00:00"}, ["start_date"]),
        ({"end_date": "2026-01-01"}, ["end_date"]),
        ({"monthly_fee": 59.955}, ["monthly_fee"]),
        ({"monthly_fee": 59.5, "currency": "JPY"}, ["monthly_fee"]),
        ({"monthly_fee": -1}, ["monthly_fee"]),
        ({"monthly_fee": "1e30"}, ["monthly_fee"]),
        ({"currency": "euro"}, ["currency"]),
        ({"currency": ""}, ["currency"]),
        ({"customer_id": ""}, ["customer_id"]),
        ({"resources": ["a", "a"]}, ["resources"]),
        ({"resources": [str(each) for each in range(65)]}, ["resources"]),
        ({"surprise": 1}, ["surprise"]),
    ],
)
async def test_a_mistake_is_named_with_its_field(lab: Any, change: dict[str, Any], fields: list[str]) -> None:
    async with lab.serve(), lab.client("admin") as client:
        answer = await client.post(INSTANCES, json=contract(await define(client)) | change)
        assert answer.status_code == 422, answer.text
        assert [each["field"] for each in answer.json()["errors"]] == fields
        assert not len(lab.stages.sla.instances)


async def test_a_date_is_a_midnight_in_the_zone_of_the_definition(lab: Any) -> None:
    async with lab.serve(), lab.client("admin") as client:
        definition = await define(client)
        made = await serve(client, definition, start_date="2026-03-29", end_date="2026-03-30")
        kept = lab.stages.sla.instances.get(made["id"])
        assert kept.end - kept.start == 23 * 3_600_000_000
        other = await serve(client, definition, service_id="svc-2", start_date="2026-03-01T12:00:00+01:00")
        assert other["start_date"] == "2026-03-01T12:00:00+01:00"
        third = await serve(client, definition, service_id="svc-3", start_date="2026-02-28T23:00:00Z")
        assert third["start_date"] == "2026-03-01"


async def test_figures_follow_an_outage(lab: Any) -> None:
    async with lab.serve(), lab.client("admin") as client:
        made = await serve(client, await define(client, time_zone="UTC"))
        path = f"{INSTANCES}/{made['id']}"
        await down(lab, client, "svc-1", lab.now)
        lab.now += timedelta(seconds=1_000)
        found = (await client.get(path)).json()
        assert found["unplanned_downtime"] == found["total_downtime"] == 1_000
        # March has 2,678,400 s, and 0.1 % of them is the budget.
        assert found["error_budget"] == pytest.approx(1_678.4)
        assert found["current_availability"] == round(1 - 1_000 / (43_200.123456 + 1_000), 6)
        assert found["breaches_at"] == "2026-03-01T12:44:38.523457Z"
        assert found["time_to_breach"] == 1_678.400001
        assert found["status"] == "compliant"
        lab.now += timedelta(seconds=2_000)
        await lab.record([Tick()])
        found = (await client.get(path)).json()
        assert (found["status"], found["breach_count"], found["error_budget"]) == ("breached", 1, 0)
        assert found["time_to_breach"] is None
        assert "3000 s down" in found["reason"]


async def test_who_breaks_next(lab: Any) -> None:
    async with lab.serve(), lab.client("admin") as client:
        gold, silver = await define(client), await define(client, name="silver", availability_target=0.99)
        made = {}
        for number in range(1, 6):
            name = f"svc-{number}"
            made[name] = (await serve(client, silver if number == 2 else gold, service_id=name))["id"]
        for service, minutes in (("svc-1", 10), ("svc-2", 40), ("svc-3", 20), ("svc-4", 60)):
            await down(lab, client, service, lab.now - timedelta(minutes=minutes))
        # The 60 minutes of svc-4 are more than its budget already, and svc-5 is up.
        wanted = [made["svc-3"], made["svc-1"], made["svc-2"]]
        found = (await client.get(INSTANCES, params={"sort": "time_to_breach"})).json()
        assert [each["id"] for each in found["items"]] == wanted
        left = [each["time_to_breach"] for each in found["items"]]
        assert left == sorted(left)
        first = (await client.get(INSTANCES, params={"sort": "time_to_breach", "limit": "2"})).json()
        rest = (await client.get(INSTANCES, params={"sort": "time_to_breach", "cursor": first["next_cursor"]})).json()
        assert [each["id"] for each in first["items"] + rest["items"]] == wanted
        assert rest["next_cursor"] is None
        for status, names in (
            (["breached"], ["svc-4"]),
            (["at_risk", "breached"], ["svc-4"]),
            (["compliant"], ["svc-1", "svc-2", "svc-3", "svc-5"]),
        ):
            found = (await client.get(INSTANCES, params={"status": status})).json()
            assert [each["id"] for each in found["items"]] == [made[name] for name in names]
        wrong = await client.get(INSTANCES, params={"cursor": first["next_cursor"]})
        assert wrong.status_code == 400


async def test_filters_and_pages(lab: Any) -> None:
    async with lab.serve(), lab.client("admin") as client:
        gold, silver = await define(client), await define(client, name="silver")
        made = [
            (await serve(client, silver if number % 2 else gold, service_id=f"svc-{number}", customer_id=f"c-{number // 2}"))[
                "id"
            ]
            for number in range(6)
        ]

        async def ids(**params: str) -> list[str]:
            found: list[str] = []
            while True:
                page = (await client.get(INSTANCES, params={"limit": "2"} | params)).json()
                found += [each["id"] for each in page["items"]]
                if page["next_cursor"] is None:
                    return found
                params["cursor"] = page["next_cursor"]

        assert await ids() == made
        assert await ids(definition_id=silver) == made[1::2]
        assert await ids(customer_id="c-1") == made[2:4]
        assert await ids(service_id="svc-4") == made[4:5]
        assert await ids(customer_id="c-1", definition_id=gold) == made[2:3]
        assert await ids(tenant_id="nobody") == []
        assert await ids(status="suspended") == []
        await client.patch(f"{INSTANCES}/{made[1]}", json={"suspended": True})
        assert await ids(status="suspended") == made[1:2]


async def test_an_edit_and_the_end_of_a_contract(lab: Any) -> None:
    async with lab.serve(), lab.client("admin") as client:
        gold, silver = await define(client), await define(client, name="silver")
        made = await serve(client, gold)
        path = f"{INSTANCES}/{made['id']}"
        tag = '"1"'
        edited = await client.patch(path, json={"monthly_fee": 69.9, "end_date": "2027-01-01"}, headers={"If-Match": tag})
        assert edited.status_code == 200, edited.text
        assert (edited.json()["monthly_fee"], edited.json()["end_date"], edited.json()["revision"]) == (69.9, "2027-01-01", 2)
        assert (await client.patch(path, json={"suspended": True}, headers={"If-Match": tag})).status_code == 412
        other = (await client.patch(path, json={"sla_definition_id": silver, "end_date": None})).json()
        assert (other["sla_definition_id"], other["definition_name"], other["end_date"]) == (silver, "gold", None)
        assert (await client.delete(f"{DEFINITIONS}/{silver}")).status_code == 409
        lab.now += timedelta(hours=1)
        assert (await client.delete(path, headers={"If-Match": tag})).status_code == 412
        assert (await client.delete(path)).status_code == 204
        assert (await client.delete(path)).status_code == 204
        ended = (await client.get(path)).json()
        assert ended["end_date"] == "2026-03-01T14:00:00.123456+01:00"
        assert (await client.get(INSTANCES)).json()["items"] == []
        assert [each["id"] for each in (await client.get(INSTANCES, params={"ended": "true"})).json()["items"]] == [made["id"]]
        assert (await client.patch(path, json={})).status_code == 422
        assert (await client.patch(path, json={"currency": "JPY"})).status_code == 422


async def test_many_at_once(lab: Any) -> None:
    async with lab.serve(), lab.client("operator") as client, lab.client("admin") as admin:
        definition = await define(admin)
        items = [contract(definition, service_id=f"svc-{number}") for number in range(3)]
        answer = await client.post(f"{INSTANCES}/bulk", json={"items": items}, headers={"Idempotency-Key": "1"})
        assert answer.status_code == 201, answer.text
        made = answer.json()["items"]
        assert [each["service_id"] for each in made] == ["svc-0", "svc-1", "svc-2"]
        again = await client.post(f"{INSTANCES}/bulk", json={"items": items}, headers={"Idempotency-Key": "1"})
        assert [each["id"] for each in again.json()["items"]] == [each["id"] for each in made]
        wrong = [contract(definition, service_id="new"), contract(definition, service_id="svc-1")]
        refused = await client.post(f"{INSTANCES}/bulk", json={"items": wrong})
        assert refused.status_code == 422
        assert [each["field"] for each in refused.json()["errors"]] == ["items[1].service_id"]
        wrong = [contract(definition, monthly_fee=0.001), contract("SD999"), contract(definition, start_date="never ever")]
        refused = await client.post(f"{INSTANCES}/bulk", json={"items": wrong})
        fields = ["items[0].monthly_fee", "items[1].sla_definition_id", "items[2].start_date"]
        assert [each["field"] for each in refused.json()["errors"]] == fields
        assert len(lab.stages.sla.instances) == 3


@pytest.mark.parametrize(("role", "read", "write"), [("viewer", 200, 403), ("operator", 200, 201)])
async def test_roles(lab: Any, role: str, read: int, write: int) -> None:
    async with lab.serve(), lab.client("admin") as admin, lab.client(role) as client:
        body = contract(await define(admin))
        assert (await client.get(INSTANCES)).status_code == read
        assert (await client.post(INSTANCES, json=body)).status_code == write
        assert (await client.post(f"{INSTANCES}/bulk", json={"items": [body | {"service_id": "b"}]})).status_code == write


async def test_walls_between_tenants(lab: Any) -> None:
    async with lab.serve(), lab.client("admin") as admin, lab.client("north") as north, lab.client("south") as south:
        everybody, own = await define(admin), await define(admin, tenant_id="north")
        made = await serve(north, own)
        assert made["tenant_id"] == "north"
        assert (await serve(south, everybody))["tenant_id"] == "south"
        for name in (own, "SD999"):
            refused = await south.post(INSTANCES, json=contract(name))
            assert refused.status_code == 422
            assert refused.json()["errors"][0]["message"] == f"there is no definition {name!r}"
        assert (await south.post(INSTANCES, json=contract(everybody, tenant_id="north"))).status_code == 403
        # An instance of a definition of one tenant is that tenant's.
        assert (await serve(admin, own, service_id="svc-9"))["tenant_id"] == "north"
        assert (await admin.post(INSTANCES, json=contract(own, tenant_id="south"))).status_code == 422
        path = f"{INSTANCES}/{made['id']}"
        for answer in (await south.get(path), await south.patch(path, json={"suspended": True}), await south.delete(path)):
            assert answer.status_code == 404
        assert [each["service_id"] for each in (await north.get(INSTANCES)).json()["items"]] == ["svc-1", "svc-9"]
        assert [each["tenant_id"] for each in (await south.get(INSTANCES)).json()["items"]] == ["south"]

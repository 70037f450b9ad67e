"""Contacts and rotas over REST."""

from typing import Any

import msgspec
import pytest

from actors.dispatcher.settings import DispatchInputs
from protocols.event import DispatchLoaded

CONTACTS = "/api/v1/faults/contacts"
ROTAS = "/api/v1/faults/rotas"
ANNA: dict[str, Any] = {
    "name": "Anna",
    "methods": [{"channel": "sms", "address": "+491511234567"}, {"channel": "email", "address": "anna@example.net"}],
    "time_zone": "Europe/Berlin",
    "quiet_hours": {"from": "22:00", "to": "06:00"},
}
NIGHT: dict[str, Any] = {
    "name": "night",
    "time_zone": "Europe/Berlin",
    "layers": [{"contacts": ["Anna", "Ben"], "start": "2026-02-23"}],
}


async def made(client: Any, path: str, body: dict[str, Any]) -> dict[str, Any]:
    """The answer to a POST that makes something."""
    answer = await client.post(path, json=body)
    assert answer.status_code == 201, answer.text
    found: dict[str, Any] = answer.json()
    assert answer.headers["location"] == f"{path}/{found['id']}"
    assert answer.headers["etag"].startswith('"1')
    return found


async def test_a_contact_from_its_body_to_its_end(lab: Any) -> None:
    async with lab.serve(), lab.client("operator") as client:
        anna = await made(client, CONTACTS, ANNA)
        week = ["mon", "tue", "wed", "thu", "fri", "sat", "sun"]
        quiet = {"from": "22:00", "to": "06:00", "days": week, "allowed": ["critical"]}
        shown = {name: anna[name] for name in (*ANNA, "tenant_id", "customer_id", "updated_by", "revision")}
        shown["quiet_hours"] = {**quiet, **shown["quiet_hours"]}
        assert shown == ANNA | {
            "quiet_hours": quiet,
            "tenant_id": None,
            "customer_id": None,
            "updated_by": "operator",
            "revision": 1,
        }
        path = f"{CONTACTS}/{anna['id']}"
        found = await client.get(path)
        assert found.json() == anna
        assert (await client.get(path, headers={"If-None-Match": found.headers["etag"]})).status_code == 304
        assert (await client.patch(path, json={"name": "Anne"}, headers={"If-Match": '"2"'})).status_code == 412
        edited = await client.patch(path, json={"quiet_hours": None, "name": "Anne"}, headers={"If-Match": '"1"'})
        assert (edited.status_code, edited.json()["quiet_hours"], edited.json()["revision"]) == (200, None, 2)
        assert (await client.delete(path, headers={"If-Match": '"1"'})).status_code == 412
        assert (await client.delete(path)).status_code == 204
        assert (await client.get(path)).status_code == 404


async def test_an_idempotency_key_makes_one(lab: Any) -> None:
    async with lab.serve(), lab.client("operator") as client:
        for path, body in ((CONTACTS, ANNA), (ROTAS, NIGHT | {"layers": [{"contacts": ["Anna"], "start": "2026-03-01"}]})):
            first = await client.post(path, json=body, headers={"Idempotency-Key": "k"})
            again = await client.post(path, json=body, headers={"Idempotency-Key": "k"})
            assert (first.status_code, again.status_code) == (201, 200)
            assert again.json() == first.json()


@pytest.mark.parametrize(
    ("path", "change", "fields"),
    [
        (CONTACTS, {"name": ""}, ["name"]),
        (CONTACTS, {"time_zone": "Europe/Bonn"}, ["time_zone"]),
        (CONTACTS, {"methods": [{"channel": "pigeon", "address": "x"}]}, ["methods[0].channel"]),
        (CONTACTS, {"methods": [{"channel": "email", "address": "anna"}]}, ["methods[0].address"]),
        (CONTACTS, {"quiet_hours": {"from": "25:00", "to": "06:00"}}, ["quiet_hours.from"]),
        (CONTACTS, {"surprise": 1}, ["surprise"]),
        (ROTAS, {"layers": []}, ["layers"]),
        (ROTAS, {"layers": [{"contacts": ["Zoe"], "start": "2026-03-01"}]}, ["layers[0].contacts[0]"]),
        (ROTAS, {"layers": [{"contacts": ["Anna"], "start": "2026-03-01", "every": 0}]}, ["layers[0].every"]),
        (ROTAS, {"layers": [{"contacts": ["Anna"], "start": "2026-03-01", "end": "2026-02-01"}]}, ["layers[0].end"]),
        (
            ROTAS,
            {"overrides": [{"contact": "Anna", "start": "2026-03-01T00:00:00", "end": "2026-03-02T00:00:00Z"}]},
            ["overrides[0].start"],
        ),
    ],
    ids=str,
)
async def test_a_mistake_is_named_with_its_field(lab: Any, path: str, change: dict[str, Any], fields: list[str]) -> None:
    async with lab.serve(), lab.client("operator") as client:
        await made(client, CONTACTS, ANNA)
        body = (
            (ANNA | {"name": "Ben"})
            if path == CONTACTS
            else NIGHT | {"layers": [{"contacts": ["Anna"], "start": "2026-03-01"}]}
        )
        answer = await client.post(path, json=body | change)
        assert answer.status_code == 422, answer.text
        assert [each["field"] for each in answer.json()["errors"]] == fields


async def test_who_is_on_call(lab: Any) -> None:
    """Now is 12:00:00.123456 UTC on 1 March 2026."""
    async with lab.serve(), lab.client("operator") as client:
        anna, ben = await made(client, CONTACTS, ANNA), await made(client, CONTACTS, ANNA | {"name": "Ben"})
        rota = await made(client, ROTAS, NIGHT)
        assert rota["layers"][0]["contacts"] == [anna["id"], ben["id"]]
        path = f"{ROTAS}/{rota['id']}"
        of_anna = {"contact_id": anna["id"], "contact_name": "Anna", "by": "layer 1"}
        of_ben = {"contact_id": ben["id"], "contact_name": "Ben", "by": "layer 1"}
        first = of_anna | {"start": "2026-02-23T08:00:00Z", "end": "2026-03-02T08:00:00Z"}
        second = of_ben | {"start": "2026-03-02T08:00:00Z", "end": "2026-03-09T08:00:00Z"}
        assert (await client.get(f"{path}/now")).json() == {
            "rota_id": rota["id"],
            "at": "2026-03-01T12:00:00.123456Z",
            "on_call": first,
            "next": second,
        }
        # The clock is put forward on 29 March 2026.
        found = (await client.get(f"{path}/now", params={"at": "2026-03-30T07:00:00Z"})).json()
        assert (found["on_call"]["contact_name"], found["on_call"]["start"]) == ("Ben", "2026-03-30T07:00:00Z")
        gap = (await client.get(f"{path}/now", params={"at": "2020-01-01T00:00:00Z"})).json()["on_call"]
        assert gap == {"contact_id": None, "contact_name": None, "start": None, "end": None, "by": ""}
        page = (await client.get(f"{path}/shifts", params={"limit": "1"})).json()
        assert page["items"] == [first]
        rest = (await client.get(f"{path}/shifts", params={"cursor": page["next_cursor"]})).json()
        assert (rest["items"][0], len(rest["items"]), rest["next_cursor"]) == (second, 2, None)
        override = {"contact": "Ben", "start": "2026-03-01T00:00:00Z", "end": "2026-03-02T00:00:00Z"}
        assert (await client.patch(path, json={"overrides": [override]})).status_code == 200
        assert (await client.get(f"{path}/now")).json()["on_call"]["by"] == "override 1"


@pytest.mark.parametrize(
    ("name", "params", "field"),
    [
        ("now", {"at": "yesterday"}, "at"),
        ("now", {"at": "2026-03-01T00:00:00"}, "at"),
        ("now", {"at": "1900-01-01T00:00:00Z"}, "at"),
        ("shifts", {"from": "2026-03-02T00:00:00Z", "to": "2026-03-02T00:00:00Z"}, "to"),
        ("shifts", {"to": "2026-06-02T00:00:00Z"}, "to"),
        ("shifts", {"from": "9999-12-31T23:59:59Z"}, "from"),
        ("shifts", {"cursor": "x"}, "cursor"),
    ],
    ids=str,
)
async def test_times_that_cannot_be_asked_for(lab: Any, name: str, params: dict[str, str], field: str) -> None:
    async with lab.serve(), lab.client("operator") as client:
        await made(client, CONTACTS, ANNA)
        rota = await made(client, ROTAS, NIGHT | {"layers": [{"contacts": ["Anna"], "start": "2026-03-01"}]})
        answer = await client.get(f"{ROTAS}/{rota['id']}/{name}", params=params)
        assert answer.status_code == 400, answer.text
        assert field in answer.json()["detail"]


async def test_lists(lab: Any) -> None:
    async with lab.serve(), lab.client("operator") as client:
        ids = [(await made(client, CONTACTS, ANNA | {"name": name, "customer_id": f"C-{name}"}))["id"] for name in "abc"]

        async def listed(path: str, **params: str) -> list[str]:
            return [each["id"] for each in (await client.get(path, params=params)).json()["items"]]

        assert await listed(CONTACTS) == ids
        assert await listed(CONTACTS, name="b") == await listed(CONTACTS, customer_id="C-b") == ids[1:2]
        assert await listed(CONTACTS, channel="slack") == []
        assert await listed(CONTACTS, channel="slack,sms") == ids
        assert await listed(CONTACTS, tenant_id="north") == []
        first = (await client.get(CONTACTS, params={"limit": "2"})).json()
        assert await listed(CONTACTS, cursor=first["next_cursor"]) == ids[2:]
        rota = await made(client, ROTAS, NIGHT | {"layers": [{"contacts": ["b"], "start": "2026-03-01"}]})
        assert (
            await listed(ROTAS) == await listed(ROTAS, contact_id=ids[1]) == await listed(ROTAS, name="night") == [rota["id"]]
        )
        assert await listed(ROTAS, contact_id=ids[0]) == await listed(ROTAS, name="day") == []


async def test_walls_and_roles(lab: Any) -> None:
    async with lab.serve(), lab.client("operator") as operator, lab.client("north") as north, lab.client("south") as south:
        shared, own = await made(operator, CONTACTS, ANNA), await made(north, CONTACTS, ANNA | {"name": "Nora"})
        assert (shared["tenant_id"], own["tenant_id"]) == (None, "north")
        rota = await made(north, ROTAS, NIGHT | {"layers": [{"contacts": ["Nora", "Anna"], "start": "2026-03-01"}]})
        assert rota["tenant_id"] == "north"
        assert [each["id"] for each in (await south.get(CONTACTS)).json()["items"]] == [shared["id"]]
        assert (await south.get(ROTAS)).json()["items"] == []
        for path in (f"{CONTACTS}/{own['id']}", f"{ROTAS}/{rota['id']}"):
            for answer in (await south.get(path), await south.patch(path, json={"name": "x"}), await south.delete(path)):
                assert answer.status_code == 404
        for name in ("now", "shifts"):
            assert (await south.get(f"{ROTAS}/{rota['id']}/{name}")).status_code == 404
        assert (await north.patch(f"{CONTACTS}/{shared['id']}", json={"name": "x"})).status_code == 403
        assert (await north.post(CONTACTS, json=ANNA | {"tenant_id": "south"})).status_code == 403
        in_use = await operator.delete(f"{CONTACTS}/{shared['id']}")
        assert (in_use.status_code, in_use.json()["type"]) == (409, "urn:faultd:problem:wrong_state")
        async with lab.client("north-viewer") as viewer:
            assert (await viewer.get(f"{ROTAS}/{rota['id']}/now")).json()["on_call"]["contact_name"] == "Nora"
            for path, body in ((CONTACTS, ANNA), (ROTAS, NIGHT)):
                assert (await viewer.post(path, json=body)).status_code == 403


async def test_a_webhook_of_the_configuration(lab: Any) -> None:
    async with lab.serve(), lab.client("operator") as client:
        body = {"name": "ERP", "methods": [{"channel": "webhook", "address": "erp"}]}
        assert (await client.post(CONTACTS, json=body)).status_code == 422
        inputs = msgspec.msgpack.encode(DispatchInputs(channels=("webhook:erp",)))
        await lab.record([DispatchLoaded(digest="d", policies=(), inputs=inputs)])
        await made(client, CONTACTS, body)

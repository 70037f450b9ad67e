"""Rules over REST: written, listed, changed, deleted, refused with every place."""

from typing import Any

import pytest

RULES = "/api/v1/faults/alarm-rules"
BODY = (
    '{"name":"OLT to ONT Correlation","type":"correlation","conditions":{"parent":{"alarm_type":"device.down",'
    '"resource_type":"olt"},"child":{"alarm_type":"signal.loss","resource_type":"ont"}},"actions":'
    '{"mark_parent_as_root_cause":true,"suppress_child_alarms":true,"create_correlation_id":true},"time_window":300}'
)
QUIET: dict[str, Any] = {"name": "quiet", "type": "suppression", "conditions": {"match": {"alarm_type": "ont.los"}}}


async def test_the_body_of_the_example_is_taken_as_it_stands(lab: Any) -> None:
    async with lab.serve(), lab.client("admin") as client:
        answer = await client.post(RULES, content=BODY)
        assert answer.status_code == 201, answer.text
        rule = answer.json()
        assert answer.headers["location"] == f"{RULES}/{rule['id']}"
        assert rule["enabled"] is True
        assert rule["priority"] == 0
        assert rule["conditions"]["parent"] == {"alarm_type": "device.down", "resource_type": "olt"}
        assert (await client.get(f"{RULES}/{rule['id']}")).json() == rule
        assert (await client.get(RULES)).json() == {"items": [rule], "next_cursor": None}


async def test_a_rule_works_from_its_writing_to_its_deletion(lab: Any) -> None:
    async with lab.serve(), lab.client("admin") as client:
        alarm = await lab.create(client)
        rule = (await client.post(RULES, json=QUIET)).json()
        held = lab.state.alarms[alarm["id"]]
        assert [each.by for each in held.suppressed_by] == [rule["id"]]
        changed = await client.patch(f"{RULES}/{rule['id']}", json={"enabled": False})
        assert changed.status_code == 200
        assert changed.json()["enabled"] is False
        assert lab.state.alarms[alarm["id"]].suppressed_by == ()
        assert (await client.delete(f"{RULES}/{rule['id']}")).status_code == 204
        assert (await client.get(f"{RULES}/{rule['id']}")).status_code == 404


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"conditions": {"match": {"alarm_type": {"regex": "("}}}}, "/conditions/match/alarm_type/regex"),
        ({"conditions": {"match": {"alarm_typ": "x"}}}, "/conditions/match/alarm_typ"),
        ({"conditions": {"match": {"subscriber_count": "x"}}}, "/conditions/match/subscriber_count"),
        ({"conditions": {}}, "/conditions/match"),
        ({"time_window": 0}, "time_window"),
        ({"priority": "high"}, "priority"),
        ({"type": "other"}, "type"),
        ({"conditions": {"match": {"title": {"regexp": "x"}}}}, "conditions.match.title.regexp"),
        ({"surprise": 1}, "surprise"),
        # The ledger has integers of 64 bits.
        ({"conditions": {"match": {"metadata.x": 10**30}}}, "conditions.match[...]"),
        ({"conditions": {"match": {"metadata.x": {"gt": -(10**30)}}}}, "conditions.match.metadata.x.gt"),
    ],
)
async def test_a_mistake_is_named_with_its_place(lab: Any, change: dict[str, Any], field: str) -> None:
    async with lab.serve(), lab.client("admin") as client:
        answer = await client.post(RULES, json=QUIET | change)
        assert answer.status_code == 422
        assert answer.headers["content-type"] == "application/problem+json"
        assert [error["field"] for error in answer.json()["errors"]] == [field]
        assert (await client.get(RULES)).json()["items"] == []


async def test_every_mistake_at_once(lab: Any) -> None:
    async with lab.serve(), lab.client("admin") as client:
        match = {"alarm_type": 5, "nonsense": "x", "title": {"regex": "["}}
        answer = await client.post(RULES, json=QUIET | {"conditions": {"match": match}})
        assert len(answer.json()["errors"]) == 3


async def test_a_name_is_used_once(lab: Any) -> None:
    async with lab.serve(), lab.client("admin") as client:
        assert (await client.post(RULES, json=QUIET)).status_code == 201
        answer = await client.post(RULES, json=QUIET)
        assert answer.status_code == 409
        assert answer.json()["errors"][0]["field"] == "/name"


@pytest.mark.parametrize(("token", "status"), [("viewer", 403), ("operator", 403), ("admin", 201)])
async def test_admins_write_rules(lab: Any, token: str, status: int) -> None:
    async with lab.serve(), lab.client(token) as client:
        assert (await client.post(RULES, json=QUIET)).status_code == status
        assert (await client.get(RULES)).status_code == 200


async def test_a_tenant_sees_its_own_rules_and_those_of_everybody(lab: Any) -> None:
    async with lab.serve(), lab.client("admin") as admin, lab.client("north-viewer") as north:
        for name, tenant in (("all", None), ("north", "north"), ("south", "south")):
            answer = await admin.post(RULES, json=QUIET | {"name": name, "tenant_id": tenant})
            assert answer.status_code == 201
            if name == "south":
                assert (await north.get(f"{RULES}/{answer.json()['id']}")).status_code == 404
        assert [rule["name"] for rule in (await north.get(RULES)).json()["items"]] == ["all", "north"]


async def test_the_list_is_in_the_order_in_which_rules_are_asked_and_paged(lab: Any) -> None:
    async with lab.serve(), lab.client("admin") as client:
        for name, priority in (("b", 0), ("c", 5), ("a", 0)):
            await client.post(RULES, json=QUIET | {"name": name, "priority": priority})
        found, cursor = [], None
        while True:
            page = (await client.get(RULES, params={"limit": 1} | ({"cursor": cursor} if cursor else {}))).json()
            found += [rule["name"] for rule in page["items"]]
            cursor = page["next_cursor"]
            if cursor is None:
                break
        assert found == ["c", "a", "b"]
        assert (await client.get(RULES, params={"type": "escalation"})).json()["items"] == []
        assert len((await client.get(RULES, params={"enabled": "true"})).json()["items"]) == 3


async def test_a_change_of_nothing_and_an_unknown_rule_are_refused(lab: Any) -> None:
    async with lab.serve(), lab.client("admin") as client:
        rule = (await client.post(RULES, json=QUIET)).json()
        assert (await client.patch(f"{RULES}/{rule['id']}", json={})).status_code == 422
        assert (await client.patch(f"{RULES}/none", json={"enabled": True})).status_code == 404
        assert (await client.delete(f"{RULES}/none")).status_code == 404


async def test_an_alarm_that_a_rule_changes_at_once_is_new_all_the_same(lab: Any) -> None:
    async with lab.serve(), lab.client("admin") as client:
        assert (await client.post(RULES, json=QUIET)).status_code == 201
        answer = await client.post(lab.ALARMS, json=lab.ALARM)
        assert answer.status_code == 201
        assert answer.json()["status"] == "suppressed"

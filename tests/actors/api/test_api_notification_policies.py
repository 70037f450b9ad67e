"""Notification policies over REST: written, listed, changed, deleted, refused with every field, and tried."""

from typing import Any
from urllib.parse import quote

import msgspec
import pytest

from actors.dispatcher.settings import DispatchInputs
from protocols.dispatch.policy import NotificationPolicy
from protocols.event import DispatchLoaded, TopologyLoaded
from protocols.topology import Node

POLICIES = "/api/v1/faults/notification-policies"
TRY = f"{POLICIES}/try"
BODY = (
    '{"name":"Night","match":{"severity":["critical","major"],"area":{"regex":"^north"}},"continue":false,"group_by":["area"],'
    '"actions":[{"channel":"email","to":"noc@example.net","template":"short"},{"ticket":{"priority":"high","team":"field",'
    '"category":"outage"}},{"escalate":[{"after_seconds":300,"to":"on-call","channel":"sms"}]}],"enabled":true,"priority":7}'
)
MAIL = {"channel": "email", "to": "noc@example.net"}
NIGHT: dict[str, Any] = {"name": "night", "actions": [MAIL]}


async def test_the_body_of_the_specification_is_taken_as_it_stands(lab: Any) -> None:
    async with lab.serve(), lab.client("admin") as client:
        answer = await client.post(POLICIES, content=BODY)
        assert answer.status_code == 201, answer.text
        shown = answer.json()
        assert answer.headers["location"] == f"{POLICIES}/{shown['id']}"
        assert answer.headers["etag"] == '"1"'
        assert shown["continue"] is False
        assert shown["match"] == {"severity": ["critical", "major"], "area": {"regex": "^north"}}
        assert shown["actions"][2] == {"escalate": [{"after_seconds": 300.0, "to": "on-call", "channel": "sms"}]}
        assert (shown["origin"], shown["revision"], shown["tenant_id"], shown["error"]) == ("api", 1, None, "")
        assert shown["warnings"] == [
            "actions[0].to: channel email is not configured",
            "actions[2].escalate[0].to: channel sms is not configured",
        ]
        assert (await client.get(f"{POLICIES}/{shown['id']}")).json() == shown
        assert (await client.get(POLICIES)).json() == {"items": [shown], "next_cursor": None}


async def test_a_policy_is_changed_by_revision_and_deleted(lab: Any) -> None:
    async with lab.serve(), lab.client("admin") as client:
        shown = (await client.post(POLICIES, json=NIGHT)).json()
        place = f"{POLICIES}/{shown['id']}"
        changed = await client.patch(place, json={"continue": False, "quiet_hours": {"from": "22:00", "to": "06:00"}})
        assert changed.status_code == 200, changed.text
        assert (changed.json()["continue"], changed.json()["revision"]) == (False, 2)
        assert changed.json()["quiet_hours"] == {"from": "22:00", "to": "06:00"}
        stale = await client.patch(place, json={"priority": 1}, headers={"If-Match": '"1"'})
        assert stale.status_code == 412
        assert (await client.patch(place, json={"quiet_hours": None}, headers={"If-Match": '"2"'})).json()[
            "quiet_hours"
        ] is None
        assert (await client.delete(place, headers={"If-Match": '"2"'})).status_code == 412
        assert (await client.delete(place)).status_code == 204
        lab.problem(await client.get(place), 404, "unknown_policy")


async def test_the_same_key_makes_one_policy(lab: Any) -> None:
    async with lab.serve(), lab.client("admin") as client:
        first = await client.post(POLICIES, json=NIGHT, headers={"Idempotency-Key": "k1"})
        again = await client.post(POLICIES, json=NIGHT, headers={"Idempotency-Key": "k1"})
        assert (first.status_code, again.status_code) == (201, 200)
        assert first.json() == again.json()


@pytest.mark.parametrize(
    ("change", "fields"),
    [
        ({"match": {"alarm_typ": "x"}}, ["match.alarm_typ"]),
        ({"match": {"title": {"regex": "(?<!a)b"}}}, ["match.title.regex"]),
        ({"match": {"subscriber_count": {"gte": "x"}}}, ["match.subscriber_count.gte"]),
        ({"group_by": ["rack"], "time_zone": "Nowhere"}, ["time_zone", "group_by[0]"]),
        ({"actions": [MAIL | {"to": "nobody"}]}, ["actions[0].to"]),
        ({"actions": [{"channel": "pigeon", "to": "x"}]}, ["actions[0].channel"]),
        ({"actions": [{"channel": "email"}]}, ["actions[0].to"]),
        ({"routes": [{"continue": "yes"}]}, ["routes[0].continue"]),
        ({"hours": {"from": "8", "to": "17:00"}}, ["hours.from"]),
        ({"surprise": 1}, ["surprise"]),
        ({"priority": 10**30}, ["priority"]),
        ({"match": {"metadata.x": 10**30}}, ["match[...]"]),
    ],
)
async def test_a_mistake_is_named_with_its_field(lab: Any, change: dict[str, Any], fields: list[str]) -> None:
    async with lab.serve(), lab.client("admin") as client:
        answer = await client.post(POLICIES, json=NIGHT | change)
        lab.problem(answer, 422, "invalid_body", *fields)
        assert (await client.get(POLICIES)).json()["items"] == []


async def test_a_route_within_routes_without_end_is_refused(lab: Any) -> None:
    async with lab.serve(), lab.client("admin") as client:
        for depth in (9, 200, 5_000):
            body = '{"name":"deep","routes":[' + '{"routes":[' * depth + "]}" * depth + "]}"
            answer = await client.post(POLICIES, content=body)
            assert answer.status_code in (400, 422), (depth, answer.text)
            assert answer.headers["content-type"] == "application/problem+json"


@pytest.mark.parametrize(("token", "status"), [("viewer", 403), ("operator", 403), ("admin", 201)])
async def test_admins_write_policies(lab: Any, token: str, status: int) -> None:
    async with lab.serve(), lab.client(token) as client:
        assert (await client.post(POLICIES, json=NIGHT)).status_code == status
        assert (await client.get(POLICIES)).status_code == 200
        assert (await client.post(TRY, json={})).status_code == 200


async def test_a_tenant_sees_its_own_policies_and_those_of_everybody(lab: Any) -> None:
    async with lab.serve(), lab.client("admin") as admin, lab.client("north-viewer") as north:
        for name, tenant in (("all", None), ("north", "north"), ("south", "south")):
            answer = await admin.post(POLICIES, json=NIGHT | {"name": name, "tenant_id": tenant})
            assert answer.status_code == 201, answer.text
            if name == "south":
                assert (await north.get(f"{POLICIES}/{answer.json()['id']}")).status_code == 404
        assert [each["name"] for each in (await north.get(POLICIES)).json()["items"]] == ["all", "north"]
        tried = (await north.post(TRY, json={})).json()
        assert [each["name"] for each in tried["policies"]] == ["all", "north"]
        lab.problem(await north.post(TRY, json={"tenant_id": "south"}), 403, "not_your_tenant")


async def test_the_list_is_in_the_order_in_which_policies_are_asked_and_paged(lab: Any) -> None:
    async with lab.serve(), lab.client("admin") as client:
        for name, priority in (("b", 0), ("c", 5), ("a", 0)):
            await client.post(POLICIES, json=NIGHT | {"name": name, "priority": priority})
        found, cursor = [], None
        while True:
            page = (await client.get(POLICIES, params={"limit": 1} | ({"cursor": cursor} if cursor else {}))).json()
            found += [each["name"] for each in page["items"]]
            cursor = page["next_cursor"]
            if cursor is None:
                break
        assert found == ["c", "a", "b"]
        assert (await client.get(POLICIES, params={"enabled": "false"})).json()["items"] == []
        assert (await client.get(POLICIES, params={"tenant_id": "north"})).json()["items"] == []


async def test_a_change_of_nothing_and_an_unknown_policy_are_refused(lab: Any) -> None:
    async with lab.serve(), lab.client("admin") as client:
        shown = (await client.post(POLICIES, json=NIGHT)).json()
        lab.problem(await client.patch(f"{POLICIES}/{shown['id']}", json={}), 422, "invalid_body")
        lab.problem(await client.patch(f"{POLICIES}/none", json={"enabled": True}), 404, "unknown_policy")
        lab.problem(await client.delete(f"{POLICIES}/file%3Anone"), 404, "unknown_policy")


async def test_a_template_has_to_be_there(lab: Any) -> None:
    lab.stages.dispatch.inputs = DispatchInputs(templates=("short",))
    step = {"after_seconds": 60, "to": "on-call", "template": "night"}
    async with lab.serve(), lab.client("admin") as client:
        assert (await client.post(POLICIES, content=BODY)).status_code == 201
        below = NIGHT | {"name": "below", "routes": [{"actions": [MAIL | {"template": "lang"}, {"escalate": [step]}]}]}
        fields = ["routes[0].actions[0].template", "routes[0].actions[1].escalate[0].template"]
        lab.problem(await client.post(POLICIES, json=below), 422, "invalid_body", *fields)
        shown = (await client.post(POLICIES, json=NIGHT)).json()
        change = {"actions": [MAIL | {"template": "lang"}]}
        lab.problem(await client.patch(f"{POLICIES}/{shown['id']}", json=change), 422, "invalid_body", "actions[0].template")
        lab.stages.dispatch.inputs = DispatchInputs(channels=("email", "sms"), templates=())
        (kept,) = [each for each in (await client.get(POLICIES)).json()["items"] if each["name"] == "Night"]
        warnings = (await client.get(f"{POLICIES}/{kept['id']}")).json()["warnings"]
        assert warnings == [
            "actions[0].template: 'short' is no template of the configuration; [notifier] templates has none",
        ]


@pytest.mark.parametrize("name", ["Störung 50/50 %", "ß" * 500, "!"])
async def test_a_policy_of_a_file_is_reached_whatever_its_name(lab: Any, name: str) -> None:
    async with lab.serve(), lab.client("admin") as client:
        loaded = DispatchLoaded("d", (NotificationPolicy(name=name),), msgspec.msgpack.encode(DispatchInputs()))
        lab.stages.fold(lab.state.offset + 1, lab.now, loaded)
        (shown,) = (await client.get(POLICIES)).json()["items"]
        place = f"{POLICIES}/{quote(shown['id'], safe='')}"
        assert (await client.patch(place, json={"enabled": False})).json()["enabled"] is False
        assert (await client.delete(place)).status_code == 409


async def test_policies_are_tried_on_fields(lab: Any) -> None:
    async with lab.serve(), lab.client("admin") as client:
        night = NIGHT | {"match": {"severity": "critical", "area": "north", "metadata.slot": 3, "customer_tier": "gold"}}
        shown = (await client.post(POLICIES, json=night)).json()
        fields = {"severity": "critical", "area": "north", "metadata.slot": 3, "customer_tier": ["silver", "gold"]}
        trial = (await client.post(TRY, json={"fields": fields, "at": "2026-03-28T02:00:00Z"})).json()
        assert trial["at"] == "2026-03-28T02:00:00Z"
        (found,) = trial["policies"]
        assert (found["id"], found["routes"], found["continues"]) == (shown["id"], [""], True)
        (action,) = found["actions"]
        assert (action["pointer"], action["channel"], action["to"]) == ("/actions/0", "email", "noc@example.net")
        assert (await client.post(TRY, json={"fields": fields | {"severity": "major"}})).json()["policies"] == []


async def test_policies_are_tried_on_an_alarm(lab: Any) -> None:
    async with lab.serve(), lab.client("admin") as client:
        alarm = await lab.create(client)
        await client.post(POLICIES, json=NIGHT | {"match": {"alarm_type": "ont.los"}})
        for name in (alarm["id"], alarm["alarm_id"]):
            trial = (await client.post(TRY, json={"alarm_id": name})).json()
            assert trial["notice"]["title"] == "Loss of signal"
            assert [each["name"] for each in trial["policies"]] == ["night"]
        north = NIGHT | {"name": "north", "match": {"area": "north", "customer_tier": "gold"}}
        assert (await client.post(POLICIES, json=north)).status_code == 201
        trial = (await client.post(TRY, json={"alarm_id": alarm["id"]})).json()
        assert [each["name"] for each in trial["policies"]] == ["night"]
        lab.stages.fold(
            lab.state.offset + 1,
            lab.now,
            TopologyLoaded(
                "t",
                (
                    Node(id="olt-1", type="olt", area="north"),
                    Node(id="olt-1/0/1/3", type="ont", parents=("olt-1",), customer_id="C1", sla_class="gold"),
                ),
            ),
        )
        trial = (await client.post(TRY, json={"alarm_id": alarm["id"]})).json()
        assert [each["name"] for each in trial["policies"]] == ["night", "north"]
        over = {"alarm_id": alarm["id"], "fields": {"alarm_type": "other"}}
        assert [each["name"] for each in (await client.post(TRY, json=over)).json()["policies"]] == ["north"]
        lab.problem(await client.post(TRY, json={"alarm_id": "none"}), 404, "unknown_alarm")


async def test_policies_are_tried_on_an_agreement(lab: Any) -> None:
    async with lab.serve(), lab.client("admin") as client, lab.client("north-viewer") as north:
        gold = {"name": "Gold", "service_type": "business", "sla_class": "gold", "availability_target": 0.999}
        definition = await client.post(f"{lab.FAULTS}/sla-definitions", json=gold)
        assert definition.status_code == 201, definition.text
        contract = {
            "sla_definition_id": definition.json()["id"],
            "customer_id": "C7",
            "service_id": "svc-7",
            "start_date": "2026-01-01T00:00:00Z",
            "account_manager": "eve@example.net",
        }
        made = await client.post(f"{lab.FAULTS}/sla-instances", json=contract)
        assert made.status_code == 201, made.text
        match = {"subject": "sla", "service_type": "business", "customer_tier": "gold", "customer_id": "C7"}
        manager = [{"channel": "email", "to": "account_manager"}]
        await client.post(POLICIES, json={"name": "managers", "match": match, "actions": manager})
        body = {"kind": "breach_opened", "fields": {"instance_id": made.json()["id"]}}
        (found,) = (await client.post(TRY, json=body)).json()["policies"]
        assert "email" in found["actions"][0]["nobody"]
        assert "account manager" not in found["actions"][0]["nobody"]
        lab.problem(await north.post(TRY, json=body), 404, "unknown_instance")


@pytest.mark.parametrize(
    ("body", "fields"),
    [
        ({"fields": {"severty": "major"}}, ["fields.severty"]),
        ({"fields": {"severity": "urgent", "subscriber_count": "9"}}, ["fields.severity", "fields.subscriber_count"]),
        ({"fields": {"customer_tier": "gold", "is_root_cause": 1}}, ["fields.customer_tier", "fields.is_root_cause"]),
        ({"fields": {"cleared_at": "2026-01-01T00:00:00Z"}}, ["fields.cleared_at"]),
        ({"fields": {"tenant_id": "x"}}, ["fields.tenant_id"]),
        ({"fields": {"metadata.x": {"y": {"z": "\x00"}}}}, ["fields.metadata.x.y.z"]),
        ({"kind": "raise"}, ["kind"]),
        ({"at": "2026-03-28T02:00:00"}, ["at"]),
        ({"at": "2400-03-28T02:00:00Z"}, ["at"]),
    ],
)
async def test_a_trial_names_its_mistakes(lab: Any, body: dict[str, Any], fields: list[str]) -> None:
    async with lab.serve(), lab.client("viewer") as client:
        lab.problem(await client.post(TRY, json=body), 422, "invalid_body", *fields)

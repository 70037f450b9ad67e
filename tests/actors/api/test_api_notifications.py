"""Notifications over HTTP: filters, pages and tenants from a real PostgreSQL and from the fold, one more attempt, and tests."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from vocabulary.api import RunningApi
from vocabulary.dispatch import ALARM, OTHER, T0, make_contact, make_notification, make_policy

from actors.dispatcher.settings import DispatchInputs
from protocols.dispatch.changes import ContactChanged, NotificationChanged, NotificationPolicyChanged
from protocols.dispatch.contact import ContactMethod
from protocols.dispatch.notification import DispatchedNotification
from protocols.event import DispatchDataRestored
from protocols.ledger import RecordedBatch

PATH = f"{RunningApi.FAULTS}/notifications"


async def keep(lab: RunningApi, *notifications: DispatchedNotification) -> None:
    """Have notifications in the fold, and in PostgreSQL where there is one."""
    await lab.record([DispatchDataRestored("old", tuple(NotificationChanged(0, each) for each in notifications))])


async def store(lab: RunningApi, *notifications: DispatchedNotification) -> None:
    """Have notifications in PostgreSQL alone: history."""
    lab.seq += 1
    await lab.apply(RecordedBatch(lab.seq, lab.seq, [NotificationChanged(1, each) for each in notifications]))
    lab.progress.advance(lab.seq)


def some() -> list[DispatchedNotification]:
    """Five notifications, the latest last; two of the same instant."""
    at = T0 + timedelta(seconds=3)
    return [
        make_notification(1, status="sent", channel="email", to="noc@x.example", to_name="", address="noc@x.example"),
        make_notification(2, tenant_id="north", alarm_ids=(OTHER,), policy="NP9"),
        make_notification(3, status="dead", kind="recovered"),
        make_notification(4, created_at=at, status="pending", alarm_ids=()),
        make_notification(5, status="pending", channel="email", kind="test", to="CT5", to_name="Bob", address="bob@x.example"),
    ]


FILTERS = [
    ("", [5, 4, 3, 2, 1]),
    ("status=pending,failed", [5, 4, 2]),
    ("status=dead", [3]),
    ("channel=email", [5, 1]),
    ("kind=recovered,test", [5, 3]),
    ("to=noc@x.example", [1]),
    ("to=Bob", [5]),
    ("to=CT18", [4, 3, 2]),
    ("policy=NP9", [2]),
    ("tenant_id=north", [2]),
    (f"alarm_id={OTHER}", [5, 3, 2, 1]),
    (f"alarm_id={ALARM}", [5, 3, 1]),
    ("alarm_id=none", []),
    ("since=2026-11-30T08:00:03.000001Z", [5, 4, 3]),
    ("before=2026-11-30T08:00:03Z", [2, 1]),
]


async def numbers(client: Any, query: str) -> list[int]:
    answer = await client.get(f"{PATH}?{query}")
    assert answer.status_code == 200, answer.text
    return [int(item["id"].removeprefix("N")) for item in answer.json()["items"]]


async def test_a_notification_by_the_names_of_the_wire(stored_lab: RunningApi) -> None:
    lab = stored_lab
    policy = make_policy()
    async with lab.serve(), lab.client("viewer") as client:
        await lab.record([DispatchDataRestored("old", (NotificationPolicyChanged(0, policy.id, policy),))])
        await keep(lab, make_notification())
        answer = await client.get(f"{PATH}/N20")
        assert answer.headers["ETag"].startswith('"2-')
        found = answer.json()
        (listed,) = (await client.get(PATH)).json()["items"]
        nothing: dict[str, Any] = dict.fromkeys(("policy", "instance_id", "breach_id", "answer", "fallback_of"), "")
        await store(lab, make_notification(21, **nothing, alarm_ids=()))
        bare = (await client.get(f"{PATH}/N21")).json()
    assert found.pop("facts") == {"title": "feeder cut", "causes": [{"count": 128}]}
    assert found == listed
    assert found == {
        "id": "N20",
        "tenant_id": "t",
        "subject": f"alarm:{ALARM}",
        "alarm_id": ALARM,
        "alarm_ids": [ALARM, OTHER],
        "sla_instance_id": "SI1",
        "sla_breach_id": "SB1",
        "policy": "NP17",
        "policy_name": "night 17",
        "step": 2,
        "channel": "sms",
        "to": "CT18",
        "to_name": "Ada",
        "address": "+38591",
        "kind": "escalated",
        "template": "short",
        "reason": "step 2: nobody acknowledged it",
        "thread": f"alarm:{ALARM}:+38591",
        "created_at": "2026-11-30T08:00:20.000001Z",
        "status": "failed",
        "attempts": 1,
        "sent_at": "2026-11-30T08:00:20.000002Z",
        "answer": "451 try again",
        "fallback_of": "N3",
        "revision": 2,
    }
    none = ("alarm_id", "sla_instance_id", "sla_breach_id", "policy", "policy_name", "answer", "fallback_of")
    assert [bare[name] for name in none] == [None] * len(none)


@pytest.mark.parametrize("away", [False, True], ids=["stored", "held"])
async def test_filters_and_pages_are_the_same_from_postgresql_and_from_the_fold(
    stored_lab: RunningApi, make_lab: Callable[..., RunningApi], away: bool
) -> None:
    lab = make_lab() if away else stored_lab
    async with lab.serve(), lab.client("viewer") as client:
        await keep(lab, *some())
        for query, wanted in FILTERS:
            assert await numbers(client, query) == wanted, query
        found: list[int] = []
        cursor = ""
        while True:
            page = (await client.get(f"{PATH}?limit=2{cursor}")).json()
            found += [int(item["id"][1:]) for item in page["items"]]
            if page["next_cursor"] is None:
                break
            cursor = f"&cursor={page['next_cursor']}"
        assert found == [5, 4, 3, 2, 1]
        answer = await client.get(PATH)
        assert ("Faultd-Degraded" in answer.headers) == (answer.json()["degraded"] is not None) == away


async def test_the_alarm_of_a_filter_by_its_external_id(stored_lab: RunningApi) -> None:
    lab = stored_lab
    async with lab.serve(), lab.client() as client:
        alarm = await lab.create(client, alarm_id="NMS-7")
        await keep(lab, *some(), make_notification(6, alarm_ids=(alarm["id"],)))
        assert await numbers(client, "alarm_id=NMS-7") == [6]
        assert await numbers(client, f"alarm_id={alarm['id']}") == [6]


@pytest.mark.parametrize("away", [False, True], ids=["stored", "held"])
async def test_a_tenant_sees_and_resends_its_own_alone(
    stored_lab: RunningApi, make_lab: Callable[..., RunningApi], away: bool
) -> None:
    lab = make_lab() if away else stored_lab
    async with lab.serve(), lab.client("north") as north, lab.client("north-viewer") as viewer:
        await keep(lab, *some(), make_notification(7, status="dead", tenant_id="north"))
        assert await numbers(north, "") == [7, 2]
        assert await numbers(viewer, "status=dead") == [7]
        lab.problem(await north.get(f"{PATH}?tenant_id=t"), 403, "not_your_tenant")
        if not away:
            lab.problem(await north.get(f"{PATH}/N3"), 404, "unknown_notification")
            lab.problem(await north.post(f"{PATH}/N3/resend"), 404, "unknown_notification")
        assert (await north.post(f"{PATH}/N7/resend")).status_code == 200
        lab.problem(await viewer.post(f"{PATH}/N7/resend"), 403, "forbidden")
        lab.problem(await viewer.post(f"{PATH}/test", json={"channel": "sms", "to": "x"}), 403, "forbidden")


async def test_one_that_was_given_up_is_delivered_again_under_its_id(stored_lab: RunningApi) -> None:
    lab = stored_lab
    async with lab.serve(), lab.client() as client:
        await keep(lab, make_notification(3, status="dead", attempts=8))
        await store(lab, make_notification(4, status="dead", attempts=8))  # the fold has forgotten it
        for name in ("N3", "N4"):
            answer = await client.post(f"{PATH}/{name}/resend")
            assert answer.status_code == 200, answer.text
            shown = answer.json()
            assert (shown["id"], shown["status"], shown["attempts"], shown["revision"]) == (name, "pending", 0, 3)
            assert shown["reason"] == "step 2: nobody acknowledged it; sent again, asked for by operator"
            assert lab.stages.dispatch.notifications[name].waits
            lab.problem(await client.post(f"{PATH}/{name}/resend"), 409, "wrong_state")
        assert await numbers(client, "status=pending") == [4, 3]
        lab.problem(await client.post(f"{PATH}/N99/resend"), 404, "unknown_notification")


async def test_a_test_reaches_people_and_addresses_whatever_the_hour(lab: RunningApi) -> None:
    lab.stages.dispatch.inputs = DispatchInputs(channels=("email", "sms"))
    ada = make_contact(methods=(ContactMethod(channel="sms", address="+385911234567"),), tenant_id=None)
    async with lab.serve(), lab.client() as client:
        await lab.record([DispatchDataRestored("old", (ContactChanged(0, ada.id, ada),))])
        answer = await client.post(f"{PATH}/test", json={"channel": "sms", "to": "Ada", "template": "short"})
        assert answer.status_code == 201, answer.text
        (shown,) = answer.json()["items"]
        assert (shown["to"], shown["to_name"], shown["address"], shown["template"]) == ("CT18", "Ada", "+385911234567", "short")
        assert (shown["kind"], shown["subject"], shown["status"]) == ("test", "test", "pending")
        assert shown["reason"].startswith("a test, asked for by operator")
        assert lab.stages.dispatch.notifications[shown["id"]].waits
        answer = await client.post(f"{PATH}/test", json={"channel": "email", "to": "noc@example.net"})
        assert [each["address"] for each in answer.json()["items"]] == ["noc@example.net"]


@pytest.mark.parametrize(
    ("body", "status", "kind", "fields"),
    [
        ({"channel": "email", "to": "Ada"}, 422, "invalid_body", ["to"]),
        ({"channel": "sms", "to": "nobody"}, 422, "invalid_body", ["to"]),
        ({"channel": "slack", "to": "#noc"}, 422, "invalid_body", ["to"]),
        ({"channel": "fax", "to": "Ada"}, 422, "invalid_body", ["channel"]),
        ({"channel": "sms"}, 422, "invalid_body", ["to"]),
        ({"channel": "sms", "to": ""}, 422, "invalid_body", ["to"]),
        ({"channel": "sms", "to": "Ada", "text": "x"}, 422, "invalid_body", ["text"]),
        ({"channel": "sms", "to": "Ada", "template": "short"}, 422, "invalid_body", ["template"]),
    ],
)
async def test_a_test_that_reaches_nobody_names_the_field(
    lab: RunningApi, body: dict[str, Any], status: int, kind: str, fields: list[str]
) -> None:
    lab.stages.dispatch.inputs = DispatchInputs(channels=("email", "sms"), templates=("night",))
    ada = make_contact(methods=(ContactMethod(channel="sms", address="+385911234567"),))
    async with lab.serve(), lab.client() as client:
        await lab.record([DispatchDataRestored("old", (ContactChanged(0, ada.id, ada),))])
        lab.problem(await client.post(f"{PATH}/test", json=body), status, kind, *fields)
        assert lab.stages.dispatch.notifications == {}


@pytest.mark.parametrize(
    ("channel", "lack"), [("email", "Ada has no method of email"), ("slack", "the configuration has no slack")]
)
async def test_a_test_that_is_refused_says_whether_the_person_or_the_configuration_lacks_the_channel(
    lab: RunningApi, channel: str, lack: str
) -> None:
    lab.stages.dispatch.inputs = DispatchInputs(channels=("email", "sms"))
    methods = (ContactMethod(channel="sms", address="+385911234567"), ContactMethod(channel="slack", address="#ada"))
    ada = make_contact(methods=methods, tenant_id=None)
    async with lab.serve(), lab.client() as client:
        await lab.record([DispatchDataRestored("old", (ContactChanged(0, ada.id, ada),))])
        answer = await client.post(f"{PATH}/test", json={"channel": channel, "to": "Ada"})
        assert answer.json()["errors"] == [{"field": "to", "message": lack}]


@pytest.mark.parametrize(
    ("query", "field"),
    [
        ("status=lost", "status[0]"),
        ("since=yesterday", "since"),
        ("before=1600-01-01T00:00:00Z", "before"),
        ("limit=0", "limit"),
    ],
)
async def test_a_filter_that_is_wrong_names_its_field(lab: RunningApi, query: str, field: str) -> None:
    async with lab.serve(), lab.client("viewer") as client:
        lab.problem(await client.get(f"{PATH}?{query}"), 400, "invalid_parameter", field)


async def test_a_cursor_of_another_list_is_refused(lab: RunningApi) -> None:
    async with lab.serve(), lab.client("viewer") as client:
        lab.problem(await client.get(f"{PATH}?cursor=WyJ0aWNrZXRzIl0"), 400, "invalid_parameter", "cursor")

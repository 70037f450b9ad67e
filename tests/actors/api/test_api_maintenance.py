"""Maintenance windows over HTTP, with PostgreSQL away."""

from datetime import timedelta
from typing import Any

import pytest
from vocabulary.api import RunningApi

from protocols.event import Event, NetworkEvent, Tick, TopologyLoaded
from protocols.topology import Node

PATH = "/api/v1/faults/maintenance-windows"
WINDOW = {
    "title": "Splicing at cabinet 7",
    "scope": {"subtrees": ["olt-1"]},
    "start": "2026-03-01T13:00:00+01:00",
    "end": "2026-03-01T15:00:00+01:00",
    "time_zone": "Europe/Berlin",
}


async def test_the_life_of_a_window(lab: RunningApi) -> None:
    async with lab.serve(), lab.client("admin") as client:
        response = await client.post(PATH, json=WINDOW)
        assert response.status_code == 201, response.text
        window = response.json()
        assert response.headers["location"] == f"{PATH}/{window['id']}"
        assert (window["phase"], window["start"], window["end"]) == ("active", "2026-03-01T12:00:00Z", "2026-03-01T14:00:00Z")
        assert window["occurrence"] == {"start": window["start"], "end": window["end"]}
        assert (window["tenant_id"], window["created_by"], window["held"]) == (None, "admin", 0)
        alarm = await lab.create(client)
        assert (alarm["status"], alarm["suppressed_by"][0]["by"]) == ("suppressed", window["id"])
        assert (await client.get(f"{PATH}/{window['id']}")).json()["held"] == 1

        longer = (await client.patch(f"{PATH}/{window['id']}", json={"end": "2026-03-01T16:00:00", "title": "Longer"})).json()
        assert (longer["end"], longer["title"]) == ("2026-03-01T15:00:00Z", "Longer"), "the time of day in Berlin"
        ended = await client.post(f"{PATH}/{window['id']}/end")
        assert (ended.status_code, ended.json()["phase"], ended.json()["ended_by"]) == (200, "ended", "admin")
        assert ended.json()["held"] == 0
        again = await client.post(f"{PATH}/{window['id']}/end")
        lab.problem(again, 409, "wrong_state")
        assert lab.sample("faultd_commands_total", action="put_window", result="accepted") == 1
        assert lab.sample("faultd_commands_total", action="end_window", result="wrong_state") == 1


async def test_cancelled_it_stays_in_the_list(lab: RunningApi) -> None:
    async with lab.serve(), lab.client("admin") as client:
        window = (await client.post(PATH, json=WINDOW)).json()
        response = await client.delete(f"{PATH}/{window['id']}")
        assert (response.status_code, response.json()["phase"]) == (200, "cancelled")
        assert (await client.delete(f"{PATH}/{window['id']}")).status_code == 200
        items = (await client.get(PATH)).json()["items"]
        assert [(item["id"], item["phase"], item["cancelled_by"]) for item in items] == [(window["id"], "cancelled", "admin")]
        lab.problem(await client.patch(f"{PATH}/{window['id']}", json={"title": "x"}), 409, "wrong_state")
        lab.problem(await client.get(f"{PATH}/MW999"), 404, "unknown_window")
        lab.problem(await client.delete(f"{PATH}/MW999"), 404, "unknown_window")


async def test_a_recurring_window_shows_its_next_occurrence(lab: RunningApi) -> None:
    body = WINDOW | {"recurrence": "FREQ=WEEKLY;BYDAY=SU", "exceptions": ["2026-03-08"], "start": "2026-03-01T02:00:00"}
    async with lab.serve(), lab.client("admin") as client:
        response = await client.post(
            PATH, json={key: value for key, value in body.items() if key != "end"} | {"duration_seconds": 7200}
        )
        window = response.json()
        assert (window["phase"], window["occurrence"]["start"]) == ("upcoming", "2026-03-15T01:00:00Z")
        lab.now += timedelta(days=13, hours=13, minutes=30)
        await lab.record([Tick()])
        window = (await client.get(f"{PATH}/{window['id']}")).json()
        assert (window["phase"], window["occurrence"]["end"]) == ("active", "2026-03-15T03:00:00Z")


async def test_the_list_is_filtered_and_paged(lab: RunningApi) -> None:
    async with lab.serve(), lab.client("admin") as client:
        for number in range(5):
            start = f"2026-03-0{number + 1}T12:00:00Z"
            body = WINDOW | {"start": start, "end": start.replace("T12", "T13"), "tenant_id": "north" if number % 2 else None}
            assert (await client.post(PATH, json=body)).status_code == 201
        first = (await client.get(PATH, params={"limit": 2})).json()
        second = (await client.get(PATH, params={"limit": 2, "cursor": first["next_cursor"]})).json()
        third = (await client.get(PATH, params={"limit": 2, "cursor": second["next_cursor"]})).json()
        starts = [item["start"][8:10] for page in (first, second, third) for item in page["items"]]
        assert (starts, third["next_cursor"]) == (["05", "04", "03", "02", "01"], None)

        async def ids(**query: str) -> list[str]:
            return [item["start"][8:10] for item in (await client.get(PATH, params=query)).json()["items"]]

        assert await ids(phase="active") == ["01"]
        assert await ids(phase="upcoming", tenant_id="north") == ["04", "02"]
        assert await ids(phase="active,upcoming") == ["05", "04", "03", "02", "01"]
        lab.problem(await client.get(PATH, params={"phase": "past"}), 400, "invalid_parameter", "phase[0]")
        lab.problem(await client.get(PATH, params={"cursor": "x"}), 400, "invalid_parameter", "cursor")


async def test_the_same_idempotency_key_makes_one_window(lab: RunningApi) -> None:
    async with lab.serve(), lab.client("admin") as client:
        first = await client.post(PATH, json=WINDOW, headers={"Idempotency-Key": "k"})
        again = await client.post(PATH, json=WINDOW, headers={"Idempotency-Key": "k"})
        assert (first.status_code, again.status_code) == (201, 200)
        assert first.json()["id"] == again.json()["id"]


async def test_who_may_see_and_plan_what(lab: RunningApi) -> None:
    async with lab.serve(), lab.client("admin") as admin, lab.client("north") as north, lab.client("south") as south:
        everywhere = (await admin.post(PATH, json=WINDOW)).json()
        own = await north.post(PATH, json=WINDOW)
        assert (own.status_code, own.json()["tenant_id"]) == (201, "north")
        path = f"{PATH}/{own.json()['id']}"
        assert [item["id"] for item in (await north.get(PATH)).json()["items"]] == [own.json()["id"]]
        assert len((await admin.get(PATH)).json()["items"]) == 2
        lab.problem(await north.post(PATH, json=WINDOW | {"tenant_id": "south"}), 403, "not_your_tenant")
        for response in (await south.get(path), await south.delete(path), await north.get(f"{PATH}/{everywhere['id']}")):
            lab.problem(response, 404, "unknown_window")
        assert (await north.delete(path)).status_code == 200
        async with lab.client("operator") as operator, lab.client("viewer") as viewer:
            lab.problem(await operator.post(PATH, json=WINDOW), 403, "forbidden")
            assert (await operator.post(PATH, json=WINDOW | {"tenant_id": "north"})).status_code == 201
            lab.problem(await operator.delete(f"{PATH}/{everywhere['id']}"), 403, "not_your_tenant")
            lab.problem(await viewer.post(PATH, json=WINDOW), 403, "forbidden")
            lab.problem(await viewer.delete(path), 403, "forbidden")
            assert len((await viewer.get(PATH)).json()["items"]) == 3


async def test_the_seed_documents_names_say_the_same(lab: RunningApi) -> None:
    body = {key: value for key, value in WINDOW.items() if key not in ("start", "end")}
    async with lab.serve(), lab.client("admin") as client:
        answer = await client.post(PATH, json=body | {"start_time": WINDOW["start"], "end_time": WINDOW["end"]})
        window = answer.json()
        assert (answer.status_code, window["start_time"], window["end_time"], window["status"]) == (
            201,
            "2026-03-01T12:00:00Z",
            "2026-03-01T14:00:00Z",
            "active",
        )
        assert [window["start"], window["end"], window["phase"]] == [window["start_time"], window["end_time"], window["status"]]
        longer = await client.patch(f"{PATH}/{window['id']}", json={"end_time": "2026-03-01T15:00:00Z"})
        assert (longer.status_code, longer.json()["end"]) == (200, "2026-03-01T15:00:00Z")
        assert [item["id"] for item in (await client.get(f"{PATH}?status=active")).json()["items"]] == [window["id"]]
        assert (await client.get(f"{PATH}?status=ended")).json()["items"] == []
        assert len((await client.get(f"{PATH}?status=ended&phase=active")).json()["items"]) == 1


async def test_names_that_name_nothing_are_told(lab: RunningApi) -> None:
    nodes = (
        Node(id="olt-1", type="olt", tenant="north", address="192.0.2.1"),
        Node(id="olt-1/0/1", type="ont", parents=("olt-1",), tenant="north", customer_id="c-1", service_id="s-1"),
        Node(id="core/7/1", type="card", tenant="south"),
    )
    known = {
        "devices": ["olt-1", "core", "198.51.100.9"],
        "subtrees": ["olt-1/0/1"],
        "customers": ["c-1"],
        "services": ["s-1"],
    }
    async with lab.serve(), lab.client("admin") as client, lab.client("north") as north:
        await lab.record([TopologyLoaded("d", nodes), *_heard("198.51.100.9")])
        window = (await client.post(PATH, json=WINDOW | {"scope": known})).json()
        assert window["warnings"] == []
        wrong = {field: [*names, "tpyo"] for field, names in known.items()}
        window = (await client.post(PATH, json=WINDOW | {"scope": wrong})).json()
        fields = ("subtrees", "devices", "customers", "services")
        told = [f"scope.{field}: nothing is known by the name 'tpyo'" for field in fields]
        assert [warning.partition(";")[0] for warning in window["warnings"]] == told
        assert (await client.get(f"{PATH}/{window['id']}")).json()["warnings"] == window["warnings"]
        mine = (await north.post(PATH, json=WINDOW | {"scope": {"subtrees": ["olt-1", "core/7/1"]}})).json()
        assert ["core/7/1" in warning for warning in mine["warnings"]] == [True], "what is another tenant's reads like nothing"
        many = {"customers": [f"x{number}" for number in range(50)]}
        (warning,) = (await client.post(PATH, json=WINDOW | {"scope": many})).json()["warnings"]
        assert "and 30 more" in warning


async def test_a_recurrence_without_a_time_zone_says_in_which_it_recurs(lab: RunningApi) -> None:
    body = {key: value for key, value in WINDOW.items() if key != "time_zone"} | {"recurrence": "FREQ=DAILY"}
    async with lab.serve(), lab.client("admin") as client:
        window = (await client.post(PATH, json=body | {"scope": {"alarm_types": ["ont.los"]}})).json()
        assert window["time_zone"] == "UTC"
        assert [("UTC" in warning, "recurs" in warning) for warning in window["warnings"]] == [(True, True)]


def _heard(address: str) -> list[Event]:
    """A device that the topology does not have has an open alarm."""
    return [NetworkEvent(type="device.down", tenant_id="north", resource_type="olt", resource_id=address)]


WRONG: list[tuple[dict[str, Any], str]] = [
    ({"end": "2026-03-01T11:00:00Z"}, "end"),
    ({"end": "2026-03-01T12:00:00+00:00", "start": "2026-03-01T12:00:00Z"}, "end"),
    ({"end": None}, "end"),
    ({"duration_seconds": 60}, "end"),
    ({"start": "2026-03-01T11:00:00Z", "end": "2026-03-01T11:30:00Z"}, "end"),
    ({"start": "1969-03-01T11:00:00Z"}, "start"),
    ({"start": "0001-01-01T00:00:00"}, "start"),
    ({"end": "9999-12-31T23:59:59-12:00"}, "end"),
    ({"start": "soon"}, "start"),
    ({"start": None}, "start"),
    ({"start_time": "2026-03-01T12:00:00Z"}, "start_time"),
    ({"end_time": "2026-03-01T14:00:00Z"}, "end_time"),
    ({"start": "2026-03-01T13:00:00", "time_zone": None}, "start"),
    ({"end": "2026-03-01T15:00:00", "time_zone": None}, "end"),
    ({"recurrence": "DTSTART;TZID=Europe/Berlin:20270601T220000\nRRULE:FREQ=WEEKLY;BYDAY=TU"}, "recurrence"),
    ({"time_zone": "Mars/Olympus"}, "time_zone"),
    ({"time_zone": "../../etc/passwd"}, "time_zone"),
    ({"recurrence": "FREQ=MINUTELY"}, "recurrence"),
    ({"recurrence": "FREQ=DAILY;BYHOUR=1,2"}, "recurrence"),
    ({"recurrence": "FREQ=YEARLY;BYMONTH=2;BYMONTHDAY=30"}, "recurrence"),
    ({"recurrence": "FREQ=DAILY", "exceptions": ["2026-03-02", "christmas!"]}, "exceptions[1]"),
    ({"scope": {}}, "scope"),
    ({"scope": {"subtree": ["olt-1"]}}, "scope.subtree"),
    ({"scope": {"devices": [""]}}, "scope.devices[0]"),
    ({"tenant_id": "north", "scope": {"tenants": ["south"]}}, "scope.tenants"),
    ({"title": ""}, "title"),
    ({"colour": "red"}, "colour"),
]


@pytest.mark.parametrize(("fields", "field"), WRONG, ids=lambda one: one if isinstance(one, str) else "")
async def test_a_window_that_cannot_be_is_refused_naming_the_field(lab: RunningApi, fields: dict[str, Any], field: str) -> None:
    async with lab.serve(), lab.client("admin") as client:
        lab.problem(await client.post(PATH, json=WINDOW | fields), 422, "invalid_body", field)


async def test_a_change_that_cannot_be_changes_nothing(lab: RunningApi) -> None:
    async with lab.serve(), lab.client("admin") as client:
        window = (await client.post(PATH, json=WINDOW)).json()
        path = f"{PATH}/{window['id']}"
        for fields, field in (
            ({"end": "2026-03-01T11:00:00Z"}, "end"),
            ({"end": "2026-03-01T15:00:00Z", "duration_seconds": 60}, "end"),
            ({"recurrence": "FREQ=DAILY;COUNT=0"}, "recurrence"),
            ({"scope": {}}, "scope"),
        ):
            lab.problem(await client.patch(path, json=fields), 422, "invalid_body", field)
        assert (await client.patch(path, json={})).status_code == 422
        assert (await client.get(path)).json() == window


async def test_a_preview_plans_nothing_and_names_a_wrong_field(lab: RunningApi) -> None:
    async with lab.serve(), lab.client("operator") as client:
        found = await client.post(f"{PATH}/preview", json=WINDOW)
        assert found.status_code == 200, found.text
        nothing = {"customers": 0, "services": 0, "would_breach": 0, "would_be_at_risk": 0, "complete": True, "items": []}
        (unknown,) = found.json()["warnings"]
        assert "olt-1" in unknown
        assert found.json() == nothing | {"warnings": [unknown]}
        partly = WINDOW | {"scope": {"alarm_types": ["ont.los"]}}
        (warning,) = (await client.post(f"{PATH}/preview", json=partly)).json()["warnings"]
        assert "counts as downtime" in warning
        assert (await client.get(PATH)).json()["items"] == []
        wrong = await client.post(f"{PATH}/preview", json=WINDOW | {"recurrence": "FREQ=SOMETIMES"})
        lab.problem(wrong, 422, "invalid_body", "recurrence")
        lab.problem(await client.post(f"{PATH}/preview?limit=0", json=WINDOW), 400, "invalid_parameter", "limit")


async def test_the_calendar_has_every_occurrence_and_a_tenant_sees_its_own(lab: RunningApi) -> None:
    weekly = WINDOW | {"recurrence": "FREQ=WEEKLY;BYDAY=SU,TU", "exceptions": ["2026-03-08"], "start": "2026-03-01T02:00:00"}
    weekly |= {"end": "2026-03-01T03:00:00", "title": "Weekly"}
    span = {"from": "2026-03-01T00:00:00Z", "to": "2026-03-16T00:00:00Z"}
    async with lab.serve(), lab.client("admin") as client, lab.client("north-viewer") as north:
        ended = (await client.post(PATH, json=WINDOW)).json()
        assert (await client.post(f"{PATH}/{ended['id']}/end")).status_code == 200
        await client.post(PATH, json=weekly)
        own = (
            await client.post(
                PATH,
                json=WINDOW | {"tenant_id": "north", "start": "2026-03-14T13:00:00+01:00", "end": "2026-03-14T14:00:00+01:00"},
            )
        ).json()
        found = (await client.get(f"{PATH}/occurrences", params=span)).json()
        assert found["complete"]
        assert [(each["title"], each["start"][:16], each["ended_early"]) for each in found["items"]] == [
            ("Weekly", "2026-03-01T01:00", False),
            ("Splicing at cabinet 7", "2026-03-01T12:00", True),
            ("Weekly", "2026-03-03T01:00", False),
            ("Weekly", "2026-03-10T01:00", False),
            ("Splicing at cabinet 7", "2026-03-14T12:00", False),
            ("Weekly", "2026-03-15T01:00", False),
        ]
        far = await client.get(f"{PATH}/occurrences", params=span | {"to": "2026-06-01T00:00:00Z"})
        lab.problem(far, 400, "invalid_parameter", "to")
        found = (await north.get(f"{PATH}/occurrences", params=span)).json()
        assert [each["window_id"] for each in found["items"]] == [own["id"]]

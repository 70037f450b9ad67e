"""Maintenance windows over HTTP, with PostgreSQL away."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest

from protocols.event import Tick

Lab = Any
PATH = "/api/v1/faults/maintenance-windows"
WINDOW = {
    "title": "Splicing at cabinet 7",
    "scope": {"subtrees": ["olt-1"]},
    "start": "2026-03-01T13:00:00+01:00",
    "end": "2026-03-01T15:00:00+01:00",
    "time_zone": "Europe/Berlin",
}


async def test_the_life_of_a_window(lab: Lab) -> None:
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


async def test_cancelled_it_stays_in_the_list(lab: Lab) -> None:
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


async def test_a_recurring_window_shows_its_next_occurrence(lab: Lab) -> None:
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


async def test_the_list_is_filtered_and_paged(lab: Lab) -> None:
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


async def test_the_same_idempotency_key_makes_one_window(lab: Lab) -> None:
    async with lab.serve(), lab.client("admin") as client:
        first = await client.post(PATH, json=WINDOW, headers={"Idempotency-Key": "k"})
        again = await client.post(PATH, json=WINDOW, headers={"Idempotency-Key": "k"})
        assert (first.status_code, again.status_code) == (201, 200)
        assert first.json()["id"] == again.json()["id"]


async def test_who_may_see_and_plan_what(lab: Lab) -> None:
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
async def test_a_window_that_cannot_be_is_refused_naming_the_field(lab: Lab, fields: dict[str, Any], field: str) -> None:
    async with lab.serve(), lab.client("admin") as client:
        lab.problem(await client.post(PATH, json=WINDOW | fields), 422, "invalid_body", field)


async def test_a_change_that_cannot_be_changes_nothing(lab: Lab) -> None:
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


async def test_without_the_fold_it_is_refused_for_now(make_lab: Callable[..., Lab]) -> None:
    lab = make_lab()
    lab.api = type(lab.api)(
        lab.settings, lab.send, None, lab.progress, lab.book, lambda: lab.readiness, lab.metrics, lambda: lab.now
    )
    async with lab.serve(), lab.client("admin") as client:
        lab.problem(await client.get(PATH), 503, "windows_unavailable")
        lab.problem(await client.post(PATH, json=WINDOW), 503, "windows_unavailable")
        assert lab.appended == []

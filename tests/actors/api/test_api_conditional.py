"""ETag, If-None-Match and If-Match on every resource that has a revision, over HTTP."""

from collections.abc import Awaitable, Callable
from typing import Any

import httpx
import pytest
import trio
from vocabulary.api import RunningApi

from protocols.event import TopologyLoaded
from protocols.topology import Node

WINDOW = {"title": "Work", "scope": {"devices": ["olt-1"]}, "start": "2026-03-02T00:00:00Z", "duration_seconds": 3600}
RULE = {"name": "r", "type": "suppression", "conditions": {"match": {"alarm_type": "x"}}, "actions": {"suppress": True}}


async def alarm(lab: RunningApi, client: httpx.AsyncClient) -> tuple[str, dict[str, Any]]:
    return f"{lab.ALARMS}/{(await lab.create(client))['id']}", {"title": "Other"}


async def window(lab: RunningApi, client: httpx.AsyncClient) -> tuple[str, dict[str, Any]]:
    made = await client.post(f"{lab.FAULTS}/maintenance-windows", json=WINDOW)
    return made.headers["location"], {"title": "Other"}


async def rule(lab: RunningApi, client: httpx.AsyncClient) -> tuple[str, dict[str, Any]]:
    made = await client.post(f"{lab.FAULTS}/alarm-rules", json=RULE)
    return made.headers["location"], {"priority": 5}


async def node(lab: RunningApi, client: httpx.AsyncClient) -> tuple[str, dict[str, Any]]:
    made = await client.post(f"{lab.FAULTS}/topology/nodes", json={"id": "olt-1/0/1", "type": "card"})
    return made.headers["location"], {"name": "Other"}


Make = Callable[[RunningApi, httpx.AsyncClient], Awaitable[tuple[str, dict[str, Any]]]]
everything = pytest.mark.parametrize("make", [alarm, window, rule, node])


@everything
async def test_a_write_with_the_tag_that_was_read_applies_once(lab: RunningApi, make: Make) -> None:
    async with lab.serve(), lab.client("admin") as client:
        path, change = await make(lab, client)
        read = await client.get(path)
        tag, revision = read.headers["etag"], read.json()["revision"]
        assert tag.startswith(f'"{revision}-')
        done = await client.patch(path, json=change, headers={"If-Match": tag})
        assert done.status_code == 200
        assert done.headers["etag"] == f'"{done.json()["revision"]}"'
        assert done.json()["revision"] > revision
        late = await client.patch(path, json=change, headers={"If-Match": tag})
        assert lab.problem(late, 412, "wrong_revision")["revision"] == done.json()["revision"]
        assert late.headers["etag"] == done.headers["etag"]
        assert (await client.patch(path, json=change, headers={"If-Match": late.headers["etag"]})).status_code == 200


@everything
async def test_weak_foreign_and_malformed_tags(lab: RunningApi, make: Make) -> None:
    async with lab.serve(), lab.client("admin") as client:
        path, change = await make(lab, client)
        tag = (await client.get(path)).headers["etag"]
        for value in (f"W/{tag}", '"x"', '"999999"'):
            lab.problem(await client.patch(path, json=change, headers={"If-Match": value}), 412, "wrong_revision")
        for value in ("7", '"7', ""):
            lab.problem(
                await client.patch(path, json=change, headers={"If-Match": value}), 400, "invalid_parameter", "If-Match"
            )
        for value in (f'"x", {tag}', "*"):
            assert (await client.patch(path, json=change, headers={"If-Match": value})).status_code == 200
            tag = (await client.get(path)).headers["etag"]


@everything
async def test_a_write_on_what_must_not_be_there_or_not_so_is_refused(lab: RunningApi, make: Make) -> None:
    async with lab.serve(), lab.client("admin") as client:
        path, change = await make(lab, client)
        read = await client.get(path)
        revision = read.json()["revision"]
        for value in ("*", read.headers["etag"], f'W/"{revision}"'):
            for method in ("PATCH", "DELETE") if make is not alarm else ("PATCH",):
                body = change if method == "PATCH" else None
                refused = await client.request(method, path, json=body, headers={"If-None-Match": value})
                assert lab.problem(refused, 412, "wrong_revision")["revision"] == revision
        assert (await client.get(path)).json()["revision"] == revision
        other = {"If-Match": read.headers["etag"], "If-None-Match": '"999999"'}
        assert (await client.patch(path, json=change, headers=other)).status_code == 200
        missing = path[: path.rindex("/")] + "/A999999"
        answer = await client.patch(missing, json=change, headers={"If-None-Match": "*"})
        assert answer.status_code == (503 if make is alarm else 404), "an alarm may be history, which PostgreSQL has"


@everything
async def test_a_deletion_of_what_has_changed_is_refused(lab: RunningApi, make: Make) -> None:
    async with lab.serve(), lab.client("admin") as client:
        path, change = await make(lab, client)
        tag = (await client.get(path)).headers["etag"]
        await client.patch(path, json=change)
        if make is alarm:
            lab.problem(await client.post(f"{path}/clear", headers={"If-Match": tag}), 412, "wrong_revision")
        else:
            lab.problem(await client.delete(path, headers={"If-Match": tag}), 412, "wrong_revision")
        assert (await client.get(path)).status_code == 200


@everything
async def test_the_fold_refuses_the_second_of_two_who_read_the_same(lab: RunningApi, make: Make) -> None:
    """Both commands pass the API before either is folded."""
    async with lab.serve(), lab.client("admin") as client:
        path, change = await make(lab, client)
        tag = (await client.get(path)).headers["etag"]
        answers: list[httpx.Response] = []

        async def write() -> None:
            answers.append(await client.patch(path, json=change, headers={"If-Match": tag}))

        lab.answering, before = False, len(lab.appended)
        async with trio.open_nursery() as nursery:
            nursery.start_soon(write)
            nursery.start_soon(write)
            while len(lab.appended) < before + 2:
                lab.asked = trio.Event()
                await lab.asked.wait()
            for append in lab.appended[before:]:
                assert append.answered is not None
                append.answered.give(await lab.record(append.events))
        assert sorted(answer.status_code for answer in answers) == [200, 412]


@everything
async def test_a_representation_that_is_known_is_not_sent_again(lab: RunningApi, make: Make) -> None:
    async with lab.serve(), lab.client("admin") as client:
        path, change = await make(lab, client)
        read = await client.get(path)
        tag = read.headers["etag"]
        for value in (tag, f"W/{tag}", f'"x", {tag}', "*", tag[:-1] + '-gzip"'):
            for method in ("GET", "HEAD"):
                same = await client.request(method, path, headers={"If-None-Match": value})
                assert (same.status_code, same.content, same.headers["etag"]) == (304, b"", tag)
                assert "content-type" not in same.headers
        await client.patch(path, json=change)
        other = await client.get(path, headers={"If-None-Match": tag})
        assert other.status_code == 200
        assert other.headers["etag"] != tag
        lab.problem(await client.get(path, headers={"If-Match": tag}), 412, "wrong_revision")
        lab.problem(await client.get(path, headers={"If-None-Match": "x"}), 400, "invalid_parameter", "If-None-Match")


async def test_what_follows_from_elsewhere_changes_the_tag_and_not_the_revision(lab: RunningApi) -> None:
    async with lab.serve(), lab.client("admin") as client:
        path, _ = await window(lab, client)
        before = await client.get(path)
        lab.now = lab.now.replace(day=2, hour=0, minute=30)
        await lab.create(client, resource_id="olt-1")
        after = await client.get(path, headers={"If-None-Match": before.headers["etag"]})
        assert after.status_code == 200
        assert (before.json()["phase"], after.json()["phase"]) == ("upcoming", "active")
        assert after.json()["revision"] == before.json()["revision"]
        assert (await client.patch(path, json={"title": "x"}, headers={"If-Match": before.headers["etag"]})).status_code == 200


async def test_a_condition_on_what_has_no_revision_is_refused(lab: RunningApi) -> None:
    async with lab.serve(), lab.client("admin") as client:
        for method, path, body in (
            ("POST", lab.ALARMS, lab.ALARM),
            ("PUT", f"{lab.FAULTS}/topology", {"nodes": []}),
            ("POST", f"{lab.ALARMS}/bulk", {"action": {"type": "clear"}, "alarm_ids": ["A1"]}),
        ):
            answer = await client.request(method, path, json=body, headers={"If-Match": '"1"'})
            lab.problem(answer, 412, "precondition_failed")
            answer = await client.request(method, path, json=body, headers={"If-None-Match": "*"})
            lab.problem(answer, 412, "precondition_failed")
            answer = await client.request(method, path, json=body, headers={"If-None-Match": "x"})
            lab.problem(answer, 400, "invalid_parameter", "If-None-Match")
        assert lab.appended == []
        assert (await client.post(lab.ALARMS, json=lab.ALARM, headers={"If-Match": "*"})).status_code == 201
        assert (await client.post(lab.ALARMS, json=lab.ALARM, headers={"If-None-Match": '"1"'})).status_code == 200


async def test_an_alarm_that_is_history_has_the_revision_of_postgresql(stored_lab: RunningApi) -> None:
    lab = stored_lab
    async with lab.serve(), lab.client() as client:
        made = await lab.create(client)
        path = f"{lab.ALARMS}/{made['id']}"
        await client.post(f"{path}/clear")
        lab.state.forget(made["id"])
        tag = (await client.get(path)).headers["etag"]
        assert (await client.post(f"{path}/notes", json={"text": "x"}, headers={"If-Match": tag})).status_code == 200
        lab.problem(await client.post(f"{path}/notes", json={"text": "y"}, headers={"If-Match": tag}), 412, "wrong_revision")
        later = (await client.get(path)).headers["etag"]
        assert later != tag
        assert (await client.patch(path, json={"ticket_id": "T1"}, headers={"If-Match": later})).status_code == 200


async def test_no_condition_tells_a_tenant_of_anothers_resource(lab: RunningApi) -> None:
    """HEAD, conditions and writes answer about another tenant's resource exactly as about none."""
    lab.tokens["north-admin"] = lab.book.create("north-admin", "admin", "north", lab.T0)
    await lab.record([TopologyLoaded("d", (Node(id="olt-s", type="olt", tenant="south"),))])
    async with lab.serve(), lab.client("admin") as everybody, lab.client("north-admin") as north:
        made = await lab.create(everybody, tenant_id="south")
        planned = await everybody.post(f"{lab.FAULTS}/maintenance-windows", json={**WINDOW, "tenant_id": "south"})
        written = await everybody.post(f"{lab.FAULTS}/alarm-rules", json={**RULE, "tenant_id": "south"})
        pairs: list[tuple[str, str, dict[str, Any]]] = [
            (f"{lab.ALARMS}/{made['id']}", f"{lab.ALARMS}/nothing", {"title": "x"}),
            (planned.headers["location"], f"{lab.FAULTS}/maintenance-windows/MW999", {"title": "x"}),
            (written.headers["location"], f"{lab.FAULTS}/alarm-rules/R999", {"priority": 1}),
            (f"{lab.FAULTS}/topology/nodes/olt-s", f"{lab.FAULTS}/topology/nodes/nothing", {"name": "x"}),
        ]
        for theirs, none, change in pairs:
            tag = (await everybody.get(theirs)).headers["etag"]
            for headers in ({}, {"If-Match": tag}, {"If-Match": "*"}, {"If-Match": '"x"'}, {"If-None-Match": tag}):
                for method in ("GET", "HEAD", "PATCH", "OPTIONS"):
                    body: dict[str, Any] = {"json": change} if method == "PATCH" else {}
                    found = [await north.request(method, path, headers=headers, **body) for path in (theirs, none)]
                    shown = [
                        (each.status_code, each.headers.get("etag"), each.text.replace(str(each.url).rpartition("/")[2], ""))
                        for each in found
                    ]
                    assert shown[0] == shown[1], (method, theirs, headers)
                    assert found[0].status_code in (404, 503, 204 if method == "OPTIONS" else 404)

"""Alarms that the fold holds are read there: at once, and while PostgreSQL is away."""

from collections.abc import Callable

import pytest
from vocabulary.api import RunningApi

from actors.postgres import Postgres
from protocols.change import AlarmForgotten, ArchiveDue, Change
from protocols.event import TopologyLoaded
from protocols.ledger import RecordedBatch
from protocols.topology import Node


async def test_an_alarm_is_read_at_once_by_either_of_its_names(stored_lab: RunningApi) -> None:
    lab = stored_lab
    stores, lab.store = lab.store, None  # PostgreSQL is behind
    async with lab.serve(), lab.client() as client, lab.client("viewer") as reader:
        alarm = await lab.create(client)
        for name in (alarm["id"], alarm["alarm_id"]):
            answer = await reader.get(f"{lab.ALARMS}/{name}")
            assert (answer.status_code, answer.json()) == (200, alarm)
            assert "faultd-stale" not in answer.headers
        assert stores is not None


async def test_another_tenants_alarm_reads_like_none(lab: RunningApi) -> None:
    async with lab.serve(), lab.client() as client, lab.client("south") as south:
        alarm = await lab.create(client, tenant_id="north")
        for name in (alarm["id"], alarm["alarm_id"]):
            lab.problem(await south.get(f"{lab.ALARMS}/{name}"), 503, "database_unavailable")


async def test_open_alarms_are_listed_while_postgresql_is_away_and_the_list_says_so(
    make_lab: Callable[..., RunningApi],
) -> None:
    async with Postgres.open("postgresql://nobody@127.0.0.1:1/nothing") as database:
        lab = make_lab(database, read_your_writes_seconds=0)
        async with lab.serve(), lab.client() as client, lab.client("south") as south:
            cause = await lab.create(client, resource_id="olt-1", severity="major", tenant_id="north")
            below = await lab.create(client, parent_alarm_id=cause["alarm_id"], tenant_id="north")
            other = await lab.create(client, resource_id="olt-2", severity="minor", tenant_id="south")
            answer = await client.get(f"{lab.ALARMS}?sort=severity")
            assert (answer.headers["faultd-degraded"], answer.json()["degraded"][:10]) == ("true", "PostgreSQL")
            assert [item["id"] for item in answer.json()["items"]] == [below["id"], cause["id"], other["id"]]
            causes = (await client.get(f"{lab.ALARMS}?sort=severity&view=causes")).json()
            assert ([item["id"] for item in causes["items"]], causes["held_back"]) == ([cause["id"], other["id"]], 1)
            first = (await client.get(f"{lab.ALARMS}?sort=severity&limit=2")).json()
            rest = (await client.get(f"{lab.ALARMS}?sort=severity&limit=2&cursor={first['next_cursor']}")).json()
            assert [item["id"] for item in rest["items"]] == [other["id"]]
            assert [item["id"] for item in (await south.get(lab.ALARMS)).json()["items"]] == [other["id"]]
            for query in ("status=cleared", "status=resolved,cleared"):
                lab.problem(await client.get(f"{lab.ALARMS}?{query}"), 503, "database_unavailable")
            again = await client.post(lab.ALARMS, json=lab.ALARM | {"tenant_id": "north"})
            assert (again.status_code, again.json()["occurrence_count"]) == (200, 2)


async def test_a_list_from_postgresql_is_whole(stored_lab: RunningApi) -> None:
    lab = stored_lab
    async with lab.serve(), lab.client() as client:
        cause = await lab.create(client, resource_id="olt-1")
        await lab.create(client, parent_alarm_id=cause["id"])
        answer = await client.get(f"{lab.ALARMS}?view=causes")
        assert [item["id"] for item in answer.json()["items"]] == [cause["id"]]
        assert (answer.json()["held_back"], answer.json()["degraded"]) == (1, None)
        assert "faultd-degraded" not in answer.headers
        everything = (await client.get(lab.ALARMS)).json()
        assert (len(everything["items"]), everything["held_back"]) == (2, None)


@pytest.mark.parametrize("archived", [False, True])
async def test_history_takes_notes_and_a_ticket(stored_lab: RunningApi, archived: bool) -> None:
    lab = stored_lab
    async with lab.serve(), lab.client() as client, lab.client("south") as south:
        alarm = await lab.create(client, tenant_id="north")
        path = f"{lab.ALARMS}/{alarm['alarm_id']}"
        await client.post(f"{path}/clear")
        await _forget(lab, alarm["id"], archived=archived)
        assert (await client.get(path)).json()["status"] == "cleared"
        noted = await client.post(f"{path}/notes", json={"text": "the splice was wet"})
        assert (noted.status_code, noted.json()["revision"]) == (200, 3)
        edited = await client.patch(path, json={"ticket_id": "T-9"})
        assert (edited.status_code, edited.json()["ticket_id"], edited.json()["revision"]) == (200, "T-9", 4)
        entries = (await client.get(f"{path}/timeline")).json()["items"]
        assert [entry["action"] for entry in entries] == ["raised", "cleared", "noted", "edited"]
        lab.problem(await client.post(f"{path}/acknowledge"), 409, "wrong_state")
        lab.problem(await client.patch(path, json={"title": "x"}), 409, "wrong_state")
        lab.problem(await south.post(f"{path}/notes", json={"text": "x"}), 404, "unknown_alarm")
        bulk = {"action": {"type": "note", "text": "again"}, "alarm_ids": [alarm["id"], "A999"]}
        answer = (await client.post(f"{lab.ALARMS}/bulk", json=bulk)).json()
        assert (answer["accepted"], [one["reason"] for one in answer["refused"]]) == ([alarm["id"]], ["unknown_alarm"])


async def test_a_note_on_what_may_be_history_waits_for_postgresql(lab: RunningApi) -> None:
    async with lab.serve(), lab.client() as client:
        lab.problem(await client.post(f"{lab.ALARMS}/A9/notes", json={"text": "x"}), 503, "database_unavailable")
        lab.problem(await client.post(f"{lab.ALARMS}/A9/acknowledge"), 404, "unknown_alarm")


async def _forget(lab: RunningApi, alarm_id: str, *, archived: bool) -> None:
    """Let the fold and the store let go of a cleared alarm."""
    lab.state.forget(alarm_id)
    lab.seq += 1
    changes: list[Change] = [AlarmForgotten(lab.state.offset, alarm_id)]
    if archived:
        changes.append(ArchiveDue(lab.state.offset, lab.T0.replace(year=2027)))
    await lab.apply(RecordedBatch(lab.seq, lab.state.offset, changes))
    lab.progress.advance(lab.seq)


async def test_alarms_of_a_part_of_the_network(stored_lab: RunningApi) -> None:
    nodes = (
        Node(id="site-1", type="site", tenant="north"),
        Node(id="olt-1", type="olt", parents=("site-1",), address="192.0.2.1", tenant="north"),
        Node(id="olt-1/0/1", type="pon", parents=("olt-1",), tenant="north"),
        Node(id="ont-17", type="ont", parents=("olt-1/0/1",), area="elm street", tenant="north"),
        Node(id="olt-2", type="olt", parents=("site-1",), address="192.0.2.2", tenant="north"),
    )
    resources = ("olt-1", "olt-1/0/1", "ont-17", "olt-1/fan/2", "olt-2", "olt-11", "elsewhere/1")
    found = {
        "device_id=olt-1": resources[:4],
        "device_id=192.0.2.1": resources[:4],
        "device_id=olt-11": ("olt-11",),
        "device_id=elsewhere": ("elsewhere/1",),
        "subtree=site-1": (*resources[:3], "olt-2"),
        "subtree=olt-1/0/1": ("olt-1/0/1", "ont-17"),
        "area=elm%20street": ("ont-17",),
        "subtree=olt-1&area=elm%20street": ("ont-17",),
        "device_id=olt-2&area=elm%20street": (),
    }
    lab = stored_lab
    async with lab.serve(), lab.client() as client, lab.client("south") as south:
        await lab.record([TopologyLoaded("d", nodes)])
        for resource in resources:
            await lab.create(client, resource_id=resource, tenant_id="north")
        for query, expected in found.items():
            items = (await client.get(f"{lab.ALARMS}?{query}")).json()["items"]
            assert {item["resource_id"] for item in items} == set(expected), query
            assert (await client.get(f"{lab.ALARMS}/statistics?{query}")).json()["open"] == len(expected), query
        bulk = {"action": {"type": "acknowledge"}, "filter": {"subtree": "olt-1/0/1"}}
        assert (await client.post(f"{lab.ALARMS}/bulk", json=bulk)).json()["matched"] == 2
        for query, field in (("subtree=olt-9", "subtree"), ("area=nowhere", "area")):
            lab.problem(await client.get(f"{lab.ALARMS}?{query}"), 400, "invalid_parameter", field)
        for query in ("subtree=olt-1", "area=elm%20street"):
            answer = await south.get(f"{lab.ALARMS}?{query}")
            assert answer.status_code == 400, "another tenant's node reads like none"
        assert (await south.get(f"{lab.ALARMS}?device_id=olt-1")).json()["items"] == []


async def test_whom_an_alarm_affects_is_told_by_the_topology_and_of_others_nodes_nothing(lab: RunningApi) -> None:
    nodes = [Node(id="olt-1", type="olt", address="10.0.0.1")]
    nodes += [Node(id=f"olt-1/{n}", type="ont", parents=("olt-1",), customer_id=f"C-{n}") for n in range(3)]
    nodes.append(
        Node(id="C-1", type="customer", parents=("olt-1/1",), name="Novák", phone="+421 1", latitude=49.5, longitude=18)
    )
    nodes.append(Node(id="C-2", type="customer", parents=("olt-1/2",), name="secret", tenant="south"))
    await lab.record([TopologyLoaded("d", tuple(nodes))])
    async with lab.serve(), lab.client() as client:
        alarm = await lab.create(client, resource_id="olt-1", tenant_id="north")
        assert alarm["affected_customers"] == ["C-0", "C-1", "C-2"]
        shown = (await client.get(f"{lab.ALARMS}/{alarm['id']}")).json()
        novak = {
            "customer_id": "C-1",
            "name": "Novák",
            "phone": "+421 1",
            "postal_address": "",
            "latitude": 49.5,
            "longitude": 18.0,
        }
        assert shown == alarm | {"customers": [novak]}
        path = f"{lab.ALARMS}/{alarm['id']}/customers"
        first = (await client.get(path, params={"limit": 2})).json()
        rest = (await client.get(path, params={"limit": 2, "cursor": first["next_cursor"]})).json()
        assert [each["customer_id"] for each in first["items"] + rest["items"]] == ["C-0", "C-1", "C-2"]
        assert (first["items"][1], rest["items"][0]["name"], rest["next_cursor"]) == (novak, "", None)
        lab.problem(await client.get(path, params={"cursor": "x"}), 400, "invalid_parameter", "cursor")

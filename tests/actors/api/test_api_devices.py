"""Devices over HTTP: nodes of the topology with an address, their pollers' state, and polls on demand."""

from datetime import timedelta
from typing import Any

import pytest
import trio
from msgspec.structs import replace
from trio.testing import MockClock
from vocabulary.api import RunningApi

from actors.api import devices
from protocols.event import TopologyChanged, TopologyLoaded
from protocols.poll.contact import AgentTimes
from protocols.poll.device import PolledDevice, PollError
from protocols.poll.reading import PolledValue, PollReading, PollRefusal, PollRefused
from protocols.poll.states import PartStates, PolledName, PolledPower, PolledSerial, PolledStates
from protocols.topology import Node

PATH = "/api/v1/faults/devices"
NODES = "/api/v1/faults/topology/nodes"
PLANT = (
    Node(id="core", type="core"),
    Node(
        id="olt-1",
        type="olt",
        parents=("core",),
        address="10.0.0.1",
        addresses=("10.0.0.1", "fd00::1"),
        tenant="north",
        credentials="core",
        poll_interval=30,
    ),
    Node(id="olt-1/0/1", type="pon", parents=("olt-1",), tenant="north"),
    Node(id="olt-2", type="olt", parents=("core",), address="10.0.0.2", tenant="south", credentials="core", poll="off"),
    Node(id="sw/1", type="other", parents=("core",), address="10.0.0.3"),
)
LOST = Node(id="olt-9", type="olt", address="10.0.0.19", credentials="lost")
BODY: dict[str, Any] = {"id": "olt-3", "addresses": ["10.0.0.9"], "credentials": "core"}


@pytest.fixture
async def plant(lab: RunningApi) -> RunningApi:
    await lab.record([TopologyLoaded("d", PLANT)])
    lab.pollers.statuses["olt-1"] = PolledDevice(
        id="olt-1",
        addresses=("10.0.0.1", "fd00::1"),
        profile="huawei",
        credentials="core",
        plan="huawei",
        last_success=lab.T0,
        last_error=PollError(at=lab.T0, reason="no_answer", text="no answer within 2 s"),
        round_trip_ms=1.5,
        loss_percent=2.0,
        next_poll=lab.T0 + timedelta(seconds=30),
        interval_seconds=30,
        varbinds_per_minute=600,
    )
    lab.pollers.states["olt-1"] = "up"
    return lab


def ids(content: dict[str, Any]) -> list[str]:
    return [device["id"] for device in content["items"]]


async def test_the_list_is_the_nodes_with_an_address(plant: RunningApi) -> None:
    async with plant.serve(), plant.client("viewer") as client, plant.client("north") as north:
        found, cursor = [], None
        while True:
            page = (await client.get(PATH, params={"limit": 1} | ({"cursor": cursor} if cursor else {}))).json()
            found += ids(page)
            if (cursor := page["next_cursor"]) is None:
                break
        assert found == ["olt-1", "olt-2", "sw/1"]
        for query, expected in (
            ({"state": "up"}, ["olt-1"]),
            ({"state": "unknown"}, ["olt-2", "sw/1"]),
            ({"plan": "huawei"}, ["olt-1"]),
            ({"plan": "off"}, ["olt-2"]),
            ({"profile": "huawei"}, ["olt-1"]),
            ({"polled": "false"}, ["olt-2", "sw/1"]),
            ({"credentials": "core", "tenant": "south"}, ["olt-2"]),
            ({"overrun": "true"}, []),
        ):
            assert ids((await client.get(PATH, params=query)).json()) == expected
        plant.problem(await client.get(PATH, params={"state": "asleep"}), 400, "invalid_parameter", "state")
        assert ids((await north.get(PATH)).json()) == ["olt-1", "sw/1"], "its own, and the shared ones"
        plant.problem(await north.get(f"{PATH}/olt-2"), 404, "unknown_device")


async def test_a_filter_that_finds_nothing_gives_short_pages(plant: RunningApi, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(devices, "LOOKED_AT", 2)
    async with plant.serve(), plant.client("viewer") as client:
        first = (await client.get(PATH, params={"state": "down"})).json()
        assert (first["items"], first["next_cursor"] is None) == ([], False)
        second = (await client.get(PATH, params={"state": "down", "cursor": first["next_cursor"]})).json()
        assert second == {"items": [], "next_cursor": None}


async def test_a_device_is_shown_with_what_its_poller_knows(plant: RunningApi) -> None:
    async with plant.serve(), plant.client("viewer") as client:
        answer = await client.get(f"{PATH}/olt-1")
        assert answer.headers["etag"].startswith('"1-')
        assert answer.json() == {
            "id": "olt-1",
            "addresses": ["10.0.0.1", "fd00::1"],
            "profile": "huawei",
            "credentials": "core",
            "plan": "huawei",
            "state": "up",
            "last_success": "2026-03-01T12:00:00.123456Z",
            "last_error": {"at": "2026-03-01T12:00:00.123456Z", "reason": "no_answer", "text": "no answer within 2 s"},
            "round_trip_ms": 1.5,
            "loss_percent": 2.0,
            "duration_ms": None,
            "next_poll": "2026-03-01T12:00:30.123456Z",
            "interval_seconds": 30.0,
            "varbinds_per_minute": 600.0,
            "overrun": False,
            "slowed": "",
            "answers_at": "",
            "name": "",
            "type": "olt",
            "vendor": "",
            "tenant": "north",
            "polled": True,
            "revision": 1,
        }
        for path in ("olt-1/0/1", "core", "nothing"):
            plant.problem(await client.get(f"{PATH}/{path}"), 404, "unknown_device")
        assert (await client.get(f"{PATH}/sw%2F1")).json()["polled"] is False


async def test_a_device_with_unknown_credentials_says_so(plant: RunningApi) -> None:
    await plant.record([TopologyChanged(puts=(LOST,), by="file")])
    async with plant.serve(), plant.client("viewer") as client:
        device = (await client.get(f"{PATH}/olt-9")).json()
        assert (device["polled"], device["state"]) == (True, "unknown")
        assert device["last_error"]["reason"] == "unknown_credentials"
        assert device["last_error"]["text"] == "no [[poller.credentials]] are named 'lost'"


async def test_a_device_with_a_link_local_address_alone_says_so(plant: RunningApi) -> None:
    node = replace(LOST, credentials="core", address="fe80::9")
    await plant.record([TopologyChanged(puts=(node,), by="file")])
    async with plant.serve(), plant.client("viewer") as client:
        device = (await client.get(f"{PATH}/olt-9")).json()
        assert device["last_error"]["reason"] == "link_local"
        assert "give the device another address" in device["last_error"]["text"]


async def test_nothing_is_said_of_a_device_that_no_poller_watches(plant: RunningApi) -> None:
    plant.pollers.statuses.clear()
    async with plant.serve(), plant.client("viewer") as client:
        device = (await client.get(f"{PATH}/olt-1")).json()
        assert (device["polled"], device["state"], device["interval_seconds"]) == (True, "unknown", 30.0)


async def test_a_parked_poller_goes_before_what_was_concluded(plant: RunningApi) -> None:
    plant.pollers.statuses["olt-1"] = PolledDevice(id="olt-1", addresses=("10.0.0.1",), state="parked")
    async with plant.serve(), plant.client("viewer") as client:
        assert (await client.get(f"{PATH}/olt-1")).json()["state"] == "parked"


async def test_a_new_device_is_a_node_and_the_same_request_again_changes_nothing(plant: RunningApi) -> None:
    async with plant.serve(), plant.client("admin") as client:
        made = await client.post(PATH, json=BODY | {"plan": "huawei", "interval_seconds": 10, "parents": ["core"]})
        assert made.status_code == 201
        assert made.headers["location"] == f"{PATH}/olt-3"
        assert made.json()["state"] == "unknown"
        node = (await client.get(f"{NODES}/olt-3")).json()
        assert (node["address"], node["credentials"], node["poll"], node["poll_interval"], node["parents"]) == (
            "10.0.0.9",
            "core",
            "huawei",
            10.0,
            ["core"],
        )
        again = await client.post(PATH, json=BODY | {"plan": "huawei", "interval_seconds": 10, "parents": ["core"]})
        assert (again.status_code, again.json()["revision"]) == (200, made.json()["revision"])
        plant.problem(await client.post(PATH, json=BODY | {"plan": "standard"}), 409, "device_exists", "id")
        plant.problem(await client.post(PATH, json=BODY | {"addresses": ["10.9.9.9"]}), 409, "device_exists", "id")
        answer = plant.problem(await client.post(PATH, json=BODY | {"credentials": "edge"}), 422, "invalid_body", "credentials")
        assert answer["detail"] == "credentials: none are named 'edge'; known are access, core"
        answer = plant.problem(await client.post(PATH, json=BODY | {"plan": "none"}), 422, "invalid_body", "plan")
        assert answer["detail"] == "plan: none is named 'none'; known are huawei, off, standard"
        plant.problem(await client.post(PATH, json=BODY | {"addresses": ["x"]}), 422, "invalid_body", "address")
        plant.problem(await client.post(PATH, json=BODY | {"interval_seconds": 0.1}), 422, "invalid_body", "interval_seconds")
        taken = BODY | {"id": "olt-4", "addresses": ["10.0.0.1"]}
        plant.problem(await client.post(PATH, json=taken), 422, "invalid_topology", "address")


async def test_a_node_of_the_topology_begins_to_be_polled(plant: RunningApi) -> None:
    async with plant.serve(), plant.client("admin") as client:
        body = {"id": "sw/1", "addresses": ["10.0.0.3"], "credentials": "access", "name": "other"}
        begun = await client.post(PATH, json=body)
        assert (begun.status_code, begun.json()["polled"], begun.json()["credentials"]) == (200, True, "access")
        assert (await client.get(f"{NODES}/sw%2F1")).json()["name"] == "", "all but its polling stays"


async def test_a_change_holds_for_one_revision_and_a_deletion_leaves_the_node(plant: RunningApi) -> None:
    async with plant.serve(), plant.client("admin") as client:
        tag = (await client.get(f"{PATH}/olt-1")).headers["etag"]
        changed = await client.patch(
            f"{PATH}/olt-1", json={"plan": "standard", "interval_seconds": None}, headers={"If-Match": tag}
        )
        assert (changed.status_code, changed.json()["plan"]) == (200, "standard")
        assert (await client.get(f"{NODES}/olt-1")).json()["poll_interval"] is None
        plant.problem(await client.patch(f"{PATH}/olt-1", json={"plan": ""}, headers={"If-Match": tag}), 412, "wrong_revision")
        plant.problem(await client.patch(f"{PATH}/olt-1", json={}), 422, "invalid_body", "")
        moved = await client.patch(f"{PATH}/olt-1", json={"addresses": ["fd00::1"]})
        assert moved.json()["addresses"] == ["fd00::1"]
        plant.problem(await client.delete(f"{PATH}/olt-1", headers={"If-Match": tag}), 412, "wrong_revision")
        ended = await client.delete(f"{PATH}/olt-1")
        assert (ended.status_code, ended.json()["plan"], ended.json()["polled"]) == (200, "off", False)
        assert ended.json()["state"] == "unknown"
        assert (await client.get(f"{NODES}/olt-1")).json()["children"] == 1
        plant.problem(await client.post(f"{PATH}/olt-1/poll"), 409, "not_polled")
        assert (await client.delete(f"{PATH}/olt-1")).status_code == 200, "once more changes nothing"


async def test_roles_and_tenants(plant: RunningApi) -> None:
    plant.tokens["north-admin"] = plant.book.create("north-admin", "admin", "north", plant.T0)
    async with (
        plant.serve(),
        plant.client("operator") as operator,
        plant.client("viewer") as viewer,
        plant.client("north-admin") as north,
    ):
        for answer in (
            await operator.post(PATH, json=BODY),
            await operator.patch(f"{PATH}/olt-1", json={"plan": ""}),
            await operator.delete(f"{PATH}/olt-1"),
            await viewer.post(f"{PATH}/olt-1/poll"),
        ):
            plant.problem(answer, 403, "forbidden")
        assert (await north.post(PATH, json=BODY)).json()["tenant"] == "north"
        plant.problem(await north.post(PATH, json=BODY | {"id": "olt-5", "tenant": "south"}), 403, "not_your_tenant")
        plant.problem(await north.patch(f"{PATH}/sw%2F1", json={"plan": ""}), 403, "not_your_tenant")
        plant.problem(await north.post(f"{PATH}/sw%2F1/poll"), 403, "not_your_tenant")
        for answer in (await north.patch(f"{PATH}/olt-2", json={"plan": ""}), await north.delete(f"{PATH}/olt-2")):
            plant.problem(answer, 404, "unknown_device")
        hidden = BODY | {"id": "olt-2", "addresses": ["10.0.0.2"]}
        plant.problem(await north.post(PATH, json=hidden), 409, "device_exists", "id")


async def test_a_tenant_cannot_have_the_credentials_of_others_sent_to_an_address_of_its_choice(plant: RunningApi) -> None:
    plant.tokens["north-admin"] = plant.book.create("north-admin", "admin", "north", plant.T0)
    own = Node(id="olt-8", type="olt", address="10.0.0.18", tenant="north", credentials="access")
    await plant.record([TopologyChanged(puts=(own,), by="file")])
    async with plant.serve(), plant.client("north-admin") as north:
        for answer in (
            await north.post(PATH, json=BODY | {"credentials": "access"}),
            await north.patch(f"{PATH}/olt-1", json={"credentials": "access"}),
            await north.patch(f"{PATH}/olt-8", json={"addresses": ["192.0.2.66"]}),
            await north.patch(f"{NODES}/olt-8", json={"address": "192.0.2.66"}),
            await north.post(NODES, json={"id": "x", "type": "olt", "address": "192.0.2.66", "credentials": "access"}),
            await north.put(
                "/api/v1/faults/topology",
                content="id,type,address,credentials\nolt-8,olt,192.0.2.66,access\n",
                headers={"Content-Type": "text/csv"},
            ),
        ):
            plant.problem(answer, 403, "not_your_credentials", "credentials")
        assert (await north.patch(f"{PATH}/olt-8", json={"plan": "standard"})).status_code == 200
        assert (await north.patch(f"{PATH}/olt-8", json={"credentials": "core"})).status_code == 200
        assert (await north.patch(f"{PATH}/olt-8", json={"addresses": ["10.0.0.28"]})).status_code == 200
        refused = plant.problem(await north.post(PATH, json=BODY | {"credentials": "x"}), 422, "invalid_body", "credentials")
        assert refused["detail"] == "credentials: none are named 'x'; known are core"


async def test_a_poll_answers_with_what_was_read(plant: RunningApi) -> None:
    later = plant.T0 + timedelta(seconds=1)
    states = PolledStates(
        device="olt-1",
        reason="operator",
        begun=plant.T0,
        ended=later,
        whole=("ont",),
        incomplete={"pon": "the agent's OIDs do not increase"},
        states=(PartStates(kind="ont", under="0/1/3", up=((0, 7),), down=((8, 9, "los"),)),),
        serials=(PolledSerial("0/1/3/0", "HWTC0A1B2C3D"),),
        power=(PolledPower("0/1/3/0", "ont_rx", -20.5),),
        names=(PolledName("7", "eth0"),),
    )
    plant.pollers.outcome = PollReading(
        device="olt-1",
        begun=plant.T0,
        ended=later,
        varbinds=20,
        sys_name="OLT",
        times=AgentTimes(at=plant.T0, uptime=100, boots=2),
        states=states,
        values=(PolledValue("0/1", "temperature", 42.0, "°C"),),
    )
    async with plant.serve(), plant.client("operator") as client:
        read = (await client.post(f"{PATH}/olt-1/poll")).json()
        assert (read["answered"], read["varbinds"], read["sys_name"], read["error"]) == (True, 20, "OLT", None)
        assert read["times"] == {
            "at": "2026-03-01T12:00:00.123456Z",
            "uptime": 100,
            "boots": 2,
            "engine_time": None,
            "host_uptime": None,
        }
        assert read["states"] == [
            {"kind": "ont", "under": "0/1/3", "up": [[0, 7]], "down": [{"first": 8, "last": 9, "cause": "los"}], "unknown": []}
        ]
        assert (read["whole"], read["incomplete"]) == (["ont"], {"pon": "the agent's OIDs do not increase"})
        assert read["serials"] == [{"position": "0/1/3/0", "serial": "HWTC0A1B2C3D"}]
        assert read["power"] == [{"position": "0/1/3/0", "quantity": "ont_rx", "dbm": -20.5}]
        assert read["names"] == [{"position": "7", "name": "eth0", "part": ""}]
        assert read["values"] == [{"position": "0/1", "quantity": "temperature", "value": 42.0, "unit": "°C"}]
        error = PollError(at=later, reason="no_answer", text="no answer within 2 s")
        plant.pollers.outcome = PollReading(device="olt-1", begun=plant.T0, ended=later, error=error)
        read = (await client.post(f"{PATH}/olt-1/poll")).json()
        assert (read["answered"], read["error"]["reason"]) == (False, "no_answer")
        assert plant.pollers.polled == ["olt-1", "olt-1"]


@pytest.mark.parametrize(
    ("reason", "status"),
    [("not_polled", 409), ("poll_running", 409), ("poller_parked", 503), ("poller_stopped", 503)],
)
async def test_a_poll_that_cannot_be_says_why(plant: RunningApi, reason: PollRefusal, status: int) -> None:
    plant.pollers.outcome = PollRefused(reason, "a sentence")
    async with plant.serve(), plant.client("operator") as client:
        assert plant.problem(await client.post(f"{PATH}/olt-1/poll"), status, reason)["detail"] == "a sentence"


async def test_a_poll_that_does_not_end_is_given_up(plant: RunningApi, virtual_clock: MockClock) -> None:
    async with plant.serve(), plant.client("operator") as client:
        began = trio.current_time()
        plant.problem(await client.post(f"{PATH}/olt-1/poll"), 503, "poll_unfinished")
        assert trio.current_time() - began >= 60

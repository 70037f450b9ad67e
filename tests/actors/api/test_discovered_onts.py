"""Differences between a device's ONTs and the topology over HTTP: listed, and taken over."""

from datetime import timedelta
from typing import Any

import pytest
from vocabulary.api import RunningApi
from vocabulary.reads import parts

from protocols.event import TopologyLoaded
from protocols.poll.states import PolledSerial, PolledStates
from protocols.topology import Node

PATH = "/api/v1/faults/devices/olt-1/onts"
NODES = "/api/v1/faults/topology/nodes"
PLANT = (
    Node(id="olt-1", type="olt", address="10.0.0.1", tenant="north"),
    Node(id="olt-1/0/1", type="pon", parents=("olt-1",), tenant="north"),
    Node(id="olt-1/0/1/1", type="ont", parents=("olt-1/0/1",), serial="HWTC00000001", customer_id="c1", tenant="north"),
    Node(id="olt-1/0/1/2", type="ont", parents=("olt-1/0/1",), serial="HWTC00000002", tenant="north"),
    Node(id="olt-1/0/1/3", type="ont", parents=("olt-1/0/1",), serial="HWTC00000003", tenant="north"),
)


@pytest.fixture
async def plant(lab: RunningApi) -> RunningApi:
    serials = {2: "HWTC000000AA", 7: "HWTC00000001", 8: "HWTC00000008"}
    read = PolledStates(
        device="olt-1",
        reason="daily",
        begun=lab.T0 - timedelta(seconds=2),
        ended=lab.T0,
        whole=("ont",),
        states=(parts("ont", "0/1", up=(2, 7, 8, 9)),),
        serials=tuple(PolledSerial(f"0/1/{number}", serial) for number, serial in serials.items()),
    )
    await lab.record([TopologyLoaded("d", PLANT), read])
    return lab


def by_position(content: dict[str, Any]) -> dict[str, str]:
    return {each["position"]: each["kind"] for each in content["items"]}


async def test_differences_are_listed_and_taken_over(plant: RunningApi) -> None:
    async with plant.serve(), plant.client("viewer") as viewer, plant.client("admin") as admin:
        listed = (await viewer.get(PATH)).json()
        assert by_position(listed) == {
            "0/1/1": "vanished",
            "0/1/2": "replaced",
            "0/1/3": "vanished",
            "0/1/7": "moved",
            "0/1/8": "new",
            "0/1/9": "new",
        }
        moved = next(each for each in listed["items"] if each["kind"] == "moved")
        assert (moved["other_id"], moved["acceptable"], moved["serial"]) == ("olt-1/0/1/1", True, "HWTC00000001")
        plant.problem(await viewer.post(PATH, json={}), 403, "forbidden")
        for position in ("0/1/9", "0/1/3", "0/1/77"):
            plant.problem(await admin.post(PATH, json={"positions": [position]}), 422, "invalid_body", "positions")
        assert (await admin.post(PATH, json={})).json()["put"] == 1
        assert (await viewer.get(f"{NODES}/olt-1%2F0%2F1%2F8")).json()["parents"] == ["olt-1/0/1"]
        taken = (await admin.post(PATH, json={"positions": ["0/1/7", "0/1/2"]})).json()
        assert (taken["put"], taken["removed"]) == (2, 1)
        assert (await viewer.get(f"{NODES}/olt-1%2F0%2F1%2F7")).json()["customer_id"] == "c1"
        assert (await viewer.get(f"{NODES}/olt-1%2F0%2F1%2F2")).json()["serial"] == "HWTC000000AA"
        assert by_position((await viewer.get(PATH)).json()) == {"0/1/3": "vanished", "0/1/9": "new"}


async def test_a_device_of_another_tenant_and_one_that_is_not_there(plant: RunningApi) -> None:
    async with plant.serve(), plant.client("south") as south, plant.client("north-viewer") as north:
        plant.problem(await south.get(PATH), 404, "unknown_device")
        plant.problem(await north.get("/api/v1/faults/devices/none/onts"), 404, "unknown_device")
        assert len((await north.get(PATH)).json()["items"]) == 6

"""What a tenant may know of others: nothing. Every request is made in two worlds that differ only in what another tenant has,
and the answers are the same."""

from collections.abc import Callable
from typing import Any

import pytest
from vocabulary.api import RunningApi

from protocols.command import Raise
from protocols.event import NetworkEvent, TopologyLoaded
from protocols.principal import Principal
from protocols.system_alarms import OWN_TYPES
from protocols.topology import Node

PATH = "/api/v1/faults"
NORTH = (
    Node(id="core", type="core"),
    Node(id="n-olt", type="olt", parents=("core",), address="10.0.0.1", tenant="north"),
    Node(id="n-olt/1", type="pon", parents=("n-olt",), tenant="north", index="4000"),
    Node(id="n-olt/1/1", type="ont", parents=("n-olt/1",), tenant="north", serial="HWTC00000001", index="1", customer_id="C1"),
)
SOUTH = (
    Node(id="a-olt", type="olt", parents=("core",), address="10.0.0.2", tenant="south", area="harbour"),
    Node(id="a-olt/1", type="pon", parents=("a-olt",), tenant="south", index="5000"),
    Node(id="a-olt/1/1", type="ont", parents=("a-olt/1",), tenant="south", serial="HWTC00000002", customer_id="C2"),
    # Claims what is north's, and sorts before it.
    Node(id="a-claim", type="ont", tenant="south", serial="HWTC00000001", index="1", customer_id="C9"),
)
ALARM = {"alarm_type": "x", "severity": "minor", "title": "t", "resource_type": "olt"}


async def world(lab: RunningApi, *, foreign: bool) -> RunningApi:
    """The plant and alarms of north and of nobody in particular, and with ``foreign`` those of south."""
    await lab.record([TopologyLoaded("d", (*NORTH, *SOUTH) if foreign else NORTH)])
    by = Principal("north", "operator", "north")
    raised: dict[str, Any] = {"alarm_type": "ont.los", "severity": "major", "title": "x"}
    await lab.record([lab.command(by, Raise(tenant_id="north", resource_type="ont", resource_id="n-olt/1/1", **raised))])
    if foreign:
        by = Principal("south", "operator", "south")
        for resource in ("a-olt", "a-olt/1/1", "10.0.0.2", "core"):
            await lab.record([lab.command(by, Raise(tenant_id="south", resource_type="ont", resource_id=resource, **raised))])
        event = NetworkEvent(
            type="device.down", tenant_id="south", resource_type="olt", resource_id="a-olt", key="north/k", reported_by="south"
        )
        await lab.record([event])
    lab.tokens["north-admin"] = lab.book.create("north-admin", "admin", "north", lab.T0)
    return lab


def window(**scope: Any) -> dict[str, Any]:
    return {"title": "w", "scope": scope, "start": "2026-04-01T00:00:00Z", "end": "2026-04-02T00:00:00Z"}


READS = [
    "/topology",
    "/topology?limit=1",
    "/topology?format=csv",
    "/topology?type=ont",
    "/topology?area=harbour",
    "/topology?tenant=south",
    "/topology?parent=core",
    "/topology?parent=a-olt",
    "/topology/nodes/core",
    "/topology/nodes/core/subtree",
    "/topology/nodes/core/path",
    "/topology/nodes/a-olt",
    "/topology/nodes/a-olt%2F1/subtree",
    "/topology/nodes/a-olt%2F1/path",
    "/topology/onts?serial=HWTC00000001",
    "/topology/onts?serial=HWTC00000002",
    "/topology/onts?device=10.0.0.2&index=5000",
    "/topology/onts?device=a-olt&index=5000",
    "/sources",
    "/sources?device_id=a-olt",
    "/maintenance-windows",
    "/alarm-rules",
    "/alarms",
    "/alarms?device_id=a-olt",
    "/alarms?device_id=10.0.0.2",
    "/alarms?subtree=core",
    "/alarms?subtree=a-olt",
    "/alarms?area=harbour",
    "/alarms/A1",
    "/alarms/A2",
    "/alarms/A3/explain",
]
WRITES: list[tuple[str, str, Any]] = [
    ("POST", "/topology/nodes", {"id": "x", "type": "ont", "parents": ["a-olt/1"]}),
    ("POST", "/topology/nodes", {"id": "x", "type": "ont", "parents": ["core"], "serial": "HWTC00000002"}),
    ("PATCH", "/topology/nodes/n-olt", {"parents": ["core", "a-olt"]}),
    ("PATCH", "/topology/nodes/a-olt", {"name": "x"}),
    ("PATCH", "/topology/nodes/core", {"name": "x"}),
    ("DELETE", "/topology/nodes/a-olt", None),
    ("DELETE", "/topology/nodes/core", None),
    ("DELETE", "/topology/nodes/core?cascade=true", None),
    ("DELETE", "/topology/nodes/n-olt", None),
    ("DELETE", "/topology/nodes/n-olt?cascade=true", None),
    ("PUT", "/topology", {"nodes": [{"id": "x", "type": "ont", "parents": ["a-olt/1"]}]}),
    ("PUT", "/topology", {"nodes": [{"id": "x", "type": "ont", "parents": ["core"]}]}),
    ("POST", "/alarms", ALARM | {"resource_id": "a-olt"}),
    ("POST", "/alarms", ALARM | {"resource_id": "10.0.0.2"}),
    ("POST", "/alarms", ALARM | {"resource_id": "a-olt/1/1", "parent_alarm_id": "A2"}),
    ("POST", "/alarms", ALARM | {"resource_id": "core"}),
    ("POST", "/alarms", ALARM | {"resource_id": "n-olt"}),
    ("POST", "/alarms/A2/acknowledge", {}),
    ("PATCH", "/alarms/A2", {"title": "x"}),
    ("POST", "/alarms/bulk", {"action": {"type": "clear"}, "alarm_ids": ["A2", "A3"]}),
    ("POST", "/events", {"type": "device.up", "resource_type": "olt", "resource_id": "a-olt"}),
    ("POST", "/events", {"type": "device.down", "resource_type": "olt", "resource_id": "10.0.0.2", "key": "k"}),
    ("POST", "/maintenance-windows", window(subtrees=["a-olt"])),
    ("POST", "/maintenance-windows", window(devices=["a-olt", "10.0.0.2"])),
    ("POST", "/maintenance-windows", window(customers=["C2"])),
]
UNTOLD = ("id", "alarm_id", "correlation_id", "accepted", "created_at", "updated_at")
"""Fields of a new thing that count or are made from offsets, of which the worlds have different ones."""


def told(content: Any) -> Any:
    """An answer without what any two new things differ in."""
    if isinstance(content, dict):
        # A node's revision is an offset; an alarm's counts its own changes.
        untold = (*UNTOLD, "revision") if "parents" in content else UNTOLD
        return {name: told(value) for name, value in content.items() if name not in untold or isinstance(value, bool)}
    # Alarms of one moment come in the order of their ids.
    return sorted((told(each) for each in content), key=repr) if isinstance(content, list) else content


def words(answer: Any) -> Any:
    """What stands in an answer, its status first."""
    csv = not answer.headers.get("content-type", "").endswith("json")
    return answer.status_code, answer.text if csv or not answer.content else told(answer.json())


@pytest.mark.parametrize(("method", "path", "body"), [("GET", path, None) for path in READS] + WRITES)
async def test_another_tenants_things_make_no_difference(
    make_lab: Callable[..., RunningApi], method: str, path: str, body: Any
) -> None:
    answers = []
    for foreign in (False, True):
        lab = await world(make_lab(), foreign=foreign)
        async with lab.serve(), lab.client("north-admin") as client:
            answers.append(words(await client.request(method, PATH + path, json=body)))
            # Nor do they afterwards.
            for then in ("/topology", "/topology/nodes/core", "/topology/onts?serial=HWTC00000001", "/alarms"):
                answers[-1] += (words(await client.get(PATH + then)),)
    assert answers[0] == answers[1]


async def test_an_address_or_id_in_use_is_refused_and_no_more_is_said(make_lab: Callable[..., RunningApi]) -> None:
    lab = await world(make_lab(), foreign=True)
    async with lab.serve(), lab.client("north-admin") as client:
        node = {"id": "x", "type": "olt", "address": "10.0.0.2"}
        answer = lab.problem(await client.post(f"{PATH}/topology/nodes", json=node), 422, "invalid_topology", "address")
        assert "a-olt" not in str(answer)
        assert "south" not in str(answer)
        lab.problem(await client.post(f"{PATH}/topology/nodes", json=node | {"id": "a-olt"}), 409, "node_exists", "id")


async def test_a_node_that_the_file_hangs_below_anothers_can_be_edited_and_stays_there(lab: RunningApi) -> None:
    await world(lab, foreign=True)
    mixed = Node(id="n-guest", type="ont", parents=("a-olt/1", "n-olt/1"), tenant="north")
    await lab.record([TopologyLoaded("e", (*NORTH, *SOUTH, mixed))])
    async with lab.serve(), lab.client("north-admin") as client:
        edited = await client.patch(f"{PATH}/topology/nodes/n-guest", json={"name": "guest", "parents": ["n-olt/1"]})
        assert edited.json()["parents"] == ["n-olt/1"]
        text = (await client.get(f"{PATH}/topology?format=csv&tenant=north")).text
        answer = await client.put(f"{PATH}/topology", content=text, headers={"Content-Type": "text/csv"})
        assert answer.json() == {"put": 0, "removed": 0, "nodes": 5}
    assert set(lab.state.plant.nodes["n-guest"].parents) == {"a-olt/1", "n-olt/1"}


FORGED = [
    {"resource_type": "x", "resource_id": "faultd"},
    {"resource_type": "x", "resource_id": " FaultD"},
    {"resource_type": "system", "resource_id": "r"},
    {"resource_type": "System", "resource_id": "r"},
    {"resource_type": "x", "resource_id": "r", "source": "system"},
]


FORGED += [{"resource_type": "x", "resource_id": "r", "alarm_type": one} for one in sorted(OWN_TYPES)]


def _forged_field(forged: dict[str, str]) -> str:
    if "alarm_type" in forged or "source" in forged:
        return "alarm_type" if "alarm_type" in forged else "source"
    return "resource_type" if forged["resource_type"].lower() == "system" else "resource_id"


@pytest.mark.parametrize("forged", FORGED)
async def test_nobody_passes_for_faultd(lab: RunningApi, forged: dict[str, str]) -> None:
    async with lab.serve(), lab.client("admin") as client:
        field = _forged_field(forged)
        lab.problem(await client.post(f"{PATH}/alarms", json=ALARM | forged), 422, "invalid", field)
        if "alarm_type" not in forged:
            event = {"type": "device.down"} | forged
            lab.problem(await client.post(f"{PATH}/events", json=event), 422, "invalid", field)
            good = {"type": "device.down", "resource_type": "olt", "resource_id": "olt-1"}
            results = (await client.post(f"{PATH}/events", json=[event, good])).json()["results"]
            assert [bool(one["accepted"]) for one in results] == [False, True]
        if "source" not in forged and "alarm_type" not in forged:
            labels = {"alertname": "x", "resource_type": forged["resource_type"], "resource_id": forged["resource_id"]}
            alerts = {"version": "4", "alerts": [{"status": "firing", "labels": labels}]}
            answer = (await client.post(f"{PATH}/events/alertmanager", json=alerts)).json()
            assert not any(one["accepted"] for one in answer["results"])
    assert [alarm.resource_id for alarm in lab.state.alarms.values() if alarm.resource_id != "olt-1"] == []

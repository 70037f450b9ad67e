"""The topology over HTTP: read from the fold, changed by commands, every mistake named."""

from typing import Any

import pytest
from vocabulary.api import RunningApi

from protocols.event import TopologyLoaded
from protocols.topology import Node
from protocols.topology_csv import csv_lines, parse_csv

PATH = "/api/v1/faults/topology"
PLANT = (
    Node(id="core", type="core"),
    Node(id="olt-1", type="olt", parents=("core",), address="10.0.0.1", tenant="north"),
    Node(id="olt-1/0/1", type="pon", parents=("olt-1",), tenant="north", index="4000"),
    Node(id="olt-1/0/1/3", type="ont", parents=("olt-1/0/1",), tenant="north", serial="S3", index="4000.3", customer_id="C3"),
    Node(id="olt-1/0/1/4", type="ont", parents=("olt-1/0/1",), tenant="north", serial="S4", index="4000.4", customer_id="C4"),
    Node(id="olt-2", type="olt", parents=("core",), address="10.0.0.2", tenant="south", area="harbour"),
)
CSV = {"Content-Type": "text/csv"}


@pytest.fixture
async def plant(lab: RunningApi) -> RunningApi:
    await lab.record([TopologyLoaded("d", PLANT)])
    return lab


def ids(content: dict[str, Any]) -> list[str]:
    return [node["id"] for node in content["items"]]


async def test_a_list_has_pages_and_filters(plant: RunningApi) -> None:
    async with plant.serve(), plant.client("viewer") as client:
        found, cursor = [], None
        while True:
            page = (await client.get(PATH, params={"limit": 2} | ({"cursor": cursor} if cursor else {}))).json()
            found += ids(page)
            if (cursor := page["next_cursor"]) is None:
                break
        assert found == sorted(node.id for node in PLANT)
        for query, expected in (
            ({"type": "ont"}, ["olt-1/0/1/3", "olt-1/0/1/4"]),
            ({"parent": "core"}, ["olt-1", "olt-2"]),
            ({"parent": "core", "tenant": "south"}, ["olt-2"]),
            ({"area": "harbour"}, ["olt-2"]),
            ({"type": "nothing"}, []),
        ):
            assert ids((await client.get(PATH, params=query)).json()) == expected
        plant.problem(await client.get(PATH, params={"cursor": "x"}), 400, "invalid_parameter", "cursor")


@pytest.mark.parametrize("escaped", [True, False])
async def test_a_node_its_subtree_and_its_path(plant: RunningApi, escaped: bool) -> None:
    name = "olt-1/0/1".replace("/", "%2F") if escaped else "olt-1/0/1"
    async with plant.serve(), plant.client("viewer") as client:
        node = (await client.get(f"{PATH}/nodes/{name}")).json()
        assert (node["id"], node["parents"], node["children"], node["origin"]) == ("olt-1/0/1", ["olt-1"], 2, "file")
        page = (await client.get(f"{PATH}/nodes/{name}/subtree", params={"limit": 2})).json()
        assert ids(page) == ["olt-1/0/1", "olt-1/0/1/3"]
        page = (await client.get(f"{PATH}/nodes/{name}/subtree", params={"cursor": page["next_cursor"]})).json()
        assert (ids(page), page["next_cursor"]) == (["olt-1/0/1/4"], None)
        assert ids((await client.get(f"{PATH}/nodes/core/subtree", params={"type": "olt"})).json()) == ["olt-1", "olt-2"]
        (way,) = (await client.get(f"{PATH}/nodes/{name}/path")).json()["paths"]
        assert [node["id"] for node in way] == ["olt-1/0/1", "olt-1", "core"]
        plant.problem(await client.get(f"{PATH}/nodes/nothing"), 404, "unknown_node")


async def test_an_ont_is_found_by_serial_and_by_the_vendors_index(plant: RunningApi) -> None:
    async with plant.serve(), plant.client("viewer") as client:
        for query in ({"serial": "S4"}, {"device": "olt-1", "index": "4000.4"}, {"device": "10.0.0.1", "index": "4000.4"}):
            assert (await client.get(f"{PATH}/onts", params=query)).json()["id"] == "olt-1/0/1/4"
        plant.problem(await client.get(f"{PATH}/onts", params={"serial": "x"}), 404, "unknown_node")
        plant.problem(await client.get(f"{PATH}/onts", params={"device": "olt-2", "index": "4000.4"}), 404, "unknown_node")
        plant.problem(await client.get(f"{PATH}/onts", params={"device": "olt-1"}), 400, "invalid_parameter", "serial")


async def test_an_ont_is_found_by_its_serial_in_any_spelling_and_never_by_one_that_several_have(plant: RunningApi) -> None:
    twice = (
        Node(id="olt-1/0/1/8", type="ont", parents=("olt-1/0/1",), tenant="north", serial="hwtc-0a1b2c3d"),
        Node(id="olt-2/1", type="ont", parents=("olt-2",), tenant="south", serial="485754430A1B2C3D"),
    )
    plant.state.replant(plant.state.topology_at, twice, ())
    plant.tokens["north-admin"] = plant.book.create("north-admin", "admin", "north", plant.T0)
    async with plant.serve(), plant.client("admin") as everybody, plant.client("north-admin") as north:
        for spelled in ("HWTC0A1B2C3D", "hwtc0a1b2c3d", "48:57:54:43:0a:1b:2c:3d", "HWTC-0A1B2C3D"):
            assert (await north.get(f"{PATH}/onts", params={"serial": spelled})).json()["id"] == "olt-1/0/1/8"
            answer = plant.problem(await everybody.get(f"{PATH}/onts", params={"serial": spelled}), 409, "ambiguous_serial")
            assert "'olt-1/0/1/8', 'olt-2/1'" in answer["detail"]
        body = {"id": "olt-2/2", "type": "ont", "parents": ["olt-2"], "tenant": "south", "serial": "hwtc0a1b2c3d"}
        plant.problem(await everybody.post(f"{PATH}/nodes", json=body), 422, "invalid_topology", "serial")


async def test_a_device_has_several_addresses_and_a_customer_can_be_called_and_visited(plant: RunningApi) -> None:
    async with plant.serve(), plant.client("admin") as client:
        device = {"id": "olt-9", "type": "olt", "address": "10.0.9.1;::ffff:10.0.9.2", "addresses": ["10.0.9.3", "10.0.9.1"]}
        made = (await client.post(f"{PATH}/nodes", json=device)).json()
        assert (made["address"], made["addresses"]) == ("10.0.9.1", ["10.0.9.1", "10.0.9.2", "10.0.9.3"])
        for edit, expected in (
            ({"address": "10.0.9.8"}, ["10.0.9.8", "10.0.9.2", "10.0.9.3"]),
            ({"addresses": ["10.0.9.7"]}, ["10.0.9.7"]),
            ({"address": ""}, []),
        ):
            shown = (await client.patch(f"{PATH}/nodes/olt-9", json=edit)).json()
            assert (shown["address"], shown["addresses"]) == (expected[0] if expected else "", expected)
        plant.problem(await client.patch(f"{PATH}/nodes/olt-9", json={"addresses": ["x"]}), 422, "invalid_body", "address")
        plant.problem(
            await client.patch(f"{PATH}/nodes/olt-9", json={"addresses": ["10.0.9.1", "10.0.0.1"]}),
            422,
            "invalid_topology",
            "address",
        )
        told = {"name": "Nováková", "phone": "+421 41 123", "postal_address": "Hlavná 1", "latitude": 49.2, "longitude": 18.7}
        body = {"id": "C-9", "type": "customer", "parents": ["olt-9"], **told}
        made = (await client.post(f"{PATH}/nodes", json=body)).json()
        assert {name: made[name] for name in told} == told
        plant.problem(await client.patch(f"{PATH}/nodes/C-9", json={"latitude": 91}), 422, "invalid_body", "latitude")
        assert (await client.patch(f"{PATH}/nodes/C-9", json={"latitude": None})).json()["latitude"] is None


async def test_nodes_are_added_changed_and_removed(plant: RunningApi) -> None:
    async with plant.serve(), plant.client("admin") as client:
        body = {"id": "olt-1/0/2", "type": "pon", "parents": ["olt-1"], "tenant": "north"}
        made = await client.post(f"{PATH}/nodes", json=body)
        assert (made.status_code, made.headers["location"]) == (201, f"{PATH}/nodes/olt-1%2F0%2F2")
        assert (made.json()["origin"], made.json()["children"]) == ("api", 0)
        plant.problem(await client.post(f"{PATH}/nodes", json=body), 409, "node_exists", "id")
        moved = await client.patch(f"{PATH}/nodes/olt-1/0/1/3", json={"parents": ["olt-1/0/2"], "sla_class": "gold"})
        assert (moved.status_code, moved.json()["parents"]) == (200, ["olt-1/0/2"])
        assert plant.state.plant.customers_by_class("olt-1/0/2") == {"gold": 1}
        plant.problem(await client.delete(f"{PATH}/nodes/olt-1/0/2"), 409, "has_children")
        assert (await client.delete(f"{PATH}/nodes/olt-1/0/1/4")).json() == {"put": 0, "removed": 1, "nodes": 6}
        gone = await client.delete(f"{PATH}/nodes/olt-1", params={"cascade": "true"})
        assert gone.json() == {"put": 0, "removed": 4, "nodes": 2}
        assert plant.sample("faultd_commands_total", action="change_topology", result="accepted") == 4


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"parents": ["nothing"]}, "parents"),
        ({"parents": ["olt-1/0/1/3"]}, "parents"),
        ({"address": "10.0.0.2"}, "address"),
    ],
)
async def test_what_would_be_no_plant_is_refused(plant: RunningApi, change: dict[str, Any], field: str) -> None:
    async with plant.serve(), plant.client("admin") as client:
        problem = plant.problem(await client.patch(f"{PATH}/nodes/olt-1", json=change), 422, "invalid_topology", field)
        assert "'olt-1'" in problem["detail"]
        plant.problem(await client.patch(f"{PATH}/nodes/olt-1", json={"address": "here"}), 422, "invalid_body", "address")
        assert plant.state.plant.nodes["olt-1"] == PLANT[1]


async def test_a_whole_topology_is_exported_and_put_back_by_its_difference(plant: RunningApi) -> None:
    async with plant.serve(), plant.client("admin") as client:
        exported = await client.get(PATH, headers={"Accept": "text/csv"})
        assert exported.headers["content-type"].startswith("text/csv")
        assert parse_csv(exported.text) == PLANT
        assert (await client.get(PATH, params={"format": "csv"})).text == exported.text
        assert (await client.put(PATH, content=exported.text, headers=CSV)).json() == {"put": 0, "removed": 0, "nodes": 6}
        items = (await client.get(PATH)).json()["items"]
        shown_only = ("children", "origin", "revision")
        nodes = [{k: v for k, v in node.items() if k not in shown_only} for node in items if node["type"] != "ont"]
        nodes[0]["name"] = "Core"
        assert (await client.put(PATH, json={"nodes": nodes})).json() == {"put": 1, "removed": 2, "nodes": 4}
        assert plant.state.plant.nodes["core"].name == "Core"
        revisions = {node["id"]: node["revision"] for node in (await client.get(PATH)).json()["items"]}
        before = {node["id"]: node["revision"] for node in items}
        assert [one for one in revisions if revisions[one] != before[one]] == ["core"]
        assert revisions["core"] > before["core"]


@pytest.mark.parametrize(
    ("body", "headers", "status", "kind", "fields"),
    [
        ("id,type,parents\na,olt,b\n", CSV, 422, "invalid_topology", ["line 2"]),
        ("id,type\na,olt\na,olt\n,x\n", CSV, 422, "invalid_topology", ["line 3", "line 4"]),
        (b"id,type\n\xff,olt\n", CSV, 400, "malformed_csv", []),
        ('{"nodes": [{"id": "a", "type": "olt", "parents": ["a"]}]}', {}, 422, "invalid_topology", ["nodes[0]"]),
        ('{"nodes": [{"id": "a"}]}', {}, 422, "invalid_body", ["nodes[0].type"]),
        ('{"nodes": [', {}, 400, "malformed_json", []),
        ("x", {"Content-Type": "text/plain"}, 415, "unsupported_media_type", []),
    ],
)
async def test_a_topology_with_mistakes_changes_nothing(
    plant: RunningApi, body: Any, headers: dict[str, str], status: int, kind: str, fields: list[str]
) -> None:
    async with plant.serve(), plant.client("admin") as client:
        response = await client.put(PATH, content=body, headers={"Content-Type": "application/json"} | headers)
        plant.problem(response, status, kind, *fields)
        assert tuple(plant.state.plant.nodes.values()) == PLANT


async def test_roles_and_tenants(plant: RunningApi) -> None:
    plant.tokens["north-admin"] = plant.book.create("north-admin", "admin", "north", plant.T0)
    node = {"id": "x", "type": "olt"}
    async with plant.serve(), plant.client("north-admin") as client, plant.client("operator") as operator:
        plant.problem(await operator.post(f"{PATH}/nodes", json=node), 403, "forbidden")
        plant.problem(await operator.put(PATH, content="id,type\n", headers=CSV), 403, "forbidden")
        assert ids((await client.get(PATH)).json()) == sorted(node.id for node in PLANT if node.tenant != "south")
        plant.problem(await client.get(f"{PATH}/nodes/olt-2"), 404, "unknown_node")
        plant.problem(await client.patch(f"{PATH}/nodes/olt-2", json={"name": "x"}), 404, "unknown_node")
        plant.problem(await client.patch(f"{PATH}/nodes/core", json={"name": "x"}), 403, "not_your_tenant")
        plant.problem(await client.post(f"{PATH}/nodes", json=node | {"tenant": "south"}), 403, "not_your_tenant")
        assert (await client.post(f"{PATH}/nodes", json=node | {"parents": ["core"]})).json()["tenant"] == "north"
        text = "".join(csv_lines([Node(id="olt-9", type="olt", parents=("core",))]))
        assert (await client.put(PATH, content=text, headers=CSV)).json() == {"put": 1, "removed": 5, "nodes": 2}
        assert list(plant.state.plant.nodes) == ["core", "olt-2", "olt-9"]
        assert plant.state.plant.nodes["olt-9"].tenant == "north"
        south = "".join(csv_lines([Node(id="olt-8", type="olt", tenant="south")]))
        plant.problem(await client.put(PATH, content=south, headers=CSV), 403, "not_your_tenant", "tenant")


async def test_a_large_topology_is_taken_where_other_bodies_end(make_lab: Any) -> None:
    lab = make_lab(max_body_bytes=2_000, max_topology_bytes=40_000)
    text = "".join(csv_lines(Node(id=f"n{number}", type="olt") for number in range(1_000)))
    assert 2_000 < len(text) < 40_000
    async with lab.serve(), lab.client("admin") as client, lab.client("operator") as operator:
        lab.problem(await operator.put(PATH, content=text, headers=CSV), 403, "forbidden")
        assert (await client.put(PATH, content=text, headers=CSV)).json()["nodes"] == 1_000
        lab.problem(await client.put(PATH, content=text + "x" * 40_000, headers=CSV), 413, "body_too_large")

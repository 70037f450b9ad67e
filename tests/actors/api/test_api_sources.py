"""Who sends traps: by device, by reason, in pages, and for each tenant its own devices alone."""

import pytest
from vocabulary.api import RunningApi

from protocols.event import TopologyLoaded
from protocols.topology import Node

PATH = "/api/v1/faults/sources"
PLANT = (
    Node(id="olt-1", type="olt", name="North", address="10.0.0.1", tenant="north"),
    Node(id="olt-2", type="olt", address="10.0.0.2", tenant="south"),
    Node(id="shared", type="olt", address="10.0.0.3"),
)


@pytest.fixture
async def sources(lab: RunningApi) -> RunningApi:
    await lab.record([TopologyLoaded("d", PLANT)])
    book = lab.sources
    for source in ("10.0.0.1", "10.0.0.1", "10.0.0.2", "198.51.100.7"):
        book.accept(source, lab.T0, "1.3.6.1.6.3.1.1.5.3")
    for reason in ("wrong_digest", "unknown_community", "unknown_community"):
        book.refuse("10.0.0.1", lab.T0, reason)
    book.refuse("198.51.100.8", lab.T0, "truncated")
    return lab


async def test_a_source_says_whose_it_is_and_what_became_of_its_datagrams(sources: RunningApi) -> None:
    async with sources.serve(), sources.client("viewer") as client:
        page = (await client.get(PATH)).json()
        found = {item["address"]: item for item in page["items"]}
        assert list(found) == ["10.0.0.1", "10.0.0.2", "10.0.0.3", "198.51.100.7", "198.51.100.8"]
        assert page["since"] == "2026-03-01T12:00:00.123456Z"
        north = found["10.0.0.1"]
        assert (north["device_id"], north["device_name"], north["tenant_id"]) == ("olt-1", "North", "north")
        assert (north["accepted"], north["last_trap"], north["refused"]) == (2, "1.3.6.1.6.3.1.1.5.3", 3)
        assert [(each["reason"], each["count"]) for each in north["refused_for"]] == [
            ("unknown_community", 2),
            ("wrong_digest", 1),
        ]
        assert (found["10.0.0.3"]["accepted"], found["10.0.0.3"]["last_heard"]) == (0, None)
        for query, expected in (
            ({"refused": "true"}, ["10.0.0.1", "198.51.100.8"]),
            ({"refused": "true", "heard": "false"}, ["198.51.100.8"]),
            ({"heard": "false"}, ["10.0.0.3", "198.51.100.8"]),
            ({"device_id": "olt-2"}, ["10.0.0.2"]),
            ({"address": "198.51.100.7"}, ["198.51.100.7"]),
        ):
            assert [item["address"] for item in (await client.get(PATH, params=query)).json()["items"]] == expected
        addresses, cursor = [], None
        while True:
            page = (await client.get(PATH, params={"limit": 2} | ({"cursor": cursor} if cursor else {}))).json()
            addresses += [item["address"] for item in page["items"]]
            if (cursor := page["next_cursor"]) is None:
                break
        assert addresses == list(found)
        sources.problem(await client.get(PATH, params={"cursor": "x"}), 400, "invalid_parameter", "cursor")


async def test_a_tenant_sees_its_own_devices_alone(sources: RunningApi) -> None:
    async with sources.serve(), sources.client("north") as north, sources.client("south") as south:
        for client, expected in ((north, "10.0.0.1"), (south, "10.0.0.2")):
            page = (await client.get(PATH)).json()
            assert ([item["address"] for item in page["items"]], page["forgotten"]) == ([expected], None)
        for query in ({"address": "10.0.0.2"}, {"address": "198.51.100.7"}, {"device_id": "olt-2"}, {"heard": "false"}):
            assert (await north.get(PATH, params=query)).json()["items"] == []

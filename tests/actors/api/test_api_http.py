"""What is the same for every path: HEAD, OPTIONS, Allow, gzip, and where the root leads."""

import gzip
from typing import Any

import pytest
from vocabulary.api import RunningApi

from protocols.event import TopologyLoaded
from protocols.topology import Node

PLANT = tuple(Node(id=f"olt-{number}", type="olt", name="A node with a name") for number in range(900))


async def test_head_is_get_without_the_body(lab: RunningApi) -> None:
    await lab.record([TopologyLoaded("d", PLANT)])
    async with lab.serve(), lab.client("viewer") as client:
        for path in ("/healthz", "/metrics", "/schema/openapi.json", f"{lab.FAULTS}/me", f"{lab.FAULTS}/topology?limit=50"):
            got, head = await client.get(path), await client.head(path)
            assert (head.status_code, head.content) == (200, b""), path
            same = ("content-type", "vary", "etag", *(() if path == "/metrics" else ("content-length", "content-encoding")))
            assert [head.headers.get(name) for name in same] == [got.headers.get(name) for name in same], path
        export = await client.head(f"{lab.FAULTS}/topology?format=csv")
        assert (export.status_code, export.content) == (200, b"")
        assert export.headers["content-type"].startswith("text/csv")
        # The connection serves on.
        assert (await client.get("/healthz")).text == "ok\n"
        assert (await client.head(f"{lab.ALARMS}/nothing/at/all")).status_code == 404
        assert lab.sample("faultd_http_requests_total", method="HEAD", route="/healthz", status="200") == 1


@pytest.mark.parametrize(
    ("path", "allow"),
    [
        ("/alarms", "GET, HEAD, OPTIONS, POST"),
        ("/alarms/A1", "GET, HEAD, OPTIONS, PATCH"),
        ("/alarms/A1/notes", "GET, HEAD, OPTIONS, POST"),
        ("/alarms/A1/clear", "OPTIONS, POST"),
        ("/alarm-rules/R1", "DELETE, GET, HEAD, OPTIONS, PATCH"),
        ("/topology", "GET, HEAD, OPTIONS, PUT"),
        ("/topology/nodes/olt-1/0/1", "DELETE, GET, HEAD, OPTIONS, PATCH"),
        ("/topology/nodes/olt-1/0/1/subtree", "GET, HEAD, OPTIONS"),
    ],
)
async def test_allow_names_every_method_of_the_path(lab: RunningApi, path: str, allow: str) -> None:
    async with lab.serve(), lab.client("viewer") as client, lab.client(None) as stranger:
        asked = await client.options(lab.FAULTS + path)
        assert (asked.status_code, asked.headers["allow"], asked.content) == (204, allow, b"")
        for method in ("TRACE", "BREW"):
            refused = await client.request(method, lab.FAULTS + path)
            lab.problem(refused, 405, "method_not_allowed")
            assert refused.headers["allow"] == allow
        lab.problem(await stranger.options(lab.FAULTS + path), 401, "no_token")


async def test_options_of_nothing_is_404(lab: RunningApi) -> None:
    async with lab.serve(), lab.client("viewer") as client:
        lab.problem(await client.options("/nothing"), 404, "no_such_path")


async def test_the_root_leads_to_the_description(lab: RunningApi) -> None:
    async with lab.serve(), lab.client(None) as client:
        answer = await client.get("/")
        assert (answer.status_code, answer.headers["location"]) == (303, "/schema")
        assert (await client.get("/", follow_redirects=True)).text.startswith("<!doctype html>")


@pytest.mark.parametrize("limit", [50, 900])
async def test_a_long_body_is_compressed_for_who_asks(lab: RunningApi, limit: int) -> None:
    """900 nodes are more than is compressed at once."""
    await lab.record([TopologyLoaded("d", PLANT)])
    path = f"{lab.FAULTS}/topology?limit={limit}"
    async with lab.serve(), lab.client("viewer") as client:
        plain = await client.get(path, headers={"Accept-Encoding": "identity"})
        assert "content-encoding" not in plain.headers
        assert (limit == 900) == (len(plain.content) > 65_536)
        async with client.stream("GET", path, headers={"Accept-Encoding": "gzip"}) as small:
            octets = b"".join([part async for part in small.aiter_raw()])
        assert (small.headers["content-encoding"], int(small.headers["content-length"])) == ("gzip", len(octets))
        assert len(octets) < len(plain.content) / 3
        assert gzip.decompress(octets) == plain.content
        assert "Accept-Encoding" in plain.headers["vary"]
        assert "Accept-Encoding" in small.headers["vary"]
        refused = await client.get(path, headers={"Accept-Encoding": "gzip;q=0"})
        assert "content-encoding" not in refused.headers


async def test_small_bodies_and_exports_are_not_compressed(lab: RunningApi) -> None:
    await lab.record([TopologyLoaded("d", PLANT)])
    async with lab.serve(), lab.client("viewer") as client:
        for path, headers in (
            (f"{lab.FAULTS}/me", {"Accept-Encoding": "gzip"}),
            (f"{lab.FAULTS}/topology?format=csv", {"Accept-Encoding": "gzip"}),
            (f"{lab.FAULTS}/topology?limit=50", {"Accept-Encoding": "br, identity;q=0"}),
        ):
            answer = await client.get(path, headers=headers)
            assert answer.status_code == 200
            assert "content-encoding" not in answer.headers, path
        only: dict[str, Any] = {"Accept-Encoding": "gzip, identity;q=0"}
        assert (await client.get(f"{lab.FAULTS}/me", headers=only)).headers["content-encoding"] == "gzip"


async def test_a_compressed_alarm_has_a_tag_of_its_own_that_serves_too(lab: RunningApi) -> None:
    async with lab.serve(), lab.client("operator") as client:
        path = f"{lab.ALARMS}/{(await lab.create(client, description='x' * 2_000))['id']}"
        plain = (await client.get(path, headers={"Accept-Encoding": "identity"})).headers["etag"]
        small = (await client.get(path, headers={"Accept-Encoding": "gzip"})).headers["etag"]
        assert small == plain[:-1] + '-gzip"'
        assert (await client.get(path, headers={"If-None-Match": small})).status_code == 304
        assert (await client.post(f"{path}/acknowledge", headers={"If-Match": small})).status_code == 200

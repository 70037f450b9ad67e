"""Bad requests: a problem each, naming what is wrong."""

from typing import Any

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from vocabulary.api import RunningApi

from actors.api.bodies import decode_body
from actors.api.problems import ProblemError
from protocols.rest_alarms import AlarmCreate, AlarmEdit
from protocols.rest_bulk import BulkRequest
from protocols.rest_events import NetworkEventBody
from protocols.rest_fields import check_metadata

ALARM = {"alarm_type": "x", "severity": "major", "title": "x", "resource_type": "olt", "resource_id": "o"}
DEEP: Any = {}
for _ in range(9):
    DEEP = {"a": DEEP}


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"severity": "cleared"}, "severity"),
        ({"severity": "catastrophic"}, "severity"),
        ({"severity": 1}, "severity"),
        ({"title": ""}, "title"),
        ({"title": "x" * 501}, "title"),
        ({"title": "two\nlines"}, "title"),
        ({"title": None}, "title"),
        ({"resource_id": "\u0000"}, "resource_id"),
        ({"description": "a\u0000b"}, "description"),
        ({"subscriber_count": "5"}, "subscriber_count"),
        ({"subscriber_count": -1}, "subscriber_count"),
        ({"subscriber_count": 2**63}, "subscriber_count"),
        ({"customer_ids": ["a", ""]}, "customer_ids[1]"),
        ({"customer_ids": "a"}, "customer_ids"),
        ({"at": "2026-03-01T12:00:00"}, "at"),
        ({"at": 1772366400}, "at"),
        ({"at": "yesterday"}, "at"),
        ({"at": "0001-01-01T00:00:00+14:00"}, "at"),
        ({"at": "9999-12-31T23:59:59-14:00"}, "at"),
        ({"metadata": {"n": 2**63}}, "metadata.n"),
        ({"metadata": {"a": [{"b": "\u0000"}]}}, "metadata.a[0].b"),
        ({"metadata": DEEP}, "metadata" + ".a" * 9),
        ({"metadata": {"a": "x" * 40_000}}, "metadata"),
        ({"metadata": {"a": [0] * 2_000}}, "metadata"),
        ({"tenant_id": ""}, "tenant_id"),
        ({"colour": "red"}, "colour"),
    ],
)
async def test_a_field_that_is_wrong_is_named(lab: RunningApi, change: dict[str, Any], field: str) -> None:
    async with lab.serve(), lab.client() as client:
        content = lab.problem(await client.post(lab.ALARMS, json=ALARM | change), 422, "invalid_body", field)
        assert content["detail"].startswith(f"{field}: ")
        assert lab.appended == []


@pytest.mark.parametrize("missing", ALARM)
async def test_a_field_that_is_missing_is_named(lab: RunningApi, missing: str) -> None:
    body = {name: value for name, value in ALARM.items() if name != missing}
    async with lab.serve(), lab.client() as client:
        lab.problem(await client.post(lab.ALARMS, json=body), 422, "invalid_body", missing)


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"{",
        b'{"severity": 1',
        b"\xff\xfe",
        b"nonsense",
        b"[" * 10_000,
        b'{"title": "\xff"}',
        b'{"title": "\\ud800"}',
        b"{} {}",
    ],
)
async def test_what_is_no_json_is_malformed(lab: RunningApi, content: bytes) -> None:
    async with lab.serve(), lab.client() as client:
        for method, path in (("POST", "/alarms"), ("PATCH", "/alarms/x"), ("POST", "/events"), ("POST", "/alarms/bulk")):
            lab.problem(await client.request(method, lab.FAULTS + path, content=content), 400, "malformed_json")


@pytest.mark.parametrize("content", [b"null", b"[]", b"1", b'"x"', b"[[]]"])
async def test_json_of_another_kind_is_refused(lab: RunningApi, content: bytes) -> None:
    async with lab.serve(), lab.client() as client:
        for path in ("/alarms", "/events", "/events/alertmanager", "/alarms/bulk", "/alarms/x/assign"):
            response = await client.post(lab.FAULTS + path, content=content)
            assert (response.status_code, response.headers["content-type"]) == (422, "application/problem+json")


async def test_an_edit_of_nothing_is_refused(lab: RunningApi) -> None:
    async with lab.serve(), lab.client() as client:
        content = lab.problem(await client.patch(f"{lab.ALARMS}/x", json={}), 422, "invalid_body", "")
        assert "nothing to change" in content["detail"]


@pytest.mark.parametrize(
    ("path", "kind", "fields"),
    [
        ("/alarms?colour=red&limit=5&shape=round", "unknown_parameter", ["colour", "shape"]),
        ("/alarms/x?limit=5", "unknown_parameter", ["limit"]),
        ("/alarms/statistics?limit=5", "unknown_parameter", ["limit"]),
        ("/me?x", "unknown_parameter", ["x"]),
        ("/alarms?limit=0", "invalid_parameter", ["limit"]),
        ("/alarms?limit=1001", "invalid_parameter", ["limit"]),
        ("/alarms?limit=ten", "invalid_parameter", ["limit"]),
        ("/alarms?limit=", "invalid_parameter", ["limit"]),
        ("/alarms?limit=" + "9" * 5_000, "invalid_parameter", ["limit"]),
        ("/alarms?limit=%D9%A1", "invalid_parameter", ["limit"]),
        ("/alarms?limit=1&limit=2", "invalid_parameter", ["limit"]),
        ("/alarms?severity=critical,red", "invalid_parameter", ["severity[1]"]),
        ("/alarms?status=", "invalid_parameter", ["status"]),
        ("/alarms?severity=,", "invalid_parameter", ["severity"]),
        ("/alarms?is_root_cause=maybe", "invalid_parameter", ["is_root_cause"]),
        ("/alarms?from=2026-03-01T12:00:00", "invalid_parameter", ["from"]),
        ("/alarms?from=1772366400", "invalid_parameter", ["from"]),
        ("/alarms?from=2026-03-02T00:00:00Z&to=2026-03-01T00:00:00Z", "invalid_parameter", ["to"]),
        ("/alarms?sort=colour", "invalid_parameter", ["sort"]),
        ("/alarms?cursor=", "invalid_parameter", ["cursor"]),
        ("/alarms?text=%00", "invalid_parameter", ["text"]),
        ("/alarms?text=%ff", "invalid_parameter", []),
        ("/traps/unknown?trap_oid=abc", "invalid_parameter", ["trap_oid"]),
        ("/device-events?from=x", "invalid_parameter", ["from"]),
    ],
)
async def test_a_parameter_that_is_wrong_is_named(lab: RunningApi, path: str, kind: str, fields: list[str]) -> None:
    async with lab.serve(), lab.client() as client:
        lab.problem(await client.get(lab.FAULTS + path), 400, kind, *fields)


async def test_paths_and_methods_that_are_not_there(lab: RunningApi) -> None:
    async with lab.serve(), lab.client() as client:
        for path in ("/nothing", f"{lab.FAULTS}/nothing", f"{lab.ALARMS}/x/explode", "/schema/redoc"):
            lab.problem(await client.get(path), 404, "no_such_path")
        for method, path in (("DELETE", lab.ALARMS), ("PUT", f"{lab.ALARMS}/x"), ("POST", "/healthz")):
            response = await client.request(method, path)
            lab.problem(response, 405, "method_not_allowed")
            assert "GET" in response.headers["allow"]
        lab.problem(await client.get(f"{lab.ALARMS}/a%00b"), 400, "invalid_parameter", "alarm_id")
        lab.problem(await client.post(f"{lab.ALARMS}/{'x' * 201}/clear"), 400, "invalid_parameter", "alarm_id")


async def test_a_bug_is_told_without_its_inside(lab: RunningApi) -> None:
    lab.readiness = None  # type: ignore[assignment]
    async with lab.serve(), lab.client() as client:
        content = lab.problem(await client.get("/readyz"), 500, "internal_error")
        assert "NoneType" not in str(content)
        assert (await client.get("/healthz")).status_code == 200


KINDS = [AlarmCreate, AlarmEdit, BulkRequest, NetworkEventBody, NetworkEventBody | tuple[NetworkEventBody, ...]]
_names = st.sampled_from([*ALARM, "metadata", "at", "a"])
_json = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(max_size=5),
    lambda inner: (
        st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from([*ALARM, "metadata", "at", "a"]), inner, max_size=4)
    ),
    max_leaves=8,
)


@settings(max_examples=150, deadline=None)
@given(content=st.binary(max_size=40) | _json.map(msgspec.json.encode), kind=st.sampled_from(KINDS))
def test_no_body_makes_anything_but_a_problem(content: bytes, kind: Any) -> None:
    status = 200
    try:
        decode_body(content, kind)
    except ProblemError as error:
        status = error.problem.status
    assert status in (200, 400, 422)


@settings(max_examples=150, deadline=None)
@given(metadata=st.dictionaries(st.text(max_size=3), _json, max_size=4))
def test_metadata_that_passes_can_be_kept(metadata: dict[str, Any]) -> None:
    try:
        check_metadata("metadata", metadata)
    except ValueError:
        return
    assert msgspec.msgpack.decode(msgspec.msgpack.encode(metadata)) == metadata
    assert "\\u0000" not in msgspec.json.encode(metadata).decode().replace("\\\\", "")

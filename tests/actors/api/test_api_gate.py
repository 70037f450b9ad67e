"""Nobody passes the gate by how a path is written: every handler, in every spelling of its path, with every kind of token."""

import random
from collections.abc import Callable, Mapping
from posixpath import normpath
from typing import NamedTuple
from urllib.parse import unquote

import httpx
import pytest
import structlog
import trio
from fuzzing.request_lines import respell, spellings
from litestar import Litestar, get
from litestar.routes import HTTPRoute
from vocabulary.api import RunningApi

from actors.api.access import Access, Undeclared, access_of, allow, check_declared
from actors.api.routes import PREFIX

MARKS = {"{alarm_id}": "A1", "{node_id}": "olt-1", "{window_id}": "MW1", "{rule_id}": "R1", "{offset}": "1"}


class Target(NamedTuple):
    """One handler: how it is called, and what it asks of its caller."""

    method: str
    path: str
    access: Access


def targets(lab: RunningApi) -> list[Target]:
    """Every handler of the application."""
    found = []
    for route in lab.api.application.routes:
        assert isinstance(route, HTTPRoute)
        path = route.path_format
        for mark, value in MARKS.items():
            path = path.replace(mark, value)
        for handler in route.route_handlers:
            found += [Target(method, path, access_of(handler)) for method in sorted(handler.http_methods)]
    return found


async def status(lab: RunningApi, method: str, target: str, headers: Mapping[str, str]) -> int:
    """What the server answers to this request, written as it stands."""
    lines = [
        f"{method} {target} HTTP/1.1",
        "Host: x",
        "Connection: close",
        *(f"{name}: {text}" for name, text in headers.items()),
    ]
    answer = b""
    async with lab.connect() as stream:
        await stream.send_all(("\r\n".join(lines) + "\r\n\r\n").encode("utf-8", "surrogateescape"))
        async for chunk in stream:
            answer += chunk
    assert answer.startswith(b"HTTP/1.1 "), (target, answer)
    return int(answer[9:12])


async def test_without_a_token_no_spelling_reaches_a_handler(make_lab: Callable[..., RunningApi]) -> None:
    lab = make_lab(metrics_need_token=True)
    with structlog.testing.capture_logs() as logs:
        async with lab.serve():
            for target in targets(lab):
                # "/" is public, and some of its spellings are those of "/schema".
                if target.access.needed != "nothing" and target.path != "/":
                    for spelling in spellings(target.path):
                        # 400: the server itself takes no such target.
                        assert await status(lab, target.method, spelling, {}) in (400, 401), (target, spelling)
    assert lab.appended == []
    assert [line for line in logs if line["log_level"] in ("warning", "error")] == []


async def test_without_a_token_no_path_that_is_changed_at_random_reaches_a_handler(make_lab: Callable[..., RunningApi]) -> None:
    lab, rng = make_lab(metrics_need_token=True), random.Random(20261130)
    with structlog.testing.capture_logs() as logs:
        async with lab.serve():
            kept = [target for target in targets(lab) if target.access.needed != "nothing" and target.path != "/"]
            for _ in range(500):
                target = rng.choice(kept)
                spelling = respell(target.path, rng)
                if normpath(unquote(spelling.partition("?")[0])) in ("/", "//", "/schema"):
                    continue  # a question mark has cut it: what is left is a spelling of a public page
                answered = await status(lab, target.method, spelling, {})
                # 431: the server takes no head that long.
                assert answered in (400, 401, 431), (target, spelling, answered)
    assert lab.appended == []
    assert [line for line in logs if line["log_level"] in ("warning", "error")] == []


@pytest.mark.parametrize(
    "headers",
    [
        {"Authorization": "Bearer x"},
        {"Authorization": "Basic dXNlcjpwYXNz"},
        {"X-HTTP-Method-Override": "GET", "X-Forwarded-Uri": "/healthz", "X-Original-URL": "/healthz"},
    ],
)
async def test_no_header_stands_for_a_token(lab: RunningApi, headers: Mapping[str, str]) -> None:
    async with lab.serve():
        for target in targets(lab):
            if target.access.needed not in ("nothing", "metrics"):
                for spelling in (target.path, f"/{target.path}"):
                    assert await status(lab, target.method, spelling, headers) == 401, (target, spelling)


@pytest.mark.parametrize("method", ["HEAD", "OPTIONS", "TRACE", "CONNECT", "get", "BREW"])
async def test_without_a_token_no_other_method_is_answered(lab: RunningApi, method: str) -> None:
    async with lab.serve():
        for path in {target.path for target in targets(lab) if target.path.startswith("/api")}:
            for spelling in (path, f"/{path}"):
                answered = await status(lab, method, spelling, {})
                assert answered in (400, 401), (method, spelling, answered)


async def test_metrics_need_a_token_in_every_spelling(make_lab: Callable[..., RunningApi]) -> None:
    lab = make_lab(metrics_need_token=True)
    async with lab.serve():
        for spelling in spellings("/metrics"):
            assert await status(lab, "GET", spelling, {}) in (400, 401), spelling
        assert await status(lab, "GET", "//metrics", {"Authorization": f"Bearer {lab.tokens['viewer']}"}) == 200


@pytest.mark.parametrize(("token", "below"), [("viewer", ("operator", "admin")), ("operator", ("admin",))])
async def test_a_role_too_low_reaches_no_handler(lab: RunningApi, token: str, below: tuple[str, ...]) -> None:
    headers = {"Authorization": f"Bearer {lab.tokens[token]}"}
    async with lab.serve():
        for target in targets(lab):
            if target.access.needed in below:
                assert await status(lab, target.method, target.path, headers) == 403, target
                for spelling in spellings(target.path):
                    answered = await status(lab, target.method, spelling, headers)
                    # 404, 405: the spelling is no path of this handler.
                    assert answered in (400, 403, 404, 405), (target, spelling, answered)
    assert lab.appended == []


async def test_what_spans_tenants_needs_a_token_without_one(lab: RunningApi) -> None:
    lab.tokens["north-admin"] = lab.book.create("north-admin", "admin", "north", lab.T0)
    headers = {"Authorization": f"Bearer {lab.tokens['north-admin']}"}
    async with lab.serve():
        spanning = [target for target in targets(lab) if target.access.every_tenant]
        assert {target.path for target in spanning} >= {f"{lab.FAULTS}/quarantine", f"{lab.FAULTS}/backtest"}
        for target in spanning:
            assert await status(lab, target.method, target.path, headers) == 403, target


WRITES_NOTHING = f"{PREFIX}/notification-policies/try"
ACKNOWLEDGE = "/acknowledge/{link}"
"""The signature of the link says who acts."""
DESK = f"{PREFIX}/tickets/webhook"
"""The body is signed by the desk."""


def test_every_handler_that_writes_needs_an_operator(lab: RunningApi) -> None:
    for target in targets(lab):
        if target.method not in ("GET", "OPTIONS") and target.path not in (WRITES_NOTHING, ACKNOWLEDGE, DESK):
            assert target.access.needed in ("operator", "admin"), target


def test_few_pages_need_no_token(lab: RunningApi) -> None:
    public = {target.path for target in targets(lab) if target.access.needed in ("nothing", "metrics")}
    open_to_all = {"/", "/console/{name}", "/stream", "/healthz", "/readyz", "/metrics", ACKNOWLEDGE, DESK}
    assert {path for path in public if not path.startswith("/schema")} == open_to_all


def test_a_handler_that_does_not_say_who_may_call_it_is_an_error() -> None:
    @get("/secret", sync_to_thread=False)
    def secret() -> str:
        return "x"

    @get("/open", sync_to_thread=False, opt=allow("nothing"))
    def declared() -> str:
        return "x"

    check_declared(Litestar([declared], openapi_config=None))
    with pytest.raises(Undeclared, match="/secret"):
        check_declared(Litestar([declared, secret], openapi_config=None))


async def test_no_handler_runs_that_the_gate_did_not_admit(lab: RunningApi) -> None:
    """The application without its gate answers nobody, not even for what needs no token."""
    transport = httpx.ASGITransport(app=lab.api.application)  # type: ignore[arg-type]
    async with httpx.AsyncClient(transport=transport, base_url="http://x") as client:
        for target in targets(lab):
            if target.method != "OPTIONS":
                answer = await client.request(target.method, target.path)
                assert answer.status_code == 401, target


async def test_a_refusal_keeps_the_connection_unless_a_body_is_left(lab: RunningApi) -> None:
    request = f"POST {lab.ALARMS} HTTP/1.1\r\nHost: x\r\nContent-Length: 0\r\n\r\n".encode()
    async with lab.serve(), lab.connect() as stream:
        with trio.fail_after(30):
            for _ in range(2):
                await stream.send_all(request)
                answer = b""
                while b"no_token" not in answer:
                    answer += await stream.receive_some()
                assert b"connection: close" not in answer
            await stream.send_all(request.replace(b"Length: 0", b"Length: 1") + b"x")
            assert b"connection: close" in b"".join([chunk async for chunk in stream])

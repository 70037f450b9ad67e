"""Backtests over HTTP: a real ledger file, a real process, one at a time."""

from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import httpx
import pytest
import trio

from actors.api import backtest
from actors.api.actor import Api
from actors.api.settings import ApiSettings
from actors.ledger.database import LedgerFile
from actors.ledger.group import CommitGroup
from actors.metrics import Metrics
from actors.tokens import TokenFile
from faultd.backtest.service import BacktestService
from protocols.backtest import BacktestRequest
from protocols.event import NetworkEvent, Tick
from protocols.principal import Role

NOW = datetime(2026, 3, 1, 3, 0, tzinfo=UTC)
PATH = "/api/v1/faults/backtest"
HUSH = {"name": "hush", "type": "suppression", "conditions": {"match": {"resource_id": "olt-1"}}}
NIGHT = {"name": "Night", "actions": [{"channel": "email", "to": "noc@example.net"}]}
TOKENS: dict[str, tuple[Role, str | None]] = {
    "admin": ("admin", None),
    "operator": ("operator", None),
    "north": ("admin", "north"),
}


class BacktestApi:
    """The API with its back-tests alone, over a ledger of two Events."""

    def __init__(self, folder: Path) -> None:
        self.ledger = folder / "ledger.sqlite"
        database = LedgerFile.open(self.ledger)
        event = NetworkEvent(type="device.down", tenant_id="t", resource_type="olt", resource_id="olt-1", reported_by="p")
        database.write(CommitGroup(now=NOW, through=0, appends=[[event, Tick()]]))
        database.close()
        self.service = BacktestService(self.ledger, lambda: NOW)
        book = TokenFile(folder / "tokens.json")
        self.tokens = {name: book.create(name, role, tenant, NOW) for name, (role, tenant) in TOKENS.items()}
        self.api = Api(ApiSettings(bind="127.0.0.1:0"), book, Metrics(), lambda: NOW, routes=[backtest.routes(self.service)])
        self.address = ""

    @asynccontextmanager
    async def serve(self, *, working: bool = True) -> AsyncIterator[Callable[[str], httpx.AsyncClient]]:
        async with trio.open_nursery() as nursery:
            self.address = await nursery.start(self.api.run)
            if working:
                await nursery.start(self.service.run)
            yield self.client
            nursery.cancel_scope.cancel()

    def client(self, name: str) -> httpx.AsyncClient:
        headers = {"Authorization": f"Bearer {self.tokens[name]}"}
        return httpx.AsyncClient(base_url=f"http://{self.address}", headers=headers, timeout=None)


@pytest.fixture
def lab(tmp_path: Path) -> BacktestApi:
    return BacktestApi(tmp_path)


async def _over(lab: BacktestApi, client: httpx.AsyncClient) -> dict[str, Any]:
    await lab.service.finished()
    job: dict[str, Any] = (await client.get(PATH)).json()
    return job


async def test_rules_are_tried_and_the_result_is_kept(lab: BacktestApi) -> None:
    async with lab.serve() as client_of, client_of("admin") as client:
        assert (await client.get(PATH)).status_code == 404
        started = await client.post(PATH, json={"rules": [HUSH], "since": "1h"})
        assert started.status_code == 202, started.text
        assert started.headers["location"] == PATH
        assert (started.json()["state"], started.json()["asked_by"]) == ("running", "admin")
        job = await _over(lab, client)
        assert job["state"] == "done", job
        assert job["result"]["found"] == {"suppressed": 1}
        assert job["result"]["differences"][0]["new"] == "rule hush"
        assert (await client.delete(PATH)).status_code == 409, "it is over"


async def test_policies_are_tried_by_the_same_request(lab: BacktestApi) -> None:
    async with lab.serve() as client_of, client_of("admin") as client:
        started = await client.post(PATH, json={"policies": [NIGHT], "person": "noc@example.net", "wakes": ["email"]})
        assert started.status_code == 202, started.text
        job = await _over(lab, client)
        assert job["state"] == "done", job
        assert (job["result"]["tried"], job["result"]["found"]) == (["policies"], {})
        dispatch = job["result"]["dispatch"]
        assert (dispatch["person"], dispatch["wakes"]) == ("noc@example.net", ["email"])
        assert dispatch["warnings"] == ["Night: actions[0].to: channel email is not configured"]


async def test_one_at_a_time_and_it_can_be_called_off(lab: BacktestApi) -> None:
    async with lab.serve(working=False) as client_of, client_of("admin") as client:
        assert (await client.post(PATH, json={"rules": [HUSH]})).status_code == 202
        second = await client.post(PATH, json={"rules": [HUSH]})
        assert (second.status_code, second.json()["type"]) == (409, "urn:faultd:problem:backtest_running")
        assert (await client.delete(PATH)).status_code == 204
        async with trio.open_nursery() as nursery:
            await nursery.start(lab.service.run)
            assert (await _over(lab, client))["state"] == "cancelled"
            assert (await client.post(PATH, json={"rules": []})).status_code == 202
            assert (await _over(lab, client))["state"] == "done"
            nursery.cancel_scope.cancel()


@pytest.mark.parametrize(
    ("body", "fields"),
    [
        ({"rules": [HUSH, HUSH]}, ["rules[1].name"]),
        ({"rules": [HUSH], "since": "soon"}, ["since"]),
        ({"rules": [HUSH | {"conditions": {"match": {"no_field": 1}}}]}, ["rules[0].conditions.match.no_field"]),
        ({"rules": [HUSH], "most": 10_001}, ["most"]),
        ({"since": "1h"}, ["rules"]),
        ({"policies": [NIGHT, NIGHT]}, ["policies[1].name"]),
        ({"policies": [NIGHT | {"match": {"severty": "major"}}]}, ["policies[0].match.severty"]),
        ({"policies": [NIGHT | {"actions": [{"channel": "pager", "to": "x"}]}]}, ["policies[0].actions[0].channel"]),
    ],
)
async def test_what_cannot_be_tried_is_refused_with_its_place(
    lab: BacktestApi, body: dict[str, Any], fields: list[str]
) -> None:
    async with lab.serve() as client_of, client_of("admin") as client:
        refused = await client.post(PATH, json=body)
        assert refused.status_code == 422, refused.text
        assert [error["field"] for error in refused.json()["errors"]] == fields


@pytest.mark.parametrize("name", ["operator", "north"])
async def test_only_an_admin_of_every_tenant_may(lab: BacktestApi, name: str) -> None:
    async with lab.serve() as client_of, client_of(name) as client:
        for method in ("GET", "DELETE"):
            assert (await client.request(method, PATH)).status_code == 403
        assert (await client.post(PATH, json={"rules": []})).status_code == 403


async def test_a_ledger_that_cannot_be_read_is_told(tmp_path: Path) -> None:
    service = BacktestService(tmp_path / "none", lambda: NOW)
    async with trio.open_nursery() as nursery:
        await nursery.start(service.run)
        service.start(BacktestRequest(rules=()), "ada")
        await service.finished()
        nursery.cancel_scope.cancel()
    job = service.latest()
    assert job is not None
    assert job.state == "failed"
    assert "no such ledger" in job.error


async def test_one_that_takes_too_long_is_ended(lab: BacktestApi) -> None:
    service = BacktestService(lab.ledger, lambda: NOW, limit_seconds=0.0)
    async with trio.open_nursery() as nursery:
        await nursery.start(service.run)
        service.start(BacktestRequest(rules=()), "ada")
        await service.finished()
        nursery.cancel_scope.cancel()
    job = service.latest()
    assert job is not None
    assert (job.state, "longer than 0 s" in job.error) == ("failed", True)

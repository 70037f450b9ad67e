"""Reports of instances over HTTP: closed periods with their revisions as JSON, CSV and PDF, and the explanation."""

import csv
import io
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from hashlib import sha256
from pathlib import Path
from typing import Any

import httpx
import pytest
import trio
from pypdf import PdfReader
from typer.testing import CliRunner
from vocabulary.api import RunningApi
from vocabulary.sla import plant

from actors.sla_clock.books.retention import forget_past
from actors.sla_clock.run import FoldRun
from actors.sla_clock.slices import go_on
from faultd.cli.every_command import app
from faultd.sla_report import render
from protocols.event import SlaWork, Tick, TopologyLoaded
from protocols.sla.local_time import instant_at

INSTANCES = f"{RunningApi.FAULTS}/sla-instances"
DEFINITION = {
    "name": "gold",
    "availability_target": 0.999,
    "measurement_period_days": 1,
    "credit": {"type": "tiers", "rule": "tiers", "currency": "EUR", "tiers": [{"below": 99.9, "percent": 10}]},
}
CONTRACT = {
    "customer_id": "C1",
    "service_id": "svc-1",
    "customer_name": "Bäckerei Müller",
    "start_date": "2026-01-01",
    "monthly_fee": 59.95,
    "currency": "EUR",
}
NOON = datetime(2026, 3, 1, 12, tzinfo=UTC)


@pytest.fixture
async def lab(stored_lab: RunningApi) -> AsyncIterator[RunningApi]:
    """The plant of an OLT, ``svc-1`` with a contract, and the time."""
    async with stored_lab.serve():
        await stored_lab.record([TopologyLoaded("1", plant())])
        yield stored_lab


async def contract(lab: RunningApi) -> str:
    async with lab.client("admin") as client:
        made = await client.post(f"{lab.FAULTS}/sla-definitions", json=DEFINITION)
        assert made.status_code == 201, made.text
        answer = await client.post(INSTANCES, json=CONTRACT | {"sla_definition_id": made.json()["id"]})
        assert answer.status_code == 201, answer.text
        found: str = answer.json()["id"]
        return found


async def go_to(lab: RunningApi, at: datetime) -> None:
    """Let the time come, with Ticks as often as faultd wants to be sure that it ran."""
    while lab.now < at:
        lab.now = min(at, lab.now + timedelta(seconds=59))
        await lab.record([Tick()])
        while lab.stages.sla.pending:
            await lab.record([SlaWork()])


async def outage(lab: RunningApi, client: httpx.AsyncClient, start: datetime, end: datetime) -> str:
    """An outage of the OLT; the id of its interval."""
    await go_to(lab, start)
    event = {"type": "device.down", "resource_type": "olt", "resource_id": "olt-1"}
    assert (await client.post(f"{lab.FAULTS}/events", json=event)).status_code < 300
    await go_to(lab, end)
    assert (await client.post(f"{lab.FAULTS}/events", json=event | {"type": "device.up"})).status_code < 300
    return next(each.id for each in lab.stages.sla.outages.values() if each.resource_id == "olt-1")


async def get(client: httpx.AsyncClient, path: str, **query: Any) -> Any:
    answer = await client.get(path, params=query)
    assert answer.status_code == 200, answer.text
    return answer.json()


async def test_a_period_is_closed_revised_and_each_revision_stays_byte_for_byte(lab: RunningApi) -> None:
    name = await contract(lab)
    async with lab.client("operator") as client:
        await outage(lab, client, NOON + timedelta(hours=1), NOON + timedelta(hours=2))
        running = await get(client, f"{INSTANCES}/{name}/report")
        assert (running["closed"], running["revision"], running["downtime"]) == (False, 0, 3600.0)
        assert running["operator"] == "Stadtnetz"
        early = await client.post(f"{INSTANCES}/{name}/periods/2026-03-01/close", json={"reason": "early"})
        lab.problem(early, 409, "wrong_state")
        await go_to(lab, NOON + timedelta(hours=13))
        first = await client.get(f"{INSTANCES}/{name}/report", params={"period": "2026-03-01"})
        report = first.json()
        assert (report["closed"], report["revision"], report["downtime"]) == (True, 1, 3600.0)
        assert [each["cause"] for each in report["outages"]] == ["olt-1 is down"]
        assert report["credit_amount"] == 6.0
        pdf = await client.get(
            f"{INSTANCES}/{name}/report", params={"period": "2026-03-01"}, headers={"Accept": "application/pdf"}
        )
        assert pdf.headers["content-type"] == "application/pdf"
        assert "sla-report-" in pdf.headers["content-disposition"]
        same = await client.post(f"{INSTANCES}/{name}/periods/2026-03-01/close", json={"reason": "again"})
        assert (same.status_code, same.json()["revision"]) == (200, 1)
        # An exclusion that is stated afterwards revises the period at once.
        body = {
            "category": "agreed",
            "scope": {"services": ["svc-1"]},
            "start_time": "2026-03-01T13:00:00Z",
            "end_time": "2026-03-01T13:30:00Z",
            "reason": "agreed by phone",
            "tenant_id": "default",
        }
        assert (await client.post(f"{lab.FAULTS}/sla-exclusions", json=body)).status_code == 201
        await go_to(lab, lab.now + timedelta(seconds=1))
        newest = await get(client, f"{INSTANCES}/{name}/report", period="2026-03-01")
        assert (newest["revision"], newest["downtime"], newest["previous"]["unplanned_downtime"]) == (2, 1800.0, 3600.0)
        assert [each["category"] for each in newest["exclusions"]] == ["agreed"]
        again = await client.get(f"{INSTANCES}/{name}/report", params={"period": "2026-03-01T05:00:00Z", "revision": 1})
        assert again.content == first.content
        printed = await client.get(f"{INSTANCES}/{name}/report", params={"period": "2026-03", "revision": 1, "format": "pdf"})
        assert sha256(printed.content).digest() == sha256(pdf.content).digest()
        assert "Stadtnetz" in PdfReader(io.BytesIO(pdf.content)).pages[0].extract_text()
        table = await client.get(f"{INSTANCES}/{name}/report", params={"period": "2026-03-01", "format": "csv"})
        (row,) = csv.DictReader(io.StringIO(table.text))
        assert (row["revision"], row["down_seconds"], row["customer_name"]) == ("2", "1800", "Bäckerei Müller")
        page = await get(client, f"{INSTANCES}/{name}/periods", limit=1)
        assert [each["revision"] for each in page["items"]] == [2]
        page = await get(client, f"{INSTANCES}/{name}/periods", cursor=page["next_cursor"])
        assert [each["revision"] for each in page["items"]] == [1]


async def test_an_old_period_is_revised_from_the_history(lab: RunningApi) -> None:
    name = await contract(lab)
    async with lab.client("operator") as client:
        await outage(lab, client, NOON + timedelta(hours=1), NOON + timedelta(hours=2))
        await go_to(lab, NOON + timedelta(days=3))
        run = FoldRun(lab.stages.sla, 0, lab.now, instant_at(lab.now))
        forget_past(run)
        go_on(run)
        assert not lab.stages.sla.outages
        same = await client.post(f"{INSTANCES}/{name}/periods/2026-03-01/close", json={"reason": "check"})
        assert (same.status_code, same.json()["revision"]) == (200, 1), same.text
        database = lab.stored.database
        await database.fetch("UPDATE sla_outages SET end_time = start_time + interval '10 seconds'")
        made = await client.post(f"{INSTANCES}/{name}/periods/2026-03-01/close", json={"reason": "the device's log"})
        assert made.status_code == 201, made.text
        figures = made.json()
        assert (figures["revision"], figures["unplanned_downtime"], figures["breach_count"]) == (2, 10.0, 0)
        assert (figures["credit_amount"], figures["closed_by"]) == (0.0, "user:operator")
        report = await get(client, f"{INSTANCES}/{name}/report", period="2026-03-01")
        assert (report["revision_reason"], report["breaches"], report["credits"]) == ("operator: the device's log", [], [])
        breaches = await get(client, f"{lab.FAULTS}/sla-breaches", withdrawn="true")
        assert [each["withdrawn"] for each in breaches["items"]] == [True]
        assert (await get(client, f"{INSTANCES}/{name}/report", period="2026-03-01", revision=1))["downtime"] == 3600.0
        lab.now += timedelta(days=1_100)
        gone = await client.post(f"{INSTANCES}/{name}/periods/2026-03-01/close", json={"reason": "too late"})
        lab.problem(gone, 409, "history_gone")
        unknown = await client.post(f"{INSTANCES}/{name}/periods/2025-03-01/close", json={"reason": "x"})
        lab.problem(unknown, 404, "unknown_period")


async def test_a_period_in_which_nothing_happened_has_a_report_from_its_figures(lab: RunningApi) -> None:
    name = await contract(lab)
    await go_to(lab, NOON + timedelta(hours=13))
    async with lab.client("viewer") as client:
        report = await get(client, f"{INSTANCES}/{name}/report", period="2026-03-01")
        assert (report["availability"], report["outages"], report["closed"]) == (1.0, [], True)
        assert [each["share"] for each in report["timeline"]] == ["up"]
        pdf = await client.get(f"{INSTANCES}/{name}/report", params={"period": "2026-03-01", "format": "pdf"})
        assert pdf.content.startswith(b"%PDF")


async def test_the_explanation_goes_from_the_service_up_and_does_the_arithmetic(lab: RunningApi) -> None:
    name = await contract(lab)
    async with lab.client("operator") as client:
        await outage(lab, client, NOON + timedelta(hours=1), NOON + timedelta(hours=2))
        found = await get(client, f"{INSTANCES}/{name}/explain")
    assert [(node["node_id"], node["below"]) for node in found["nodes"]] == [
        ("svc-1", None),
        ("olt-1/1/1/1", "svc-1"),
        ("olt-1/1/1", "olt-1/1/1/1"),
        ("olt-1/1", "olt-1/1/1"),
        ("olt-1", "olt-1/1"),
    ]
    assert [len(node["evidence"]) for node in found["nodes"]] == [0, 0, 0, 0, 1]
    assert {node["down"] for node in found["nodes"]} == {3600.0}
    text = "\n".join(found["lines"])
    assert "olt olt-1, above olt-1/1: without service for 3,600 s" in text
    assert "2026-03-01 13:00:00 to 2026-03-01 14:00:00  3,600 s counted, olt-1 is down" in text
    assert "3,600 s downtime" in text
    assert found["report"]["arithmetic"][0].endswith("= 50,400 s")


async def test_other_tenants_and_bad_names_are_refused(lab: RunningApi, monkeypatch: pytest.MonkeyPatch) -> None:
    name = await contract(lab)
    await go_to(lab, NOON + timedelta(hours=13))
    async with lab.client("north-viewer") as client:
        for path in ("report", "explain", "periods", "report?period=2026-03-01"):
            lab.problem(await client.get(f"{INSTANCES}/{name}/{path}"), 404, "unknown_instance")
        forbidden = await client.post(f"{INSTANCES}/{name}/periods/2026-03-01/close", json={"reason": "x"})
        lab.problem(forbidden, 403, "forbidden")
    async with lab.client("north") as client:
        hidden = await client.post(f"{INSTANCES}/{name}/periods/2026-03-01/close", json={"reason": "x"})
        lab.problem(hidden, 404, "unknown_instance")
    async with lab.client("operator") as client:
        for text in ("March", "2026-13", "2026-03-01T00:00:00", "9999-01-01"):
            lab.problem(
                await client.get(f"{INSTANCES}/{name}/report", params={"period": text}), 400, "invalid_parameter", "period"
            )
        lab.problem(await client.get(f"{INSTANCES}/{name}/report?period=2026-03-01&revision=9"), 404, "unknown_period")
        lab.problem(await client.get(f"{INSTANCES}/{name}/report?revision=0"), 400, "invalid_parameter", "revision")
        empty = await client.post(f"{INSTANCES}/{name}/periods/2026-03-01/close", json={"reason": " "})
        lab.problem(empty, 422, "invalid_body", "reason")
        monkeypatch.setattr(render, "find_spec", lambda name: None)
        missing = await client.get(f"{INSTANCES}/{name}/report?format=pdf")
        assert "pip install 'faultd[pdf]'" in lab.problem(missing, 501, "pdf_not_installed")["detail"]


async def test_the_command_line_lists_explains_and_writes_the_document(
    lab: RunningApi, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    name = await contract(lab)
    monkeypatch.setenv("FAULTD_TOKEN", lab.tokens["viewer"])

    async def sla(*arguments: str, code: int = 0) -> str:
        command = ["sla", *arguments, "--url", f"http://{lab.address}"]
        done = await trio.to_thread.run_sync(CliRunner().invoke, app, command)
        assert done.exit_code == code, done.output
        # The API logs its requests meanwhile.
        return "".join(line for line in done.output.splitlines(keepends=True) if "[debug" not in line)

    async with lab.client("operator") as client:
        await outage(lab, client, NOON + timedelta(hours=1), NOON + timedelta(hours=2))
    line, count = (await sla("list")).splitlines()
    assert count == "1 instance"
    assert line.split("\t")[:6] == [name, "svc-1", "C1", "breached", "0.928571", "0"]
    assert await sla("list", "--status", "compliant") == "0 instances\n"
    said = await sla("explain", name)
    assert "olt olt-1, above olt-1/1: without service for 3,600 s" in said
    assert '"nodes"' in await sla("explain", name, "--json")
    said = await sla("report", name)
    assert "2026-03-01 13:00:00 to 2026-03-01 14:00:00 3,600 s counted, olt-1 is down" in said
    assert "period 2026-03-01 00:00:00 to 2026-03-02 00:00:00, not closed, until 2026-03-01 14:00:00" in said
    await go_to(lab, NOON + timedelta(hours=13))
    first, second = tmp_path / "one.pdf", tmp_path / "two.pdf"
    for file in (first, second):
        await sla("report", name, "--period", "2026-03-01", "--pdf", str(file))
    assert first.read_bytes() == second.read_bytes()
    assert first.read_bytes().startswith(b"%PDF")
    assert (await sla("report", name, "--period", "2026-03-01", "--csv", "-")).count("\n") == 2
    assert "revision 1" in await sla("report", name, "--period", "2026-03-01")
    assert "no closed period" in await sla("report", name, "--period", "2025-03-01", code=66)
    assert "no instance 'SI999'" in await sla("explain", "SI999", code=66)
    await sla("report", name, "--pdf", "-", "--csv", "-", code=64)
    await sla("report", name, "--csv", str(tmp_path / "none" / "x.csv"), code=73)
    monkeypatch.setattr(render, "find_spec", lambda name: None)
    assert "pip install 'faultd[pdf]'" in await sla("report", name, "--pdf", str(first), code=1)

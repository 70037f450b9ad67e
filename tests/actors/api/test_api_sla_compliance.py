"""The compliance report over HTTP: closed periods of a real PostgreSQL, running ones of the fold."""

import csv
import io
from datetime import timedelta
from typing import Any

import pytest
from msgspec.structs import replace
from vocabulary import agreements
from vocabulary.agreements import BEGIN, DAY, DEC, END, HOUR
from vocabulary.api import RunningApi

from actors.api import sla_compliance
from actors.api.sql import sla_periods
from actors.journal import Journal
from actors.sla_clock.work import WalkAll
from protocols.ledger import RecordedBatch
from protocols.sla.changes import SlaPeriodClosed
from protocols.sla.instance import FormerDefinition
from protocols.sla.period_figures import PeriodFigures

PATH = f"{RunningApi.FAULTS}/sla-compliance"
NOVEMBER = {"period_start": "2026-11-01T00:00:00Z", "period_end": "2026-12-01T00:00:00Z"}


@pytest.fixture
def lab(stored_lab: RunningApi) -> RunningApi:
    stored_lab.now = DEC + timedelta(days=2)
    return stored_lab


async def close(lab: RunningApi, *periods: PeriodFigures) -> None:
    """Have closed periods in PostgreSQL."""
    lab.seq += 1
    await lab.apply(RecordedBatch(lab.seq, lab.seq, [SlaPeriodClosed(1, each) for each in periods]))
    lab.progress.advance(lab.seq)


def run(lab: RunningApi, *numbers: int, **fields: Any) -> None:
    """Have instances whose periods run."""
    state = lab.stages.sla
    state.definitions["SD1"] = (agreements.definition(),)
    for number in numbers:
        state.instances.put(Journal(), agreements.instance(number, **fields))


async def report(client: Any, **query: Any) -> dict[str, Any]:
    answer = await client.get(PATH, params=query)
    assert answer.status_code == 200, answer.text
    found: dict[str, Any] = answer.json()
    return found


async def test_a_closed_period_with_its_sums(lab: RunningApi) -> None:
    await close(lab, agreements.figures(planned=HOUR, excluded=HOUR, unknown=1))
    async with lab.serve(), lab.client("viewer") as client:
        found = await report(client, **NOVEMBER)
        assert await report(client, **NOVEMBER, items="false") == found | {"items": []}
    (item,) = found.pop("items")
    assert found == {
        "period_start": "2026-11-01T00:00:00Z",
        "period_end": "2026-12-01T00:00:00Z",
        "periods": 1,
        "avg_availability": 0.999,
        "total_breaches": 1,
        "total_credits": 1.25,
        "credits": [{"currency": "EUR", "amount": 1.25}],
    }
    assert item == {
        "sla_instance_id": "SI2",
        "tenant_id": "t",
        "customer_id": "C2",
        "customer_name": "Novak",
        "service_id": "S2",
        "sla_definition_id": "SD1",
        "definition_version": 1,
        "period_start": "2026-11-01T00:00:00Z",
        "period_end": "2026-12-01T00:00:00Z",
        "closed": True,
        "revision": 1,
        "availability": 0.999,
        "contract_time": 2_592_000.0,
        "uptime": 2_589_407.0,
        "total_downtime": 6_193.0,
        "planned_downtime": 3_600.0,
        "unplanned_downtime": 2_593.0,
        "excluded_time": 3_600.0,
        "unknown_time": 0.000001,
        "error_budget": 2_592.0,
        "breach_count": 1,
        "credit_amount": 1.25,
        "currency": "EUR",
        "reason": "the period ended",
        "closed_by": "faultd:sla_clock",
        "made_at": "2026-12-01T00:00:00Z",
    }


async def test_without_times_it_is_the_present_month_with_the_running_periods(lab: RunningApi) -> None:
    await close(lab, agreements.figures())
    run(lab, 2, 3)
    run(lab, 9, start=END + 10 * DAY)
    async with lab.serve(), lab.client("viewer") as client:
        found = await report(client)
        november = await report(client, **NOVEMBER)
    assert (found["period_start"], found["period_end"]) == ("2026-12-01T00:00:00Z", "2027-01-01T00:00:00Z")
    assert [(each["sla_instance_id"], each["closed"], each["revision"]) for each in found["items"]] == [
        ("SI2", False, 0),
        ("SI3", False, 0),
    ]
    first = found["items"][0]
    assert (first["uptime"], first["contract_time"], first["availability"]) == (2 * 86_400.0, 2 * 86_400.0, 1.0)
    assert (first["period_start"], first["period_end"]) == ("2026-12-01T00:00:00Z", "2027-01-01T00:00:00Z")
    assert first["error_budget"] == pytest.approx(31 * 86.4)
    assert (found["avg_availability"], found["total_breaches"], found["total_credits"]) == (1.0, 0, 0)
    assert [each["closed"] for each in november["items"]] == [True], "nothing runs in a month that is over"


async def test_closed_and_running_periods_make_one_report(lab: RunningApi) -> None:
    await close(lab, agreements.figures(), agreements.figures(3, availability=None, breaches=0, credit=0))
    run(lab, 2)
    async with lab.serve(), lab.client("viewer") as client:
        found = await report(client, period_start="2026-01-01T00:00:00Z", period_end="2027-01-01T00:00:00Z")
    assert [(each["sla_instance_id"], each["closed"]) for each in found["items"]] == [
        ("SI2", True),
        ("SI3", True),
        ("SI2", False),
    ]
    assert (found["periods"], found["avg_availability"]) == (3, 0.9995), "a period without measured time does not count"


@pytest.mark.parametrize(("values", "mean"), [((999_999, 999_998), 0.999998), ((999_999, 1_000_000), 1.0), ((1, 0, 0), 0.0)])
async def test_the_mean_is_rounded_half_to_even(lab: RunningApi, values: tuple[int, ...], mean: float) -> None:
    await close(lab, *(agreements.figures(number, availability=value) for number, value in enumerate(values, 2)))
    async with lab.serve(), lab.client("viewer") as client:
        assert (await report(client, **NOVEMBER))["avg_availability"] == mean


async def test_the_newest_revision_counts_and_earlier_ones_stay_byte_for_byte(lab: RunningApi) -> None:
    await close(lab, agreements.figures(), agreements.figures(3))
    async with lab.serve(), lab.client("viewer") as client:
        before = (await client.get(PATH, params=NOVEMBER)).content
        await close(
            lab, agreements.figures(revision=2, down=0, availability=1_000_000, breaches=0, credit=0, reason="late clear")
        )
        after = await report(client, **NOVEMBER)
        assert [(each["revision"], each["availability"]) for each in after["items"]] == [(2, 1.0), (1, 0.999)]
        assert (after["total_breaches"], after["total_credits"], after["avg_availability"]) == (1, 1.25, 0.9995)
        for _ in range(2):
            assert (await client.get(PATH, params={**NOVEMBER, "revision": 1})).content == before
        assert (await report(client, **NOVEMBER, revision=7)) == after


async def test_a_month_has_the_periods_whose_middle_is_in_it(lab: RunningApi) -> None:
    hours = (-14, -1, 0, 5, 12)
    shifted = [agreements.figures(10 + hour + 14, start=BEGIN + hour * HOUR, end=END + hour * HOUR) for hour in hours]
    weeks = [agreements.figures(50 + week, start=BEGIN + 7 * week * DAY, end=BEGIN + 7 * (week + 1) * DAY) for week in range(5)]
    await close(lab, *shifted, *weeks)
    async with lab.serve(), lab.client("viewer") as client:
        found = await report(client, **NOVEMBER)
        december = await report(client, period_start=NOVEMBER["period_end"], period_end="2027-01-01T00:00:00Z")
    ids = {int(each["sla_instance_id"].removeprefix("SI")) for each in found["items"]}
    assert ids == {*(10 + hour + 14 for hour in hours), 50, 51, 52, 53}
    assert [each["sla_instance_id"] for each in december["items"]] == ["SI54"]


async def test_filters_reach_both_sources(lab: RunningApi) -> None:
    await close(lab, *(agreements.figures(number) for number in (2, 3)))
    await close(lab, agreements.figures(4, tenant_id="north", definition_id="SD9"))
    run(lab, 2, 3)
    run(lab, 4, tenant_id="north")
    year = {"period_start": "2026-01-01T00:00:00Z", "period_end": "2027-01-01T00:00:00Z"}
    async with lab.serve(), lab.client("viewer") as client, lab.client("north-viewer") as north:

        async def chosen(asking: Any, **query: str) -> list[str]:
            return [each["sla_instance_id"] for each in (await report(asking, **year, **query))["items"]]

        assert await chosen(client) == ["SI2", "SI3", "SI4", "SI2", "SI3", "SI4"]
        assert await chosen(client, customer_id="C3") == ["SI3", "SI3"]
        assert await chosen(client, service_id="S2") == ["SI2", "SI2"]
        assert await chosen(client, sla_instance_id="SI2") == ["SI2", "SI2"]
        assert await chosen(client, sla_definition_id="SD9") == ["SI4"]
        assert await chosen(client, sla_definition_id="SD1", customer_id="C2") == ["SI2", "SI2"]
        assert await chosen(client, tenant_id="north") == ["SI4", "SI4"]
        assert await chosen(client, customer_id="nobody") == []
        assert await chosen(north) == ["SI4", "SI4"]
        assert await chosen(north, sla_instance_id="SI2") == [], "another tenant's"
        lab.problem(await north.get(PATH, params={"tenant_id": "t"}), 403, "not_your_tenant")


async def test_a_running_period_keeps_its_definition(lab: RunningApi) -> None:
    run(lab, 2, definition_id="SD9", former=(FormerDefinition("SD1", END + 31 * DAY),))
    lab.stages.sla.definitions["SD9"] = (agreements.definition(9),)
    async with lab.serve(), lab.client("viewer") as client:
        assert [each["sla_definition_id"] for each in (await report(client, sla_definition_id="SD1"))["items"]] == ["SD1"]
        assert (await report(client, sla_definition_id="SD9"))["items"] == []


async def test_credits_of_several_currencies_have_no_sum(lab: RunningApi) -> None:
    await close(
        lab,
        agreements.figures(2),
        agreements.figures(3, currency="JPY", minor_digits=0, credit=250),
        agreements.figures(4, currency="GBP", credit=0),
    )
    async with lab.serve(), lab.client("viewer") as client:
        found = await report(client, **NOVEMBER)
    assert found["total_credits"] is None
    assert found["credits"] == [{"currency": "EUR", "amount": 1.25}, {"currency": "JPY", "amount": 250.0}]


async def test_the_file_has_exact_decimals_and_runs_no_formula(lab: RunningApi) -> None:
    await close(lab, agreements.figures(customer_id="=1+1", down=1, planned=2, budget=None, credit=-5))
    async with lab.serve(), lab.client("viewer") as client:
        by_format = await client.get(PATH, params={**NOVEMBER, "format": "csv"})
        by_header = await client.get(PATH, params=NOVEMBER, headers={"Accept": "text/csv"})
    assert by_format.content == by_header.content
    assert by_format.headers["content-type"].startswith("text/csv")
    (row,) = csv.DictReader(io.StringIO(by_format.text))
    assert (row["customer_id"], row["availability"], row["period_start"]) == ("'=1+1", "0.999000", "2026-11-01T00:00:00Z")
    assert (row["total_downtime"], row["planned_downtime"], row["unplanned_downtime"]) == ("0.000003", "0.000002", "0.000001")
    assert (row["error_budget"], row["credit_amount"], row["closed"]) == ("", "-0.05", "true")


async def test_pages_of_the_database_are_joined(lab: RunningApi, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sla_periods, "PAGE", 3)
    figures = [agreements.figures(number % 5, start=BEGIN + number, end=END + number, revision=2) for number in range(7)]
    await close(lab, *figures, *(replace(each, revision=1) for each in figures))
    async with lab.serve(), lab.client("viewer") as client:
        found = await report(client, **NOVEMBER)
        monkeypatch.setattr(sla_compliance, "MOST", 6)
        lab.problem(await client.get(PATH, params=NOVEMBER), 400, "too_many_items")
        assert (await report(client, **NOVEMBER, items="false"))["periods"] == 7
    assert [each["sla_instance_id"] for each in found["items"]] == [f"SI{number % 5}" for number in range(7)]
    assert {each["revision"] for each in found["items"]} == {2}


async def test_an_empty_report(lab: RunningApi) -> None:
    async with lab.serve(), lab.client("viewer") as client:
        found = await report(client)
        assert (found["items"], found["periods"], found["avg_availability"], found["total_credits"]) == ([], 0, None, 0)
        empty = await client.get(PATH, params={"format": "csv"})
        assert empty.text.count("\n") == 1


@pytest.mark.parametrize(
    ("query", "field"),
    [
        ("period_start=2026-11-01T00:00:00Z", "period_end"),
        ("period_start=2026-11-01T00:00:00Z&period_end=2026-11-01T00:00:00Z", "period_end"),
        ("period_start=2026-11-01&period_end=2026-11-02T00:00:00Z", "period_start"),
        ("revision=0", "revision"),
        ("format=pdf", "format"),
    ],
)
async def test_a_wrong_parameter_of_a_report_is_named(lab: RunningApi, query: str, field: str) -> None:
    async with lab.serve(), lab.client("viewer") as client:
        lab.problem(await client.get(f"{PATH}?{query}"), 400, "invalid_parameter", field)


async def test_a_report_that_lacks_what_is_not_stored_yet_says_so(lab: RunningApi) -> None:
    async with lab.serve(), lab.client("viewer") as client:
        assert "faultd-stale" not in (await client.get(PATH)).headers
        lab.stages.sla.put_work(Journal(), WalkAll("a period is being closed"))
        assert (await client.get(PATH)).headers["faultd-stale"] == "true"

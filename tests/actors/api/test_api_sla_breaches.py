"""Breaches over HTTP: units, filters, pages and tenants from a real PostgreSQL, and from the fold while it is away."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from vocabulary import agreements
from vocabulary.agreements import ALARM, BEGIN, HOUR, NOV, PARENT, SECOND
from vocabulary.api import RunningApi

from protocols.ledger import RecordedBatch
from protocols.sla.breach import SlaBreach
from protocols.sla.changes import SlaBreachChanged

PATH = f"{RunningApi.FAULTS}/sla-breaches"


async def keep(lab: RunningApi, *breaches: SlaBreach, held: bool = True) -> None:
    """Have ``breaches`` in PostgreSQL, where there is one, and in the fold where they are ``held``."""
    if held:
        lab.stages.sla.breaches.update((each.id, each) for each in breaches)
    if lab.store is not None:
        lab.seq += 1
        await lab.apply(RecordedBatch(lab.seq, lab.seq, [SlaBreachChanged(1, each) for each in breaches]))
        lab.progress.advance(lab.seq)


def some() -> list[SlaBreach]:
    """Five breaches, the latest last."""
    return [
        agreements.breach(1, start=BEGIN + 1, type="latency", target=10_000, actual=12_345, end=BEGIN + 5, resolved=True),
        agreements.breach(2, start=BEGIN + 2, customer_id="C9", service_id="S9", instance_id="SI9", tenant_id="north"),
        agreements.breach(
            3, start=BEGIN + 3, type="response_time", target=900 * SECOND, actual=1_200 * SECOND, alarm_name="A8"
        ),
        agreements.breach(4, start=BEGIN + 3, definition_id="SD9", alarm_id=PARENT),
        agreements.breach(5, start=BEGIN + 4, withdrawn=True, resolved=True, end=BEGIN + 4),
    ]


FILTERS = [
    ("", [4, 3, 2, 1]),
    ("withdrawn=true", [5]),
    ("resolved=false", [4, 3, 2]),
    ("resolved=true", [1]),
    ("breach_type=latency,response_time", [3, 1]),
    ("sla_instance_id=SI9", [2]),
    ("customer_id=C9", [2]),
    ("service_id=S9", [2]),
    ("sla_definition_id=SD9", [4]),
    ("tenant_id=north", [2]),
    ("alarm_id=A8", [3]),
    (f"alarm_id={PARENT}", [4]),
    ("alarm_id=none", []),
    ("from=2026-11-01T00:00:00.000002Z", [4, 3, 2]),
    ("to=2026-11-01T00:00:00.000003Z", [2, 1]),
]


async def numbers(client: Any, query: str) -> list[int]:
    answer = await client.get(f"{PATH}?{query}")
    assert answer.status_code == 200, answer.text
    return [int(item["id"].removeprefix("SB")) for item in answer.json()["items"]]


async def test_a_breach_in_the_units_of_its_definition(stored_lab: RunningApi) -> None:
    lab = stored_lab
    late = agreements.breach(
        type="response_time",
        target=900 * SECOND,
        actual=1_125 * SECOND,
        start=BEGIN + HOUR,
        end=BEGIN + HOUR + 225_500_000,
        resolved=True,
        ticket_id="T-1",
    )
    async with lab.serve(), lab.client("viewer") as client:
        for held in (False, True):
            await keep(lab, late, held=held)
            answer = await client.get(f"{PATH}/SB4")
            assert answer.status_code == 200, answer.text
            assert answer.json() == {
                "id": "SB4",
                "sla_instance_id": "SI2",
                "tenant_id": "t",
                "customer_id": "C2",
                "service_id": "S2",
                "sla_definition_id": "SD1",
                "definition_version": 1,
                "breach_type": "response_time",
                "period_start": "2026-11-01T00:00:00Z",
                "breach_start": "2026-11-01T01:00:00Z",
                "breach_end": "2026-11-01T01:03:45.500000Z",
                "duration": 225.5,
                "unit": "minutes",
                "target_value": 15.0,
                "actual_value": 18.75,
                "deviation_percent": 25.0,
                "credit_amount": 1.25,
                "currency": "EUR",
                "alarm_id": ALARM,
                "alarm_name": "A7",
                "alarms": [ALARM, PARENT],
                "ticket_id": "T-1",
                "resolved": True,
                "withdrawn": False,
                "reason": "2592.000001 s down, the budget is 2592.000000 s",
                "revision": 1,
            }
            assert answer.headers["etag"].startswith('"1')
            (item,) = (await client.get(PATH)).json()["items"]
            assert item == answer.json()


@pytest.mark.parametrize(
    ("kind", "target", "actual", "shown"),
    [
        ("availability", 999_000_000, 998_999_999, ("fraction", 0.999, 0.998999999, -0.0)),
        ("packet_loss", 1_000, 2_500, ("percent", 0.1, 0.25, 150.0)),
        ("bandwidth", 1_000_000_000, 500_000_000, ("mbps", 1000.0, 500.0, -50.0)),
        ("packet_loss", 0, 1, ("percent", 0.0, 0.0001, None)),
    ],
)
async def test_values_and_deviation(lab: RunningApi, kind: Any, target: int, actual: int, shown: tuple[Any, ...]) -> None:
    await keep(lab, agreements.breach(type=kind, target=target, actual=actual, alarm_id="", alarm_name="", alarms=()))
    lab.now = NOV + timedelta(days=10, hours=1)
    async with lab.serve(), lab.client("viewer") as client:
        found = (await client.get(f"{PATH}/SB4")).json()
    assert (found["unit"], found["target_value"], found["actual_value"], found["deviation_percent"]) == shown
    assert (found["breach_end"], found["duration"]) == (None, 3_599.999999), "it lasts until now"
    assert (found["alarm_id"], found["alarm_name"], found["alarms"], found["ticket_id"]) == (None, None, [], None)


async def test_a_breach_withdrawn_while_open_lasts_no_longer(lab: RunningApi) -> None:
    await keep(lab, agreements.breach(withdrawn=True, resolved=True))
    lab.now = NOV + timedelta(days=10, hours=1)
    async with lab.serve(), lab.client("viewer") as client:
        found = (await client.get(f"{PATH}/SB4")).json()
    assert (found["breach_end"], found["duration"]) == (None, 0.0)


@pytest.mark.parametrize(("query", "wanted"), FILTERS)
async def test_filters_of_the_list(stored_lab: RunningApi, query: str, wanted: list[int]) -> None:
    await keep(stored_lab, *some(), held=False)
    async with stored_lab.serve(), stored_lab.client("viewer") as client:
        assert await numbers(client, query) == wanted


async def test_the_fold_answers_alike_while_postgresql_is_away(lab: RunningApi) -> None:
    await keep(lab, *some())
    async with lab.serve(), lab.client("viewer") as client, lab.client("north-viewer") as north:
        for query, wanted in FILTERS:
            assert await numbers(client, query) == wanted, query
        answer = await client.get(PATH)
        assert answer.headers["faultd-degraded"] == "true"
        assert answer.json()["degraded"].startswith("PostgreSQL is away")
        assert await numbers(north, "") == [2]
        lab.problem(await client.get(f"{PATH}/SB99"), 503, "database_unavailable")


async def test_pages_follow_one_another_from_both_sources(stored_lab: RunningApi, make_lab: Callable[..., RunningApi]) -> None:
    many = [agreements.breach(number, start=BEGIN + number // 3) for number in range(1, 12)]
    away = make_lab()
    for lab in (stored_lab, away):
        await keep(lab, *many)
        async with lab.serve(), lab.client("viewer") as client:
            found, cursor, pages = [], None, 0
            while pages == 0 or cursor is not None:
                answer = await client.get(PATH, params={"limit": 4} | ({"cursor": cursor} if cursor else {}))
                body = answer.json()
                found += [item["id"] for item in body["items"]]
                cursor, pages = body["next_cursor"], pages + 1
            assert found == [each.id for each in sorted(many, key=lambda each: (each.start, each.id), reverse=True)]
            assert pages == 3
            lab.problem(await client.get(f"{PATH}?cursor=x"), 400, "invalid_parameter", "cursor")


@pytest.mark.parametrize("stored_lab", [{"read_your_writes_seconds": 0.0}], indirect=True)
async def test_a_list_that_lacks_what_is_recorded_says_so(stored_lab: RunningApi) -> None:
    lab = stored_lab
    await keep(lab, agreements.breach())
    async with lab.serve(), lab.client("viewer") as client:
        assert "faultd-stale" not in (await client.get(PATH)).headers
        lab.seq += 1
        assert (await client.get(PATH)).headers["faultd-stale"] == "true"


async def test_a_breach_of_another_tenant_does_not_exist(stored_lab: RunningApi) -> None:
    lab = stored_lab
    await keep(lab, agreements.breach(1, tenant_id="north"))
    await keep(lab, agreements.breach(2, tenant_id="north"), held=False)
    async with lab.serve(), lab.client("south") as south, lab.client("north-viewer") as north:
        assert await numbers(south, "") == []
        assert await numbers(north, "") == [2, 1]
        for name in ("SB1", "SB2", "SB3", "x%20y"):
            lab.problem(await south.get(f"{PATH}/{name}"), 404, "unknown_breach")
        assert (await north.get(f"{PATH}/SB2")).status_code == 200
        lab.problem(await south.get(f"{PATH}?tenant_id=north"), 403, "not_your_tenant")


@pytest.mark.parametrize(
    ("query", "field"),
    [
        ("breach_type=outage", "breach_type[0]"),
        ("resolved=perhaps", "resolved"),
        ("from=2026-11-01", "from"),
        ("to=0001-01-01T00:00:00Z", "to"),
    ],
)
async def test_a_wrong_parameter_is_named(lab: RunningApi, query: str, field: str) -> None:
    async with lab.serve(), lab.client("viewer") as client:
        lab.problem(await client.get(f"{PATH}?{query}"), 400, "invalid_parameter", field)

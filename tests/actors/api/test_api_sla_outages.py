"""Outages over HTTP: from a real PostgreSQL and from the fold, and corrected by an operator."""

from datetime import timedelta
from typing import Any

import pytest
from vocabulary import agreements
from vocabulary.agreements import ALARM, BEGIN, HOUR
from vocabulary.api import RunningApi

from actors.journal import Journal
from protocols.ledger import RecordedBatch
from protocols.sla.changes import SlaOutageChanged
from protocols.sla.local_time import instant_at
from protocols.sla.outage import SlaOutage

PATH = f"{RunningApi.FAULTS}/sla-outages"


async def keep(lab: RunningApi, *outages: SlaOutage) -> None:
    """Have ``outages`` in PostgreSQL."""
    lab.seq += 1
    await lab.apply(RecordedBatch(lab.seq, lab.seq, [SlaOutageChanged(1, each) for each in outages]))
    lab.progress.advance(lab.seq)


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        ("", ["c", "b", "a"]),
        ("resource_id=olt-9", ["b"]),
        (f"alarm_id={ALARM}", ["c", "b", "a"]),
        ("alarm_id=A9", ["c"]),
        ("effect=unknown", ["a"]),
        ("effect=unknown,outage", ["c", "b", "a"]),
        ("lasting=true", ["c"]),
        ("lasting=false", ["b", "a"]),
        ("from=2026-11-01T00:00:00.000001Z&to=2026-11-01T00:00:00.000002Z", ["b"]),
        ("limit=1", ["c"]),
    ],
)
async def test_the_list_from_postgresql(stored_lab: RunningApi, query: str, expected: list[str]) -> None:
    lab = stored_lab
    await keep(
        lab,
        agreements.outage(id="a", start=BEGIN, end=BEGIN + HOUR, effect="unknown"),
        agreements.outage(id="b", start=BEGIN + 1, end=BEGIN + HOUR, resource_id="olt-9"),
        agreements.outage(id="c", start=BEGIN + 2, end=None, alarm_name="A9"),
    )
    async with lab.serve(), lab.client("viewer") as client:
        answer = await client.get(f"{PATH}?{query}")
        assert [each["id"] for each in answer.json()["items"]] == expected, answer.text
        assert (answer.json()["next_cursor"] is None) == (query != "limit=1")


async def test_an_operator_corrects_an_outage(lab: RunningApi) -> None:
    start = instant_at(lab.now - timedelta(hours=2))
    held = agreements.outage(id=f"{ALARM}.0", tenant_id="north", start=start, end=None)
    lab.stages.sla.put_outage(Journal(), held)
    name = f"{PATH}/{held.id}"
    begun = {"start_time": (lab.now - timedelta(hours=1)).isoformat(), "reason": "the log of the OLT"}
    async with lab.serve(), lab.client("viewer") as viewer, lab.client("operator") as client:
        shown = (await viewer.get(name)).json()
        assert (shown["duration"], shown["corrected"], shown["end_time"]) == (7200.0, False, None)
        lab.problem(await viewer.patch(name, json=begun), 403, "forbidden")
        answer = await client.patch(name, json=begun)
        assert (answer.status_code, answer.json()["duration"], answer.json()["corrected"]) == (200, 3600.0, True)
        wrong: list[tuple[dict[str, Any], str]] = [
            ({"reason": "x"}, "start_time"),
            (begun | {"start_time": "2026-11-01T00:00:00"}, "start_time"),
            (begun | {"reason": ""}, "reason"),
            (begun | {"end_time": (lab.now + timedelta(hours=1)).isoformat()}, "end_time"),
            (begun | {"end_time": (lab.now - timedelta(hours=9)).isoformat()}, "end_time"),
        ]
        for body, field in wrong:
            lab.problem(await client.patch(name, json=body), 422, "invalid_body", field)
        lab.problem(await client.patch(f"{PATH}/nothing.0", json=begun), 404, "unknown_outage")


async def test_tenants_see_their_own_outages(lab: RunningApi) -> None:
    for tenant in ("north", ""):
        lab.stages.sla.put_outage(Journal(), agreements.outage(id=f"{ALARM}.{tenant or 0}", tenant_id=tenant))
    reason = {"end_time": (lab.now - timedelta(hours=1)).isoformat(), "reason": "x"}
    async with lab.serve(), lab.client("north") as client:
        assert (await client.get(f"{PATH}/{ALARM}.north")).status_code == 200
        lab.problem(await client.patch(f"{PATH}/{ALARM}.0", json=reason), 404, "unknown_outage")

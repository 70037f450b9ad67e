"""Tickets over HTTP: filters, pages and tenants from a real PostgreSQL and from the fold, and changes that are refused."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from vocabulary.api import RunningApi
from vocabulary.dispatch import ALARM, OTHER, T0, make_ticket

from protocols.command import Command
from protocols.dispatch.actions import ChangeTicket
from protocols.dispatch.changes import TicketUpdated
from protocols.dispatch.ticket import Ticket
from protocols.event import DispatchDataRestored
from protocols.ledger import RecordedBatch

PATH = f"{RunningApi.FAULTS}/tickets"


async def keep(lab: RunningApi, *tickets: Ticket) -> None:
    """Have tickets in the fold, and in PostgreSQL where there is one."""
    await lab.record([DispatchDataRestored("old", tuple(TicketUpdated(0, each) for each in tickets))])


async def store(lab: RunningApi, *tickets: Ticket) -> None:
    """Have tickets in PostgreSQL alone: history."""
    lab.seq += 1
    await lab.apply(RecordedBatch(lab.seq, lab.seq, [TicketUpdated(1, each) for each in tickets]))
    lab.progress.advance(lab.seq)


def some() -> list[Ticket]:
    """Four tickets, the latest last; two of the same instant."""
    at = T0 + timedelta(seconds=3)
    return [
        make_ticket(1, state="closed", team="core", circuits=("S9",)),
        make_ticket(2, tenant_id="north", alarm_ids=(OTHER,), customer_id="C9"),
        make_ticket(3, desk="embedded", key="T3", priority="critical", sla_breach_id=""),
        make_ticket(4, opened_at=at, state="wanted", key="", sla_breach_id="SB9", alarm_ids=()),
    ]


FILTERS = [
    ("", [4, 3, 2, 1]),
    ("state=wanted,closed", [4, 1]),
    ("desk=embedded", [3]),
    ("priority=critical", [3]),
    ("key=T3", [3]),
    ("team=core", [1]),
    ("circuit=S9", [1]),
    ("circuit=S2", [4, 3, 2]),
    ("customer_id=C9", [2]),
    ("sla_breach_id=SB9", [4]),
    ("tenant_id=north", [2]),
    (f"alarm_id={OTHER}", [3, 2, 1]),
    (f"alarm_id={ALARM}", [3, 1]),
    ("alarm_id=none", []),
    ("since=2026-11-30T08:00:03Z", [4, 3]),
    ("before=2026-11-30T08:00:02Z", [1]),
]


async def numbers(client: Any, query: str) -> list[int]:
    answer = await client.get(f"{PATH}?{query}")
    assert answer.status_code == 200, answer.text
    return [int(item["id"].removeprefix("TK")) for item in answer.json()["items"]]


async def test_a_ticket_by_the_names_of_the_wire(stored_lab: RunningApi) -> None:
    lab = stored_lab
    async with lab.serve(), lab.client("viewer") as client:
        await keep(lab, make_ticket())
        answer = await client.get(f"{PATH}/TK1")
        assert answer.headers["ETag"].startswith('"5-')
        found = answer.json()
        (listed,) = (await client.get(PATH)).json()["items"]
        await store(lab, make_ticket(2, key="", url="", sla_breach_id="", customer_id="", policy="", closed_at=None))
        bare = (await client.get(f"{PATH}/TK2")).json()
    assert found == listed
    assert found == {
        "id": "TK1",
        "tenant_id": "t",
        "desk": "rt",
        "key": "101",
        "url": "https://rt.example/Ticket/Display.html?id=101",
        "state": "open",
        "subject": f"alarm:{ALARM}",
        "alarm_ids": [ALARM, OTHER],
        "sla_breach_id": "SB1",
        "priority": "high",
        "team": "plant",
        "category": "feeder_cut",
        "title": "Feeder cut",
        "description": "128 ONTs lost their signal",
        "customer_id": "C1",
        "circuits": ["S1", "S2"],
        "affected_subscribers": 128,
        "metadata": {"alarm_id": ALARM, "affected_subscribers": 128},
        "policy": "NP17",
        "closes": False,
        "resolves_alarm": True,
        "tasks": [
            {
                "number": 3,
                "kind": "comment",
                "text": "S3 is affected too",
                "attempts": 1,
                "error": "503",
                "dead": True,
                "related": "TK3",
            }
        ],
        "opened_at": "2026-11-30T08:00:01.000001Z",
        "closed_at": "2026-12-01T08:00:00.000001Z",
        "revision": 5,
    }
    none = ("key", "url", "sla_breach_id", "customer_id", "policy", "closed_at")
    assert [bare[name] for name in none] == [None] * len(none)


@pytest.mark.parametrize("away", [False, True], ids=["stored", "held"])
async def test_filters_and_pages_are_the_same_from_postgresql_and_from_the_fold(
    stored_lab: RunningApi, make_lab: Callable[..., RunningApi], away: bool
) -> None:
    lab = make_lab() if away else stored_lab
    async with lab.serve(), lab.client("viewer") as client:
        await keep(lab, *some())
        for query, wanted in FILTERS:
            assert await numbers(client, query) == wanted, query
        first = (await client.get(f"{PATH}?limit=1")).json()
        second = (await client.get(f"{PATH}?limit=9&cursor={first['next_cursor']}")).json()
        assert [each["id"] for each in (*first["items"], *second["items"])] == ["TK4", "TK3", "TK2", "TK1"]
        assert second["next_cursor"] is None
        answer = await client.get(PATH)
        assert ("Faultd-Degraded" in answer.headers) == (answer.json()["degraded"] is not None) == away


async def test_a_tenant_sees_its_own_alone(stored_lab: RunningApi) -> None:
    lab = stored_lab
    async with lab.serve(), lab.client("north") as north, lab.client("north-viewer") as viewer:
        await keep(lab, *some())
        assert await numbers(viewer, "") == [2]
        lab.problem(await north.get(f"{PATH}?tenant_id=t"), 403, "not_your_tenant")
        lab.problem(await north.get(f"{PATH}/TK3"), 404, "unknown_ticket")
        lab.problem(await north.patch(f"{PATH}/TK3", json={"comment": "x"}), 404, "unknown_ticket")
        lab.problem(await viewer.patch(f"{PATH}/TK2", json={"comment": "x"}), 403, "forbidden")


@pytest.mark.parametrize(
    ("body", "fields"),
    [
        ({}, ["state"]),
        ({"retry": False}, ["state"]),
        ({"state": "wanted"}, ["state"]),
        ({"comment": ""}, ["comment"]),
        ({"comment": "\u0000"}, ["comment"]),
        ({"priority": "high"}, ["priority"]),
    ],
)
async def test_a_change_that_cannot_be_names_its_field(lab: RunningApi, body: dict[str, Any], fields: list[str]) -> None:
    async with lab.serve(), lab.client() as client:
        await keep(lab, make_ticket())
        lab.problem(await client.patch(f"{PATH}/TK1", json=body), 422, "invalid_body", *fields)


async def test_a_change_is_a_command_with_the_revision_that_its_author_saw(lab: RunningApi) -> None:
    async with lab.serve(), lab.client() as client:
        await keep(lab, make_ticket())
        body = {"state": "closed", "comment": "spliced", "retry": True}
        tag = (await client.get(f"{PATH}/TK1")).headers["ETag"]
        await client.patch(f"{PATH}/TK1", json=body, headers={"If-Match": tag})
        command = lab.first_event(Command)
        assert command.action == ChangeTicket(ticket_id="TK1", state="closed", comment="spliced", retry=True)
        assert command.expected == {"TK1": 5}
        lab.problem(await client.patch(f"{PATH}/TK1", json=body, headers={"If-Match": '"4-x"'}), 412, "wrong_revision")
        lab.problem(await client.patch(f"{PATH}/TK9", json=body), 503, "database_unavailable")

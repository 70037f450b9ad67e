"""An actor that was given up: shown and told, also while faultd stops."""

from collections.abc import Iterator

import pytest
import structlog
import trio
import trio.testing
from structlog.typing import EventDict

from actors.mailbox import Append, Progress
from actors.metrics import Metrics
from actors.store.cursor import LedgerMismatch, LedgerRestored
from actors.store.schema import SchemaNewer, SchemaOlder
from actors.supervisor import OperatorNeeded
from faultd.health import Health
from faultd.parking import Parking
from protocols.event import SystemReport


def ignore(name: str) -> None:
    """The ledger is not part of the test."""


@pytest.fixture
def health() -> Health:
    health = Health(Metrics(), Progress(), lambda: None)
    health.taking_traps = True
    return health


@pytest.fixture
def logs() -> Iterator[list[EventDict]]:
    with structlog.testing.capture_logs() as found:
        yield found


@pytest.mark.parametrize(
    ("error", "shown", "title"),
    [
        (ValueError("a bug"), "stopped after repeated crashes: a bug", "store crashed too often and is stopped"),
        (OperatorNeeded("run migrate"), "stopped until faultd is restarted: run migrate", "store cannot go on and is stopped"),
    ],
)
async def test_it_is_shown_and_told_with_the_way_out(health: Health, error: Exception, shown: str, title: str) -> None:
    appends, appended = trio.open_memory_channel[Append](1)
    parked: list[str] = []
    async with appends, appended:
        await Parking(health, appends, parked.append)("store", error)
        (report,) = (await appended.receive()).events
    assert parked == ["store"]
    assert health().parts["store"].detail == shown
    assert isinstance(report, SystemReport)
    assert (report.alarm_type, report.qualifier, report.severity) == ("actor.parked", "store", "critical")
    assert report.title.startswith(title)
    assert report.description == str(error)


@pytest.mark.parametrize("error", [LedgerMismatch, LedgerRestored, SchemaNewer, SchemaOlder])
def test_what_the_store_cannot_get_over_needs_an_operator(error: type[Exception]) -> None:
    assert issubclass(error, OperatorNeeded)


async def test_a_drain_that_begins_while_it_waits_for_room_neither_crashes_nor_loses_it(health: Health) -> None:
    appends, appended = trio.open_memory_channel[Append](1)
    await appends.send(Append([]))
    async with trio.open_nursery() as nursery:
        nursery.start_soon(Parking(health, appends, ignore), "store", ValueError("a bug"))
        await trio.testing.wait_all_tasks_blocked()
        health.stopping = True
        await appends.aclose()
        async with appended:
            received = [append async for append in appended]
    assert [len(append.events) for append in received] == [0, 1]


async def test_while_faultd_stops_nobody_is_told(health: Health) -> None:
    appends, appended = trio.open_memory_channel[Append](1)
    health.stopping = True
    async with appended:
        await appends.aclose()
        await Parking(health, appends, ignore)("store", ValueError("a bug"))
    assert "store" in health.parked


async def test_without_a_ledger_it_is_logged(health: Health, logs: list[EventDict]) -> None:
    appends, appended = trio.open_memory_channel[Append](1)
    await appended.aclose()
    async with appends:
        await Parking(health, appends, ignore)("store", ValueError("a bug"))
    assert [line["event"] for line in logs] == ["no ledger to tell that an actor is parked"]

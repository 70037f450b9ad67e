"""The simulated desk finds out a ticketer that is less careful than ours."""

from collections.abc import Callable
from contextlib import ExitStack, suppress
from unittest.mock import patch

import pytest
import trio
from simulation.world import run_seed

from actors.ticketer.desk import DeskTicket
from actors.ticketer.rest_desk import RestDesk
from actors.ticketer.work import TicketWork, _InHand, next_task
from protocols.dispatch.ticket import Ticket

SEEDS = range(1, 41)


async def _nothing_found(desk: RestDesk, mark: str) -> DeskTicket | None:
    await trio.lowlevel.checkpoint()
    return None


def _one_more_worker(work: TicketWork, ticket: Ticket, *, uncertain: bool = False) -> None:
    if work._nursery is None or next_task(ticket) is None:
        return
    held = work._in_hand[ticket.id] = _InHand(trio.current_time() if uncertain else None)

    async def worker() -> None:
        with suppress(KeyError):  # another one was done first
            await work._work(ticket.id, held)

    work._nursery.start_soon(worker)


def no_search(stack: ExitStack) -> None:
    """A ticket is made without a look whether it is there."""
    stack.enter_context(patch.object(RestDesk, "find", _nothing_found))


def no_single_flight(stack: ExitStack) -> None:
    """Each Change of a ticket starts a worker for it."""
    stack.enter_context(patch.object(TicketWork, "_take", _one_more_worker))
    stack.enter_context(patch.object(TicketWork, "changed", _one_more_worker))


@pytest.mark.parametrize("mutant", [no_search, no_single_flight])
def test_a_ticketer_that_makes_two_tickets_is_found_out(mutant: Callable[[ExitStack], None]) -> None:
    with ExitStack() as stack:
        mutant(stack)
        found = next((report.violation for report in map(run_seed, SEEDS) if report.violation is not None), "")
    assert "tickets" in found

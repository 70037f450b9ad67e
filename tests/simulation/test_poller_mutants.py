"""Pollers with a defect each: the simulation finds every one of them within some seeds."""

from collections.abc import Callable
from typing import Any
from unittest.mock import patch

import pytest
from msgspec.structs import replace
from simulation import world
from simulation.world import run_seed

from actors.poller.device_contact import DeviceContact
from actors.poller.event_appender import EventAppender
from actors.poller.poll_wishes import PollWishes
from protocols.event import Event
from protocols.poll.contact import PollAnswered, PollMissed

SEEDS = range(1, 31)
missed, answered, append, take = DeviceContact.missed, DeviceContact.answered, EventAppender.append, PollWishes.take


def missed_for_ever(contact: DeviceContact, *given: Any, **more: Any) -> PollMissed | None:
    """A silent device is told at each poll."""
    found = missed(contact, *given, **more)
    contact.contact = "missing"
    return found


def missed_too_soon(contact: DeviceContact, *given: Any, **more: Any) -> PollMissed | None:
    """The first miss is told as if it were enough."""
    found = missed(contact, *given, **more)
    return None if found is None else replace(found, needed=1, misses=1)


def told_twice(contact: DeviceContact, *given: Any, **more: Any) -> Any:
    """A device that answers is told at each poll."""
    event, reason = answered(contact, *given, **more)
    times = contact.times
    assert times is not None
    if event is None:
        event = PollAnswered(device=contact.device, address=contact.address, times=times, before=times)
    return event, reason


async def appended_twice(appender: EventAppender, event: Event) -> None:
    """Each miss is appended twice."""
    await append(appender, event)
    if isinstance(event, PollMissed):
        await append(appender, event)


def forgotten(wishes: PollWishes) -> Any:
    """Requests are taken, and not read."""
    return [each for each in take(wishes) if each.reason == "returned"]


@pytest.mark.parametrize(
    ("owner", "name", "defect", "words"),
    [
        (DeviceContact, "missed", missed_for_ever, "were to be told"),
        (DeviceContact, "missed", missed_too_soon, "is reported as down, and missed 1 polls"),
        (DeviceContact, "answered", told_twice, "is told to answer, as before"),
        (EventAppender, "append", appended_twice, "told"),
        (PollWishes, "take", forgotten, "no rest"),
    ],
)
def test_a_defect_is_found(owner: type, name: str, defect: Callable[..., Any], words: str) -> None:
    with patch.object(owner, name, defect), patch.object(world, "QUIET_SECONDS", 120.0):
        for seed in SEEDS:
            report = run_seed(seed)
            if report.violation is not None:
                break
    assert report.violation is not None
    assert words in report.violation

"""Blindness: faultd cannot see most of its devices, or its own socket or interface is at fault.

By most devices it is blind for all of them. By a fault of its own it is blind for those whose polls name the fault; the others
are judged as ever.

One alarm ``monitoring.blind`` stands for all devices that fall silent meanwhile: none of them is judged, and the SLA clock
hears since when nothing is known of each (``SightChanged``). When enough of them answer again, faultd sees: those that still do
not answer are verified by polls of which none lies in the dark.

The alarm ends when faultd has seen for twice as long as it took to notice that it was blind, so that a path that flaps is one
alarm and one page: the next blindness takes as long to be noticed. Each relapse within an hour doubles that time.
"""

from collections.abc import Iterable
from datetime import datetime, timedelta
from typing import Final

from msgspec.structs import replace

from actors.correlator.alarms.lifecycle import moved
from actors.correlator.alarms.raise_clear import SYSTEM
from actors.correlator.alarms.system import fold_system
from actors.correlator.draft import Draft
from actors.correlator.polling.contact_memory import ContactMemory, SilentDevice
from actors.correlator.polling.requests import request_each
from actors.correlator.polling.verdict import sees_again
from protocols.event import SystemReport
from protocols.poll.contact import PollMissed
from protocols.poll.sight import SightChanged

BLIND: Final = "monitoring.blind"
NAME: Final = "polling.sight"
"""Name of the timer that decides whether faultd sees again, with the Event after the one that changed the number."""
CONTACT: Final = "polling.contact"
"""Name of the timer of one device, see :mod:`actors.correlator.polling.contact`."""
STEADY: Final = "polling.steady"
"""Name of the timer that ends the alarm, when faultd sees again and that lasted."""
LONGEST_NOTICED: Final = timedelta(minutes=5)
LONGEST_STEADY: Final = timedelta(minutes=30)
RELAPSE: Final = timedelta(hours=1)
"""Blindness within this time after the last one is the same fault."""
VERIFIED_WITHIN: Final = timedelta(minutes=5)
"""A device that could not be verified within this time is requested again; also while a fault of faultd itself lasts, since
nobody tells of its end."""
_ACTOR: Final = "faultd:polling"


def go_blind(draft: Draft, memory: ContactMemory, event: PollMissed, entry: SilentDevice) -> None:
    """Raise the alarm. This device is unseen from its first miss on, and so is every other that misses polls and was not judged
    yet: by the same fault, where faultd itself is at fault."""
    found = [
        (device, known)
        for device, known in memory.silent.items()
        if known.contact in ("missed", "doubted") and device != event.device and (known.own_fault or not event.own_fault)
    ]
    if memory.blind is None:
        draft.on_commit(setattr, memory, "steady", steady_after(memory, draft.at, entry.first))
        draft.no_wake(STEADY, "")
    draft.on_commit(setattr, memory, "blind", draft.at)
    draft.on_commit(setattr, memory, "own_fault", bool(event.own_fault))
    unsee(draft, memory, [*found, (event.device, entry)])
    count = len(found) + 1
    if event.own_fault:
        title = f"faultd cannot see {'its devices' if found else event.device}: {event.own_fault}"
        why = f"The poller reports: {event.own_fault}."
    else:
        title = f"faultd cannot see its devices: {event.others.silent + 1} of {event.others.asked + 1} are silent"
        left = event.others.asked - event.others.silent
        why = f"{event.others.silent + 1} of {event.others.asked + 1} polled devices are silent" + (
            f"; {left} answer by another way." if left else "; none answers."
        )
    description = (
        f"{why} None of them is reported as down until faultd sees again. Nothing is known of {count} devices; the time counts "
        "as unknown for the services below them. Traps are still accepted."
    )
    report = SystemReport(alarm_type=BLIND, active=True, severity="major", title=title, description=description)
    fold_system(draft, report, _ACTOR)


def steady_after(memory: ContactMemory, now: datetime, first: datetime) -> float:
    """Seconds for which faultd has to see until the alarm of this blindness ends. ``first``: the first missed poll that showed
    it."""
    twice = 2 * min(now - first, LONGEST_NOTICED).total_seconds()
    if memory.sighted is None or now - memory.sighted > RELAPSE:
        return twice
    return max(twice, min(2 * memory.steady, LONGEST_STEADY.total_seconds()))


def unsee(draft: Draft, memory: ContactMemory, devices: Iterable[tuple[str, SilentDevice]]) -> None:
    """Nothing is known of these devices since their first missed poll."""
    lost: list[tuple[str, datetime]] = []
    for device, known in devices:
        draft.set(memory.silent, device, replace(known, contact="unseen"))
        if known.own_fault:
            draft.wake(CONTACT, device, draft.at + VERIFIED_WITHIN)
        else:
            draft.no_wake(CONTACT, device)
        if draft.read(memory.unseen, device) is None:
            draft.set(memory.unseen, device, known.first)
            lost.append((device, known.first))
    if lost:
        draft.emit(SightChanged(draft.offset, unseen=tuple(lost)))


def see(draft: Draft, memory: ContactMemory, device: str, at: datetime) -> None:
    """The device is known again from ``at`` on, or not polled any more."""
    since = draft.read(memory.unseen, device)
    if since is not None:
        draft.drop(memory.unseen, device)
        draft.emit(SightChanged(draft.offset, seen=((device, max(at, since)),)))
        draft.wake(NAME, "", draft.at)


def due(draft: Draft, _subject: str) -> None:
    """Timer: decide whether faultd sees again."""
    memory = draft.state.memory(ContactMemory)
    if memory.blind is None:
        return
    unseen, polled = len(memory.unseen), max(len(memory.heard), len(memory.unseen))
    if not sees_again(unseen, polled):
        return
    why = (
        f"devices answer again; {unseen} of {polled} do not yet, and are verified now" if unseen else "all devices answer again"
    )
    end = draft.at + timedelta(seconds=memory.steady)
    for alarm in draft.open_of(draft.state.settings.default_tenant, SYSTEM, BLIND):
        text = f"{why}; the alarm ends at {end:%Y-%m-%d %H:%M:%S} UTC, unless faultd is blind again before"
        draft.put(moved(alarm), "confirmed", _ACTOR, text)
    draft.wake(STEADY, "", end)
    see_again(draft, memory)


def steady(draft: Draft, _subject: str) -> None:
    """Timer: faultd has seen for long enough."""
    memory = draft.state.memory(ContactMemory)
    if memory.blind is None:
        why = f"faultd sees its devices since {memory.sighted:%Y-%m-%d %H:%M:%S} UTC" if memory.sighted else ""
        fold_system(draft, SystemReport(alarm_type=BLIND, active=False, description=why), _ACTOR)


def see_again(draft: Draft, memory: ContactMemory) -> None:
    """faultd is no longer blind, or an operator says so: the devices that are still unseen are verified."""
    draft.on_commit(setattr, memory, "blind", None)
    draft.on_commit(setattr, memory, "own_fault", False)
    draft.on_commit(setattr, memory, "sighted", draft.at)
    verify(draft, list(memory.unseen))


def verify(draft: Draft, devices: Iterable[str]) -> None:
    """Request polls of devices that may have missed theirs only because faultd was blind."""
    found = list(devices)
    request_each(draft, found, "returned", "faultd was blind, and the device has not answered since")
    for device in found:
        draft.wake(CONTACT, device, draft.at + VERIFIED_WITHIN)

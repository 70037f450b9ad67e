"""Pollers in the simulation: the real count of misses, over devices and a management network that come and go."""

from datetime import datetime
from random import Random
from typing import TYPE_CHECKING

import trio

from actors.correlator.polling import blindness
from actors.correlator.polling.contact_memory import ContactMemory
from actors.correlator.state import State
from actors.mailbox import Abandoned, Append, LedgerUnavailable, Reply
from actors.poller.device_contact import DeviceContact
from protocols.change import AlarmChanged, Change
from protocols.event import Event
from protocols.poll.contact import AgentTimes, OtherPolls
from protocols.poll.request import PollRequested

if TYPE_CHECKING:
    from simulation.life import Life
    from simulation.world import World

INTERVAL = 1.0
NEEDED = 2


class Pollers:
    """Polls ``devices``. The pollers of a process end with it; those of the next begin anew."""

    def __init__(self, world: "World", devices: tuple[str, ...], rng: Random) -> None:
        self._world, self._devices, self._rng = world, devices, rng
        self._life: Life | None = None
        self._contacts: dict[str, DeviceContact] = {}
        self._ended: dict[str, float] = {}
        """When the last poll of each device ended."""
        self._dead: set[str] = set()
        self._dark = self._broken = False
        self._born: dict[str, float] = {}
        self._batches = 0

    async def live(self) -> None:
        """Poll one device after the other, as long as the world lasts."""
        while True:
            for device in self._devices:
                await trio.sleep(INTERVAL / len(self._devices))
                life = self._world.life
                if life is not self._life:
                    self._life, self._contacts, self._ended = life, {}, {}
                    self._batches = len(self._world.oracle.batches)
                if life is not None and life.open:
                    self._happens()
                    self._obey()
                    await self._poll(life, device)

    @property
    def rests(self) -> bool:
        """Every device has answered since the accidents ended, and its poller has told so."""
        if self._world.oracle.state.timers.at(blindness.STEADY, "") is not None:
            return False  # an alarm of blindness is still to end
        known = [self._contacts.get(each) for each in self._devices]
        return not self._dead and all(each is not None and each.contact == "answering" for each in known)

    def _happens(self) -> None:
        """Devices die and come back; so do the management network and faultd's own interface."""
        rng = self._rng
        if not self._world.lively:
            self._dead, self._dark, self._broken = set(), False, False
            return
        if rng.random() < 0.1:
            self._dead ^= {rng.choice(self._devices)}
        if rng.random() < 0.04:
            self._dark = not self._dark
        if rng.random() < (0.3 if self._broken else 0.01):
            self._broken = not self._broken
        if rng.random() < 0.05:
            self._born[rng.choice(self._devices)] = trio.current_time()

    def _obey(self) -> None:
        """The feed brings the requests of the fold."""
        batches = self._world.oracle.batches
        for batch in batches[self._batches :]:
            for change in batch.changes:
                if isinstance(change, PollRequested) and change.reason == "returned" and change.device in self._contacts:
                    self._contacts[change.device].count_anew()
        self._batches = len(batches)

    async def _poll(self, life: "Life", device: str) -> None:
        now, wall = trio.current_time(), life.clock()
        contact = self._contacts.get(device)
        if contact is None:
            contact = self._contacts[device] = DeviceContact(device, "10.0.0.1", NEEDED, now)
        self._ended[device] = now
        if device in self._dead or self._dark or self._broken:
            fault = "eth0 is down" if self._broken else ""
            echo = not (self._dark or self._broken) and self._rng.random() < 0.3
            event: Event | None = contact.missed(wall, now, self._others(contact), own_fault=fault, echo=echo)
        else:
            event, _reason = contact.answered(self._times(device, wall), now, self._others(contact))
        if event is not None:
            self._world.note(f"poll of {device}: {event!r:.90}")
        while event is not None and not await self._append(life, event):  # noqa: ASYNC110 - virtual time costs nothing
            await trio.sleep(0.5)

    def _others(self, contact: DeviceContact) -> OtherPolls:
        since = contact.first_at
        polled = [each for each, at in self._ended.items() if each != contact.device and at >= since]
        return OtherPolls(len(polled), sum(self._contacts[each].misses > 0 for each in polled))

    def _times(self, device: str, wall: datetime) -> AgentTimes:
        up = 1_000 + trio.current_time() - self._born.get(device, 0.0)
        return AgentTimes(at=wall, uptime=int(100 * up) if self._rng.random() < 0.9 else None, boots=None)

    async def _append(self, life: "Life", event: Event) -> bool:
        """True once the Event is on disk, or the process is gone."""
        committed: Reply[int] = Reply()
        append: Append | None = Append((event,), committed=committed)
        while not life.dead and self._world.life is life:
            with trio.move_on_after(1.0):
                try:
                    if append is not None:
                        await life.appends.send(append)
                        append = None
                    await committed.wait()
                except LedgerUnavailable:
                    return False
                except (Abandoned, trio.BrokenResourceError, trio.ClosedResourceError):
                    return True
                return True
        return True


class ContactHistory:
    """What the fold claims of devices, Event by Event."""

    def __init__(self) -> None:
        self._blind = False

    def follow(self, changes: list[Change], state: State) -> str:
        """What is wrong with the Changes of an Event; empty for nothing."""
        was, self._blind = self._blind, state.memory(ContactMemory).blind_for_all
        found = [each for each in changes if isinstance(each, AlarmChanged) and each.alarm.alarm_type == "device.down"]
        for change in found if was and self._blind else ():
            if any(each.action in ("raised", "reopened") and each.actor == "faultd:polling" for each in change.entries):
                return f"{change.alarm.resource_id} is reported as down while faultd is blind"
        return ""

    @staticmethod
    def left(state: State) -> str:
        """What is left of trouble although every device answers; empty for nothing."""
        memory = state.memory(ContactMemory)
        if memory.silent or memory.unseen or memory.places or memory.blind is not None:
            return (
                f"every device answers; silent: {memory.silent}, unseen: {memory.unseen}, places: {memory.places}, "
                f"blind since {memory.blind}"
            )
        return next(
            (
                f"every device answers, and {each.alarm_type} of {each.resource_id} is open"
                for each in state.alarms.values()
                if each.cleared_at is None
                and each.alarm_type in ("snmp.unreachable", "monitoring.blind", "devices.unreachable")
            ),
            "",
        )

"""A storm of causes in a fold of this process: OLTs that fail one after the other, each with the ONTs below it."""

import time
from collections.abc import Callable, Iterator, Sequence
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import msgspec

from actors.dispatcher.policies.files import load_policies
from actors.dispatcher.settings import DispatchInputs
from actors.dispatcher.stage import Dispatcher
from actors.sla_clock.stage import SlaClock
from actors.stage import Stage
from faultd.pipe import Stages
from protocols.change import Change
from protocols.command import Command
from protocols.dispatch.actions import CreateContact, CreateRota
from protocols.dispatch.changes import NotificationChanged, TicketUpdated
from protocols.dispatch.contact import ContactPlan
from protocols.dispatch.notification import DispatchedNotification
from protocols.dispatch.rota import RotaLayer, RotaPlan
from protocols.event import DispatchLoaded, Event, NetworkEvent, Tick, TopologyLoaded
from protocols.ledger import EventBatch
from protocols.principal import Principal
from protocols.topology import Node

CAUSES, ONTS, SECONDS = 40, 124, 60
WATCHED = 299
"""Seconds from the first alarm: the storm and its messages, and no escalation yet."""
MAIL, PHONE = "ann@example.net", "+491511234567"
_START = datetime(2026, 3, 10, 12, tzinfo=UTC)
_BY = Principal("bench", "admin", None)


class TimedDispatcher(Dispatcher):
    """Notes the processor time of each fold."""

    def __init__(self) -> None:
        super().__init__()
        self.folds: list[float] = []

    def fold(self, offset: int, at: datetime, event: Event, changes_before: Sequence[Change]) -> list[Change]:
        begun = time.thread_time()
        found = super().fold(offset, at, event, changes_before)
        self.folds.append(time.thread_time() - begun)
        return found

    def folds_quickly(self, batch: EventBatch) -> bool:
        begun = time.thread_time()
        quickly = super().folds_quickly(batch)
        self.folds.append(time.thread_time() - begun)
        return quickly


class Storm:
    """Counts and times of one storm, once it has :meth:`run`."""

    def __init__(self) -> None:
        self.dispatcher = TimedDispatcher()
        others: tuple[Callable[[], Stage], ...] = (SlaClock, lambda: self.dispatcher)
        self._stages = Stages("6f1d1c0e-7b0a-4b57-9d29-0c6f3a3f4a11", others)
        self._offset, self._at = 0, _START
        self._sent: dict[str, DispatchedNotification] = {}
        self._tickets: set[str] = set()
        self.events, self.whole = 0, 0.0
        policies = Path(__file__).parents[1] / "config" / "policies" / "default.toml"
        loaded = load_policies({policies.name: policies.read_text()})
        inputs = DispatchInputs(channels=("email", "sms", "slack", "webhook:alarms"))
        methods = [{"channel": "email", "address": MAIL}, {"channel": "sms", "address": PHONE}]
        ann = msgspec.convert({"name": "Ann", "methods": methods}, ContactPlan)
        rota = RotaPlan(name="on-call", layers=(RotaLayer(contacts=("Ann",), start=date(2026, 1, 1)),))
        self._fold(
            TopologyLoaded("bench", tuple(_plant())),
            DispatchLoaded("bench", loaded, msgspec.msgpack.encode(inputs)),
            Command(_BY, CreateContact(ann), ()),
            Command(_BY, CreateRota(rota), ()),
        )

    def run(self) -> None:
        """All of it, with a Tick each second."""
        waiting = sorted(_reports(), key=lambda each: each[0])
        self.dispatcher.folds.clear()
        self.events, self.whole = 0, 0.0
        for second in range(WATCHED):
            self._at = _START + timedelta(seconds=second)
            due = [event for at, event in waiting if second <= at < second + 1]
            self._fold(*due, Tick())

    @property
    def alarms(self) -> int:
        """Alarms that are open."""
        return len(self._stages.state.alarms)

    @property
    def causes(self) -> int:
        """Open alarms that nothing explains."""
        return sum(alarm.parent_alarm_id is None for alarm in self._stages.state.alarms.values())

    @property
    def mails(self) -> int:
        return self._by("email")

    @property
    def texts(self) -> int:
        return self._by("sms")

    @property
    def webhooks(self) -> int:
        return self._by("webhook")

    @property
    def tickets(self) -> int:
        return len(self._tickets)

    @property
    def paged(self) -> int:
        """Causes that a mail is about."""
        return len({alarm for each in self._sent.values() if each.channel == "email" for alarm in each.alarm_ids})

    @property
    def seconds(self) -> float:
        """Processor time of the dispatcher."""
        return sum(self.dispatcher.folds)

    @property
    def longest(self) -> float:
        """The longest fold of it."""
        return max(self.dispatcher.folds)

    def _by(self, channel: str) -> int:
        return sum(each.channel == channel for each in self._sent.values())

    def _fold(self, *events: Any) -> None:
        begun = time.thread_time()
        changes = self._stages.fold_batch(EventBatch(self._offset + 1, self._at, list(events)))
        self.whole += time.thread_time() - begun
        self._offset, self.events = self._offset + len(events), self.events + len(events)
        for change in changes:
            if isinstance(change, NotificationChanged):
                self._sent[change.notification.id] = change.notification
            elif isinstance(change, TicketUpdated):
                self._tickets.add(change.ticket.id)


def _plant() -> Iterator[Node]:
    for number in range(CAUSES):
        yield Node(id=f"olt-{number}", type="olt")
        yield Node(id=f"olt-{number}/1", type="pon", parents=(f"olt-{number}",))
        for ont in range(ONTS):
            yield Node(id=f"olt-{number}/1/{ont}", type="ont", parents=(f"olt-{number}/1",), customer_id=f"C{number}-{ont}")


def _reports() -> Iterator[tuple[float, Event]]:
    """When, in seconds, each event comes: an OLT, and within three seconds what is behind it."""
    apart = (SECONDS - 3) / (CAUSES - 1)
    for number in range(CAUSES):
        begun = number * apart
        yield begun, _event("device.down", "olt", f"olt-{number}")
        for ont in range(ONTS):
            yield begun + 3 * ont / ONTS, _event("cpe.offline", "ont", f"olt-{number}/1/{ont}")


def _event(kind: Any, resource_type: str, resource_id: str) -> Event:
    return NetworkEvent(type=kind, tenant_id="isp", resource_type=resource_type, resource_id=resource_id, reported_by="bench")

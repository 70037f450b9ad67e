"""Dispatch in the simulation: policies, contacts, a far end that fails, and a notifier that brings back what it answered."""

from collections import Counter
from collections.abc import Callable
from datetime import datetime, timedelta
from random import Random
from typing import TYPE_CHECKING, Any

import msgspec
import trio
from simulation.people import Person
from vocabulary.dispatch_oracle import HERALD, DispatchHistory

from actors.delivery_failed import DeliveryFailed
from actors.dispatcher.settings import DispatcherSettings, DispatchInputs
from actors.dispatcher.state import DispatchState
from actors.mailbox import Feed
from actors.notifier.acknowledge_links import AcknowledgeLinks
from actors.notifier.actor import Notifier
from actors.notifier.channel import Delivered, OutgoingMessage
from actors.notifier.settings import NotifierSettings
from actors.notifier.template_process import TemplateRenderer
from actors.notifier.writer import MessageWriter
from protocols.command import Command
from protocols.dispatch.actions import (
    CreateContact,
    CreateRota,
    DeleteContact,
    DeleteRota,
    DispatchAction,
    EditContact,
    EditRota,
    ResendNotification,
    SendTest,
)
from protocols.dispatch.contact import ContactEdited, ContactMethod, ContactPlan
from protocols.dispatch.policy import NotificationPolicy
from protocols.dispatch.quiet_hours import LocalHours, QuietHours
from protocols.dispatch.rota import RotaEdited, RotaLayer, RotaOverride, RotaPlan
from protocols.event import DispatchLoaded, Event
from protocols.principal import Principal

if TYPE_CHECKING:
    from simulation.life import Life
    from simulation.world import World

NAMES = ("Ann", "Ben", "Cem")
QUIET = QuietHours(begin="23:50", end="00:10", allowed=("critical",))
_TICKETS: dict[str, Any] = {
    "name": "tickets",
    "match": {"severity": "critical"},
    "actions": [
        {"ticket": {}},
        {"escalate": [{"after_seconds": 2, "to": "Ann"}, {"after_seconds": 5, "to": "boss@example.net", "channel": "email"}]},
    ],
}
_EVERYTHING: dict[str, Any] = {"name": "herald", "actions": [{"channel": "webhook", "to": HERALD}]}
CHANNELS = ("email", "sms", "slack", f"webhook:{HERALD}")
_VARIANTS: tuple[tuple[tuple[dict[str, Any], ...], DispatcherSettings], ...] = (
    (
        (
            _EVERYTHING,
            _TICKETS,
            {"name": "mails", "actions": [{"channel": "email", "to": "on-call"}], "group_wait": 1, "repeat_interval": 7},
            {"name": "groups", "group_by": ["alarm_type"], "group_interval": 4, "actions": [{"channel": "email", "to": "Ben"}]},
        ),
        DispatcherSettings(storm_seconds=4, storm_mails=2, fallback_critical_seconds=3, fallback_major_seconds=8),
    ),
    (
        (
            _EVERYTHING,
            _TICKETS,
            {
                "name": "texts",
                "match": {"severity": "critical"},
                "actions": [{"channel": "sms", "to": "Ben"}, {"channel": "email", "to": "Ann"}],
            },
            {"name": "chat", "actions": [{"channel": "slack", "to": "#noc"}, {"channel": "sms", "to": "Cem"}]},
        ),
        DispatcherSettings(storm_seconds=10, storm_texts=1),
    ),
)
VARIANTS = len(_VARIANTS)


def policies(number: int) -> DispatchLoaded:
    """The policies and settings of one of several configurations."""
    written, settings = _VARIANTS[number]
    made = tuple(msgspec.convert(each, NotificationPolicy) for each in written)
    inputs = DispatchInputs(settings=settings, channels=CHANNELS, desk="rest")
    return DispatchLoaded(f"policies-{number}", made, msgspec.msgpack.encode(inputs))


class Planner(Person):
    """Writes contacts and rotas, and asks for what was given up to be sent again."""

    async def _event(self) -> Event | None:
        stages = self._world.oracle.stages
        state = DispatchState() if stages is None else stages.dispatch
        by = Principal(self._next(), "admin", self._rng.choice((None, None, "t")))
        return Command(by, self._dispatch_action(state))

    def _dispatch_action(self, state: DispatchState) -> DispatchAction:
        rng = self._rng
        known = list(state.contacts)
        if not known or rng.random() < 0.3:
            return CreateContact(
                ContactPlan(
                    name=rng.choice(NAMES),
                    methods=self._methods(),
                    quiet_hours=rng.choice((None, None, QUIET)),
                    tenant_id=rng.choice((None, "t")),
                ),
                rng.choice(("", f"c{rng.randint(1, 4)}")),
            )
        dead = [each.id for each in state.notifications.values() if each.status == "dead"]
        if dead and rng.random() < 0.3:
            return ResendNotification(rng.choice(dead))
        if rng.random() < 0.2:
            return SendTest(tenant_id="t", channel="email", to=rng.choice((*NAMES, "noc@example.net")))
        if rng.random() < 0.4:
            return self._rota_action(state, known)
        if rng.random() < 0.4:
            return DeleteContact(rng.choice(known))
        return EditContact(rng.choice(known), ContactEdited(methods=self._methods()))

    def _rota_action(self, state: DispatchState, contacts: list[str]) -> DispatchAction:
        rng, rotas = self._rng, list(state.rotas)
        if not rotas or rng.random() < 0.4:
            layers = self._layers(contacts)
            plan = RotaPlan(name=rng.choice(("on-call", "night")), layers=layers, tenant_id=rng.choice((None, "t")))
            return CreateRota(plan, rng.choice(("", f"r{rng.randint(1, 4)}")))
        if rng.random() < 0.3:
            return DeleteRota(rng.choice(rotas))
        now = self._world.wall()
        start = now + timedelta(seconds=rng.choice((-2, 0, 5)))
        override = RotaOverride(contact=rng.choice(contacts), start=start, end=start + timedelta(seconds=rng.choice((4, 900))))
        fields = rng.choice((RotaEdited(overrides=(override,)), RotaEdited(layers=self._layers(contacts))))
        return EditRota(rng.choice(rotas), fields)

    def _layers(self, contacts: list[str]) -> tuple[RotaLayer, ...]:
        """Some have a gap soon, some late, some never."""
        rng, today = self._rng, self._world.wall().date()
        end = rng.choice((None, today + timedelta(days=1), today + timedelta(days=20)))
        clock = (self._world.wall() + timedelta(seconds=30)).strftime("%H:%M")
        hours = rng.choice(((), (LocalHours(begin="00:00", end=clock),)))
        people = tuple(rng.choice(contacts) for _ in range(rng.randint(1, 2)))
        return (RotaLayer(contacts=people, start=today - timedelta(days=30), rotation="daily", end=end, hours=hours),)

    def _methods(self) -> tuple[ContactMethod, ...]:
        rng, number = self._rng, self._rng.randint(1, 3)
        mail = ContactMethod(channel="email", address=f"p{number}@example.net")
        phone = ContactMethod(channel="sms", address=f"+49151111111{number}")
        chat = ContactMethod(channel="slack", address=f"@p{number}")
        return rng.choice(((), (mail,), (phone,), (mail, phone), (phone, mail), (mail, phone, chat)))


class FarEnd:
    """Everything outside that takes messages, over all processes: it remembers what it took."""

    def __init__(self) -> None:
        self.took: Counter[str] = Counter()

    def judge(self, violate: Callable[[str], None], history: DispatchHistory) -> None:
        """It took nothing that was not decided, and everything that is said to be sent."""
        for number in self.took:
            if number not in history.notifications:
                violate(f"the far end took {number}, which was not decided")
        for each in history.notifications.values():
            if each.status == "sent" and not self.took[each.id]:
                violate(f"{each.id} is said to be sent, and the far end did not take it")


class FarChannel:
    """The far end as one process reaches it. A message that it took is not given to it by the same process again."""

    pace_seconds = 0.0
    paces_addresses = True
    secrets: tuple[str, ...] = ()

    def __init__(self, world: "World", life: "Life") -> None:
        self._world, self._life = world, life
        self._took: set[str] = set()

    async def deliver(self, message: OutgoingMessage) -> Delivered:
        """Take it, refuse it for now or for good, or be slow. After a crash nothing is taken."""
        world, name = self._world, message.notification.id
        await trio.sleep(world.rng.choice((0.0, 0.2, 3.0, 12.0)))
        if self._life.dead:
            raise DeliveryFailed("the process is gone")
        luck = world.rng.random() if world.lively else 0.0
        if luck < 0.7:
            if name in self._took:
                world.violate(f"{name} is sent twice by one process")
            self._took.add(name)
            world.far_end.took[name] += 1
        await world.point("a message taken" if luck < 0.7 else "a message refused")
        if luck < 0.7:
            return Delivered("250 ok")
        raise DeliveryFailed("refused", permanent=luck > 0.9)


def notifier(
    world: "World", life: "Life", feed: Feed, clock: Callable[[], datetime], state: Callable[[], DispatchState]
) -> Notifier:
    """The real one, before the simulated far end."""
    far_end = FarChannel(world, life)
    return Notifier(
        NotifierSettings(attempt_seconds=10.0, queue=4, concurrency=2),
        dict.fromkeys(CHANNELS, far_end),
        feed,
        life.appends,
        table=lambda: state().notifications,
        write=MessageWriter(TemplateRenderer({}), life.metrics, AcknowledgeLinks("", b"")).write,
        metrics=life.metrics,
        clock=clock,
        random=Random(world.rng.random()),
    )


def choose(rng: Random) -> int:
    """The configuration of a process."""
    return rng.randrange(VARIANTS)

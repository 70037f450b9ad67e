"""Contacts and rotas in a World, made by commands, and the alarms about their gaps."""

from collections.abc import Callable
from datetime import date
from typing import Any

import msgspec

from actors.dispatcher.people.gaps import GapReporter
from actors.dispatcher.settings import DispatcherSettings, DispatchInputs
from actors.dispatcher.state import DispatchState
from protocols.change import Answer
from protocols.command import Action, Command
from protocols.dispatch.actions import CreateContact, CreateRota, DeleteContact, DeleteRota, EditContact, EditRota
from protocols.dispatch.contact import ContactEdited, ContactMethod, ContactPlan
from protocols.dispatch.rota import RotaEdited, RotaLayer, RotaPlan
from protocols.event import DispatchLoaded, Event, SystemReport
from protocols.principal import Principal
from vocabulary.world import World

MAIL = ContactMethod(channel="email", address="anna@example.net")
PHONE = ContactMethod(channel="sms", address="+491511234567")
CHAT = ContactMethod(channel="slack", address="#noc")
OF_NORTH = Principal("nina", "operator", "north")
OF_SOUTH = Principal("sven", "operator", "south")
FIRST = date(2026, 3, 1)
"""The day of the start of a World, a Sunday."""


def layer(*contacts: str, **fields: Any) -> RotaLayer:
    """A layer from the first day on."""
    return RotaLayer(**{"contacts": contacts, "start": FIRST, "hand_over": "00:00", **fields})


class RotaWorld(World):
    """A World whose configuration has every channel, and a webhook ``erp``."""

    channels: tuple[str, ...] = ("email", "sms", "slack", "teams", "webhook:erp")

    def begin(self, settings: Any = None, nodes: Any = ()) -> None:
        super().begin(settings, nodes)
        self.reporter = GapReporter()
        self.configure(*self.channels)

    @property
    def dispatch(self) -> DispatchState:
        """The state of the stage."""
        return self.stages.dispatch

    def configure(self, *channels: str, days: int = 7) -> None:
        """Load a configuration with these channels."""
        inputs = DispatchInputs(settings=DispatcherSettings(rota_warning_days=days), channels=channels)
        self(DispatchLoaded(digest=repr(channels), policies=(), inputs=msgspec.msgpack.encode(inputs)))

    def restart(self, correlator: bytes | None = None) -> None:
        super().restart(correlator)
        self.reporter = GapReporter()

    def ask(self, action: Action, by: Principal | None = None, expected: dict[str, int] | None = None) -> Answer:
        """Give a command on something that is no alarm."""
        self(Command(by or self.operator, action, (), (), expected or {}))
        return self.only(Answer)

    def contact(self, name: str, *methods: ContactMethod, by: Principal | None = None, key: str = "", **plan: Any) -> str:
        """Make a contact; its id."""
        (made,) = self.ask(CreateContact(ContactPlan(name=name, methods=methods, **plan), key), by).accepted
        return made

    def rota(self, name: str, *layers: RotaLayer, by: Principal | None = None, key: str = "", **plan: Any) -> str:
        """Make a rota; its id."""
        (made,) = self.ask(CreateRota(RotaPlan(name=name, layers=layers, **plan), key), by).accepted
        return made

    def edit_contact(self, contact_id: str, by: Principal | None = None, revision: int = 0, **fields: Any) -> Answer:
        """Change a contact."""
        return self.ask(EditContact(contact_id, ContactEdited(**fields)), by, {contact_id: revision} if revision else None)

    def edit_rota(self, rota_id: str, by: Principal | None = None, revision: int = 0, **fields: Any) -> Answer:
        """Change a rota."""
        return self.ask(EditRota(rota_id, RotaEdited(**fields)), by, {rota_id: revision} if revision else None)

    def delete(self, name: str, by: Principal | None = None, revision: int = 0) -> Answer:
        """Delete the contact or the rota of this id."""
        action = DeleteContact(name) if name.startswith("CT") else DeleteRota(name)
        return self.ask(action, by, {name: revision} if revision else None)

    def report(self) -> list[SystemReport]:
        """The reports that the stage appends now; they are folded."""
        asked: list[SystemReport] = []
        self.reporter.report(self.dispatch, taking(asked))
        for event in asked:
            self(event)
        return asked


def taking(reports: list[SystemReport], *refusing: bool) -> Callable[[list[Event]], bool]:
    """An ``append`` that takes reports into a list; the first calls are refused that ``refusing`` says so of."""
    answers = iter(refusing)

    def append(events: list[Event]) -> bool:
        if next(answers, False):
            return False
        reports.extend(each for each in events if isinstance(each, SystemReport))
        return True

    return append

"""Dispatch in a World: policies and contacts, what is sent to whom, and a far end that answers."""

from datetime import UTC, datetime
from typing import Any, Self

import msgspec

from actors.correlator.settings import CorrelatorSettings
from actors.dispatcher.settings import DispatcherSettings, DispatchInputs
from actors.dispatcher.state import DispatchState
from actors.journal import Journal
from protocols.dispatch.changes import DispatchNoted, NotificationChanged
from protocols.dispatch.contact import ContactMethod, ContactPlan, ContactRecord
from protocols.dispatch.notification import DispatchedNotification
from protocols.dispatch.policy import NotificationPolicy
from protocols.event import DispatchLoaded
from protocols.sla.local_time import utc_time
from vocabulary.dispatch_outcomes import failed, sent
from vocabulary.world import World, moment

HOLD = CorrelatorSettings(hold_critical_seconds=5, hold_major_seconds=5, hold_minor_seconds=5, hold_ont_seconds=0)
BEGAN = datetime(2026, 1, 1, tzinfo=UTC)
CHANNELS = ("email", "sms", "slack", "teams", "webhook:erp")


class DispatchWorld(World):
    """A World with policies (``file:NAME``) and contacts (``CTn``, named as given)."""

    def begin(self, settings: Any = None, nodes: Any = ()) -> None:
        super().begin(settings or HOLD, nodes)
        self.inputs = DispatchInputs(channels=CHANNELS)
        self.policies: list[NotificationPolicy] = []

    @property
    def dispatch(self) -> DispatchState:
        """The state of the stage."""
        return self.stages.dispatch

    def settings(self, **settings: Any) -> None:
        """Other settings of the dispatcher."""
        self.inputs = DispatchInputs(settings=DispatcherSettings(**settings), channels=CHANNELS)
        self._load()

    def policy(self, name: str, *actions: Any, **fields: Any) -> None:
        """Add a policy, or replace the one of this name."""
        made = msgspec.convert({"name": name, "actions": list(actions), **fields}, NotificationPolicy)
        self.policies = [*(each for each in self.policies if each.name != name), made]
        self._load()

    def drop_policy(self, name: str) -> None:
        """The file of the policy is no more."""
        self.policies = [each for each in self.policies if each.name != name]
        self._load()

    def _load(self) -> None:
        digest = f"{len(self.folded)}"
        self(DispatchLoaded(digest, tuple(self.policies), msgspec.msgpack.encode(self.inputs)))

    def contact(self, name: str, *methods: tuple[str, str], **plan: Any) -> str:
        """Add a contact; its id."""
        made = tuple(msgspec.convert({"channel": channel, "address": address}, ContactMethod) for channel, address in methods)
        number = f"CT{len(self.dispatch.contacts) + 1}"
        record = ContactRecord(
            id=number, plan=ContactPlan(name=name, methods=made, **plan), created_at=BEGAN, updated_at=BEGAN, updated_by="x"
        )
        self.dispatch.put_contact(Journal(), number, record)
        return number

    def drop_contact(self, contact_id: str) -> None:
        """The contact is no more."""
        self.dispatch.put_contact(Journal(), contact_id, None)

    def run_to(self, seconds: float) -> Self:
        """Move the clock there, with a Tick at each instant at which something is due, and one at the end."""
        end = moment(seconds)
        while self.now < end:
            waiting = [at for at, *_ in self.state.timers.entries() if at > self.now][:1]
            if self.dispatch.timers.due:
                waiting += [utc_time(at) for table in self.dispatch.timers.due.values() for at in table.values()]
            # What is due now waits for an Event, as it does between two Ticks of the clock.
            self.now = min([end, *(at for at in waiting if at > self.now)])
            self.tick()
        return self

    # --- what came of it --------------------------------------------------------------------------------------------

    @property
    def sent(self) -> list[DispatchedNotification]:
        """Every notification that was decided, as it was then."""
        found: dict[str, DispatchedNotification] = {}
        for change in self.history:
            if isinstance(change, NotificationChanged):
                found.setdefault(change.notification.id, change.notification)
        return list(found.values())

    @property
    def said(self) -> list[tuple[float, str, str]]:
        """When (seconds), what kind, to which address: every notification that was decided."""
        start = moment(0)
        return [((each.created_at - start).total_seconds(), each.kind, each.address) for each in self.sent]

    @property
    def notes(self) -> list[str]:
        """What was decided without a message."""
        return [change.text for change in self.history if isinstance(change, DispatchNoted)]

    def arrives(self, notification: DispatchedNotification) -> None:
        """The far end takes it."""
        self(sent(notification))

    def fails(self, notification: DispatchedNotification, *, dead: bool = False) -> None:
        """An attempt fails; ``dead``: the last one."""
        self(failed(notification, dead=dead))


def mail(to: str = "noc@example.net") -> dict[str, Any]:
    """An action that sends a mail."""
    return {"channel": "email", "to": to}


def text(to: str = "+491511234567") -> dict[str, Any]:
    """An action that sends an SMS."""
    return {"channel": "sms", "to": to}

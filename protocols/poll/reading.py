"""One poll on demand: what was read, or why nothing was; and the view of all pollers that the API has."""

from collections.abc import Collection, Mapping
from datetime import datetime
from typing import Literal, NamedTuple, Protocol

from msgspec import Struct

from protocols.poll.contact import AgentTimes
from protocols.poll.device import PolledDevice, PollError
from protocols.poll.states import PolledStates

PollRefusal = Literal["not_polled", "poll_running", "poller_parked", "poller_stopped"]
"""Why a device cannot be polled on demand. ``not_polled``: it has no poller. ``poll_running``: another poll on demand of it is
under way. ``poller_parked``: its poller crashed too often. ``poller_stopped``: no poller runs now."""


class PolledValue(Struct, frozen=True, gc=False):
    """One measured value. ``position`` is that of the part, empty for the device itself; ``quantity`` is the plan's name."""

    position: str
    quantity: str
    value: float
    unit: str = ""


class PollReading(Struct, frozen=True, kw_only=True):
    """The outcome of one poll on demand. ``error`` says why it failed; ``states`` has every part that was read, also those that
    are as before, and names the tables that were not read to their end."""

    device: str
    begun: datetime
    ended: datetime
    address: str = ""
    profile: str = ""
    plan: str = ""
    times: AgentTimes | None = None
    sys_object_id: str = ""
    sys_name: str = ""
    states: PolledStates | None = None
    values: tuple[PolledValue, ...] = ()
    varbinds: int = 0
    """Variable bindings that the agent sent."""
    round_trip_ms: float | None = None
    error: PollError | None = None


class PollRefused(Exception):
    """The device was not asked; ``text`` is a sentence for the operator."""

    def __init__(self, reason: PollRefusal, text: str) -> None:
        super().__init__(text)
        self.reason, self.text = reason, text


class PollNames(NamedTuple):
    """Names that a device's polling may use: of credentials, each with the tenants whose tokens may name them, and of plans and
    the profiles that have plans."""

    credentials: Mapping[str, Collection[str]]
    plans: Collection[str]

    def usable(self, tenant: str | None) -> list[str]:
        """The credentials that a token of ``tenant`` (None: of every tenant) may name."""
        return [name for name, tenants in self.credentials.items() if tenant is None or tenant in tenants]


class PollView(Protocol):
    """The pollers of all devices."""

    def status(self, device_id: str) -> PolledDevice | None:
        """The device as its poller knows it; None: it has no poller. ``state`` says ``parked`` or ``unknown`` here: whether a
        device is up is the correlator's to say."""

    async def poll_now(self, device_id: str) -> PollReading:
        """Poll the device now, beside its schedule and within its budget, all that its plan has. Its scheduled polls go on.
        Raises PollRefused. Cancellation gives the poll up."""

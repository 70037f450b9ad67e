"""One poll of a device as an operator asked for it: what was read, and what it cost."""

from datetime import datetime

from msgspec import Struct

from protocols.poll.contact import AgentTimes
from protocols.poll.device import PollError
from protocols.poll.states import PolledStates


class TableReading(Struct, frozen=True, kw_only=True):
    """One table of the plan. ``error`` says why it was not read to its end; empty: it was."""

    name: str
    rows: int
    varbinds: int
    error: str = ""


class PollReading(Struct, frozen=True, kw_only=True):
    """``values`` are the plan's scalars by name, as text. ``states`` is None where the device did not answer. ``datagrams``
    counts those sent to it, repetitions included; ``varbinds`` those that came back."""

    device: str
    address: str
    at: datetime
    duration_ms: float
    round_trip_ms: float | None = None
    varbinds: int = 0
    datagrams: int = 0
    times: AgentTimes | None = None
    values: dict[str, str] = {}
    tables: tuple[TableReading, ...] = ()
    states: PolledStates | None = None
    error: PollError | None = None

"""The senders of traps as the trap listener counts them, since it was started."""

from collections.abc import Iterator
from datetime import datetime
from typing import Protocol

from msgspec import Struct


class RefusedFor(Struct, frozen=True):
    """Datagrams of a source that were refused for one ``reason``, a value of that label of ``faultd_traps_dropped_total``."""

    reason: str
    count: int
    first: datetime
    last: datetime


class TrapSource(Struct, frozen=True, kw_only=True):
    """One sender. ``last_trap`` is the trap OID of the newest datagram that was accepted."""

    address: str
    accepted: int
    first_accepted: datetime | None
    last_accepted: datetime | None
    last_trap: str
    refused: tuple[RefusedFor, ...]


class SourceView(Protocol):
    """Read-only view of the trap listener's counts."""

    @property
    def since(self) -> datetime:
        """Time at which the counts began: the start of faultd."""

    @property
    def forgotten(self) -> int:
        """Number of sources dropped from the full table since then."""

    def addresses(self) -> Iterator[str]:
        """Every source that is remembered, in no order. Not to be kept over a wait."""

    def get(self, address: str) -> TrapSource | None:
        """The counts of one source."""

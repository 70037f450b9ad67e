"""The trial of a draft of a vendor profile on traps that no profile knows."""

from collections.abc import Sequence
from datetime import datetime
from typing import Annotated, Protocol

from msgspec import Meta, Struct

from protocols.event import Trap
from protocols.rest_body import Body


class ProfileDraft(Body, frozen=True, kw_only=True):
    """A draft to try."""

    text: Annotated[str, Meta(min_length=1, max_length=200_000, description="TOML, as a file of `config/profiles`")]
    trap_oid: Annotated[str, Meta(pattern=r"^[0-9.]{1,1000}$")] | None = None
    """Only on unknown traps of this kind."""


class DraftMistake(Struct, frozen=True):
    """A mistake in the draft. ``line`` is 0 where it is not known; ``key`` as ``alarms[0].when.state``."""

    line: int
    key: str
    message: str


class TriedTrap(Struct, frozen=True, kw_only=True):
    """One trap read with the draft. ``findings``: a line for each; ``lines``: every rule that was asked, and why it did or
    did not match."""

    offset: int
    at: datetime
    source: str
    trap_oid: str
    findings: tuple[str, ...]
    reason: str
    """The reason for which there is no finding; empty where there is one."""
    lines: tuple[str, ...]


class ProfileTried(Struct, frozen=True):
    """The mistakes of a draft, or what it makes of the newest unknown traps."""

    mistakes: tuple[DraftMistake, ...]
    traps: tuple[TriedTrap, ...] = ()


class DraftReading(Struct, frozen=True):
    """The reading of one trap with a draft."""

    findings: tuple[str, ...]
    reason: str
    lines: tuple[str, ...]


class TryProfile(Protocol):
    """Compiles a draft and reads traps with it."""

    def __call__(self, text: str, traps: Sequence[Trap]) -> tuple[tuple[DraftMistake, ...], tuple[DraftReading, ...]]:
        """Either there are mistakes, or a reading for each trap. Takes tenths of a second: for a thread."""
        ...

"""Alarms as the fold has them now, for those who only look."""

from collections.abc import Sequence
from typing import Protocol

from protocols.alarm import Alarm, Identity


class AlarmView(Protocol):
    """Every open alarm, and cleared ones that commands still reach. Never behind what the stream has told."""

    def find(self, name: str, tenant: str | None) -> Alarm | None:
        """The alarm of this id or external id that ``tenant`` sees (None: every tenant). None too when several tenants gave
        that external id."""
        ...

    def is_open(self, identity: Identity) -> bool:
        """Whether the alarm of this identity is not cleared."""
        ...

    def all(self) -> Sequence[Alarm]:
        """All of them as of this moment."""
        ...

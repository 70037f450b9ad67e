"""Read-only view of the fold's alarms."""

from collections.abc import Sequence
from typing import Protocol

from protocols.alarm import Alarm, Identity


class AlarmView(Protocol):
    """Every open alarm, and the cleared ones that commands still reach. The view is never older than the stream."""

    def find(self, name: str, tenant: str | None) -> Alarm | None:
        """The alarm of this id or external id that ``tenant`` sees (None: every tenant). None too when several tenants gave
        that external id."""
        ...

    def is_open(self, identity: Identity) -> bool:
        """True when the alarm of this identity is open."""
        ...

    def all(self) -> Sequence[Alarm]:
        """All of them as of this moment."""
        ...

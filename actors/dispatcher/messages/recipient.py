"""A recipient: an address of a person by one channel, with the messages of the last minutes and those that wait."""

from msgspec import Struct
from msgspec.structs import replace

from protocols.dispatch.channel import Channel
from protocols.dispatch.notification import MessageKind


class Telling(Struct, frozen=True, array_like=True):
    """One subject to be told to one recipient."""

    subject: str
    kind: MessageKind
    policy: str
    template: str = ""
    reason: str = ""
    step: int = 0
    group: str = ""
    until: int = 0
    """Waits until then, microseconds since 1970."""
    fallback_of: str = ""


class Recipient(Struct, frozen=True, kw_only=True):
    """Only recipients that got something in the last ``storm_seconds``, or for whom something waits, are kept."""

    key: str
    """``TENANT|CHANNEL|ADDRESS``"""
    tenant_id: str
    channel: Channel
    to: str
    to_name: str
    address: str
    singles: tuple[int, ...] = ()
    """When single messages were sent within the last ``storm_seconds``, oldest first."""
    storm_at: int | None = None
    """When the next message of the storm is due; None: there is no storm."""
    storm_since: int = 0
    waiting: dict[str, Telling] = {}
    """By the key of the subject: a later telling replaces the one that waits. A table of the state: it is changed in place,
    through the journal alone."""

    def copied(self) -> "Recipient":
        """The recipient with a table of its own."""
        return replace(self, waiting=dict(self.waiting))

    @property
    def name(self) -> str:
        """The person's name, or the address."""
        return self.to_name or self.address

"""A group: the causes that one action of a policy tells in one message."""

from msgspec import Struct

from protocols.dispatch.channel import Channel
from protocols.dispatch.notification import MessageKind
from protocols.dispatch.quiet_hours import QuietHours


class GroupMember(Struct, frozen=True, array_like=True):
    """A cause of a group."""

    kind: MessageKind | None = None
    """The message that is still to be sent; None: nothing has happened since the last one."""
    reason: str = ""
    told_at: int = 0
    """When the group last told it, microseconds since 1970; 0: never."""


class MessageGroup(Struct, frozen=True, kw_only=True):
    """Times in microseconds. It keeps what its policy said when its newest cause came: the ends are told without a policy."""

    key: str
    tenant_id: str
    policy: str
    policy_name: str
    pointer: str
    """The place of the action in the policy."""
    channel: Channel
    to: str
    template: str = ""
    opened_at: int
    wait: int = 0
    interval: int
    repeat: int
    quiet_hours: QuietHours | None = None
    zone: str = "UTC"
    members: dict[str, GroupMember] = {}
    """Open causes by the key of their subject. Never changed in place."""
    ended: tuple[str, ...] = ()
    """Subjects that have ended, of which the group still has to tell the end."""
    sent_at: int = 0
    """When it last sent anything; 0: never."""

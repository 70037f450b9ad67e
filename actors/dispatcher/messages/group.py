"""A group: the causes that one action of a policy tells in one message."""

from msgspec import Struct
from msgspec.structs import force_setattr, replace

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
    again_at: int = 0
    """Nobody was on call: when it is tried again; 0: it was not tried in vain."""


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
    """Open causes by the key of their subject. A table of the state: it is changed in place, through the journal alone."""
    ended: tuple[str, ...] = ()
    """Of snapshots without ``owed``, which has them from then on."""
    sent_at: int = 0
    """When it last sent anything; 0: never."""
    owed: dict[str, bool] = {}
    """Subjects that have ended, of which the group still has to tell the end. A table as ``members``."""

    def __post_init__(self) -> None:
        if self.ended:
            force_setattr(self, "owed", dict.fromkeys(self.ended, True) | self.owed)
            force_setattr(self, "ended", ())

    def copied(self) -> "MessageGroup":
        """The group with tables of its own."""
        return replace(self, members=dict(self.members), owed=dict(self.owed))

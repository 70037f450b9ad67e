"""The Events of one read of a socket on their way to the disk, and the INFORMs that are answered there."""

from collections import Counter

from actors.mailbox import Reply
from actors.recvmmsg import Ancillary, SocketAddress
from actors.trap_listener.intake import Answer
from actors.trap_listener.sockets import TrapSocket
from protocols.event import Event


class PendingInform:
    """An INFORM that waits for its commit: where and how to answer it."""

    __slots__ = ("ancillary", "answer", "key", "source", "trap_socket")

    def __init__(self, trap_socket: TrapSocket, source: SocketAddress, ancillary: Ancillary, answer: Answer, key: str) -> None:
        self.trap_socket, self.source, self.ancillary, self.answer, self.key = trap_socket, source, ancillary, answer, key


class TrapBatch:
    """``datagrams`` of the ``events`` came by a socket; the others are the listener's own reports."""

    def __init__(self) -> None:
        self.events: list[Event] = []
        self.informs: list[PendingInform] = []
        self.datagrams = 0
        self.irregular: Counter[str] = Counter()
        self.committed: Reply[int] = Reply()
        self.sent = False

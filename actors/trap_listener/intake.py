"""The checks of one datagram: it gives an Event's content, a refusal with its reason, or a protocol exchange to answer."""

from collections.abc import Callable, Iterable
from typing import Protocol

from msgspec import Struct

from protocols.snmp import encode, message
from protocols.snmp.errors import BadVersion, SnmpRefusal
from protocols.snmp.masking import community_base, masked
from protocols.snmp.notification import Notification

Answer = Callable[[float], bytes]
"""Makes the Response to an INFORM, given the monotonic time of sending (SNMPv3 stamps it)."""


class Admitted(Struct, frozen=True):
    """A notification that passed every check, its community masked. ``answer`` is None for a trap; ``engine_boots`` is the
    sender's, 0 where the message does not tell it."""

    notification: Notification
    answer: Answer | None = None
    engine_boots: int = 0


class DroppedDatagram(Exception):
    """The datagram is dropped. ``reason`` is the label it is counted by; ``report`` goes back to the sender if not empty;
    ``position`` is the offset of the octet that the decoder stopped at, where it was the decoder that refused."""

    def __init__(self, reason: str, report: bytes = b"", position: int | None = None) -> None:
        super().__init__(reason)
        self.reason, self.report, self.position = reason, report, position


class AnsweredByReport(Exception):
    """The datagram was SNMPv3 protocol only (engine discovery, clock synchronisation): ``report`` answers it."""

    def __init__(self, report: bytes) -> None:
        super().__init__("answered with a report")
        self.report = report


class Security(Protocol):
    """The part of an SNMPv3 engine that the listener uses."""

    def receive(self, datagram: bytes, now: float) -> Admitted:
        """Check and decode one SNMPv3 message. Raises DroppedDatagram, AnsweredByReport or the codec's SnmpRefusal."""


class Intake:
    """The checks by SNMP version, after that of the source. ``community_fields`` are the names of the fields that
    makers write behind a community, in lower case."""

    def __init__(self, communities: Iterable[str], v3: Security | None, community_fields: frozenset[str] = frozenset()) -> None:
        self._communities = frozenset(communities)
        self._fields = community_fields
        self._v3 = v3

    def judge(self, datagram: bytes, now: float) -> Admitted:
        """The notification in ``datagram``, received at the monotonic time ``now``. Raises DroppedDatagram and
        AnsweredByReport."""
        try:
            notification = message.decode(datagram)
            response = encode.inform_response(datagram) if notification.kind == "inform" else b""
        except BadVersion as refusal:
            return self._judge_v3(datagram, now, refusal)
        except SnmpRefusal as refusal:
            raise DroppedDatagram(refusal.reason, position=refusal.position) from refusal
        community = notification.security
        if community not in self._communities and community_base(community, self._fields) not in self._communities:
            raise DroppedDatagram("unknown_community")
        return Admitted(masked(notification, datagram, self._fields), (lambda _: response) if response else None)

    def _judge_v3(self, datagram: bytes, now: float, refusal: BadVersion) -> Admitted:
        try:
            if self._v3 is not None:
                return self._v3.receive(datagram, now)
            message.peek(datagram)
        except SnmpRefusal as error:
            raise DroppedDatagram(error.reason, position=error.position) from error
        raise DroppedDatagram("unknown_user") from refusal

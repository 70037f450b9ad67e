"""An SNMP agent: v1 and v2c by community, v3 by the User-based Security Model, whose engine is the authoritative one."""

from collections.abc import Callable
from typing import Final, Generic, Literal

from protocols.snmp import ber
from protocols.snmp.agent.object_tree import ObjectTree, Subject
from protocols.snmp.agent.request import AgentRequest, read_request
from protocols.snmp.agent.respond import AUTHORIZATION_ERROR, failure, respond
from protocols.snmp.errors import SnmpRefusal
from protocols.snmp.manager.operation import LARGEST_ANSWER
from protocols.snmp.pdu import GET_BULK
from protocols.snmp.peek import Level, read_version
from protocols.snmp.usm import report
from protocols.snmp.usm.ciphers import DecryptionFailed, SaltCounter
from protocols.snmp.usm.engine_clocks import is_in_own_window
from protocols.snmp.usm.incoming import is_signed_by, plaintext
from protocols.snmp.usm.message import parse
from protocols.snmp.usm.outgoing import reply
from protocols.snmp.usm.scoped_pdu import pdu_position, request_id
from protocols.snmp.usm.user import UsmUser
from protocols.snmp.usm.usm_message import UsmMessage

SMALLEST_MESSAGE: Final = 484
"""Octets that every SNMP engine takes (RFC 3417 section 3.2.1)."""
_GROWTH: Final = 10
"""Octets by which the lengths of the elements around the variable bindings grow, at most, when these are put in."""
_PADDING: Final = 8

UsersByName = Callable[[bytes], UsmUser | None]
IgnoredRequest = Literal["malformed", "wrong_community", "v1_bulk"]


class SnmpAgent(Generic[Subject]):
    """The agent of one device. ``users`` finds a user by name. ``may_read`` says who may read; anyone else gets
    authorizationError. ``largest`` is the size of the largest message that it sends, in octets.

    ``ignored`` counts the datagrams that got no answer, by reason; ``reported`` the Reports, by counter.
    """

    def __init__(
        self,
        tree: ObjectTree[Subject],
        subject: Subject,
        *,
        community: bytes,
        engine_id: bytes,
        users: UsersByName = lambda _name: None,
        may_read: Callable[[UsmUser, Level], bool] = lambda user, level: user.level == level,
        salts: SaltCounter | None = None,
        largest: int = 1472,
    ) -> None:
        self.tree, self.subject = tree, subject
        self.community, self.engine_id, self.largest = community, engine_id, largest
        self.ignored: dict[str, int] = {}
        self.reported: dict[str, int] = {}
        self._users, self._may_read = users, may_read
        self._salts = salts or SaltCounter(0)

    def answer(self, datagram: bytes, boots: int, time: int) -> bytes | None:
        """The answer to a datagram, or None. Any octets may be given. ``boots`` and ``time`` (seconds) are those of the agent's
        engine now."""
        try:
            version, pos, end = read_version(datagram, set(), LARGEST_ANSWER)
            if version == 3:
                return self._answer_v3(parse(datagram, LARGEST_ANSWER), boots, time)
            community, after = ber.read_octets(datagram, pos, end, set(), "community")
            if community != self.community:
                self._ignore("wrong_community")
                return None
            request = read_request(datagram, after, end)
            if request.tag == GET_BULK and version == 0:
                self._ignore("v1_bulk")
                return None
            head = ber.integer(version) + ber.element(ber.OCTET_STRING, community)
            room = self.largest - len(head) - _pdu_overhead(request) - 4
            pdu = respond(request, self.tree, self.subject, room, v1=version == 0)
        except SnmpRefusal:
            self._ignore("malformed")
            return None
        return ber.element(ber.SEQUENCE, head + pdu)

    def _answer_v3(self, message: UsmMessage, boots: int, time: int) -> bytes | None:
        """RFC 3414 section 3.2, in the order of its steps."""
        if message.engine_id != self.engine_id:
            return self._report(message, report.UNKNOWN_ENGINE_IDS, boots, time)
        user = self._users(message.user)
        if user is None:
            return self._report(message, report.UNKNOWN_USER_NAMES, boots, time)
        level = message.level
        if _RANK[level] > _RANK[user.level]:
            return self._report(message, report.UNSUPPORTED_SECURITY_LEVELS, boots, time)
        if level != "noAuthNoPriv":
            if not is_signed_by(message, user):
                return self._report(message, report.WRONG_DIGESTS, boots, time)
            if not is_in_own_window(message.boots, message.time, boots, time):
                return self._report(message, report.NOT_IN_TIME_WINDOWS, boots, time, user)
        try:
            scoped = plaintext(message, user)
        except DecryptionFailed:
            return self._report(message, report.DECRYPTION_ERRORS, boots, time)
        pos, end = pdu_position(scoped)
        start, _ = ber.read_element(scoped, 0, len(scoped), set(), ber.SEQUENCE, "a ScopedPDU")
        context_engine, after = ber.read_octets(scoped, start, end, set(), "contextEngineID")
        context, _ = ber.read_octets(scoped, after, end, set(), "contextName")
        request = read_request(scoped, pos, end)
        if context_engine != self.engine_id:
            return self._report(message, report.UNKNOWN_PDU_HANDLERS, boots, time, user, level)
        if context:
            return self._report(message, report.UNKNOWN_CONTEXTS, boots, time, user, level)
        if not self._may_read(user, level):
            pdu = failure(request, AUTHORIZATION_ERROR, 1 if request.names else 0)
        else:
            largest = min(self.largest, max(message.max_size, SMALLEST_MESSAGE))
            around = len(self._reply(message, user, level, b"", boots, time)) + pos - start + _PADDING
            pdu = respond(request, self.tree, self.subject, largest - around - _pdu_overhead(request))
        return self._reply(message, user, level, ber.element(ber.SEQUENCE, scoped[start:pos] + pdu), boots, time)

    def _reply(self, to: UsmMessage, user: UsmUser | None, level: Level, scoped: bytes, boots: int, time: int) -> bytes:
        return reply(
            to,
            user,
            level,
            engine_id=self.engine_id,
            boots=boots,
            time=time,
            scoped_pdu=scoped,
            salts=self._salts,
            max_size=LARGEST_ANSWER,
        )

    def _report(
        self, to: UsmMessage, counter: str, boots: int, time: int, user: UsmUser | None = None, level: Level = "authNoPriv"
    ) -> bytes | None:
        """A Report to a message that asks for one. With ``user`` it is sent at ``level``: a manager believes the clock in a
        signed Report only (RFC 3414 section 3.2 step 7)."""
        self.reported[counter] = self.reported.get(counter, 0) + 1
        if not to.reportable:
            return None
        scoped = report.report_pdu(self.engine_id, _request_id(to), counter, self.reported[counter])
        return self._reply(to, user, "noAuthNoPriv" if user is None else level, scoped, boots, time)

    def _ignore(self, reason: IgnoredRequest) -> None:
        self.ignored[reason] = self.ignored.get(reason, 0) + 1


_RANK: Final[dict[Level, int]] = {"noAuthNoPriv": 0, "authNoPriv": 1, "authPriv": 2}


def _pdu_overhead(request: AgentRequest) -> int:
    """Octets of a Response to ``request`` besides its variable bindings, and of the growth of the lengths around it."""
    return len(ber.integer(request.request_id)) + 6 + 4 + _GROWTH


def _request_id(message: UsmMessage) -> int:
    """The request-id of an unencrypted request; 0 where it cannot be read."""
    if message.level == "authPriv":
        return 0
    try:
        return request_id(message.data)
    except SnmpRefusal:
        return 0

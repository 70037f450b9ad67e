"""Messages of v1 and v2c: a community, and the request-id by which an answer is known (RFC 1157, RFC 3416)."""

from typing import Final, Literal

from protocols.snmp import ber
from protocols.snmp.errors import SnmpRefusal
from protocols.snmp.manager.operation import LARGEST_ANSWER
from protocols.snmp.manager.request_pdu import RequestPdu
from protocols.snmp.manager.response_pdu import ResponsePdu, read_response_pdu
from protocols.snmp.manager.session import AgentSession
from protocols.snmp.pdu import RESPONSE
from protocols.snmp.peek import read_version

_SEQUENCE: Final = bytes((ber.SEQUENCE,))


class CommunitySession(AgentSession):
    """Requests to one agent with a community. It is a password in clear: anybody on the path can read it and forge answers."""

    __slots__ = ("_community", "_head")

    def __init__(
        self, version: Literal["1", "2c"], community: bytes, first_number: int, ignored: dict[str, int] | None = None
    ) -> None:
        super().__init__(version, first_number, ignored)
        self._community = community
        self._head = ber.integer(0 if version == "1" else 1) + ber.element(ber.OCTET_STRING, community)

    def message(self, pdu: RequestPdu, now: float) -> bytes:
        """The request."""
        return ber.element(ber.SEQUENCE, self._head + pdu.octets(self.next_number()))

    def read(self, datagram: bytes, now: float) -> ResponsePdu | None:
        """The Response with the request's version and community, and the request-id of one of its messages."""
        try:
            odd: set[str] = set()
            if len(datagram) <= LARGEST_ANSWER and datagram.startswith(_SEQUENCE):
                # Nearly every answer has version and community as the request has them.
                _, start, end = ber.read_header(datagram, 0, len(datagram), odd)
                if datagram.startswith(self._head, start):
                    return self._answer(read_response_pdu(datagram, start + len(self._head), end))
            version, pos, end = read_version(datagram, odd, LARGEST_ANSWER)
            if version != (0 if self.version == "1" else 1):
                self.ignore("other_version")
                return None
            community, pos = ber.read_octets(datagram, pos, end, odd, "community")
            response = read_response_pdu(datagram, pos, end)
        except SnmpRefusal:
            self.ignore("malformed")
            return None
        if community != self._community:
            self.ignore("wrong_community")
            return None
        return self._answer(response)

    def _answer(self, response: ResponsePdu) -> ResponsePdu | None:
        if response.tag != RESPONSE or not self.waits_for(response.request_id):
            self.ignore_number(response.request_id)
            return None
        self.take_answer(response.request_id)
        return response

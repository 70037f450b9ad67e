"""GETNEXT: what follows given instances (RFC 3416 section 4.2.2)."""

from collections.abc import Sequence

from protocols.snmp.manager.errors import BadAnswer
from protocols.snmp.manager.operation import HEADER_OCTETS, VALUE_OCTETS, Operation, refused
from protocols.snmp.manager.request_pdu import RequestPdu, get_next_request
from protocols.snmp.manager.response_pdu import ResponsePdu, split_varbinds


class GetNext(Operation):
    """``bindings`` has a name and a value in turn for each of ``names``. At the end of the MIB the value is endOfMibView;
    a v1 agent answers noSuchName instead, which raises AgentRefused."""

    __slots__ = ("bindings", "names")

    def __init__(self, names: Sequence[bytes]) -> None:
        super().__init__()
        self.names = list(names)
        self.bindings: list[bytes] = []
        self.finished = not names

    def request(self, version: str) -> RequestPdu:
        return get_next_request(self.names)

    def answer_octets(self) -> int:
        return HEADER_OCTETS + sum([len(name) + VALUE_OCTETS for name in self.names])

    def take(self, response: ResponsePdu) -> None:
        if response.error_status:
            raise refused(response, self.names)
        found = split_varbinds(response, len(self.names))
        if len(found) != 2 * len(self.names):
            raise BadAnswer(f"{len(found) // 2} variable bindings to a request with {len(self.names)}")
        self.bindings = found
        self.finished = True

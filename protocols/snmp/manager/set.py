"""SET: new values for given instances, all of them or none (RFC 3416 section 4.2.5)."""

from collections.abc import Sequence

from protocols.snmp.manager.operation import HEADER_OCTETS, VALUE_OCTETS, Operation, refused
from protocols.snmp.manager.request_pdu import RequestPdu, set_request
from protocols.snmp.manager.response_pdu import ResponsePdu


class Set(Operation):
    """``bindings`` are pairs of name and value element (``values.encode_value``). Raises AgentRefused when nothing was set.

    A transaction that sends again may set twice: give it no retries for a value that must be set once.
    """

    __slots__ = ("bindings",)

    def __init__(self, bindings: Sequence[tuple[bytes, bytes]]) -> None:
        super().__init__()
        self.bindings = bindings

    def request(self, version: str) -> RequestPdu:
        return set_request(self.bindings)

    def answer_octets(self) -> int:
        return HEADER_OCTETS + sum([len(name) + len(value) + VALUE_OCTETS for name, value in self.bindings])

    def take(self, response: ResponsePdu) -> None:
        if response.error_status:
            raise refused(response, [name for name, _ in self.bindings])
        self.finished = True

"""GETBULK: several times what follows given instances, in one answer (RFC 3416 section 4.2.3)."""

from collections.abc import Sequence

from protocols.snmp.manager.operation import HEADER_OCTETS, VALUE_OCTETS, Operation, refused
from protocols.snmp.manager.request_pdu import RequestPdu, get_bulk_request
from protocols.snmp.manager.response_pdu import ResponsePdu, split_varbinds


class GetBulk(Operation):
    """``bindings`` has names and values in turn: one for each of the first ``non_repeaters`` names, then up to
    ``max_repetitions`` rounds of the others. The agent may send fewer. Not for v1."""

    __slots__ = ("bindings", "max_repetitions", "names", "non_repeaters")

    def __init__(self, names: Sequence[bytes], non_repeaters: int, max_repetitions: int) -> None:
        super().__init__()
        self.names = list(names)
        self.non_repeaters, self.max_repetitions = non_repeaters, max_repetitions
        self.bindings: list[bytes] = []

    def request(self, version: str) -> RequestPdu:
        return get_bulk_request(self.names, self.non_repeaters, self.max_repetitions)

    def answer_octets(self) -> int:
        return HEADER_OCTETS + max(1, self.max_repetitions) * sum([len(name) + VALUE_OCTETS for name in self.names])

    def take(self, response: ResponsePdu) -> None:
        if response.error_status:
            raise refused(response, self.names)
        single = min(self.non_repeaters, len(self.names))
        self.bindings = split_varbinds(response, single + self.max_repetitions * (len(self.names) - single))
        self.finished = True

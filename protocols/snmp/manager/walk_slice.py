"""A part of a walk, for callers that pay for variable bindings: the walk pauses and goes on where it was."""

from protocols.snmp.manager.operation import Operation
from protocols.snmp.manager.request_pdu import RequestPdu
from protocols.snmp.manager.response_pdu import ResponsePdu
from protocols.snmp.manager.walk import Walk


class WalkSlice(Operation):
    """Is finished once ``walk`` has taken ``varbinds`` more variable bindings or has ended; the agent's last answer may bring
    more. Another slice of the same walk goes on."""

    __slots__ = ("_until", "_walk")

    def __init__(self, walk: Walk, varbinds: int) -> None:
        super().__init__()
        self._walk, self._until = walk, walk.table.varbinds + varbinds
        self.finished = walk.finished

    def request(self, version: str) -> RequestPdu:
        return self._walk.request(version)

    def smaller_request(self, last: bool) -> RequestPdu | None:
        return self._walk.smaller_request(last)

    def answer_octets(self) -> int:
        return self._walk.answer_octets()

    def take(self, response: ResponsePdu) -> None:
        self._walk.take(response)
        self.finished = self._walk.finished or self._walk.table.varbinds >= self._until

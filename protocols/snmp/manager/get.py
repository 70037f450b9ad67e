"""GET: the values of given instances (RFC 3416 section 4.2.1; RFC 1157 section 4.1.2)."""

from collections.abc import Sequence
from typing import Final

from protocols.snmp.manager.errors import NO_SUCH_NAME, TOO_BIG
from protocols.snmp.manager.operation import HEADER_OCTETS, VALUE_OCTETS, Operation, check_names, refused
from protocols.snmp.manager.request_pdu import RequestPdu, get_request
from protocols.snmp.manager.response_pdu import ResponsePdu, split_varbinds
from protocols.snmp.manager.value import NO_SUCH_INSTANCE_ELEMENT

NAMES_A_REQUEST: Final = 32


class Get(Operation):
    """``values`` has one element for each of ``names``, in order: ``value.is_missing`` is true where the agent has
    no such instance.

    At most ``most`` names go into a request. An agent that answers tooBig, or not at all, is asked for half as many at a time;
    one that answers the first of them alone, for the others again. A v1 agent that answers noSuchName is asked for the others
    again.
    """

    __slots__ = ("_asked", "_latest", "_most", "_waiting", "names", "values")

    def __init__(self, names: Sequence[bytes], most: int = NAMES_A_REQUEST) -> None:
        super().__init__()
        self.names = names
        self.values: list[bytes] = [b""] * len(names)
        self._waiting = list(range(len(names)))
        self._asked: list[bytes] = []
        self._latest = 0  # names of the latest message
        self._most = most
        self.finished = not names

    def request(self, version: str) -> RequestPdu:
        self._asked = [self.names[each] for each in self._waiting[: self._most]]
        self._latest = len(self._asked)
        return get_request(self._asked)

    def smaller_request(self, last: bool) -> RequestPdu | None:
        """The first half of the names, and as few from then on. ``take`` accepts an answer to the larger request too."""
        if self._latest < 2:
            return None
        self._most = self._latest = self._latest // 2
        return get_request(self._asked[: self._latest])

    def answer_octets(self) -> int:
        asked = self._waiting[: self._most]
        return HEADER_OCTETS + sum([len(self.names[each]) + VALUE_OCTETS for each in asked])

    def take(self, response: ResponsePdu) -> None:
        asked = self._asked
        if response.error_status == TOO_BIG and self._latest > 1:
            self._most = self._latest // 2
            return
        if response.error_status == NO_SUCH_NAME and 0 < response.error_index <= len(asked):
            self.values[self._waiting.pop(response.error_index - 1)] = NO_SUCH_INSTANCE_ELEMENT
        elif response.error_status:
            raise refused(response, asked)
        else:
            found = split_varbinds(response, len(asked))
            asked = asked[: max(1, len(found) // 2)]
            check_names(found, asked)
            for each, value in zip(self._waiting, found[1::2], strict=False):
                self.values[each] = value
            del self._waiting[: len(asked)]
        self.finished = not self._waiting

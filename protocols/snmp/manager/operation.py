"""An operation: the requests that it needs, and its use of their answers."""

from typing import Final

from protocols.snmp.manager.errors import TOO_BIG, AgentRefused, AnswerTooBig, BadAnswer
from protocols.snmp.manager.request_pdu import RequestPdu
from protocols.snmp.manager.response_pdu import ResponsePdu

LARGEST_ANSWER: Final = 65_507
"""Octets of the largest UDP datagram."""
HEADER_OCTETS: Final = 128
"""Estimated octets of an answer around its variable bindings."""
VALUE_OCTETS: Final = 32
"""Estimated octets of a value, with the headers of its variable binding; a name comes on top of it."""


class Operation:
    """Asks for its requests one by one until ``finished``. It knows neither time nor security."""

    __slots__ = ("finished",)

    def __init__(self) -> None:
        self.finished = False

    def request(self, version: str) -> RequestPdu:
        """The next request for an agent of this SNMP version. To be called until ``finished``."""
        raise NotImplementedError

    def smaller_request(self, last: bool) -> RequestPdu | None:
        """A request for a part of the latest one, whose answer did not come: it may be too large for the agent or for the way.
        An answer to either is taken. None: there is no smaller one. ``last``: nothing is sent after it."""
        return None

    def answer_octets(self) -> int:
        """Estimated size of the answer to the next request, in octets."""
        return LARGEST_ANSWER

    def take(self, response: ResponsePdu) -> None:
        """Take the answer to the latest request. Raises RequestError, or SnmpRefusal for malformed octets."""
        raise NotImplementedError


def refused(response: ResponsePdu, names: list[bytes]) -> AgentRefused:
    """The error of a response with an error-status, to a request for ``names``."""
    index = response.error_index
    name = names[index - 1] if 0 < index <= len(names) else b""
    kind = AnswerTooBig if response.error_status == TOO_BIG else AgentRefused
    return kind(response.error_status, index, name)


def check_names(found: list[bytes], names: list[bytes]) -> None:
    """Raise BadAnswer unless ``found`` (names and values in turn) has exactly ``names``, in order."""
    if found[::2] != names:
        raise BadAnswer(f"{len(found) // 2} variable bindings that are not the {len(names)} asked for")

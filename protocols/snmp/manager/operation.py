"""An operation: the requests that it needs, and its use of their answers."""

from protocols.snmp.manager.errors import TOO_BIG, AgentRefused, AnswerTooBig, BadAnswer
from protocols.snmp.manager.request_pdu import RequestPdu
from protocols.snmp.manager.response_pdu import ResponsePdu


class Operation:
    """Asks for its requests one by one until ``finished``. It knows neither time nor security."""

    __slots__ = ("finished",)

    def __init__(self) -> None:
        self.finished = False

    def request(self, version: str) -> RequestPdu:
        """The next request for an agent of this SNMP version. To be called until ``finished``."""
        raise NotImplementedError

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

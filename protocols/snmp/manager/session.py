"""The common part of both kinds of session: numbers, and the count of datagrams that were no answer."""

from typing import Final, Literal

from protocols.snmp.manager.errors import RequestError
from protocols.snmp.manager.request_pdu import RequestPdu
from protocols.snmp.manager.response_pdu import ResponsePdu

LARGEST_ANSWER: Final = 65_507
"""Octets of the largest UDP datagram."""
_NUMBERS: Final = 2**31

IGNORED_REASONS: Final = (
    "malformed",
    "other_version",
    "wrong_community",
    "other_request",
    "wrong_engine",
    "wrong_user",
    "wrong_level",
    "wrong_digest",
    "not_in_time_window",
    "decryption_failed",
)
"""Why a datagram was no answer: a fixed set of metric labels. ``other_request``: late, duplicated or somebody else's."""


class SendAgain(Exception):
    """The agent's engine id or clock was learnt from its Report: the request has to be sent again.

    ``error`` is the one to end with when the agent reports the same a second time.
    """

    def __init__(self, error: RequestError) -> None:
        super().__init__(error)
        self.error = error


class AgentSession:
    """The security of the messages to one agent, and the numbers by which its answers are known.

    ``first_number`` must be random, so that nobody can guess the numbers; they count up from it. ``ignored`` counts
    datagrams that were no answer, by reason (``IGNORED_REASONS``); sessions may share one. A session carries one request at
    a time.
    """

    __slots__ = ("_number", "ignored", "version")

    def __init__(self, version: Literal["1", "2c", "3"], first_number: int, ignored: dict[str, int] | None = None) -> None:
        self.version: Literal["1", "2c", "3"] = version
        self._number = first_number % _NUMBERS
        self.ignored: dict[str, int] = {} if ignored is None else ignored

    def next_number(self) -> int:
        """A request-id or msgID that was not in use lately, from 0 to 2^31 - 1."""
        number = self._number
        self._number = (number + 1) % _NUMBERS
        return number

    def message(self, pdu: RequestPdu, request_id: int, now: float) -> bytes:
        """The datagram to send: the request, or what has to be known of the agent first. Raises Unencodable."""
        raise NotImplementedError

    def read(self, datagram: bytes, request_id: int, now: float) -> ResponsePdu | None:
        """The agent's answer to the request, or None for a datagram that is no answer (counted in ``ignored``).

        Raises SendAgain, and RequestError when the agent reports that it cannot process the request. Any octets may be
        given.
        """
        raise NotImplementedError

    def hint(self) -> str:
        """The likely cause of an agent's silence, for the operator; empty when nothing is known."""
        return ""

    def ignore(self, reason: str) -> None:
        """Count a datagram that is no answer."""
        self.ignored[reason] = self.ignored.get(reason, 0) + 1

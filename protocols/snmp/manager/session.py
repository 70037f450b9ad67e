"""The common part of both kinds of session: numbers, and the count of datagrams that were no answer."""

from typing import Final, Literal

from protocols.snmp.manager.errors import RequestError
from protocols.snmp.manager.request_pdu import RequestPdu
from protocols.snmp.manager.response_pdu import ResponsePdu

_NUMBERS: Final = 2**31
_LATE: Final = 65_536
"""Numbers of earlier messages that are still recognised."""
_ANSWERED: Final = 16
"""Numbers of answered messages that are remembered, to tell a duplicate from a late answer."""

IGNORED_REASONS: Final = (
    "malformed",
    "other_version",
    "wrong_community",
    "late",
    "duplicate",
    "other_request",
    "wrong_engine",
    "wrong_user",
    "wrong_level",
    "wrong_digest",
    "not_in_time_window",
    "decryption_failed",
)
"""Why a datagram was no answer: a fixed set of metric labels. ``late``: it answers an earlier message, for which nobody waits
any more. ``duplicate``: its message was answered before. ``other_request``: no message of this session has its number."""


class SendAgain(Exception):
    """The agent's engine id or clock was learnt from its Report: the request has to be sent again.

    ``error`` is the one to end with when the agent reports the same a second time.
    """

    def __init__(self, error: RequestError) -> None:
        super().__init__(error)
        self.error = error


class AgentSession:
    """The security of the messages to one agent, and the numbers by which its answers are known.

    ``first_number`` must be random, so that nobody can guess the numbers; they count up from it, one for each message.
    ``ignored`` counts datagrams that were no answer, by reason (``IGNORED_REASONS``); sessions may share one. A session
    carries one request at a time, which may be sent several times: each message has a number of its own, so that the time
    of a round trip is known also then (RFC 3416 section 4.1).
    """

    __slots__ = ("_answered", "_first", "_next", "_start", "ignored", "place", "version")

    def __init__(self, version: Literal["1", "2c", "3"], first_number: int, ignored: dict[str, int] | None = None) -> None:
        self.version: Literal["1", "2c", "3"] = version
        self._start = self._first = self._next = first_number % _NUMBERS
        self._answered: list[int] = []
        self.place = 0
        """The message, counted from 0 since ``forget``, that the latest answer belongs to."""
        self.ignored: dict[str, int] = {} if ignored is None else ignored

    def forget(self) -> None:
        """No longer take answers to the messages made so far."""
        self._first = self._next

    def waits_for(self, number: int) -> bool:
        """True for the number of a message that may still be answered: the request-id of v1 and v2c, the msgID of v3."""
        return (number - self._first) % _NUMBERS < (self._next - self._first) % _NUMBERS

    def message(self, pdu: RequestPdu, now: float) -> bytes:
        """The datagram to send: the request, or what has to be known of the agent first. Raises Unencodable."""
        raise NotImplementedError

    def read(self, datagram: bytes, now: float) -> ResponsePdu | None:
        """The agent's answer to a message made since ``forget``, or None for a datagram that is no answer (counted in
        ``ignored``).

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

    def next_number(self) -> int:
        """The number of the next message: one that was not in use lately, from 0 to 2^31 - 1."""
        number = self._next
        self._next = (number + 1) % _NUMBERS
        return number

    def take_answer(self, number: int) -> None:
        """Remember that the message ``number`` was answered."""
        self.place = (number - self._first) % _NUMBERS
        if len(self._answered) >= _ANSWERED:
            del self._answered[0]
        self._answered.append(number)

    def ignore_number(self, number: int) -> None:
        """Count a datagram with the number of a message that nobody waits for."""
        behind = (self._first - number) % _NUMBERS
        if number in self._answered:
            self.ignore("duplicate")
        elif 0 < behind <= min(_LATE, (self._first - self._start) % _NUMBERS):
            self.ignore("late")
        else:
            self.ignore("other_request")

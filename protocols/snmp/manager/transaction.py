"""One operation against one agent: what to send, which datagram is the answer, and when to ask again."""

from typing import Final

from protocols.printable import counted
from protocols.snmp.errors import SnmpRefusal
from protocols.snmp.manager.errors import BadAnswer, NoAnswer, RequestError, TooSlow
from protocols.snmp.manager.operation import Operation
from protocols.snmp.manager.request_pdu import RequestPdu
from protocols.snmp.manager.session import AgentSession, SendAgain

BACK_OFF: Final = 1.5
"""Factor by which each further message of a request waits longer for its answer than the one before."""


class Transaction:
    """Owns no socket and reads no clock. ``now`` is seconds of one monotonic clock. ``timeout`` is the time in seconds that the
    first message of a request waits for its answer; each further one waits ``BACK_OFF`` times as long. ``longest`` bounds the
    whole operation in seconds: then no answer is waited for any more, and no request is begun.

    Send what ``start`` returns. Give each datagram from the agent's address to ``receive`` and call ``expire`` when
    ``deadline`` has passed: each returns octets to send next, or None. When ``done``, the result is in ``operation``, unless
    ``error`` says why there is none. Each request of the operation is sent at most ``retries`` + 1 times for want of an
    answer, and once more for each thing that the agent's Reports taught about it.
    """

    __slots__ = (
        "_begun",
        "_left",
        "_longest",
        "_pdu",
        "_reported",
        "_retries",
        "_sent_at",
        "_timeout",
        "_wait",
        "answers",
        "deadline",
        "done",
        "error",
        "operation",
        "round_trip",
        "sent",
        "session",
    )

    def __init__(
        self, session: AgentSession, operation: Operation, timeout: float = 2.0, retries: int = 2, longest: float = 60.0
    ) -> None:
        self.session, self.operation = session, operation
        self._timeout, self._retries, self._longest = timeout, retries, longest
        self._begun = 0.0
        self._left = retries
        self._wait = timeout
        self._pdu: RequestPdu | None = None
        self._sent_at: list[float] = []  # of each message of the request, by its place
        self._reported: list[type[RequestError]] = []  # what Reports taught since the latest request was begun
        self.deadline = 0.0
        self.done = False
        self.error: RequestError | None = None
        self.sent = 0
        """Datagrams sent so far."""
        self.answers = 0
        """Answers taken so far, Reports that taught something included."""
        self.round_trip = 0.0
        """Seconds from the message that was answered last to its answer; of that very message where several were sent."""

    def start(self, now: float) -> bytes | None:
        """The first datagram; None when the operation needs none and is done."""
        self._begun = now
        return self._next_request(now)

    def receive(self, datagram: bytes, now: float) -> bytes | None:
        """Take a datagram from the agent's address, whatever its octets. One that is no answer changes nothing."""
        try:
            response = self.session.read(datagram, now)
            if response is None:
                return None
            self.answers += 1
            self.round_trip = now - self._sent_at[self.session.place]
            self.operation.take(response)
        except SendAgain as again:
            self.answers += 1
            if type(again.error) not in self._reported and self._pdu is not None:
                self._reported.append(type(again.error))
                self._forget()
                return self._send(self._pdu, now)
            self.end(again.error)
        except RequestError as error:
            self.end(error)
        except SnmpRefusal as refusal:
            self.end(BadAnswer(str(refusal)))
        return None if self.done else self._next_request(now)

    def expire(self, now: float) -> bytes | None:
        """Ask again, or give up, once ``deadline`` has passed; before that it does nothing."""
        if self.done or self._pdu is None or now < self.deadline:
            return None
        over = now >= self._begun + self._longest
        if over and self.answers:
            self.end(self._too_slow())
            return None
        if over or not self._left:
            asked = f"asked {counted(self._retries - self._left + 1, 'time')}, the first time for {self._timeout:g} s"
            asked += f", for {self._longest:g} s in all" if over else ""
            self.end(NoAnswer(asked + self.session.hint()))
            return None
        self._left -= 1
        self._wait *= BACK_OFF
        smaller = self.operation.smaller_request(not self._left)
        if smaller is not None:
            self._pdu = smaller
        return self._send(self._pdu, now)

    def end(self, error: RequestError) -> None:
        """Give up for ``error``. What the operation has taken so far stays."""
        self.done = True
        self.error = error
        self._forget()

    def cancel(self) -> None:
        """Wait for no answer any more."""
        self.done = True
        self._forget()

    def _next_request(self, now: float) -> bytes | None:
        self._forget()
        if self.operation.finished:
            self.done = True
            return None
        if now - self._begun > self._longest:
            self.end(self._too_slow())
            return None
        pdu = self._pdu = self.operation.request(self.session.version)
        self._left, self._wait = self._retries, self._timeout
        self._reported.clear()
        return self._send(pdu, now)

    def _send(self, pdu: RequestPdu, now: float) -> bytes:
        self.deadline = min(now + self._wait, max(now, self._begun + self._longest))
        self.sent += 1
        self._sent_at.append(now)
        return self.session.message(pdu, now)

    def _too_slow(self) -> TooSlow:
        return TooSlow(f"not finished after {self._longest:g} s and {self.sent} datagrams")

    def _forget(self) -> None:
        self.session.forget()
        self._sent_at.clear()

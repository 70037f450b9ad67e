"""One operation against one agent: what to send, which datagram is the answer, and when to ask again."""

from protocols.snmp.errors import SnmpRefusal
from protocols.snmp.manager.errors import BadAnswer, NoAnswer, RequestError, TooSlow
from protocols.snmp.manager.operation import Operation
from protocols.snmp.manager.request_pdu import RequestPdu
from protocols.snmp.manager.session import AgentSession, SendAgain


class Transaction:
    """Owns no socket and reads no clock. ``now`` is seconds of one monotonic clock; ``timeout`` and
    ``longest`` are seconds: of waiting for one answer, and after which no further request is begun.

    Send what ``start`` returns. Give each datagram from the agent's address to ``receive`` and call ``expire`` when
    ``deadline`` has passed: each returns octets to send next, or None. When ``done``, the result is in ``operation``, unless
    ``error`` says why there is none. Each request of the operation is sent at most ``retries`` + 1 times for want of an
    answer, and once more for each thing that the agent's Reports taught about it.
    """

    __slots__ = (
        "_end_at",
        "_left",
        "_longest",
        "_pdu",
        "_reported",
        "_request_id",
        "_retries",
        "_timeout",
        "deadline",
        "done",
        "error",
        "operation",
        "sent",
        "session",
    )

    def __init__(
        self, session: AgentSession, operation: Operation, timeout: float = 2.0, retries: int = 2, longest: float = 60.0
    ) -> None:
        self.session, self.operation = session, operation
        self._timeout, self._retries, self._longest = timeout, retries, longest
        self._end_at = 0.0
        self._left = retries
        self._request_id = 0
        self._pdu: RequestPdu | None = None
        self._reported: list[type[RequestError]] = []  # what Reports taught since the latest request was begun
        self.deadline = 0.0
        self.done = False
        self.error: RequestError | None = None
        self.sent = 0
        """Datagrams sent so far."""

    def start(self, now: float) -> bytes | None:
        """The first datagram; None when the operation needs none and is done."""
        self._end_at = now + self._longest
        return self._next_request(now)

    def receive(self, datagram: bytes, now: float) -> bytes | None:
        """Take a datagram from the agent's address, whatever its octets. One that is no answer changes nothing."""
        if self.done or self._pdu is None:
            self.session.ignore("other_request")
            return None
        try:
            response = self.session.read(datagram, self._request_id, now)
            if response is None:
                return None
            self.operation.take(response)
        except SendAgain as again:
            if type(again.error) not in self._reported:
                self._reported.append(type(again.error))
                return self._send(self._pdu, now)
            self._end(again.error)
        except RequestError as error:
            self._end(error)
        except SnmpRefusal as refusal:
            self._end(BadAnswer(str(refusal)))
        return None if self.done else self._next_request(now)

    def expire(self, now: float) -> bytes | None:
        """Ask again, or give up, once ``deadline`` has passed; before that it does nothing."""
        if self.done or self._pdu is None or now < self.deadline:
            return None
        if not self._left:
            asked = f"asked {self._retries + 1} times, {self._timeout:g} s each"
            self._end(NoAnswer(asked + self.session.hint()))
            return None
        self._left -= 1
        return self._send(self._pdu, now)

    def _next_request(self, now: float) -> bytes | None:
        if self.operation.finished:
            self.done = True
            return None
        if now > self._end_at:
            self._end(TooSlow(f"not finished after {self._longest:g} s and {self.sent} datagrams"))
            return None
        pdu = self._pdu = self.operation.request(self.session.version)
        self._request_id = self.session.next_number()
        self._left = self._retries
        self._reported.clear()
        return self._send(pdu, now)

    def _send(self, pdu: RequestPdu, now: float) -> bytes:
        self.deadline = now + self._timeout
        self.sent += 1
        return self.session.message(pdu, self._request_id, now)

    def _end(self, error: RequestError) -> None:
        self.done = True
        self.error = error

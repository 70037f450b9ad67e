"""Messages of v3: discovery of the agent's engine and clock, and answers that are authentic (RFC 3414 sections 3 and 4).

Discovery has two steps. A message without security gives the engine id. A signed message with boots and time of 0 gives the
engine's clock, in a signed Report. A table of engine clocks, which the trap listener may have filled, saves the second step.

An answer has the msgID of a message of this request, the agent's engine id, the user's digest, and the request's security
level. A Report may come at a lower level, since an agent cannot sign what it cannot check; a Report without a signature never
sets the clock.
"""

from protocols.snmp.errors import SnmpRefusal
from protocols.snmp.manager.errors import REPORTED, NotInTimeWindow, ReportedError, UnknownEngine
from protocols.snmp.manager.operation import LARGEST_ANSWER
from protocols.snmp.manager.request_pdu import RequestPdu, get_request
from protocols.snmp.manager.response_pdu import ResponsePdu, read_response_pdu, split_varbinds
from protocols.snmp.manager.session import AgentSession, SendAgain
from protocols.snmp.oid import read_subids
from protocols.snmp.pdu import REPORT
from protocols.snmp.usm.ciphers import DecryptionFailed, SaltCounter
from protocols.snmp.usm.engine_clocks import MAX_BOOTS, WINDOW, EngineClocks
from protocols.snmp.usm.incoming import is_signed_by, plaintext
from protocols.snmp.usm.message import compose, parse
from protocols.snmp.usm.outgoing import secured
from protocols.snmp.usm.scoped_pdu import pdu_position, scoped_pdu
from protocols.snmp.usm.user import UsmUser
from protocols.snmp.usm.usm_message import UsmMessage

_ENGINE_ID_OCTETS = range(5, 33)
"""Octets of an engine id (RFC 3411, SnmpEngineID)."""


class UsmSession(AgentSession):
    """Requests to one agent as a user. ``user``, ``clocks`` and ``salts`` may be shared by all sessions and by the listener.

    ``engine_id`` is the agent's when it is known already. ``context`` is the context name; its engine is the agent's.
    ``max_size`` is the largest answer that the agent may send, in octets (at least 484, RFC 3412 section 6.2).
    """

    __slots__ = (
        "_answers",
        "_at",
        "_boots",
        "_clocks",
        "_context",
        "_max_size",
        "_salts",
        "_synchronized",
        "_time",
        "_user",
        "engine_id",
    )

    def __init__(
        self,
        user: UsmUser,
        clocks: EngineClocks,
        salts: SaltCounter,
        first_number: int,
        ignored: dict[str, int] | None = None,
        *,
        engine_id: bytes = b"",
        context: str = "",
        max_size: int = LARGEST_ANSWER,
    ) -> None:
        super().__init__("3", first_number, ignored)
        self.engine_id = engine_id
        self._user, self._clocks, self._salts, self._context = user, clocks, salts, context
        self._max_size = max_size
        self._boots = self._time = 0
        self._at = 0.0
        self._synchronized = self._answers = False

    def message(self, pdu: RequestPdu, now: float) -> bytes:
        """The request, or while the engine is unknown a discovery. Its msgID is its request-id too."""
        msg_id = self.next_number()
        if not self.engine_id:
            return compose(
                msg_id=msg_id,
                level="noAuthNoPriv",
                engine_id=b"",
                boots=0,
                time=0,
                user=b"",
                digest_length=0,
                salt=b"",
                data=scoped_pdu(get_request(()).octets(msg_id), context_engine_id=b""),
                reportable=True,
                max_size=self._max_size,
            )
        boots, time = self._clock(now)
        return secured(
            self._user,
            self._user.level,
            msg_id=msg_id,
            engine_id=self.engine_id,
            boots=boots,
            time=time,
            scoped_pdu=scoped_pdu(pdu.octets(msg_id), context_engine_id=self.engine_id, context=self._context),
            salts=self._salts,
            reportable=True,
            max_size=self._max_size,
        )

    def read(self, datagram: bytes, now: float) -> ResponsePdu | None:
        """The Response, authentic and at the request's security level."""
        try:
            message = parse(datagram, LARGEST_ANSWER)
        except SnmpRefusal:
            self.ignore("malformed")
            return None
        if not self.waits_for(message.msg_id):
            self.ignore_number(message.msg_id)
            return None
        signed = message.level != "noAuthNoPriv"
        reason = self._authentic(message) if signed else ""
        if reason:
            self.ignore(reason)
            return None
        try:
            scoped = plaintext(message, self._user)
            pos, end = pdu_position(scoped)
            response = read_response_pdu(scoped, pos, end)
            if response.tag == REPORT:
                self.take_answer(message.msg_id)
                self._reported(message, response, now)
        except DecryptionFailed:
            self.ignore("decryption_failed")
            return None
        except SnmpRefusal:
            self.ignore("malformed")
            return None
        reason = self._no_answer(message, response, now)
        if reason:
            self.ignore(reason)
            return None
        self._answers = True
        self.take_answer(message.msg_id)
        if signed:
            self._learn_clock(message, now)
        return response

    def hint(self) -> str:
        """The likely cause when an engine sends Reports but never answers. net-snmp silently drops a message that it cannot
        decrypt, and one for an unknown context."""
        if not self.engine_id or self._answers:
            return ""
        private = "another privacy pass phrase, protocol or key extension, or " if self._user.level == "authPriv" else ""
        return f"; its engine {self.engine_id.hex()} answers discovery, so the cause may be {private}an unknown context"

    def _authentic(self, message: UsmMessage) -> str:
        """Empty for a signed message of the agent to the user, else why it is none."""
        if message.engine_id != self.engine_id:
            return "wrong_engine"
        if message.user != self._user.name:
            return "wrong_user"
        if message.level == "authPriv" and self._user.level != "authPriv":
            return "wrong_level"
        return "" if is_signed_by(message, self._user) else "wrong_digest"

    def _no_answer(self, message: UsmMessage, response: ResponsePdu, now: float) -> str:
        """Empty for the answer to the request, else why it is none."""
        if message.level != self._user.level:
            return "wrong_level"
        if message.engine_id != self.engine_id:
            return "wrong_engine"
        if message.user != self._user.name:
            return "wrong_user"
        if response.request_id != message.msg_id:
            return "other_request"
        if message.level != "noAuthNoPriv" and not self._timely(message, now):
            return "not_in_time_window"
        return ""

    def _reported(self, message: UsmMessage, response: ResponsePdu, now: float) -> None:
        """Learn from a Report. Raises SendAgain or ReportedError, and SnmpRefusal for a Report without a counter."""
        names = split_varbinds(response, 1)
        subids, _ = read_subids(names[0] if names else b"")
        counter = ".".join([str(each) for each in subids])
        error = REPORTED.get(counter, ReportedError)(f"the agent reports {counter}")
        if isinstance(error, UnknownEngine):
            if len(message.engine_id) in _ENGINE_ID_OCTETS and message.engine_id != self.engine_id:
                self.engine_id = message.engine_id
                self._synchronized = False
                raise SendAgain(error)
        elif isinstance(error, NotInTimeWindow) and message.level != "noAuthNoPriv":
            # The msgID is ours and signed, so the Report is fresh, and its clock is the agent's also when it goes back.
            self._boots, self._time, self._at = message.boots, message.time, now
            self._synchronized = True
            self._clocks.accept(message.engine_id, message.boots, message.time, now)
            raise SendAgain(error)
        raise error

    def _clock(self, now: float) -> tuple[int, int]:
        """Boots and time of the agent's engine as they should be now; zeros ask the agent for them."""
        if self._user.level == "noAuthNoPriv":
            return 0, 0
        if not self._synchronized:
            known = self._clocks.estimate(self.engine_id, now)
            if known is None:
                return 0, 0
            self._boots, self._time = known
            self._at, self._synchronized = now, True
        return self._boots, min(max(0, self._time + int(now - self._at)), MAX_BOOTS)

    def _timely(self, message: UsmMessage, now: float) -> bool:
        """RFC 3414 section 3.2 step 7b."""
        if not self._synchronized:
            return message.boots != MAX_BOOTS
        if message.boots != self._boots:
            return self._boots < message.boots < MAX_BOOTS
        return message.time >= self._time + int(now - self._at) - WINDOW

    def _learn_clock(self, message: UsmMessage, now: float) -> None:
        if not self._synchronized or (message.boots, message.time) > (self._boots, self._time):
            self._boots, self._time, self._at = message.boots, message.time, now
            self._synchronized = True
            self._clocks.accept(message.engine_id, message.boots, message.time, now)

"""faultd's SNMPv3 engine: message processing (RFC 3412 section 7.2, RFC 3414 section 3.2) for traps and INFORMs.

The sender's engine is authoritative for a trap, faultd's engine for an INFORM. A message of an unknown user is refused
before any key is derived.
"""

import os
from collections.abc import Iterable, Sequence
from pathlib import Path

import msgspec

from actors.trap_listener.credentials import with_keys
from actors.trap_listener.engine_clocks import load_clocks
from actors.trap_listener.engine_state import next_start
from actors.trap_listener.intake import Admitted, AnsweredByReport, DroppedDatagram
from actors.trap_listener.settings import User
from actors.trap_listener.v3_users import V3User, V3Users, usm_user
from protocols.snmp.errors import SnmpRefusal
from protocols.snmp.irregular import ENGINE_CLOCK
from protocols.snmp.message import decode_scoped_pdu
from protocols.snmp.notification import Notification
from protocols.snmp.peek import Level
from protocols.snmp.usm import report
from protocols.snmp.usm.ciphers import DecryptionFailed, SaltCounter
from protocols.snmp.usm.engine_clocks import EngineClocks, SavedClock, is_in_own_window
from protocols.snmp.usm.incoming import is_signed_by, plaintext
from protocols.snmp.usm.message import parse
from protocols.snmp.usm.outgoing import reply
from protocols.snmp.usm.scoped_pdu import request_id, response_pdu
from protocols.snmp.usm.user import UsmUser
from protocols.snmp.usm.usm_message import UsmMessage

REPORTS = {
    "unsupported_security_level": report.UNSUPPORTED_SECURITY_LEVELS,
    "not_in_time_window": report.NOT_IN_TIME_WINDOWS,
    "unknown_user": report.UNKNOWN_USER_NAMES,
    "unknown_engine": report.UNKNOWN_ENGINE_IDS,
    "wrong_digest": report.WRONG_DIGESTS,
    "decryption_failed": report.DECRYPTION_ERRORS,
}
"""The counter that a Report names, by the reason of refusal (SNMP-USER-BASED-SM-MIB)."""


class V3Engine:
    """Checks SNMPv3 messages and composes the answers. Times are seconds of one monotonic clock, which is never read here."""

    def __init__(
        self, engine_id: bytes, boots: int, users: Iterable[User], now: float, clocks: Iterable[SavedClock] = ()
    ) -> None:
        """``clocks`` are the other engines' clocks that the previous run learnt."""
        self.engine_id, self.boots = engine_id, boots
        self._started = now
        self.clocks = EngineClocks(clocks, now)
        self._salts = SaltCounter(int.from_bytes(os.urandom(8), "big"))
        self._stats = dict.fromkeys(REPORTS, 0)
        self.replace_users(users)

    @classmethod
    def open(cls, state_dir: Path, users: Iterable[User], now: float) -> "V3Engine":
        """The engine whose id is kept in ``state_dir``, one boot later. Blocks for disk and key derivation (5 ms a user).

        Raises EngineStateError and CredentialError.
        """
        complete = with_keys(users)
        state = next_start(state_dir)
        return cls(bytes.fromhex(state.engine_id), state.boots, complete, now, load_clocks(state_dir))

    def replace_users(self, users: Iterable[User]) -> None:
        """Accept these users from the next message on; their key files are read. The engines' clocks stay.

        Raises CredentialError, and keeps the users that it had.
        """
        self._users = V3Users(with_keys(users))

    def receive(self, datagram: bytes, now: float) -> Admitted:
        """Check and decode one message. Raises DroppedDatagram, AnsweredByReport (discovery, clock synchronisation) and
        SnmpRefusal."""
        message = parse(datagram)
        if not message.engine_id and message.reportable:
            raise AnsweredByReport(self._report(message, "unknown_engine", now))
        user, forgiven = self._authenticate(message, self._candidates(message, now), now)
        try:
            scoped_pdu = plaintext(message, user)
        except DecryptionFailed as error:
            raise self._refused("decryption_failed", message, now) from error
        notification = _decode(message, scoped_pdu, forgiven)
        if notification.kind == "trap":
            return Admitted(notification, engine_boots=message.boots)
        if message.engine_id != self.engine_id:
            raise self._refused("unknown_engine", message, now)
        response = response_pdu(scoped_pdu)
        return Admitted(notification, lambda at: self._answer(message, response, at, user, user.level))

    def _candidates(self, message: UsmMessage, now: float) -> Sequence[V3User]:
        """The configured users that the message can be from, all at its security level."""
        if message.engine_id == self.engine_id:
            named = self._users.named(message.user)
        else:
            named = self._users.of_engine(message.user, message.engine_id)
            if not named and message.engine_id not in self._users.engines:
                raise self._refused("unknown_engine", message, now)
        if not named:
            raise self._refused("unknown_user", message, now)
        at_level = [each for each in named if each.user.level == message.level]
        if not at_level:
            raise self._refused("unsupported_security_level", message, now)
        return at_level

    def _authenticate(self, message: UsmMessage, candidates: Sequence[V3User], now: float) -> tuple[UsmUser, tuple[str, ...]]:
        """The user that sent the message, and the irregularities of its time."""
        if message.level == "noAuthNoPriv":
            return candidates[0].user, ()
        configured = next((each for each in candidates if is_signed_by(message, each.user)), None)
        if configured is None:
            raise self._refused("wrong_digest", message, now)
        user = configured.user
        if message.engine_id != self.engine_id:
            verdict = self.clocks.accept(
                message.engine_id, message.boots, message.time, now, message.digest, lenient=configured.lenient
            )
            if verdict == "untimely":
                raise self._refused("not_in_time_window", message, now)
            if verdict == "lenient":
                return user, (ENGINE_CLOCK,)
        elif not is_in_own_window(message.boots, message.time, self.boots, self._time(now)):
            if message.boots == message.time == 0 and message.reportable:
                raise AnsweredByReport(self._report(message, "not_in_time_window", now, user))
            raise self._refused("not_in_time_window", message, now, user)
        return user, ()

    def _refused(self, reason: str, message: UsmMessage, now: float, user: UsmUser | None = None) -> DroppedDatagram:
        return DroppedDatagram(reason, self._report(message, reason, now, user) if message.reportable else b"")

    def _report(self, message: UsmMessage, reason: str, now: float, user: UsmUser | None = None) -> bytes:
        """A Report, signed when ``user`` is given: a sender sets its clock by an authentic Report only."""
        self._stats[reason] += 1
        try:
            asked = request_id(message.data) if message.level != "authPriv" else 0
        except SnmpRefusal:
            asked = 0
        scoped_pdu = report.report_pdu(self.engine_id, asked, REPORTS[reason], self._stats[reason])
        if user is None or user.level == "noAuthNoPriv":
            return self._answer(message, scoped_pdu, now, None, "noAuthNoPriv")
        return self._answer(message, scoped_pdu, now, user, "authNoPriv")

    def _answer(self, to: UsmMessage, scoped_pdu: bytes, now: float, user: UsmUser | None, level: Level) -> bytes:
        """A message from faultd's engine to the sender of ``to``. Without a user the level is noAuthNoPriv."""
        return reply(
            to,
            user,
            level,
            engine_id=self.engine_id,
            boots=self.boots,
            time=self._time(now),
            scoped_pdu=scoped_pdu,
            salts=self._salts,
        )

    def _time(self, now: float) -> int:
        return int(now - self._started) % 2**31


def decode_offline(datagram: bytes, users: Iterable[User]) -> Notification:
    """The notification in a recorded SNMPv3 datagram. The user's engine id and the message's time are not checked.

    Raises DroppedDatagram (unknown_user, unsupported_security_level, wrong_digest, decryption_failed), SnmpRefusal and
    CredentialError.
    """
    message = parse(datagram)
    named = [usm_user(user) for user in with_keys(users) if user.name.encode() == message.user]
    if not named:
        raise DroppedDatagram("unknown_user")
    at_level = [user for user in named if user.level == message.level]
    if not at_level:
        raise DroppedDatagram("unsupported_security_level")
    unsigned = message.level == "noAuthNoPriv"
    sender = at_level[0] if unsigned else next((user for user in at_level if is_signed_by(message, user)), None)
    if sender is None:
        raise DroppedDatagram("wrong_digest")
    try:
        return _decode(message, plaintext(message, sender))
    except DecryptionFailed as error:
        raise DroppedDatagram("decryption_failed") from error


def _decode(message: UsmMessage, scoped_pdu: bytes, forgiven: tuple[str, ...] = ()) -> Notification:
    user = message.user.decode("utf-8", "backslashreplace")
    notification = decode_scoped_pdu(scoped_pdu, user=user, engine_id=message.engine_id)
    if not message.irregular and not forgiven:
        return notification
    odd = tuple(sorted(message.irregular.union(notification.irregular, forgiven)))
    return msgspec.structs.replace(notification, irregular=odd)

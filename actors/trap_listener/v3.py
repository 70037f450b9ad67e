"""faultd's SNMPv3 engine: USM message processing (RFC 3412 section 7.2, RFC 3414 section 3.2) for traps and INFORMs.

Keys, digests and ciphers are pysnmp's; its engine is not used. It learns a sender's clock from a message before it checks
that message's time, so a replayed trap always passes; it drops a whole trap for one INTEGER beyond 32 bits; it answers an
INFORM before we could have stored it; and it reads the wall clock and writes under the system's temporary directory.

For a trap the sender's engine is authoritative, for an INFORM ours is. Strangers are refused before any key is derived.
"""

from collections.abc import Iterable, Sequence
from pathlib import Path

import msgspec

from actors.trap_listener.credentials import with_keys
from actors.trap_listener.engine_clocks import load_clocks
from actors.trap_listener.engine_state import next_start
from actors.trap_listener.intake import Admitted, Exchange, Refused
from actors.trap_listener.settings import ANY_ENGINE, User
from actors.trap_listener.usm_keys import DecryptionFailed, Principal
from actors.trap_listener.usm_message import (
    UsmMessage,
    compose,
    looks_like_scoped_pdu,
    parse,
    report_pdu,
    request_id,
    response_pdu,
)
from actors.trap_listener.usm_time import SavedClock, Timeline, own_in_window
from protocols.snmp.errors import Refusal
from protocols.snmp.irregular import ENGINE_CLOCK
from protocols.snmp.message import decode_scoped_pdu
from protocols.snmp.notification import Notification

_USM_STATS = "1.3.6.1.6.3.15.1.1."
REPORTS = {
    "unsupported_security_level": _USM_STATS + "1.0",
    "not_in_time_window": _USM_STATS + "2.0",
    "unknown_user": _USM_STATS + "3.0",
    "unknown_engine": _USM_STATS + "4.0",
    "wrong_digest": _USM_STATS + "5.0",
    "decryption_failed": _USM_STATS + "6.0",
}
"""The counter that a Report names, by the reason of refusal (SNMP-USER-BASED-SM-MIB)."""


class V3Engine:
    """Decides about SNMPv3 messages. Times are seconds of one monotonic clock; nothing here reads it."""

    def __init__(
        self, engine_id: bytes, boots: int, users: Iterable[User], now: float, clocks: Iterable[SavedClock] = ()
    ) -> None:
        """``clocks`` are those of other engines that an earlier run learnt."""
        self.engine_id, self.boots = engine_id, boots
        self._started = now
        self.timeline = Timeline(clocks, now)
        self._stats = dict.fromkeys(REPORTS, 0)
        self.replace_users(users)

    @classmethod
    def open(cls, state_dir: Path, users: Iterable[User], now: float) -> "V3Engine":
        """The engine whose id is kept in ``state_dir``, one boot later. Blocks for disk and key derivation (10 ms a user).

        Raises EngineStateError and CredentialError.
        """
        principals = with_keys(users)
        state = next_start(state_dir)
        return cls(bytes.fromhex(state.engine_id), state.boots, principals, now, load_clocks(state_dir))

    def replace_users(self, users: Iterable[User]) -> None:
        """Other users from the next message on; their key files are read. What is known of senders' clocks stays.

        Raises CredentialError; the users stay as they were then.
        """
        principals = [Principal(user) for user in with_keys(users)]
        self._by_name: dict[bytes, list[Principal]] = {}
        self._engines: set[bytes] = set()
        for principal in principals:
            self._by_name.setdefault(principal.name, []).append(principal)
            if isinstance(principal.engine, bytes):
                self._engines.add(principal.engine)

    def receive(self, datagram: bytes, now: float) -> Admitted:
        """Check and decode one message. Raises Refused, Exchange (discovery, clock synchronisation) or Refusal."""
        message = parse(datagram)
        if not message.engine_id and message.reportable:
            raise Exchange(self._report(message, "unknown_engine", now))
        principal, forgiven = self._authenticate(message, self._candidates(message, now), now)
        plaintext = self._plaintext(message, principal, now)
        notification = _decode(message, plaintext, forgiven)
        if notification.kind == "trap":
            return Admitted(notification, engine_boots=message.boots)
        if message.engine_id != self.engine_id:
            raise self._refused("unknown_engine", message, now)
        response = response_pdu(plaintext)
        return Admitted(notification, lambda at: self._compose(message, response, at, principal))

    def _candidates(self, message: UsmMessage, now: float) -> Sequence[Principal]:
        """The configured users that the message can be from, all at its security level."""
        named = self._by_name.get(message.user, [])
        if message.engine_id != self.engine_id:
            named = [p for p in named if p.engine in (ANY_ENGINE, message.engine_id)]
            if not named and message.engine_id not in self._engines:
                raise self._refused("unknown_engine", message, now)
        if not named:
            raise self._refused("unknown_user", message, now)
        at_level = [p for p in named if p.level == message.level]
        if not at_level:
            raise self._refused("unsupported_security_level", message, now)
        return at_level

    def _authenticate(
        self, message: UsmMessage, candidates: Sequence[Principal], now: float
    ) -> tuple[Principal, tuple[str, ...]]:
        """Who sent the message, and what its time was forgiven."""
        if message.level == "noAuthNoPriv":
            return candidates[0], ()
        principal = _signer(message, candidates)
        if principal is None:
            raise self._refused("wrong_digest", message, now)
        if message.engine_id != self.engine_id:
            lenient = principal.user.time_window == "lenient"
            verdict = self.timeline.accept(message.engine_id, message.boots, message.time, now, message.digest, lenient=lenient)
            if verdict == "untimely":
                raise self._refused("not_in_time_window", message, now)
            if verdict == "lenient":
                return principal, (ENGINE_CLOCK,)
        elif not own_in_window(message.boots, message.time, self.boots, self._time(now)):
            if message.boots == message.time == 0 and message.reportable:
                raise Exchange(self._report(message, "not_in_time_window", now, principal))
            raise self._refused("not_in_time_window", message, now, principal)
        return principal, ()

    def _plaintext(self, message: UsmMessage, principal: Principal, now: float) -> bytes:
        try:
            return _decipher(message, principal)
        except DecryptionFailed as error:
            raise self._refused("decryption_failed", message, now) from error

    def _refused(self, reason: str, message: UsmMessage, now: float, principal: Principal | None = None) -> Refused:
        return Refused(reason, self._report(message, reason, now, principal) if message.reportable else b"")

    def _report(self, message: UsmMessage, reason: str, now: float, principal: Principal | None = None) -> bytes:
        """A Report, signed when ``principal`` is given: a sender sets its clock only by an authentic one."""
        self._stats[reason] += 1
        try:
            asked = request_id(message.data) if message.level != "authPriv" else 0
        except Refusal:
            asked = 0
        scoped = report_pdu(self.engine_id, asked, REPORTS[reason], self._stats[reason])
        return self._compose(message, scoped, now, principal, encrypt=False)

    def _compose(
        self, to: UsmMessage, scoped_pdu: bytes, now: float, principal: Principal | None, *, encrypt: bool = True
    ) -> bytes:
        """A message to the sender of ``to`` from our engine."""
        boots, time, salt = self.boots, self._time(now), b""
        signed = principal is not None and principal.level != "noAuthNoPriv"
        private = encrypt and principal is not None and principal.level == "authPriv"
        if private and principal is not None:
            scoped_pdu, salt = principal.encrypt(scoped_pdu, self.engine_id, boots, time)
        message = compose(
            msg_id=to.msg_id,
            level="authPriv" if private else "authNoPriv" if signed else "noAuthNoPriv",
            engine_id=self.engine_id,
            boots=boots,
            time=time,
            user=to.user,
            digest_length=principal.digest_length if signed and principal is not None else 0,
            salt=salt,
            data=scoped_pdu,
        )
        return principal.sign(message, self.engine_id) if signed and principal is not None else message

    def _time(self, now: float) -> int:
        return int(now - self._started) % 2**31


def decode_offline(datagram: bytes, users: Iterable[User]) -> Notification:
    """What an SNMPv3 datagram says, for looking at a recording: any engine is taken for a user, and any time.

    Raises Refused (unknown_user, unsupported_security_level, wrong_digest, decryption_failed), Refusal, CredentialError.
    """
    message = parse(datagram)
    named = [Principal(user) for user in with_keys(users) if user.name.encode() == message.user]
    if not named:
        raise Refused("unknown_user")
    at_level = [principal for principal in named if principal.level == message.level]
    if not at_level:
        raise Refused("unsupported_security_level")
    principal = at_level[0] if message.level == "noAuthNoPriv" else _signer(message, at_level)
    if principal is None:
        raise Refused("wrong_digest")
    try:
        return _decode(message, _decipher(message, principal))
    except DecryptionFailed as error:
        raise Refused("decryption_failed") from error


def _signer(message: UsmMessage, candidates: Iterable[Principal]) -> Principal | None:
    for principal in candidates:
        if principal.verify(message.whole, message.digest, message.engine_id):
            return principal
    return None


def _decipher(message: UsmMessage, principal: Principal) -> bytes:
    if message.level != "authPriv":
        return message.data
    plaintext = principal.decrypt(message.data, message.salt, message.engine_id, message.boots, message.time)
    if not looks_like_scoped_pdu(plaintext):
        raise DecryptionFailed("the deciphered octets are no ScopedPDU: another privacy key, or another key extension")
    return plaintext


def _decode(message: UsmMessage, scoped_pdu: bytes, forgiven: tuple[str, ...] = ()) -> Notification:
    user = message.user.decode("utf-8", "backslashreplace")
    notification = decode_scoped_pdu(scoped_pdu, user=user, engine_id=message.engine_id)
    if not message.irregular and not forgiven:
        return notification
    odd = tuple(sorted(message.irregular.union(notification.irregular, forgiven)))
    return msgspec.structs.replace(notification, irregular=odd)

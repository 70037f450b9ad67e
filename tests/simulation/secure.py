"""SNMPv3 in the virtual world: devices that sign and encrypt, what a listener must make of their messages, and the disk below
faultd's own engine state.

A device is an engine of its own for its traps: it reboots, and now and then an old message of it is sent once more. For its
INFORMs faultd's engine is the one that counts: the device learns its id, boots and time from Reports, checks every answer's
digest, and never takes an answer that is older than what it knows (RFC 3414 section 3.2).
"""

import os
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from functools import cache
from pathlib import Path
from random import Random
from typing import Any
from unittest.mock import patch

from msgspec import Struct

import actors.trap_listener.engine_state as engine_state
import actors.trap_listener.v3 as v3_module
from actors.trap_listener.settings import User
from actors.trap_listener.v3_users import usm_user
from protocols.snmp import encode
from protocols.snmp.errors import BadVersion
from protocols.snmp.usm.ciphers import SaltCounter
from protocols.snmp.usm.incoming import is_signed_by, plaintext
from protocols.snmp.usm.message import compose, parse
from protocols.snmp.usm.outgoing import secured
from protocols.snmp.usm.scoped_pdu import request_id
from protocols.snmp.usm.user import UsmUser
from protocols.snmp.usm.usm_message import UsmMessage

WINDOW = 150
USERS = (
    User(
        name="noc",
        auth="SHA-256",
        auth_key="a phrase to sign",
        priv="AES",
        priv_key="a phrase to hide",
        engine_id="*",
        time_window="strict",
    ),
    User(name="lab", auth="MD5", auth_key="another to sign", engine_id="*", time_window="strict"),
)
EVE = User(name="eve", auth="SHA-256", auth_key="a phrase to sign", engine_id="*")


_SALTS = SaltCounter(0)


@cache
def keys_of(user: User) -> UsmUser:
    """The user's keys; a megabyte is hashed for each, so once a process."""
    return usm_user(user)


class Facts(Struct, frozen=True, kw_only=True):
    """What a datagram is, by the one who made it. ``engine`` is the authoritative one, b"" for a discovery."""

    number: int
    engine: bytes
    boots: int = 0
    time: int = 0
    inform: bool = False
    forged: str = ""
    """The reason for which nobody may take it, whenever it comes."""


class Referee:
    """What one process must make of each SNMPv3 datagram: the rules of RFC 3414 once more, from the sender's facts."""

    def __init__(self, engine: bytes, boots: int, started: float) -> None:
        self.engine, self.boots, self._started = engine, boots, started
        self._known: dict[bytes, tuple[int, int, float]] = {}

    def verdict(self, facts: Facts, now: float) -> str:
        """ "": it must be taken; "answered": a Report and nothing else; otherwise the reason to refuse it."""
        if not facts.engine:
            return "answered"
        if facts.forged:
            return facts.forged
        if facts.inform:
            return self._verdict_on_inform(facts, now)
        known = self._known.get(facts.engine)
        if known is not None:
            boots, time, at = known
            if facts.boots < boots or (facts.boots == boots and facts.time < time + int(now - at) - WINDOW):
                return "not_in_time_window"
        if known is None or (facts.boots, facts.time) > known[:2]:
            self._known[facts.engine] = facts.boots, facts.time, now
        return ""

    def _verdict_on_inform(self, facts: Facts, now: float) -> str:
        if facts.engine != self.engine:
            return "unknown_engine"
        if facts.boots == self.boots and abs(facts.time - int(now - self._started)) <= WINDOW:
            return ""
        return "answered" if facts.boots == facts.time == 0 else "not_in_time_window"


def signed(facts: Facts, user: User, pdu: bytes, *, context_engine: bytes) -> bytes:
    """The message that ``facts`` describe, as private as the user is."""
    keys = keys_of(user)
    return secured(
        keys,
        keys.level,
        msg_id=facts.number,
        engine_id=facts.engine,
        boots=facts.boots,
        time=facts.time,
        scoped_pdu=encode.scoped_pdu(pdu, context_engine_id=context_engine),
        salts=_SALTS,
        reportable=facts.inform,
    )


def discovery(number: int) -> bytes:
    """A request for whoever listens to say which engine it is."""
    return compose(
        msg_id=number,
        level="noAuthNoPriv",
        engine_id=b"",
        boots=0,
        time=0,
        user=b"",
        digest_length=0,
        salt=b"",
        data=encode.scoped_pdu(encode.notification_pdu("inform", "1.3.6.1.6.3.1.1.5.1", 0, (), number), context_engine_id=b""),
        reportable=True,
    )


class Remote:
    """What a device knows of faultd's engine. ``violate`` is told what would make it stop talking to faultd."""

    def __init__(self, user: User, violate: Callable[[str], None]) -> None:
        self.user, self._violate = user, violate
        self.engine = b""
        self.boots = self.time = 0
        self._at = 0.0

    def clock(self, now: float) -> tuple[int, int]:
        """Boots and time to send with; zeros ask for both."""
        return (self.boots, self.time + int(now - self._at)) if self.boots else (0, 0)

    def take(self, message: UsmMessage, now: float) -> int | None:
        """The request id of a Response that can be trusted, None for a Report."""
        if self.engine and message.engine_id != self.engine:
            self._violate(f"faultd's engine was {self.engine.hex()} and is now {message.engine_id.hex()}")
        self.engine = message.engine_id
        if message.level == "noAuthNoPriv":
            return None
        if not is_signed_by(message, keys_of(self.user)):
            self._violate("faultd's answer has a wrong digest")
        if (message.boots, message.time) > (self.boots, self.time):
            self.boots, self.time, self._at = message.boots, message.time, now
        return response_id(message, self.user)


def response_id(message: UsmMessage, user: User) -> int | None:
    """The request id inside of a Response, None for a Report, which is never encrypted."""
    keys = keys_of(user)
    if message.level != keys.level:
        return None
    data = plaintext(message, keys)
    return None if _pdu_tag(data) == b"\xa8" else request_id(data)


def _pdu_tag(scoped: bytes) -> bytes:
    # SEQUENCE, contextEngineID and contextName are all shorter than 128 octets here, but for the SEQUENCE itself.
    position = 2 if scoped[1] < 0x80 else 2 + (scoped[1] & 0x7F)
    for _ in range(2):
        position += 2 + scoped[position + 1]
    return scoped[position : position + 1]


def read(datagram: bytes) -> UsmMessage | None:
    """The SNMPv3 message, None for one of another version."""
    try:
        return parse(datagram)
    except BadVersion:
        return None


def user_of(message: UsmMessage) -> User | None:
    """Whose message it is."""
    return next((user for user in USERS if user.name.encode() == message.user), None)


class EngineDisk:
    """The files of faultd's engine state: what was not synced before it got its name is empty after a power cut."""

    def __init__(self, rng: Random) -> None:
        self._rng = rng
        self._synced: set[int] = set()
        self.durable = True
        """Whether the file would be there after a power cut."""

    def __getattr__(self, name: str) -> Any:
        return getattr(os, name)

    def urandom(self, size: int) -> bytes:
        return self._rng.randbytes(size)

    def fsync(self, descriptor: int) -> None:
        self._synced.add(os.fstat(descriptor).st_ino)

    def replace(self, draft: Path, path: Path) -> None:
        self.durable = os.stat(draft).st_ino in self._synced
        self._synced.clear()
        os.replace(draft, path)

    @contextmanager
    def installed(self) -> Iterator[None]:
        """Below the real code, which also has its keys made once a process."""
        with ExitStack() as stack:
            stack.enter_context(patch.object(engine_state, "os", self))
            stack.enter_context(patch.object(v3_module, "usm_user", keys_of))
            yield

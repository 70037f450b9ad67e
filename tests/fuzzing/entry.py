"""What is fuzzed: octets in, and only what is documented may come out. An exception that leaves these is a finding."""

from collections import deque
from collections.abc import Callable, Iterable
from datetime import UTC, datetime
from typing import Any

import msgspec
import trio
from vocabulary.world import LEDGER_ID

from actors.ledger.codec import decode_events, encode_events
from actors.mailbox import Append
from actors.metrics import Metrics
from actors.recvmmsg import MOST, Arrival
from actors.trap_listener.actor import TrapListener
from actors.trap_listener.settings import ANY_ENGINE, TrapSettings, User
from actors.trap_listener.sockets import MAX_DATAGRAM
from actors.trap_listener.v3 import V3Engine
from actors.trap_listener.v3_users import usm_user
from faultd.pipe import Stages
from protocols.change import Quarantined
from protocols.event import Event, ProfilesLoaded, Trap
from protocols.profile import Profile
from protocols.snmp import encode, message
from protocols.snmp.errors import REASONS, SnmpRefusal
from protocols.snmp.irregular import IRREGULARITIES
from protocols.snmp.notification import Notification
from protocols.snmp.usm.ciphers import SaltCounter
from protocols.snmp.usm.outgoing import secured

NOW = datetime(2026, 1, 1, tzinfo=UTC)
SENDER = bytes.fromhex("80001f88804f4c5431000001")
BOOTS, TIME = 7, 1000
SALTS = SaltCounter(0)
USERS = (
    User(name="plain", engine_id=ANY_ENGINE),
    User(name="signed", auth="SHA-256", auth_key="authentic-fuzz", engine_id=ANY_ENGINE),
    User(name="secret", auth="SHA", auth_key="authentic-fuzz", priv="AES", priv_key="private-fuzz", engine_id=ANY_ENGINE),
)


def decode_everything(data: bytes) -> list[Notification]:
    """Each way into the codec. Raises AssertionError for an answer that is not documented."""
    ways: tuple[Callable[[], object], ...] = (
        lambda: message.decode(data),
        lambda: message.peek(data),
        lambda: message.decode_scoped_pdu(data, user="fuzz", engine_id=SENDER),
        lambda: message.decode_pdu(data, version="1", security=""),
        lambda: message.decode_pdu(data, version="2c", security=""),
        lambda: encode.inform_response(data),
        lambda: encode.decode_response(data),
    )
    decoded = []
    for way in ways:
        found: object
        try:
            found = way()
        except SnmpRefusal as refusal:
            found = refusal
        if isinstance(found, SnmpRefusal):
            assert found.reason in REASONS, found
            assert str(found)
        elif isinstance(found, Notification):
            assert set(found.irregular) <= set(IRREGULARITIES), found.irregular
            durable(Trap("192.0.2.1", NOW, found, "", data))
            decoded.append(found)
    return decoded


def durable(trap: Trap) -> None:
    """What the listener admits, the ledger can write, and reads back the same (a NaN is not even itself)."""
    body = encode_events([trap])
    (back,) = decode_events(body)
    assert encode_events([back]) == body


class Sockets:
    """Where the listener finds its datagrams and leaves its answers; the rest of a TrapSocket is not in its path."""

    name, granted, address = "fuzz", 0, ("192.0.2.1", 162)

    def __init__(self) -> None:
        self.waiting: deque[bytes] = deque()
        self.answers = 0

    def receive(self) -> tuple[list[Arrival], int]:
        """As TrapSocket's."""
        arrivals: list[Arrival] = []
        while self.waiting and len(arrivals) < MOST:
            arrivals.append((self.waiting.popleft()[: MAX_DATAGRAM + 1], ("192.0.2.1", 50_000), ()))
        return arrivals, 0

    def answer(self, datagram: bytes, to: object, ancillary: object) -> None:
        """As TrapSocket's."""
        assert 0 < len(datagram) <= MAX_DATAGRAM
        self.answers += 1


class Way:
    """A datagram's whole way: the listener's checks, the engine of SNMPv3, the ledger's encoding, the fold with the shipped
    profiles. Use it inside of a trio run."""

    _EVENTS = 2_000

    def __init__(self, profiles: Iterable[Profile]) -> None:
        self._loaded = ProfilesLoaded("fuzz", tuple(profiles))
        self.metrics = Metrics()
        self.engine = V3Engine(b"\x80\x00\x00\x00\x05own", 1, USERS, 0.0)
        self.sockets = Sockets()
        self._send, self._mailbox = trio.open_memory_channel[Append](1)
        self.listener = TrapListener(
            TrapSettings(users=USERS, refusal_log_rate=0.0),
            [self.sockets],  # type: ignore[list-item]
            self._send,
            self.engine,
            self.metrics,
        )
        self._users = [usm_user(user) for user in USERS]
        self._fresh()

    def _fresh(self) -> None:
        self._stages, self._offset = Stages(LEDGER_ID), 0
        self._fold(self._loaded)

    def take(self, data: bytes) -> list[Event]:
        """One input: the first octet says whether the rest is a datagram or a ScopedPDU to be sent by one of the users."""
        if not data:
            return []
        how, rest = data[0] % 4, data[1:]
        return self.receive(rest if how == 0 else self.wrap(rest, how - 1))

    def receive(self, datagram: bytes) -> list[Event]:
        """The Events that came of it. Raises AssertionError when a count is lost, or the fold trips."""
        self.sockets.waiting.append(datagram)
        before = self._books()
        batch, _ = self.listener._drain.drain(self.sockets, trio.current_time())  # type: ignore[arg-type]
        assert not self.sockets.waiting
        after = self._books()
        assert after[0] == before[0] + 1
        # The listener goes on after a mistake of its own; here that is a finding.
        assert self.metrics.traps_dropped.labels("error")._value.get() == 0, "an exception that is no refusal"
        assert sum(after[1:]) + len(batch.events) == sum(before[1:]) + 1, "received is not accepted + dropped + answered"
        for inform in batch.informs:
            assert inform.answer(0.0)
        for event in batch.events:
            assert isinstance(event, Trap)
            durable(event)
            self._fold(event)
        return batch.events

    def _fold(self, event: Event) -> None:
        self._offset += 1
        changes = self._stages.fold(self._offset, NOW, event)
        for change in changes:
            assert not isinstance(change, Quarantined), f"{change.error}: {msgspec.json.encode(event)[:2000]!r}"
        msgspec.msgpack.encode(changes)
        if self._offset > self._EVENTS:
            self._fresh()

    def _books(self) -> tuple[float, float, float]:
        # The children themselves: to collect the whole registry for each input would be most of the work.
        children: Iterable[Any] = self.metrics.traps_dropped._metrics.values()
        dropped = sum(child._value.get() for child in children)
        return self.metrics.traps_received._value.get(), dropped, self.metrics.traps_answered._value.get()

    def wrap(self, scoped_pdu: bytes, number: int) -> bytes:
        """An SNMPv3 message from user ``number`` that its engine would send: signed, and encrypted where the user is."""
        user = self._users[number]
        return secured(
            user,
            user.level,
            msg_id=1,
            engine_id=SENDER,
            boots=BOOTS,
            time=TIME,
            scoped_pdu=scoped_pdu,
            salts=SALTS,
        )

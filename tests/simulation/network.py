"""Devices and the way to the daemon: datagrams that are late, doubled, lost or foreign, and INFORMs sent until answered."""

from collections import Counter, deque
from collections.abc import Callable
from random import Random
from typing import Any

import trio
from msgspec import Struct
from simulation import secure
from simulation.oracle import LINK_DOWN, LINK_UP, Oracle
from simulation.secure import EVE, USERS, Facts, Referee, Remote

from actors.trap_listener.copies import WINDOW
from actors.trap_listener.settings import User
from protocols.snmp import encode, message
from protocols.snmp.errors import SnmpRefusal
from protocols.snmp.notification import VarBind

COLD_START, UNKNOWN = "1.3.6.1.6.3.1.1.5.1", "1.3.6.1.4.1.99999.1"
_IF_INDEX = "1.3.6.1.2.1.2.2.1.1"


class Weather(Struct):
    """How the network treats a datagram."""

    late: float = 0.01
    """Seconds of delay at most."""
    lost: float = 0.0
    doubled: float = 0.0
    answer_lost: float = 0.0


class Socket:
    """Stands for ``TrapSocket``. Datagrams wait here as in the kernel; what exceeds its buffer is dropped there."""

    virtual = True
    name = "virtual:162"
    granted = 1

    def __init__(self, oracle: Oracle, answer: Callable[[bytes, str], None], room: int, most: int) -> None:
        """``room``: datagrams that wait at most; ``most``: those that one call takes."""
        self._oracle, self._answer, self._room, self._most = oracle, answer, room, most
        self._queue: deque[tuple[bytes, str]] = deque()
        self._arrived = trio.Event()
        self._dropped = 0
        self.closed = False
        self.read = 0
        self.refusable: Counter[str] = Counter()
        """Datagrams read that the listener must refuse, by reason ("" where the reason may vary)."""
        self.answered = 0
        """Datagrams read that the listener must answer with a Report and do nothing else about."""
        self.lost = 0
        """Datagrams whose loss the listener has been told of."""
        self.referee: Referee | None = None
        """Judges SNMPv3 by what is in ``facts``."""
        self.facts: dict[bytes, Facts] = {}
        self._first: dict[tuple[bytes, str], float] = {}
        """When each trap first came, by datagram and sender."""

    @property
    def socket(self) -> "Socket":
        return self

    def put(self, datagram: bytes, source: str) -> None:
        """A datagram arrives."""
        if len(self._queue) >= self._room:
            self._dropped += 1
            return
        self._queue.append((datagram, source))
        self._arrived.set()

    async def readable(self) -> None:
        while not self._queue or self.closed:
            self._arrived = trio.Event()
            await self._arrived.wait()
        await trio.lowlevel.checkpoint()

    def receive(self) -> tuple[list[tuple[bytes, tuple[str, int], tuple[()]]], int]:
        if self.closed:
            return [], 0
        arrivals: list[tuple[bytes, tuple[str, int], tuple[()]]] = []
        while self._queue and len(arrivals) < self._most:
            datagram, source = self._queue.popleft()
            self._book(datagram, source)
            arrivals.append((datagram, (source, 5000), ()))
        dropped = 0
        if arrivals:
            dropped = self.more_dropped()
        return arrivals, dropped

    def _book(self, datagram: bytes, source: str) -> None:
        self.read += 1
        facts = self.facts.get(datagram)
        if facts is not None:
            assert self.referee is not None
            verdict = self.referee.verdict(facts, trio.current_time())
            if verdict == "answered":
                self.answered += 1
            elif verdict:
                self.refusable[verdict] += 1
            else:
                self._take(datagram, source, str(facts.number), inform=facts.inform)
            return
        reason = refusable(datagram, source)
        if reason is not None:
            self.refusable[reason] += 1
        else:
            notification = message.decode(datagram)
            self._take(datagram, source, str(notification.request_id), inform=notification.kind == "inform")

    def _take(self, datagram: bytes, source: str, number: str, *, inform: bool) -> None:
        """The listener must take it, but a copy of a trap that came within the window."""
        now = trio.current_time()
        if not inform:
            if now - self._first.get((datagram, source), now - WINDOW) < WINDOW:
                self.refusable["duplicate"] += 1
                return
            self._first[datagram, source] = now
        self._oracle.received["trap", source, number] += 1

    def answer(self, datagram: bytes, to: tuple[str, int], _ancillary: Any) -> None:
        if not self.closed:
            self._answer(datagram, to[0])

    def more_dropped(self) -> int:
        dropped, self._dropped = self._dropped, 0
        self.lost += dropped
        return dropped

    def close(self) -> None:
        """The process has ended: nothing more is read or answered through this end."""
        self.closed = True

    def inherit(self) -> "list[tuple[bytes, str]]":
        """What still waits, for the next process when systemd holds the socket."""
        return list(self._queue)


def refusable(datagram: bytes, source: str) -> str | None:
    """The reason for which a listener must refuse it; None when it must take it."""
    if source.startswith("192."):
        return "source_not_allowed"
    try:
        notification = message.decode(datagram)
    except SnmpRefusal:
        return ""
    return "unknown_community" if notification.security != "public" else None


class Network:
    """Brings datagrams to the socket that is bound at the time, and answers back to their devices."""

    def __init__(self, rng: Random, spawn: Callable[..., None]) -> None:
        self._rng, self._spawn = rng, spawn
        self.weather = Weather()
        self.socket: Socket | None = None
        self.answers: dict[tuple[str, int], trio.Event] = {}
        self.facts: dict[bytes, Facts] = {}
        """What the SNMPv3 datagrams that have been sent are."""
        self.secure: dict[str, SecureDevice] = {}

    def send(self, datagram: bytes, source: str) -> None:
        """A device sends."""
        copies = 1 + (self._rng.random() < self.weather.doubled)
        for _ in range(copies):
            if self._rng.random() >= self.weather.lost:
                self._spawn(self._deliver, datagram, source, self._rng.uniform(0, self.weather.late))

    async def _deliver(self, datagram: bytes, source: str, seconds: float) -> None:
        await trio.sleep(seconds)
        if self.socket is not None:
            self.socket.put(datagram, source)

    def answer(self, datagram: bytes, to: str) -> None:
        """The listener answers an INFORM."""
        if self._rng.random() >= self.weather.answer_lost:
            self._spawn(self._bring_answer, datagram, to, self._rng.uniform(0, self.weather.late))

    async def _bring_answer(self, datagram: bytes, to: str, seconds: float) -> None:
        await trio.sleep(seconds)
        number = self.secure[to].hear(datagram) if to in self.secure else encode.decode_response(datagram).request_id
        known = self.answers.pop((to, number), None) if number is not None else None
        if known is not None:
            known.set()


class Device:
    """An OLT with a few ports. ``patience`` is its retransmission interval in seconds."""

    def __init__(self, number: int, network: Network, rng: Random, spawn: Callable[..., None]) -> None:
        self.address = f"10.0.0.{number}"
        self._network, self._rng, self._spawn = network, rng, spawn
        self._last = number * 100_000
        self._born = rng.randint(0, 1_000_000)
        self.unanswered = 0

    async def live(self, seconds: float, pace: float, informs: float, foreign: float) -> None:
        """Send for so long, on average every ``pace`` seconds, with storms."""
        end = trio.current_time() + seconds
        while trio.current_time() < end:
            await trio.sleep(self._rng.expovariate(1 / pace))
            for _ in range(self._rng.choice((1, 1, 1, 2, 8))):
                if self._rng.random() < foreign:
                    self._send_foreign()
                else:
                    self._send(inform=self._rng.random() < informs)

    def _draw(self) -> tuple[str, int, VarBind, int]:
        """Of the next notification: which, at what uptime, about which port, and its number."""
        self._last += 1
        oid = self._rng.choice((LINK_DOWN, LINK_DOWN, LINK_DOWN, LINK_UP, LINK_UP, COLD_START, UNKNOWN))
        port = VarBind(_IF_INDEX + f".{(index := self._rng.randint(1, 3))}", "INTEGER", index)
        return oid, self._born + int(trio.current_time() * 100), port, self._last

    def _datagram(self, *, inform: bool, community: str = "public") -> tuple[bytes, int]:
        oid, uptime, port, number = self._draw()
        make = encode.inform if inform else encode.trap_v2c
        return make(community=community, trap_oid=oid, uptime=uptime, varbinds=(port,), request_id=number), number

    def storm(self, size: int) -> None:
        """So many at once."""
        for _ in range(size):
            self._send(inform=self._rng.random() < 0.1)

    def _send(self, *, inform: bool) -> None:
        datagram, number = self._datagram(inform=inform)
        if inform:
            self.unanswered += 1
            self._spawn(self._until_answered, datagram, number)
        else:
            self._network.send(datagram, self.address)

    async def _until_answered(self, datagram: bytes, number: int) -> None:
        answered = self._network.answers[self.address, number] = trio.Event()
        interval = self._rng.choice((0.5, 2.0, 5.0))
        while not answered.is_set():
            self._network.send(datagram, self.address)
            with trio.move_on_after(interval):
                await answered.wait()
            interval = min(2 * interval, 10.0)
        self.unanswered -= 1

    def _send_foreign(self) -> None:
        """What must be refused."""
        match self._rng.randint(0, 2):
            case 0:
                self._network.send(self._datagram(inform=False, community="private")[0], self.address)
            case 1:
                self._network.send(self._datagram(inform=True)[0], "192.0.2.1")
            case _:
                datagram = self._datagram(inform=False)[0]
                self._network.send(datagram[: self._rng.randint(0, len(datagram) - 1)], self.address)


class SecureDevice(Device):
    """An OLT that speaks SNMPv3 as ``user``."""

    def __init__(
        self,
        number: int,
        network: Network,
        rng: Random,
        spawn: Callable[..., None],
        user: User,
        violate: Callable[[str], None],
    ) -> None:
        super().__init__(number, network, rng, spawn)
        self._user, self._remote = user, Remote(user, violate)
        self._engine = bytes.fromhex("80001f8804") + self.address.encode()
        self._boots, self._started = 3, -1000.0
        self._news = trio.Event()
        network.secure[self.address] = self

    def hear(self, datagram: bytes) -> int | None:
        """An answer has come. The request id when it is one to an INFORM."""
        answer = secure.read(datagram)
        assert answer is not None
        number = self._remote.take(answer, trio.current_time())
        if number is None:
            news, self._news = self._news, trio.Event()
            news.set()
        return number

    def _send(self, *, inform: bool) -> None:
        oid, uptime, port, number = self._draw()
        if inform:
            self.unanswered += 1
            pdu = encode.notification_pdu("inform", oid, uptime, (port,), number)
            self._spawn(self._until_confirmed, pdu, number)
            return
        if self._rng.random() < 0.03:
            self._boots, self._started = self._boots + 1, trio.current_time()
        pdu = encode.notification_pdu("trap", oid, uptime, (port,), number)
        self._bring(self._of_now(number), self._user, pdu)

    def _of_now(self, number: int, *, ago: int = 0, forged: str = "") -> Facts:
        time = max(0, int(trio.current_time() - self._started) - ago)
        return Facts(number=number, engine=self._engine, boots=self._boots, time=time, forged=forged)

    def _bring(self, facts: Facts, user: User, pdu: bytes, *, spoil: bool = False) -> None:
        datagram = secure.signed(facts, user, pdu, context_engine=self._engine)
        if spoil:
            datagram = datagram[:-1] + bytes((datagram[-1] ^ 1,))
        self._network.facts[datagram] = facts
        self._network.send(datagram, self.address)

    async def _until_confirmed(self, pdu: bytes, number: int) -> None:
        answered = self._network.answers[self.address, number] = trio.Event()
        interval = self._rng.choice((0.5, 2.0, 5.0))
        while not answered.is_set():
            self._ask(pdu, number)
            with trio.move_on_after(interval):
                await self._heard(answered)
            interval = min(2 * interval, 10.0)
        self.unanswered -= 1

    def _ask(self, pdu: bytes, number: int) -> None:
        """The INFORM, or first who and when it is that listens."""
        remote = self._remote
        if not remote.engine:
            datagram = secure.discovery(number)
            self._network.facts[datagram] = Facts(number=number, engine=b"")
            self._network.send(datagram, self.address)
            return
        boots, time = remote.clock(trio.current_time())
        facts = Facts(number=number, engine=remote.engine, boots=boots, time=time, inform=True)
        self._bring(facts, self._user, pdu)

    async def _heard(self, answered: trio.Event) -> None:
        """Until it is answered, or there is a Report to learn from."""
        async with trio.open_nursery() as either:

            async def wait(event: trio.Event) -> None:
                await event.wait()
                either.cancel_scope.cancel()

            either.start_soon(wait, answered)
            either.start_soon(wait, self._news)

    def _send_foreign(self) -> None:
        oid, uptime, port, number = self._draw()
        pdu = encode.notification_pdu("trap", oid, uptime, (port,), number)
        match self._rng.randint(0, 2):
            case 0:
                self._bring(self._of_now(number, forged="wrong_digest"), self._user, pdu, spoil=True)
            case 1:
                self._bring(self._of_now(number, forged="unknown_engine"), EVE, pdu)
            case _:
                # Held back by somebody, and let go of minutes later.
                self._bring(self._of_now(number, ago=300), self._user, pdu)


def devices(
    network: Network, rng: Random, spawn: Callable[..., None], violate: Callable[[str], None], *, safe: bool
) -> list[Device]:
    """Two of them; when ``safe`` one speaks SNMPv3."""
    if safe:
        return [SecureDevice(1, network, rng, spawn, rng.choice(USERS), violate), Device(2, network, rng, spawn)]
    return [Device(number, network, rng, spawn) for number in (1, 2)]

"""Whatever strangers and devices send, and from however many addresses: nothing that the listener keeps grows without end."""

import random
from collections.abc import Iterator
from typing import Any

import pytest
import trio

from actors.mailbox import Append
from actors.metrics import Metrics
from actors.recvmmsg import MOST, Arrival
from actors.trap_listener import copies, networks, settlement, source_limit, source_table
from actors.trap_listener.actor import TrapListener
from actors.trap_listener.settings import TrapSettings, User
from actors.trap_listener.sockets import TrapSocket
from actors.trap_listener.v3 import V3Engine
from actors.trap_listener.v3_users import usm_user
from protocols.snmp import encode
from protocols.snmp.notification import VarBind
from protocols.snmp.usm import engine_clocks, user
from protocols.snmp.usm.engine_clocks import EngineClocks
from protocols.snmp.usm.message import compose
from protocols.snmp.usm.user import UsmUser

BOUND = 64
ROUNDS = 1_500
NOC = User(name="noc", auth="SHA", auth_key="authpass12345", engine_id="*")
LINK_DOWN = "1.3.6.1.6.3.1.1.5.3"


class Everywhere:
    """Stands for a socket: every datagram comes from an address that was never seen before."""

    name = "everywhere"

    def __init__(self) -> None:
        self._waiting: list[bytes] = []
        self._number = 0
        self.answers = 0

    def put(self, datagram: bytes) -> None:
        self._waiting.append(datagram)

    def receive(self) -> tuple[list[Arrival], int]:
        arrivals: list[Arrival] = []
        while self._waiting and len(arrivals) < MOST:
            self._number += 1
            address = f"10.{self._number >> 16 & 255}.{self._number >> 8 & 255}.{self._number & 255}"
            arrivals.append((self._waiting.pop(), (address, 162), ()))
        return arrivals, 0

    def answer(self, datagram: bytes, to: Any, ancillary: Any) -> None:
        self.answers += 1


def sizes(root: object) -> Iterator[tuple[int, str]]:
    """Of every container that can be reached from ``root``, but for what belongs to a library."""
    seen: set[int] = set()
    waiting: list[tuple[object, str]] = [(root, type(root).__name__)]
    while waiting:
        item, path = waiting.pop()
        if id(item) in seen or isinstance(item, type | str | bytes | Metrics):
            continue
        seen.add(id(item))
        if isinstance(item, dict):
            yield len(item), path
            waiting += [(value, f"{path}[...]") for value in item.values()]
        elif isinstance(item, list | tuple | set | frozenset) or type(item).__name__ == "deque":
            yield len(item), path  # type: ignore[arg-type]
            waiting += [(value, f"{path}[...]") for value in item]  # type: ignore[attr-defined]
        elif type(item).__module__.startswith(("actors.", "protocols.")):
            names = [
                *getattr(item, "__dict__", ()),
                *(n for kind in type(item).__mro__ for n in getattr(kind, "__slots__", ())),
            ]
            waiting += [(getattr(item, name, None), f"{path}.{name}") for name in names]


async def test_nothing_that_is_keyed_by_what_arrives_grows_beyond_its_bound(monkeypatch: pytest.MonkeyPatch) -> None:
    for module, name in (
        (networks, "_REMEMBERED"),
        (settlement, "_REMEMBERED_INFORMS"),
        (copies, "MOST"),
    ):
        assert getattr(module, name) <= 65_536
        monkeypatch.setattr(module, name, BOUND)
    for name in ("ACCEPTED", "REFUSED", "ONCE"):
        assert getattr(source_table, name) <= 65_536
        monkeypatch.setattr(source_table, name, BOUND // 2)
    assert max(user.ENGINES_REMEMBERED, engine_clocks.ENGINES_REMEMBERED) <= 65_536
    monkeypatch.setattr(UsmUser.__init__, "__defaults__", ("", "", "", "", "blumenthal", BOUND))
    monkeypatch.setattr(EngineClocks.__init__, "__defaults__", ((), 0.0, BOUND))
    assert source_limit.SOURCES <= 65_536
    monkeypatch.setattr(source_limit.SourceLimit.__init__, "__defaults__", (BOUND,))

    chance = random.Random(7)
    somewhere = Everywhere()
    somewhere.granted = 0  # type: ignore[attr-defined]
    sockets: list[TrapSocket] = [somewhere]  # type: ignore[list-item]
    send, _receive = trio.open_memory_channel[Append](1)
    settings = TrapSettings(source_rate=1.0, source_burst=2, allow=("10.0.0.0/9",))
    engine = V3Engine(b"\x80\x00\x00\x00\x05own", 1, [NOC], trio.current_time())
    listener = TrapListener(settings, sockets, send, engine, Metrics())
    device = usm_user(NOC)
    accepted = 0
    for number in range(ROUNDS):
        for datagram in datagrams(number, chance, device):
            somewhere.put(datagram)
        batch, _ = listener._drain.drain(sockets[0], trio.current_time())
        listener._settlement.finish(batch, trio.current_time())
        accepted += batch.datagrams
    assert accepted > ROUNDS, "most of it must get past the first checks"
    assert somewhere.answers >= ROUNDS
    found = {path.rpartition("._")[2]: size for size, path in sizes(listener)}
    full = {name for name, size in found.items() if size == BOUND}
    assert full >= {"keys", "clocks", "auth_keys"}, "the walk must have found the tables, and these be full"
    assert 0 < found["full_at"] <= BOUND
    assert 0 < found["verdicts"] <= BOUND
    assert max(found.values()) == BOUND, found
    # What becomes a label of a metric is bounded for the life of the process: by names of our own.
    samples = [sample for metric in listener._drain._metrics.registry.collect() for sample in metric.samples]
    assert len(samples) < 300
    send.close()
    _receive.close()


def datagrams(number: int, chance: random.Random, device: UsmUser) -> Iterator[bytes]:
    """Garbage; traps and INFORMs of ever new kinds, communities and ids; SNMPv3 from ever new engines, true and false."""
    varbinds = (VarBind(f"1.3.6.1.4.1.{number}.{chance.randrange(2**31)}", "INTEGER", number),)
    oid = f"1.3.6.1.4.1.{chance.randrange(2**31)}.0.{number}"
    yield chance.randbytes(chance.randrange(1, 300))
    yield encode.trap_v2c(community=f"guess{number}", trap_oid=oid, uptime=number, varbinds=varbinds, request_id=number)
    yield encode.trap_v2c(community=f"public@{number}", trap_oid=oid, uptime=number, varbinds=varbinds, request_id=number)
    yield encode.inform(community="public", trap_oid=oid, uptime=number, varbinds=varbinds, request_id=number)
    whole = encode.trap_v2c(community="public", trap_oid=LINK_DOWN, uptime=number, varbinds=varbinds, request_id=number)
    place = chance.randrange(len(whole))
    yield whole[:place] + chance.randbytes(1) + whole[place + 1 :]
    from_engine = b"\x80\x00\x1f\x88\x05" + number.to_bytes(6, "big")
    pdu = whole[whole.index(b"public") + 6 :]
    scoped = tlv(0x30, tlv(0x04, from_engine), tlv(0x04, str(number).encode()), pdu)
    message = compose(
        msg_id=number, level="authNoPriv", engine_id=from_engine, boots=1, time=number, user=b"noc", digest_length=12,
        salt=b"", data=scoped,
    )  # fmt: skip
    yield device.sign(message, from_engine)
    yield message
    yield compose(
        msg_id=number, level="noAuthNoPriv", engine_id=b"", boots=0, time=0, user=chance.randbytes(8), digest_length=0,
        salt=b"", data=scoped,
    )  # fmt: skip


def tlv(tag: int, *contents: bytes) -> bytes:
    content = b"".join(contents)
    length = bytes((len(content),)) if len(content) < 128 else bytes((0x81, len(content)))
    return bytes((tag,)) + length + content

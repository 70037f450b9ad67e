"""A table read by a manager: processor time, and what a trap costs behind it."""

import socket
import threading
import time
from collections.abc import Callable, Iterator, Sequence

from bench.context import Context
from bench.datagrams import template
from bench.table import Row
from protocols.snmp import ber, message
from protocols.snmp.manager.community_session import CommunitySession
from protocols.snmp.manager.session import AgentSession
from protocols.snmp.manager.transaction import Transaction
from protocols.snmp.manager.usm_session import UsmSession
from protocols.snmp.manager.walk import Walk, walk_of
from protocols.snmp.oid import encode_oid
from protocols.snmp.usm.ciphers import SaltCounter
from protocols.snmp.usm.engine_clocks import EngineClocks
from protocols.snmp.usm.outgoing import secured
from protocols.snmp.usm.scoped_pdu import scoped_pdu
from protocols.snmp.usm.user import UsmUser

ROWS, COLUMNS = 2_048, 8
ROWS_AN_ANSWER = 32
ROUNDS = 30
_ENTRY = "1.3.6.1.4.1.3902.1012.3.50.12.1.1"
_IF_INDEX = 268_500_992
_ENGINE = b"\x80\x00\x1f\x88\x04bench"
_USER = UsmUser("bench", "SHA", "authentication", "AES", "confidential")
_TRAPS = 2_000


def tables(context: Context) -> Sequence[Row]:
    """Each session's table, and traps before and after tables whose OIDs are all new."""
    found = []
    for name, make, wrap in (("v2c", community, community_answer), ("v3 authPriv (SHA, AES)", usm, usm_answer)):
        answers = [wrap(number, pdu) for number, pdu in enumerate(response_pdus(0))]
        dry, wet = best(make, answers)
        found.append(
            Row(
                name=f"Table of {ROWS:,} × {COLUMNS} by {name}",
                value=f"{1e3 * wet:.1f} ms",
                beside=f"{1e3 * dry:.1f} ms without the socket",
                target="20 ms",
                note=f"processor time of the manager's thread: {len(answers)} GETBULKs sent and answers received over "
                f"loopback, matched and put into rows; best of {ROUNDS}. {1e6 * wet / ROWS / COLUMNS:.2f} µs a value",
            )
        )
        context.tell(f"{found[-1].name}: {found[-1].value}")
    return [*found, traps_behind_tables()]


def traps_behind_tables() -> Row:
    """The octets of the same traps, read before and after ten tables of other plants."""
    datagrams = [template(number, True, "trap").fill(number + 1, number + 1, number + 1) for number in range(_TRAPS)]
    before = min(reading(datagrams) for _ in range(ROUNDS))
    for plant in range(1, 11):
        answers = [community_answer(number, pdu) for number, pdu in enumerate(response_pdus(plant))]
        carry_out(community(), answers)
    after = min(reading(datagrams) for _ in range(ROUNDS))
    return Row(
        name="Reading a trap's octets after ten tables with new OIDs",
        value=f"{1e6 * after / _TRAPS:.2f} µs",
        beside=f"{1e6 * before / _TRAPS:.2f} µs before them",
        target="the same",
        note=f"the same {_TRAPS:,} traps, best of {ROUNDS}; {10 * ROWS * COLUMNS:,} OIDs came in between",
    )


def reading(datagrams: Sequence[bytes]) -> float:
    begun = time.thread_time()
    for datagram in datagrams:
        message.decode(datagram)
    return time.thread_time() - begun


def community() -> AgentSession:
    """Its requests are numbered from 0."""
    return CommunitySession("2c", b"public", 0)


def community_answer(number: int, pdu: Callable[[int], bytes]) -> bytes:
    """The answer to the request ``number``."""
    return ber.element(ber.SEQUENCE, ber.integer(1) + ber.element(ber.OCTET_STRING, b"public") + pdu(number))


def usm() -> AgentSession:
    """The engine and its clock are known, so that each request is one message, numbered from 0."""
    clocks = EngineClocks()
    clocks.accept(_ENGINE, 1, 0, 0.0)
    return UsmSession(_USER, clocks, SaltCounter(0), 0, engine_id=_ENGINE)


def usm_answer(number: int, pdu: Callable[[int], bytes]) -> bytes:
    """The answer to the request ``number``."""
    return secured(
        _USER,
        _USER.level,
        msg_id=number,
        engine_id=_ENGINE,
        boots=1,
        time=0,
        scoped_pdu=scoped_pdu(pdu(number), context_engine_id=_ENGINE),
        salts=SaltCounter(0),
    )


def response_pdus(plant: int) -> Iterator[Callable[[int], bytes]]:
    """The Responses to a walk's GETBULKs, each made by its request-id; the last one says that there is no more."""
    indexes = [f"{_IF_INDEX + 256 * (row // 64) + (plant << 16)}.{row % 64 + 1}" for row in range(ROWS)]
    for first in range(0, ROWS + 1, ROWS_AN_ANSWER):
        if first < ROWS:
            cells = [(column, index) for index in indexes[first : first + ROWS_AN_ANSWER] for column in range(1, COLUMNS + 1)]
            bindings = [
                binding(encode_oid(f"{_ENTRY}.{column}.{index}"), b"\x02\x02" + bytes((column, 7))) for column, index in cells
            ]
        else:
            bindings = [binding(encode_oid(f"{_ENTRY}.{column + 1}"), b"\x82\x00") for column in range(1, COLUMNS + 1)]
        content = b"".join(bindings)

        def pdu(request_id: int, content: bytes = content) -> bytes:
            head = ber.integer(request_id) + ber.integer(0) * 2
            return ber.element(0xA2, head + ber.element(ber.SEQUENCE, content))

        yield pdu


def binding(name: bytes, value: bytes) -> bytes:
    return ber.element(ber.SEQUENCE, ber.element(ber.OBJECT_IDENTIFIER, name) + value)


def walk() -> Walk:
    return walk_of([encode_oid(f"{_ENTRY}.{column}") for column in range(1, COLUMNS + 1)], ROWS_AN_ANSWER)


def carry_out(session: AgentSession, answers: Sequence[bytes]) -> float:
    """Thread time of a whole transaction whose answers are at hand."""
    operation = walk()
    transaction = Transaction(session, operation)
    begun = time.thread_time()
    transaction.start(0.0)
    for answer in answers:
        transaction.receive(answer, 0.0)
    spent = time.thread_time() - begun
    assert transaction.error is None, transaction.error
    assert transaction.done
    assert len(operation.table.rows) == ROWS
    return spent


def best(make: Callable[[], AgentSession], answers: Sequence[bytes]) -> tuple[float, float]:
    """Seconds without and with a socket."""
    dry = min(carry_out(make(), answers) for _ in range(ROUNDS))
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as agent, socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as manager:
        agent.bind(("127.0.0.1", 0))
        manager.bind(("127.0.0.1", 0))
        manager.connect(agent.getsockname())
        agent.connect(manager.getsockname())
        agent.settimeout(10.0)
        manager.settimeout(10.0)

        def serve() -> None:
            for _ in range(ROUNDS):
                for answer in answers:
                    agent.recv(65_535)
                    agent.send(answer)

        thread = threading.Thread(target=serve)
        thread.start()
        wet = min(over_socket(make(), manager) for _ in range(ROUNDS))
        thread.join()
    return dry, wet


def over_socket(session: AgentSession, manager: socket.socket) -> float:
    """Thread time of a whole transaction over ``manager``, a connected socket."""
    operation = walk()
    transaction = Transaction(session, operation)
    begun = time.thread_time()
    octets = transaction.start(0.0)
    while octets is not None:
        manager.send(octets)
        octets = transaction.receive(manager.recv(65_535), 0.0)
    spent = time.thread_time() - begun
    assert transaction.error is None, transaction.error
    assert len(operation.table.rows) == ROWS
    return spent

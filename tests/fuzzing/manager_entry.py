"""What a manager receives: any octets are an answer, are ignored by reason, or end the transaction with a typed error.

Shared by the tests and ``fuzz/manager.py``. The answers of an agent in memory are recorded; every run sends the same numbers,
so they answer every run.
"""

from collections.abc import Callable, Iterator
from contextlib import suppress
from functools import cache

from vocabulary.snmp_agent import ENGINE, MemoryAgent, table_mib

from protocols.snmp.errors import SnmpRefusal
from protocols.snmp.manager.community_session import CommunitySession
from protocols.snmp.manager.errors import REQUEST_ERRORS
from protocols.snmp.manager.get import Get
from protocols.snmp.manager.get_bulk import GetBulk
from protocols.snmp.manager.get_next import GetNext
from protocols.snmp.manager.operation import Operation
from protocols.snmp.manager.session import IGNORED_REASONS, AgentSession
from protocols.snmp.manager.set import Set
from protocols.snmp.manager.transaction import Transaction
from protocols.snmp.manager.usm_session import UsmSession
from protocols.snmp.manager.value import decode_index, decode_value
from protocols.snmp.manager.walk import Walk, walk_of
from protocols.snmp.oid import encode_oid
from protocols.snmp.usm.ciphers import SaltCounter
from protocols.snmp.usm.engine_clocks import EngineClocks
from protocols.snmp.usm.incoming import plaintext
from protocols.snmp.usm.message import parse
from protocols.snmp.usm.outgoing import secured
from protocols.snmp.usm.user import UsmUser

ENTRY = "1.3.6.1.4.1.9.1"
COLUMNS = [encode_oid(f"{ENTRY}.{column}") for column in (1, 2)]
MIB = table_mib(ENTRY, 2, [(number, 200) for number in range(1, 6)])
NAMES = sorted(MIB)
USER = UsmUser("noc", "SHA", "authpass12345", "AES", "privpass67890")
DES = UsmUser("old", "MD5", "authpass12345", "DES", "privpass67890")
OPEN = UsmUser("open")

SESSIONS: dict[str, Callable[[], AgentSession]] = {
    "v1": lambda: CommunitySession("1", b"public", 1),
    "v2c": lambda: CommunitySession("2c", b"public", 1),
    "open": lambda: UsmSession(OPEN, EngineClocks(), SaltCounter(1), 1),
    "aes": lambda: UsmSession(USER, EngineClocks(), SaltCounter(1), 1),
    "des": lambda: UsmSession(DES, EngineClocks(), SaltCounter(1), 1),
}
OPERATIONS: dict[str, Callable[[], Operation]] = {
    "get": lambda: Get(NAMES[:3]),
    "next": lambda: GetNext(NAMES[:2]),
    "bulk": lambda: GetBulk(NAMES[:2], 1, 3),
    "set": lambda: Set([(NAMES[0], b"\x02\x01\x05")]),
    "walk": lambda: walk_of(COLUMNS, 2),
}
USM_USERS = {"open": OPEN, "aes": USER, "des": DES}
PAIRS = [(session, operation) for session in sorted(SESSIONS) for operation in sorted(OPERATIONS)]
PAIRS.remove(("v1", "bulk"))


@cache
def recorded(session: str, operation: str) -> tuple[bytes, ...]:
    """The agent's answers to one transaction; each run of it sends the same numbers, so they answer every run."""
    device = MemoryAgent(MIB, [USER, DES, OPEN])
    transaction = Transaction(SESSIONS[session](), OPERATIONS[operation]())
    answers = []
    octets = transaction.start(0.0)
    while octets is not None:
        answer = device.answer(octets)
        assert answer
        answers.append(answer)
        octets = transaction.receive(answer, 0.0)
    return tuple(answers)


def offered(session: str, operation: str, before: int, datagram: bytes) -> Transaction:
    """A transaction that got the first ``before`` recorded answers and then ``datagram``."""
    transaction = Transaction(SESSIONS[session](), OPERATIONS[operation]())
    transaction.start(0.0)
    for answer in recorded(session, operation)[:before]:
        transaction.receive(answer, 0.0)
    counted = sum(transaction.session.ignored.values())
    sent = transaction.receive(datagram, 0.0)
    ignored = transaction.session.ignored
    assert set(ignored) <= set(IGNORED_REASONS)
    assert sent is None or isinstance(sent, bytes)
    assert transaction.error is None or type(transaction.error) in REQUEST_ERRORS
    if sum(ignored.values()) > counted:
        assert sent is None
    look_at_everything(transaction.operation)
    return transaction


def look_at_everything(operation: Operation) -> None:
    """Decode what the operation has, as a poller would."""
    elements: list[bytes] = []
    indexes: list[bytes] = []
    if isinstance(operation, Get):
        elements = operation.values
    elif isinstance(operation, GetNext | GetBulk):
        elements = operation.bindings[1::2]
    elif isinstance(operation, Walk):
        for index, row in operation.table.rows.items():
            indexes.append(index)
            elements += [value for value in row if value is not None]
    for element in elements:
        if element:
            with suppress(SnmpRefusal):
                decode_value(element)
    for index in indexes:
        with suppress(SnmpRefusal):
            decode_index(index)


def wrapped(session: str, operation: str, before: int, scoped_pdu: bytes) -> bytes:
    """A v3 message of the agent with the msgID that is waited for after ``before`` answers, authentic whatever it holds."""
    user = USM_USERS[session]
    return secured(
        user,
        user.level,
        msg_id=parse(recorded(session, operation)[before]).msg_id,
        engine_id=ENGINE,
        boots=1,
        time=0,
        scoped_pdu=scoped_pdu,
        salts=SaltCounter(0),
    )


def take(data: bytes) -> Transaction | None:
    """One input of the fuzzer. The first octet chooses session and operation, the second how many answers came before, and in
    its lowest bit whether the rest is a datagram or a ScopedPDU that the agent sends."""
    if len(data) < 2:
        return None
    pair = PAIRS[data[0] % len(PAIRS)]
    before = (data[1] >> 1) % len(recorded(*pair))
    octets = data[2:]
    if data[1] & 1 and pair[0] in USM_USERS:
        octets = wrapped(*pair, before, octets)
    return offered(*pair, before, octets)


def seeds() -> Iterator[bytes]:
    """Every recorded answer, and what is inside of those of v3."""
    for number, (session, operation) in enumerate(PAIRS):
        for before, answer in enumerate(recorded(session, operation)):
            yield bytes((number, before << 1)) + answer
            if session in USM_USERS:
                message = parse(answer)
                user = USM_USERS[session]
                scoped = plaintext(message, user) if message.level == user.level else message.data
                yield bytes((number, before << 1 | 1)) + scoped

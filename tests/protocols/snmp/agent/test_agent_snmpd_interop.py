"""The agent beside net-snmp's snmpd: the same objects, the same requests, and the same answers but for what is said below."""

import socket
from collections import defaultdict
from collections.abc import Iterator

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from vocabulary.snmpd import Agent, carry_out, running

from protocols.snmp import ber
from protocols.snmp.agent.agent import SnmpAgent
from protocols.snmp.agent.object_tree import ObjectTree, ObjectType, RowIndexes, binding
from protocols.snmp.manager.community_session import CommunitySession
from protocols.snmp.manager.table import Table
from protocols.snmp.manager.value import decode_index
from protocols.snmp.manager.walk import Walk
from protocols.snmp.oid import encode_oid
from protocols.snmp.pdu import GET, GET_BULK, GET_NEXT, SET
from protocols.snmp.response import Response, decode_response

pytestmark = pytest.mark.interop

SYSTEM = "1.3.6.1.2.1.1"
SCALARS = [f"{SYSTEM}.{number}" for number in (1, 2, 4, 5, 6, 7)]
COLUMNS = [f"{SYSTEM}.9.1.{number}" for number in (2, 3)]
"""sysORID and sysORDescr. Times are left out, since they pass between two requests."""
CONFIGURATION = [
    "view stable included .1.3.6.1.2.1.1",
    "view stable excluded .1.3.6.1.2.1.1.3",
    "view stable excluded .1.3.6.1.2.1.1.8",
    "view stable excluded .1.3.6.1.2.1.1.9.1.4",
    "rocommunity public default -V stable",
    "rocommunity whole",
    "sysservices 72",
    "syslocation somewhere",
    "syscontact somebody",
    f"sysdescr {'d' * 200}",
]
NAMES = [
    "1.3",
    "1.3.6.1.2.1",
    SYSTEM,
    *SCALARS,
    *(f"{scalar}.0" for scalar in SCALARS),
    f"{SYSTEM}.1.1",
    f"{SYSTEM}.3.0",
    f"{SYSTEM}.8.0",
    *COLUMNS,
    *(f"{column}.{row}" for column in COLUMNS for row in (1, 2, 9, 10, 4_000_000_000)),
    "1.3.6.1.2.1.2.1.0",
    "1.3.6.1.4.1.2011.1",
    "2.999.1",
]
CELLS = [*COLUMNS, *(f"{column}.{row}" for column in COLUMNS for row in (1, 9, 10))]
Both = tuple[list[SnmpAgent[None]], socket.socket]


@pytest.fixture(scope="module")
def both(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Both]:
    with running(tmp_path_factory.mktemp("snmpd"), CONFIGURATION) as agent, socket.socket(type=socket.SOCK_DGRAM) as sock:
        sock.connect(agent.address)
        sock.settimeout(5.0)
        stable = same_objects(agent, b"public", SYSTEM)
        whole = same_objects(agent, b"whole", SYSTEM, "1.3.6.1.2.1.2")
        ours = [
            SnmpAgent(tree, None, community=community, engine_id=b"", largest=65_507)
            for tree, community in ((stable, b"public"), (whole, b"whole"))
        ]
        yield ours, sock


def same_objects(agent: Agent, community: bytes, *subtrees: str) -> ObjectTree[None]:
    """A tree with the objects that snmpd has there."""
    cells: dict[str, dict[int, bytes]] = defaultdict(dict)
    for subtree in subtrees:
        table = Table([encode_oid(subtree)])
        carried = carry_out(agent, CommunitySession("2c", community, 1), Walk(table))
        assert carried.error is None
        for index, (element,) in table.rows.items():
            *column, row = decode_index(index)
            assert element is not None
            cells[".".join(map(str, (subtree, *column)))][row] = element
    return ObjectTree(_object(oid, rows) for oid, rows in cells.items())


def _object(oid: str, rows: dict[int, bytes]) -> ObjectType[None]:
    elements = [rows[row] for row in sorted(rows)]
    return ObjectType(oid, lambda _, row: elements[row], RowIndexes((row,) for row in rows))


def message(
    version: int,
    tag: int,
    names: list[str],
    second: int = 0,
    third: int = 0,
    value: bytes = b"\x05\x00",
    community: bytes = b"public",
) -> bytes:
    varbinds = b"".join(binding(encode_oid(name), value) for name in names)
    head = ber.integer(4711) + ber.integer(second) + ber.integer(third)
    pdu = ber.element(tag, head + ber.element(ber.SEQUENCE, varbinds))
    return ber.element(ber.SEQUENCE, ber.integer(version) + ber.element(ber.OCTET_STRING, community) + pdu)


def answers(both: Both, request: bytes) -> tuple[Response, Response]:
    """Ours and snmpd's."""
    ours, snmpd = both
    snmpd.send(request)
    theirs = snmpd.recv(65_535)
    (answer,) = [found for each in ours if (found := each.answer(request, 1, 1)) is not None]
    return decode_response(answer), decode_response(theirs)


@given(st.sampled_from((0, 1)), st.sampled_from((GET, GET_NEXT)), st.lists(st.sampled_from(NAMES), max_size=5))
@settings(max_examples=150)
def test_get_and_getnext(both: Both, version: int, tag: int, names: list[str]) -> None:
    """One thing differs: of several names that a v1 agent does not have, snmpd blames the last and ours the first."""
    ours, theirs = answers(both, message(version, tag, names))
    if ours.error_status:
        assert 0 < ours.error_index <= theirs.error_index
        ours = msgspec.structs.replace(ours, error_index=theirs.error_index)
    assert ours == theirs


@given(
    st.sampled_from(SCALARS), st.lists(st.sampled_from(CELLS), max_size=3, unique=True), st.integers(-1, 4), st.integers(-1, 12)
)
@settings(max_examples=150)
def test_getbulk(both: Both, scalar: str, cells: list[str], non_repeaters: int, repetitions: int) -> None:
    """Names and types alone: times and counters go on between two requests. snmpd 5.9.3 leaves objects out, or answers genErr,
    where its view has gaps, so this is the whole of its MIB."""
    request = message(1, GET_BULK, [scalar, *cells], non_repeaters, repetitions, community=b"whole")
    ours, theirs = answers(both, request)
    assert (ours.error_status, ours.error_index) == (theirs.error_status, theirs.error_index) == (0, 0)
    assert [(each.oid, each.type) for each in ours.varbinds] == [(each.oid, each.type) for each in theirs.varbinds]


@pytest.mark.parametrize("version", [0, 1])
def test_set_is_refused_alike(both: Both, version: int) -> None:
    ours, theirs = answers(both, message(version, SET, [f"{SYSTEM}.5.0"], value=b"\x04\x04mine"))
    assert ours == theirs

"""The manager against net-snmp's snmpd: every algorithm pair, every operation, and every way to be turned down."""

from collections.abc import Iterator
from typing import Any

import pytest
from vocabulary.snmpd import Agent, carry_out, running
from vocabulary.snmpd_users import AUTH_PHRASE, PAIRS, PRIV_PHRASE, name_of, user_lines, user_of

from protocols.snmp.manager import errors
from protocols.snmp.manager.community_session import CommunitySession
from protocols.snmp.manager.get import Get
from protocols.snmp.manager.get_bulk import GetBulk
from protocols.snmp.manager.get_next import GetNext
from protocols.snmp.manager.operation import Operation
from protocols.snmp.manager.session import AgentSession
from protocols.snmp.manager.set import Set
from protocols.snmp.manager.table import Table
from protocols.snmp.manager.usm_session import UsmSession
from protocols.snmp.manager.value import decode_index, decode_value, is_missing
from protocols.snmp.manager.walk import Walk, walk_of
from protocols.snmp.oid import encode_oid
from protocols.snmp.usm.ciphers import SaltCounter
from protocols.snmp.usm.engine_clocks import EngineClocks
from protocols.snmp.usm.user import UsmUser
from protocols.snmp.values import encode_value

pytestmark = pytest.mark.interop

SYSTEM = "1.3.6.1.2.1.1"
DESCRIPTION, UPTIME, CONTACT, NAME = (encode_oid(f"{SYSTEM}.{number}.0") for number in (1, 3, 4, 5))
SERVICES = encode_oid(f"{SYSTEM}.7.0")
OR_COLUMNS = [encode_oid(f"{SYSTEM}.9.1.{number}") for number in (2, 3, 4)]
"""sysORID, sysORDescr, sysORUpTime."""


def configuration() -> list[str]:
    return ["rwcommunity public", "sysservices 72", "sysname agent", f"sysdescr {'x' * 200}", *user_lines()]


@pytest.fixture(scope="module")
def agent(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Agent]:
    with running(tmp_path_factory.mktemp("snmpd"), configuration()) as agent:
        yield agent


def usm_session(user: UsmUser, **given: Any) -> UsmSession:
    return UsmSession(user, given.pop("clocks", EngineClocks()), SaltCounter(1), 2**31 - 3, **given)


def values(elements: list[bytes]) -> list[Any]:
    return [decode_value(each).value for each in elements]


def use_every_operation(agent: Agent, session: AgentSession) -> None:
    """GET, SET, GETNEXT, GETBULK (not for v1) and walks, with the same answers for every session."""
    get = Get([NAME, CONTACT, SERVICES, encode_oid("1.3.6.1.4.1.99999.1.0")])
    assert finished(agent, session, get)
    assert values(get.values[:1]) == [b"agent"]
    assert decode_value(get.values[2]).value == 72
    assert is_missing(get.values[3])
    contact = f"somebody {session.version}".encode()
    assert finished(agent, session, Set([(CONTACT, encode_value("OCTET STRING", contact))]))
    get = Get([CONTACT])
    assert finished(agent, session, get)
    assert values(get.values) == [contact]
    following = GetNext([encode_oid(f"{SYSTEM}.6"), encode_oid(f"{SYSTEM}.4")])
    assert finished(agent, session, following)
    assert following.bindings[2:] == [CONTACT, encode_value("OCTET STRING", contact)]
    if session.version != "1":
        bulk = GetBulk([encode_oid(f"{SYSTEM}.4"), encode_oid(f"{SYSTEM}.3")], 1, 3)
        assert finished(agent, session, bulk)
        assert bulk.bindings[::2] == [CONTACT, UPTIME, CONTACT, NAME]
    rows = {}
    for repetitions in (None, 2, 0):
        walk = walk_of(OR_COLUMNS, repetitions)
        assert finished(agent, session, walk)
        rows[repetitions] = walk.table.rows
    assert rows[None] == rows[2] == rows[0]
    assert [decode_index(index) for index in rows[None]] == [(number,) for number in range(1, len(rows[None]) + 1)]
    assert len(rows[None]) >= 5
    assert all(decode_value(row[1]).type == "OCTET STRING" for row in rows[None].values() if row[1])
    subtree = walk_of([encode_oid(SYSTEM)])
    assert finished(agent, session, subtree)
    assert {decode_index(index) for index in subtree.table.rows} >= {(1, 0), (9, 1, 2, 1)}


def finished(agent: Agent, session: AgentSession, operation: Operation) -> bool:
    transaction = carry_out(agent, session, operation)
    if transaction.error is not None:
        raise transaction.error
    return operation.finished


@pytest.mark.parametrize("pair", PAIRS, ids=lambda pair: name_of(*pair))
def test_every_algorithm_pair(agent: Agent, pair: tuple[str, str, str]) -> None:
    ignored: dict[str, int] = {}
    use_every_operation(agent, usm_session(user_of(*pair), ignored=ignored))
    assert ignored == {}


@pytest.mark.parametrize("version", ["1", "2c"])
def test_communities(agent: Agent, version: Any) -> None:
    ignored: dict[str, int] = {}
    use_every_operation(agent, CommunitySession(version, b"public", 7, ignored))
    assert ignored == {}


OTHER_EXTENSION = user_of("SHA", "AES-256", "reeder", name=name_of("SHA", "AES-256", "blumenthal"))


@pytest.mark.parametrize(
    ("user", "error"),
    [
        (user_of("SHA", "AES", auth_phrase="not this one"), errors.WrongDigest),
        (user_of("SHA-256", auth_phrase="not this one"), errors.WrongDigest),
        (user_of("SHA", name="stranger"), errors.UnknownUser),
        (user_of("", name="stranger"), errors.UnknownUser),
        (user_of("SHA", "AES", name=name_of("", "", "blumenthal")), errors.UnsupportedSecurityLevel),
    ],
    ids=lambda value: value.name.decode() if isinstance(value, UsmUser) else "",
)
def test_a_wrong_user_or_key_is_named(agent: Agent, user: UsmUser, error: Any) -> None:
    assert isinstance(carry_out(agent, usm_session(user), Get([NAME])).error, error)


@pytest.mark.parametrize(
    ("user", "context"),
    [(user_of("SHA", "AES", priv_phrase="not this one"), ""), (OTHER_EXTENSION, ""), (user_of("SHA", "AES"), "nowhere")],
    ids=["another pass phrase", "another key extension", "another context"],
)
def test_what_the_agent_drops_silently_is_guessed_at(agent: Agent, user: UsmUser, context: str) -> None:
    transaction = carry_out(agent, usm_session(user, context=context), Get([NAME]), timeout=0.2)
    assert isinstance(transaction.error, errors.NoAnswer)
    assert "its engine 80001f88" in transaction.error.detail
    assert "another privacy pass phrase" in transaction.error.detail


def test_a_lower_level_than_the_agent_asks_for_is_refused(agent: Agent) -> None:
    transaction = carry_out(agent, usm_session(user_of("SHA", name=name_of("SHA", "AES", "blumenthal"))), Get([NAME]))
    assert isinstance(transaction.error, errors.AgentRefused)
    assert transaction.error.status == 16


def test_a_set_that_is_refused_names_its_binding(agent: Agent) -> None:
    session = usm_session(user_of("SHA", "AES"))
    wrong_type = [(CONTACT, encode_value("OCTET STRING", b"x")), (UPTIME, encode_value("TimeTicks", 1))]
    transaction = carry_out(agent, session, Set(wrong_type))
    assert isinstance(transaction.error, errors.AgentRefused)
    assert (transaction.error.status, transaction.error.index, transaction.error.name) == (17, 2, UPTIME)


def test_an_answer_that_would_be_too_big_is_asked_for_in_parts(agent: Agent) -> None:
    get = Get([DESCRIPTION] * 12)
    transaction = carry_out(agent, usm_session(user_of("SHA", "AES"), max_size=600), get)
    assert transaction.error is None
    assert values(get.values) == [b"x" * 200] * 12
    assert transaction.sent > 6
    transaction = carry_out(agent, usm_session(user_of("SHA", "AES"), max_size=484), Get([DESCRIPTION, NAME]))
    assert transaction.error is None


def test_discovery_has_two_steps_and_known_clocks_save_them(agent: Agent) -> None:
    clocks = EngineClocks()
    user = user_of("SHA", "AES")
    first = usm_session(user, clocks=clocks)
    assert carry_out(agent, first, Get([NAME])).sent == 3
    assert carry_out(agent, first, Get([NAME])).sent == 1
    assert carry_out(agent, usm_session(user, clocks=clocks), Get([NAME])).sent == 2
    assert carry_out(agent, usm_session(user, clocks=clocks, engine_id=first.engine_id), Get([NAME])).sent == 1
    assert carry_out(agent, usm_session(user_of("")), Get([NAME])).sent == 2


def test_a_clock_that_ran_away_is_set_again(agent: Agent) -> None:
    session = usm_session(user_of("SHA", "AES"))
    assert carry_out(agent, session, Get([NAME])).error is None
    for ahead in (1_000.0, 3_000.0):
        transaction = carry_out(agent, session, Get([NAME]), ahead=ahead)
        assert (transaction.error, transaction.sent) == (None, 2)


def test_an_agent_that_restarts_is_followed(tmp_path: Any) -> None:
    with running(
        tmp_path, [*configuration()[:4], f"createUser u SHA {AUTH_PHRASE} AES {PRIV_PHRASE}", "rwuser u priv"]
    ) as agent:
        session = usm_session(UsmUser("u", "SHA", AUTH_PHRASE, "AES", PRIV_PHRASE))
        assert carry_out(agent, session, Get([NAME])).error is None
        boots = session._boots
        agent.stop()
        agent.start()
        walk = walk_of(OR_COLUMNS, 2)
        transaction = carry_out(agent, session, walk)
        assert transaction.error is None
        assert session._boots == boots + 1
        assert len(walk.table.rows) >= 5


def test_a_table_beyond_its_bounds_is_given_up(agent: Agent) -> None:
    session = CommunitySession("2c", b"public", 7)
    each: tuple[dict[str, Any], ...] = ({"max_rows": 3}, {"max_octets": 300}, {"max_varbinds": 10})
    for bounds in each:
        walk = Walk(Table(OR_COLUMNS, **bounds), 2)
        assert carry_out(agent, session, walk).error is None
        assert walk.table.incomplete == "table_too_large"


def test_nobody_answers_a_wrong_community(agent: Agent) -> None:
    transaction = carry_out(agent, CommunitySession("2c", b"guess", 7), Get([NAME]), timeout=0.01)
    assert isinstance(transaction.error, errors.NoAnswer)
    assert transaction.sent == 3

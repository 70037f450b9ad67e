"""The engine against net-snmp's snmpd: v1, v2c and every pair of algorithms of v3, and a table of a pass_persist program."""

import sys
from collections.abc import Iterator

import pytest
from vocabulary import pass_persist_table
from vocabulary.pass_persist_table import ROOT, ROWS, TYPES
from vocabulary.poll_engine import ignored
from vocabulary.poll_engine import running as running_engine
from vocabulary.snmpd import Agent, running
from vocabulary.snmpd_users import PAIRS, name_of, user_lines, user_of

from actors.metrics import Metrics
from actors.poller.engine.agent import PolledAgent
from protocols.snmp.manager.community_session import CommunitySession
from protocols.snmp.manager.get import Get
from protocols.snmp.manager.session import AgentSession
from protocols.snmp.manager.usm_session import UsmSession
from protocols.snmp.manager.value import decode_index, decode_value
from protocols.snmp.manager.walk import walk_of
from protocols.snmp.oid import encode_oid
from protocols.snmp.usm.ciphers import SaltCounter
from protocols.snmp.usm.engine_clocks import EngineClocks

pytestmark = pytest.mark.interop

UPTIME = encode_oid("1.3.6.1.2.1.1.3.0")
COLUMNS = [encode_oid(".".join(map(str, (*ROOT, column)))) for column in TYPES]


@pytest.fixture(scope="module")
def snmpd(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Agent]:
    root = ".".join(map(str, ROOT))
    program = f"pass_persist .{root} {sys.executable} {pass_persist_table.__file__}"
    with running(tmp_path_factory.mktemp("snmpd"), ["rwcommunity public", program, *user_lines()]) as agent:
        yield agent


def sessions() -> Iterator[tuple[str, AgentSession]]:
    """All v3 sessions share one table of engine clocks, as devices with the same credentials do."""
    clocks, salts = EngineClocks(), SaltCounter(1)
    yield "v1", CommunitySession("1", b"public", 5)
    yield "v2c", CommunitySession("2c", b"public", 5)
    for number, pair in enumerate(PAIRS):
        yield name_of(*pair), UsmSession(user_of(*pair), clocks, salts, 1_000 * number)


async def test_every_version_and_pair_of_algorithms_reads_the_same_table(snmpd: Agent) -> None:
    metrics = Metrics()
    host, port = snmpd.address
    expected = {(row,): [row, row * 10_000_000_000, f"port {row}".encode()] for row in range(1, ROWS + 1)}
    async with running_engine(metrics=metrics) as engine:
        for name, session in sessions():
            agent = PolledAgent(host, port, session)
            await engine.ask(agent, get := Get([UPTIME]), timeout=10.0)
            assert decode_value(get.values[0]).type == "TimeTicks", name
            # Counter64 does not exist in v1, whose agents leave it out (RFC 2576 section 4.1.2.1).
            wanted = [0, 2] if session.version == "1" else [0, 1, 2]
            walk = walk_of([COLUMNS[column] for column in wanted], size=agent.walk_size)
            exchange = await engine.ask(agent, walk, timeout=10.0)
            found = {
                decode_index(index): [None if value is None else decode_value(value).value for value in row]
                for index, row in walk.table.rows.items()
            }
            assert found == {index: [row[column] for column in wanted] for index, row in expected.items()}, name
            assert walk.table.incomplete == "", name
            assert exchange.sent == exchange.answers, name
    assert ignored(metrics) == {}

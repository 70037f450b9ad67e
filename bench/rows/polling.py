"""The polling engine: processor time of tables and of liveness, beside other managers, and what a trap costs meanwhile."""

import asyncio
import gc
import resource
import shutil
import socket
import subprocess
import sys
import time
from collections.abc import Awaitable, Callable, Iterator, Sequence
from contextlib import contextmanager
from statistics import median
from typing import Any, Final, Literal

import trio

from actors.metrics import Metrics
from actors.poller.engine.agent import PolledAgent
from actors.poller.engine.engine import PollEngine
from actors.poller.engine.limits import EngineLimits
from bench.children import BenchError
from bench.context import Context
from bench.datagrams import template
from bench.rows.tables import reading
from bench.table import Row
from bench.table_agent import AUTH_PHRASE, COLUMNS, ENGINE, ENTRY, PRIV_PHRASE, ROWS, UPTIME, USER, address_of
from faultd.cli.run import COLLECTOR
from protocols.snmp.manager.community_session import CommunitySession
from protocols.snmp.manager.get import Get
from protocols.snmp.manager.session import AgentSession
from protocols.snmp.manager.usm_session import UsmSession
from protocols.snmp.manager.walk import Walk, walk_of
from protocols.snmp.oid import encode_oid
from protocols.snmp.usm.ciphers import SaltCounter
from protocols.snmp.usm.engine_clocks import EngineClocks

TABLES: Final = 100
AT_A_TIME: Final = 16
AGENTS: Final = 10_000
REPETITIONS: Final = 50
_SALTS = SaltCounter(0)
_TRAPS: Final = 2_000
Version = Literal["2c", "3"]


@contextmanager
def agents() -> Iterator[int]:
    """The port of the agents."""
    with subprocess.Popen([sys.executable, "-m", "bench.table_agent"], stdout=subprocess.PIPE) as process:
        assert process.stdout is not None
        port = int(process.stdout.readline())
        try:
            yield port
        finally:
            with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sock:
                sock.sendto(b"stop", ("127.88.0.1", port))


def sessions(version: Version) -> Callable[[int], AgentSession]:
    """Makes a session from its first number. Those of v3 know the engine, so that only the first of all asks for its clock."""
    clocks = EngineClocks()
    if version == "2c":
        return lambda number: CommunitySession("2c", b"public", number)
    return lambda number: UsmSession(USER, clocks, _SALTS, number, engine_id=ENGINE)


def by_columns() -> Walk:
    """A walk over all columns at a time."""
    return walk_of([encode_oid(f"{ENTRY}.{column}") for column in range(1, COLUMNS + 1)])


def by_subtree() -> Walk:
    """A walk over the whole entry, column after column, as the other managers do it."""
    return walk_of([encode_oid(ENTRY)], REPETITIONS)


def carried_out(work: Callable[[PollEngine], Awaitable[None]]) -> float:
    """Processor seconds of this thread while an engine does ``work``."""

    gc.collect()
    gc.set_threshold(*COLLECTOR)  # as the daemon has it

    async def run() -> float:
        engine = PollEngine(EngineLimits(), Metrics())
        async with trio.open_nursery() as nursery:
            await nursery.start(engine.run)
            begun = time.thread_time()
            await work(engine)
            spent = time.thread_time() - begun
            nursery.cancel_scope.cancel()
        return spent

    return trio.run(run)


def read_tables(
    port: int, first: int, count: int, at_a_time: int, version: Version = "2c", make: Callable[[], Walk] = by_columns
) -> float:
    """Milliseconds of processor time for each of ``count`` tables, of the agents from number ``first`` on."""

    session = sessions(version)
    polled = iter([PolledAgent(address_of(each), port, session(each << 10)) for each in range(first, first + count)])

    async def work(engine: PollEngine) -> None:
        async def worker() -> None:
            for agent in polled:
                walk = make()
                await engine.ask(agent, walk, timeout=30.0)
                cells = sum([len(row) for row in walk.table.rows.values()])
                if cells != ROWS * COLUMNS or walk.table.incomplete:
                    raise BenchError(f"a table of {cells} cells: {walk.table.incomplete}")

        async with trio.open_nursery() as nursery:
            for _ in range(at_a_time):
                nursery.start_soon(worker)

    return 1e3 * carried_out(work) / count


def read_uptimes(port: int, count: int, at_a_time: int, version: Version = "2c") -> float:
    """Microseconds of processor time for each GET of sysUpTime from ``count`` agents."""

    session = sessions(version)
    polled = iter([PolledAgent(address_of(each), port, session(each << 4)) for each in range(count)])

    async def work(engine: PollEngine) -> None:
        async def worker() -> None:
            for agent in polled:
                await engine.ask(agent, Get([UPTIME]), timeout=30.0)

        async with trio.open_nursery() as nursery:
            for _ in range(at_a_time):
                nursery.start_soon(worker)

    return 1e6 * carried_out(work) / count


def gufo(port: int, first: int, count: int, repetitions: int, version: Version = "2c") -> float:
    """The same by gufo_snmp's synchronous client, in milliseconds a table."""
    try:
        from gufo.snmp import Aes128Key, Sha1Key, SnmpVersion, User
        from gufo.snmp.sync import SnmpSession
    except ImportError as error:
        raise BenchError("gufo_snmp is not installed (make setup-dev)") from error
    user = User("bench", auth_key=Sha1Key(AUTH_PHRASE.encode()), priv_key=Aes128Key(PRIV_PHRASE.encode()))
    begun = time.thread_time()
    for plant in range(first, first + count):
        given: dict[str, Any] = {"version": SnmpVersion.v2c, "community": "public"}
        if version == "3":
            given = {"user": user, "engine_id": ENGINE}
        with SnmpSession(addr=address_of(plant), port=port, timeout=30.0, **given) as client:
            found = sum(1 for _ in client.getbulk(ENTRY, repetitions))
        if found != ROWS * COLUMNS:
            raise BenchError(f"gufo_snmp found {found} values")
    return 1e3 * (time.thread_time() - begun) / count


def snmpbulkwalk(port: int, plant: int) -> float:
    """The same by net-snmp's program, in milliseconds, its process and printing included."""
    program = shutil.which("snmpbulkwalk")
    if program is None:
        raise BenchError("snmpbulkwalk is not installed (Debian: apt-get install snmp)")
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    command = [program, "-v2c", "-cpublic", f"-Cr{REPETITIONS}", "-On", "-m", "", f"{address_of(plant)}:{port}", ENTRY]
    lines = subprocess.run(command, stdout=subprocess.PIPE, check=True).stdout.count(b"\n")
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    if lines < ROWS * COLUMNS:
        raise BenchError(f"snmpbulkwalk printed {lines} lines")
    return 1e3 * (after.ru_utime - before.ru_utime + after.ru_stime - before.ru_stime)


def pysnmp(port: int, plant: int) -> float:
    """One column of the same by pysnmp, times the columns, in milliseconds."""
    from pysnmp.hlapi.v3arch import asyncio as hlapi  # type: ignore[import-untyped]

    async def walk() -> int:
        target = await hlapi.UdpTransportTarget.create((address_of(plant), port))
        found = 0
        async for _, _, _, bindings in hlapi.bulk_walk_cmd(
            hlapi.SnmpEngine(),
            hlapi.CommunityData("public"),
            target,
            hlapi.ContextData(),
            0,
            REPETITIONS,
            hlapi.ObjectType(hlapi.ObjectIdentity(f"{ENTRY}.{COLUMNS}")),
            lookupMib=False,
            lexicographicMode=False,
        ):
            found += len(bindings)
        return found

    begun = time.thread_time()
    found = asyncio.run(walk())
    if found != ROWS:
        raise BenchError(f"pysnmp found {found} values")
    return 1e3 * (time.thread_time() - begun) * COLUMNS


def traps_meanwhile(port: int) -> tuple[float, float]:
    """Microseconds for reading a trap's octets with no table between, and with a new one between each two readings."""
    datagrams = [template(number, True, "trap").fill(number + 1, number + 1, number + 1) for number in range(_TRAPS)]
    alone, beside = [], []
    reading(datagrams)

    async def work(engine: PollEngine) -> None:
        for plant in range(200, 230):
            alone.append(min(reading(datagrams) for _ in range(2)))
            await engine.ask(PolledAgent(address_of(plant), port, sessions("2c")(0)), by_columns(), timeout=30.0)
            beside.append(min(reading(datagrams) for _ in range(2)))

    carried_out(work)
    return 1e6 * median(alone) / _TRAPS, 1e6 * median(beside) / _TRAPS


def polling(context: Context) -> Sequence[Row]:
    """Tables and liveness by the engine, with the others in the same run."""
    tables = TABLES // 5 if context.quick else TABLES
    found: list[Row] = []

    def add(**given: str) -> None:
        found.append(Row(**given))
        context.tell(f"{found[-1].name}: {found[-1].value}; {found[-1].beside}")

    with agents() as port:
        read_tables(port, 0, 2, 1)
        rivals = {n: gufo(port, 1_000 * n, max(5, tables // 5), n) for n in (25, REPETITIONS)}
        alone = read_tables(port, 0, tables, 1)
        subtree = read_tables(port, 300, tables, 1, make=by_subtree)
        many = read_tables(port, 400, tables, AT_A_TIME)
        best = min(rivals.values())
        beside = (
            f"gufo_snmp sync {rivals[25]:.1f} ms (25 repetitions), {rivals[REPETITIONS]:.1f} ms ({REPETITIONS}); snmpbulkwalk "
            f"{min(snmpbulkwalk(port, 5_000 + n) for n in range(3)):.1f} ms; pysnmp {pysnmp(port, 5_100):,.0f} ms"
        )
        how = f"mean of {tables} tables of different OIDs, answers of 1,350 octets; processor time, sockets included"
        name = f"Table of {ROWS:,} × {COLUMNS} by the engine"
        target = "20 ms, × 1.2 of gufo_snmp"
        add(
            name=f"{name}, one at a time", value=f"{alone:.1f} ms, × {alone / best:.2f}", beside=beside, target=target, note=how
        )
        add(name=f"{name}, {AT_A_TIME} at a time", value=f"{many:.1f} ms, × {many / best:.2f}", target=target, note=how)
        add(
            name=f"{name}, as one subtree",
            value=f"{subtree:.1f} ms, × {subtree / best:.2f}",
            note="the OIDs that the others ask for: column after column, one at a time",
        )
        secret = read_tables(port, 600, tables, AT_A_TIME, "3")
        add(
            name=f"{name}, v3 authPriv (SHA, AES), {AT_A_TIME} at a time",
            value=f"{secret:.1f} ms, × {secret / many:.2f} of v2c",
            beside=f"gufo_snmp sync {gufo(port, 3_000, 5, REPETITIONS, '3'):.1f} ms",
            target="× 2 of v2c",
            note=how,
        )
        quick, slow = read_uptimes(port, AGENTS, 64), read_uptimes(port, AGENTS // 5, 1)
        add(
            name=f"Liveness of {AGENTS:,} agents a minute",
            value=f"{quick * AGENTS / 60e4:.2f} % of a core",
            beside=f"{slow * AGENTS / 60e4:.2f} % when only one is asked at a time",
            target="1 % of a core",
            note=f"one GET of sysUpTime.0 each, 64 outstanding: {quick:.0f} µs each; one outstanding: {slow:.0f} µs",
        )
        before, after = traps_meanwhile(port)
        add(
            name="Reading a trap's octets beside pollers at full rate",
            value=f"{after:.2f} µs, × {after / before:.3f}",
            beside=f"{before:.2f} µs without",
            target="× 1.1",
            note=f"the same {_TRAPS:,} traps, with and without a table of new OIDs before them; median of 30",
        )
    return found

"""The same datagrams into faultd, snmptrapd and pysnmp: processor time a trap, INFORM round trips, SNMPv3."""

import socket
import time
from collections.abc import Callable
from contextlib import AbstractContextManager, suppress
from pathlib import Path

from bench import load, rivals
from bench.children import BenchError
from bench.context import Context
from bench.datagrams import address, template
from bench.rows.sustained import OPEN, Search
from bench.search import highest, percentile
from bench.table import Row
from bench.v3 import DAEMON_CONFIG
from faultd.embedded import EmbeddedPostgresError

RATES = 4_000, 8_000
"""A storm, and one that is about all that snmptrapd takes: what is paid for a batch is shared by more traps then."""
PYSNMP_RATE = 250
"""What its receiver can surely take."""
V3_START, V3_CEILING, V3_RESOLUTION, V3_SECONDS = 2_000, 32_000, 0.1, 4


def cpu(context: Context) -> list[Row]:
    """Processor time a trap. The sender starts from the same seed each time, so all get the same datagrams."""
    seconds = 5 if context.quick else 15
    rows, costs = [], []
    for rate in RATES:
        with context.daemon(f"cpu{rate}") as daemon, context.sender() as sender:
            load.run(daemon, context.postgres, sender, rate=1_000, count=OPEN, what="new")
            ours = load.run(daemon, context.postgres, sender, rate=rate, count=rate * seconds)
        name, taken = _rival(context, rivals.snmptrapd, rate, seconds)
        costs.append(ours.cpu_per_trap)
        rows.append(
            Row(
                name=f"CPU per trap at {rate:,}/s, beside {name}",
                value=f"{ours.cpu_per_trap:.0f} µs",
                beside=f"{taken.cpu_per_trap:.0f} µs: faultd takes {ours.cpu_per_trap / taken.cpu_per_trap:.2f} of it",
                target="at most snmptrapd's",
                note=f"everything in faultd (lost {ours.lost:,}; PostgreSQL's {ours.postgres_per_trap:.0f} µs not counted; "
                f"others {ours.others:.2f} cores); {name} kept {taken.kept:,} of {taken.sent:,}",
            )
        )
    name, taken = _rival(context, rivals.pysnmp, PYSNMP_RATE, seconds)
    rows.append(
        Row(
            name=f"CPU per trap at {' and '.join(f'{rate:,}' for rate in RATES)}/s, beside {name}",
            value=" and ".join(f"{cost:.0f}" for cost in costs) + " µs",
            beside=f"{taken.cpu_per_trap:.0f} µs: faultd takes "
            + " and ".join(f"{cost / taken.cpu_per_trap:.3f}" for cost in costs)
            + " of it",
            target="a 20th of pysnmp's",
            note=f"as above; {name} at {PYSNMP_RATE:,}/s, kept {taken.kept:,} of {taken.sent:,}",
        )
    )
    return rows


def _rival(
    context: Context, make: Callable[[Path], AbstractContextManager[rivals.Rival]], rate: int, seconds: int
) -> tuple[str, rivals.Taken]:
    with make(context.folder / f"{make.__name__}{rate}") as rival, context.sender() as sender:
        rivals.load(rival, sender, rate=min(rate, 1_000), count=OPEN, what="new")
        return rival.name, rivals.load(rival, sender, rate=rate, count=rate * seconds)


def informs(context: Context) -> list[Row]:
    """One INFORM after the other, each sent when the one before was answered."""
    count = 500 if context.quick else 3_000
    with context.daemon("inform") as daemon:
        ours = round_trips(daemon.trap_port, count)
    with rivals.snmptrapd(context.folder / "inform_snmptrapd") as rival:
        theirs = round_trips(rival.port, count)
    return [
        Row(
            name="INFORM round trip p50 / p99",
            value=" / ".join(f"{1e3 * percentile(ours, share):.2f}" for share in (0.5, 0.99)) + " ms",
            beside=" / ".join(f"{1e3 * percentile(theirs, share):.2f}" for share in (0.5, 0.99)) + " ms snmptrapd",
            note=f"{count:,} one after the other; faultd answers once the Event is on disk (fsync), snmptrapd at once",
        )
    ]


def round_trips(port: int, count: int) -> list[float]:
    """Seconds of each. Raises BenchError when one is not answered."""
    seconds = []
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sock:
        sock.bind((address(0, 0), 0))
        sock.connect(("127.0.0.1", port))
        sock.settimeout(5.0)
        made = [template(number, True, "inform") for number in range(count)]
        for number, inform in enumerate(made):
            datagram = inform.fill((1 << 24) + number, (1 << 24) + number, (1 << 24) + number)
            begun = time.perf_counter()
            sock.send(datagram)
            try:
                sock.recv(8192)
            except OSError as error:
                raise BenchError(f"INFORM {number + 1} was not answered: {error}") from error
            seconds.append(time.perf_counter() - begun)
    return seconds


def authpriv(context: Context) -> list[Row]:
    """The highest rate of SNMPv3 authPriv traps that holds in short probes; the traps are those of the sustained rate."""
    with context.daemon("v3", DAEMON_CONFIG) as daemon, Search(context, daemon, v3=True) as search:
        rate, _ = highest(lambda rate: search.holds(rate, V3_SECONDS), V3_START, V3_CEILING, V3_RESOLUTION)
    beside = "snmptrapd did not run"
    with suppress(BenchError, EmbeddedPostgresError):
        other, other_cost = _snmptrapd_authpriv(context)
        beside = f"{other:,}/s snmptrapd ({other_cost:.0f} µs a trap)"
    name, target = "SNMPv3 authPriv (SHA, AES) rate", "5,000/s"
    if search.best is None:
        return [Row(name=name, value="none held", beside=beside, target=target)]
    return [
        Row(
            name=name,
            value=f"{rate:,}/s ({search.best.cpu_per_trap:.0f} µs a trap)",
            beside=beside,
            target=target,
            note=f"highest rate without loss or backlog in probes of {V3_SECONDS} s, ceiling {V3_CEILING:,}/s; the mix of the "
            "sustained rate from 120 engines, each trap signed and encrypted anew; every alarm compared in PostgreSQL, whose "
            f"{search.best.postgres_per_trap:.0f} µs come on top; others {search.best.others:.2f} cores",
        )
    ]


def _snmptrapd_authpriv(context: Context) -> tuple[int, float]:
    costs: dict[int, float] = {}
    with rivals.snmptrapd(context.folder / "v3_snmptrapd") as rival, context.sender() as sender:
        rivals.load(rival, sender, rate=1_000, count=OPEN, what="new", v3=True)

        def probe(rate: int) -> bool:
            taken = rivals.load(rival, sender, rate=rate, count=rate * V3_SECONDS, v3=True)
            costs[rate] = taken.cpu_per_trap
            context.tell(
                f"snmptrapd, SNMPv3 {rate}/s: kept {taken.kept} of {taken.sent}, {taken.behind:.1f} s behind "
                f"({taken.cpu_per_trap:.0f} µs a trap)"
            )
            return taken.kept >= taken.sent and taken.behind <= 0.5

        # A second try for each rate, as faultd has one: the machine may have been busy.
        rate, _ = highest(lambda rate: probe(rate) or probe(rate), V3_START, V3_CEILING, V3_RESOLUTION)
    return rate, costs.get(rate, 0.0)

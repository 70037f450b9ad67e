"""Pollers: the start of ten thousand, and the processor time of their polls at the rate of ten thousand devices a minute."""

import gc
import time
from collections.abc import Sequence

import trio

from bench.children import Child
from bench.context import Context
from bench.pollers import PollersBench
from bench.table import Row
from faultd.cli.run import COLLECTOR

ACTORS = 10_000
SCALE = 10
"""A tenth of the devices is measured by the standard plan, each at the interval of the issue: all of them keep more than two
cores busy, the agents' share included. Liveness is measured with all of them, since one wake serves many."""
INTERVAL = 60.0


def pollers(context: Context) -> Sequence[Row]:
    """Starting, liveness alone, and the standard plan."""
    with Child("bench.poll_agents") as agents:
        port = int(agents.hear()["port"])
        rows = [trio.run(started, port)]
        context.tell(f"{rows[-1].name}: {rows[-1].value}")
        seconds = INTERVAL if context.quick else 2 * INTERVAL
        for name, tables, scale, target in (
            ("Liveness of 10,000 devices a minute", False, 1, "0.01 cores"),
            ("Standard plan of 10,000 devices a minute", True, SCALE, "0.5 cores (moonshot 0.25)"),
        ):
            rows.append(trio.run(polled, name, port, tables, scale, target, seconds))
            context.tell(f"{rows[-1].name}: {rows[-1].value}")
    return rows


async def started(port: int) -> Row:
    """Ten thousand actors, before their first poll."""
    bench = PollersBench(ACTORS, port, 3_600.0, tables=True)
    async with bench.running() as (seconds, octets):
        return Row(
            name=f"Start of {ACTORS:,} pollers",
            value=f"{seconds:.2f} s, {octets / 1_000:.1f} kB each",
            target="2 s, 20 kB each",
            note="an actor under supervision for each device, with its agent, budget and session, before its first poll; "
            "growth of the process's resident memory, the engine's buffers included",
        )


async def polled(name: str, port: int, tables: bool, scale: int, target: str, seconds: float) -> Row:
    """Processor time of this process for ``seconds``, once every device has been polled twice."""
    gc.set_threshold(*COLLECTOR)  # as the daemon has it
    devices = ACTORS // scale
    bench = PollersBench(devices, port, INTERVAL, tables=tables)
    async with bench.running():
        await trio.sleep(1.5 * INTERVAL)
        cpu, begun = time.process_time(), time.perf_counter()
        polls, varbinds = bench.count("faultd_polls_total", outcome="answered"), bench.count("faultd_poll_varbinds_total")
        await trio.sleep(seconds)
        cpu, spent = time.process_time() - cpu, time.perf_counter() - begun
        polls = bench.count("faultd_polls_total", outcome="answered") - polls
        varbinds = bench.count("faultd_poll_varbinds_total") - varbinds
        failed = bench.count("faultd_polls_total", outcome="missed") + bench.count("faultd_polls_total", outcome="skipped")
    return Row(
        name=name,
        value=f"{scale * cpu / spent:.4f} cores",
        target=target,
        note=f"{f'{scale} times the' if scale > 1 else 'the'} measured {cpu / spent:.4f} cores of {devices:,} devices with an "
        f"address each, every {INTERVAL:.0f} s for {spent:.0f} s: {varbinds / polls:.0f} variable bindings and "
        f"{1e6 * cpu / polls:.0f} µs a poll; "
        f"sockets included, the agents' process not; {failed:.0f} polls failed or were late",
    )

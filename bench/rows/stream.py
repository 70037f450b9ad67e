"""The alarm stream: how soon a trap is seen, and what many subscribers cost."""

import time

from bench import load
from bench.children import BenchError, Child
from bench.context import Context
from bench.datagrams import resource_id
from bench.rows.sustained import OPEN
from bench.search import percentile
from bench.table import Row

RATE = 1_000
SUBSCRIBERS = 500


def latency(context: Context) -> list[Row]:
    """From sending a new problem's trap to the frame that first has its alarm."""
    seconds = 10 if context.quick else 30
    with context.daemon("latency") as daemon, context.sender() as sender:
        load.run(daemon, context.postgres, sender, rate=RATE, count=OPEN, what="new")
        with Child("bench.crowd", daemon.stream_port, daemon.token, 1) as crowd:
            crowd.hear()
            outcome = load.run(daemon, context.postgres, sender, rate=RATE, count=RATE * seconds)
            seen = crowd.ask()["first"]
    sent = {resource_id(0, int(number)): at for number, at in outcome.answer["at"].items()}
    missing = len(sent.keys() - seen.keys())
    if missing:
        raise BenchError(f"{missing} of {len(sent)} new alarms were never on the stream")
    times = [seen[name] - at for name, at in sent.items()]
    return [
        Row(
            name=f"Trap to WebSocket frame p50 / p99 at {RATE:,}/s",
            value=" / ".join(f"{1e3 * percentile(times, share):.0f}" for share in (0.5, 0.99)) + " ms",
            target="p99 below 100 ms",
            note=f"{len(times):,} new alarms among {outcome.sent:,} traps; the stream gathers changes for 20 ms; "
            f"others {outcome.others:.2f} cores",
        )
    ]


def fan_out(context: Context) -> list[Row]:
    """The same load without subscribers and with many: the difference is what they cost."""
    seconds = 5 if context.quick else 10
    with context.daemon("fan_out") as daemon, context.sender() as sender:
        load.run(daemon, context.postgres, sender, rate=RATE, count=OPEN, what="new")
        alone = load.run(daemon, context.postgres, sender, rate=RATE, count=RATE * seconds)
        with Child("bench.crowd", daemon.stream_port, daemon.token, SUBSCRIBERS) as crowd:
            crowd.hear()
            time.sleep(2)
            crowd.ask()
            outcome = load.run(daemon, context.postgres, sender, rate=RATE, count=RATE * seconds)
            time.sleep(1)
            seen = crowd.ask()
    extra = outcome.daemon_cpu - alone.daemon_cpu
    deliveries = seen["alarms"] * SUBSCRIBERS
    return [
        Row(
            name=f"Fan-out to {SUBSCRIBERS} subscribers",
            value=f"{deliveries / outcome.daemon_cpu:,.0f} deliveries/s a core",
            target="200,000/s a core",
            note=f"all of the daemon's {outcome.daemon_cpu:.2f} s counted, of which {alone.daemon_cpu:.2f} s for the same "
            f"load without subscribers (the difference alone: {extra:.2f} s); {seen['alarms']:,} alarm changes, gathered for "
            f"20 ms or while the loop is busy, to each at {RATE:,} traps/s, in {seen['frames']:,} frames altogether; "
            f"{seen['lost']} disconnected; lost {outcome.lost} traps; others {outcome.others:.2f} cores",
        )
    ]

"""PostgreSQL away and back; starting again with many open alarms."""

import time

from bench import load
from bench.children import BenchError
from bench.context import Context
from bench.rows.sustained import OPEN
from bench.table import Row

OUTAGE_RATE = 2_000
ALARMS = 100_000
CONNECT_SECONDS = 60.0


def catch_up(context: Context) -> list[Row]:
    """Traps while PostgreSQL is stopped; then how long until it has them all."""
    seconds = context.outage_seconds
    with context.daemon("catch_up") as daemon, context.sender() as sender:
        load.run(daemon, context.postgres, sender, rate=1_000, count=OPEN, what="new")
        sender.ask(do="build", port=daemon.trap_port, rate=OUTAGE_RATE, count=OUTAGE_RATE * seconds, what="mix")
        before = daemon.metrics()
        context.postgres.stop()
        try:
            answer = sender.ask(do="go")
        finally:
            context.postgres.start()
        begun = time.monotonic()
        while not daemon.metrics()["faultd_store_up"] and time.monotonic() - begun < CONNECT_SECONDS:
            time.sleep(0.05)
        connected = time.monotonic() - begun
        _, stored, after = load.settle(daemon, before, answer["sent"], begun)
        lost = answer["sent"] - int(after["faultd_traps_accepted_total"] - before["faultd_traps_accepted_total"])
        wrong = load.all_stored(daemon, 0, answer, 60.0)
        if wrong:
            raise BenchError(wrong)
    return [
        Row(
            name="Catch-up after PostgreSQL was away",
            value=f"{seconds / max(0.1, stored - connected):.1f} times real time",
            target="10 times",
            note=f"{seconds} s without PostgreSQL at {OUTAGE_RATE:,} traps/s; {connected:.1f} s after its return the daemon "
            f"connected (it tries at least every 2 s), {stored - connected:.1f} s later all was stored; with the pause it is "
            f"{seconds / stored:.1f} times; lost {lost}; every alarm compared",
        )
    ]


def restart(context: Context) -> list[Row]:
    """Start-up and recovery with many open alarms, and the memory they take."""
    alarms = ALARMS // 5 if context.quick else ALARMS
    rows = []
    daemon = context.daemon("restart")
    try:
        empty = daemon.start()
        small = daemon.memory()
        with context.sender() as sender:
            for _ in range(10):
                load.run(daemon, context.postgres, sender, rate=3_000, count=alarms // 10, what="new")
            loaded = daemon.memory()
            daemon.stop()
            clean = daemon.start()
            fresh = daemon.memory()
            load.run(daemon, context.postgres, sender, rate=3_000, count=30_000)
            daemon.kill()
            crash = daemon.start()
    finally:
        daemon.stop()
    rows.append(
        Row(
            name=f"Start-up with {alarms:,} open alarms",
            value=f"{clean:.1f} s",
            beside=f"{empty:.1f} s with none",
            note="from starting the process to READY, after a clean stop; database at hand",
        )
    )
    rows.append(
        Row(
            name=f"Recovery with {alarms:,} open alarms",
            value=f"{crash:.1f} s",
            note="to READY after kill -9 with up to 100,000 Events behind the last snapshot (30,000 sent just before)",
        )
    )
    rows.append(
        Row(
            name=f"Memory with {alarms:,} open alarms",
            value=f"{fresh / 2**20:.0f} MiB",
            beside=f"{small / 2**20:.0f} MiB with none",
            note=f"resident, just started; {loaded / 2**20:.0f} MiB in the process that had taken them",
        )
    )
    return rows

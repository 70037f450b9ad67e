"""Memory over time: half of what the daemon can hold, for long, on a plant whose number of alarms stays as it is."""

import time
from collections.abc import Sequence
from contextlib import ExitStack

from msgspec import Struct

from bench import load
from bench.children import BenchError, Child, Daemon
from bench.context import Context
from bench.sender import MOST
from bench.table import Row

OPEN = 2_000
"""Problems of each of the two plants: open, or cleared and soon raised again."""
UNKNOWN_RATE = 4_000
"""Where the sustained rate was not measured."""
LOOKS = 60


class Sample(Struct, frozen=True):
    """``at`` in seconds since the load began, ``rss`` in bytes."""

    at: float
    rss: int


def nearest(samples: Sequence[Sample], at: float) -> Sample:
    """The sample taken closest to ``at``."""
    return min(samples, key=lambda sample: abs(sample.at - at))


def slope(samples: Sequence[Sample]) -> float:
    """Bytes a second, by least squares; 0.0 for fewer than two."""
    if len(samples) < 2:
        return 0.0
    middle = sum(sample.at for sample in samples) / len(samples)
    spread = sum((sample.at - middle) ** 2 for sample in samples)
    return sum((sample.at - middle) * sample.rss for sample in samples) / spread if spread else 0.0


def soak(context: Context) -> list[Row]:
    """Two senders take turns, so that one prepares its datagrams while the other sends."""
    rate = context.soak_rate or (context.sustained // 2 if context.sustained else UNKNOWN_RATE)
    seconds = context.soak_seconds
    with ExitStack() as stack:
        daemon = stack.enter_context(context.daemon("soak"))
        senders = [stack.enter_context(context.sender(block, block + 1)) for block in (0, 1)]
        empty = daemon.memory()
        for sender in senders:
            load.run(daemon, context.postgres, sender, rate=1_000, count=OPEN, what="new")
        before = daemon.metrics()
        samples, sent, lasted = _send(context, daemon, senders, rate, seconds)
        behind, stored, after = load.settle(daemon, before, sent, time.monotonic())
        lost = sent - int(after["faultd_traps_accepted_total"] - before["faultd_traps_accepted_total"])
        wrong = "" if lost else _difference(daemon, senders)
        idle = daemon.memory()
    if wrong:
        raise BenchError(f"not everything is in PostgreSQL: {wrong}")
    second_half = [sample for sample in samples if sample.at >= lasted / 2]
    an_hour = slope(second_half) * 3600 / 2**20
    shown = [nearest(samples, lasted * share) for share in (0.1, 0.5, 1.0)]
    figures = empty, idle, min(sample.rss for sample in second_half), max(sample.rss for sample in second_half)
    before_it, after_it, least, most = (f"{rss / 2**20:.0f}" for rss in figures)
    note = (
        f"resident; {2 * OPEN:,} alarms, 15 % clears, 15 % re-raises, 70 % repeats, none new; {sent:,} traps at "
        f"{sent / lasted:,.0f}/s, {f'{lost:,} lost' if lost else 'none lost, every occurrence compared in PostgreSQL'}; "
        f"on disk {behind:.2f} s, stored {stored:.2f} s after the last; {before_it} MiB before, {after_it} MiB after; "
        f"{least} to {most} MiB in the second half"
    )
    return [
        Row(
            name=f"Memory after {_times(shown)} at {rate:,}/s",
            value=", ".join(f"{sample.rss / 2**20:.0f}" for sample in shown) + " MiB",
            target="flat",
            note=note,
        ),
        Row(
            name="Slope in the second half",
            value=f"{an_hour:+.1f} MiB/h",
            target="0",
            note=f"least squares over {len(second_half)} looks in {lasted / 2:.0f} s; a short run exaggerates",
        ),
    ]


def _send(
    context: Context, daemon: Daemon, senders: Sequence[Child], rate: int, seconds: int
) -> tuple[list[Sample], int, float]:
    """The samples, how many datagrams were sent, and for how long."""
    lot = min(MOST, max(1, rate * seconds // LOOKS))
    lots = max(1, round(rate * seconds / lot))
    prepare = {"do": "build", "port": daemon.trap_port, "rate": rate, "count": lot, "what": "steady"}
    senders[0].ask(**prepare)
    samples: list[Sample] = []
    sent = 0
    begun = time.monotonic()
    for number in range(lots):
        now, other = senders[number % 2], senders[(number + 1) % 2]
        now.tell(do="go")
        if number + 1 < lots:
            other.tell(**prepare)
        sent += now.hear()["sent"]
        if number + 1 < lots:
            other.hear()
        samples.append(Sample(time.monotonic() - begun, daemon.memory()))
        if number % 10 == 9:
            context.tell(f"{samples[-1].at:.0f} s: {samples[-1].rss / 2**20:.1f} MiB")
    return samples, sent, samples[-1].at


def _difference(daemon: Daemon, senders: Sequence[Child]) -> str:
    """Empty when PostgreSQL has exactly what both have sent since they began; else what is different."""
    found = []
    for block, sender in enumerate(senders):
        sender.ask(do="build", port=daemon.trap_port, rate=0, count=0, what="steady")
        found.append(load.all_stored(daemon, block, sender.ask(do="go")))
    return "; ".join(filter(None, found))


def _times(samples: Sequence[Sample]) -> str:
    long = samples[-1].at >= 300
    return ", ".join(f"{sample.at / 60:.1f}" if long else f"{sample.at:.0f}" for sample in samples) + (" min" if long else " s")

"""The highest rate that the daemon holds, and how many traps of a burst it keeps."""

from typing import Self

from msgspec import Struct

from bench import load
from bench.children import Child, Daemon
from bench.context import Context
from bench.search import confirmed, highest
from bench.table import Row

OPEN = 2_000
"""Alarms open when the load begins, and about as many all the while."""
CEILING, FLOOR = 40_000, 500
NOISE, NARROW = 0.2, 3.0
"""Cores used by foreign processes and seconds of backlog: a probe that failed with more of the one and less of the other
is repeated once."""
SHORT = 6
"""Seconds of the probes by which the rate is searched; the rate found is then held for the full time."""


class Search:
    """Probes of one daemon, by SNMPv3 where ``v3`` is true. After a loss the next probe is of another plant, since the first
    one's alarms no longer are those that its sender counts on."""

    def __init__(self, context: Context, daemon: Daemon, *, v3: bool = False) -> None:
        self._context, self._daemon, self._v3 = context, daemon, v3
        self._block = -1
        self._sender: Child | None = None
        self._narrow = False
        self.best: load.Outcome | None = None

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        if self._sender is not None:
            self._sender.__exit__(None)
            self._sender = None

    def holds(self, rate: int, seconds: int) -> bool:
        """True when ``rate`` held for ``seconds``. A narrow failure while others took much of the machine is tried again."""
        return self._probe(rate, seconds) or (self._narrow and self._probe(rate, seconds))

    def _probe(self, rate: int, seconds: int) -> bool:
        if self._sender is None:
            self._block += 1
            self._sender = Child("bench.sender", self._block, self._block)
            self._load(1_000, OPEN, "new")
        outcome = self._load(rate, rate * seconds)
        self._narrow = outcome.others > NOISE and not outcome.lost and outcome.behind < NARROW
        wrong = verdict(outcome, rate, seconds) or load.all_stored(self._daemon, self._block, outcome.answer)
        self._context.tell(
            f"{rate}/s for {seconds} s: {wrong or 'holds'} (on disk {outcome.behind:.2f} s and stored {outcome.stored:.2f} s "
            f"after the last, {outcome.cpu_per_trap:.0f} µs a trap, PostgreSQL {outcome.postgres_per_trap:.0f} µs, "
            f"others {outcome.others:.2f} cores)"
        )
        if wrong:
            if outcome.lost or "PostgreSQL" in wrong:
                self.__exit__()
        else:
            self.best = outcome
        return not wrong

    def _load(self, rate: int, count: int, what: str = "mix") -> load.Outcome:
        assert self._sender is not None
        return load.run(self._daemon, self._context.postgres, self._sender, rate=rate, count=count, what=what, v3=self._v3)


def verdict(outcome: load.Outcome, rate: int, seconds: int) -> str:
    """Empty when the rate holds: none lost, and nothing piles up anywhere; else what is wrong."""
    if outcome.rate < 0.97 * rate:
        return f"the sender reached only {outcome.rate:.0f}/s"
    if outcome.lost or outcome.kernel_drops:
        reasons = {"kernel": outcome.kernel_drops, **outcome.dropped}
        return f"{outcome.lost} lost: {', '.join(f'{reason} {count}' for reason, count in reasons.items())}"
    if outcome.events != outcome.sent:
        return f"{outcome.events} Events of {outcome.sent} traps"
    if outcome.behind > max(0.5, 0.02 * seconds):
        return f"reading was {outcome.behind:.1f} s behind at the end"
    if outcome.stored > max(1.0, 0.05 * seconds):
        return f"PostgreSQL was {outcome.stored:.1f} s behind at the end"
    return ""


class Held(Struct, frozen=True):
    """A rate that held for the full time, and the daemon's memory then in octets."""

    outcome: load.Outcome
    memory: int


def sustained(context: Context) -> list[Row]:
    """Closed search with short probes of one daemon, then the full time, with a new daemon for each attempt: what one attempt
    leaves behind is not the next one's load."""
    with context.daemon("search") as daemon, Search(context, daemon) as search:
        found, _ = highest(lambda rate: search.holds(rate, SHORT), 4_000, CEILING, floor=FLOOR)
    held: list[Held] = []

    def full(rate: int) -> bool:
        with context.daemon("sustained") as daemon, Search(context, daemon) as search:
            if not search.holds(rate, context.seconds) or search.best is None:
                return False
            held.append(Held(search.best, daemon.memory()))
            return True

    rate = confirmed(full, found)
    name = f"Sustained rate, none lost for {context.seconds} s"
    target = "10,000/s (moonshot 20,000)"
    if not held:
        return [Row(name=name, value="none held", target=target, note=f"short probes held {found:,}/s")]
    context.sustained = rate
    outcome, memory = held[-1].outcome, held[-1].memory
    note = (
        f"{outcome.sent:,} v2c traps of 7 varbinds from 120 sources, 5 % new, 15 % clears, 10 % re-raises, 70 % repeats, to a "
        f"daemon with {OPEN:,} open alarms; every alarm, its state and its occurrences compared in PostgreSQL; on disk "
        f"{outcome.behind:.2f} s, stored {outcome.stored:.2f} s after the last; others {outcome.others:.2f} cores; short "
        f"probes held {found:,}/s"
    )
    return [
        Row(name=name, value=f"{rate:,}/s", target=target, note=note),
        Row(
            name="CPU per trap at that rate",
            value=f"{outcome.cpu_per_trap:.0f} µs",
            note=f"the whole daemon; PostgreSQL's own {outcome.postgres_per_trap:.0f} µs come on top; daemon's memory "
            f"{memory / 2**20:.0f} MiB",
        ),
    ]


def burst(context: Context) -> list[Row]:
    """Back to back: as fast as one process can send."""
    rows = []
    for count, target in ((20_000, "none lost"), (100_000, "how many")):
        with context.daemon("burst") as daemon, context.sender() as sender:
            load.run(daemon, context.postgres, sender, rate=1_000, count=OPEN, what="new")
            outcome = load.run(daemon, context.postgres, sender, rate=0, count=count)
            wrong = "" if outcome.lost else load.all_stored(daemon, 0, outcome.answer)
        rows.append(
            Row(
                name=f"Burst of {count:,} back to back",
                value=f"{outcome.accepted:,} kept" + (f", {outcome.lost:,} lost" if outcome.lost else ", none lost"),
                target=target,
                note=f"sent in {outcome.seconds:.2f} s ({outcome.rate:,.0f}/s); {outcome.kernel_drops:,} kernel drops; "
                f"all on disk {outcome.behind:.1f} s, in PostgreSQL {outcome.stored:.1f} s after the last"
                + (f"; {wrong}" if wrong else ""),
            )
        )
    return rows

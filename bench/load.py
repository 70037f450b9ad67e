"""One load of the daemon: sent, waited for, and counted."""

import re
import time
from typing import Any

from msgspec import Struct

from bench.children import Child, Daemon, Postgres
from bench.machine import cpu_seconds, machine_cpu_seconds

_SETTLE_SECONDS = 120.0
_STALLED_SECONDS = 3.0
_DROPPED = re.compile(r'faultd_traps_dropped_total\{reason="(\w+)"\}')


class Outcome(Struct, frozen=True, kw_only=True):
    """Counts are of datagrams; ``behind`` is the seconds from the last one sent until the last was on disk, ``stored`` until
    PostgreSQL had everything. ``dropped`` is the listener's own drops by reason, those of the kernel apart. ``others`` is the
    noise: cores used by foreign processes while sending."""

    sent: int
    seconds: float
    accepted: int
    kernel_drops: int
    dropped: dict[str, int]
    events: int
    behind: float
    stored: float
    daemon_cpu: float
    postgres_cpu: float
    others: float
    answer: dict[str, Any]

    @property
    def lost(self) -> int:
        return self.sent - self.accepted

    @property
    def rate(self) -> float:
        return self.sent / self.seconds if self.seconds else 0.0

    @property
    def cpu_per_trap(self) -> float:
        """Microseconds of the daemon's processor time, until everything was stored."""
        return 1e6 * self.daemon_cpu / max(1, self.accepted)

    @property
    def postgres_per_trap(self) -> float:
        return 1e6 * self.postgres_cpu / max(1, self.accepted)


def run(
    daemon: Daemon, postgres: Postgres, sender: Child, *, rate: int, count: int, what: str = "mix", v3: bool = False
) -> Outcome:
    """Send, wait until all is in PostgreSQL (or nothing moves any more), and count."""
    sender.ask(do="build", port=daemon.trap_port, rate=rate, count=count, what=what, v3=v3)
    before = daemon.metrics()
    cpu, postgres_cpu, machine, sender_cpu = daemon.cpu(), postgres.cpu(), machine_cpu_seconds(), cpu_seconds(sender.pid)
    begun = time.monotonic()
    answer = sender.ask(do="go")
    ended = time.monotonic()
    ours = (daemon.cpu() - cpu) + (postgres.cpu() - postgres_cpu) + (cpu_seconds(sender.pid) - sender_cpu)
    others = max(0.0, machine_cpu_seconds() - machine - ours) / (ended - begun)
    behind, stored, after = settle(daemon, before, answer["sent"], ended)

    def grown(name: str) -> int:
        return int(after.get(name, 0) - before.get(name, 0))

    return Outcome(
        sent=answer["sent"],
        seconds=answer["seconds"],
        accepted=grown("faultd_traps_accepted_total"),
        kernel_drops=grown("faultd_kernel_drops_total"),
        dropped={found[1]: count for name in after if (found := _DROPPED.fullmatch(name)) and (count := grown(name))},
        events=grown('faultd_events_total{kind="trap"}'),
        behind=behind,
        stored=stored,
        daemon_cpu=daemon.cpu() - cpu,
        postgres_cpu=postgres.cpu() - postgres_cpu,
        others=others,
        answer=answer,
    )


def settle(daemon: Daemon, before: dict[str, float], sent: int, ended: float) -> tuple[float, float, dict[str, float]]:
    """Seconds since ``ended`` at which all was on disk and all was in PostgreSQL, and the metrics then."""
    moved, last, behind = time.monotonic(), (-1.0, -1.0), -1.0
    while True:
        metrics = daemon.metrics()
        now = time.monotonic()
        accepted = metrics["faultd_traps_accepted_total"] - before["faultd_traps_accepted_total"]
        lag = metrics.get('faultd_consumer_lag_batches{consumer="store"}', 0.0)
        waiting = sum(value for name, value in metrics.items() if name.startswith("faultd_mailbox_depth"))
        if accepted >= sent and behind < 0:
            behind = now - ended
        if (accepted, lag) != last:
            last, moved = (accepted, lag), now
        idle = not lag and not waiting
        if (idle and behind >= 0) or (idle and now - moved > _STALLED_SECONDS) or now - ended > _SETTLE_SECONDS:
            return (behind if behind >= 0 else now - ended), now - ended, metrics
        time.sleep(0.05)


def rows_in_postgres(daemon: Daemon, block: int) -> tuple[int, int, int]:
    """Problems of the sender's plant, alarms that are open, and occurrences, as PostgreSQL has them. A problem that is raised
    again after the control time is another alarm."""
    (row,) = daemon.query(
        "SELECT count(DISTINCT (resource_id, alarm_type, qualifier)) AS problems, "
        "count(*) FILTER (WHERE cleared_at IS NULL) AS open, "
        "coalesce(sum(occurrence_count), 0)::bigint AS raises FROM alarms WHERE device_id LIKE $1",
        f"127.{20 + block}.%",
    )
    return row["problems"], row["open"], row["raises"]


def all_stored(daemon: Daemon, block: int, answer: dict[str, Any], seconds: float = 10.0) -> str:
    """Empty when PostgreSQL has exactly what the sender has sent since it began; else the difference."""
    tally = answer["tally"]
    wanted = (answer["known"], answer["open"], tally["new"] + tally["reopened"] + tally["repeats"])
    deadline = time.monotonic() + seconds
    while (found := rows_in_postgres(daemon, block)) != wanted:
        if time.monotonic() > deadline:
            return f"(problems, open, occurrences) in PostgreSQL {found}, sent {wanted}"
        time.sleep(0.2)
    return ""

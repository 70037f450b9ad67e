"""The daemon that some targets fuzz: a real one with an embedded PostgreSQL and a plant. It must still be well at the end."""

import argparse
import json
import random
import re
import sys
import tempfile
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime
from http.client import HTTPConnection
from pathlib import Path
from typing import Any, NamedTuple

import common  # noqa: F401 - where the code is
import trio

from actors.tokens import TokenFile
from faultd.demo.daemon import running
from faultd.demo.workplace import Workplace, prepare
from faultd.simulator.plant import PlantSpec, SimulatedPlant, build_plant

API = "/api/v1/faults"
NEVER = (
    "faultd_actor_restarts_total",
    'faultd_stream_refused_total{reason="error"}',
    'faultd_http_connections_dropped_total{reason="error"}',
)
"""Counters that stay at 0."""
ERROR = re.compile(r'"level": ?"(error|critical)"|"exception"|Traceback')
"""In a line of the log: something went wrong that should not."""


class Found(Exception):
    """An answer that must not be."""


class Answer(NamedTuple):
    """What a request was answered with; ``body`` is what the JSON says, or the text."""

    status: int
    kind: str
    body: Any


class Target(NamedTuple):
    """A daemon that is fuzzed."""

    place: Workplace
    plant: SimulatedPlant
    admin: str
    """A token of an administrator of every tenant."""

    def token(self, role: str, tenant: str | None = None) -> str:
        """Make one more token."""
        book = TokenFile(self.place.folder / "tokens.json")
        return book.create(f"{role} of {tenant}", role, tenant, datetime.now(UTC))  # type: ignore[arg-type]

    def ask(self, method: str, path: str, body: Any = None) -> Answer:
        """One request by the administrator."""
        connection = HTTPConnection("127.0.0.1", self.place.ports["http"], timeout=30)
        headers = {"Authorization": f"Bearer {self.admin}", "Content-Type": "application/json"}
        connection.request(method, path, None if body is None else json.dumps(body).encode(), headers)
        response = connection.getresponse()
        octets, kind = response.read(), response.headers.get("Content-Type", "")
        connection.close()
        return Answer(response.status, kind, json.loads(octets) if "json" in kind else octets.decode())

    def check(self) -> None:
        """Raises :class:`Found` unless each part is well, none was restarted and no Event is in quarantine."""
        ready = self.ask("GET", "/readyz")
        ill = {name: part for name, part in ready.body["parts"].items() if part["status"] != "ok"}
        if ready.status != 200 or ill:
            raise Found(f"/readyz says {ready.status}: {ill}")
        for line in self.ask("GET", "/metrics").body.splitlines():
            name, _, value = line.rpartition(" ")
            if name.startswith(NEVER) and float(value):
                raise Found(line)
        waiting = self.ask("GET", f"{API}/quarantine").body
        if waiting["items"]:
            raise Found(f"in quarantine: {waiting}")


def tell(text: str) -> None:
    """Progress, for whoever waits."""
    sys.stderr.write(f"{text}\n")


def seeded(seed: int) -> int:
    """``seed``, or another one each time for 0."""
    return seed or random.randrange(1, 1 << 32)


def main(fuzz: Callable[[Target, float, int], Awaitable[int]], description: str) -> None:
    """The command line of a target: ``--seconds`` and ``--seed``, 0 for another seed each time. Ends the process."""
    parser = argparse.ArgumentParser(description=description.splitlines()[0])
    parser.add_argument("--seconds", type=int, default=60)
    parser.add_argument("--seed", type=int, default=0)
    arguments = parser.parse_args()
    sys.exit(run(lambda daemon: fuzz(daemon, arguments.seconds, seeded(arguments.seed))))


def run(fuzz: Callable[[Target], Awaitable[int]]) -> int:
    """Start the daemon for as long as ``fuzz`` takes. Its exit code, or 1 for a finding, a daemon that is not well, or a
    traceback in its log."""
    with tempfile.TemporaryDirectory(prefix="faultd-fuzz-", ignore_cleanup_errors=True) as folder:
        # The embedded PostgreSQL may run under another account, which has to reach its files in here.
        Path(folder).chmod(0o755)
        plant = build_plant(PlantSpec(olts=1))
        place = prepare(Path(folder), plant)
        place.config.write_text(place.config.read_text().replace("[http]\n", "[http]\nmetrics_need_token = true\n"))
        admin = TokenFile(place.folder / "tokens.json").create("fuzz", "admin", None, datetime.now(UTC))
        code = trio.run(_with_daemon, Target(place, plant, admin), fuzz)
        words = place.log.read_text(errors="replace")
        errors = [line for line in words.splitlines() if ERROR.search(line)]
        if errors:
            tell(f"FOUND: {len(errors)} errors in the daemon's log, the first:\n{errors[0][:6000]}")
            return 1
        return code


async def _with_daemon(target: Target, fuzz: Callable[[Target], Awaitable[int]]) -> int:
    async with running(target.place, tell):
        try:
            code = await fuzz(target)
            await trio.to_thread.run_sync(target.check)
        except Found as found:
            tell(f"FOUND: {found}")
            return 1
        return code

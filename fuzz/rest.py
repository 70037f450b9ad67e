"""Fuzz the REST API of a real daemon, with alarms in it, by what its own OpenAPI promises.

    pip install schemathesis
    python fuzz/rest.py --seconds 300

Every answer must be one that is documented, of the documented type and schema; an error is a problem+json; no 5xx but the 503
that each operation names. A fifth of the time goes to whole lives of maintenance windows, rules and nodes, of which a schema
does not tell (lifecycles.py); ``--lifecycles`` is that alone, and needs no schemathesis. The exit code is 0 when nothing was
found.
"""

import argparse
import subprocess
import sys
from datetime import UTC, datetime
from pathlib import Path

import trio
from common import HERE
from daemon import Target, run, seeded, tell
from lifecycles import live

from faultd.simulator.plan import Options, simulate
from faultd.simulator.runner import run_simulation, target
from faultd.simulator.scenarios import scenario

CHECKS = (
    "not_a_server_error,status_code_conformance,content_type_conformance,response_schema_conformance,response_headers_conformance,"
    "negative_data_rejection,ignored_auth,use_after_free"
)


async def with_daemon(daemon: Target, seconds: float, seed: int, others: list[str]) -> int:
    """Let a fibre be cut, and fuzz. schemathesis's exit code."""
    plan = simulate(daemon.plant, scenario("feeder-cut"), Options(seed=1, start=datetime.now(UTC)))
    await run_simulation(plan, target("127.0.0.1", daemon.place.ports["traps"]), speed=50.0)
    alone = "--lifecycles" in others
    await lifecycles(daemon, seconds if alone else seconds / 5, seeded(seed))
    return 0 if alone else await fuzz(daemon, int(seconds * 4 / 5), seed, others)


async def lifecycles(daemon: Target, seconds: float, seed: int) -> None:
    """The lives of windows, rules and nodes, which have to go as they must."""
    tell(f"lifecycles, --seed {seed}")
    answers = await trio.to_thread.run_sync(live, daemon.place.ports["http"], daemon.admin, seconds, seed)
    await trio.to_thread.run_sync(daemon.check)
    tell(f"lifecycles: {sum(answers.values())} requests, all answered as documented, no Event in quarantine")
    for (operation, status), count in sorted(answers.items()):
        tell(f"  {operation} {status}: {count}")


async def fuzz(daemon: Target, seconds: int, seed: int, others: list[str]) -> int:
    """Run schemathesis against the daemon."""
    base = f"http://127.0.0.1:{daemon.place.ports['http']}"
    command = [
        *(str(Path(sys.executable).with_name("schemathesis")), "run", f"{base}/schema/openapi.json", "--url", base),
        *("--header", f"Authorization: Bearer {daemon.admin}", "--checks", CHECKS, "--continue-on-failure"),
        *("--max-time", str(seconds), "--request-timeout", "30", "--suppress-health-check", "all"),
        *(("--seed", str(seed)) if seed else ()),
        *others,
    ]
    done: subprocess.CompletedProcess[bytes] = await trio.run_process(command, check=False, cwd=HERE)
    return done.returncode


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--seconds", type=int, default=60)
    parser.add_argument("--seed", type=int, default=0)
    arguments, rest = parser.parse_known_args()
    sys.exit(run(lambda daemon: with_daemon(daemon, arguments.seconds, arguments.seed, rest)))

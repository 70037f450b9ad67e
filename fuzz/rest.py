"""Fuzz the REST API of a real daemon, with alarms in it, by what its own OpenAPI promises.

    pip install schemathesis
    python fuzz/rest.py --seconds 300

Every answer must be one that is documented, of the documented type and schema; an error is a problem+json; no 5xx but the 503
that each operation names. A fifth of the time goes to whole lives of maintenance windows, rules and nodes, of which a schema
does not tell (lifecycles.py); ``--lifecycles`` is that alone, and needs no schemathesis. The exit code is 0 when nothing was
found.
"""

import argparse
import random
import subprocess
import sys
import tempfile
from datetime import UTC, datetime
from pathlib import Path

import trio
from common import HERE
from lifecycles import Found, live

from actors.tokens import TokenBook
from faultd.demo.daemon import running
from faultd.demo.workplace import Workplace, prepare
from faultd.simulator.plan import Options, simulate
from faultd.simulator.plant import Plant, PlantSpec, build_plant
from faultd.simulator.runner import run_simulation, target
from faultd.simulator.scenarios import scenario

CHECKS = (
    "not_a_server_error,status_code_conformance,content_type_conformance,response_schema_conformance,response_headers_conformance,"
    "negative_data_rejection,ignored_auth,use_after_free"
)


def tell(text: str) -> None:
    """Progress, for whoever waits."""
    sys.stderr.write(f"{text}\n")


def main(seconds: int, seed: int, others: list[str]) -> int:
    """The daemon for as long as it takes; schemathesis's exit code, or 1 for a traceback in the daemon's log."""
    with tempfile.TemporaryDirectory(prefix="faultd-fuzz-", ignore_cleanup_errors=True) as folder:
        # The embedded PostgreSQL may run under another account, which has to reach its files in here.
        Path(folder).chmod(0o755)
        plant = build_plant(PlantSpec(olts=1))
        place = prepare(Path(folder), plant)
        token = TokenBook(place.folder / "tokens.json").create("fuzz", "admin", None, datetime.now(UTC))
        code = trio.run(with_daemon, place, plant, token, seconds, seed, others)
        words = place.log.read_text(errors="replace")
        if "Traceback" in words or '"exception"' in words:
            at = max(words.find("Traceback"), words.find('"exception"'))
            tell(words[max(0, at - 1000) : at + 4000])
            return 1
        return code


async def with_daemon(place: Workplace, plant: Plant, token: str, seconds: float, seed: int, others: list[str]) -> int:
    """Start it, let a fibre be cut, and fuzz."""
    async with running(place, tell):
        plan = simulate(plant, scenario("feeder-cut"), Options(seed=1, start=datetime.now(UTC)))
        await run_simulation(plan, target("127.0.0.1", place.ports["traps"]), speed=50.0)
        alone = "--lifecycles" in others
        if not await lifecycles(place, token, seconds if alone else seconds / 5, seed):
            return 1
        return 0 if alone else await fuzz(place, token, int(seconds * 4 / 5), seed, others)


async def lifecycles(place: Workplace, token: str, seconds: float, seed: int) -> bool:
    """Whether the lives of windows, rules and nodes went as they must."""
    seed = seed or random.randrange(1, 1 << 32)
    try:
        answers = await trio.to_thread.run_sync(live, place.ports["http"], token, seconds, seed)
    except Found as found:
        tell(f"lifecycles, --seed {seed}: {found}")
        return False
    tell(f"lifecycles: {sum(answers.values())} requests, all answered as documented")
    for (operation, status), count in sorted(answers.items()):
        tell(f"  {operation} {status}: {count}")
    return True


async def fuzz(place: Workplace, token: str, seconds: int, seed: int, others: list[str]) -> int:
    """Run schemathesis against the daemon."""
    base = f"http://127.0.0.1:{place.ports['http']}"
    command = [
        *(str(Path(sys.executable).with_name("schemathesis")), "run", f"{base}/schema/openapi.json", "--url", base),
        *("--header", f"Authorization: Bearer {token}", "--checks", CHECKS, "--continue-on-failure"),
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
    sys.exit(main(arguments.seconds, arguments.seed, rest))

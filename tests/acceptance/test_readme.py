"""README's first trap, as it stands there: a new operator copies it line by line."""

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
import trio
from acceptance.harness import PATIENCE, own_port

pytestmark = pytest.mark.acceptance

ROOT = Path(__file__).resolve().parent.parent.parent
NOTHING_LEFT = "trap 'jobs -p | xargs -r kill' EXIT"
PORTS = {"10162": "FAULTD_TRAPS__LISTEN", "8162": "FAULTD_HTTP__BIND", "8163": "FAULTD_STREAM__BIND"}


def block(heading: str) -> str:
    """The commands below ``heading``."""
    found = re.search(rf"^## {heading}\n.*?^```sh\n(.*?)^```", (ROOT / "README.md").read_text(), re.DOTALL | re.MULTILINE)
    assert found is not None
    return found[1]


async def test_the_first_trap_is_an_alarm(place: Path) -> None:
    commands = block("A first trap")
    ports = {port: str(own_port()) for port in PORTS}
    for port, own in ports.items():
        commands = commands.replace(port, own)
    if shutil.which("snmptrap") is None:
        commands = re.sub(r"^snmptrap .*\n", "", commands, flags=re.MULTILINE)
    (place / "config").symlink_to(ROOT / "config")
    (place / "bin").mkdir()
    faultd = place / "bin" / "faultd"
    faultd.write_text(f'#!/bin/sh\nexec {sys.executable} -m faultd "$@"\n')
    faultd.chmod(0o755)
    environment = {name: value for name, value in os.environ.items() if not name.startswith(("FAULTD_", "XDG_"))}
    environment |= {
        "HOME": str(place),
        "PATH": f"{place / 'bin'}:{environment['PATH']}",
        "PYTHONPATH": str(ROOT),
        "FAULTD_HTTP__BIND": f"127.0.0.1:{ports['8162']}",
        "FAULTD_STREAM__BIND": f"127.0.0.1:{ports['8163']}",
    }
    with trio.fail_after(2 * PATIENCE):
        done = await trio.run_process(
            ["bash", "-e", "-c", f"{NOTHING_LEFT}\n{commands}"],
            cwd=place,
            env=environment,
            stdin=subprocess.DEVNULL,
            capture_stdout=True,
            capture_stderr=True,
            check=False,
        )
    said = done.stdout.decode()
    assert done.returncode == 0, (said, done.stderr, (place / "faultd.log").read_text()[-2000:])
    listed = [line.split("\t") for line in said.splitlines() if "\tactive\t" in line]
    types = {row[5] for row in listed}
    assert "ont.los" in types, said
    assert ("interface.down" in types) == ("snmptrap" in commands)
    assert '{"items":[{"id":' in said
    assert (place / ".config/faultd/token").stat().st_mode & 0o077 == 0
    assert "Traceback" not in (place / "faultd.log").read_text()

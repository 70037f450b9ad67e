"""The example of docs/api.md: a client generated from the OpenAPI document of a running daemon acknowledges an alarm."""

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest
import trio
from acceptance.harness import API, PATIENCE, Daemon
from tools import tool

pytestmark = pytest.mark.acceptance

SECTION = (Path(__file__).parents[2] / "docs" / "api.md").read_text().partition("## A client from the description")[2]
ALARM = {
    "alarm_type": "ont.los",
    "severity": "critical",
    "title": "Loss of signal",
    "resource_type": "ont",
    "resource_id": "olt-1/0/1/3",
}


async def succeed(words: list[str], folder: Path) -> str:
    """What a program says, on either stream; it must succeed."""
    with trio.fail_after(PATIENCE):
        done = await trio.run_process(
            words,
            stdin=subprocess.DEVNULL,
            capture_stdout=True,
            capture_stderr=True,
            check=False,
            cwd=folder,
            env={**os.environ, "PYTHONPATH": str(folder)},
        )
    assert done.returncode == 0, (words, done.stdout.decode(), done.stderr.decode())
    return done.stdout.decode() + done.stderr.decode()


async def test_a_generated_client_acknowledges_an_alarm(daemon: Daemon, tmp_path: Path) -> None:
    """The generator has a virtual environment of its own (`make client`), in which the client runs too."""
    programs = f"{sys.prefix}-client/bin"
    generator, python = tool("openapi-python-client", programs), f"{programs}/python"
    commands, example = re.findall(r"```(?:console|python)\n(.*?)```", SECTION, re.DOTALL)[:2]
    async with daemon.http() as client:
        (tmp_path / "openapi.json").write_bytes((await client.get("/schema/openapi.json")).content)
        generate = re.search(r"\$ openapi-python-client (.*)", commands)
        assert generate is not None
        said = await succeed([generator, *generate[1].split()], tmp_path)
        # No JSON: a file, and what is for a browser.
        left_out = {f"PUT {API}/topology", "GET /acknowledge/{link}", "POST /acknowledge/{link}", "GET /console/{name}"}
        assert set(re.findall(r"WARNING parsing (.*) within", said)) == left_out
        made = (await client.post(f"{API}/alarms", json=ALARM)).json()
        (tmp_path / "example.py").write_text(example)
        said = await succeed([python, "example.py", f"http://127.0.0.1:{daemon.http_port}", daemon.token], tmp_path)
        assert said == f"{made['alarm_id']} is acknowledged by ada\n"
        shown = (await client.get(f"{API}/alarms/{made['id']}")).json()
        assert (shown["status"], shown["acknowledged_by"]) == ("acknowledged", "ada")

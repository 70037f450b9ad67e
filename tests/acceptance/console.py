"""The command line against a running daemon."""

import os
import subprocess
import sys
from typing import Any

import trio
from acceptance.harness import PATIENCE, Daemon
from msgspec import Struct


class Done(Struct):
    code: int
    out: str
    err: str


def command(daemon: Daemon, *arguments: str) -> dict[str, Any]:
    words = [sys.executable, "-m", "faultd", *arguments, "--config", str(daemon.file)]
    return {"command": words, "env": {**os.environ, "FAULTD_TOKEN": daemon.token}}


async def faultd(daemon: Daemon, *arguments: str) -> Done:
    with trio.fail_after(PATIENCE):
        done = await trio.run_process(
            **command(daemon, *arguments), stdin=subprocess.DEVNULL, capture_stdout=True, capture_stderr=True, check=False
        )
    assert b"Traceback" not in done.stderr, done.stderr
    return Done(done.returncode, done.stdout.decode(), done.stderr.decode())

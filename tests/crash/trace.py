"""The system calls of a child that change files, as strace saw them, in order."""

import os
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator, Sequence
from functools import cache
from pathlib import Path

from msgspec import Struct

CALLS = (
    "openat,open,creat,close,dup,dup2,dup3,mkdir,mkdirat,rmdir,unlink,unlinkat,rename,renameat,renameat2,link,linkat,"
    "write,writev,pwrite64,pwritev,pwritev2,ftruncate,truncate,fallocate,copy_file_range,sendfile,"
    "fsync,fdatasync,sync_file_range,syncfs,sync"
)
CHILD_SECONDS = 120


class Call(Struct, frozen=True):
    """``arguments`` as strace writes them, strings decoded to octets. ``result`` is negative for an error."""

    name: str
    arguments: tuple[str | bytes, ...]
    result: int


class NoTracing(Exception):
    """strace is not there, or may not trace here; the text says which, and what to do."""


@cache
def strace() -> str:
    """Path of a strace that works. Raises NoTracing."""
    found = shutil.which("strace")
    if found is None:
        raise NoTracing("strace is not installed (Debian: apt-get install strace)")
    tried = subprocess.run([found, "-o", os.devnull, "true"], capture_output=True, text=True, check=False)
    if tried.returncode:
        raise NoTracing(f"strace may not trace here (a container needs the capability SYS_PTRACE): {tried.stderr.strip()}")
    return found


def run_child(
    file: Path, workload: str, *options: str, log: Path, inject: Sequence[str] = (), paths: Sequence[Path] = ()
) -> subprocess.CompletedProcess[bytes]:
    """Run the child on ``file`` under strace, its calls written to ``log``; faults as strace's ``-e inject=`` takes them."""
    command = [strace(), "-qq", "-xx", "-s", "10000000", "-o", str(log), "-e", f"trace={CALLS},pread64"]
    for each in inject:
        command += ["-e", f"inject={each}"]
    for path in paths:
        command += ["-P", str(path)]
    return child(command, file, workload, *options)


def child(prefix: Sequence[str], file: Path, workload: str, *options: str) -> subprocess.CompletedProcess[bytes]:
    """Run the child to its end."""
    return subprocess.run(
        [*prefix, sys.executable, "-m", "crash.child", str(file), workload, *options],
        capture_output=True,
        check=False,
        timeout=CHILD_SECONDS,
        env={**os.environ, "PYTHONPATH": os.pathsep.join(sys.path), "PYTHONDONTWRITEBYTECODE": "1"},
    )


_LINE = re.compile(r"^(\w+)\((.*)\)\s+= (-?\d+|\?)")


def calls(log: Path) -> Iterator[Call]:
    """The calls in a log."""
    with log.open() as lines:
        for line in lines:
            match = _LINE.match(line)
            if match is None or match[3] == "?":
                continue
            yield Call(match[1], tuple(_argument(text) for text in match[2].split(", ")), int(match[3]))


def _argument(text: str) -> str | bytes:
    if text.startswith('"'):
        if text.endswith("..."):
            raise ValueError("strace cut an argument short")
        return bytes.fromhex(text[1:-1].replace("\\x", ""))
    return text

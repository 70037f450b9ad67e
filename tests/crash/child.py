"""A process that drives the ledger's file through a workload and says, line by line, what it was promised.

    python -m crash.child FILE WORKLOAD [--log-pages N] [--file-limit OCTETS]

A refused step is tried again, as the actor does; what cannot be opened at the start is said, with the type of the error.
"""

import argparse
import os
import resource
import signal
import sys
from pathlib import Path

from crash.journal import Line
from crash.workload import PIECES, WORKLOADS, Probe, Progress, Prune, Reopen, Step, Write
from msgspec import json

from actors.ledger import schema
from actors.ledger.database import LedgerFile
from actors.ledger.errors import DiskRefused, LedgerError
from actors.ledger.prune import PruneLimits

TRIES = 6
FAR = 1 << 60


def say(line: Line) -> None:
    """One system call for one line, so that its place among the others is exact."""
    os.write(1, json.encode(line) + b"\n")


def lift_limit() -> None:
    """Files may grow again."""
    resource.setrlimit(resource.RLIMIT_FSIZE, (resource.RLIM_INFINITY, resource.RLIM_INFINITY))


class Child:
    """The ledger in use."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.progress = Progress()
        self.attempts = 0
        self.database = self.open()

    def open(self) -> LedgerFile:
        """As a restart does, tried again by whoever started it."""
        for _ in range(TRIES):
            say(Line("opening"))
            try:
                database = LedgerFile.open(self.path)
            except LedgerError as error:
                say(Line("failed", error=f"{type(error).__name__}: {error}"))
                lift_limit()
                continue
            say(Line("opened", ledger_id=database.ledger_id))
            return database
        sys.exit("cannot be opened")

    def step(self, step: Step) -> None:
        """Until it is done."""
        for _ in range(TRIES):
            try:
                self.attempt(step)
            except DiskRefused as error:
                say(Line("refused", error=f"{type(error).__name__}: {error}"))
                lift_limit()
            else:
                return
        sys.exit(f"still refused: {step}")

    def attempt(self, step: Step) -> None:
        """Once. Raises DiskRefused."""
        match step:
            case Write():
                self.write(step)
            case Prune():
                say(Line("pruning"))
                self.database.prune(PruneLimits(FAR, FAR, self.database.cursors().get("store", 0)))
            case Probe():
                self.database.probe()
            case Reopen():
                self.database.close()
                self.database = self.open()
                head = self.database.head
                assert head.offset == self.progress.offset, (head, self.progress)

    def write(self, step: Write) -> None:
        """One commit."""
        self.attempts += 1
        progress, attempt = self.progress, self.attempts
        first = progress.offset + 1
        say(Line("begin", first=first, last=progress.offset + step.events, attempt=attempt))
        written = self.database.write(progress.group(step, attempt))
        progress.acknowledged(step)
        assert next(each for each in written.firsts if each is not None) == first, (written.firsts, first)
        complete = step.piece == PIECES - 1
        say(
            Line(
                "ack",
                first=first,
                last=progress.offset,
                attempt=attempt,
                seq=progress.seq,
                through=progress.through,
                snapshot=progress.snapshot if complete else 0,
                cursor=progress.seq - 1 if step.cursor else 0,
            )
        )


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("path", type=Path)
    parser.add_argument("workload", choices=WORKLOADS)
    parser.add_argument("--log-pages", type=int, default=0)
    parser.add_argument("--file-limit", type=int, default=0)
    arguments = parser.parse_args()
    if arguments.log_pages:
        # The log is moved into the database file while the workload runs, not only when it opens and closes.
        schema._WAL_PAGES = arguments.log_pages
    if arguments.file_limit:
        signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
        resource.setrlimit(resource.RLIMIT_FSIZE, (arguments.file_limit, resource.RLIM_INFINITY))
    child = Child(arguments.path)
    for step in WORKLOADS[arguments.workload]:
        child.step(step)
    child.database.close()
    say(Line("done"))


if __name__ == "__main__":
    main()

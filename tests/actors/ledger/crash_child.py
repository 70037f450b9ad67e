"""A ledger under load, to be killed: says on stdout what it was told is durable. Run by ``test_ledger_crash``."""

import os
import sys
from datetime import UTC, datetime
from pathlib import Path

import structlog
import trio
from vocabulary.ledger import RunningLedger, report, running_ledger

from actors.ledger.settings import LedgerSettings
from actors.mailbox import Append, Outcome, Reply

SETTINGS = LedgerSettings(snapshot_every_events=40, max_batch=16, pipe_batches=3)


async def produce(house: RunningLedger, name: str) -> None:
    for n in range(1_000_000):
        names = [f"{name}.{n}.{part}" for part in range(1 + n % 3)]
        append = Append([report(each) for each in names], Reply[int](), Reply[Outcome]())
        await house.send.send(append)
        assert append.committed is not None
        assert append.answered is not None
        first = await append.committed.wait()
        os.write(1, "".join(f"committed {each} {first + index}\n" for index, each in enumerate(names)).encode())
        outcome = await append.answered.wait()
        os.write(1, f"answered {names[0]} {outcome.seq}\n".encode())
        await house.feed.acknowledge("store", outcome.seq)


async def main(path: Path, name: str) -> None:
    async with running_ledger(path, SETTINGS, lambda: datetime.now(UTC)) as house, trio.open_nursery() as nursery:
        for producer in range(6):
            nursery.start_soon(produce, house, f"{name}.{producer}")


if __name__ == "__main__":
    structlog.configure(logger_factory=structlog.PrintLoggerFactory(sys.stderr))
    trio.run(main, Path(sys.argv[1]), sys.argv[2])

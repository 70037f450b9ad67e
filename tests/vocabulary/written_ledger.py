"""A ledger's file, written without a running daemon."""

from pathlib import Path

from actors.correlator.state import State
from actors.ledger.codec import encode_parts
from actors.ledger.database import LedgerFile
from actors.ledger.group import CommitGroup, SnapshotPiece
from faultd.pipe import Stages
from protocols.change import Change
from protocols.event import Event, Tick
from protocols.ledger import ChangeBatch
from vocabulary.world import moment


class WrittenLedger:
    """A ledger file with what the daemon writes, and the stages beside it, so that snapshots and ids are real."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.file = LedgerFile.open(path)
        self.stages = Stages(self.file.ledger_id)

    @property
    def state(self) -> State:
        """The correlator's state."""
        return self.stages.state

    def at(self, seconds: float, *events: Event) -> list[Change]:
        """Write Events, so many seconds after the start, and fold them; their Changes, which are not written."""
        now, first = moment(seconds), self.file.head.offset + 1
        self.file.write(CommitGroup(now=now, through=first - 1, appends=[list(events)]))
        return [change for offset, event in enumerate(events, first) for change in self.stages.fold(offset, now, event)]

    def record(self, changes: list[Change]) -> None:
        """Write the Changes of all Events that have none yet."""
        last = self.file.head.offset
        self.file.write(CommitGroup(now=self.state.at, through=last, folded=[ChangeBatch(last, changes)]))

    def ticks(self, begin: int, end: int) -> None:
        """Write a tick every five seconds."""
        for second in range(begin, end, 5):
            self.at(second, Tick())

    def snapshot(self) -> None:
        """Write a snapshot of all stages."""
        body = memoryview(encode_parts(self.stages.save()))
        through = self.state.offset
        self.file.write(CommitGroup(now=self.state.at, through=through, folded=[SnapshotPiece(through, 0, body, 1)]))

    def alarm(self, resource: str) -> str:
        """The id of the one alarm about a resource."""
        (found,) = [each.id for each in self.state.alarms.values() if each.resource_id == resource]
        return found

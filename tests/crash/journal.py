"""What a child said while it ran: attempts begun, commits acknowledged, refusals. One JSON object a line."""

from collections.abc import Iterable

from msgspec import Struct, json


class Line(Struct, omit_defaults=True):
    """``say``: opening, opened, begin, ack, refused (of a write), closed, pruning, failed, done."""

    say: str
    ledger_id: str = ""
    first: int = 0
    last: int = 0
    attempt: int = 0
    seq: int = 0
    through: int = 0
    snapshot: int = 0
    cursor: int = 0
    error: str = ""


class Journal(Struct):
    """The promises of a child so far."""

    ledger_id: str = ""
    begun: dict[int, set[int]] = {}
    """Attempts by offset."""
    acknowledged: dict[int, int] = {}
    """The attempt that was acknowledged, by offset."""
    seq: int = 0
    through: int = 0
    """Through which offset Changes were acknowledged as recorded."""
    snapshot: int = 0
    cursor: int = 0
    pruning: bool = False
    refusals: list[str] = []
    done: bool = False

    def add(self, line: Line) -> None:
        """Take in what was said next."""
        if line.say == "opened":
            self.ledger_id = line.ledger_id
        elif line.say == "begin":
            for offset in range(line.first, line.last + 1):
                self.begun.setdefault(offset, set()).add(line.attempt)
        elif line.say == "ack":
            self.acknowledged |= dict.fromkeys(range(line.first, line.last + 1), line.attempt)
            self.seq, self.through = max(self.seq, line.seq), max(self.through, line.through)
            self.snapshot, self.cursor = max(self.snapshot, line.snapshot), max(self.cursor, line.cursor)
        elif line.say == "pruning":
            self.pruning = True
        elif line.say in ("refused", "failed"):
            self.refusals.append(line.error)
        elif line.say == "done":
            self.done = True


def journal(lines: Iterable[bytes]) -> Journal:
    """All that was said, up to the last whole line."""
    said = Journal()
    for line in lines:
        said.add(json.decode(line, type=Line))
    return said

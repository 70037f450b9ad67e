"""A start from the ledger's file."""

from datetime import UTC, datetime
from pathlib import Path

from vocabulary.traps import make_notification

from actors.ledger.database import LedgerFile
from actors.ledger.group import CommitGroup
from faultd.restore import restore
from protocols.event import Tick, Trap

NOW = datetime(2026, 3, 1, 3, 0, tzinfo=UTC)
STRANGE = Trap(
    "10.0.0.1",
    NOW,
    make_notification("1.3.6.1.4.1.99999.7", uptime=None),
)


def test_what_is_folded_again_at_a_start_is_not_counted_again(tmp_path: Path) -> None:
    file = tmp_path / "ledger.sqlite"
    database = LedgerFile.open(file)
    database.write(CommitGroup(NOW, 0, [(STRANGE, Tick())]))
    database.write(CommitGroup(NOW, 2, [(Tick(),)]))  # the first two are folded, which this commit says
    database.close()
    again, stages, _seq = restore(file)
    again.close()
    assert stages.state.offset == 2
    assert not stages.state.tally

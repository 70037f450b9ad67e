"""The demo's last words: counted from the ledger, and a loss is said as one."""

from contextlib import closing
from datetime import UTC, datetime, timedelta
from pathlib import Path

from msgspec.structs import replace
from vocabulary.traps import make_trap

from actors.ledger.database import LedgerFile
from actors.ledger.group import CommitGroup
from faultd.demo.summary import Folded, Tally, folded_since, head_of, words
from faultd.pipe import Stages
from protocols.alarm import Alarm
from protocols.event import NetworkEvent, Trap
from protocols.ledger import ChangeBatch

NOW = datetime(2026, 3, 1, 3, 0, tzinfo=UTC)


def report(kind: str, resource: str) -> NetworkEvent:
    return NetworkEvent(type=kind, tenant_id="t", resource_type="olt", resource_id=resource, reported_by="p")  # type: ignore[arg-type]


def trap() -> Trap:
    return make_trap("1.3.6.1.4.1.9", source="192.0.2.1", at=NOW)


def test_what_was_folded_is_counted_from_where_it_begins(tmp_path: Path) -> None:
    path = tmp_path / "ledger.sqlite"
    assert head_of(path).offset == 0
    with closing(LedgerFile.open(path)) as database:
        stages = Stages(database.ledger_id)

        def at(second: int, *events: NetworkEvent | Trap) -> None:
            now, first = NOW + timedelta(seconds=second), database.head.offset + 1
            changes = [change for offset, event in enumerate(events, first) for change in stages.fold(offset, now, event)]
            database.write(CommitGroup(now=now, through=first - 1, appends=[list(events)]))
            database.write(
                CommitGroup(now=now, through=database.head.offset, folded=[ChangeBatch(database.head.offset, changes)])
            )

        at(0, report("device.down", "olt-1"), trap())
        begin = head_of(path)
        at(1, report("device.down", "olt-2"), report("device.down", "olt-3"), trap(), trap())
        at(2, report("device.up", "olt-1"), report("device.up", "olt-2"))
        assert folded_since(path, begin) == Folded(traps=2, alarms=2, causes=0, cleared=1)
        database.write(CommitGroup(now=NOW, through=database.head.offset, appends=[[trap()]]))
        assert folded_since(path, begin).whole is False


def test_the_causes_are_named_as_they_are_at_the_end() -> None:
    cut = Alarm(
        id="u", alarm_id="A66", tenant_id="t", source="monitoring", alarm_type="fibre.cut", severity="critical",
        title="Harbour 1 PON 0/1/1: feeder fibre cut of a port with a name that goes beyond the line", subscriber_count=32,
        resource_type="pon", resource_id="r", first_occurrence=NOW, last_occurrence=NOW, received_at=NOW, is_root_cause=True,
    )  # fmt: skip
    over = replace(cut, alarm_id="A7", title="drop fibre", subscriber_count=1, cleared_at=NOW)
    told = words(Tally(1, 1), Folded(1, 2, 2, 1, roots=(cut, over)))
    assert told[2:] == [
        "  critical A66     Harbour 1 PON 0/1/1: feeder fibre cut of a port with a name",
        "                   that goes beyond the line (32 customers)",
        "  critical A7      drop fibre (1 customer), cleared",
    ]
    assert words(Tally(1, 1), Folded(1, 2, 2, 1, roots=(cut,) * 10))[-1] == "  ... and 2 more causes"


def test_a_loss_is_said_as_one() -> None:
    assert words(Tally(1200, 1200), Folded(1200, 300, 4, 280)) == [
        "traps: 1,200 sent, 1,200 received, 1,200 folded, 0 lost",
        "alarms: 300 raised, 280 of them cleared, 4 named as a cause of others",
    ]
    assert words(Tally(1200, None), Folded(1190, whole=False))[0] == (
        "traps: 1,200 sent, received unknown, 1,190 folded, 10 lost; the ledger holds more that is not folded yet"
    )

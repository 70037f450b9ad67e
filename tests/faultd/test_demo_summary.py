"""The demo's last words: counted from the ledger, and a loss is said as one."""

from contextlib import closing
from datetime import UTC, datetime
from pathlib import Path

from msgspec.structs import replace
from vocabulary.traps import make_trap
from vocabulary.written_ledger import WrittenLedger

from faultd.demo.summary import Folded, Tally, folded_since, head_of, words
from protocols.alarm import Alarm
from protocols.event import NetworkEvent, Trap

NOW = datetime(2026, 3, 1, 3, 0, tzinfo=UTC)


def report(kind: str, resource: str) -> NetworkEvent:
    return NetworkEvent(type=kind, tenant_id="t", resource_type="olt", resource_id=resource, reported_by="p")  # type: ignore[arg-type]


def trap() -> Trap:
    return make_trap("1.3.6.1.4.1.9", source="192.0.2.1", at=NOW)


def test_what_was_folded_is_counted_from_where_it_begins(tmp_path: Path) -> None:
    path = tmp_path / "ledger.sqlite"
    assert head_of(path).offset == 0
    ledger = WrittenLedger(path)
    with closing(ledger.file):
        ledger.record(ledger.at(0, report("device.down", "olt-1"), trap()))
        begin = head_of(path)
        ledger.record(ledger.at(1, report("device.down", "olt-2"), report("device.down", "olt-3"), trap(), trap()))
        ledger.record(ledger.at(2, report("device.up", "olt-1"), report("device.up", "olt-2")))
        assert folded_since(path, begin) == Folded(traps=2, alarms=2, causes=0, cleared=1)
        ledger.at(2, trap())
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

"""The demo's summary: counts from the ledger, and a loss named as a loss."""

from contextlib import closing
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from msgspec.structs import replace
from vocabulary.traps import make_trap
from vocabulary.written_ledger import WrittenLedger

from actors.ledger.read import Head
from faultd.demo.summary import Folded, Tally, folded_since, head_of, words
from protocols.alarm import Alarm
from protocols.event import NetworkEvent, Tick, TopologyLoaded, Trap
from protocols.poll.contact import PollMissed
from protocols.sla.breach import SlaBreach
from protocols.sla.changes import SlaBreachChanged
from protocols.topology import Node

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


def test_a_device_that_polls_found_down_is_counted_and_named(tmp_path: Path) -> None:
    """One that another system reported is neither."""
    path = tmp_path / "ledger.sqlite"
    ledger = WrittenLedger(path)
    olts = tuple(Node(id=f"olt-{number}", type="olt", name=f"Mill {number}", address=f"192.0.2.{number}") for number in (1, 2))
    with closing(ledger.file):
        ledger.record(ledger.at(0, TopologyLoaded("t", olts), report("device.down", "olt-2")))
        missed = (
            PollMissed(
                device="olt-1",
                address="192.0.2.1",
                first=NOW,
                misses=misses,
                needed=3,
                other_object=False if misses == 3 else None,
            )
            for misses in (1, 2, 3)
        )
        ledger.record(ledger.at(1, *missed))
        found = folded_since(path, Head())
    assert (found.down, found.causes, [alarm.title for alarm in found.roots]) == (1, 0, ["Mill 1 is down"])
    assert "polls: 1 device found down" in words(Tally(), found)


def broken(number: int, revision: int, **fields: Any) -> SlaBreachChanged:
    """A revision of a breach of an instance of its own."""
    given: dict[str, Any] = {
        "id": f"SB{number}",
        "instance_id": f"SI{number}",
        "tenant_id": "t",
        "definition_id": "SD1",
        "definition_version": 1,
        "customer_id": "c",
        "service_id": "s",
        "type": "availability",
        "period_start": 0,
        "start": 1,
        "target": 999_000_000,
        "actual": 998_000_000,
        "currency": "EUR",
    }
    return SlaBreachChanged(1, SlaBreach(**given | fields, revision=revision))


def test_breaches_and_credits_are_those_that_the_ledger_has_last(tmp_path: Path) -> None:
    path = tmp_path / "ledger.sqlite"
    ledger = WrittenLedger(path)
    with closing(ledger.file):
        ledger.at(0, Tick())
        ledger.record([broken(9, 1, credit=5_000)])
        begin = head_of(path)
        ledger.at(1, Tick())
        ledger.record([broken(1, 1), broken(1, 2, credit=890), broken(2, 1, credit=490)])
        ledger.at(2, Tick())
        ledger.record([broken(1, 3, credit=2225), broken(3, 1, credit=100), broken(3, 2, withdrawn=True)])
        ledger.at(3, Tick())
        ledger.record([broken(4, 1, instance_id="SI1", type="latency"), broken(5, 1, currency="CHF", credit=7)])
    found = folded_since(path, begin)
    assert (found.breaches, found.broken) == (4, 3)
    assert words(Tally(), found)[3] == "SLA: 4 breaches of 3 service level agreements, credits 0.07 CHF + 27.15 EUR"


def test_the_causes_are_named_as_they_are_at_the_end() -> None:
    cut = Alarm(
        id="u", alarm_id="A66", tenant_id="t", source="monitoring", alarm_type="fibre.cut", severity="critical",
        title="Harbour 1 PON 0/1/1: feeder fibre cut of a port with a name that goes beyond the line", subscriber_count=32,
        resource_type="pon", resource_id="r", first_occurrence=NOW, last_occurrence=NOW, received_at=NOW, is_root_cause=True,
    )  # fmt: skip
    over = replace(cut, alarm_id="A7", title="drop fibre", subscriber_count=1, cleared_at=NOW)
    told = words(Tally(1, 1), Folded(1, 2, 2, 1, roots=(cut, over)))
    assert told[5:] == [
        "  critical A66     Harbour 1 PON 0/1/1: feeder fibre cut of a port with a name",
        "                   that goes beyond the line (32 customers)",
        "  critical A7      drop fibre (1 customer), cleared",
    ]
    assert words(Tally(1, 1), Folded(1, 2, 2, 1, roots=(cut,) * 10))[-1] == "  ... and 2 more causes"


def test_a_loss_is_said_as_one() -> None:
    assert words(Tally(1200, 1200), Folded(1200, 300, 4, 280)) == [
        "traps: 1,200 sent, 1,200 received, 1,200 folded, 0 lost",
        "alarms: 300 raised, 280 of them cleared, 4 named as a cause of others",
        "polls: 0 devices found down",
        "SLA: 0 breaches of 0 service level agreements, credits none",
        "dispatch: 0 tickets, 0 notifications decided, 0 mails taken",
    ]
    assert words(Tally(1200, None), Folded(1190, whole=False))[0] == (
        "traps: 1,200 sent, received unknown, 1,190 folded, 10 lost; the ledger holds more that is not folded yet"
    )

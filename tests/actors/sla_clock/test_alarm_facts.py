"""Facts of alarms: which alarm is attached to which."""

from itertools import permutations

import pytest

from actors.journal import Journal
from actors.sla_clock.alarm_facts import AlarmFacts, AlarmFactTable
from protocols.sla.clock_facts import AlarmTimes, AttachedSpan


def attached_to(*parents: str) -> AlarmFacts:
    """The facts of an alarm that was attached to each of these."""
    spans = tuple(AttachedSpan(parent, 10, None) for parent in parents)
    return AlarmFacts(AlarmTimes(raised=10, severity="major", attached=spans), "t", "A1")


@pytest.mark.parametrize("order", list(permutations("abc")))
def test_the_alarms_below_have_one_order_however_they_were_attached(order: tuple[str, ...]) -> None:
    """A snapshot has them in the order of their raises, a fold in that of their attachments."""
    table, journal = AlarmFactTable(), Journal()
    for each in order:
        table.put(journal, each, attached_to("top"))
        table.put(journal, each, attached_to("top", "top"))
    assert list(table.family("top")) == ["top", *table.below("top")]
    assert sorted(table.below("top")) == ["a", "b", "c"]
    again = AlarmFactTable()
    for each in "bca":
        again.put(journal, each, attached_to("top"))
    assert table.below("top") == again.below("top")
    table.drop(journal, "b")
    assert sorted(table.below("top")) == ["a", "c"]
    assert table.has_below("top")

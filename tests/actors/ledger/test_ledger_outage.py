"""When a disk that refuses is tried again, and what is told of it."""

from pathlib import Path

import pytest

from actors.ledger.errors import DiskRefused
from actors.ledger.outage import UNWRITABLE, Outage

FULL = DiskRefused(Path("ledger.sqlite"), "no space left on device")


def test_it_is_tried_later_and_later_up_to_five_seconds() -> None:
    outage = Outage()
    pauses = []
    for _ in range(9):
        outage.refused(FULL, 100.0)
        pauses.append(outage.retry_at - 100.0)
    assert pauses == pytest.approx([0.1, 0.2, 0.4, 0.8, 1.6, 3.2, 5.0, 5.0, 5.0])


def test_a_disk_may_be_full_for_days() -> None:
    outage = Outage()
    now = 0.0
    while now < 7 * 86_400:
        outage.refused(FULL, now)
        assert now < outage.retry_at <= now + 5.0
        now = outage.retry_at
    assert outage.reason == str(FULL)


def test_the_next_outage_begins_anew() -> None:
    outage = Outage()
    for _ in range(5):
        outage.refused(FULL, 0.0)
    reports = outage.end()
    assert [(report.alarm_type, report.active) for report in reports] == [(UNWRITABLE, True), (UNWRITABLE, False)]
    assert (outage.reason, outage.attempts) == (None, 0)
    outage.refused(FULL, 50.0)
    assert outage.retry_at == pytest.approx(50.1)

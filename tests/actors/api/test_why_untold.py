"""Why nobody hears of an alarm now: the first reason that applies."""

from datetime import UTC, datetime
from typing import Any

import pytest
from vocabulary.alarms import make_alarm

from actors.api.notification_explain import why_untold
from protocols.alarm import Suppression
from protocols.dispatch.view import DispatchOutlook

T0 = datetime(2026, 11, 30, 8, 0, tzinfo=UTC)
WINDOW = Suppression(kind="window", by="MW7", since=T0, reason="splicing")
CAUSE = make_alarm("2", title="feeder cut")


@pytest.mark.parametrize(
    ("fields", "outlook", "wanted"),
    [
        ({"cleared_at": T0, "parent_alarm_id": "x"}, None, "it is over"),
        ({"parent_alarm_id": CAUSE.id}, None, f"it is a consequence of alarm {CAUSE.alarm_id} (feeder cut)"),
        ({"shelved_until": T0, "shelved_by": "user:ada"}, None, "user:ada has shelved it until 2026-11-30T08:00:00+00:00"),
        ({"suppressed_by": (WINDOW,)}, None, "window MW7 suppresses it: splicing"),
        ({}, None, "the correlator has not requested it: its severity is too low, or its hold-down lasts"),
        ({}, "", ""),
        ({}, "window MW7 holds it back", "window MW7 holds it back"),
    ],
)
def test_the_reason(fields: dict[str, Any], outlook: str | None, wanted: str) -> None:
    held = None if outlook is None else DispatchOutlook(open=True, since=T0, held_by=outlook, owed=(), planned=())
    found = why_untold(make_alarm("1", **fields), CAUSE if "parent_alarm_id" in fields else None, held)
    assert found.removesuffix(": people hear of that one") == wanted

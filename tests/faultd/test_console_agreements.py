"""SLA time on a terminal: as the stream says it, and never more than it said."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from msgspec.structs import replace
from vocabulary.alarms import make_alarm

from faultd.console.agreements import Agreements, breach_lines, countdown
from protocols.alarm import Alarm
from protocols.rest_sla_breaches import BreachShown
from protocols.sla.stream_items import StreamedInstance

NOW = datetime(2026, 3, 1, 3, 0, tzinfo=UTC)


def instance(number: int, seconds: float | None, status: Any = "compliant", **fields: Any) -> StreamedInstance:
    """Of service ``s<number>``; its budget ends so many seconds from now if the outage lasts."""
    return StreamedInstance(
        id=f"SI{number}",
        tenant_id="t",
        sla_definition_id="SD1",
        customer_id=f"C{number}",
        service_id=f"s{number}",
        resources=(),
        account_manager="",
        status=status,
        reason="",
        breach_count=0,
        breaches_at=None if seconds is None else NOW + timedelta(seconds=seconds),
        period_start=None,
        period_end=None,
        revision=1,
        **{"customer_name": "", **fields},
    )


def breach(number: int, credit: float = 8.9, **fields: Any) -> BreachShown:
    """Of instance ``SI<number>``, by the alarm ``cut``."""
    given: dict[str, Any] = {
        "id": f"SB{number}",
        "sla_instance_id": f"SI{number}",
        "alarm_id": "cut",
        "currency": "EUR",
        "withdrawn": False,
        "credit_amount": credit,
    }
    others = {name: None for name in BreachShown.__struct_fields__ if name not in given}
    return BreachShown(**others | given | fields)


def cut(*services: str, **fields: Any) -> Alarm:
    return make_alarm("cut", alarm_id="A66", title="feeder fibre cut", is_root_cause=True, affected_services=services, **fields)


def of(instances: list[StreamedInstance], breaches: list[BreachShown], alarm: Alarm) -> str:
    agreements = Agreements()
    agreements.take({each.id: each for each in instances}, breaches)
    return agreements.of(alarm, NOW)


def test_a_cause_says_how_many_agreements_run_out_and_who_breaks_first() -> None:
    held = [instance(1, 45.9), instance(2, 90, customer_name="Harbour Bakery"), instance(3, 5)]
    assert of(held, [], cut("s1", "s2")) == "2 SLAs, first breaks in 0:45 (C1)"
    assert of(held, [], cut("s2")) == "1 SLA, first breaks in 1:30 (Harbour Bakery)"
    assert of(held, [], cut("s9")) == ""


def test_what_is_broken_is_said_with_its_credits() -> None:
    held = [instance(1, -3, "breached"), instance(2, 4, "at_risk"), instance(3, None, "at_risk")]
    assert of(held, [breach(1)], cut("s1", "s2", "s3")) == "1 SLA broken, credits 8.90 EUR; 1 more, next breaks in 0:04 (C2)"
    assert of(held, [breach(1), breach(2, 0), breach(7, alarm_id="x")], cut()) == "2 SLAs broken, credits 8.90 EUR"
    both = [breach(1), breach(8, 2, currency="CHF", sla_instance_id="SI1"), breach(9, withdrawn=True)]
    assert of([], both, cut()) == "1 SLA broken, credits 2.00 CHF + 8.90 EUR"


def test_an_alarm_that_takes_no_service_down_or_is_over_has_no_time_left() -> None:
    held = [instance(1, 45)]
    uplink = cut("s1", service_effect="degraded")
    assert of(held, [], replace(uplink, is_root_cause=False)) == ""
    assert of(held, [], replace(uplink, is_root_cause=False, service_effect="outage")) != ""
    assert of(held, [breach(1)], replace(cut("s1"), cleared_at=NOW)) == "1 SLA broken, credits 8.90 EUR"


def test_the_line_of_all_counts_the_states() -> None:
    agreements = Agreements()
    assert agreements.total(NOW) == ""
    held = [instance(1, 20), instance(2, 10, "at_risk"), instance(3, -5, "breached"), instance(4, None, "at_risk")]
    agreements.take({each.id: each for each in held}, [])
    assert agreements.total(NOW) == "SLA: 2 running out (first in 0:10), 2 at risk, 1 broken"
    assert [each.id for each in agreements.take({}, [breach(3)])] == ["SB3"]
    assert agreements.take({}, [breach(3, 22.25)]) == [], "the same breach with another credit"
    assert agreements.total(NOW) == "SLA: 0 running out, 0 at risk, 0 broken, credits 22.25 EUR"
    agreements.take({}, [breach(3, withdrawn=True)])
    assert agreements.total(NOW) == ""


def test_breaches_that_open_together_are_one_line() -> None:
    lines = breach_lines([breach(1), breach(2), breach(3, alarm_id="gone")], {"cut": cut()})
    assert lines == [
        "breach    2 SLAs broken by A66 feeder fibre cut: credits 17.80 EUR",
        "breach    1 SLA broken: credits 8.90 EUR",
    ]


@pytest.mark.parametrize(
    ("seconds", "text"), [(-1, "0:00"), (0.9, "0:00"), (59, "0:59"), (3599, "59:59"), (3600, "1h00m"), (90_000, "1d01h")]
)
def test_countdown(seconds: float, text: str) -> None:
    assert countdown(timedelta(seconds=seconds)) == text

"""Figures as a customer reads them."""

from zoneinfo import ZoneInfo

import pytest
from vocabulary.sla_reports import berlin, make_sla_report

from faultd.sla_report.display import (
    availability,
    deviation_percentage,
    duration,
    in_seconds,
    local_time,
    measured_value,
    money,
    percentage,
    target_percentage,
    verdict,
)
from protocols.sla.breach import BreachType
from protocols.sla.report import CreditTotal, ShareTotals

SECOND = 1_000_000
HOUR = 3600 * SECOND


@pytest.mark.parametrize(
    ("microseconds", "text"),
    [
        (0, "0 s"),
        (1, "0.000001 s"),
        (59_999_999, "59.999999 s"),
        (60 * SECOND, "1 min"),
        (HOUR, "1 h"),
        (HOUR + 1, "1 h 0.000001 s"),
        (24 * HOUR, "1 d"),
        (25 * HOUR, "1 d 1 h"),
        (27 * HOUR + 25 * 60 * SECOND + 10_500_000, "1 d 3 h 25 min 10.5 s"),
        (-8_211_600_000, "−2 h 16 min 51.6 s"),
        (2000 * 24 * HOUR, "2,000 d"),
    ],
)
def test_a_duration_is_exact(microseconds: int, text: str) -> None:
    assert duration(microseconds) == text


@pytest.mark.parametrize(
    ("microseconds", "text"), [(0, "0 s"), (2_588_400 * SECOND, "2,588,400 s"), (-1_500_000, "−1.5 s"), (1, "0.000001 s")]
)
def test_seconds(microseconds: int, text: str) -> None:
    assert in_seconds(microseconds) == text


@pytest.mark.parametrize(
    ("part", "whole", "text"),
    [
        (0, 7, "0.000000 %"),
        (7, 7, "100.000000 %"),
        (2_577_600, 2_588_400, "99.582753 %"),
        (2, 3, "66.666666 %"),
        (10**15 - 1, 10**15, "99.999999 %"),
    ],
)
def test_a_percentage_is_rounded_down(part: int, whole: int, text: str) -> None:
    assert percentage(part, whole) == text


@pytest.mark.parametrize(
    ("target", "text"),
    [(999_000_000, "99.9 %"), (1_000_000_000, "100 %"), (999_999_999, "99.9999999 %"), (1, "0.0000001 %")],
)
def test_a_target_is_exact(target: int, text: str) -> None:
    assert target_percentage(target) == text


@pytest.mark.parametrize(
    ("amount", "currency", "digits", "text"),
    [
        (123_450, "EUR", 2, "1,234.50 EUR"),
        (0, "GBP", 2, "0.00 GBP"),
        (5, "GBP", 2, "0.05 GBP"),
        (-600, "EUR", 2, "−6.00 EUR"),
        (1_234_567, "JPY", 0, "1,234,567 JPY"),
        (1_500, "KWD", 3, "1.500 KWD"),
    ],
)
def test_money_has_the_decimals_of_its_currency(amount: int, currency: str, digits: int, text: str) -> None:
    assert money(CreditTotal(amount, currency, digits)) == text


@pytest.mark.parametrize(
    ("instant", "zone", "text"),
    [
        (0, "UTC", "1970-01-01 00:00:00 +00:00"),
        (berlin("2026-10-25T00:00") + 2 * HOUR + HOUR // 2, "Europe/Berlin", "2026-10-25 02:30:00 +02:00"),
        (berlin("2026-10-25T00:00") + 3 * HOUR + HOUR // 2, "Europe/Berlin", "2026-10-25 02:30:00 +01:00"),
        (berlin("2026-03-29T00:00") + 2 * HOUR, "Europe/Berlin", "2026-03-29 03:00:00 +02:00"),
        (berlin("2026-07-01T12:00") + 500_000, "America/St_Johns", "2026-07-01 07:30:00.5 −02:30"),
        (berlin("2026-07-01T12:00") + 1, "Asia/Kathmandu", "2026-07-01 15:45:00.000001 +05:45"),
        (0, "Africa/Monrovia", "1969-12-31 23:15:30 −00:44:30"),
    ],
)
def test_a_local_time_has_its_offset(instant: int, zone: str, text: str) -> None:
    assert local_time(instant, ZoneInfo(zone)) == text


@pytest.mark.parametrize(
    ("kind", "value", "text"),
    [
        ("availability", 995_827_538, "99.5827538 %"),
        ("response_time", 900 * SECOND, "15 min"),
        ("resolution_time", 4 * HOUR + 1, "4 h 0.000001 s"),
        ("latency", 35_250, "35.25 ms"),
        ("packet_loss", 1_000, "0.1 %"),
        ("bandwidth", 1_060_500_000, "1,060.5 Mbit/s"),
    ],
)
def test_a_value_has_the_unit_of_its_breach(kind: BreachType, value: int, text: str) -> None:
    assert measured_value(kind, value) == text


@pytest.mark.parametrize(("parts", "text"), [(500_000, "+50 %"), (-3_183, "−0.3183 %"), (0, "+0 %"), (20_000_000, "+2,000 %")])
def test_a_deviation_has_its_sign(parts: int, text: str) -> None:
    assert deviation_percentage(parts) == text


def test_a_target_missed_by_a_microsecond_is_missed() -> None:
    """The API rounds this availability to 0.999000."""
    allowed = 719 * HOUR // 1000
    missed = make_sla_report(
        shares=ShareTotals(up=719 * HOUR - allowed - 1, down=allowed + 1, excluded=HOUR),
        downtime=allowed + 1,
        availability=999_000,
        budget_left=-1,
    )
    assert (availability(missed), verdict(missed)) == ("99.899999 %", "missed")
    met = make_sla_report(
        shares=ShareTotals(up=719 * HOUR - allowed, down=allowed, excluded=HOUR), downtime=allowed, budget_left=0
    )
    assert (availability(met), verdict(met)) == ("99.900000 %", "met")


def test_a_verdict_says_what_is_open() -> None:
    assert verdict(make_sla_report(budget_left=1, closed=False)) == "met so far"
    assert verdict(make_sla_report(budget_left=-1, closed=False)) == "missed"
    assert verdict(make_sla_report(shares=ShareTotals(excluded=HOUR))) == "not measured"
    assert verdict(make_sla_report(target=None, budget_left=None)) == ""

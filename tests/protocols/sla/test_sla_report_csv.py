"""Reports as CSV."""

import csv
import io
from fractions import Fraction

from hypothesis import given
from hypothesis import strategies as st
from vocabulary.sla_reports import HOUR, make_revision, make_sla_report, make_sla_reports

from protocols.sla.report import CreditTotal, SlaReport, nearest
from protocols.sla.report_csv import COLUMNS, reports_csv

NO_TARGET = {"target": None, "budget_time": None, "budget": None, "budget_left": None}


def rows(*reports: SlaReport) -> list[dict[str, str]]:
    """The lines by column, as a reader of CSV sees them."""
    return list(csv.DictReader(io.StringIO(reports_csv(reports), newline="")))


def test_a_line_has_every_figure() -> None:
    (row,) = rows(make_sla_report())
    assert row == {
        "period_start": "2026-10-31T23:00:00Z",
        "period_end": "2026-11-30T23:00:00Z",
        "as_of": "2026-11-30T23:00:00Z",
        "closed": "true",
        "revision": "1",
        "tenant_id": "default",
        "customer_id": "C-1001",
        "customer_name": "Bäckerei Müller & Söhne KG",
        "instance_id": "SI12",
        "service_id": "ftth-0042",
        "definition_name": "Business Gold",
        "definition_version": "3",
        "target": "0.999",
        "availability": "0.995828",
        "contract_seconds": "2592000",
        "up_seconds": "2577600",
        "down_seconds": "10800",
        "excluded_seconds": "3600",
        "unknown_seconds": "0",
        "unknown_counts_as": "up",
        "downtime_seconds": "10800",
        "budget_seconds": "2588.4",
        "budget_left_seconds": "-8211.6",
        "outages": "1",
        "breaches": "2",
        "credit_amount": "6.00",
        "currency": "EUR",
    }


def test_no_report_is_a_head_alone() -> None:
    assert reports_csv([]) == ",".join(COLUMNS) + "\r\n"


def test_a_formula_of_a_customer_is_text() -> None:
    (row,) = rows(make_sla_report(customer_name='=HYPERLINK("http://x")', service_id="+1\n2", customer_id="@a"))
    assert (row["customer_name"], row["service_id"], row["customer_id"]) == ('\'=HYPERLINK("http://x")', "'+1\n2", "'@a")


def test_without_a_target_its_cells_are_empty() -> None:
    (row,) = rows(make_sla_report(**NO_TARGET, credits=(), currency="JPY", minor_digits=0))
    assert [row[name] for name in ("target", "budget_seconds", "budget_left_seconds")] == ["", "", ""]
    assert (row["credit_amount"], row["currency"]) == ("0", "JPY")


def test_totals_of_several_reports() -> None:
    none = make_sla_report(availability=None, credits=(), breaches=())
    document = make_sla_reports((make_sla_report(), make_revision(), make_sla_report(availability=999_999), none))
    assert document.avg_availability == (2 * 995_828 + 999_999 + 1) // 3
    assert document.total_breaches == 6
    assert document.total_credits == (CreditTotal(1800, "EUR", 2),)
    pounds = make_sla_report(currency="GBP")
    both = make_sla_reports((pounds, make_sla_report()))
    assert both.total_credits == (CreditTotal(600, "EUR", 2), CreditTotal(600, "GBP", 2))
    assert make_sla_reports((none,)).avg_availability is None


def test_a_budget_below_zero_stays_a_number() -> None:
    (row,) = rows(make_sla_report(budget_left=-3 * HOUR))
    assert row["budget_left_seconds"] == "-10800"


@given(st.integers(-(10**20), 10**20), st.integers(1, 10**12))
def test_nearest_rounds_half_to_even(part: int, whole: int) -> None:
    assert nearest(part, whole) == round(Fraction(part, whole))
    assert nearest(2 * part + 1, 2) == round(Fraction(2 * part + 1, 2))

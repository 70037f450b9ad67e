"""A report that contradicts itself is found, with the fields and values."""

from typing import Any

import pytest
from msgspec.structs import replace
from vocabulary.sla_reports import DOWN, END, HOUR, START, UP, WORK, WORK_END, make_revision, make_sla_report, make_sla_reports

from protocols.sla.report import ShareTotals, share_timeline, share_totals
from protocols.sla.report_check import ContradictoryReport, contradictions, require_consistent

SOME_UNKNOWN = ShareTotals(715 * HOUR, 3 * HOUR, HOUR, HOUR)


def test_figures_that_agree() -> None:
    assert list(contradictions(make_sla_report())) == []
    assert list(contradictions(make_revision())) == []
    require_consistent(make_sla_report(timeline=()))


def test_a_report_without_a_target() -> None:
    assert list(contradictions(make_sla_report(target=None, budget_time=None, budget=None, budget_left=None))) == []


def test_unknown_time_joins_a_short_outage_to_one_that_counts() -> None:
    """Down and unknown are long enough together: the downtime is no sum of shares."""
    changes = {"unknown_counts_as": "down", "outage_minimum": 60 * 1_000_000, "shares": SOME_UNKNOWN, "timeline": ()}
    assert list(contradictions(make_sla_report(**changes))) == []


def test_nothing_measured_has_no_availability() -> None:
    empty = make_sla_report(
        as_of=START,
        closed=False,
        shares=ShareTotals(),
        downtime=0,
        availability=None,
        timeline=(),
        outages=(),
        budget_left=719 * HOUR // 1000,
    )
    assert list(contradictions(empty)) == []


@pytest.mark.parametrize(
    ("changes", "named"),
    [
        ({"zone": "Europe/Atlantis"}, "zone 'Europe/Atlantis'"),
        ({"zone": "../../etc/passwd"}, "zone"),
        ({"zone": ""}, "zone ''"),
        ({"period_end": START}, "period_start"),
        ({"period_start": -1}, "period_start -1"),
        ({"as_of": END - 1}, "a closed period counts until its end"),
        ({"as_of": END + 1}, "is not within the period"),
        ({"target": 1_000_000_001}, "target"),
        ({"target": None}, "target None, budget_time"),
        ({"contract_end": 10**18}, "contract_end"),
        ({"target": 0}, "target"),
        ({"made_at": -1}, "made_at -1"),
        ({"contract_start": 10**18}, "contract_start"),
        ({"availability": 995_833}, "availability 0.995833: the shares give 0.995828"),
        ({"availability": None}, "availability none: the shares give 0.995828"),
        ({"outages": ()}, "outages: 0 s counted, downtime is 10800 s"),
        ({"contract_time": 721 * HOUR}, "contract_time 2595600 s: the shares sum to 2592000 s"),
        ({"contract_time": 721 * HOUR}, "contract_time 2595600 s: is not within the period's length"),
        ({"contract_time": 719 * HOUR}, "contract_time 2588400 s: the shares sum to 2592000 s"),
        ({"budget_time": 721 * HOUR}, "budget_time"),
        ({"budget": 0, "budget_left": -3 * HOUR}, "budget 0 s: budget_time and target give 2588.4 s"),
        ({"budget_left": 0}, "budget_left 0 s"),
        ({"budget_left": -4 * HOUR}, "budget_left -14400 s: budget and downtime give -8211.6 s"),
        ({"timeline": ((START, END, "up"),)}, "shares.down 10800 s: the timeline has 0 s"),
        ({"timeline": ((START, UP, "up"), (DOWN, END, "down"))}, "overlaps"),
        ({"unknown_counts_as": "down", "shares": SOME_UNKNOWN}, "downtime 10800 s: down and unknown sum to 14400 s"),
        ({"unknown_counts_as": "down", "outage_minimum": 1, "downtime": 720 * HOUR}, "is not within the 2588400 s measured"),
        ({"downtime": 0}, "downtime 0 s: shares.down is 10800 s"),
        ({"shares": ShareTotals(717 * HOUR, 3 * HOUR, HOUR, -HOUR)}, "a share is negative"),
        ({"minor_digits": 9}, "minor_digits 9"),
        ({"previous": make_revision().previous}, "previous.revision 1"),
    ],
)
def test_a_contradiction_names_the_field(changes: dict[str, Any], named: str) -> None:
    assert any(named in text for text in contradictions(make_sla_report(**changes)))


def test_the_refusal_names_the_service() -> None:
    with pytest.raises(ContradictoryReport, match=r"'ftth-0042': availability 0\.9958"):
        require_consistent(make_sla_report(availability=995_800))


@pytest.mark.parametrize(
    ("changes", "named"),
    [
        ({"zone": "Europe"}, "zone 'Europe': unknown"),
        ({"period_end": START}, "period_start"),
        ({"made_at": -1}, "made_at -1"),
        ({"items": (make_sla_report(), make_sla_report(downtime=0))}, "'ftth-0042': availability"),
    ],
)
def test_several_reports_are_refused_for_one(changes: dict[str, Any], named: str) -> None:
    several = make_sla_reports((make_sla_report(),))
    require_consistent(several)
    with pytest.raises(ContradictoryReport, match=named):
        require_consistent(replace(several, **changes))


def test_a_timeline_of_shares_is_in_order_and_sums_up() -> None:
    report = make_sla_report()
    up, down, excluded = [(START, DOWN), (UP, END)], [(DOWN, WORK), (WORK_END, UP)], [(WORK, WORK_END)]
    assert share_timeline(up, down, excluded, []) == report.timeline
    assert share_totals(report.timeline) == report.shares
    assert share_totals(()) == ShareTotals()

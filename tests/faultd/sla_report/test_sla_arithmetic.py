"""The steps that a customer checks with a pencil."""

import re
from fractions import Fraction
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from vocabulary.sla_reports import HOUR, SECOND, make_sla_report

from faultd.sla_report.arithmetic import availability_steps, budget_steps, shares_step
from protocols.sla.definition import UnknownPolicy
from protocols.sla.report import BILLION, ShareTotals, SlaReport, nearest


def with_shares(shares: ShareTotals, policy: UnknownPolicy = "up", target: int = 999_000_000, **changes: Any) -> SlaReport:
    """A report whose other figures follow from its shares."""
    downtime = shares.down + (shares.unknown if policy == "down" else 0)
    allowed = shares.measured * (BILLION - target) // BILLION
    figures: dict[str, Any] = {
        "contract_time": shares.elapsed,
        "downtime": downtime,
        "availability": nearest((shares.measured - downtime) * 10**6, shares.measured) if shares.measured else None,
        "budget_time": shares.measured,
        "budget": allowed,
        "budget_left": allowed - downtime,
    }
    return make_sla_report(shares=shares, unknown_counts_as=policy, target=target, **(figures | changes))


def test_the_first_case_of_the_books() -> None:
    report = make_sla_report()
    assert shares_step(report) == "2,577,600 s up + 10,800 s down + 3,600 s excluded + 0 s unknown = 2,592,000 s"
    assert availability_steps(report) == [
        "2,592,000 s − 3,600 s excluded = 2,588,400 s measured",
        "10,800 s downtime",
        "1 − 10,800 s / 2,588,400 s = 99.582753 % (rounded down)",
        "as a fraction of six decimals, rounded to the nearest: 0.995828",
    ]
    assert budget_steps(report) == [
        "2,592,000 s − 3,600 s excluded = 2,588,400 s in the whole period",
        "2,588,400 s × (100 % − 99.9 %) = 2,588.4 s allowed",
        "2,588.4 s − 10,800 s downtime = −8,211.6 s left",
    ]


@pytest.mark.parametrize(
    ("policy", "step", "result"),
    [
        ("up", "100 s downtime; 200 s unknown counts as up", "90.000000 %"),
        ("down", "100 s down + 200 s unknown = 300 s downtime", "70.000000 %"),
    ],
)
def test_unknown_time_counts_as_the_definition_says(policy: UnknownPolicy, step: str, result: str) -> None:
    steps = availability_steps(with_shares(ShareTotals(700 * SECOND, 100 * SECOND, 0, 200 * SECOND), policy))
    assert steps[0] == "1,000 s measured"
    assert steps[1] == step
    assert result in steps[2]


def test_downtime_that_is_no_sum_says_why() -> None:
    shares = ShareTotals(700 * SECOND, 100 * SECOND, 0, 200 * SECOND)
    steps = availability_steps(with_shares(shares, "down", downtime=280 * SECOND))
    assert steps[1] == "280 s downtime: the parts of 100 s down + 200 s unknown that are as long as the minimum"


def test_nothing_was_measured() -> None:
    report = with_shares(ShareTotals(excluded=HOUR))
    assert availability_steps(report) == [
        "3,600 s − 3,600 s excluded = 0 s measured",
        "without measured time there is no availability",
    ]


def test_a_budget_that_is_no_whole_number_says_so() -> None:
    report = with_shares(ShareTotals(up=1_000_001), target=999_999_999)
    assert budget_steps(report)[0] == "1.000001 s × (100 % − 99.9999999 %) = 0 s allowed (rounded down to the microsecond)"


def test_without_a_target_there_is_no_budget() -> None:
    assert budget_steps(make_sla_report(target=None, budget_time=None, budget=None, budget_left=None)) == []


lengths = st.integers(0, 400 * 24 * HOUR)


@given(st.builds(ShareTotals, lengths, lengths, lengths, lengths), st.sampled_from(["up", "down"]), st.integers(1, BILLION))
def test_every_step_can_be_done_again_with_its_own_figures(shares: ShareTotals, policy: UnknownPolicy, target: int) -> None:
    """A pencil finds what is printed: each equation holds, but for a rounding that it states."""
    report = with_shares(shares, policy, target)
    for step in (shares_step(report), *availability_steps(report), *budget_steps(report)):
        if " = " not in step:
            continue
        left, right = (computed(side) for side in step.split(" = "))
        if "% (rounded down)" in step:
            assert 0 <= left - right < Fraction(1, 10**8)
        elif "to the microsecond" in step:
            assert 0 <= left - right < Fraction(1, 10**6)
        else:
            assert left == right


def computed(side: str) -> Fraction:
    """The value of one side of an equation."""
    text = re.sub(r"\(rounded.*", "", side).replace("−", "-").replace("×", "*").replace(",", "")
    text = re.sub(r"([\d.]+) %", r"F('\1')/100", text)
    text = re.sub(r"([\d.]+) s\b", r"F('\1')", text)
    text = re.sub(r"[a-z]{2,}", "", text)
    value = eval(re.sub(r"(?<![\d'.])(\d+)(?![\d'.)])", r"F(\1)", text), {"F": Fraction})
    assert isinstance(value, Fraction)
    return value

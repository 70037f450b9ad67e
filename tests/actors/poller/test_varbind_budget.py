"""Budgets of variable bindings, over any time that one looks at."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from actors.poller.varbind_budget import CARDS, DeviceBudget, VarbindBudget


def test_a_budget_is_paid_afterwards() -> None:
    budget = VarbindBudget(10.0, 100.0)
    assert budget.wait(0.0) == 0
    budget.spend(0.0, 150)
    assert budget.wait(0.0) == pytest.approx(5.1)
    assert budget.wait(5.0) == pytest.approx(0.1)
    assert budget.wait(5.1) == 0
    assert budget.wait(5.1, 50) == pytest.approx(4.9)


def test_more_than_the_burst_is_never_waited_for() -> None:
    budget = VarbindBudget(10.0, 100.0)
    assert budget.wait(0.0, 1_000_000) == 0


def test_a_clock_that_goes_back_gives_nothing() -> None:
    budget = VarbindBudget(10.0, 100.0)
    budget.spend(50.0, 200)
    assert budget.wait(10.0) == pytest.approx(10.1)


def test_a_card_waits_for_itself_and_for_its_device() -> None:
    budget = DeviceBudget(100.0, 10.0, 1_000.0, 20.0)
    budget.spend(0.0, 30, "0/1")
    assert budget.wait(0.0, "0/1") == pytest.approx(1.1)
    assert budget.wait(0.0, "0/2") == 0
    assert budget.wait(0.0) == 0
    budget.spend(0.0, 1_170)
    assert budget.wait(0.0, "0/2") == pytest.approx(2.01)


def test_cards_beyond_the_bound_share_one_budget() -> None:
    budget = DeviceBudget(1e9, 10.0, 1e9, 20.0)
    for number in range(CARDS):
        budget.spend(0.0, 1, f"card-{number}")
    budget.spend(0.0, 100, "one more")
    assert budget.wait(0.0, "another") > 0
    assert budget.wait(0.0, "card-0") == 0


@given(st.lists(st.tuples(st.floats(0, 30), st.integers(1, 64)), max_size=200))
def test_over_any_window_no_more_than_the_rate_the_burst_and_one_answer(asked: list[tuple[float, int]]) -> None:
    rate, burst, answer = 7.0, 50.0, 64
    budget, now, spent = VarbindBudget(rate, burst), 0.0, []
    for pause, varbinds in asked:
        now += pause
        now += budget.wait(now)
        budget.spend(now, varbinds)
        spent.append((now, varbinds))
    for begin, (since, _) in enumerate(spent):
        total = 0
        for until, varbinds in spent[begin:]:
            total += varbinds
            assert total <= burst + answer + rate * (until - since) + 1

"""Back-off, Retry-After and the circuit breaker, as tables."""

from datetime import UTC, datetime
from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from actors.http_client import retry_after
from actors.notifier.breaker import Breaker
from actors.retry import as_asked, back_off

NOW = datetime(2026, 3, 1, 3, 0, tzinfo=UTC)


@pytest.mark.parametrize(
    ("attempts", "most"), [(1, 2.0), (2, 4.0), (3, 8.0), (7, 128.0), (8, 256.0), (9, 300.0), (1_000_000, 300.0)]
)
def test_back_off_doubles_and_is_spread(attempts: int, most: float) -> None:
    random = Random(1)
    found = [back_off(attempts, random) for _ in range(200)]
    assert most / 2 <= min(found) < most * 0.55
    assert most * 0.95 < max(found) <= most


@given(st.floats(min_value=-1e12, max_value=1e12), st.integers())
def test_what_a_far_end_asks_for_is_kept_to_within_a_tenth_and_an_hour(asked: float, seed: int) -> None:
    found = as_asked(asked, Random(seed))
    wanted = min(max(asked, 0.0), 3_600.0)
    assert wanted <= found <= wanted * 1.1


@pytest.mark.parametrize(
    ("header", "expected"),
    [
        ("30", 30.0),
        (" 30 ", 30.0),
        ("0", 0.0),
        ("9" * 400, 9_999_999_999.0),
        ("Sun, 01 Mar 2026 03:00:30 GMT", 30.0),
        ("Sun, 01 Mar 2026 02:00:00 GMT", 0.0),
        ("", None),
        ("-3", None),
        ("soon", None),
        ("Fri, 31 Dec 9999 23:59:59 -2300", 251_630_049_599.0),
        ("Sun, 1 Jan 99999999999999 00:00:00 GMT", None),
        ("Sun, 99999999999999999999 Jan 2024 00:00:00 GMT", None),
        ("Mon, 1 Jan 2026 00:00:00 +99999999999999999", None),
        ("Sun, 01 Mar 2026 03:00:30", None),
        ("3٠", None),
    ],
)
def test_retry_after_in_seconds_or_as_a_date(header: str, expected: float | None) -> None:
    assert retry_after(header, NOW) == expected


def test_the_breaker_opens_after_five_failures_in_a_row_and_waits_ever_longer() -> None:
    breaker = Breaker()
    for _ in range(4):
        breaker.failed(0.0)
        assert breaker.admits(0.0)
    breaker.worked()
    for _ in range(5):
        breaker.failed(10.0)
    waits = []
    for _ in range(6):
        assert not breaker.admits(breaker.until - 0.001)
        began = breaker.until
        assert breaker.admits(began)
        assert not breaker.admits(began)
        breaker.failed(began)
        waits.append(breaker.until - began)
    assert waits == [60.0, 120.0, 240.0, 300.0, 300.0, 300.0]
    assert breaker.admits(breaker.until)
    breaker.worked()
    assert breaker.state == "closed"
    assert breaker.admits(0.0)


def test_a_trial_that_tells_nothing_leaves_the_breaker_to_the_next_message() -> None:
    breaker = Breaker()
    for _ in range(5):
        breaker.failed(0.0)
    assert breaker.admits(30.0)
    breaker.undecided(31.0)
    assert breaker.state == "open"
    assert breaker.admits(31.0)

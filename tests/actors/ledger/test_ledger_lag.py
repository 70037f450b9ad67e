"""The age of the oldest batch that is not acknowledged, whatever comes after it."""

from actors.ledger.lag import Lag


def test_age_counts_from_when_the_oldest_missing_batch_was_first_seen() -> None:
    lag = Lag()
    assert lag.seconds(0.0) == 0.0
    lag.observe(3, 10.0)
    lag.observe(3, 11.0)
    lag.observe(7, 12.0)
    assert lag.seconds(15.0) == 5.0
    lag.applied(2)
    assert lag.seconds(15.0) == 5.0
    lag.applied(3)
    assert lag.seconds(15.0) == 3.0
    lag.applied(7)
    assert lag.seconds(15.0) == 0.0
    lag.observe(7, 16.0)
    assert lag.seconds(17.0) == 0.0
    lag.observe(8, 18.0)
    assert lag.seconds(19.0) == 1.0


def test_memory_is_bounded_and_the_oldest_stays_exact() -> None:
    lag = Lag()
    for number in range(1, 20_000):
        lag.observe(number, float(number))
    assert len(lag._recorded) <= 4096
    assert lag.seconds(20_000.0) == 19_999.0
    lag.applied(19_999)
    assert lag.seconds(20_000.0) == 0.0

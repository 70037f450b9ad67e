"""Changes share a commit with the next Events under load, and wait for nothing where there is none."""

from actors.ledger.commit_delay import COMMIT_DELAY_SECONDS, CommitDelay


def test_the_first_events_changes_are_not_held() -> None:
    ride = CommitDelay()
    assert ride.until(0.0) < 0
    ride.committed(10.0)
    assert ride.until(10.001) < 10


def test_under_load_they_wait_for_the_next_events_but_not_long() -> None:
    ride = CommitDelay()
    for now in (10.0, 10.01):
        ride.committed(now)
    assert ride.until(10.011) == 10.011 + COMMIT_DELAY_SECONDS


def test_when_the_load_ends_so_does_the_waiting() -> None:
    ride = CommitDelay()
    for now in (10.0, 10.01, 12.0):
        ride.committed(now)
    assert ride.until(12.001) < 12

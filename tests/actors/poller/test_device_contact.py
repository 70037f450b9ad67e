"""Contact with a device: one Event for each transition, none where all goes on."""

from datetime import UTC, datetime, timedelta

import pytest

from actors.poller.device_contact import DeviceContact
from protocols.poll.contact import AgentTimes, OtherPolls, PollAnswered, PollMissed
from protocols.poll.states import ReadReason

START = datetime(2026, 12, 1, tzinfo=UTC)
NONE = OtherPolls(0, 0)


class Line:
    """A contact with polls each minute."""

    def __init__(self, needed: int = 3) -> None:
        self.contact = DeviceContact("olt-1", "192.0.2.1", needed, 0.0)

    def missed(self, minute: int) -> PollMissed | None:
        return self.contact.missed(START + timedelta(minutes=minute), minute * 60.0, NONE)

    def answered(
        self, minute: float, uptime: int | None = None, boots: int | None = None, *, jump: float = 0, slept: float = 0
    ) -> tuple[PollAnswered | None, ReadReason | None]:
        """``jump``: of the stamps, in seconds. ``slept``: seconds that the monotonic clock does not have."""
        at = START + timedelta(minutes=minute, seconds=jump)
        return self.contact.answered(AgentTimes(at=at, uptime=uptime, boots=boots), minute * 60.0 - slept, NONE)


def test_a_device_that_dies_is_reported_as_often_as_is_needed() -> None:
    line = Line()
    event, reason = line.answered(0, 100_000)
    assert (event is not None, reason) == (True, "start")
    assert line.answered(1, 106_000) == (None, None)
    reported = [line.missed(minute) for minute in range(2, 10)]
    assert [each.misses for each in reported if each is not None] == [1, 2, 3]
    assert {each.first for each in reported if each is not None} == {START + timedelta(minutes=2)}
    assert reported[3:] == [None] * 5
    event, reason = line.answered(10, 160_000)
    assert event is not None
    assert (event.misses, reason) == (3, "returned")
    assert event.before == AgentTimes(at=START + timedelta(minutes=1), uptime=106_000)
    assert line.answered(11, 166_000) == (None, None)


def test_one_missed_poll_is_reported_and_gives_no_whole_read() -> None:
    line = Line()
    line.answered(0, 100_000)
    assert line.missed(1) is not None
    event, reason = line.answered(2, 112_000)
    assert event is not None
    assert (event.misses, reason) == (1, None)


def test_the_confirmation_comes_before_the_last_miss() -> None:
    line = Line(2)
    assert not line.contact.confirms_next
    line.missed(0)
    assert line.contact.confirms_next
    line.missed(1)
    assert not line.contact.confirms_next


def test_a_device_that_never_answered_counts_from_its_first_poll() -> None:
    line = Line(1)
    event = line.missed(0)
    assert event is not None
    assert (event.first, event.misses, event.needed) == (START, 1, 1)


@pytest.mark.parametrize(
    ("before", "after", "event", "reason"),
    [
        pytest.param((4_294_966_000, 7), (4_704, 7), False, None, id="a wrap"),
        pytest.param((900_000, 7), (1_500, 8), True, "restart", id="a restart"),
        pytest.param((900_000, None), (1_500, None), True, "restart", id="a restart without boots"),
        pytest.param((900_000, 7), (906_000, 8), True, "restart", id="boots rose alone"),
        pytest.param((900_000, 7), (500_000, 7), True, None, id="an uptime that went back, too old for a restart"),
        pytest.param((900_000, 7), (None, None), False, None, id="a failed read is no value"),
    ],
)
def test_times(
    before: tuple[int, int | None], after: tuple[int | None, int | None], event: bool, reason: ReadReason | None
) -> None:
    line = Line()
    line.answered(0, *before)
    found, why = line.answered(1, *after)
    assert (found is not None, why) == (event, reason)


def test_a_failed_read_between_two_good_ones_changes_nothing() -> None:
    line = Line()
    line.answered(0, 500_000, 7)
    assert line.answered(1, None, None) == (None, None)
    assert line.answered(2, 512_000, 7) == (None, None)
    assert line.answered(3, 518_000, None) == (None, None)
    event, reason = line.answered(4, 500, 8)
    assert (event is not None, reason) == (True, "restart")


def test_neither_a_jump_of_the_clock_nor_a_suspended_host_is_a_restart() -> None:
    line = Line()
    line.answered(0, 100_000)
    assert line.answered(1, 106_000, jump=-36_000) == (None, None)
    assert line.answered(2, 112_000, jump=-36_000) == (None, None)
    # The host slept for eight hours; the stamps have them, the monotonic clock does not.
    assert line.answered(483, 112_000 + 481 * 6_000, jump=-36_000, slept=480 * 60) == (None, None)


def test_a_restart_while_the_device_was_silent() -> None:
    line = Line()
    line.answered(0, 900_000, 7)
    for minute in range(1, 6):
        line.missed(minute)
    event, reason = line.answered(6, 3_000, 8)
    assert event is not None
    assert (event.misses, reason) == (3, "restart")


def test_misses_from_before_a_new_count_do_not_count() -> None:
    line = Line()
    line.answered(0, 100_000)
    for minute in range(1, 6):
        line.missed(minute)
    line.contact.count_anew()
    reported = [line.missed(minute) for minute in range(10, 15)]
    assert [(each.misses, each.first) for each in reported if each is not None] == [
        (misses, START + timedelta(minutes=10)) for misses in (1, 2, 3)
    ]
    line.contact.count_anew()
    event, _reason = line.answered(20, 220_000)
    assert event is not None
    line.contact.count_anew()
    assert line.answered(21, 226_000) == (None, None)

"""Counting the other devices, beside a model that looks at each of them."""

from hypothesis import given
from hypothesis import strategies as st

from actors.poller.poll_outcomes import LatestPoll, PollOutcomes
from protocols.poll.contact import OtherPolls

STEPS = st.lists(
    st.tuples(st.integers(0, 5), st.floats(0, 3), st.sampled_from(["answered", "silent", "gone"]), st.integers(0, 40)),
    max_size=80,
)


@given(STEPS)
def test_others_as_a_model_counts_them(steps: list[tuple[int, float, str, int]]) -> None:
    outcomes, polls = PollOutcomes(), [LatestPoll() for _ in range(6)]
    model: dict[int, tuple[int, bool]] = {}
    now = 0.0
    for device, pause, outcome, back in steps:
        now += pause
        if outcome == "gone":
            outcomes.forget(polls[device])
            model.pop(device, None)
        else:
            outcomes.ended(polls[device], now, outcome == "silent")
            model[device] = (int(now), outcome == "silent")
        since = max(0.0, now - back)
        others = [silent for other, (at, silent) in model.items() if other != device and at >= int(since)]
        assert outcomes.others(polls[device], since) == OtherPolls(len(others), sum(others))


def test_a_mass_outage_is_counted_by_seconds_not_by_devices() -> None:
    outcomes, polls = PollOutcomes(), [LatestPoll() for _ in range(10_000)]
    for number, poll in enumerate(polls):
        outcomes.ended(poll, number * 60 / 10_000, number % 25 != 0)
    assert outcomes.others(polls[0], 0.0) == OtherPolls(9_999, 9_600)
    assert outcomes.others(polls[1], 0.0) == OtherPolls(9_999, 9_599)

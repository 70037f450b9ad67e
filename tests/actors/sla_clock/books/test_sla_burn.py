"""Burn rates against a walk second by second, and as a reason to be at risk."""

import hypothesis.strategies as st
from hypothesis import given
from vocabulary.sla import SlaWorld

from actors.sla_clock.books.burn import WINDOWS, burn_rate, burns_at
from protocols.sla.intervals import union
from protocols.sla.local_time import SECOND

TARGET = 990_000_000
spans = st.lists(st.tuples(st.integers(0, 300), st.integers(0, 300)), max_size=4)


def test_fourteen_times_too_fast_within_an_hour() -> None:
    down = [(0, 52 * SECOND)]
    assert burn_rate(down, 3600 * SECOND, 3600 * SECOND, 999_000_000) == 14_444
    assert burn_rate(down, 3660 * SECOND, 3600 * SECOND, 999_000_000) == 0
    assert burn_rate(down, 0, WINDOWS["1h"], 1_000_000_000) is None


@given(spans=spans, now=st.integers(0, 320), window=st.integers(1, 120), limit=st.integers(1, 100_000))
def test_the_first_second_at_which_it_burns(spans: list[tuple[int, int]], now: int, window: int, limit: int) -> None:
    down = union([*spans, (250, 10_000)])
    found = burns_at(down, now, window, TARGET, limit)

    def rate(at: int) -> int:
        used = sum(start <= second < end for second in range(at - window, at) for start, end in down)
        return used * 1000 * 100 // window

    lasts = down[-1][0] <= now
    expected = next((at for at in range(now, now + window + 1) if rate(at) >= limit and (at == now or lasts)), None)
    assert found == expected


def test_an_instance_is_at_risk_while_it_burns_and_not_afterwards() -> None:
    world = SlaWorld()
    instance = world.serve(world.define(at_risk_burn_rates={"1h": 14_400}), "svc-1")
    alarm = world.at(0).raise_alarm("ont.los", "olt-1/1/1/1")
    world.run_to(51)
    assert world.sla.accounts[instance.id].status == "compliant"
    world.run_to(53)
    account = world.sla.accounts[instance.id]
    assert account.status == "at_risk"
    assert account.reason.endswith("more than 14.4 times as fast as allowed within the last 1h")
    world.at(60).clear_alarm(alarm)
    world.run_to(3600 + 61)
    assert world.sla.accounts[instance.id].status == "compliant"
    assert world.notices == [("at_risk", instance.id)]

"""Counters to rates: wraps, resets and values that are none."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from actors.poller.plan.rates import CounterValue, bit_rate, counted, counter_value, utilisation
from protocols.snmp.values import encode_value


def wide(value: int) -> CounterValue:
    return CounterValue(value, True)


def narrow(value: int) -> CounterValue:
    return CounterValue(value, False)


@pytest.mark.parametrize(
    ("before", "after", "restarted", "octets"),
    [
        (narrow(4_294_967_000), narrow(704), False, 1_000),
        (narrow(4_294_967_000), narrow(704), True, None),
        (wide(10**15), wide(1_200_000), True, None),
        (wide(10**15), wide(1_200_000), False, None),
        (wide(1_200_000), wide(1_950_000), False, 750_000),
        (wide(5), wide(5), False, 0),
        (narrow(5), wide(7), False, None),
        (None, wide(7), False, None),
        (wide(7), None, False, None),
    ],
)
def test_octets_counted(before: CounterValue | None, after: CounterValue | None, restarted: bool, octets: int | None) -> None:
    assert counted(before, after, restarted=restarted) == octets


def test_a_thousand_octets_in_a_minute_are_133_bits_a_second() -> None:
    rate = bit_rate(1_000, 60.0)
    assert rate is not None
    assert round(rate, 3) == 133.333


@pytest.mark.parametrize(
    ("rate", "speed", "percent"),
    [(5e8, 1e9, 50.0), (None, 1e9, None), (5e8, None, None), (5e8, 0.0, None), (4.6e9, 1e9, None), (1.01e9, 1e9, 101.0)],
)
def test_a_share_of_the_speed(rate: float | None, speed: float | None, percent: float | None) -> None:
    assert utilisation(rate, speed) == percent


@pytest.mark.parametrize(("octets", "seconds"), [(None, 60.0), (5, 0.0), (5, -1.0)])
def test_no_octets_or_no_time_have_no_rate(octets: int | None, seconds: float) -> None:
    assert bit_rate(octets, seconds) is None


@given(st.integers(0, 2**32 - 1), st.integers(0, 2**32 - 1))
def test_what_a_counter32_counts_is_what_it_rose_by(before: int, octets: int) -> None:
    after = (before + octets) % 2**32
    assert counted(narrow(before), narrow(after), restarted=False) == octets


@given(st.one_of(st.none(), st.binary(max_size=16)))
def test_any_octets_are_a_counter_or_none(element: bytes | None) -> None:
    counter_value(element)


def test_only_counters_count() -> None:
    assert counter_value(encode_value("Counter64", 2**64 - 1)) == wide(2**64 - 1)
    assert counter_value(encode_value("Counter32", 7)) == narrow(7)
    assert counter_value(encode_value("INTEGER", 7)) is None
    assert counter_value(b"\x41\x05\x01\x00\x00\x00\x00") is None, "beyond 32 bits"

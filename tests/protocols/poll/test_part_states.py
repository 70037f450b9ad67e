"""Packing of polled states: whatever goes in comes out, in few octets."""

from itertools import pairwise

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from protocols.poll.part_states import PolledPart, join_position, pack_states, split_position, unpack_states
from protocols.poll.states import PartStates

NUMBERS = st.integers(0, 300)
POSITIONS = st.one_of(
    st.builds("0/{}/{}/{}".format, st.integers(0, 2), st.integers(0, 2), NUMBERS),
    st.builds("ont{}".format, NUMBERS),
    st.builds("if/{}".format, NUMBERS),
    st.builds(str, NUMBERS),
)
STATES = st.sampled_from(
    [("up", ""), ("unknown", ""), ("down", ""), ("down", "los"), ("down", "dying_gasp"), ("down", "admin_down")]
)


@st.composite
def parts(draw: st.DrawFn) -> list[PolledPart]:
    kind = st.sampled_from(["ont", "pon", "card"])
    found = draw(st.dictionaries(st.tuples(kind, POSITIONS), STATES, max_size=60))
    return [PolledPart(kind, position, *state) for (kind, position), state in found.items()]  # type: ignore[arg-type]


@given(parts())
def test_what_was_packed_is_unpacked(given_parts: list[PolledPart]) -> None:
    packed = pack_states(given_parts)
    assert sorted(unpack_states(packed)) == sorted(given_parts)
    assert pack_states(unpack_states(packed)) == packed
    assert msgspec.msgpack.decode(msgspec.msgpack.encode(packed), type=tuple[PartStates, ...]) == packed
    for group in packed:
        for spans in (group.up, group.unknown, [(first, last) for first, last, _ in group.down]):
            assert all(first <= last for first, last in spans)
            assert all(one[1] < next_one[0] for one, next_one in pairwise(spans))


@given(st.text(max_size=12))
def test_a_position_is_what_its_two_parts_say_or_has_none(position: str) -> None:
    place = split_position(position)
    assert place is None or join_position(*place) == position


@pytest.mark.parametrize(
    ("position", "place"),
    [
        ("0/1/3/5", ("0/1/3", 5)),
        ("ont5", ("ont", 5)),
        ("if/7", ("if/", 7)),
        ("7", ("", 7)),
        ("0/1/3/05", None),
        ("gpon", None),
        ("", None),
    ],
)
def test_positions_and_their_parts(position: str, place: tuple[str, int] | None) -> None:
    assert split_position(position) == place


def test_a_healthy_port_with_64_onts_takes_about_20_octets() -> None:
    packed = pack_states(PolledPart("ont", f"0/1/3/{number}", "up") for number in range(64))
    assert packed == (PartStates(kind="ont", under="0/1/3", up=((0, 63),)),)
    assert len(msgspec.msgpack.encode(packed)) <= 20


def test_of_a_position_that_comes_twice_the_last_counts() -> None:
    packed = pack_states([PolledPart("pon", "0/1", "up"), PolledPart("pon", "0/1", "down", "los")])
    assert list(unpack_states(packed)) == [PolledPart("pon", "0/1", "down", "los")]

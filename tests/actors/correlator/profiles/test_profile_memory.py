"""The memory of readings: kept from the second time on, bounded, and never another content's."""

import pytest

from actors.correlator.profiles import memory
from actors.correlator.profiles.memory import Content, Known, Memory
from protocols.finding import Reading


def known(name: str) -> Known:
    return Reading(device_address=name, address_from="source"), ()


def meet(kept: Memory, content: Content, times: int = 2) -> None:
    for _ in range(times):
        kept.offer(hash(content), content, known(str(content[0])))


def find(kept: Memory, content: Content) -> Known | None:
    return kept.find(hash(content), content)


def test_kept_from_the_second_time_on() -> None:
    kept = Memory()
    meet(kept, ("a",), times=1)
    assert find(kept, ("a",)) is None
    meet(kept, ("a",), times=1)
    assert find(kept, ("a",)) == known("a")


def test_contents_of_one_hash_are_told_apart() -> None:
    kept = Memory()
    kept.offer(1, ("a",), known("a"))
    kept.offer(1, ("a",), known("a"))
    assert kept.find(1, ("a",)) == known("a")
    assert kept.find(1, ("b",)) is None


def test_what_is_in_use_survives_a_flood_and_the_rest_goes(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(memory, "REMEMBERED", 10)
    kept = Memory()
    meet(kept, ("used",))
    meet(kept, ("unused",))
    for number in range(100):
        meet(kept, (number,))
        assert find(kept, ("used",)) == known("used")
        assert len(kept) <= 20
    assert find(kept, ("unused",)) is None


def test_contents_met_once_are_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(memory, "MET", 10)
    kept = Memory()
    for number in range(100):
        meet(kept, (number,), times=1)
        assert len(kept._met) <= 10
    assert len(kept) == 0

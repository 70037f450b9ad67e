"""Rogue ONTs that no OLT names: what makes one suspect them, and what must not."""

from collections.abc import Iterable
from datetime import timedelta
from random import Random
from typing import Any

import pytest
from msgspec.structs import replace
from vocabulary.outages import ONTS, Olt, onts, plant
from vocabulary.world import World

from actors.correlator.pon.likelihood import Seen, Signs, Tree, rogue
from actors.correlator.pon.memory import SIGN_LASTS, SIGNS_KEPT, PonMemory
from protocols.alarm import Alarm

PORT = "olt/1/0"


@pytest.fixture
def olt(world: World) -> Olt:
    return Olt(world)


def rogues(olt: Olt) -> dict[str, Alarm]:
    return {
        f"{a.alarm_type} {a.resource_id}": a for a in olt.world.alarms if a.qualifier == "suspected" and a.cleared_at is None
    }


def babble(olt: Olt, victims: Iterable[str], *, seconds: float, seed: int = 1, lof: bool = True, every: float = 6.0) -> None:
    """Siblings go dark for 5 s at a time and come back, in turns."""
    rng = Random(seed)
    until = olt.seconds + seconds
    at = [(olt.seconds + rng.uniform(0, 2 * every), ont) for ont in victims]
    up: dict[str, str] = {}
    while at:
        at.sort()
        when, ont = at.pop(0)
        if when > until:
            continue
        olt.seconds = max(olt.seconds, when)
        if ont in up:
            olt.clears(up.pop(ont), ont)
            at.append((olt.seconds + rng.uniform(4, 2 * every), ont))
        else:
            up[ont] = "ont.lof" if lof and rng.random() < 0.6 else "ont.los"
            olt.reports(up[ont], ont)
            at.append((olt.seconds + 5.0, ont))
    for ont, said in up.items():
        olt.clears(said, ont)


def test_siblings_that_go_dark_in_turns_have_a_rogue_among_them(olt: Olt) -> None:
    babble(olt, onts(0)[:20], seconds=60)
    olt.waits(3)
    (found,) = rogues(olt).values()
    assert (found.alarm_type, found.resource_id, found.is_root_cause) == ("pon.rogue.onts", PORT, True)
    assert found.title == "PON 0: suspected rogue ONT"
    assert found.description.startswith("suspected, not reported by the OLT: an ONT sends when it must not")
    assert "in turns" in found.description
    assert "the port has light all the time" in found.description
    assert 0.7 <= found.metadata["confidence"] <= 0.95
    assert not olt.concluded(), "nothing is broken"


def test_the_one_that_does_not_obey_is_named_and_all_else_goes_with_it(olt: Olt) -> None:
    culprit = onts(0)[9]
    victims = [ont for ont in onts(0)[:20] if ont != culprit]
    babble(olt, victims, seconds=40)
    assert set(rogues(olt)) == {f"pon.rogue.onts {PORT}"}
    olt.reports("ont.df", culprit)
    babble(olt, victims, seconds=20, seed=2)
    olt.reports("ont.los", *victims[:3])
    olt.reports("ont.dowi", victims[5])
    assert set(rogues(olt)) == {f"ont.rogue {culprit}"}
    (found,) = rogues(olt).values()
    assert "does not obey the order to be silent (DFi)" in found.description
    assert olt.children(found) == {culprit, *victims[:3], victims[5]}
    assert {line.action for line in olt.world.entries if line.actor == "faultd:pon"} >= {
        "withdrawn",
        "root_cause",
        "correlated",
    }


def test_what_begins_goes_with_the_suspicion_at_once(olt: Olt) -> None:
    babble(olt, onts(0)[:20], seconds=60)
    olt.reports("ont.los", onts(0)[30])
    (found,) = rogues(olt).values()
    assert onts(0)[30] in olt.children(found)


def test_it_is_over_when_it_has_been_quiet_and_does_not_come_again_by_itself(olt: Olt) -> None:
    babble(olt, onts(0)[:20], seconds=60)
    olt.waits(5)
    assert rogues(olt)
    olt.waits(300)
    assert not rogues(olt)
    assert len([line for line in olt.world.entries if line.action == "cleared" and line.text == "nothing of it for 60 s"]) == 1
    assert not [a for a in olt.world.alarms if a.cleared_at is None]


def test_the_only_ont_that_is_never_disturbed_is_the_rogue(world: World) -> None:
    olt = Olt(world, [node for node in plant(1) if node.type != "ont" or int(node.id.rpartition("/")[2]) % ONTS < 2])
    there = [ont for ont in onts(0) if ont in world.state.plant.nodes]
    babble(olt, there[1:], seconds=90)
    olt.waits(3)
    assert set(rogues(olt)) == {f"ont.rogue {there[0]}"}
    (found,) = rogues(olt).values()
    assert "alone was received all the time" in found.description
    counts = {key: found.metadata[key] for key in ("dark", "alive", "unknown")}
    assert counts == {"dark": len(there) - 1, "alive": 1, "unknown": 0}, "the rogue ONT itself is not dark"


def test_one_heard_while_all_others_are_dark_is_suspected_and_that_alone_is_not(olt: Olt) -> None:
    """A trap of the last one that arrived late, or was lost, is a feeder cut; one sent since is not."""
    olt.reports("ont.los", *onts(0)[1:])
    olt.waits(3)
    assert set(olt.concluded()) == {f"fibre.cut {PORT}"}
    assert not rogues(olt)
    olt.waits(5)
    olt.reports("ont.sd", onts(0)[0])
    olt.waits(3)
    assert set(rogues(olt)) == {f"ont.rogue {onts(0)[0]}"}
    assert not olt.concluded()
    assert [line.action for line in olt.world.entries if line.action in ("withdrawn",)] == ["withdrawn"]


def test_what_was_said_as_they_went_is_no_sign_of_life(olt: Olt) -> None:
    """Traps overtake one another: the last word of one that is dark as well."""
    olt.reports("ont.los", *onts(0)[1:])
    olt.seconds += 1.5
    olt.reports("ont.sd", onts(0)[0])
    olt.waits(30)
    assert not [a for a in olt.world.alarms if a.qualifier == "suspected"]
    assert set(olt.concluded()) == {f"fibre.cut {PORT}"}


def test_it_is_over_once_though_some_stay_dark(olt: Olt) -> None:
    babble(olt, onts(0)[:20], seconds=60)
    olt.reports("ont.los", *onts(0)[2:4])
    assert rogues(olt)
    olt.waits(110)
    assert not rogues(olt)
    over = [line.action for line in olt.world.entries if line.text == "nothing of it for 60 s"]
    assert over == ["cleared", "notification_requested"]


def test_the_olts_own_word_goes_before_the_suspicion(olt: Olt) -> None:
    victims = onts(0)[:20]
    babble(olt, victims, seconds=60)
    olt.reports("ont.los", *victims[:4])
    olt.reports("ont.rogue", onts(0)[25])
    olt.waits(3)
    assert not rogues(olt)
    (named,) = [a for a in olt.world.alarms if a.alarm_type == "ont.rogue"]
    assert (named.qualifier, named.is_root_cause, named.parent_alarm_id) == ("", True, None)
    assert olt.children(named) == set(victims[:4])


def test_a_port_that_loses_all_light_has_none(olt: Olt) -> None:
    """Whatever was the matter before: a rogue shines."""
    babble(olt, onts(0)[:20], seconds=60)
    assert rogues(olt)
    olt.reports("ont.los", *onts(0))
    olt.reports("pon.los", PORT)
    olt.waits(130)
    assert not rogues(olt)
    assert set(olt.concluded()) == {f"fibre.cut {PORT}"}


def flap(
    olt: Olt, victims: list[str], times: int, *, lost: float = 0.0, seed: int = 3, late: float = 0.0, port: str = ""
) -> None:
    """Together dark and back again, as with a bad connector above them."""
    rng = Random(seed)
    for _ in range(times):
        begun = olt.seconds
        up = sorted(
            (rng.uniform(0, 0.8) + (rng.random() < 0.2) * rng.uniform(0, late), ont) for ont in victims if rng.random() >= lost
        )
        for after, ont in up:
            olt.seconds = max(olt.seconds, begun + after)
            olt.reports("ont.los", ont)
        if port:
            olt.reports("pon.los", port)
        olt.waits(6)
        if port:
            olt.clears("pon.los", port)
        back = olt.seconds
        for after, ont in sorted((rng.uniform(2, 8), ont) for _, ont in up):
            olt.seconds = max(olt.seconds, back + after)
            olt.clears("ont.los", ont)
        olt.waits(8)


@pytest.mark.parametrize("lost", [0.0, 0.1])
@pytest.mark.parametrize("late", [0.0, 2.0])
@pytest.mark.parametrize(("victims", "port"), [(onts(0), PORT), (onts(0), ""), (onts(0, [1]), ""), (onts(0, [1, 2]), "")])
def test_a_bad_connector_above_them_is_none(olt: Olt, victims: list[str], port: str, lost: float, late: float) -> None:
    flap(olt, victims, 6, lost=lost, late=late, port=port)
    assert not [a for a in olt.world.alarms if a.qualifier == "suspected"]


@pytest.mark.parametrize("lost", [0.0, 0.05, 0.1, 0.2])
@pytest.mark.parametrize("seed", range(5))
def test_a_feeder_cut_is_none_whichever_traps_are_lost(olt: Olt, lost: float, seed: int) -> None:
    """An OLT that reports lost frames as well, whose port says nothing, and ONTs that come back in any order."""
    rng = Random(seed)
    told = [ont for ont in onts(0) if rng.random() >= lost]
    for ont in told:
        olt.reports("ont.los", ont)
        if rng.random() < 0.5:
            olt.reports("ont.lof", ont)
    olt.waits(60)
    for ont in told:
        for kind in ("ont.los", "ont.lof"):
            if any(a.resource_id == ont and a.alarm_type == kind and a.cleared_at is None for a in olt.world.alarms):
                olt.clears(kind, ont, every=rng.uniform(0, 0.4))
    olt.waits(10)
    assert not [a for a in olt.world.alarms if a.qualifier == "suspected"]


def test_one_or_two_onts_that_flap_are_none(olt: Olt) -> None:
    babble(olt, [onts(0)[3], onts(0)[17]], seconds=100)
    assert not [a for a in olt.world.alarms if a.qualifier == "suspected"]


def test_a_disobedience_of_long_ago_says_nothing_of_a_cut_today(olt: Olt) -> None:
    """Nobody takes a DFi back: it stays open."""
    olt.reports("ont.df", onts(0)[4])
    olt.waits(SIGN_LASTS.total_seconds() + 60)
    olt.reports("ont.los", *onts(0))
    olt.waits(5)
    assert set(olt.concluded()) == {f"fibre.cut {PORT}"}
    assert not rogues(olt)


def test_saved_and_loaded_in_between_it_goes_on_as_if_nothing_had_happened(world: World, make_world: Any) -> None:
    class Interrupted(Olt):
        def reports(self, *args: Any, **fields: Any) -> None:
            self.world.restart()
            super().reports(*args, **fields)

    one, other = Olt(world), Interrupted(make_world(None))
    for each in (one, other):
        babble(each, onts(0)[:12], seconds=60)
        each.reports("ont.df", onts(0)[25])
        each.waits(3)
    assert one.world.state.save() == other.world.state.save()
    assert set(rogues(other)) == {f"ont.rogue {onts(0)[25]}"}


def test_signs_are_bounded_and_forgotten() -> None:
    from datetime import UTC, datetime, timedelta

    from actors.correlator.pon.memory import Sign

    memory, at = PonMemory(), datetime(2026, 3, 1, tzinfo=UTC)
    for number in range(2 * SIGNS_KEPT):
        memory.sign("one", Sign("turn", str(number), at))
    assert len(memory.signs["one"]) == SIGNS_KEPT
    later = at + SIGN_LASTS + timedelta(seconds=1)
    memory.sign("two", Sign("turn", "x", later))
    assert list(memory.signs) == ["two"]


def tree(*legs: str) -> Tree:
    words: dict[str, Seen] = {"d": "dark", "s": "silent", "a": "alive", "o": "out", "g": "gasp"}
    return Tree(
        "p",
        tuple(
            Tree(f"l{number}", tuple(Tree(f"{number}.{place}", (), words[each]) for place, each in enumerate(leg)))
            for number, leg in enumerate(legs)
        ),
    )


@pytest.mark.parametrize(
    ("legs", "signs", "port_dark", "suspected"),
    [
        (("dddd", "dddd"), Signs(8), False, False),
        (("dddd", "ddds"), Signs(8), False, False),
        (("dddd", "dddd"), Signs(8, garbled=8), False, False),
        (("d" * 32, "d" * 32), Signs(64, garbled=64), False, False),
        (("dddd", "ddda"), Signs(8), False, True),
        (("dddd", "ddds"), Signs(8, stuck=True), False, True),
        (("d" * 32, "d" * 31 + "s"), Signs(64, stuck=True), False, True),
        (("dddd", "ddds"), Signs(8, stuck=True), True, False),
        (("ssss", "ssss"), Signs(8, turned=2), False, False),
        (("ooos", "osss"), Signs(8, turned=4), False, True),
        (("s" * 32, "s" * 32), Signs(64, turned=4), False, False),
        (("s" * 32, "s" * 32), Signs(64, turned=8), False, True),
        (("s" * 32, "s" * 32), Signs(64, turned=4, stuck=True), False, True),
        (("gggg", "gggg"), Signs(8, stuck=True), False, False),
    ],
)
def test_what_makes_a_rogue_likelier_than_a_break(
    legs: tuple[str, ...], signs: Signs, port_dark: bool, suspected: bool
) -> None:
    assert (rogue(tree(*legs), signs, culprit="1.3" if legs[-1][-1] == "a" else None, port_dark=port_dark) >= 0.7) is suspected


def test_more_of_a_sign_never_makes_it_less_likely() -> None:
    for of in (8, 32, 128):
        sure = [rogue(tree("s" * of), Signs(of, turned=turned)) for turned in range(3, of)]
        assert sure == sorted(sure)
        assert rogue(tree("s" * of), Signs(of, turned=3, garbled=3)) > rogue(tree("s" * of), Signs(of, turned=3))


def test_a_device_whose_clock_is_ahead_names_the_rogue_of_what_its_siblings_suffer_now(olt: Olt) -> None:
    olt.reports("ont.los", *onts(0)[:20])
    olt.waits(3)
    olt.reports("ont.rogue", onts(0)[25])
    (named,) = [a for a in olt.world.alarms if a.alarm_type == "ont.rogue"]
    olt.world.state.alarms[named.id] = replace(named, last_occurrence=named.last_occurrence + timedelta(minutes=50))
    olt.waits(3)
    assert olt.children(named) == set(onts(0)[:20])
    assert olt.concluded() == {}

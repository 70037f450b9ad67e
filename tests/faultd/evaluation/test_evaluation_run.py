"""Cases through the real fold: the same name gives the same case, however the work is shared out."""

from pathlib import Path

import msgspec
import pytest
from typer.testing import CliRunner

from faultd.cli.every_command import app
from faultd.evaluation.cases import CONDITIONS, KINDS, UnknownCase, build, case_ids, condition, distinct, plant_of
from faultd.evaluation.places import CausePlaces
from faultd.evaluation.play import Played, play
from faultd.evaluation.report import as_json, tables
from faultd.evaluation.runner import evaluate
from faultd.evaluation.score import score
from faultd.simulator.fault import Fault, dependents, element_of
from faultd.simulator.plant import PlantSpec, build_plant
from protocols.event import NetworkEvent

SOME = ("1/001/drop_cut/clean", "1/001/ont_power/everything", "1/002/uplink_down/loss-20", "1/002/drop_cut/messy-5")


def test_the_same_cases_give_the_same_scores_in_one_process_and_in_two() -> None:
    alone = evaluate(SOME)
    told: list[int] = []
    shared = evaluate(SOME, 2, told.append)
    assert msgspec.json.encode(as_json(alone)) == msgspec.json.encode(as_json(shared))
    assert tables(alone) == tables(shared)
    assert [name for name, _ in alone] == list(SOME)
    assert told == [2, 3, 4]


def test_a_case_depends_on_its_name_alone() -> None:
    name = "7/003/three/everything"
    once, again = build(name), build(name, plant_of("7/003/nothing/clean"))
    assert once == again
    assert build("8/003/three/everything") != once
    assert build("7/004/three/everything").faults != once.faults
    assert play(once) == play(again)


@pytest.mark.parametrize("kind", ["two", "three"])
def test_faults_drawn_together_can_be_told_apart(kind: str) -> None:
    for number in range(12):
        case = build(f"5/{number:03d}/{kind}/clean")
        assert len(case.faults) == {"two": 2, "three": 3}[kind]
        seen: set[str] = set()
        for fault in case.faults:
            onts = set(dependents(case.plant, element_of(case.plant, fault)))
            assert onts
            assert not onts & seen
            seen |= onts


def test_what_one_failure_above_would_darken_is_not_drawn_as_two() -> None:
    plant = build_plant(PlantSpec(olts=1, onts_per_pon=8, first_split=2, second_split=4))
    first, second, elsewhere = (
        Fault(id=leaf, kind="distribution_cut", target=leaf, start=1)
        for leaf in ("olt-001/0/1/0/s1.1", "olt-001/0/1/0/s1.2", "olt-001/0/1/1/s1.1")
    )
    assert not distinct(plant, (first, second))
    assert not distinct(plant, (first, elsewhere, second))
    assert not distinct(plant, (first, first))
    assert distinct(plant, (first, elsewhere))


def test_plants_differ_and_every_fourth_is_full() -> None:
    specs = [plant_of(f"1/{number:03d}/nothing/clean").spec for number in range(12)]
    assert len({(spec.vendors, spec.first_split, spec.second_split, spec.onts_per_pon) for spec in specs}) > 8
    assert {spec.onts_per_pon for spec in specs[::4]} == {128}


def test_two_bends_are_on_one_port_and_differ_clearly_and_light_was_read_before_them() -> None:
    for number in range(12):
        case = build(f"1/{number:03d}/two_bends/clean")
        one, other = case.faults
        assert {each.kind for each in case.faults} == {"bend"}
        assert one.target != other.target
        splitters = case.plant.splitters
        assert splitters[one.target].above == splitters[other.target].above
        assert other.depth - one.depth >= 2.5
        assert case.readings[0] < min(one.start, other.start)
        vendor = case.plant.olts[case.plant.pons[splitters[one.target].pon].olt].vendor
        assert (len(case.readings) > 1) == (vendor in ("zte", "calix_e7")), "read again where the alarms tell no levels"
        events = [event for _, event, _ in Played(case).events() if isinstance(event, NetworkEvent)]
        assert len(events) == len(case.readings) * len(case.plant.pons[splitters[one.target].pon].onts)


@pytest.mark.parametrize(("case", "found"), [("6/001/two_bends/clean", 2), ("6/002/rogue_unnamed/loss-5", 1)])
def test_what_is_not_simply_dark_is_found(case: str, found: int) -> None:
    scored = score(play(build(case)))
    assert sum(each.found for each in scored.faults) == found
    assert all(each.withdrawn for each in scored.wrong)
    assert not scored.left


def test_places_know_what_is_below_and_above() -> None:
    plant = build_plant(PlantSpec(olts=1, onts_per_pon=8, first_split=2, second_split=4))
    places = CausePlaces(plant)
    leaf, pon = "olt-001/0/1/0/s1.1", "olt-001/0/1/0"
    onts = plant.below[leaf]
    assert places.onts(leaf) == set(onts)
    assert places.onts("area:area-01") == set(plant.areas["area-01"])
    assert places.onts(f"{onts[0]}/eth1") == frozenset()
    assert places.above(onts[0]) == (onts[0], leaf, f"{pon}/s1", pon, "olt-001/0/1", "olt-001")
    assert places.cover(onts) == set(onts)
    assert places.cover([*onts, pon]) == places.onts(pon)
    assert places.cover(onts[:1]) == {onts[0]}
    assert places.cover([]) == frozenset()


def test_a_fault_that_left_no_trace_is_listed_apart() -> None:
    (fault,) = [each for each in play(build("1/001/drop_cut/loss-100")).faults if each.scored]
    assert fault.unheard == "no trap of it arrived"


def test_the_truth_knows_which_fault_is_behind_an_alarm() -> None:
    played = Played(build("1/001/two/clean"))
    for at, event, datagram in played.events():
        played.step(at, event, datagram)
    outcome = played.finish()
    told = {fault for each in outcome.standing for fault in each.faults}
    assert told == {"fault-1", "fault-2"}
    assert outcome.alarms == sum(not each.inferred for each in outcome.standing)


def test_a_port_that_two_areas_darkened_together_belongs_to_both() -> None:
    case = build("1/002/two/reordering")
    assert [fault.kind for fault in case.faults] == ["area_outage", "area_outage"]
    assert [each for each in play(case).standing if each.alarm_type == "pon.los" and len(each.faults) == 2]


@pytest.mark.parametrize(
    "name", ["1/1/cut/clean", "1/1/drop_cut", "x/1/drop_cut/clean", "1/1/drop_cut/rain", "1/1/two/loss-101"]
)
def test_a_case_that_is_none_is_refused(name: str) -> None:
    with pytest.raises(UnknownCase, match=r"there is no such"):
        build(name)


def test_names_cover_each_plant_kind_and_condition() -> None:
    assert len(list(case_ids(1, 2, KINDS, tuple(CONDITIONS)))) == 2 * len(KINDS) * len(CONDITIONS)
    assert condition("loss-7").loss == 0.07


def test_the_command_prints_writes_and_replays(tmp_path: Path) -> None:
    json, page = tmp_path / "scores.json", tmp_path / "page.md"
    page.write_text("before\n<!-- evaluation: begin -->\nold\n<!-- evaluation: end -->\nafter\n")
    run = CliRunner().invoke
    options = ["--plants", "1", "--jobs", "1", "--kinds", "drop_cut", "--loss", "0"]
    done = run(app, ["evaluate", *options, "--json", str(json), "--markdown", str(page)])
    assert done.exit_code == 0, done.output
    assert "One fault at a time" in done.output
    (case,) = msgspec.json.decode(json.read_bytes())["cases"]
    assert case["id"] == "1/000/drop_cut/loss-0"
    text = page.read_text()
    assert text.startswith("before\n")
    assert text.endswith("after\n")
    assert "old" not in text
    assert "drop_cut" in text
    told = run(app, ["evaluate", "--case", case["id"], "--explain"])
    assert told.exit_code == 0, told.output
    assert "PLANT    the drop fibre" in told.output
    assert "verdict at" in told.output
    assert run(app, ["evaluate", "--kinds", "rain"]).exit_code == 64

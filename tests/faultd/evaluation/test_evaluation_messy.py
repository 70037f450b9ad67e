"""The messy world: how often each of its dimensions is drawn, that the name alone gives the case, and how it is told."""

from collections import Counter
from pathlib import Path

import msgspec
import pytest
from typer.testing import CliRunner

from faultd.cli.every_command import app
from faultd.evaluation.cases import UnknownCase, build, case_ids, plant_of
from faultd.evaluation.messy import COMPANY, GROUPS, MESSY_KINDS, SHAPES, VERDICT, dimensions_of
from faultd.evaluation.play import Played, play
from faultd.evaluation.report import compared
from faultd.evaluation.runner import evaluate
from faultd.evaluation.score import score
from faultd.evaluation.totals import add_up
from faultd.simulator.breakage import affected, breakages, last_end


def test_each_dimension_is_in_three_cases_of_ten_and_four_together_in_two() -> None:
    """Over the names of training seeds; a group's dimensions (two soaks, three habits of a port) exclude one another."""
    names = [(str(seed), f"{number:03d}", kind) for seed in (1, 2) for number in range(150) for kind in MESSY_KINDS]
    drawn = [frozenset(dimensions_of(*name)) for name in names]
    for group in (*((each,) for each in SHAPES), *(group for group, _ in GROUPS)):
        assert sum(bool(each.intersection(group)) for each in drawn) >= 0.3 * len(drawn), group
    assert sum(len(each) >= 4 for each in drawn) >= 0.2 * len(drawn)


def test_each_company_is_in_three_cases_of_ten() -> None:
    company: Counter[str] = Counter()
    cases = 0
    for number in range(10):
        plant = plant_of(f"1/{number:03d}/nothing/messy-0")
        for kind in MESSY_KINDS:
            case = build(f"1/{number:03d}/{kind}/messy-0", plant)
            cases += 1
            company.update(COMPANY.keys() & set(case.dimensions))
    assert {name for name, count in company.items() if count >= 0.3 * cases} == set(COMPANY)


def test_a_messy_case_depends_on_its_name_alone() -> None:
    name = "7/003/two/messy-5"
    once, again = build(name), build(name, plant_of("7/003/nothing/messy-0"))
    assert once == again
    assert play(once) == play(again)
    lossless, alone = build("7/003/two/messy-0"), build("7/003/two/messy-5-alone")
    assert (lossless.faults, lossless.background, lossless.dimensions) == (once.faults, once.background, once.dimensions)
    assert lossless.options.mess == alone.options.mess == once.options.mess
    assert alone.faults == tuple(each for each in once.faults if not each.id.startswith("beside"))
    assert not alone.background


@pytest.mark.parametrize("kind", MESSY_KINDS)
def test_faults_last_beyond_the_verdict_and_company_touches_no_port_of_theirs(kind: str) -> None:
    for number in range(3):
        case = build(f"9/{number:03d}/{kind}/messy-5")
        plant = case.plant
        seen: dict[str, str] = {}
        for fault in (*case.faults, *case.background):
            end = last_end(breakages(plant, fault)) or case.length
            harmless = fault not in case.faults or kind not in ("two", "three")
            assert harmless or end > VERDICT
            for pon in {plant.onts[ont].pon for ont in affected(plant, fault)}:
                own = "faults" if fault.id.startswith("fault") else fault.id
                assert seen.setdefault(pon, own) == own
        assert case.length > case.verdict


@pytest.mark.parametrize("name", ["1/000/two_bends/messy-5", "1/000/two/messy-", "1/000/trunk_cut/clean", "1/0/two/messy-1-x"])
def test_a_messy_case_that_is_none_is_refused(name: str) -> None:
    with pytest.raises(UnknownCase):
        build(name)


def test_the_messy_tables_have_intervals(tmp_path: Path) -> None:
    json, page = tmp_path / "scores.json", tmp_path / "page.md"
    page.write_text("<!-- evaluation, messy world: begin -->\nold\n<!-- evaluation, messy world: end -->\n")
    options = ["--world", "messy", "--plants", "1", "--jobs", "1", "--loss", "5", "--kinds", "drop_cut,nightly_reboots"]
    done = CliRunner().invoke(app, ["evaluate", *options, "--json", str(json), "--markdown", str(page)])
    assert done.exit_code == 0, done.output
    assert "By kind of fault" in page.read_text()
    for title in ("By kind of fault", "nothing may be concluded", "By dimension", "Calibration", "Not knowable"):
        assert title in done.output
    found = msgspec.json.decode(json.read_bytes())
    assert found["by_kind_of_fault"]["drop_cut"]["recall"].keys() == {"value", "low", "high"}
    assert [each["id"] for each in found["cases"]] == list(case_ids(1, 1, ["drop_cut", "nightly_reboots"], ["messy-5"]))


def test_messy_cases_without_and_with_polls_side_by_side() -> None:
    name = "1/001/drop_cut/messy-5-alone"
    table = compared(evaluate([name]), evaluate([f"{name}/polls-15"]))
    assert "| pages about what is no fault, each |" in table
    assert "| drop_cut | 1 |" in table


@pytest.mark.parametrize(
    ("name", "reason"),
    [
        ("1/001/port_shutdown/messy-100-alone", "it did not arrive that an operator switched the port off"),
        ("1/001/olt_reboot/messy-100-alone", "it did not arrive that the OLT has started"),
        ("1/001/nightly_reboots/messy-100-alone", ""),
    ],
)
def test_what_nobody_can_see_is_no_fault_counts_nowhere(name: str, reason: str) -> None:
    scored = score(play(build(name)))
    assert [each.unheard for each in scored.harmless] == [reason]
    total = add_up([(name, scored)])
    assert (total.harmless, total.reasons) == ((0, {reason: 1}) if reason else (1, {}))


def test_the_place_of_a_fault_is_that_of_the_onts_that_were_not_dark_before() -> None:
    """Found by its name: a plant with ONTs that have been dark since long."""
    name = next(each for each in case_ids(1, 20, ["feeder_cut"], ["messy-0-alone"]) if "dark-onts" in build(each).dimensions)
    played = Played(build(name))
    dark = frozenset(played.plan.dark)
    assert dark
    pon = played.case.faults[0].target
    assert played.places.onts(pon) == frozenset(played.case.plant.pons[pon].onts) - dark
    for at, event, datagram in played.events():
        played.step(at, event, datagram)
    outcome = played.finish()
    assert outcome.faults[0].onts == played.places.onts(pon)
    assert not [each for each in outcome.pages if each.place in dark]

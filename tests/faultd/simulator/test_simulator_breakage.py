"""The times at which each fault really breaks its elements."""

from contextlib import suppress
from itertools import pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from faultd.simulator.breakage import affected, breakages, broken_at, last_end
from faultd.simulator.errors import SimulatorError, SpecError, UnknownResource
from faultd.simulator.fault import Fault, Kind
from faultd.simulator.plan import simulate
from faultd.simulator.plant import MAKERS, PlantSpec, Vendor, build_plant
from faultd.simulator.scenarios import SCENARIOS

PLANT = build_plant(PlantSpec(olts=4, cards_per_olt=2, pons_per_card=4, onts_per_pon=16, first_split=4, second_split=4))
PON = next(iter(PLANT.pons))


def fault(kind: Kind, target: str, end: float | None = 100.0, **more: object) -> Fault:
    return Fault(id="f", kind=kind, target=target, start=10.0, end=end, **more)  # type: ignore[arg-type]


def test_a_street_gets_its_power_back_in_parts() -> None:
    street = next(each for each, onts in PLANT.streets.items() if len(onts) >= 6)
    out = fault("street_outage", street, restored=(40.0, 60.0, 300.0))
    whole = PLANT.streets[street]
    assert broken_at(PLANT, out, 9.9) == ()
    assert broken_at(PLANT, out, 39.9) == whole
    counts = [len(broken_at(PLANT, out, at)) for at in (10.0, 40.0, 60.0, 299.9, 300.0)]
    assert counts == sorted(counts, reverse=True)
    assert counts[0] == len(whole) > counts[1] > counts[2] == counts[3] > counts[4] == 0
    assert last_end(breakages(PLANT, out)) == 300.0


@pytest.mark.parametrize("kind", ["firmware_upgrade", "reboot_trickle", "drop_trickle"])
def test_one_ont_after_the_other_goes_at_the_pace_of_the_period(kind: Kind) -> None:
    found = breakages(PLANT, fault(kind, PON, period=4.0, down=6.0))
    begins = [each.begin for each in found]
    gaps = [b - a for a, b in pairwise(begins)]
    assert {each.element.id for each in found} == set(PLANT.pons[PON].onts)
    assert all(3.2 <= gap <= 4.8 for gap in gaps)
    assert {round((each.end or 0) - each.begin, 6) for each in found} == {6.0}
    assert len(broken_at(PLANT, fault(kind, PON, period=4.0, down=6.0), 40.0)) in (1, 2)


def test_turns_after_the_end_do_not_come_and_a_share_is_a_share() -> None:
    few = breakages(PLANT, fault("reboot_trickle", PON, end=22.0, period=4.0))
    assert len(few) in (3, 4)
    half = affected(PLANT, fault("nightly_reboots", "olt-001", share=0.5))
    assert len(half) == 64
    assert {ont.split("/")[0] for ont in half} == {"olt-001"}


def test_light_comes_and_goes_before_the_last_splice_and_then_stays() -> None:
    leg = f"{PON}/s1.2"
    found = breakages(PLANT, fault("distribution_cut", leg, bounce=50.0))
    assert found[0].begin == 10.0
    assert found[0].end == 50.0
    assert len(found) >= 3
    assert all(a.end is not None and a.end < b.begin for a, b in pairwise(found))
    assert (last_end(found) or 0) <= 100.0


def test_some_onts_of_a_cut_stay_dark_after_its_repair() -> None:
    cut = fault("feeder_cut", PON, left=0.25, left_for=60.0)
    assert broken_at(PLANT, cut, 99.9) == affected(PLANT, cut) == PLANT.pons[PON].onts
    assert len(broken_at(PLANT, cut, 100.0)) == len(broken_at(PLANT, cut, 159.9)) == 4
    assert broken_at(PLANT, cut, 160.0) == ()


def test_a_cable_takes_all_its_feeders_also_that_of_a_whole_card() -> None:
    trunk, pons = next(iter(PLANT.trunks.items()))
    assert affected(PLANT, fault("trunk_cut", trunk)) == tuple(ont for pon in pons for ont in PLANT.pons[pon].onts)
    assert 2 <= len(pons) <= 4
    assert affected(PLANT, fault("trunk_cut", "olt-001/0/1")) == tuple(PLANT.onts_of_card("olt-001/0/1"))


@pytest.mark.parametrize(
    "wrong",
    [
        fault("street_outage", "area-01"),
        fault("trunk_cut", PON),
        fault("firmware_upgrade", "nowhere", period=1.0),
        fault("port_shutdown", "olt-001/0/1"),
    ],
)
def test_a_target_that_the_plant_has_not_is_refused(wrong: Fault) -> None:
    with pytest.raises(UnknownResource, match=wrong.target):
        breakages(PLANT, wrong)


@pytest.mark.parametrize(
    ("field", "wrong"),
    [
        ("left", fault("drop_cut", f"{PON}/3", left=0.5, left_for=10.0)),
        ("left", fault("feeder_cut", PON, left=0.5)),
        ("bounce", fault("feeder_cut", PON, end=None, bounce=10.0)),
        ("bounce", fault("feeder_cut", PON, bounce=95.0)),
        ("period", fault("firmware_upgrade", PON)),
        ("period", fault("nightly_reboots", PON, end=None)),
    ],
)
def test_times_that_cannot_be_are_refused(field: str, wrong: Fault) -> None:
    with pytest.raises(SpecError, match=field):
        breakages(PLANT, wrong)


@settings(max_examples=60, deadline=None)
@given(
    st.integers(1, 16),
    st.integers(1, 16),
    st.integers(1, 64),
    st.booleans(),
    st.booleans(),
    st.integers(0, 99),
    st.sampled_from(MAKERS),
)
def test_a_port_of_any_size_can_be_irregular(
    first: int, second: int, onts: int, small: bool, unequal: bool, seed: int, vendor: Vendor
) -> None:
    onts = min(onts, first * second)
    shape = {"small_legs": float(small), "cascades": float(unequal)}
    plant = build_plant(
        PlantSpec(
            olts=1,
            cards_per_olt=1,
            pons_per_card=2,
            onts_per_pon=onts,
            first_split=first,
            second_split=second,
            seed=seed,
            vendors=(vendor,),
            **shape,  # type: ignore[arg-type]
        )
    )
    for pon in plant.pons.values():
        assert 1 <= len(pon.onts) <= onts
        assert len(plant.below[pon.feeder]) == len(pon.onts)
    assert len(plant.onts) == sum(len(pon.onts) for pon in plant.pons.values())


@pytest.mark.parametrize("name", SCENARIOS)
def test_a_scenario_for_which_the_smallest_plant_has_no_target_says_so(name: str) -> None:
    plant = build_plant(PlantSpec(olts=1, cards_per_olt=1, pons_per_card=1, onts_per_pon=1, first_split=1, second_split=1))
    with suppress(SimulatorError):
        simulate(plant, SCENARIOS[name])


@pytest.mark.parametrize("shape", [{"small_legs": 1.0}, {"cascades": 1.0}, {"small_legs": 1.0, "cascades": 1.0}])
def test_an_irregular_plant_hangs_together(shape: dict[str, float]) -> None:
    plant = build_plant(PlantSpec(olts=4, onts_per_pon=24, first_split=4, second_split=8, **shape))  # type: ignore[arg-type]
    depths = set()
    for pon in plant.pons.values():
        assert set(plant.below[pon.feeder]) == set(pon.onts)
        for splitter in pon.splitters[1:]:
            assert plant.below[splitter]
            assert plant.splitters[splitter].above in pon.splitters[: pon.splitters.index(splitter)]
            assert set(plant.below[splitter]) <= set(plant.below[plant.splitters[splitter].above])
            depths.add(splitter.rpartition("/s1")[2].count("."))
        if "small_legs" in shape and "cascades" not in shape:
            assert all(1 <= len(plant.below[each]) <= 3 for each in pon.splitters[1:])
        elif "small_legs" not in shape:
            assert len(pon.onts) == 24
    assert depths == ({1, 2} if shape == {"cascades": 1.0} else {1})
    assert len({ont.serial for ont in plant.onts.values()}) == len(plant.onts)

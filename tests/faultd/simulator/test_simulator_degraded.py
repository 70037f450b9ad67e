"""Faults that are not simply dark: bent fibres, rogue ONTs, both uplinks, clocks that are wrong."""

from collections import Counter
from datetime import timedelta

import pytest

from faultd.simulator.fault import Element, Fault
from faultd.simulator.optics import JITTER, LOWEST, installed
from faultd.simulator.plan import Options, SimulationPlan, simulate
from faultd.simulator.plant import VENDORS, PlantSpec, SimulatedPlant, Vendor, build_plant
from faultd.simulator.scenarios import Scenario, Script, scenario
from faultd.simulator.simulation import EPOCH, Simulation


def plant(vendor: Vendor = "huawei") -> SimulatedPlant:
    return build_plant(PlantSpec(olts=1, onts_per_pon=32, first_split=4, second_split=8, vendors=(vendor,)))


def play(on: SimulatedPlant, *faults: Fault, duration: float = 60.0, **options: float) -> SimulationPlan:
    return simulate(on, Scenario("", "", duration, lambda _plant, _rng, _duration: Script(faults)), Options(**options))  # type: ignore[arg-type]


def test_a_bend_takes_the_same_from_each_ont_behind_it_and_nothing_from_the_others() -> None:
    on = plant()
    leaf = next(iter(on.pons.values())).feeder + ".2"
    simulation = Simulation(on, seed=3)
    before = {ont: simulation.optics.level(ont) for ont in on.onts}
    simulation.add(Fault(id="bend", kind="bend", target=leaf, start=1.0, end=20.0))
    said = simulation.run(until=10.0)
    lost = {ont: round(before[ont] - simulation.optics.level(ont), 6) for ont in on.onts}
    (drop,) = {lost[ont] for ont in on.below[leaf]}
    assert 6 <= drop <= 9
    assert {loss for ont, loss in lost.items() if ont not in on.below[leaf]} == {0.0}
    low = {ont for ont in on.onts if simulation.optics.level(ont) < LOWEST}
    assert low
    assert low == {each.report.resource for each in said}
    assert {each.report.what for each in said} == {"ont_rx_low", "ont_degraded"}, "no ONT is lost"
    assert all(simulation.physics.heard(ont) for ont in on.onts)
    ends = simulation.run()
    assert {(each.report.resource, each.report.raised) for each in ends} == {(ont, False) for ont in low}
    assert {ont: simulation.optics.level(ont) for ont in on.onts} == before


def test_two_bends_in_a_row_add_up() -> None:
    on = plant()
    feeder = next(iter(on.pons.values())).feeder
    simulation = Simulation(on, seed=3)
    first, second = on.below[f"{feeder}.1"][0], on.below[f"{feeder}.2"][0]
    before = simulation.optics.level(first), simulation.optics.level(second)
    for name in (feeder, f"{feeder}.1"):
        simulation.add(Fault(id=name, kind="bend", target=name, start=1.0))
    simulation.run(until=10.0)
    assert before[0] - simulation.optics.level(first) > before[1] - simulation.optics.level(second) >= 6


def test_a_bend_of_a_given_depth_takes_that_and_optics_tell_it_nearly() -> None:
    on = plant()
    leaf = next(iter(on.pons.values())).feeder + ".2"
    plan = play(on, Fault(id="bend", kind="bend", target=leaf, start=1.0, end=30.0, depth=11.5), seed=4)
    told = [each.report for each in plan.datagrams if each.report.what == "ont_rx_low" and each.report.raised]
    assert {each.resource for each in told} == set(on.below[leaf])
    wrong = [each.level - (installed(4, each.resource) - 11.5) for each in told]
    assert all(abs(each) <= JITTER for each in wrong)
    assert len({round(each, 3) for each in wrong}) > 1
    ends = [each.report for each in plan.datagrams if each.report.what == "ont_rx_low" and not each.report.raised]
    assert all(abs(each.level - installed(4, each.resource)) <= JITTER for each in ends)


@pytest.mark.parametrize("vendor", VENDORS)
def test_siblings_of_one_that_babbles_come_and_go_in_turns(vendor: Vendor) -> None:
    on = plant(vendor)
    pon = next(iter(on.pons.values()))
    culprit = pon.onts[5]
    plan = play(on, Fault(id="rogue", kind="rogue_unnamed", target=culprit, start=1.0, end=80.0), seed=2, duration=90.0)
    said = [(each.at, each.report) for each in plan.emissions]
    lost = [(at, each.resource) for at, each in said if each.what in ("ont_los", "ont_lof") and each.raised]
    times = Counter(ont for _, ont in lost)
    assert set(times) == set(pon.onts) - {culprit}
    assert min(times.values()) > 1, "each of them again and again"
    assert max(Counter(round(at) for at, _ in lost).values()) < len(pon.onts) / 4, "by turns"
    assert not {each.what for _, each in said} & {"pon_los", "ont_rogue", "pon_rogue", "ont_dying_gasp"}
    assert {each.resource for _, each in said if each.what == "ont_dfi"} <= {culprit}
    assert any(each.what == "ont_lof" for _, each in said)
    disturbed = {each.what for _, each in said if each.what in ("ont_dowi", "ont_degraded")}
    assert disturbed == ({"ont_dowi", "ont_degraded"} if vendor in ("huawei", "zte") else set())


@pytest.mark.parametrize(("vendor", "named"), [("huawei", True), ("zte", True), ("calix_e7", False), ("bdcom", False)])
def test_a_rogue_ont_is_heard_and_its_siblings_are_not(vendor: Vendor, named: bool) -> None:
    on = plant(vendor)
    pon = next(iter(on.pons.values()))
    rogue = pon.onts[5]
    plan = play(on, Fault(id="rogue", kind="rogue_ont", target=rogue, start=1.0))
    lost = {each.report.resource for each in plan.datagrams if each.report.what == "ont_los"}
    assert lost == set(pon.onts) - {rogue}
    assert not any(each.report.what == "pon_los" for each in plan.datagrams), "light still arrives at the port"
    assert any(each.report.what == "ont_rogue" and each.report.resource == rogue for each in plan.datagrams) is named
    (truth,) = plan.faults
    assert set(truth.affected_onts) == lost
    assert truth.root == rogue


def test_an_olt_with_both_uplinks_cut_gets_one_word_out() -> None:
    on = plant("zte")
    olt = next(iter(on.olts))
    cut = Fault(id="dig", kind="uplinks_down", target=olt, start=1.0, end=40.0)
    feeder = Fault(id="cut", kind="feeder_cut", target=next(iter(on.pons)), start=10.0, end=60.0)
    plan = play(on, cut, feeder)
    arrived = [(each.report.what, each.report.raised) for each in plan.datagrams if each.at < 40]
    assert arrived == [("uplink", True)]
    dug, lost = plan.faults
    assert (dug.traps.lost, lost.traps.sent > 0) == (0, True)
    assert lost.traps.lost >= len(lost.affected_onts), "raised while nothing could get out"
    assert ("uplink", False) in {(each.report.what, each.report.raised) for each in plan.datagrams}


def test_a_dig_repaired_at_once_leaves_the_second_uplink_whole() -> None:
    on = plant("zte")
    olt = next(iter(on.olts))
    plan = play(on, Fault(id="dig", kind="uplinks_down", target=olt, start=1.0, end=1.5))
    assert not any(each.unreachable for each in plan.emissions)
    simulation = Simulation(on)
    simulation.add(Fault(id="dig", kind="uplinks_down", target=olt, start=1.0, end=1.5))
    simulation.run()
    assert all(simulation.physics.works(Element(part, olt)) for part in ("uplinks", "uplink", "reach"))


def test_a_clock_is_wrong_by_the_same_all_along_and_the_bytes_are_sent_when_they_were() -> None:
    on = plant("zte")
    right = simulate(on, scenario("drop-cut"), Options(noise=0.0))
    wrong = simulate(on, scenario("drop-cut"), Options(noise=0.0, skew=600.0))
    assert [each.at for each in right.datagrams] == [each.at for each in wrong.datagrams]
    apart = {
        _clock(b.notification.security) - _clock(a.notification.security)
        for a, b in zip(right.datagrams, wrong.datagrams, strict=True)
    }
    (skew,) = {round(each.total_seconds()) for each in apart} - {0} or {0}
    assert 0 < abs(skew) <= 600


def _clock(security: str) -> timedelta:
    """What the device's clock shows in ZTE's decorated community, since the beginning of the simulation."""
    stamp = security.rsplit("@", 1)[1]
    return (
        EPOCH.replace(
            hour=int(stamp[8:10]),
            minute=int(stamp[10:12]),
            second=int(stamp[12:14]),
            day=int(stamp[6:8]),
            month=int(stamp[4:6]),
            year=int(stamp[:4]),
        )
        - EPOCH
    )

"""What is seen of each fault: a table of faults on a small plant, and what its OLTs say."""

from collections import Counter

import pytest

from faultd.simulator.emission import Emission
from faultd.simulator.errors import SpecError, UnknownResource
from faultd.simulator.fault import Fault, Kind
from faultd.simulator.plant import PlantSpec, SimulatedPlant, build_plant
from faultd.simulator.simulation import Simulation
from faultd.simulator.timing import Timing

PLANT = build_plant(PlantSpec(olts=4, onts_per_pon=8, first_split=2, second_split=4, areas=3))
ALL_GASP = Timing(gasps=1.0)
HUAWEI_PON, ZTE_PON, CALIX_PON, BDCOM_PON = "olt-001/0/1/2", "olt-002/1/2/3", "olt-003/1/1/2", "olt-004/0/3"


def play(
    *faults: Fault, plant: SimulatedPlant = PLANT, until: float | None = None, timing: Timing = ALL_GASP
) -> list[Emission]:
    simulation = Simulation(plant, seed=3, timing=timing)
    for fault in faults:
        simulation.add(fault)
    return simulation.run(until)


def cut(kind: Kind, target: str, start: float = 1.0, end: float | None = None, name: str = "f") -> Fault:
    return Fault(id=name, kind=kind, target=target, start=start, end=end)


def resources(sent: list[Emission], what: str, *, raised: bool = True) -> set[str]:
    return {each.report.resource for each in sent if each.report.what == what and each.report.raised is raised}


@pytest.mark.parametrize("pon", [HUAWEI_PON, ZTE_PON, CALIX_PON, BDCOM_PON])
def test_a_feeder_cut_darkens_exactly_the_onts_of_its_port(pon: str) -> None:
    sent = play(cut("feeder_cut", pon))
    assert resources(sent, "ont_los") == set(PLANT.pons[pon].onts)
    assert resources(sent, "ont_dying_gasp") == set()
    assert resources(sent, "pon_los") == (set() if pon == BDCOM_PON else {pon})
    assert {each.olt for each in sent} == {PLANT.pons[pon].olt}
    assert max(each.at for each in sent) < 1.0 + 2.0


def test_a_distribution_cut_darkens_its_leg_and_leaves_the_port_alive() -> None:
    leaf = f"{HUAWEI_PON}/s1.2"
    sent = play(cut("distribution_cut", leaf))
    assert resources(sent, "ont_los") == set(PLANT.below[leaf])
    assert resources(sent, "pon_los") == set()


def test_a_drop_cut_is_one_ont() -> None:
    assert resources(play(cut("drop_cut", f"{HUAWEI_PON}/5")), "ont_los") == {f"{HUAWEI_PON}/5"}


def test_an_outage_is_dying_gasps_and_no_loss_of_signal() -> None:
    area = "area-02"
    sent = play(cut("area_outage", area))
    assert resources(sent, "ont_dying_gasp") == set(PLANT.areas[area])
    assert resources(sent, "ont_los") == set()


def test_onts_whose_gasp_does_not_get_through_just_go_dark() -> None:
    sent = play(cut("area_outage", "area-02"), timing=Timing(gasps=0.5))
    gasped, lost = resources(sent, "ont_dying_gasp"), resources(sent, "ont_los")
    assert gasped
    assert lost
    assert not gasped & lost
    assert gasped | lost == set(PLANT.areas["area-02"])


def test_the_port_counts_affected_and_gasped_onts() -> None:
    """Half the port gasps, then the feeder of the other half goes: 12.2.1.0.108 says how many of each."""
    plant = build_plant(PlantSpec(olts=1, vendors=("huawei",), onts_per_pon=8, first_split=2, second_split=4, areas=1))
    whole = play(cut("area_outage", "area-01"), plant=plant)
    report = next(each.report for each in whole if each.report.what == "pon_los")
    assert (report.affected, report.gasped) == (8, 8)
    feeder = play(cut("feeder_cut", "olt-001/0/1/0"), plant=plant)
    pon_los = next(each for each in feeder if each.report.what == "pon_los")
    assert [bind.value for bind in pon_los.notification.varbinds] == [0, 1, 0, 8, 0]


def test_a_cut_after_an_outage_adds_only_those_that_had_power() -> None:
    area = PLANT.onts[PLANT.pons[HUAWEI_PON].onts[0]].area
    inside = {ont for ont in PLANT.pons[HUAWEI_PON].onts if PLANT.onts[ont].area == area}
    sent = play(cut("area_outage", area, 1.0, name="dark"), cut("feeder_cut", HUAWEI_PON, 20.0, name="cut"))
    assert resources(sent, "ont_los") == set(PLANT.pons[HUAWEI_PON].onts) - inside
    assert {each.fault for each in sent if each.report.what == "ont_los"} <= {"cut"}


def test_an_outage_behind_a_cut_cannot_gasp() -> None:
    area = PLANT.onts[PLANT.pons[HUAWEI_PON].onts[0]].area
    sent = play(cut("feeder_cut", HUAWEI_PON, 1.0), cut("area_outage", area, 20.0, name="dark"))
    assert resources(sent, "ont_dying_gasp") == set(PLANT.areas[area]) - set(PLANT.pons[HUAWEI_PON].onts)


def test_a_gasp_needs_light_at_the_moment_it_is_sent() -> None:
    """Power goes first; the fibre is cut while the ONT still lives on its capacitor."""
    area = PLANT.onts[PLANT.pons[HUAWEI_PON].onts[0]].area
    slow = Timing(gasps=1.0, hold_up=(1.0, 1.0))
    sent = play(cut("area_outage", area, 1.0, name="dark"), cut("feeder_cut", HUAWEI_PON, 1.5), timing=slow)
    assert resources(sent, "ont_dying_gasp") == set(PLANT.areas[area]) - set(PLANT.pons[HUAWEI_PON].onts)
    assert resources(sent, "ont_los") == set(PLANT.pons[HUAWEI_PON].onts)


def test_a_repaired_fibre_clears_only_onts_that_have_power() -> None:
    area = PLANT.onts[PLANT.pons[HUAWEI_PON].onts[0]].area
    sent = play(cut("feeder_cut", HUAWEI_PON, 1.0, 40.0), cut("area_outage", area, 20.0, name="dark"))
    assert resources(sent, "ont_los", raised=False) == {
        ont for ont in PLANT.pons[HUAWEI_PON].onts if PLANT.onts[ont].area != area
    }


def test_a_failed_card_is_reported_by_the_control_board_and_not_as_lost_fibre() -> None:
    sent = play(cut("card_failure", "olt-001/0/1", 1.0, 20.0))
    assert resources(sent, "ont_los") == resources(sent, "pon_los") == set()
    assert resources(sent, "card") == resources(sent, "card", raised=False) == {"olt-001/0/1"}
    assert resources(sent, "ont_state") == resources(sent, "ont_state", raised=False) == set(PLANT.onts_of_card("olt-001/0/1"))


def test_an_olt_without_power_is_silent_but_for_its_own_last_word() -> None:
    huawei = play(cut("olt_power", "olt-001", 1.0, 60.0), cut("feeder_cut", HUAWEI_PON, 10.0, 20.0, name="unseen"))
    said = [(each.report.what, each.at) for each in huawei]
    assert said[0] == ("olt_power_off", 1.0)
    assert said[1][0] == "cold_start"
    assert said[1][1] > 60.0
    assert {what for what, _ in said[2:]} == {"ont_state"}
    bdcom = play(cut("olt_power", "olt-004", 1.0, 60.0))
    assert bdcom[0].report.what == "cold_start"


def test_what_was_queued_when_power_went_is_never_sent() -> None:
    simulation = Simulation(PLANT, seed=3, timing=Timing(trap=(0.5, 0.5)))
    simulation.add(cut("feeder_cut", HUAWEI_PON, 1.0))
    simulation.add(cut("olt_power", "olt-001", 3.0))
    sent = simulation.run()
    assert sent[-1].report.what == "olt_power_off"
    assert simulation.discarded > 0
    assert len(sent) - 1 + simulation.discarded == 8 + 8 + 1  # every ONT's loss and state, and the port's


def test_uptime_restarts_with_the_olt() -> None:
    sent = play(cut("olt_power", "olt-001", 1.0, 60.0))
    before, after = sent[0].notification.uptime, sent[1].notification.uptime
    assert before is not None
    assert before > 8_640_000
    assert after == 0


def test_an_interruption_shorter_than_detection_goes_unnoticed() -> None:
    assert play(cut("drop_cut", f"{HUAWEI_PON}/5", 1.0, 1.005), timing=Timing(loss=(0.01, 0.8))) == []
    assert play(cut("ont_reboot", f"{HUAWEI_PON}/5", 1.0, 1.01), timing=ALL_GASP) == []


def test_a_card_that_drops_out_briefly_does_not_hide_a_cut_made_meanwhile() -> None:
    slow = Timing(card_loss=(2.9, 3.0), card_boot=(6.0, 6.0))
    sent = play(
        cut("card_failure", "olt-001/0/1", 1.0, 3.0, name="card"),
        cut("drop_cut", f"{HUAWEI_PON}/5", 1.5),
        timing=slow,
    )
    assert resources(sent, "ont_los") == {f"{HUAWEI_PON}/5"}


def test_two_cuts_of_one_fibre_need_two_repairs() -> None:
    target = f"{HUAWEI_PON}/5"
    sent = play(cut("drop_cut", target, 1.0, 30.0, name="first"), cut("drop_cut", target, 2.0, 60.0, name="second"))
    assert Counter(each.report.what for each in sent) == {"ont_los": 2, "ont_state": 2}
    assert min(each.at for each in sent if not each.report.raised) > 60.0


def test_an_unreachable_olt_speaks_in_vain() -> None:
    sent = play(cut("olt_unreachable", "olt-001", 1.0, 30.0), cut("feeder_cut", HUAWEI_PON, 5.0, 40.0, name="cut"))
    assert {each.unreachable for each in sent if each.report.raised} == {True}
    assert {each.unreachable for each in sent if not each.report.raised} == {False}


def test_a_flapping_ont_raises_and_clears_once_per_period() -> None:
    target = f"{ZTE_PON}/4"
    fault = Fault(id="f", kind="ont_flapping", target=target, start=0.0, end=96.0, period=24.0)
    sent = play(fault)
    assert [(each.report.what, each.report.raised) for each in sent] == [("ont_los", True), ("ont_los", False)] * 4


def test_faults_of_what_is_not_there_are_refused() -> None:
    simulation = Simulation(PLANT)
    for kind, target in (("feeder_cut", "olt-009/0/1/0"), ("distribution_cut", f"{HUAWEI_PON}/s1"), ("area_outage", "olt-001")):
        with pytest.raises(UnknownResource, match=target):
            simulation.add(cut(kind, target))  # type: ignore[arg-type]
    with pytest.raises(SpecError, match="flaps"):
        simulation.add(cut("ont_flapping", f"{HUAWEI_PON}/5"))

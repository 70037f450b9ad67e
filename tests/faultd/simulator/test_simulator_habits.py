"""What the habits of an OLT make of the same physics: soak, pace, the port's alarm, silent ONTs, late cards, starts."""

from collections.abc import Callable, Iterable
from itertools import pairwise

import pytest
from msgspec import structs

from faultd.simulator.emission import Emission
from faultd.simulator.fault import Fault, Kind
from faultd.simulator.habits import OltHabits
from faultd.simulator.mess import MESSY, shaped
from faultd.simulator.plan import Options, simulate
from faultd.simulator.plant import PlantSpec, SimulatedPlant, Vendor, build_plant
from faultd.simulator.scenarios import SCENARIOS
from faultd.simulator.simulation import Simulation
from protocols.snmp.notification import Notification

StillOpen = Callable[[Iterable[tuple[str, Notification]]], set[tuple[object, ...]]]


def plant(vendor: Vendor) -> SimulatedPlant:
    return build_plant(
        PlantSpec(
            olts=1, cards_per_olt=1, pons_per_card=2, onts_per_pon=16, first_split=4, second_split=4, vendors=(vendor,), areas=1
        )
    )


HUAWEI, ZTE, BDCOM = plant("huawei"), plant("zte"), plant("bdcom")


def play(
    on: SimulatedPlant, habits: OltHabits, kind: Kind, target: str, end: float | None = None, **more: object
) -> list[Emission]:
    simulation = Simulation(on, seed=5, habits={"olt-001": habits})
    simulation.add(Fault(id="f", kind=kind, target=target, start=1.0, end=end, **more))  # type: ignore[arg-type]
    return simulation.run()


def times(sent: list[Emission], what: str, *, raised: bool = True) -> list[float]:
    return [each.at for each in sent if each.report.what == what and each.report.raised == raised]


def pon(on: SimulatedPlant) -> str:
    return next(iter(on.pons))


@pytest.mark.parametrize("soak", [0.0, 2.5, 10.0])
def test_loss_of_signal_waits_for_the_soak_and_a_gasp_does_not(soak: float) -> None:
    cut = times(play(ZTE, OltHabits(soak=soak), "feeder_cut", pon(ZTE)), "ont_los")
    assert len(cut) == 16
    assert 1.0 + soak <= min(cut) <= max(cut) <= 1.0 + soak + 0.4
    out = play(ZTE, OltHabits(soak=soak, gasping=0.6), "area_outage", "area-01")
    gasps, silent = times(out, "ont_dying_gasp"), times(out, "ont_los")
    assert max(gasps) < 3.0
    assert len(gasps) + len(silent) == len(ZTE.onts)
    assert 0.3 * len(ZTE.onts) < len(gasps) < 0.85 * len(ZTE.onts)
    assert all(2.5 + soak <= each <= 2.5 + soak + 0.4 for each in silent)


def test_who_can_gasp_is_a_matter_of_the_ont() -> None:
    street = next(iter(ZTE.streets))
    area = play(ZTE, OltHabits(gasping=0.6), "area_outage", "area-01")
    part = play(ZTE, OltHabits(gasping=0.6), "street_outage", street)
    first, again = ({each.report.resource for each in sent if each.report.what == "ont_dying_gasp"} for sent in (area, part))
    assert len((first & set(ZTE.streets[street])) ^ again) <= 2, "but for the few gasps that do not get through"


def test_a_paced_olt_sends_one_after_the_other_and_a_paced_port_beside_the_others() -> None:
    one = play(ZTE, OltHabits(pace=5.0), "trunk_cut", "olt-001/1/2")
    assert all(0.15 < b - a < 0.25 for a, b in pairwise(each.at for each in one))
    assert one[-1].at > 1.0 + 34 / 5 * 0.9
    each_port = play(ZTE, OltHabits(pace=5.0, queue="pon"), "trunk_cut", "olt-001/1/2")
    assert len(each_port) == len(one)
    assert each_port[-1].at < 1.0 + 17 / 5 * 1.3


def test_what_waits_in_a_queue_has_the_stamp_of_its_event() -> None:
    sent = play(ZTE, OltHabits(pace=5.0, soak=0.0), "feeder_cut", pon(ZTE))
    stamps = {each.notification.security.rpartition("@")[2] for each in sent}
    assert stamps == {"20260101000001"}, "all within the second of the cut, also what left seconds later"
    assert sent[-1].at > 3.5


def test_a_port_is_silent_late_or_alone() -> None:
    late = play(ZTE, OltHabits(port_los="late", pace=10.0), "feeder_cut", pon(ZTE), end=60.0)
    assert times(late, "pon_los")[0] > max(times(late, "ont_los"))
    never = play(ZTE, OltHabits(port_los="never"), "feeder_cut", pon(ZTE), end=60.0)
    assert {each.report.what for each in never} == {"ont_los", "ont_state"} - {"ont_state"}
    alone = play(HUAWEI, OltHabits(port_los="alone"), "feeder_cut", pon(HUAWEI), end=60.0)
    assert [(each.report.what, each.report.raised) for each in alone if each.at < 60] == [("pon_los", True)]
    leg = play(HUAWEI, OltHabits(port_los="alone"), "distribution_cut", f"{pon(HUAWEI)}/s1.2")
    assert len(times(leg, "ont_los")) == 4, "the port still receives others"


def test_registered_is_the_only_sign_of_return() -> None:
    sent = play(ZTE, OltHabits(registered=True), "distribution_cut", f"{pon(ZTE)}/s1.2", end=30.0)
    assert {each.report.what for each in sent if each.at > 30} == {"ont_registered"}
    assert {each.notification.trap_oid for each in sent if each.at > 30} == {"1.3.6.1.4.1.3902.1012.3.45.165"}


def test_a_late_card_speaks_after_its_onts() -> None:
    sent = play(ZTE, OltHabits(soak=1.0, late_card=(7.5, 8.5)), "card_failure", "olt-001/1/2", end=40.0)
    lost = times(sent, "ont_los")
    assert len(lost) == 32
    assert max(lost) + 6 < times(sent, "card")[0] < max(lost) + 10
    assert times(sent, "pon_los") == [], "a dead card receives no port"
    assert len(times(sent, "ont_los", raised=False)) == 32


def test_a_reset_card_is_offline_and_not_faulty() -> None:
    sent = play(HUAWEI, OltHabits(), "card_reset", "olt-001/0/1", end=15.0, quiet=True)
    cards = [
        each.notification.trap_oid.removeprefix("1.3.6.1.4.1.2011.6.3.8.") for each in sent if "card_r" in each.report.what
    ]
    assert cards == ["2.0.4", "2.0.1"]


@pytest.mark.parametrize("shown", [True, False])
def test_a_port_switched_off_is_told_as_wanted_before_its_onts(shown: bool) -> None:
    for on in (HUAWEI, ZTE, BDCOM):
        sent = play(on, OltHabits(shutdown_los=shown), "port_shutdown", pon(on), end=30.0)
        first = sent[0]
        admin = [bind.value for bind in first.notification.varbinds if bind.oid.startswith("1.3.6.1.2.1.2.2.1.7.")]
        assert (first.report.what, admin) == ("port_shutdown", [2])
        assert len(times(sent, "ont_los")) == (16 if shown else 0)
        assert times(sent, "pon_los") == []
        assert times(sent, "port_shutdown", raised=False)[0] < 31


def test_ports_lose_their_signal_after_a_start_until_somebody_is_ranged() -> None:
    sent = play(HUAWEI, OltHabits(boot_los=True), "olt_reboot", "olt-001", end=10.0, quiet=True)
    assert sent[0].report.what == "cold_start"
    raised, cleared, first_up = (
        times(sent, "pon_los"),
        times(sent, "pon_los", raised=False),
        times(sent, "ont_state", raised=False)[0],
    )
    assert len(raised) == len(cleared) == 2
    assert max(raised) < first_up < min(cleared)
    assert max(cleared) < max(raised) + 8


def test_orders_have_no_last_word() -> None:
    target = pon(HUAWEI)
    loud, quiet = (play(HUAWEI, OltHabits(), "firmware_upgrade", target, period=1.0, quiet=silent) for silent in (False, True))
    assert len(times(loud, "ont_dying_gasp")) > 12
    assert times(quiet, "ont_dying_gasp") == []
    assert len(times(quiet, "ont_los")) == 16


def test_onts_dark_since_long_have_their_alarms_from_before_and_say_nothing_more() -> None:
    told, untold = "olt-001/1/2/1/3", "olt-001/1/2/1/4"
    simulation = Simulation(ZTE, seed=5, dark={told: True, untold: False})
    (past,) = simulation.before
    assert (past.report.resource, past.report.raised) == (told, True)
    assert -80_000 < past.at < -3_600
    simulation.add(Fault(id="f", kind="feeder_cut", target="olt-001/1/2/1", start=1.0, end=40.0))
    resources = {each.report.resource for each in simulation.run()}
    assert {told, untold} & resources == set()
    assert len(resources) == 15


@pytest.mark.parametrize("name", SCENARIOS)
@pytest.mark.parametrize("seed", [1, 2, 3, 4])
def test_after_the_repairs_of_a_messy_world_nothing_is_left_open(name: str, seed: int, still_open: StillOpen) -> None:
    mess = structs.replace(MESSY, dark=(0.0, 0.0))
    on = build_plant(shaped(PlantSpec(olts=4, onts_per_pon=16, first_split=4, second_split=4), mess))
    sent = simulate(on, SCENARIOS[name], Options(seed=seed, noise=0.0, mess=mess)).emissions
    assert still_open((each.olt, each.notification) for each in sent) == set()


def test_a_messy_world_is_the_same_every_time_and_another_one_with_another_seed() -> None:
    on = build_plant(shaped(PlantSpec(olts=4, onts_per_pon=16), MESSY))
    one, two, other = (simulate(on, SCENARIOS["messy-day"], Options(seed=seed, mess=MESSY)) for seed in (1, 1, 2))
    assert [each.payload for each in one.datagrams] == [each.payload for each in two.datagrams]
    assert [each.payload for each in one.before] == [each.payload for each in two.before]
    assert [each.payload for each in one.datagrams] != [each.payload for each in other.datagrams]
    assert [each.at for each in one.before] == sorted(each.at for each in one.before)
    assert one.dark
    assert {ont for ont, told in one.dark.items() if told} >= {each.report.resource for each in one.before}


def test_a_port_switched_on_while_its_olt_has_no_power_works_after_the_start(still_open: StillOpen) -> None:
    simulation = Simulation(HUAWEI, seed=5)
    simulation.add(Fault(id="off", kind="port_shutdown", target=pon(HUAWEI), start=1.0, end=30.0))
    simulation.add(Fault(id="dark", kind="olt_reboot", target="olt-001", start=20.0, end=40.0))
    sent = simulation.run()
    assert still_open((each.olt, each.notification) for each in sent) == set()
    assert all(simulation.watch.ont(ont).up for ont in HUAWEI.onts)


def test_a_gasp_is_repeated_until_the_ont_is_back() -> None:
    vsol = plant("vsol")
    for end, wanted in ((200.0, 13), (20.0, None)):
        sent = play(vsol, OltHabits(gasp_repeats=5.0), "ont_power", "olt-001/1/3", end=end)
        gasps, back = times(sent, "ont_dying_gasp"), times(sent, "ont_state", raised=False)[0]
        assert all(b - a == pytest.approx(5.0, abs=0.1) for a, b in pairwise(gasps))
        assert max(gasps) < back
        assert len(gasps) == (wanted or len(gasps)) > 3

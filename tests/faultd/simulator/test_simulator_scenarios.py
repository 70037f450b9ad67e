"""Scenarios: repairs clear all that was raised, the seed decides everything, and the truth adds up."""

import json
from collections import Counter
from collections.abc import Callable, Iterable

import pytest

from faultd.simulator.errors import SpecError, UnknownScenario
from faultd.simulator.plan import Options, SimulationPlan, simulate
from faultd.simulator.plant import PlantSpec, build_plant
from faultd.simulator.scenarios import SCENARIOS, scenario
from faultd.simulator.truth import truth_jsonl
from protocols.snmp.notification import Notification

StillOpen = Callable[[Iterable[tuple[str, Notification]]], set[tuple[object, ...]]]
PLANT = build_plant(PlantSpec(olts=4, onts_per_pon=8, first_split=2, second_split=4, zte_v1=True))
NAMES = sorted(SCENARIOS)


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("seed", [1, 2, 3, 4, 5, 6])
def test_after_the_repairs_nothing_is_left_open(name: str, seed: int, still_open: StillOpen) -> None:
    plan = simulate(PLANT, scenario(name), Options(seed=seed, noise=1.0))
    physical = (each for each in plan.emissions if each.report.what != "uni")  # a LAN port's clear gets lost in an OLT's start
    assert still_open((each.olt, each.notification) for each in physical) == set()


@pytest.mark.parametrize("name", NAMES)
def test_the_same_seed_gives_the_same_bytes(name: str) -> None:
    def played(seed: int) -> list[tuple[float, str, bytes]]:
        options = Options(seed=seed, loss=0.1, duplicate=0.1, reorder=0.1, noise=1.0)
        return [(each.at, each.source, each.payload) for each in simulate(PLANT, scenario(name), options).datagrams]

    assert played(1) == played(1)
    assert played(1) != played(2)


def many() -> SimulationPlan:
    plant = build_plant(PlantSpec(olts=4, onts_per_pon=32))
    return simulate(plant, scenario("area-outage"), Options(seed=5, loss=0.2, duplicate=0.1, reorder=0.3, reorder_delay=4.0))


def test_loss_duplication_and_reordering_are_booked_exactly() -> None:
    plan, totals = many(), many().totals
    copies = [each for each in plan.datagrams if each.copy]
    assert totals.emitted == len(plan.emissions) == sum(totals.by_report.values())
    assert totals.emitted == totals.sent + totals.lost
    assert len(plan.datagrams) == totals.sent + totals.duplicated
    assert len(copies) == totals.duplicated
    originals = Counter(each.payload for each in plan.datagrams if not each.copy)
    assert all(originals[each.payload] for each in copies)
    sent_at = {(each.olt, each.notification.request_id): each.at for each in plan.emissions}
    late = [each for each in plan.datagrams if not each.copy and each.at > sent_at[each.olt, each.notification.request_id]]
    assert len(late) == totals.reordered
    assert all(0 < each.at - sent_at[each.olt, each.notification.request_id] <= 4.0 for each in late)
    assert [each.at for each in plan.datagrams] == sorted(each.at for each in plan.datagrams)
    for share, wanted in ((totals.lost, 0.2), (totals.duplicated, 0.08), (totals.reordered, 0.24)):
        assert abs(share / totals.emitted - wanted) < 0.05


@pytest.mark.parametrize(("option", "count"), [("loss", "lost"), ("duplicate", "duplicated"), ("reorder", "reordered")])
def test_a_certainty_happens_to_every_trap_and_an_impossibility_to_none(option: str, count: str) -> None:
    always = simulate(PLANT, scenario("feeder-cut"), Options(**{option: 1.0})).totals  # type: ignore[arg-type]
    never = simulate(PLANT, scenario("feeder-cut")).totals
    assert getattr(always, count) == always.emitted > 0
    assert getattr(never, count) == 0


def test_impairments_change_nothing_of_what_happened() -> None:
    quiet, noisy = (simulate(PLANT, scenario("demo"), Options(seed=9, loss=loss, reorder=loss)) for loss in (0.0, 0.5))
    assert [each.notification for each in quiet.emissions] == [each.notification for each in noisy.emissions]


@pytest.mark.parametrize("name", NAMES)
def test_the_truth_names_each_fault_with_its_root_and_its_traps(name: str) -> None:
    plan = simulate(PLANT, scenario(name), Options(seed=2, loss=0.3, noise=1.0))
    lines = [json.loads(line) for line in truth_jsonl(plan.faults).splitlines()]
    assert len({line["id"] for line in lines}) == len(lines)
    known = {*PLANT.olts, *PLANT.cards, *PLANT.pons, *PLANT.splitters, *PLANT.onts}
    known |= {*PLANT.areas, *PLANT.streets, *PLANT.trunks}
    for line in lines:
        assert line["root"] in known
        assert line["start"] < line["end"]
        assert set(line["olts"]) <= set(PLANT.olts)
        assert line["affected_customers"] == [PLANT.onts[ont].customer_id for ont in line["affected_onts"]]
        assert line["traps"]["emitted"] == line["traps"]["sent"] + line["traps"]["lost"]
    behind = Counter(each.fault for each in plan.emissions)
    assert {line["id"]: line["traps"]["emitted"] for line in lines if line["traps"]["emitted"]} == {
        fault: count for fault, count in behind.items() if fault
    }
    assert plan.totals.emitted == behind.total()


def test_affected_onts_are_those_behind_the_fault() -> None:
    faults = {fault.kind: fault for fault in simulate(PLANT, scenario("demo")).faults}
    assert faults["feeder_cut"].affected_onts == PLANT.pons[faults["feeder_cut"].root].onts
    assert faults["distribution_cut"].affected_onts == PLANT.below[faults["distribution_cut"].root]
    assert faults["area_outage"].affected_onts == PLANT.areas[faults["area_outage"].root]
    assert faults["olt_power"].affected_onts == tuple(PLANT.onts_of_olt(faults["olt_power"].root))
    assert faults["uplink_down"].affected_onts == ()
    assert faults["uplink_down"].olts == (faults["uplink_down"].root,)


def test_a_quiet_day_has_noise_and_no_plant_fault() -> None:
    plan = simulate(PLANT, scenario("quiet-day"))
    assert {fault.kind for fault in plan.faults} <= {"ont_reboot"}
    assert {"uni", "login", "heartbeat"} <= set(plan.totals.by_report)


def test_the_demo_lasts_and_mixes() -> None:
    plan = simulate(PLANT, scenario("demo"))
    assert plan.duration == 300
    assert {"feeder_cut", "distribution_cut", "drop_cut", "card_failure", "olt_power", "area_outage", "ont_flapping"} <= {
        fault.kind for fault in plan.faults
    }
    shorter = simulate(PLANT, scenario("demo"), Options(duration=60.0))
    assert max(fault.end or 0 for fault in shorter.faults if fault.kind != "ont_reboot") <= 60


def test_every_scenario_says_what_it_is() -> None:
    assert all(each.help.endswith(".") and each.duration > 0 for each in SCENARIOS.values())


@pytest.mark.parametrize(
    ("field", "options"),
    [
        ("loss", Options(loss=1.5)),
        ("duplicate", Options(duplicate=-0.1)),
        ("reorder", Options(reorder=float("nan"))),
        ("duration", Options(duration=-1.0)),
        ("noise", Options(noise=float("inf"))),
    ],
)
def test_options_out_of_range_are_refused_by_name(field: str, options: Options) -> None:
    with pytest.raises(SpecError) as caught:
        simulate(PLANT, scenario("drop-cut"), options)
    assert caught.value.field == field


def test_an_unknown_scenario_is_refused_with_those_that_exist() -> None:
    with pytest.raises(UnknownScenario, match="feeder-cut"):
        scenario("earthquake")

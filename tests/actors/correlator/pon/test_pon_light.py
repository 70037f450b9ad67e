"""Bends and connectors by how much each ONT's light fell: with readings of a poller, of the devices' own traps, and without."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from vocabulary.outages import Olt, onts, plant
from vocabulary.world import World

from actors.correlator.memories import MOST_READINGS, OpticalPower, OpticalPowerMemory
from actors.correlator.resources.optical_power import AS_IT_IS, FELL, taken
from faultd.config import Config
from faultd.inputs import read_profiles
from faultd.simulator.fault import Fault
from faultd.simulator.plan import Options, simulate
from faultd.simulator.plant import PlantSpec, Vendor, build_plant
from faultd.simulator.scenarios import Scenario, Script
from faultd.simulator.topology import topology_nodes
from protocols.alarm import Alarm
from protocols.event import ProfilesLoaded, TopologyLoaded, Trap
from protocols.optical_power import Measurement

BEFORE = -21.0
AT = datetime(2026, 3, 1, tzinfo=UTC)


class Measured(Olt):
    """An OLT whose ONTs are read by a poller as well."""

    def reads(self, *onts: str, dbm: float, jitter: float = 0.0, quantity: str = "ont_rx") -> None:
        for number, ont in enumerate(onts):
            reading = Measurement(quantity, dbm + jitter * (number % 3 - 1))  # type: ignore[arg-type]
            self.world.at(self.seconds).network(
                "optical.measured", ont, tenant_id="default", light=(reading,), reported_by="poller"
            )
            self.seconds += 0.003

    def bends(self, *onts: str, by: float, jitter: float = 0.3) -> None:
        """As a device that tells what it measured: alarm and reading together."""
        for number, ont in enumerate(onts):
            self.reports("ont.rx.low", ont)
            self.reads(ont, dbm=BEFORE - by + jitter * (number % 3 - 1))


@pytest.fixture
def olt(world: World) -> Measured:
    return Measured(world)


def degraded(olt: Olt) -> dict[str, Alarm]:
    return {a.resource_id: a for a in olt.concluded().values() if a.alarm_type == "fibre.degraded"}


def test_a_bend_is_told_with_how_much_each_of_its_onts_fell(olt: Measured) -> None:
    olt.reads(*onts(0), dbm=BEFORE)
    olt.waits(300)
    olt.bends(*onts(0, [2]), by=7.0)
    olt.waits(3)
    (bend,) = degraded(olt).values()
    assert bend.resource_id == "olt/1/0/s.2"
    assert (bend.metadata["measured"], bend.metadata["median_db"], bend.metadata["spread_db"]) == (8, 7.0, 0.6)
    assert "8 of them measured, by 7 dB to within 0.6" in bend.description
    (line,) = [line for line in olt.world.entries if line.alarm_id == bend.id and line.action == "root_cause"]
    assert line.detail["fell_db"]["olt/1/0/16"] == 7.3
    assert olt.children(bend) == set(onts(0, [2]))


def test_two_bends_of_different_depth_on_all_legs_of_a_port_stay_two(world: World) -> None:
    olt = Measured(world, [node for node in plant(1) if node.id.count("s.") == 0 or node.id[-1] in "01"])
    legs = [onts(0, [leg]) for leg in (0, 1)]
    olt.reads(*legs[0], *legs[1], dbm=BEFORE)
    olt.bends(*legs[0], by=7.0)
    olt.bends(*legs[1], by=10.0)
    olt.waits(3)
    assert {place: a.metadata["median_db"] for place, a in degraded(olt).items()} == {"olt/1/0/s.0": 7.0, "olt/1/0/s.1": 10.0}


def test_by_the_same_amount_they_are_one(olt: Measured) -> None:
    olt.reads(*onts(0), dbm=BEFORE)
    olt.bends(*onts(0), by=7.0, jitter=0.6)
    olt.waits(3)
    assert set(degraded(olt)) == {"olt/1/0"}


def test_with_nothing_measured_before_the_alarms_alone_decide_and_it_is_less_sure(olt: Measured) -> None:
    olt.bends(*onts(0, [2]), by=7.0)
    olt.reads(*onts(1), dbm=BEFORE)
    olt.bends(*onts(1, [2]), by=7.0)
    olt.waits(3)
    found = degraded(olt)
    assert set(found) == {"olt/1/0/s.2", "olt/1/1/s.2"}
    assert "by their alarms alone" in found["olt/1/0/s.2"].description
    assert found["olt/1/0/s.2"].metadata["confidence"] <= 0.91 < found["olt/1/1/s.2"].metadata["confidence"]


def test_one_that_was_never_measured_goes_with_its_neighbours(olt: Measured) -> None:
    olt.reads(*onts(0, [1]), *onts(0, [2])[1:], dbm=BEFORE)
    olt.bends(*onts(0, [1]), by=11.0)
    olt.bends(*onts(0, [2]), by=7.0)
    olt.waits(3)
    found = degraded(olt)
    assert set(found) == {"olt/1/0/s.1", "olt/1/0/s.2"}
    assert olt.children(found["olt/1/0/s.2"]) == set(onts(0, [2]))


def test_an_ont_that_fell_alone_has_a_bend_of_its_own(olt: Measured) -> None:
    olt.reads(*onts(0), dbm=BEFORE)
    olt.bends("olt/1/0/5", by=8.0)
    olt.waits(3)
    assert not degraded(olt)
    (alarm,) = [a for a in olt.world.alarms if a.resource_id == "olt/1/0/5"]
    assert alarm.is_root_cause
    assert [line.text for line in olt.world.entries if line.action == "root_cause"] == [
        "fell by 8.3 dB, and no sibling by as much at that time: its own drop fibre or connector"
    ]


def test_one_with_a_second_bend_of_its_own_is_not_of_the_first(olt: Measured) -> None:
    olt.reads(*onts(0), dbm=BEFORE)
    mine = onts(0, [2])
    olt.bends(*mine[:-1], by=6.0)
    olt.bends(mine[-1], by=14.0)
    olt.waits(3)
    (bend,) = degraded(olt).values()
    assert olt.children(bend) == set(mine[:-1])


def test_errors_without_a_loss_of_light_are_no_bend(olt: Measured) -> None:
    olt.reads(*onts(0), dbm=BEFORE)
    for ont in onts(0, [2]):
        olt.reports("ont.sd", ont)
        olt.reads(ont, dbm=BEFORE - 0.2)
    olt.waits(3)
    assert not degraded(olt)


def test_readings_alone_tell_of_a_bend_and_of_its_end(olt: Measured) -> None:
    olt.reads(*onts(0), dbm=BEFORE)
    olt.waits(300)
    olt.reads(*onts(0), dbm=BEFORE, jitter=0.3)
    olt.waits(300)
    olt.reads(*onts(0, [0, 1, 3]), dbm=BEFORE, jitter=0.3)
    olt.reads(*onts(0, [2]), dbm=BEFORE - 4.0, jitter=0.3)
    olt.waits(3)
    assert set(degraded(olt)) == {"olt/1/0/s.2"}
    revised = sum(line.action == "revised" for line in olt.world.entries)
    olt.waits(300)
    olt.reads(*onts(0, [2]), dbm=BEFORE - 4.2, jitter=0.3)
    olt.waits(3)
    assert sum(line.action == "revised" for line in olt.world.entries) == revised, "readings that say the same are no news"
    olt.waits(300)
    olt.reads(*onts(0, [2]), dbm=BEFORE, jitter=0.3)
    olt.waits(3)
    assert not degraded(olt)


def test_one_that_was_seen_to_have_its_light_is_against_a_bend_above_it(olt: Measured) -> None:
    """Half of the legs of a splitter, each told by hand where the other legs were read to be as they had been."""
    olt.reads(*onts(0), dbm=BEFORE)
    olt.bends(*onts(0, [0])[:4], by=7.0)
    olt.waits(3)
    assert set(degraded(olt)) == {"olt/1/0/s.0"}
    olt.reads(*onts(0, [0])[4:], dbm=BEFORE)
    olt.waits(3)
    assert not degraded(olt)


def test_a_first_reading_says_nothing_of_what_was_before_it(olt: Measured) -> None:
    mine = onts(0, [2])
    olt.reads(*mine[:6], dbm=BEFORE)
    olt.bends(*mine[:6], by=7.0)
    olt.reads(*mine[6:], dbm=BEFORE - 7.0)
    olt.waits(3)
    assert set(degraded(olt)) == {"olt/1/0/s.2"}


def test_the_end_of_low_light_tells_what_is_good_though_there_are_errors_still(olt: Measured) -> None:
    mine = onts(0, [2])
    for ont in mine:
        olt.reports("ont.sd", ont)
    olt.bends(*mine, by=7.0)
    olt.waits(60)
    olt.clears("ont.rx.low", *mine)
    olt.reads(*mine, dbm=BEFORE)
    olt.clears("ont.sd", *mine)
    olt.waits(600)
    olt.bends(*mine, by=9.0)
    olt.waits(3)
    assert degraded(olt)["olt/1/0/s.2"].metadata["median_db"] == 9.0


def test_a_first_reading_after_the_fade_began_is_nothing_to_compare_with(olt: Measured) -> None:
    mine = onts(0, [2])
    olt.reports("ont.sd", *mine)
    olt.waits(1)
    olt.reads(*mine, dbm=BEFORE - 5.0)
    olt.waits(3)
    assert "by their alarms alone" in degraded(olt)["olt/1/0/s.2"].description


def test_an_alarm_that_ends_without_a_reading_ends_what_was_read_before(olt: Measured) -> None:
    olt.reads(*onts(0), dbm=BEFORE)
    olt.bends(*onts(0, [2]), by=7.0)
    olt.waits(60)
    olt.clears("ont.rx.low", *onts(0, [2]))
    olt.waits(3)
    assert not degraded(olt)


def test_the_reading_of_another_tenant_is_not_believed(olt: Measured) -> None:
    olt.reads(*onts(0), dbm=BEFORE)
    before = dict(olt.world.state.memory(OpticalPowerMemory).lights)
    olt.world.network("optical.measured", "olt/1/0/1", tenant_id="other", light=(Measurement("ont_rx", -30.0),))
    olt.world.network("optical.measured", "no/such/ont", tenant_id="default", light=(Measurement("ont_rx", -30.0),))
    assert olt.world.state.memory(OpticalPowerMemory).lights == before


def test_it_is_bounded() -> None:
    memory = OpticalPowerMemory()
    light = OpticalPower(None, -20.0, AT)
    for number in range(MOST_READINGS + 1):
        memory.put(str(number), light)
    assert len(memory.lights) == MOST_READINGS + 1 - MOST_READINGS // 10
    assert next(iter(memory.lights)) == str(MOST_READINGS // 10)


def test_saved_and_loaded_the_light_is_remembered(world: World) -> None:
    olt = Measured(world)
    olt.reads(*onts(0), dbm=BEFORE)
    world.restart()
    olt.bends(*onts(0, [2]), by=7.0)
    olt.waits(3)
    assert degraded(olt)["olt/1/0/s.2"].metadata["measured"] == 8


@given(st.lists(st.tuples(st.floats(-30, -15), st.booleans()), min_size=1, max_size=12))
def test_a_low_reading_is_never_good(readings: list[tuple[float, bool]]) -> None:
    known: OpticalPower | None = None
    for number, (dbm, low) in enumerate(readings):
        before = known.good if known is not None else None
        known = taken(known, dbm, AT + timedelta(minutes=number), low=low)
        assert known.now == dbm
        if low or (before is not None and before - dbm >= FELL):
            assert known.good == before
        else:
            assert known.good == dbm
        assert (known.fell is not None) == (known.good is not None and known.good - dbm >= FELL)


def test_what_stays_lost_without_an_alarm_is_how_it_is_now() -> None:
    lost = taken(OpticalPower(-20.0, -20.0, AT, None, AT), -24.0, AT, low=False)
    assert taken(lost, -24.0, AT + AS_IT_IS / 2, low=False).good == -20.0
    assert taken(lost, -24.0, AT + AS_IT_IS, low=False) == OpticalPower(-24.0, -24.0, AT + AS_IT_IS, None, AT)
    assert taken(lost, -24.0, AT + AS_IT_IS, low=True).good == -20.0


@pytest.mark.parametrize("vendor", ["huawei", "bdcom"])
def test_what_a_device_measured_is_kept_with_its_alarm_and_compared_with_the_last_good(make_world: Any, vendor: Vendor) -> None:
    """As traps: a first bend without anything to compare with, its end, which tells the good light, and a second one."""
    plan_of = build_plant(PlantSpec(olts=1, onts_per_pon=16, first_split=4, second_split=4, vendors=(vendor,)))
    leaf = next(iter(plan_of.pons.values())).feeder + ".2"
    faults = tuple(Fault(id=f"b{at}", kind="bend", target=leaf, start=at, end=at + 60, depth=9.0) for at in (5.0, 200.0))
    plan = simulate(plan_of, Scenario("", "", 300.0, lambda *_: Script(faults)), Options(seed=3))
    world = make_world(None)
    profiles = read_profiles(Config())
    world(ProfilesLoaded("p", profiles))
    world(TopologyLoaded("t", tuple(topology_nodes(plan_of))))
    seen: dict[float, Alarm] = {}
    second = 0.0
    for datagram in plan.datagrams:
        while second < datagram.at:
            world.at(second).tick()
            second += 1.0
            seen |= {
                f.start: a
                for a in world.alarms
                for f in faults
                if a.alarm_type == "fibre.degraded" and f.start < second < (f.end or 0.0) - 5
            }
        world.at(datagram.at)(Trap(datagram.source, world.now, datagram.notification))
    low = [a for a in world.alarms if a.alarm_type == "ont.optics.alarm"]
    assert {a.resource_id for a in low} == set(plan_of.below[leaf])
    assert all(-33.5 < a.metadata["ont_rx_dbm"] < -28.5 for a in low)
    assert seen[5.0].resource_id == seen[200.0].resource_id == leaf
    assert seen[5.0].metadata["median_db"] is None
    assert abs(seen[200.0].metadata["median_db"] - 9.0) < 0.6
    assert seen[200.0].metadata["measured"] == 4
    assert seen[200.0].metadata["confidence"] > seen[5.0].metadata["confidence"]

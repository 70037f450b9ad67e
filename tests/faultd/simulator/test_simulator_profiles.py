"""The simulator and the shipped profiles were written apart: they must agree on what a trap says, and of which node."""

from datetime import UTC, datetime
from pathlib import Path

import pytest

from actors.correlator.profiles import Translator, compile, load_profiles
from faultd.simulator.mess import MESSY, shaped
from faultd.simulator.plan import Options, simulate
from faultd.simulator.plant import MAKERS, PlantSpec, Vendor, build_plant, position
from faultd.simulator.scenarios import SCENARIOS
from protocols.event import Trap

SHIPPED = Path(__file__).parents[3] / "config" / "profiles"
NOW = datetime(2026, 1, 1, tzinfo=UTC)
PLACED = {"pon_los", "ont_los", "ont_dying_gasp", "ont_state", "card"}


@pytest.fixture(scope="module")
def translator() -> Translator:
    return compile(load_profiles({file.name: file.read_text() for file in sorted(SHIPPED.glob("*.toml"))}))


@pytest.mark.parametrize("vendor", ["huawei", "zte"])
def test_every_simulated_alarm_is_read_as_it_was_meant(vendor: Vendor, translator: Translator) -> None:
    plant = build_plant(PlantSpec(olts=2, vendors=(vendor,), onts_per_pon=8, zte_v1=True))
    seen = set()
    for scenario in SCENARIOS.values():
        for emission in simulate(plant, scenario, Options(noise=0.0)).emissions:
            report = emission.report
            if report.what not in PLACED:
                continue
            reading = translator.read(Trap(plant.olts[emission.olt].address, NOW, emission.notification))
            assert reading.device_address == plant.olts[emission.olt].address
            (finding,) = reading.findings
            assert (finding.kind, finding.resource) == ("raise" if report.raised else "clear", position(report.resource))
            seen.add((report.what, report.raised))
    wanted = {"pon_los", "ont_los", "ont_dying_gasp", "card"}
    assert {(what, raised) for what in wanted for raised in (True, False)} <= seen


BY_INTERFACE = {"card_port", "uplink", "port_shutdown"}
"""Reports that vendors send as linkDown: the interface's index says of what."""


@pytest.mark.parametrize("vendor", MAKERS)
def test_every_trap_of_a_messy_world_is_read_and_placed(vendor: Vendor, translator: Translator) -> None:
    plant = build_plant(shaped(PlantSpec(olts=2, vendors=(vendor,), onts_per_pon=8), MESSY))
    seen = set()
    for scenario in SCENARIOS.values():
        plan = simulate(plant, scenario, Options(noise=0.0, mess=MESSY))
        sent = [(each.olt, each.report, each.notification) for each in plan.before]
        sent += [(each.olt, each.report, each.notification) for each in plan.emissions]
        for olt, report, notification in sent:
            reading = translator.read(Trap(plant.olts[olt].address, NOW, notification))
            (finding,) = reading.findings
            wanted = "event" if report.what == "cold_start" else "raise" if report.raised else "clear"
            assert finding.kind == wanted, report
            if report.what not in BY_INTERFACE:
                assert finding.resource == position(report.resource), report
            seen.add((report.what, report.raised))
    ends = {"ont_registered"} if vendor in ("zte", "vsol") else {"ont_los"} if vendor == "calix_e7" else {"ont_state"}
    assert {("ont_los", True), ("ont_dying_gasp", True), ("port_shutdown", True), *((each, False) for each in ends)} <= seen

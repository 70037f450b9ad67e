"""The tidy world's octets never change: what evaluations and recordings of years stand on."""

from hashlib import sha256

import pytest

from faultd.simulator.plan import Options, simulate
from faultd.simulator.plant import PlantSpec, build_plant
from faultd.simulator.scenarios import scenario
from faultd.simulator.topology import topology_csv

PLANT = build_plant(PlantSpec(olts=4, cards_per_olt=2, pons_per_card=2, onts_per_pon=16, zte_v1=True, informs=True))
DIGESTS = {
    "feeder-cut": "caa1626ad3076625",
    "distribution-cut": "e383fd617d4debd8",
    "drop-cut": "f128f29ca028bc3c",
    "ont-power": "3aa22a7d230c5495",
    "card-failure": "cf541ef31a6b65e7",
    "olt-power": "551b74d00ff59d86",
    "olt-unreachable": "db4c2ace5f5b9d53",
    "uplink-down": "7f4a9db591b4278b",
    "uplinks-down": "b640380718cdb158",
    "bend": "fcf464e52095af0e",
    "rogue-ont": "aa96fa259d8bba34",
    "rogue-unnamed": "ae11b7beba64d1bc",
    "area-outage": "3e31046311b3746c",
    "flapping-ont": "9674b2228131e60b",
    "cut-in-outage": "eacb24ae4f376522",
    "quiet-day": "4c5590101a44525f",
    "demo": "fac8e2d8dda4ed84",
}


@pytest.mark.parametrize("name", DIGESTS)
def test_a_tidy_scenario_sends_the_octets_that_it_always_sent(name: str) -> None:
    plan = simulate(PLANT, scenario(name), Options(seed=7, noise=2.0, skew=30.0, loss=0.02, duplicate=0.05, reorder=0.05))
    digest = sha256()
    for each in plan.datagrams:
        digest.update(f"{each.at:.6f} {each.source} ".encode() + each.payload)
    assert digest.hexdigest()[:16] == DIGESTS[name]


def test_a_tidy_plant_has_the_topology_that_it_always_had() -> None:
    assert sha256(topology_csv(PLANT).encode()).hexdigest()[:16] == "74dcde2deb2ea3fc"

"""Optical power in traps: dBm by the profile's words, numbers that are none refused, nothing read that no rule asks for."""

from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from vocabulary.traps import make_trap

from actors.correlator.profiles import ProfileErrors, compile, load_profiles
from faultd.config import Config
from faultd.inputs import read_profiles
from faultd.simulator.plant import PlantSpec, Vendor, build_plant
from faultd.simulator.report import DeviceTime, Observation
from faultd.simulator.vendors import DIALECTS
from protocols.finding import Finding
from protocols.optical_power import Measurement, is_optical_power
from protocols.snmp.notification import VarBind

NOW = datetime(2026, 3, 1, 12, 0, tzinfo=UTC)
OWN = """
name = "own"
[types."ont.optics.alarm"]
severity = "minor"
title = "Optics"
[varbinds]
kind = { oid = "1.1.1", values = { 1 = "rx", 2 = "temperature" } }
now = "1.1.2"
raw = { oid = "1.1.3", invalid = [32768] }
[[alarms]]
type = "ont.optics.alarm"
resource = "olt"
raise = ["1.3.6.1.4.1.99999.0.1"]
clear = ["1.3.6.1.4.1.99999.0.2"]
light = [
  { what = "ont_rx", from = "now", when = { kind = "rx" }, invalid = [-1] },
  { what = "olt_rx", from = "raw", scale = 0.002, offset = -30.0 },
]
"""
ENGINE = compile(load_profiles({"own.toml": OWN}))


def read(varbinds: dict[str, Any], last: int = 1) -> Finding:
    bound = tuple(
        VarBind(f"1.1.{name}", "INTEGER" if isinstance(value, int) else "OCTET STRING", value)
        for name, value in varbinds.items()
    )
    (finding,) = ENGINE.read(make_trap(f"1.3.6.1.4.1.99999.0.{last}", bound, source="192.0.2.1", at=NOW)).findings
    return finding


@pytest.mark.parametrize(
    ("varbinds", "light", "note"),
    [
        ({"1": 1, "2": b"-28.53"}, (("ont_rx", -28.53),), ""),
        ({"1": 1, "2": b"-28.50 dBm", "3": 2300}, (("ont_rx", -28.5), ("olt_rx", -25.4)), ""),
        ({"1": 2, "2": b"-12.0"}, (), ""),
        ({"1": 1, "2": b"2147483647"}, (), "ont_rx: 2147483647 is no optical power"),
        ({"1": 1, "2": b"-1"}, (), "ont_rx: -1 is no optical power"),
        ({"1": 1, "2": b"-40.00"}, (), "ont_rx: -40.00 is no optical power"),
        ({"1": 1, "2": b"--"}, (), "ont_rx: number refuses"),
        ({"3": 65535}, (), "olt_rx: 65535 is no optical power"),
        ({"3": 32768}, (), ""),
        ({}, (), ""),
    ],
)
def test_light_is_read_in_dbm_and_what_is_none_is_refused_with_its_reason(
    varbinds: dict[str, Any], light: tuple[tuple[str, float], ...], note: str
) -> None:
    for last, kind in ((1, "raise"), (2, "clear")):
        finding = read(varbinds, last)
        assert finding.kind == kind, "the alarm is not lost with its light"
        assert tuple((each.quantity, each.dbm) for each in finding.light) == light
        assert note in "; ".join(finding.why)
        assert bool(note) == any("_rx:" in each for each in finding.why)


@given(st.dictionaries(st.sampled_from("123"), st.one_of(st.integers(-(2**31), 2**31 - 1), st.binary(max_size=12))))
def test_whatever_is_sent_only_light_is_read(varbinds: dict[str, Any]) -> None:
    assert all(is_optical_power(each.dbm) for each in read(varbinds).light)


@pytest.mark.parametrize(
    ("old", "new", "where"),
    [
        ('from = "raw"', 'from = "row"', "light[1].from"),
        ('kind = "rx" }', 'knd = "rx" }', "light[0].when"),
        ("scale = 0.002", "scale = 0.0", "light[1].scale"),
    ],
)
def test_mistakes_are_told_by_their_place(old: str, new: str, where: str) -> None:
    with pytest.raises(ProfileErrors) as caught:
        compile(load_profiles({"own.toml": OWN.replace(old, new)}))
    assert where in str(caught.value)


@pytest.mark.parametrize(("vendor", "told"), [("huawei", True), ("bdcom", True), ("zte", False), ("calix_e7", False)])
@pytest.mark.parametrize("raised", [True, False])
def test_what_vendors_say_of_an_onts_light(vendor: Vendor, told: bool, raised: bool) -> None:
    plant = build_plant(PlantSpec(olts=1, onts_per_pon=8, first_split=2, second_split=4, vendors=(vendor,)))
    ont = next(iter(plant.onts))
    engine = compile(read_profiles(Config()))
    found: list[Measurement] = []
    for draft in DIALECTS[vendor](plant, Observation("ont_rx_low", ont, raised=raised, level=-28.4), DeviceTime(NOW, 1)):
        (finding,) = engine.read(make_trap(draft.oid, draft.varbinds, source="192.0.2.1", at=NOW)).findings
        found += finding.light
    assert found == ([Measurement("ont_rx", -28.4)] if told else [])

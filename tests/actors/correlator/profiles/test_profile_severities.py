"""One alarm type has one severity, whichever vendor reports it: a NOC sorts by it."""

import tomllib
from collections import defaultdict
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any

import pytest
from vocabulary.traps import make_trap

from actors.correlator.profiles import compile, load_profiles
from faultd.places import shipped_config
from faultd.simulator.plan import Options, simulate
from faultd.simulator.plant import VENDORS, PlantSpec, build_plant
from faultd.simulator.scenarios import SCENARIOS, scenario
from protocols.event import Trap
from protocols.snmp.message import decode
from protocols.snmp.notification import VarBind

FILES = {str(file): file.read_text() for file in sorted((shipped_config() / "profiles").glob("*.toml"))}
TYPES = next(tomllib.loads(text)["types"] for file, text in FILES.items() if file.endswith("/types.toml"))
SWITCHED_OFF = "info"
"""Of a type that is raised when something fails, what somebody switched off by hand is only information."""
NOW = datetime(2026, 3, 1, 3, 0, tzinfo=UTC)


def severities(profile: dict[str, Any]) -> Iterator[tuple[str, Any, dict[str, Any]]]:
    """(alarm type, a severity that a rule, trigger or code of the file gives by itself, where)"""
    for rule in profile.get("alarms", ()):
        if "severity" in rule:
            yield rule["type"], rule["severity"], rule
        for trigger in rule.get("raise", ()):
            if isinstance(trigger, dict) and "severity" in trigger:
                yield rule["type"], trigger["severity"], trigger
    for family in profile.get("families", ()):
        for code in family["codes"].values():
            if "severity" in code:
                yield code["type"], code["severity"], code


@pytest.mark.parametrize("file", FILES, ids=lambda file: file.rpartition("/")[2])
def test_a_profile_has_no_severity_of_its_own_for_what_is_not_graded(file: str) -> None:
    profile = tomllib.loads(FILES[file])
    own = profile.get("types", {})
    for alarm_type, severity, where in severities(profile):
        spec = TYPES.get(alarm_type) or own[alarm_type]
        if spec.get("graded") or alarm_type in own:
            continue
        if severity == SWITCHED_OFF and "switched off" in where.get("title", ""):
            continue
        assert severity == spec["severity"], (alarm_type, where)


def test_the_makers_of_the_simulated_plants_agree() -> None:
    translator = compile(load_profiles(FILES))
    plant = build_plant(PlantSpec(olts=len(VENDORS)))
    found: dict[str, set[str]] = defaultdict(set)
    for name in SCENARIOS:
        for datagram in simulate(plant, scenario(name), Options(seed=1)).datagrams:
            for finding in translator.read(Trap(datagram.source, NOW, decode(datagram.payload))).findings:
                if finding.kind == "raise" and "switched off" not in finding.title:
                    found[finding.alarm_type].add(finding.severity)
    assert {"ont.los", "ont.dying_gasp", "ont.state", "card.offline"} <= found.keys()
    assert {alarm_type: each for alarm_type, each in found.items() if len(each) > 1} == {}


OTHER = """
name = "y"
severity = { from = "level", map = { 1 = "critical", 9 = "cleared" } }
[varbinds]
level = "1.1"
[[alarms]]
type = "ont.los"
raise = ["1.3.1"]
[[alarms]]
type = "olt.temperature"
raise = ["1.3.2"]
[[alarms]]
type = "own"
raise = ["1.3.3"]
[types.own]
severity = "minor"
title = "of this vendor alone"
"""


@pytest.mark.parametrize(
    ("oid", "level", "kind", "severity", "kept"),
    [
        ("1.3.1", 1, "raise", "minor", 1),
        ("1.3.1", 9, "clear", "cleared", 9),
        ("1.3.1", 5, "raise", "minor", 5),
        ("1.3.1", None, "raise", "minor", None),
        ("1.3.2", 1, "raise", "critical", None),
        ("1.3.2", 5, "raise", "major", None),
        ("1.3.3", 1, "raise", "critical", None),
        ("1.3.3", 9, "clear", "cleared", None),
    ],
)
def test_the_severity_of_a_device_is_kept_beside_unless_the_type_is_graded(
    oid: str, level: int | None, kind: str, severity: str, kept: int | None
) -> None:
    types = next(text for file, text in FILES.items() if file.endswith("/types.toml"))
    translator = compile(load_profiles({"types.toml": types, "y.toml": OTHER}))
    varbinds = () if level is None else (VarBind("1.1.0", "INTEGER", level),)
    (finding,) = translator.read(make_trap(oid, varbinds, source="192.0.2.1", at=NOW)).findings
    assert (finding.kind, finding.severity) == (kind, severity)
    assert finding.metadata.get("vendor_severity") == kept

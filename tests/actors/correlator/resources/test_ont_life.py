"""Signs of life: whatever shows that an ONT works ends what says that it is out, in every shipped profile."""

from collections.abc import Callable, Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from vocabulary.traps import make_trap
from vocabulary.world import START, World

from actors.correlator.draft import Draft
from actors.correlator.events.traps import _NO_CLOCK, TrapDevice, _apply, fold_trap
from actors.correlator.profiles import compile, load_profiles
from actors.correlator.settings import CorrelatorSettings
from actors.correlator.state import State
from protocols.event import ProfilesLoaded, Trap
from protocols.finding import Finding
from protocols.optical_power import Measurement
from protocols.snmp.notification import VarBind
from protocols.topology import Node

FOLDER = Path(__file__).parents[4] / "config" / "profiles"
PROFILES = load_profiles({path.name: path.read_text() for path in sorted(FOLDER.glob("*.toml"))})
SHIPPED = compile(PROFILES)
NODES = (
    Node(id="olt-1", type="olt", address="10.0.0.1", tenant="t"),
    Node(id="olt-1/1", type="pon", parents=("olt-1",)),
    Node(id="olt-1/1/7", type="ont", parents=("olt-1/1",)),
)
SIGNS = {
    "adtran": {"ont.los": "clear", "ont.activated": "event"},
    "bdcom": {"ont.los": "clear", "ont.state": "clear"},
    "calix_e7": {"ont.state": "clear", "ont.config.fail": "clear", "ont.activated": "event"},
    "cdata": {"ont.state": "clear"},
    "dasan": {f"ont.{each}": "clear" for each in ("state", "los", "lof", "loa", "loam")} | {"ont.uni.state": "drop"},
    "eltex": {"ont.los": "clear", "ont.config.fail": "clear", "ont.uni.los": "drop"},
    "gcom": {f"ont.{each}": "clear" for each in ("state", "los", "lof", "loa", "loam")},
    "gw": {"ont.state": "clear"},
    "h3c_epon": {"ont.los": "clear", "ont.auth.failed": "clear", "ont.uni.state": "drop"},
    "huawei": {f"ont.{each}": "clear" for each in ("state", "los", "lof", "loa", "loam", "config.fail")}
    | {"ont.uni.state": "drop"},
    "parks": {f"ont.{each}": "clear" for each in ("state", "los", "loa", "loam", "config.fail")} | {"ont.activated": "event"},
    "utstarcom": {f"ont.{each}": "clear" for each in ("state", "los", "auth.failed")}
    | {"ont.activated": "event", "ont.uni.state": "drop"},
    "vsol": {f"ont.{each}": "clear" for each in ("state", "los", "auth.failed")},
    "zhone": {f"ont.{each}": "clear" for each in ("state", "los", "lof", "loa", "loam")},
    "zte": {f"ont.{each}": "clear" for each in ("state", "los", "lof", "loa", "loam", "auth.failed")},
}
"""The reports of each profile that show life, as its MIB has them."""


def findings(profile: str) -> Iterator[Finding]:
    for _, candidate in SHIPPED.every():
        if candidate.profile.name == profile:
            for rule in (*([candidate.rule] if candidate.rule else []), *candidate.codes.values()):
                yield from rule.findings.values()


def is_loss(finding: Finding) -> bool:
    traits = SHIPPED.symptoms.get(finding.alarm_type)
    return finding.kind == "raise" and traits is not None and traits.out


def test_every_profile_with_losses_of_onts_has_its_signs_of_life() -> None:
    with_losses = {profile.name for profile in PROFILES if any(map(is_loss, findings(profile.name)))}
    assert with_losses == set(SIGNS)
    for profile, expected in SIGNS.items():
        assert {each.alarm_type: each.kind for each in findings(profile) if each.shows_life} == expected


@pytest.mark.parametrize("profile", SIGNS)
def test_any_sign_of_life_ends_every_loss_of_the_profile(profile: str) -> None:
    losses = {each.alarm_type: each for each in findings(profile) if is_loss(each)}
    signs = {(each.rule, each.kind, each.alarm_type): each for each in findings(profile) if each.shows_life}
    for sign in signs.values():
        state = State("6f1d1c0e-7b0a-4b57-9d29-0c6f3a3f4a11")
        state.replant(1, NODES, ())
        state.symptoms = SHIPPED.symptoms
        uni = sign.kind == "drop" and profile in ("huawei", "dasan")
        lives = ("uni", "1/7/2") if uni else ("ont", "1/7")
        told = [(each, "ont", "1/7") for each in losses.values()] + [(losses[min(losses)], "ont", "1/8"), (sign, *lives)]
        for offset, (finding, resource_type, resource) in enumerate(told, 1):
            draft = Draft(state, offset, START + timedelta(seconds=offset))
            device = TrapDevice(state.plant.device("10.0.0.1"), "10.0.0.1", "t")
            there = {"resource_type": resource_type, "resource": resource}
            trap = make_trap("1.3", at=draft.at)
            _apply(draft, device, finding_at(finding, **there), trap, "10.0.0.1", _NO_CLOCK)
            draft.commit()
        still = {(each.resource_id, each.alarm_type) for each in state.alarms.values() if each.cleared_at is None}
        assert still == {("olt-1/1/8", min(losses))}, sign


def finding_at(finding: Finding, **fields: Any) -> Finding:
    return Finding(**{name: getattr(finding, name) for name in finding.__struct_fields__} | fields)


# ---- whole traps


def zte(last: int, uptime: int, at: float = 0.0) -> Trap:
    """zxGponOltLOSi 101, zxGponOltDGi 123, zxGponOntUnregister 166, zxGponOntRegister 165, of ONU 7 at 1/2/1."""
    base = "1.3.6.1.4.1.3902.1012.3"
    index = 1 << 28 | 2 << 16 | 1 << 8
    bound = (
        VarBind(f"1.3.6.1.2.1.2.2.1.1.{index}", "INTEGER", index),
        VarBind(f"{base}.28.1.1.2.{index}.7", "OCTET STRING", b"o"),
    )
    return make_trap(f"{base}.45.{last}", bound, at=START + timedelta(seconds=at), uptime=uptime)


def vsol(code: int, kind: int, uptime: int, at: float = 0.0) -> Trap:
    """onuLinkLost 24, onuDyingGasp 30, onuRegister 46, onuAuthSuccess 48, of ONU 7 at PON1."""
    base = "1.3.6.1.4.1.37950.1.1.5.10.13"
    bound = (
        VarBind(f"{base}.2.2.0", "OCTET STRING", b"PON1"),
        VarBind(f"{base}.2.3.0", "OCTET STRING", b"7"),
        VarBind(f"{base}.2.5.0", "OBJECT IDENTIFIER", f"{base}.5.{code}"),
        VarBind(f"{base}.2.6.0", "INTEGER", kind),
    )
    return make_trap(f"{base}.6.1", bound, at=START + timedelta(seconds=at), uptime=uptime)


def bdcom(state: int, uptime: int, at: float = 0.0) -> Trap:
    """gponOnuStatusChange: activated 2, deactivated 3, onu-los 8."""
    bound = (
        VarBind("1.3.6.1.2.1.2.2.1.2.9", "OCTET STRING", b"GPON0/1:7"),
        VarBind("1.3.6.1.4.1.3320.10.3.7.1.9", "INTEGER", state),
    )
    return make_trap("1.3.6.1.4.1.3320.10.3.7.2", bound, at=START + timedelta(seconds=at), uptime=uptime)


@pytest.fixture
def olt(make_world: Callable[..., World]) -> World:
    world = make_world(CorrelatorSettings())
    world(ProfilesLoaded("d", PROFILES))
    places = ("1/2/1/7", "1/7", "0/1/7")
    world.topology(NODES[0], *(Node(id=f"olt-1/{each}", type="ont", parents=("olt-1",)) for each in places))
    return world


def is_dark(world: World) -> bool:
    return any(each.cleared_at is None and each.resource_type == "ont" for each in world.alarms)


def told(world: World, *traps: Trap) -> bool:
    """Whether the ONT is out after these traps, each folded at the time of its receipt."""
    for each in traps:
        world.now = max(world.now, each.received)
        world(each)
    return is_dark(world)


@pytest.mark.parametrize(
    ("lost", "lives"),
    [
        ([zte(101, 100)], zte(165, 9_000, 90)),
        ([zte(123, 100), zte(101, 300, 2)], zte(165, 9_000, 90)),
        ([zte(123, 100), zte(101, 300, 2), zte(166, 400, 3)], zte(102, 9_000, 90)),
        ([vsol(24, 1, 100)], vsol(46, 2, 9_000, 90)),
        ([vsol(30, 2, 100), vsol(24, 1, 300, 2), vsol(23, 1, 400, 3)], vsol(48, 2, 9_000, 90)),
        ([vsol(24, 1, 100)], vsol(24, 0, 9_000, 90)),
        ([bdcom(8, 100), bdcom(3, 200, 1)], bdcom(2, 9_000, 90)),
    ],
)
def test_registered_ends_the_loss_of_signal(olt: World, lost: list[Trap], lives: Trap) -> None:
    assert told(olt, *lost)
    assert not told(olt, lives)
    assert told(
        olt, *(Trap(each.source, lives.received + timedelta(minutes=1), each.notification) for each in lost)
    )  # a new loss


def test_a_registration_from_before_the_loss_that_arrives_after_it_ends_nothing(olt: World) -> None:
    assert told(olt, zte(101, 200), zte(165, 100, 1))
    assert told(olt, vsol(24, 1, 400, 1), vsol(46, 2, 300, 1.5))


def test_a_loss_from_before_the_registration_that_arrives_after_it_is_over(olt: World) -> None:
    assert not told(olt, zte(165, 200), zte(101, 100, 1))
    assert olt.alarms[0].cleared_at is not None


def test_a_loss_soon_after_the_registration_is_a_new_one(olt: World) -> None:
    assert told(olt, zte(165, 200), zte(101, 300, 1))


def test_an_alarm_of_another_system_stays(olt: World) -> None:
    olt.network("cpe.offline", "olt-1/1/2/1/7")
    told(olt, zte(165, 9_000, 90))
    assert [each.alarm_type for each in olt.alarms if each.cleared_at is None] == ["cpe.offline"]


@pytest.mark.interpreted
def test_a_trap_that_also_says_that_the_ont_is_out_shows_no_life(olt: World, monkeypatch: pytest.MonkeyPatch) -> None:
    both = (
        Finding(kind="raise", profile="p", rule="r", alarm_type="ont.dying_gasp", resource_type="ont", resource="1/7"),
        Finding(
            kind="clear", profile="p", rule="r", alarm_type="ont.lof", resource_type="ont", resource="1/7", shows_life=True
        ),
    )
    told(olt, vsol(23, 1, 100))
    reading = olt.state.translator.read(vsol(23, 1, 100))
    changed = type(reading)(device_address=reading.device_address, address_from="source", findings=both)
    monkeypatch.setattr(olt.state, "translator", Says(olt.state.translator, changed))
    draft = Draft(olt.state, 1_000, olt.now)
    fold_trap(draft, vsol(23, 1, 200))
    assert {each.alarm_type for each in draft.alarms.values() if each.cleared_at is None} == {"ont.dying_gasp"}
    assert "ont.state" in {each.alarm_type for each in draft.at_resource("olt-1/1/7")}


class Says:
    """A translator that reads every trap alike."""

    def __init__(self, translator: Any, reading: Any) -> None:
        self.types, self.reading = translator.types, reading

    def read(self, *_: object) -> Any:
        return self.reading


@pytest.mark.parametrize(("after", "dark"), [(5.0, True), (60.0, False)])
def test_light_that_was_measured_long_enough_after_the_loss_ends_it(olt: World, after: float, dark: bool) -> None:
    told(olt, vsol(24, 1, 100))
    olt.at(after).network("optical.measured", "olt-1/1/7", light=(Measurement("ont_rx", -21.4),))
    assert is_dark(olt) is dark

"""Alarms have the service effect that their type declares, or else the one that follows from its symptom."""

from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st
from vocabulary.outages import Olt, onts
from vocabulary.world import World

from actors.correlator.alarms.service_effects import BY_SYMPTOM, service_effects_of
from actors.correlator.events.network_events import MEANINGS
from actors.correlator.pon.alarm_types import INFERRED
from actors.correlator.profiles import compile, load_profiles
from actors.correlator.strategies.symptoms import DEFAULTS, symptoms_of
from faultd.places import shipped_config
from protocols.alarm import Alarm
from protocols.event import Event, ProfilesLoaded
from protocols.profile import AlarmType, Profile
from protocols.service_effect import SERVICE_EFFECT_TEXTS, SERVICE_EFFECTS, ServiceEffect
from protocols.symptom import SYMPTOMS, Symptom

OUTAGES = {
    # the OLT, a frame, a card
    "device.down", "olt.poweroff", "frame.fault", "frame.dying_gasp",
    "card.fault", "card.offline", "card.not_running", "card.out_of_service", "card.chip.fault",
    # the PON port
    "pon.los", "pon.lof", "pon.down", "pon.out_of_service", "pon.tx.fault", "pon.optics.absent",
    # the ONT
    "ont.los", "ont.lof", "ont.lcdg", "ont.loa", "ont.loam", "ont.suf", "ont.pee", "ont.dying_gasp", "ont.state",
    "cpe.offline", "cpe.signal_loss",
    # what hangs below an interface in the topology
    "interface.down", "uplink.down", "uplink.los", "uplink.fail", "uplink.optics.absent",
    # the service itself
    "service.outage",
}  # fmt: skip
"""Every shipped type of which an alarm is downtime."""
PART_OF_ITS_RESOURCE = {"ont.power", "pon.many.onts.poweroff"}
"""Types that are no outage although their symptom counts ONTs as out: an ONT on battery, and many ONTs of a port, not all."""


def shipped() -> dict[str, AlarmType]:
    return dict(load_profiles({"types.toml": (shipped_config() / "profiles" / "types.toml").read_text()})[0].types)


def own(effects: dict[str, Any], priority: int = 10, name: str = "site") -> Profile:
    """A profile whose types declare these: a service effect, or (symptom, service effect)."""
    types = {
        kind: AlarmType(severity="major", title=kind, symptom=said[0], service_effect=said[1])
        for kind, each in effects.items()
        for said in (each if isinstance(each, tuple) else (None, each),)
    }
    return Profile(name=name, priority=priority, types=types)


def loaded(*profiles: Profile) -> ProfilesLoaded:
    return ProfilesLoaded(msgspec.msgpack.encode(profiles).hex(), profiles)


@pytest.fixture
def shipped_world(world: World) -> World:
    world(loaded(Profile(name="types", types=shipped())))
    return world


# --- the table


def test_every_type_of_a_dark_ont_port_card_or_olt_is_an_outage() -> None:
    declared = {name: each.service_effect for name, each in shipped().items()}
    assert {name for name, effect in declared.items() if effect == "outage"} == OUTAGES
    assert {name for name, effect in declared.items() if effect == "unknown"} == {"snmp.unreachable", "monitoring.blind"}
    assert None not in declared.values()
    out: set[Symptom] = {"ont_dying_gasp", "ont_los", "ont_lof", "ont_lost", "pon_los", "pon_down"}
    out |= {"pon_dying_gasps", "equipment_lost"}
    assert {name for name, each in shipped().items() if each.symptom in out} - PART_OF_ITS_RESOURCE <= OUTAGES


def test_types_with_a_symptom_of_lower_quality_are_degraded() -> None:
    lower: set[Symptom] = {"ont_low_optical_power", "ont_signal_degraded", "ont_window_drift", "rogue_ont"}
    assert {each.service_effect for each in shipped().values() if each.symptom in lower} == {"degraded"}


@pytest.mark.parametrize("name", sorted(name for name in shipped() if name.startswith(("ont.uni", "env.", "auth.", "fan."))))
def test_a_customers_own_device_and_the_environment_have_no_effect(name: str) -> None:
    assert shipped()[name].service_effect == "none"


def test_every_effect_and_symptom_is_in_the_tables() -> None:
    assert tuple(SERVICE_EFFECT_TEXTS) == SERVICE_EFFECTS
    assert tuple(BY_SYMPTOM) == SYMPTOMS
    assert set(BY_SYMPTOM.values()) <= set(SERVICE_EFFECTS)


def test_profiles_of_before_count_by_their_symptoms() -> None:
    """A ledger or a copy of ``types.toml`` of before declares no service effect."""
    silent = {name: msgspec.structs.replace(each, service_effect=None) for name, each in shipped().items()}
    table = service_effects_of(silent, symptoms_of(silent))
    assert table == service_effects_of({}, symptoms_of({}))
    assert {name for name, effect in table.items() if effect == "outage"} == (
        {name for name, word in DEFAULTS.items() if BY_SYMPTOM[word] == "outage"}
    )
    types = {"ont.los": {"severity": "minor", "title": "ONT: no light", "symptom": "ont_los"}}
    event = msgspec.msgpack.decode(msgspec.msgpack.encode(["profiles", "d", [{"name": "types", "types": types}]]), type=Event)
    assert isinstance(event, ProfilesLoaded)
    assert compile(event.profiles).service_effects["ont.los"] == "outage"
    assert "service_effect" not in msgspec.to_builtins(event)[2][0]["types"]["ont.los"]


@given(
    st.dictionaries(
        st.sampled_from([*DEFAULTS, *INFERRED, "a.b", "ont.c"]),
        st.tuples(st.sampled_from([None, *SYMPTOMS]), st.sampled_from([None, *SERVICE_EFFECTS])),
    )
)
def test_a_declared_effect_goes_before_the_one_of_the_symptom(
    said: dict[str, tuple[Symptom | None, ServiceEffect | None]],
) -> None:
    types = own(dict(said)).types
    table = service_effects_of(types, symptoms_of(types))
    for name in {*said, *DEFAULTS}:
        symptom, effect = said.get(name, (None, None))
        expected = effect or BY_SYMPTOM[symptom or DEFAULTS.get(name, "none")]
        assert table.get(name, "none") == ("none" if name in INFERRED else expected), name


def test_the_profile_of_the_higher_priority_decides_for_each_declaration_by_itself() -> None:
    low = own({"a": ("ont_los", "outage"), "b": ("ont_los", "degraded"), "c": None}, priority=0, name="low")
    high = own({"a": ("none", None), "b": "none", "c": ("pon_los", None)}, priority=1, name="high")
    for order in ([low, high], [high, low]):
        translator = compile(order)
        assert (translator.types["a"].symptom, translator.types["a"].service_effect) == ("none", "outage")
        assert (translator.types["b"].symptom, translator.types["b"].service_effect) == ("ont_los", "none")
        assert translator.service_effects["c"] == "outage"
        assert "b" not in translator.service_effects


# --- alarms


def test_network_events_have_the_effects_of_their_types(shipped_world: World) -> None:
    effects = {}
    for name, meaning in MEANINGS.items():
        if meaning.severity is not None:
            shipped_world.network(name, "x")
            (alarm,) = shipped_world.of_type(name)
            effects[name] = (alarm.service_effect, alarm.symptom)
    assert effects == {
        "device.down": ("outage", "equipment_lost"),
        "device.degraded": ("degraded", "none"),
        "service.outage": ("outage", "none"),
        "service.degraded": ("degraded", "none"),
        "cpe.offline": ("outage", "ont_lost"),
        "cpe.signal_loss": ("outage", "ont_los"),
        "monitoring.threshold_exceeded": ("none", "none"),
        "monitoring.check_failed": ("none", "none"),
    }


@pytest.mark.parametrize(
    ("alarm_type", "given_effect", "expected"),
    [
        ("ont.los", None, "outage"),
        ("ont.los", "none", "none"),
        ("no.such.type", None, "none"),
        ("no.such.type", "outage", "outage"),
        ("no.such.type", "unknown", "unknown"),
    ],
)
def test_an_alarm_by_command_has_the_effect_that_is_given_or_that_of_its_type(
    world: World, alarm_type: str, given_effect: ServiceEffect | None, expected: ServiceEffect
) -> None:
    alarm = world.get(world.raise_alarm(alarm_type, "r", service_effect=given_effect))
    assert alarm.service_effect == expected
    assert alarm.symptom == ("ont_los" if alarm_type == "ont.los" else "none")


def test_another_declaration_counts_from_the_next_raise_or_reopening_on(world: World) -> None:
    world(loaded(own({"acme.dark": "degraded"})))
    first = world.raise_alarm("acme.dark", "r1")
    again = world.raise_alarm("acme.dark", "r2")
    world(loaded(own({"acme.dark": ("ont_los", "outage")})))
    world.at(1).raise_alarm("acme.dark", "r1")
    assert (world.get(first).service_effect, world.get(first).symptom) == ("degraded", "none"), "a repeat changes nothing"
    world.clear_alarm(again)
    assert world.get(again).service_effect == "degraded"
    assert world.raise_alarm("acme.dark", "r2") == again
    assert (world.get(again).service_effect, world.get(again).symptom) == ("outage", "ont_los")
    world.clear_alarm(again)
    world.raise_alarm("acme.dark", "r2", service_effect="none")
    assert world.get(again).service_effect == "none"
    new = world.get(world.raise_alarm("acme.dark", "r3"))
    assert (new.service_effect, new.symptom) == ("outage", "ont_los")


def test_a_conclusion_has_no_effect_and_its_onts_have(shipped_world: World) -> None:
    olt = Olt(shipped_world)
    olt.reports("ont.los", *onts(0))
    olt.waits(3)
    (cut,) = olt.concluded().values()
    assert (cut.alarm_type, cut.service_effect, cut.symptom) == ("fibre.cut", "none", "none")
    assert {each.service_effect for each in shipped_world.of_type("ont.los")} == {"outage"}


# --- alarms and snapshots of before


def without_effects(octets: bytes) -> bytes:
    """A snapshot as a version without service effects writes it."""
    saved = msgspec.msgpack.decode(octets)
    del saved["has_effects"]
    for alarm in saved["alarms"]:
        del alarm["service_effect"], alarm["symptom"]
    return msgspec.msgpack.encode(saved)


def test_alarms_of_a_snapshot_of_before_get_the_effects_of_their_types(world: World) -> None:
    world(loaded(own({"acme.dark": ("ont_los", "outage")})))
    names = {kind: world.raise_alarm(kind, "r") for kind in ("acme.dark", "ont.sd", "no.such.type")}
    world.restart(correlator=without_effects(world.stages.save()["correlator"]))
    found = {kind: (world.get(name).service_effect, world.get(name).symptom) for kind, name in names.items()}
    assert found == {
        "acme.dark": ("outage", "ont_los"),
        "ont.sd": ("degraded", "ont_signal_degraded"),
        "no.such.type": ("none", "none"),
    }
    world.raise_alarm("acme.dark", "r")
    assert world.get(names["acme.dark"]).occurrence_count == 2


def test_a_snapshot_keeps_the_effects_that_alarms_were_raised_with(world: World) -> None:
    world(loaded(own({"acme.dark": "outage"})))
    name = world.raise_alarm("acme.dark", "r")
    world(loaded(own({"acme.dark": "none"})))
    world.restart()
    assert world.get(name).service_effect == "outage"


def test_an_alarm_of_before_is_read_without_effects(world: World) -> None:
    alarm = world.get(world.raise_alarm("ont.los", "r"))
    fields = msgspec.to_builtins(alarm)
    del fields["service_effect"], fields["symptom"]
    before = msgspec.convert(fields, Alarm)
    assert (before.service_effect, before.symptom) == ("none", "none")


def test_profiles_that_are_accepted_no_more_leave_the_effects(world: World) -> None:
    refused = msgspec.structs.replace(own({"acme.dark": "outage"}), resources={"x": {"type": "balloon"}})
    world.state.take_profiles(loaded(msgspec.convert(msgspec.to_builtins(refused), Profile)))
    assert world.state.profiles is None
    assert world.get(world.raise_alarm("acme.dark", "r")).service_effect == "outage"

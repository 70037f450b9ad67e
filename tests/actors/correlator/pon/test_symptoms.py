"""Alarm types take part in correlation by the symptom that they declare: shipped types, and an operator's own ones."""

from collections.abc import Mapping
from pathlib import Path

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st
from vocabulary.outages import LEGS, ONTS, Olt, onts, plant
from vocabulary.world import World

from actors.correlator.events.network_events import MEANINGS
from actors.correlator.pon.alarm_types import INFERRED
from actors.correlator.profiles import compile, load_profiles
from actors.correlator.state import State
from actors.correlator.strategies.symptoms import DEFAULTS, TRAITS, symptoms_of
from faultd.places import shipped_config
from protocols.event import Event, ProfilesLoaded
from protocols.profile import AlarmType, Profile, Resource
from protocols.symptom import SYMPTOM_TEXTS, SYMPTOMS, Symptom
from protocols.topology import Node

TYPES_TOML = shipped_config() / "profiles" / "types.toml"

SHIPPED: dict[Symptom, set[str]] = {
    "ont_dying_gasp": {"ont.dying_gasp", "ont.power"},
    "ont_los": {"ont.los", "cpe.signal_loss"},
    "ont_lof": {"ont.lof"},
    "ont_lost": {"ont.loam", "ont.loa", "ont.state", "cpe.offline"},
    "ont_low_optical_power": {
        "ont.rx.low",
        "ont.olt_rx.alarm",
        "ont.olt_rx.warning",
        "ont.optics.alarm",
        "ont.optics.warning",
        "ont.fibre_bend",
    },
    "ont_signal_degraded": {"ont.sd", "ont.sf", "ont.ds.sd", "ont.ds.sf", "ont.us.ber", "ont.ds.ber"},
    "ont_window_drift": {"ont.dowi"},
    "ont_deactivation_failed": {"ont.df"},
    "rogue_ont": {"ont.rogue", "pon.rogue.onts"},
    "pon_los": {"pon.los", "pon.lof"},
    "pon_down": {"pon.down"},
    "pon_dying_gasps": {"pon.many.onts.poweroff"},
    "equipment_lost": {
        "device.down",
        "olt.poweroff",
        "card.offline",
        "card.fault",
        "card.not_running",
        "card.out_of_service",
        "card.chip.fault",
        "pon.tx.fault",
        "pon.optics.absent",
        "pon.out_of_service",
    },
    "link_down": {"interface.down", "uplink.down", "access.link.down", "pon.port.fault", "pon.many.onts.offline"},
    "restarted": {"olt.reboot.cold", "olt.reboot", "card.reset", "pon.reset"},
}
"""Every shipped type that takes part in correlation."""

OWN: dict[str, Symptom | None] = {
    "acme.subscriber_dark": "ont_los",
    "acme.subscriber_gone": "ont_lost",
    "acme.mains_lost": "ont_dying_gasp",
    "acme.weak": "ont_low_optical_power",
    "acme.errors": "ont_signal_degraded",
    "acme.babbler": "rogue_ont",
    "acme.port_dark": "pon_los",
    "acme.shelf_dead": "equipment_lost",
    "acme.unsaid": None,
}


def shipped() -> dict[str, AlarmType]:
    return dict(load_profiles({"types.toml": TYPES_TOML.read_text()})[0].types)


def own(words: Mapping[str, Symptom | None] = OWN, priority: int = 10) -> Profile:
    types = {name: AlarmType(severity="major", title=name, symptom=word) for name, word in words.items()}
    return Profile(name="site", priority=priority, types=types)


def loaded(*profiles: Profile) -> ProfilesLoaded:
    return ProfilesLoaded(msgspec.msgpack.encode(profiles).hex(), profiles)


@pytest.fixture
def olt(world: World) -> Olt:
    world(loaded(own()))
    return Olt(world)


# --- the table


def test_every_shipped_type_has_the_symptom_of_the_table() -> None:
    declared = {name: each.symptom for name, each in shipped().items()}
    expected = {name: word for word, names in SHIPPED.items() for name in names}
    assert {name: word for name, word in declared.items() if word != "none"} == expected
    assert None not in declared.values()


def test_a_ledger_of_before_has_the_same_table() -> None:
    """Profiles of such a ledger declare nothing: the State that folds them counts the shipped names as they count now."""
    assert symptoms_of({}) == symptoms_of(shipped())
    silent = {name: msgspec.structs.replace(each, symptom=None) for name, each in shipped().items()}
    assert symptoms_of(silent) == symptoms_of(shipped())
    assert State("6f1d1c0e-7b0a-4b57-9d29-0c6f3a3f4a11").symptoms == symptoms_of(shipped())


def test_a_profiles_event_of_before_is_still_read() -> None:
    """There a type is a map without ``symptom``."""
    types = {"ont.los": {"severity": "minor", "title": "ONT: no light"}}
    octets = msgspec.msgpack.encode(["profiles", "d", [{"name": "types", "types": types}]])
    event = msgspec.msgpack.decode(octets, type=Event)
    assert isinstance(event, ProfilesLoaded)
    assert symptoms_of(event.profiles[0].types) == symptoms_of({})
    assert "symptom" not in msgspec.to_builtins(event)[2][0]["types"]["ont.los"]


def test_every_symptom_is_used_and_described() -> None:
    assert set(SHIPPED) == set(TRAITS) == set(SYMPTOMS) - {"none"}
    assert tuple(SYMPTOM_TEXTS) == SYMPTOMS
    assert set(DEFAULTS) == {name for names in SHIPPED.values() for name in names}


def test_network_events_have_types_of_their_severity() -> None:
    types = shipped()
    for name, meaning in MEANINGS.items():
        if meaning.severity is not None:
            of = types[name]
            assert (of.severity, of.event_type, of.probable_cause) == (
                meaning.severity,
                meaning.event_type,
                meaning.probable_cause,
            )


@given(st.dictionaries(st.sampled_from([*DEFAULTS, *INFERRED, "a.b", "ont.c"]), st.sampled_from([None, *SYMPTOMS])))
def test_what_a_type_declares_goes_before_the_default_and_a_conclusion_is_never_evidence(
    words: dict[str, Symptom | None],
) -> None:
    table = symptoms_of(own(words).types)
    for name in {*words, *DEFAULTS}:
        word = words.get(name) or DEFAULTS.get(name)
        if name in INFERRED or word in (None, "none"):
            assert name not in table
        else:
            assert table[name].symptom == word


def test_the_profile_of_the_higher_priority_decides_and_one_that_says_nothing_does_not() -> None:
    low = own({"a": "ont_los", "b": "ont_los", "c": None}, priority=0)
    high = msgspec.structs.replace(own({"a": "none", "b": None, "c": "pon_los"}, priority=1), name="high")
    for order in ([low, high], [high, low]):
        table = compile(order).symptoms
        assert "a" not in table
        assert (table["b"].symptom, table["c"].symptom) == ("ont_los", "pon_los")


# --- an operator's own types


def test_an_own_type_of_32_onts_is_a_feeder_cut_with_the_onts_below_it(olt: Olt) -> None:
    olt.reports("acme.subscriber_dark", *onts(0))
    olt.reports("acme.port_dark", "olt/1/0")
    olt.waits(2)
    (cut,) = olt.concluded().values()
    assert (cut.alarm_type, cut.resource_id, cut.severity) == ("fibre.cut", "olt/1/0", "critical")
    assert (cut.metadata["dark"], cut.metadata["gasped"], cut.metadata["unknown"]) == (32, 0, 0)
    assert olt.children(cut) == {*onts(0), "olt/1/0"}
    olt.clears("acme.subscriber_dark", *onts(0))
    olt.waits(2)
    assert not olt.concluded()


def test_own_and_shipped_types_are_one_outage(olt: Olt) -> None:
    olt.reports("ont.los", *onts(0, [0, 1]))
    olt.reports("acme.subscriber_gone", *onts(0, [2, 3]))
    olt.waits(2)
    (cut,) = olt.concluded().values()
    assert (cut.resource_id, cut.metadata["dark"]) == ("olt/1/0", 32)


def test_a_type_without_a_symptom_correlates_with_nothing(olt: Olt) -> None:
    olt.reports("acme.unsaid", *onts(0))
    olt.waits(5)
    assert not olt.concluded()
    assert not any(each.parent_alarm_id for each in olt.world.alarms)


def test_an_own_type_of_lost_equipment_is_the_parent_of_what_is_below(olt: Olt) -> None:
    olt.reports("acme.shelf_dead", "olt/1")
    olt.reports("acme.subscriber_dark", *onts(1))
    olt.reports("acme.port_dark", "olt/1/1")
    olt.waits(3)
    (dead,) = (each for each in olt.world.alarms if each.alarm_type == "acme.shelf_dead")
    assert olt.children(dead) == {*onts(1), "olt/1/1"}
    assert not olt.concluded()


def test_a_late_parent_of_an_own_type_collects_what_is_below(olt: Olt) -> None:
    olt.reports("acme.errors", "olt/1/2/4")
    olt.waits(5)
    olt.reports("acme.shelf_dead", "olt/1")
    (dead,) = (each for each in olt.world.alarms if each.alarm_type == "acme.shelf_dead")
    assert olt.children(dead) == {"olt/1/2/4"}


def test_own_dying_gasps_of_an_area_are_a_power_outage(olt: Olt) -> None:
    olt.reports("acme.mains_lost", *onts(0, [0, 1]), *onts(1, [0, 1]), *onts(2, [0, 1]))
    olt.waits(3)
    assert set(olt.concluded()) == {"power.outage area:north"}
    (outage,) = olt.concluded().values()
    assert outage.metadata["gasped"] == 3 * 2 * ONTS


@pytest.mark.parametrize("alarm_type", ["acme.weak", "acme.errors"])
def test_own_types_of_too_little_light_and_of_errors_are_a_degraded_fibre(olt: Olt, alarm_type: str) -> None:
    olt.reports(alarm_type, *onts(0, [1]))
    olt.waits(3)
    assert set(olt.concluded()) == {"fibre.degraded olt/1/0/s.1"}


def test_an_own_type_that_names_a_rogue_ont_explains_its_siblings(olt: Olt) -> None:
    olt.reports("acme.babbler", "olt/1/0/3")
    olt.reports("acme.subscriber_dark", *(each for each in onts(0) if each != "olt/1/0/3"))
    olt.waits(3)
    (rogue,) = (each for each in olt.world.alarms if each.alarm_type == "acme.babbler")
    assert len(olt.children(rogue)) == LEGS * ONTS - 1
    assert not olt.concluded()


def test_a_shipped_type_that_the_operator_takes_out_of_correlation(world: World) -> None:
    world(loaded(own({"ont.los": "none"})))
    olt = Olt(world)
    olt.reports("ont.los", *onts(0))
    olt.waits(3)
    assert not olt.concluded()


def test_a_network_event_of_a_type_with_a_symptom_correlates(world: World) -> None:
    """An alert of Alertmanager is the network event ``monitoring.check_failed``."""
    world(loaded(own({"device.degraded": "equipment_lost", "monitoring.check_failed": "ont_lost"})))
    olt = Olt(world)
    for resource in onts(0):
        world.network("monitoring.check_failed", resource, tenant_id="default", qualifier="ping")
    olt.waits(3)
    assert set(olt.concluded()) == {"fibre.cut olt/1/0"}
    world.network("device.degraded", "olt", tenant_id="default")
    (degraded,) = (each for each in world.alarms if each.alarm_type == "device.degraded")
    olt.reports("ont.los", "olt/1/1/0")
    (child,) = (each for each in world.alarms if each.resource_id == "olt/1/1/0")
    assert child.parent_alarm_id == degraded.id


# --- another table while alarms are open


def test_a_symptom_that_is_declared_while_the_alarms_are_open_counts_at_once(world: World) -> None:
    olt = Olt(world)
    olt.reports("acme.subscriber_dark", *onts(0))
    olt.waits(10)
    assert not olt.concluded()
    world(loaded(own()))
    olt.waits(3)
    assert set(olt.concluded()) == {"fibre.cut olt/1/0"}


def test_a_symptom_that_is_taken_back_leaves_nothing_behind(olt: Olt) -> None:
    olt.reports("acme.subscriber_dark", *onts(0, [0]))
    olt.reports("acme.weak", *onts(1, [0]))
    olt.reports("acme.port_dark", "olt/1/2")
    olt.reports("acme.shelf_dead", "olt/1/2/0")
    olt.world(loaded(own(dict.fromkeys(OWN, "none"))))
    olt.waits(3)
    for alarm in [each for each in olt.world.alarms if each.cleared_at is None and each.alarm_type.startswith("acme.")]:
        olt.clears(alarm.alarm_type, alarm.resource_id)
    olt.waits(600)
    left = {name: raw for name, raw in olt.world.state.remembered().items() if name in ("PonMemory", "BlockerMemory")}
    assert "BlockerMemory" not in left
    assert not msgspec.msgpack.decode(left.get("PonMemory", b"\x80")).get("onset")


def test_the_same_symptoms_in_other_profiles_change_nothing(olt: Olt) -> None:
    olt.reports("acme.subscriber_dark", *onts(0))
    olt.waits(3)
    before = olt.world.state.remembered()
    olt.world(loaded(own(), Profile(name="more")))
    assert olt.world.state.remembered() == before


@pytest.mark.parametrize("declared_late", [False, True])
def test_a_snapshot_knows_the_symptoms(declared_late: bool) -> None:
    """A State that is loaded again concludes what the one that went on does."""
    world = World()
    if not declared_late:
        world(loaded(own()))
    olt = Olt(world)
    olt.reports("acme.subscriber_dark", *onts(0))
    if declared_late:
        world(loaded(own()))
    again = World()
    again.go_on_from(world)
    for each in (world, again):
        for seconds in range(1, 6):
            each.at(1 + seconds).tick()
    assert again.state.save() == world.state.save()
    assert any(each.alarm_type == "fibre.cut" for each in again.alarms)


def test_profiles_that_are_accepted_no_more_leave_the_symptoms(world: World) -> None:
    """A snapshot of another version: its rules may be refused, and its types still are what the alarms are of."""
    refused = msgspec.structs.replace(own(), resources={"x": Resource(type="balloon")})
    world.state.take_profiles(loaded(refused))
    assert world.state.profiles is None
    assert world.state.symptoms["acme.subscriber_dark"].symptom == "ont_los"


def test_onts_without_a_topology_are_no_evidence(world: World) -> None:
    world(loaded(own()))
    olt = Olt(world, [Node(id="elsewhere", type="olt"), *plant(1)])
    olt.reports("acme.subscriber_dark", *(f"nowhere/{number}" for number in range(8)))
    olt.world(loaded(own({})))
    olt.waits(3)
    assert not olt.concluded()


def test_types_toml_says_a_symptom_for_every_type() -> None:
    text = Path(TYPES_TOML).read_text()
    assert text.count("\nsymptom = ") == text.count('\n[types."')

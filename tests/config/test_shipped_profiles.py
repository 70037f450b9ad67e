"""The profiles that are shipped: no invented OID, one vocabulary, every raise with its clear, and the samples read right."""

import json
import re
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import msgspec
import pytest
from vocabulary.traps import make_trap

from actors.correlator.profiles import Translator, compile, load_profiles
from actors.correlator.profiles.trap_oids import normalise
from protocols.event import ProfilesLoaded, Trap
from protocols.finding import Finding
from protocols.profile import AlarmRule, Family, Profile, Trigger, names, varbind
from protocols.snmp.message import decode
from protocols.snmp.notification import VarBind

ROOT = Path(__file__).parents[2]
DATA = ROOT / "tests" / "data"
NOW = datetime(2026, 2, 11, 17, 44, 30, tzinfo=UTC)
PAIRS = json.loads((DATA / "trap_pairs.json").read_text())
SAMPLES = {entry["name"]: entry for line in (DATA / "datagrams.jsonl").read_text().splitlines() if (entry := json.loads(line))}


def shipped() -> tuple[Profile, ...]:
    return load_profiles({path.name: path.read_text() for path in sorted((ROOT / "config" / "profiles").glob("*.toml"))})


PROFILES = shipped()
TRANSLATOR = compile(PROFILES)


def trap(oid: str, *varbinds: tuple[str, str, Any], **fields: Any) -> Trap:
    bound = tuple(VarBind(name, kind, value) for name, kind, value in varbinds)  # type: ignore[arg-type]
    return make_trap(oid, bound, source="192.0.2.1", at=NOW, **fields)


def only(reading_of: Trap, translator: Translator = TRANSLATOR) -> Finding:
    reading = translator.read(reading_of)
    assert len(reading.findings) == 1, reading.reason
    return reading.findings[0]


def sample(name: str) -> Trap:
    return Trap("192.0.2.1", NOW, decode(bytes.fromhex(SAMPLES[name]["hex"])))


def bind(name: str) -> tuple[str, str, Any]:
    oid, value = PAIRS["varbinds"][name]
    if isinstance(value, int):
        return oid, "INTEGER", value
    if value == "oid":
        return oid, "OBJECT IDENTIFIER", "1.3.6.1"
    return oid, "OCTET STRING", bytes([255] * 4) if value == "bits" else value.encode()


# ---- OIDs and names


def test_every_oid_is_a_known_one() -> None:
    known = json.loads((DATA / "known_oids.json").read_text())
    unknown = [(profile.name, what, oid) for profile in PROFILES for what, oid in _oids(profile) if oid not in known]
    assert not unknown


def test_notifications_bear_the_names_of_their_mibs() -> None:
    known = json.loads((DATA / "known_oids.json").read_text())
    wrong = [
        (profile.name, name, known[oid])
        for profile in PROFILES
        for name, oids in profile.notifications.items()
        for oid in names(oids)
        if known[oid] != name
    ]
    assert not wrong


def test_no_notification_or_varbind_is_left_unused() -> None:
    unused = []
    for profile in PROFILES:
        text = (ROOT / "config" / "profiles" / f"{profile.name}.toml").read_text()
        for name in (*profile.notifications, *profile.varbinds, *profile.values, *profile.resources):
            if len(re.findall(rf"\b{name}\b", text)) < 2:
                unused.append((profile.name, name))
    assert not unused


def test_what_is_known_from_the_field_alone_is_off() -> None:
    field = []
    for profile in PROFILES:
        rules: list[AlarmRule | Family] = [*profile.alarms, *profile.families]
        field += [profile.enabled and rule.enabled for rule in rules if "field" in (profile.verified, rule.verified)]
    assert field
    assert not any(field)


def test_a_file_is_called_as_its_profile() -> None:
    assert {path.stem for path in (ROOT / "config" / "profiles").glob("*.toml")} == {profile.name for profile in PROFILES}


def _oids(profile: Profile) -> Iterator[tuple[str, str]]:
    for name, oids in profile.notifications.items():
        yield from ((name, oid) for oid in names(oids))
    for name, spec in profile.varbinds.items():
        yield from ((name, oid) for oid in names(varbind(spec).oid))
    for rule in profile.alarms:
        for trigger in (*rule.raises, *rule.cleared, *rule.event, *rule.drop):
            for word in names(trigger.trap if isinstance(trigger, Trigger) else trigger):
                if word[0].isdigit():
                    yield rule.type, word


# ---- raises and clears


@pytest.mark.parametrize(
    ("vendor", "alarm", "raised", "raise_binds", "cleared", "clear_binds"),
    PAIRS["pairs"],
    ids=[f"{vendor}-{alarm}-{raised.rsplit('.', 2)[-1]}" for vendor, alarm, raised, *_ in PAIRS["pairs"]],
)
def test_a_clear_ends_what_its_raise_raised(
    vendor: str, alarm: str, raised: str, raise_binds: list[str], cleared: str, clear_binds: list[str]
) -> None:
    up = only(trap(raised, *map(bind, raise_binds)))
    down = only(trap(cleared, *map(bind, clear_binds)))
    if up.kind == "drop":
        assert (alarm, down.kind) == ("ont.uni.los", "drop")
        return
    assert up.kind == "raise", f"{vendor} {alarm}"
    assert down.kind == "clear"
    assert up.alarm_type in down.clears
    assert (down.resource, down.qualifier) == (up.resource, up.qualifier)
    assert down.severity == "cleared"
    assert up.severity != "cleared"


@pytest.mark.parametrize(("vendor", "alarm", "oid", "binds"), PAIRS["events"])
def test_every_notification_without_a_clear_is_known(vendor: str, alarm: str, oid: str, binds: list[str]) -> None:
    assert only(trap(oid, *map(bind, binds))).kind in ("raise", "event", "drop"), f"{vendor} {alarm}"


def test_every_alarm_that_no_trap_of_its_profile_ends_is_known_to_be_so() -> None:
    """A raise without a clear stays until polling or a person ends it: each one is a decision, so they are listed."""
    endless = set()
    for profile in PROFILES:
        ended = {kind for rule in profile.alarms for kind in (*rule.clears, *((rule.type,) if rule.cleared else ()))}
        for family in profile.families:
            coded = list(family.codes.values())
            ended |= {kind for code in coded for kind in code.clears}
            if family.kind != "raise":
                ended |= {code.type for code in coded}
            ended |= {code.type for code in coded if code.kind == "clear"}
        raised = {rule.type for rule in profile.alarms if rule.raises and rule.enabled}
        for family in profile.families:
            raised |= {code.type for code in family.codes.values() if (code.kind or family.kind) == "raise"}
        if profile.severity is None or "cleared" not in profile.severity.table.values():
            endless |= {(profile.name, kind) for kind in raised - ended}
    assert endless == {
        ("bdcom", "olt.fault"),
        ("eltex", "pon.alarm"),
        ("huawei", "olt.poweroff"),
        ("raisecom", "olt.poweroff"),
    }


# ---- the samples


def test_huawei_ont_los() -> None:
    found = only(sample("huawei_ont_los_raise"))
    assert (found.kind, found.alarm_type, found.resource_type, found.resource) == ("raise", "ont.los", "ont", "0/1/5/17")
    assert (found.severity, found.probable_cause, found.event_type) == ("minor", "lossOfSignal", "communicationsAlarm")
    assert found.resource_name == "HG8245H"
    ended = only(sample("huawei_ont_los_clear"))
    assert (ended.kind, ended.clears, ended.resource) == ("clear", ("ont.los",), "0/1/5/17")
    assert only(sample("huawei_ont_dying_gasp_raise")).alarm_type == "ont.dying_gasp"


def test_huawei_customer_port_is_noise() -> None:
    assert only(sample("huawei_ont_port_status_down")).kind == "drop"


def test_huawei_serial_number() -> None:
    found = only(sample("gpon_sn_binary"))
    assert (found.alarm_type, found.metadata["serial"]) == ("ont.discovered", "HWTC0A1B2C3D")


def test_zte_takes_its_event_from_the_community_and_the_severity_from_the_type() -> None:
    found = only(sample("zte_ont_losi_community_decorated"))
    assert (found.alarm_type, found.resource, found.severity) == ("ont.los", "1/2/1/7", "minor")
    assert (found.resource_name, found.metadata["community.eventId"]) == ("ONU-7", "40366")
    assert found.repeats_by_design
    assert only(sample("zte_heartbeat")).kind == "drop"


def test_zte_level_cleared_makes_a_clear_of_a_raise() -> None:
    raised = sample("zte_ont_losi_community_decorated")
    again = msgspec.structs.replace(
        raised, notification=msgspec.structs.replace(raised.notification, security="public@eventId=1@level=cleared")
    )
    found = only(again)
    assert (found.kind, found.clears, found.resource) == ("clear", ("ont.los",), "1/2/1/7")


def test_zte_epon_passes_the_cause_on() -> None:
    found = only(
        trap(
            "1.3.6.1.4.1.3902.1015.1010.1.10.1.13",
            ("1.3.6.1.2.1.2.2.1.1.268566784", "INTEGER", 268566784),
            ("1.3.6.1.4.1.3902.1015.1010.1.10.2.7.0", "INTEGER", 3),
        )
    )
    assert (found.alarm_type, found.resource, found.vendor_cause) == ("pon.los", "1/2/1", "dying gasp of all ONUs")


def test_huawei_los_with_counts() -> None:
    place = [bind(name) for name in ("huawei:hwFrameIndex", "huawei:hwSlotIndex", "huawei:hwPortIndex")]
    affected = ("1.3.6.1.4.1.2011.6.145.2.48.0", "INTEGER", 64)
    for gasped, cause in (
        (60, "64 ONTs affected, 60 of them with dying gasp"),
        (-1, "64 ONTs affected, an unknown number of them with dying gasp"),
    ):
        found = only(
            trap(
                "1.3.6.1.4.1.2011.6.128.1.1.12.2.1.0.108",
                *place,
                affected,
                ("1.3.6.1.4.1.2011.6.145.2.49.0", "INTEGER", gasped),
            )
        )
        assert (found.resource, found.vendor_cause) == ("5/5/5", cause)


def test_huawei_optics_alarms_of_two_kinds_are_two() -> None:
    place = [
        bind(name)
        for name in ("huawei:hwFrameIndex", "huawei:hwSlotIndex", "huawei:hwPortIndex", "huawei:hwXponDeviceOntIndex")
    ]
    kind = "1.3.6.1.4.1.2011.6.128.1.1.11.4.0"
    low = only(trap("1.3.6.1.4.1.2011.6.128.1.1.12.2.2.0.50", *place, (kind, "INTEGER", 1)))
    hot = only(trap("1.3.6.1.4.1.2011.6.128.1.1.12.2.2.0.51", *place, (kind, "INTEGER", 4)))
    assert (low.qualifier, hot.qualifier) == ("rxPower", "temperature")


def test_huawei_run_state_is_raise_and_clear_in_one() -> None:
    oid = "1.3.6.1.4.1.2011.6.128.1.1.12.3.0.100"
    place = (
        ("1.3.6.1.2.1.2.2.1.1.4194313472", "INTEGER", -100653824),
        ("1.3.6.1.4.1.2011.6.128.1.1.2.41.1.1.4194313472.17", "INTEGER", 17),
    )
    state = "1.3.6.1.4.1.2011.6.128.1.1.11.510.0"
    up, down = (only(trap(oid, *place, (state, "INTEGER", value))) for value in (1, 2))
    assert (down.kind, down.resource) == ("raise", "0/1/5/17")
    assert (up.kind, up.resource, up.clears) == ("clear", "0/1/5/17", ("ont.state", "ont.dying_gasp"))
    reading = TRANSLATOR.read(trap(oid, *place, (state, "INTEGER", -1)))
    assert not reading.findings
    assert "runStatus" in reading.reason


def test_calix_e7() -> None:
    found = only(sample("calix_e7_alarm_on"))
    assert (found.kind, found.alarm_type, found.resource_type, found.resource) == ("raise", "pon.los", "pon", "1/2/3")
    assert (found.severity, found.device_time) == ("critical", datetime(2026, 2, 11, 17, 44, 22, tzinfo=UTC))
    sequence = TRANSLATOR.read(sample("calix_e7_alarm_on")).sequence
    assert sequence is not None
    assert (sequence.scope, sequence.value) == ("e7", 991)


def test_adtran_ont_los() -> None:
    found = only(sample("adtran_ont_los_set"))
    assert (found.alarm_type, found.resource, found.severity) == ("ont.los", "1/4/1/9", "minor")
    sequence = TRANSLATOR.read(sample("adtran_ont_los_set")).sequence
    assert sequence is not None
    assert sequence.value == 5120


def test_vsol_pon_los() -> None:
    found = only(sample("vsol_generic_trap_pon_los"))
    assert (found.kind, found.alarm_type, found.resource_type, found.resource) == ("raise", "pon.los", "pon", "3")
    assert found.severity == "critical"


@pytest.mark.parametrize(
    ("code", "kind", "expected", "alarm_type"),
    [(22, 1, "raise", "pon.los"), (22, 0, "clear", "pon.los"), (45, 1, "clear", "pon.los"), (30, 2, "raise", "ont.dying_gasp"),
     (46, 2, "clear", "ont.state"), (81, 1, "drop", "auth.session"), (999, 1, "event", "vendor.event")],
)  # fmt: skip
def test_vsol_codes(code: int, kind: int, expected: str, alarm_type: str) -> None:
    base = "1.3.6.1.4.1.37950.1.1.5.10.13"
    found = only(
        trap(
            f"{base}.6.1",
            (f"{base}.2.2.0", "OCTET STRING", b"PON3"),
            (f"{base}.2.3.0", "OCTET STRING", b"5"),
            (f"{base}.2.5.0", "OBJECT IDENTIFIER", f"{base}.5.{code}"),
            (f"{base}.2.6.0", "INTEGER", kind),
        )
    )
    assert (found.kind, found.alarm_type) == (expected, alarm_type)


def test_nscrtv_clear_by_severity() -> None:
    base = "1.3.6.1.4.1.17409.2.2.12.1"
    severities = {}
    for level in (1, 6):
        found = only(
            trap(
                f"{base}.1.1",
                (f"{base}.2.7.0", "Gauge32", 77),
                (f"{base}.2.4.0", "INTEGER", 513),
                (f"{base}.2.1.0", "OCTET STRING", bytes([1, 2, 3, 17, 0, 0, 0, 0])),
                (f"{base}.2.5.0", "INTEGER", level),
                (f"{base}.2.6.0", "OCTET STRING", bytes([7, 234, 2, 11, 17, 44, 22, 0, 43, 0, 0])),
                (f"{base}.2.3.0", "OCTET STRING", b"ONU LOS"),
            )
        )
        assert (found.resource_type, found.resource, found.qualifier) == ("ont", "2/3/17", "513")
        assert found.device_time == datetime(2026, 2, 11, 17, 44, 22, tzinfo=UTC)
        severities[level] = (found.kind, found.severity)
    assert severities == {1: ("raise", "critical"), 6: ("clear", "cleared")}


def test_dasan_codes_and_tlv_source() -> None:
    base = "1.3.6.1.4.1.6296.101.4.3"
    source = bytes([1, 1, 2, 2, 1, 3, 5, 1, 17])

    def alarm(code: int) -> Finding:
        return only(
            trap(
                f"{base}.2.1",
                (f"{base}.1.1.1.0", "INTEGER", code),
                (f"{base}.1.1.2.0", "INTEGER", 13),
                (f"{base}.1.1.3.0", "OCTET STRING", source),
                (f"{base}.1.1.4.0", "INTEGER", 2),
            )
        )

    on, off = alarm(914), alarm(915)
    assert (on.kind, on.alarm_type, on.resource, on.severity) == ("raise", "ont.los", "2/3/17", "minor")
    assert (off.kind, off.resource, off.clears) == ("clear", "2/3/17", ("ont.los",))
    assert alarm(12345).kind == "event"


def test_zhone_status_word_tells_many_alarms() -> None:
    word = bytes([0b00100000, 0b00001000, 0])  # lossOfSignal (2), dyingGasp (12)
    reading = TRANSLATOR.read(
        trap("1.3.6.1.4.1.5504.5.14.1.6.0.3", ("1.3.6.1.4.1.5504.5.14.1.7.1.1.4711", "OCTET STRING", word))
    )
    raised = {found.alarm_type for found in reading.findings if found.kind == "raise"}
    assert raised == {"ont.los", "ont.dying_gasp"}
    assert len(reading.findings) == 15
    assert {found.resource for found in reading.findings} == {"if/4711"}


def test_gw_last_words() -> None:
    """The OLT's own power-off, as real firmware encodes it: device 1, sent five times."""
    oid, device = "1.3.6.1.4.1.10072.2.20.1.1.6.4", "1.3.6.1.4.1.10072.2.20.1.1.1.1.1.1"
    olt, onu = (only(trap(oid, (device, "INTEGER", number))) for number in (1, 9))
    assert (olt.alarm_type, olt.resource, olt.severity, olt.repeats_by_design) == ("olt.poweroff", "", "critical", True)
    assert (onu.alarm_type, onu.resource) == ("ont.dying_gasp", "onu/9")


def test_bdcom_epon_gasp_and_state_are_two_findings() -> None:
    base = "1.3.6.1.4.1.3320.101"
    reading = TRANSLATOR.read(
        trap(
            f"{base}.18.4.1",
            ("1.3.6.1.2.1.2.2.1.2.9", "OCTET STRING", b"EPON0/1:5"),
            (f"{base}.18.1.0", "INTEGER", 2),
            (f"{base}.10.1.1.26.9", "INTEGER", 2),
        )
    )
    assert [(found.kind, found.alarm_type, found.resource) for found in reading.findings] == [
        ("raise", "ont.dying_gasp", "0/1/5"),
        ("raise", "ont.state", "0/1/5"),
    ]


@pytest.mark.parametrize(
    ("name", "address", "by"),
    [
        ("linkdown_v1_generic2", "10.1.2.3", "agent-addr"),
        ("authfail_v1", "192.0.2.1", "source"),
        ("coldstart_v2", "192.0.2.1", "source"),
    ],
)
def test_standard_samples(name: str, address: str, by: str) -> None:
    reading = TRANSLATOR.read(sample(name))
    assert (reading.device_address, reading.address_from) == (address, by)
    assert reading.findings[0].profile == "standard"


def test_a_port_switched_off_by_hand_is_a_note() -> None:
    index = ("1.3.6.1.2.1.2.2.1.1", "INTEGER", 3)  # without an instance, as some agents send it
    off = only(trap("1.3.6.1.6.3.1.1.5.3", index, ("1.3.6.1.2.1.2.2.1.7.3", "INTEGER", 2)))
    broken = only(trap("1.3.6.1.6.3.1.1.5.3", index, ("1.3.6.1.2.1.2.2.1.7.3", "INTEGER", 1)))
    bare = only(trap("1.3.6.1.6.3.1.1.5.3", ("1.3.6.1.2.1.2.2.1.8.3", "INTEGER", 2)))
    assert (off.severity, broken.severity, bare.severity) == ("info", "major", "major")
    assert off.resource == broken.resource == bare.resource == "if/3"


def test_a_start_ends_the_poweroff() -> None:
    found = only(sample("coldstart_v2"))
    assert (found.kind, found.clears) == ("event", ("olt.poweroff",))


# ---- the whole


def test_every_shipped_rule_answers_without_varbinds() -> None:
    """A trap that lost all its varbinds still never raises, whatever rule it meets."""
    for oid, _ in TRANSLATOR.every():
        reading = TRANSLATOR.read(trap(oid))
        assert reading.findings or reading.reason


def test_msgpack_round_trip_reads_the_same() -> None:
    event = ProfilesLoaded("digest", PROFILES)
    again = msgspec.msgpack.decode(msgspec.msgpack.encode(event), type=ProfilesLoaded)
    assert again == event
    translator = compile(again.profiles)
    traps = [trap(raised, *map(bind, binds)) for _, _, raised, binds, *_ in PAIRS["pairs"]]
    assert [translator.read(one) for one in traps] == [TRANSLATOR.read(one) for one in traps]


def test_order_of_files_changes_nothing() -> None:
    translator = compile(tuple(reversed(PROFILES)))
    assert translator.read(sample("huawei_ont_los_raise")) == TRANSLATOR.read(sample("huawei_ont_los_raise"))


def test_zero_before_the_last_arc_is_read_both_ways() -> None:
    place = [bind(name) for name in ("huawei:hwFrameIndex", "huawei:hwSlotIndex", "huawei:hwPortIndex")]
    with_zero = "1.3.6.1.4.1.2011.6.128.1.1.12.2.1.0.1"
    assert only(trap(with_zero, *place)) == only(trap(normalise(with_zero), *place))

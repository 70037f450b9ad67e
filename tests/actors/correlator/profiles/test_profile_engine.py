"""The engine with small profiles of its own: order, conditions, identity, severity, addresses; and on anything at all."""

from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from msgspec import structs
from vocabulary.traps import make_trap

from actors.correlator.profiles import ProfileErrors, Translator, compile, explain_trap, load_profiles
from actors.correlator.profiles.trap_oids import normalise
from protocols.event import Trap
from protocols.finding import Finding, Reading, SequenceNumber
from protocols.snmp.notification import Notification, VarBind

NOW = datetime(2026, 3, 1, 12, 0, tzinfo=UTC)
T = "1.3.6.1.4.1.99999.0.1"

HEAD = """
name = "own"
[types."pon.los"]
severity = "critical"
title = "PON port: no light"
event_type = "communicationsAlarm"
probable_cause = "lossOfSignal"
[types."ont.los"]
severity = "minor"
title = "ONT: no light"
[types."ont.dying_gasp"]
severity = "warning"
title = "ONT: no power"
"""


def engine(body: str, *others: str, top: str = "") -> Translator:
    texts = {"own.toml": HEAD.replace("\n[types", f"\n{top}\n[types", 1) + body}
    return compile(load_profiles(texts | {f"other{n}.toml": other for n, other in enumerate(others)}))


def trap(*varbinds: tuple[str, Any], oid: str = T, source: str = "192.0.2.1", **fields: Any) -> Trap:
    kinds = {int: "INTEGER", bytes: "OCTET STRING", str: "OBJECT IDENTIFIER", type(None): "NULL"}
    bound = tuple(VarBind(name, kinds[type(value)], value) for name, value in varbinds)  # type: ignore[arg-type]
    return make_trap(oid, bound, source=source, at=NOW, **fields)


def only(reading: Reading) -> Finding:
    assert len(reading.findings) == 1, reading.reason
    return reading.findings[0]


PLACES = """
[varbinds]
slot = "1.1.1"
port = "1.1.2"
ont = { oid = "1.1.3", invalid = [255] }
state = { oid = "1.1.4", values = { 1 = "up", 2 = "down" } }
name = "1.1.5"
[resources.ont]
type = "ont"
path = "{slot}/{port}/{ont}"
name = "{name|}"
otherwise = "pon"
[resources.pon]
type = "pon"
path = "{slot}/{port}"
"""
RUN = (
    PLACES
    + f"""
[[alarms]]
type = "ont.los"
clears = ["ont.dying_gasp"]
title = "ONT {{ont}} of port {{port}} ({{name|no name}}): {{state}}"
metadata = ["name"]
raise = [{{ trap = "{T}", when = {{ state = "down" }} }}]
clear = [{{ trap = "{T}", when = {{ state = "up" }} }}]
"""
)
SLOT, PORT, ONT = ("1.1.1.7", 1), ("1.1.2.7", 5), ("1.1.3", 17)


def test_raise_and_clear_by_state() -> None:
    translator = engine(RUN)
    up = only(translator.read(trap(SLOT, PORT, ONT, ("1.1.4.0", 2), ("1.1.5.0", b"house 4"))))
    assert (up.kind, up.resource_type, up.resource, up.resource_name) == ("raise", "ont", "1/5/17", "house 4")
    assert up.title == "ONT 17 of port 5 (house 4): down"
    assert up.metadata == {"name": "house 4"}
    assert (up.profile, up.rule, up.clears) == ("own", "ont.los", ())
    down = only(translator.read(trap(SLOT, PORT, ONT, ("1.1.4.0", 1))))
    assert (down.kind, down.severity, down.clears) == ("clear", "cleared", ("ont.los", "ont.dying_gasp"))
    assert "(no name)" in down.title


@pytest.mark.parametrize("ont", [[], [("1.1.3", 255)], [("1.1.3", b"")], [("1.1.3", None)]])
def test_without_its_number_an_ont_falls_back_to_its_port(ont: list[tuple[str, Any]]) -> None:
    found = only(engine(RUN).read(trap(SLOT, PORT, *ont, ("1.1.4.0", 2))))
    assert (found.resource_type, found.resource) == ("pon", "1/5")
    assert found.title == "ONT unknown of port 5 (no name): down"
    assert "no ont path: ont missing" in found.why


def test_without_a_place_there_is_no_finding_but_a_reason() -> None:
    reading = engine(RUN).read(trap(("1.1.4.0", 2)))
    assert not reading.findings
    assert "slot" in reading.reason


@pytest.mark.parametrize(("state", "words"), [(3, "it is 3"), (None, "it is absent")])
def test_no_condition_holds(state: int | None, words: str) -> None:
    reading = engine(RUN).read(trap(SLOT, PORT, ONT, *([("1.1.4.0", state)] if state else [])))
    assert not reading.findings
    assert words in reading.reason


def test_an_oid_that_nobody_knows() -> None:
    assert engine(RUN).read(trap(oid="1.2.3")).reason == "no profile knows 1.2.3"
    assert "without an OID" in engine(RUN).read(trap(oid="")).reason


@pytest.mark.parametrize(
    ("condition", "value", "holds"),
    [
        ("5", 5, True), ("5", 6, False), ("[5, 6]", 6, True), ('"x"', b"x", True), ('{ not = 5 }', 6, True),
        ("{ not = 5 }", 5, False), ("{ not = [5, 6] }", None, True), ("{ above = 5 }", 6, True), ("{ above = 5 }", 5, False),
        ("{ below = -20.5 }", b"-28.1 dBm", True), ("{ below = 1 }", b"much", False),
        ("{ at_least = 5, at_most = 6 }", 6, True),
        ("{ at_least = 5, at_most = 6 }", 7, False), ("{ bits = [0, 9] }", b"\x80\x40", True),
        ("{ bits = [0] }", b"\x40", False),
        ("{ bits = [9] }", b"\x80", False), ("{ bits = [1] }", 2, True), ("{ no_bits = [1] }", 5, True),
        ("{ no_bits = [1] }", None, False), ("{ any_bits = [7, 1] }", b"\x01", True), ("{ any_bits = [7] }", b"\x02", False),
        ("{ pattern = '^ONU \\d+$' }", b"ONU 7", True), ("{ pattern = '^ONU' }", b"OLT", False),
        ("{ present = true }", 1, True),
        ("{ present = true }", None, False), ("{ present = false }", None, True), ("{ in = [1, 2], not = 2 }", 2, False),
        ('{ is = "x" }', b"x", True),
    ],
)  # fmt: skip
def test_conditions(condition: str, value: Any, holds: bool) -> None:
    translator = engine(f"""
[varbinds]
v = "1.1.1"
[[alarms]]
type = "pon.los"
raise = [{{ trap = "{T}", when = {{ v = {condition} }} }}]
""")
    binds = [] if value is None else [("1.1.1.0", value)]
    assert bool(translator.read(trap(*binds)).findings) is holds


@pytest.mark.parametrize(("written", "value"), [('"up"', 1), ("1", 1), ('["down", 1]', 1)])
def test_an_enumeration_is_compared_by_name_or_number(written: str, value: int) -> None:
    body = (
        PLACES
        + f'[[alarms]]\ntype = "pon.los"\nresource = "olt"\nraise = [{{ trap = "{T}", when = {{ state = {written} }} }}]\n'
    )
    assert only(engine(body).read(trap(("1.1.4.0", value)))).kind == "raise"


def test_the_first_rule_that_holds_speaks() -> None:
    translator = engine(f"""
[varbinds]
v = "1.1.1"
[[alarms]]
type = "pon.los"
raise = [{{ trap = "{T}", when = {{ v = 1 }}, severity = "info" }}, "{T}"]
""")
    assert only(translator.read(trap(("1.1.1.0", 1)))).severity == "info"
    assert only(translator.read(trap(("1.1.1.0", 2)))).severity == "critical"


def test_a_profile_of_higher_priority_goes_before() -> None:
    site = f"""
name = "site"
priority = 10
[types."site.los"]
severity = "info"
title = "ours"
[[alarms]]
type = "site.los"
raise = ["{T}"]
"""
    body = f'[[alarms]]\ntype = "pon.los"\nraise = ["{T}"]\n'
    assert only(engine(body).read(trap())).alarm_type == "pon.los"
    assert only(engine(body, site).read(trap())).alarm_type == "site.los"


def test_continue_gives_several_findings() -> None:
    translator = engine(f"""
[varbinds]
word = "1.1.1"
[[alarms]]
type = "pon.los"
continue = true
raise = [{{ trap = "{T}", when = {{ word = {{ bits = [0] }} }} }}]
clear = [{{ trap = "{T}", when = {{ word = {{ no_bits = [0] }} }} }}]
[[alarms]]
type = "ont.los"
raise = [{{ trap = "{T}", when = {{ word = {{ bits = [1] }} }} }}]
""")
    kinds = [(found.kind, found.alarm_type) for found in translator.read(trap(("1.1.1.0", b"\x40"))).findings]
    assert kinds == [("clear", "pon.los"), ("raise", "ont.los")]
    assert [found.kind for found in translator.read(trap(("1.1.1.0", b"\x80"))).findings] == ["raise"]


def test_a_trap_known_by_its_varbinds_alone() -> None:
    translator = engine("""
[varbinds]
alarm = "1.9.1"
[[alarms]]
type = "pon.los"
raise = [{ when = { alarm = { present = true } } }]
""")
    assert only(translator.read(trap(("1.9.1.0", 4), oid="1.2.3.4"))).alarm_type == "pon.los"
    assert not translator.read(trap(oid="1.2.3.4")).findings


FAMILY = f"""
[varbinds]
number = "1.1.1"
status = {{ oid = "1.1.2", values = {{ 1 = "on", 2 = "off" }} }}
level = "1.1.3"
[[families]]
name = "all"
trap = "{T}"
code = "number"
kind = {{ from = "status", map = {{ on = "raise", off = "clear" }} }}
severity = {{ from = "level", map = {{ 1 = "major", 9 = "cleared" }} }}
otherwise = {{ type = "ont.los", kind = "event", qualifier = "{{code}}" }}
[families.codes]
5 = {{ type = "pon.los" }}
6 = {{ type = "ont.dying_gasp", kind = "raise", severity = "info" }}
7 = {{ type = "ont.dying_gasp", kind = "clear", clears = ["ont.los"] }}
"""


@pytest.mark.parametrize(
    ("code", "status", "level", "expected"),
    [
        (5, 1, 1, ("raise", "pon.los", "major", ())),
        (5, 1, 4, ("raise", "pon.los", "critical", ())),
        (5, 2, 1, ("clear", "pon.los", "cleared", ("pon.los",))),
        (5, 1, 9, ("clear", "pon.los", "cleared", ("pon.los",))),
        (6, 2, 1, ("raise", "ont.dying_gasp", "info", ())),
        (7, 1, 1, ("clear", "ont.dying_gasp", "cleared", ("ont.dying_gasp", "ont.los"))),
        (77, 1, 1, ("event", "ont.los", "major", ())),
    ],
)
def test_a_family_of_codes(code: int, status: int, level: int, expected: tuple[str, str, str, tuple[str, ...]]) -> None:
    found = only(engine(FAMILY).read(trap(("1.1.1.0", code), ("1.1.2.0", status), ("1.1.3.0", level))))
    assert (found.kind, found.alarm_type, found.severity, found.clears) == expected
    assert found.qualifier == ("77" if code == 77 else "")


def test_a_family_without_code_or_state() -> None:
    translator = engine(FAMILY)
    assert "no code" in translator.read(trap(("1.1.2.0", 1))).reason
    assert "raises or clears" in translator.read(trap(("1.1.1.0", 5), ("1.1.2.0", 3))).reason


def test_values_from_instance_pattern_and_scale() -> None:
    translator = engine(f"""
[varbinds]
column = "1.1.1"
other = "1.1.9"
text = "1.1.2"
power = {{ oid = "1.1.3", scale = 0.01, unit = "dBm", invalid = [2147483647] }}
[values]
ont = {{ from = ["other", "column"], index = -1 }}
iface = {{ from = "column", index = 0, decode = "huawei_ifindex" }}
place = {{ from = "text", pattern = '(?P<slot>\\d+)/(?P<port>\\d+)' }}
[[alarms]]
type = "pon.los"
title = "{{iface}} {{iface.slot}} {{ont}} {{place.port|?}} {{power|none}} {{{{x}}}}"
raise = ["{T}"]
""")
    column = ("1.1.1.4194313472.17", b"x")
    found = only(translator.read(trap(column, ("1.1.2.0", b"gpon 3/4"), ("1.1.3.0", -2850))))
    assert found.title == "0/1/5 1 17 4 -28.5 dBm {x}"
    found = only(translator.read(trap(column, ("1.1.2.0", b"none"), ("1.1.3.0", 2147483647))))
    assert found.title == "0/1/5 1 17 ? none {x}"


def test_paths_hold_no_white_space_and_are_bounded() -> None:
    translator = engine(f"""
[varbinds]
who = "1.1.1"
[resources.user]
type = "user"
path = "user/{{who}}"
[[alarms]]
type = "pon.los"
resource = "user"
qualifier = "{{who}}"
raise = ["{T}"]
""")
    found = only(translator.read(trap(("1.1.1.0", b" a  b\tc "))))
    assert (found.resource, found.qualifier) == ("user/a_b_c", "a_b_c")
    assert len(only(translator.read(trap(("1.1.1.0", b"x" * 5000)))).resource) == 128


COMMUNITY = """
metadata = ["community.eventId"]
community_fields = ["eventId", "level"]
severity = { from = "community.level", map = { major = "major", warning = "warning" } }
[[device_time]]
from = "community.time"
format = "%Y%m%d%H%M%S"
utc_offset = "+00:30"
"""


@pytest.mark.parametrize(
    ("security", "version", "severity", "event"),
    [
        ("public@eventId=7@level=major@confirm@20260301120000", "2c", "major", "7"),
        ("public@eventId=7@eventLevel=warning", "2c", "warning", "7"),
        ("public@level=notice", "2c", "critical", None),
        ("public", "2c", "critical", None),
        ("user@level=major", "3", "critical", None),
    ],
)
def test_fields_in_the_community(security: str, version: str, severity: str, event: str | None) -> None:
    translator = engine(PLAIN, top=COMMUNITY)
    found = only(translator.read(trap(security=security, version=version)))
    assert (found.severity, found.metadata.get("community.eventId")) == (severity, event)
    assert found.device_time == (datetime(2026, 3, 1, 11, 30, tzinfo=UTC) if "2026" in security else None)


# ---- where a trap came from

PLAIN = f'[[alarms]]\ntype = "pon.los"\nraise = ["{T}"]\n'
RELAYED = VarBind("1.3.6.1.6.3.18.1.3.0", "IpAddress", "10.0.0.9")


@pytest.mark.parametrize(
    ("source", "version", "agent", "relayed", "expected"),
    [
        ("192.0.2.1", "2c", None, False, ("192.0.2.1", "source")),
        ("192.0.2.1", "2c", None, True, ("192.0.2.1", "source")),
        ("192.0.2.200", "2c", None, True, ("10.0.0.9", "snmpTrapAddress")),
        ("192.0.2.1", "1", "10.1.2.3", False, ("10.1.2.3", "agent-addr")),
        ("192.0.2.1", "1", "192.0.2.1", False, ("192.0.2.1", "source")),
        ("192.0.2.1", "1", None, False, ("192.0.2.1", "source")),
        ("192.0.2.1", "1", "0.0.0.0", False, ("192.0.2.1", "source")),
        ("192.0.2.1", "1", "127.0.0.1", False, ("192.0.2.1", "source")),
        ("192.0.2.1", "1", "255.255.255.255", False, ("192.0.2.1", "source")),
        ("192.0.2.200", "1", "10.1.2.3", True, ("10.0.0.9", "snmpTrapAddress")),
    ],
)
def test_the_device_address(source: str, version: str, agent: str | None, relayed: bool, expected: tuple[str, str]) -> None:
    binds = (RELAYED,) if relayed else ()
    one = trap(source=source, version=version, agent_address=agent)
    one = Trap(one.source, one.received, Notification(**_fields(one.notification) | {"varbinds": binds}))
    reading = engine(PLAIN).read(one, relays={"192.0.2.200"})
    assert (reading.device_address, reading.address_from) == expected


@pytest.mark.parametrize("value", ["0.0.0.0", "224.0.0.1", None, b"\n\x00\x00\x09", "x"])
def test_a_relayed_address_that_is_none(value: Any) -> None:
    one = trap(source="192.0.2.200")
    binds = (VarBind(RELAYED.oid, "IpAddress", value),)
    one = Trap(one.source, one.received, Notification(**_fields(one.notification) | {"varbinds": binds}))
    assert engine(PLAIN).read(one, relays={"192.0.2.200"}).address_from == "source"


def _fields(notification: Notification) -> dict[str, Any]:
    return {name: getattr(notification, name) for name in Notification.__struct_fields__}


@pytest.mark.parametrize(
    ("oid", "key"), [("1.2.0.3", "1.2.3"), ("1.2.3", "1.2.3"), ("1.2.0.0.3", "1.2.3"), ("1.2.0", "1.2.0"), ("", ""), ("0", "0")]
)
def test_normalised_oids(oid: str, key: str) -> None:
    assert normalise(oid) == key


def test_trap_oid_with_and_without_the_zero() -> None:
    translator = engine(PLAIN)
    assert only(translator.read(trap(oid="1.3.6.1.4.1.99999.1"))) == only(translator.read(trap(oid=T)))
    assert only(translator.read(trap(oid="1.3.6.1.4.1.99999.0.0.1")))


# ---- sequence numbers

SEQUENCE = f"""
[[sequence]]
from = "gpon"
scope = "g"
[[sequence]]
from = "epon"
scope = "e"
modulus = 100
restarts_at = 1
[varbinds]
gpon = "1.5.1"
epon = "1.5.2"
[[alarms]]
type = "pon.los"
raise = ["{T}"]
"""


def test_sequence_numbers() -> None:
    translator = engine(SEQUENCE)
    assert translator.read(trap(("1.5.1.0", 7))).sequence == SequenceNumber("g", 7)
    assert translator.read(trap(("1.5.2.0", 107))).sequence == SequenceNumber("e", 7, 100, 1)
    assert translator.read(trap()).sequence is None
    assert translator.read(trap(("1.5.1.0", b"x"))).sequence is None


def test_a_trap_that_no_rule_knows_counts_too() -> None:
    """Else every notification without a rule would look like a lost one."""
    reading = engine(SEQUENCE).read(trap(("1.5.1.0", 8), oid="1.2.3"))
    assert not reading.findings
    assert reading.sequence == SequenceNumber("g", 8)


# ---- explain


# ---- traps of the same layout, one after another

NUMBERED = """
[varbinds]
state = "1.1.4"
number = "1.5.1"
when = "1.6.1"
[[sequence]]
from = "number"
scope = "g"
[[alarms]]
type = "pon.los"
title = "%s"
raise = [{ trap = "1.3.6.1.4.1.99999.0.1", when = { state = 2 } }]
"""


def test_a_running_number_is_read_of_every_trap_of_the_same_content() -> None:
    translator = engine(NUMBERED % "{state}")
    for number in (7, 8, 8, 9):
        reading = translator.read(trap(("1.1.4", 2), ("1.5.1", number)))
        assert (only(reading).title, reading.sequence) == ("2", SequenceNumber("g", number))
    assert translator.read(trap(("1.1.4", 1), ("1.5.1", 9))).findings == ()


def test_a_finding_that_shows_the_running_number_shows_each_one() -> None:
    translator = engine(NUMBERED % "number {number}")
    titles = [only(translator.read(trap(("1.1.4", 2), ("1.5.1", number)))).title for number in (7, 8, 9, 9)]
    assert titles == ["number 7", "number 8", "number 9", "number 9"]


def test_a_device_time_is_held_against_each_receipt() -> None:
    told = """
[[device_time]]
from = "when"
decode = "unix_seconds"
max_behind = 60
"""
    translator = engine(NUMBERED.replace("[[alarms]]", told + "[[alarms]]") % "{state}")
    one = trap(("1.1.4", 2), ("1.6.1", int(NOW.timestamp())))
    assert [only(translator.read(one)).device_time for _ in range(3)] == [NOW, NOW, NOW]
    assert only(translator.read(structs.replace(one, received=NOW + timedelta(days=1)))).device_time is None


@pytest.mark.parametrize(
    ("shown", "one", "other"),
    [
        ("{trap.source}", {}, {"source": "192.0.2.2"}),
        ("{trap.oid}", {}, {"oid": "1.3.6.1.4.1.99999.1"}),
        ("{community.level|none}", {}, {"security": "public@level=1"}),
        ("{trap.version}", {}, {"version": "3"}),
        ("{trap.enterprise|none}", {"enterprise": "1.2.3"}, {"enterprise": "1.2.4"}),
        ("{trap.generic|none}", {"generic": 6}, {"generic": 5}),
        ("{trap.specific|none}", {"specific": 1}, {"specific": 2}),
        ("{trap.context|none}", {}, {"context": "b"}),
    ],
)
def test_traps_that_differ_in_one_thing_are_told_apart(shown: str, one: dict[str, Any], other: dict[str, Any]) -> None:
    translator = engine(NUMBERED % shown, top='community_fields = ["level"]')
    first, second = trap(("1.1.4", 2), **one), trap(("1.1.4", 2), **other)
    titles = [only(translator.read(each)).title for _ in range(3) for each in (first, second)]
    assert titles[0] != titles[1]
    assert titles == titles[:2] * 3


def test_a_relay_is_believed_only_while_it_is_listed() -> None:
    translator = engine(NUMBERED % "{state}")
    relayed = trap(("1.1.4", 2))
    address = VarBind("1.3.6.1.6.3.18.1.3.0", "IpAddress", "198.51.100.7")
    said = structs.replace(relayed.notification, varbinds=(*relayed.notification.varbinds, address))
    relayed = structs.replace(relayed, notification=said)
    for _ in range(3):
        assert translator.read(relayed).device_address == "192.0.2.1"
        assert translator.read(relayed, ("192.0.2.1",)).device_address == "198.51.100.7"


def test_the_agent_behind_a_proxy_is_told_apart() -> None:
    translator = engine(NUMBERED % "{state}")
    for _ in range(3):
        for agent in ("198.51.100.7", "198.51.100.8"):
            assert translator.read(trap(("1.1.4", 2), version="1", agent_address=agent)).device_address == agent


values = st.sampled_from([("1.1.4", 1), ("1.1.4", 2), ("1.5.1", 1), ("1.5.1", 2), ("1.5.1.0", 3), ("1.1.4", b"2"), ("9.9", 2)])
contents = st.builds(
    lambda bound, source, security, relayed: (trap(*bound, source=source, security=security), ("192.0.2.9",) * relayed),
    st.lists(values, max_size=3),
    st.sampled_from(["192.0.2.1", "192.0.2.9"]),
    st.sampled_from(["public", "public@level=1"]),
    st.booleans(),
)


@settings(max_examples=60, deadline=None)
@given(
    st.lists(contents, max_size=6).map(lambda few: few * 3),
    st.sampled_from(["{state}", "{state} {number|none} of {trap.source}", "{state} {community.level|none}"]),
)
def test_a_reading_depends_on_its_trap_alone(traps: list[tuple[Trap, tuple[str, ...]]], title: str) -> None:
    fields = 'community_fields = ["level"]'
    experienced = engine(NUMBERED % title, top=fields)
    for one, relays in traps:
        assert experienced.read(one, relays) == engine(NUMBERED % title, top=fields).read(one, relays)


def test_explain_tells_conditions_values_and_refusals() -> None:
    shown = explain_trap(engine(RUN), trap(SLOT, PORT, ONT, ("1.1.4.0", 2)))
    for words in (
        "device 192.0.2.1 (by source)", "rule 'ont.los' of own (alarms[0].raise[0])", "holds: state in down (it is 'down')",
        "resource ont 1/5/17", "slot = 1", "state = 'down' from 2",
    ):  # fmt: skip
        assert words in shown
    assert "  symptom: ont_los\n" in shown
    shown = explain_trap(engine(RUN), trap(SLOT, ("1.1.4.0", 3)))
    assert "fails: state in down (it is 3)" in shown
    assert "no finding:" in shown
    assert "no profile knows 1.2.3" in explain_trap(engine(RUN), trap(oid="1.2.3"))


# ---- anything at all

OIDS = st.sampled_from(
    [T, "1.3.6.1.4.1.99999.1", "", "1.2.3", *(f"1.1.{n}" for n in range(1, 6)), "1.5.1.0", "1.1.1.4194313472.17"]
)
VALUES = st.one_of(st.none(), st.integers(-(2**70), 2**70), st.binary(max_size=300), st.text(max_size=40), st.floats())
TYPES = st.sampled_from(["INTEGER", "OCTET STRING", "NULL", "OBJECT IDENTIFIER", "IpAddress", "Opaque Float", "undecoded"])
TRAPS = st.builds(
    lambda oid, binds, security, version, agent: Trap(
        "192.0.2.200",
        NOW,
        Notification(
            version=version,
            kind="trap",
            security=security,
            trap_oid=oid,
            uptime=None,
            varbinds=tuple(binds),
            agent_address=agent,
        ),
    ),
    st.one_of(OIDS, st.text(max_size=30)),
    st.lists(st.builds(VarBind, st.one_of(OIDS, st.text(max_size=20), st.just(RELAYED.oid)), TYPES, VALUES), max_size=8),
    st.one_of(st.text(max_size=40), st.just("public@level=cleared@eventId=@@=@20260301120000")),
    st.sampled_from(["1", "2c", "3"]),
    st.one_of(st.none(), st.text(max_size=15)),
)
SMALL = [engine(body) for body in (RUN, FAMILY, SEQUENCE)]
SHIPPED = compile(
    load_profiles(
        {path.name: path.read_text() for path in sorted((Path(__file__).parents[4] / "config/profiles").glob("*.toml"))}
    )
)
KNOWN = [oid for oid, _ in SHIPPED.every()]
BOUND = sorted(
    {
        oid
        for _, candidate in SHIPPED.every()
        for reader in candidate.profile.readers.values()
        for oid in getattr(reader, "oids", ())
    }
)


@given(TRAPS)
@settings(max_examples=200)
def test_no_trap_makes_the_engine_raise(one: Trap) -> None:
    for translator in SMALL:
        reading = translator.read(one, relays=("192.0.2.200",))
        assert reading.findings or reading.reason
        assert explain_trap(translator, one)


@given(
    st.sampled_from(KNOWN),
    st.lists(
        st.builds(
            VarBind,
            st.builds("{}{}".format, st.sampled_from(BOUND), st.sampled_from(["", ".0", ".1.2.3", ".268566784.7", ".x"])),
            TYPES,
            VALUES,
        ),
        max_size=12,
    ),
)
@settings(max_examples=300)
def test_no_varbinds_make_the_shipped_profiles_raise(oid: str, binds: list[VarBind]) -> None:
    reading = SHIPPED.read(make_trap(oid, binds, source="192.0.2.1", at=NOW))
    assert reading.findings or reading.reason
    for found in reading.findings:
        assert len(found.resource) <= 128


def test_errors_of_compile_name_the_profile() -> None:
    with pytest.raises(ProfileErrors) as refused:
        engine('[[alarms]]\ntype = "pon.loss"\nraise = ["1.2.3"]\n')
    assert "did you mean 'pon.los'?" in str(refused.value)

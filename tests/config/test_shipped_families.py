"""Datagrams of families of OLTs, from their MIBs: how each is read, and that each clear ends its raise."""
# ruff: noqa: E501

from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from actors.correlator.profiles import Translator, compile, load_profiles
from protocols.event import Trap
from protocols.finding import Finding, Reading
from protocols.profile import Profile
from protocols.snmp.encode import trap_v2c
from protocols.snmp.message import decode
from protocols.snmp.notification import VarBind

ROOT = Path(__file__).parents[2]
E = "1.3.6.1.4.1"
NOW = datetime(2026, 11, 30, 3, tzinfo=UTC)


def profiles(*enabled: str) -> tuple[Profile, ...]:
    """The shipped profiles, with those of these names enabled."""
    texts = {}
    for path in sorted((ROOT / "config" / "profiles").glob("*.toml")):
        text = path.read_text()
        texts[path.name] = text.replace("enabled = false", "enabled = true") if path.stem in enabled else text
    return load_profiles(texts)


SHIPPED = compile(profiles())


def reading(oid: str, *varbinds: tuple[str, Any], translator: Translator = SHIPPED, community: str = "public") -> Reading:
    """The reading of the datagram that an OLT would send."""
    bound = tuple(
        VarBind(
            name, "INTEGER" if isinstance(value, int) else "OCTET STRING", value.encode() if isinstance(value, str) else value
        )
        for name, value in varbinds
    )
    datagram = trap_v2c(community=community, trap_oid=oid, uptime=100, varbinds=bound, request_id=1)
    return translator.read(Trap("192.0.2.1", NOW, decode(datagram)))


def only(*args: Any, **kwargs: Any) -> Finding:
    found = reading(*args, **kwargs)
    assert len(found.findings) == 1, found.reason
    return found.findings[0]


PARKS = f"{E}.6771.10.3"
GCOM = f"{E}.13464.1.14.2.5"
H3C = f"{E}.25506.2.42"
UTS = f"{E}.7064.1800.3.2.0"
DATACOM = f"{E}.3709.3.6.3"
IF_INDEX, IF_DESCR = "1.3.6.1.2.1.2.2.1.1", "1.3.6.1.2.1.2.2.1.2"

Bound = tuple[tuple[str, Any], ...]


def parks(state: int, *more: tuple[str, Any]) -> Bound:
    return ((f"{PARKS}.1.1.0", 7), (f"{PARKS}.1.3.0", 5), (f"{PARKS}.1.4.0", state), *more)


def at(base: str, *numbers: tuple[int, Any]) -> Bound:
    return tuple((f"{base}.{number}.0", value) for number, value in numbers)


def interface(index: int, name: str) -> Bound:
    return ((f"{IF_INDEX}.{index}", index), (f"{IF_DESCR}.{index}", name))


def uts(module: int, port: int, onu: int) -> Bound:
    """Seven common varbinds, then the place in varbinds whose OIDs no public MIB tells."""
    common = tuple((f"{E}.1949.2.3.2.2.2.1.{n}.0", n) for n in range(1, 8))
    return (*common, (f"{E}.7064.9.9.1.0", module), (f"{E}.7064.9.9.2.0", port), (f"{E}.7064.9.9.3.0", onu))


PARKS_ONU = at(f"{PARKS}.1", (5, 2), (6, 3), (7, 17))
GCOM_ONU = at(f"{GCOM}.6", (1, 1), (2, 4), (3, 9))
PAIRS: list[tuple[str, str, Bound, str, Bound, str, str, str]] = [
    # name, raise, its varbinds, clear, its varbinds, alarm type, resource, qualifier
    ("parks PON LOS", f"{PARKS}.3.1.1", parks(1, *PARKS_ONU[:2]), f"{PARKS}.3.1.1", parks(0, *PARKS_ONU[:2]), "pon.los", "2/3", ""),
    ("parks ONU LOS", f"{PARKS}.4.1.1", parks(1, *PARKS_ONU), f"{PARKS}.4.1.1", parks(0, *PARKS_ONU), "ont.los", "2/3/17", ""),
    ("parks gasp, PLOAM", f"{PARKS}.4.1.9", parks(1, *PARKS_ONU), f"{PARKS}.4.1.9", parks(0, *PARKS_ONU), "ont.dying_gasp", "2/3/17", "PLOAM"),
    ("parks gasp, OMCI", f"{PARKS}.4.1.21", parks(1, *PARKS_ONU), f"{PARKS}.4.1.21", parks(0, *PARKS_ONU), "ont.dying_gasp", "2/3/17", "OMCI"),
    ("parks ONU down", f"{PARKS}.4.1.13", parks(2, *PARKS_ONU), f"{PARKS}.4.1.13", parks(0, *PARKS_ONU), "ont.state", "2/3/17", ""),
    ("gcom ONT offline", f"{GCOM}.4.1", (*GCOM_ONU, *at(f"{GCOM}.6", (6, 1), (8, "GNXS12345678"))), f"{GCOM}.4.1", (*GCOM_ONU, *at(f"{GCOM}.6", (6, 0))), "ont.state", "1/4/9", ""),
    ("gcom LOSi, ended by online", f"{GCOM}.4.2", (*GCOM_ONU, *at(f"{GCOM}.6", (7, 1))), f"{GCOM}.4.1", (*GCOM_ONU, *at(f"{GCOM}.6", (6, 0))), "ont.los", "1/4/9", ""),
    ("gcom DGi, ended by online", f"{GCOM}.4.2", (*GCOM_ONU, *at(f"{GCOM}.6", (7, 13))), f"{GCOM}.4.1", (*GCOM_ONU, *at(f"{GCOM}.6", (6, 0))), "ont.dying_gasp", "1/4/9", ""),
    ("gcom PON LOS", f"{GCOM}.3.3", at(f"{GCOM}.6", (1, 1), (2, 4), (6, 1)), f"{GCOM}.3.3", at(f"{GCOM}.6", (1, 1), (2, 4), (6, 0)), "pon.los", "1/4", ""),
    ("gcom light of one ONT", f"{GCOM}.3.4", (*GCOM_ONU, *at(f"{GCOM}.6", (6, 1), (7, 2))), f"{GCOM}.3.4", (*GCOM_ONU, *at(f"{GCOM}.6", (6, 0), (7, 2))), "pon.optics", "1/4", "rx_low_9"),
    ("gcom fan", f"{GCOM}.1.2", at(f"{GCOM}.6", (1, 1), (7, 1)), f"{GCOM}.1.2", at(f"{GCOM}.6", (1, 1), (7, 2)), "fan.fault", "1/fan", ""),
    ("gcom power, without varbinds", f"{E}.13464.1.2.1.3.3.1", (), f"{E}.13464.1.2.1.3.3.2", (), "power.off", "", ""),
    ("h3c LOS", f"{H3C}.1.8.0.45", interface(7, "Olt3/0/1"), f"{H3C}.1.8.0.46", interface(7, "Olt3/0/1"), "pon.los", "3/0/1", ""),
    ("h3c gasp", f"{H3C}.1.8.0.27", interface(70, "Onu3/0/1:2"), f"{H3C}.1.8.0.44", interface(70, "Onu3/0/1:2"), "ont.dying_gasp", "3/0/1/2", ""),
    ("h3c under Huawei's PEN", f"{E}.2011.10.2.42.1.8.0.6", interface(70, "?"), f"{E}.2011.10.2.42.1.8.0.17", interface(70, "?"), "ont.omci.loss", "if/70", ""),
    ("3Com", f"{E}.43.45.1.10.2.42.1.8.0.29", interface(7, "Olt3/0/1"), f"{E}.43.45.1.10.2.42.1.8.0.30", interface(7, "Olt3/0/1"), "olt.fault", "3/0/1", ""),
    ("HP", f"{E}.11.2.14.11.15.2.42.1.8.0.5", (*interface(7, "Olt3/0/1"), (f"{E}.11.2.14.11.15.2.42.1.7.3.0", b"\0\x11\x22\xaa\xbb\xcc")), f"{E}.11.2.14.11.15.2.42.1.8.0.16", (*interface(7, "Olt3/0/1"), (f"{E}.11.2.14.11.15.2.42.1.7.3.0", b"\0\x11\x22\xaa\xbb\xcc")), "ont.register.invalid", "3/0/1", "00:11:22:aa:bb:cc"),
    ("h3c bit errors upstream", f"{H3C}.1.8.0.1", (*interface(7, "Olt3/0/1"), (f"{H3C}.1.3.4.1.2.7", 1)), f"{H3C}.1.8.0.12", (*interface(7, "Olt3/0/1"), (f"{H3C}.1.3.4.1.2.7", 1)), "pon.ber", "3/0/1", "bits_up"),
    ("h3c laser", f"{H3C}.1.8.0.36", (*interface(70, "Onu3/0/1:2"), (f"{H3C}.1.7.13.0", 3)), f"{H3C}.1.8.0.36", (*interface(70, "Onu3/0/1:2"), (f"{H3C}.1.7.13.0", 1)), "ont.tx.fault", "3/0/1/2", ""),
    ("h3c rogue", f"{H3C}.1.8.0.36", (*interface(70, "Onu3/0/1:2"), (f"{H3C}.1.7.13.0", 2)), f"{H3C}.1.8.0.36", (*interface(70, "Onu3/0/1:2"), (f"{H3C}.1.7.13.0", 1)), "ont.rogue", "3/0/1/2", ""),
    ("h3c CTC battery", f"{H3C}.5.2.0.5", (*interface(70, "Onu3/0/1:2"), (f"{H3C}.5.1.17.1.1.0", 4)), f"{H3C}.5.2.0.6", (*interface(70, "Onu3/0/1:2"), (f"{H3C}.5.1.17.1.1.0", 4)), "ont.alarm", "3/0/1/2", "CTC_4"),
    ("utstarcom gasp: the clear has the lower number", f"{UTS}.1226", uts(2, 3, 17), f"{UTS}.1224", uts(2, 3, 17), "ont.dying_gasp", "2/3/17", ""),
    ("utstarcom PON", f"{UTS}.202", uts(2, 3, 0), f"{UTS}.201", uts(2, 3, 0), "pon.down", "2/3", ""),
    ("utstarcom temperature", f"{UTS}.5", uts(2, 0, 0), f"{UTS}.3", uts(2, 0, 0), "olt.temperature", "2", ""),
    ("datacom fan", f"{DATACOM}.3.2.5", at(f"{DATACOM}.1", (4, "fan-1/1/2"), (5, "MAJOR"), (7, 2)), f"{DATACOM}.3.2.5", at(f"{DATACOM}.1", (4, "fan-1/1/2"), (7, 1)), "fan.fault", "fan-1/1/2", "fail"),
    ("datacom card", f"{DATACOM}.3.3.4", at(f"{DATACOM}.1", (4, "1/2"), (7, 2)), f"{DATACOM}.3.3.4", at(f"{DATACOM}.1", (4, "1/2"), (7, 1)), "card.offline", "1/2", "removed"),
]  # fmt: skip


@pytest.mark.parametrize(
    ("up", "bound", "down", "unbound", "kind", "resource", "qualifier"), [p[1:] for p in PAIRS], ids=[p[0] for p in PAIRS]
)
def test_a_clear_ends_its_raise(
    up: str, bound: Bound, down: str, unbound: Bound, kind: str, resource: str, qualifier: str
) -> None:
    raised, cleared = only(up, *bound), only(down, *unbound)
    assert (raised.kind, raised.alarm_type, raised.resource, raised.qualifier) == ("raise", kind, resource, qualifier)
    assert (cleared.kind, cleared.resource) == ("clear", resource)
    assert kind in cleared.clears
    assert cleared.qualifier in (qualifier, "*")


EVENTS: list[tuple[str, str, Bound, str, str, str]] = [
    ("parks LOF", f"{PARKS}.4.2.1", parks(1, *at(f"{PARKS}.1", (11, 2), (12, 3), (13, 4))), "event", "ont.lof", "2/3/4"),
    ("parks LAN", f"{PARKS}.4.1.23", parks(1, *PARKS_ONU), "drop", "ont.uni.los", "2/3/17"),
    (
        "gcom authentication",
        f"{GCOM}.4.4",
        at(f"{GCOM}.6", (1, 1), (2, 4), (8, "GNXS12345678")),
        "event",
        "ont.auth.failed",
        "1/4",
    ),
    ("gcom LAN", f"{GCOM}.5.1", (*GCOM_ONU, *at(f"{GCOM}.6", (4, 1), (6, 1))), "drop", "ont.uni.state", "1/4/9/1"),
    ("gcom board", f"{GCOM}.2.1", at(f"{GCOM}.6", (1, 1), (7, 3)), "event", "vendor.event", "1"),
    ("h3c switchover", f"{H3C}.1.8.0.28", interface(7, "Olt3/0/1"), "event", "olt.switchover", "3/0/1"),
    ("h3c LAN", f"{H3C}.5.2.0.2", interface(70, "Onu3/0/1:2"), "drop", "ont.uni.state", "3/0/1/2"),
    ("utstarcom registered", f"{UTS}.1041", uts(2, 3, 17), "event", "ont.activated", "2/3/17"),
    ("datacom card inserted", f"{DATACOM}.3.3.6", at(f"{DATACOM}.1", (4, "1/2")), "event", "card.state", "1/2"),
]


@pytest.mark.parametrize(
    ("oid", "bound", "kind", "alarm_type", "resource"), [e[1:] for e in EVENTS], ids=[e[0] for e in EVENTS]
)
def test_an_event_has_no_state(oid: str, bound: Bound, kind: str, alarm_type: str, resource: str) -> None:
    found = only(oid, *bound)
    assert (found.kind, found.alarm_type) == (kind, alarm_type)
    assert kind == "drop" or found.resource == resource


def test_a_trap_that_does_not_say_of_which_onu_ends_no_alarm() -> None:
    found = reading(f"{UTS}.1224", *uts(2, 3, 17)[:7])
    assert not found.findings
    assert "module" in found.reason


def test_two_lts_of_an_isam_do_not_collide() -> None:
    nokia = compile(profiles("nokia"))
    paths = set()
    for slot in (1, 2):
        index = (slot + 1) << 25 | 14 << 21
        found = only(
            f"{E}.637.61.1.99",
            *at(f"{E}.637.61.1.3.77", (1, 65536 + 3), (2, 1), (3, 5), (4, index), (5, 0), (7, "LOS")),
            translator=nokia,
        )
        paths.add((found.resource_type, found.resource))
    assert paths == {("ont", "1/1/1"), ("ont", "2/1/1")}


def test_fiberhome_by_number_and_repeats_merged() -> None:
    fiberhome = compile(profiles("fiberhome_olt"))
    index = 1 << 25 | 2 << 19 | 3 << 8 | 1
    for state, kind in ((1, "raise"), (0, "clear")):
        bound = ((f"{E}.5875.88.4.13.0", 512), (f"{E}.5875.88.4.6.0", state), (f"{IF_INDEX}.{index}", index))
        found = only(f"{E}.5875.88.5.888", *bound, translator=fiberhome)
        assert (found.kind, found.resource_type, found.resource, found.qualifier) == (kind, "ont", "1/2/3", "512")
        assert found.repeats_by_design
    assert not reading(f"{E}.5875.88.5.888", (f"{E}.5875.88.4.13.0", 512)).findings, "off as shipped"


@pytest.mark.parametrize("number", [9, 10, 15, 16])
def test_zte_c320_takes_the_direction_from_the_level(number: int) -> None:
    zte = compile(profiles("zte"))
    oid = f"{E}.3902.1082.500.10.3.1.{number}"
    onu = (f"{E}.3902.1082.500.10.2.3.3.1.18.285278465.7", "1,ZTEGC1234567")
    kinds = {}
    for level in ("critical", "cleared", "notification"):
        found = only(oid, onu, translator=zte, community=f"public@eventId=1@level={level}")
        assert (found.alarm_type, found.resource, found.serial) == ("ont.state", "1/1/1/7", "ZTEGC1234567")
        kinds[level] = found.kind
    assert kinds == {"critical": "raise", "cleared": "clear", "notification": "event"}
    assert not reading(oid, onu).findings, "off as shipped"


def test_ubiquoss_is_off_and_has_no_direction() -> None:
    oid = f"{E}.7800.2.400.2.0.14"
    assert not reading(oid).findings
    bound = tuple((f"{E}.7800.9.{n}.0", f"v{n}") for n in range(1, 11))
    found = only(oid, *bound, translator=compile(profiles("ubiquoss")))
    assert (found.kind, found.alarm_type, found.resource) == ("event", "ont.dying_gasp", "v6")


def test_datacom_gpon_is_off_and_known_by_name() -> None:
    bound = at(f"{DATACOM}.1", (2, "GPON_DGi"), (4, "gpon-1/1/3/17"), (7, 2))
    assert not reading(f"{DATACOM}.3.9.9", *bound).findings
    found = only(f"{DATACOM}.3.9.9", *bound, translator=compile(profiles("datacom")))
    assert (found.kind, found.alarm_type, found.resource) == ("raise", "ont.dying_gasp", "1/1/3/17")


def test_vsol_repeats_a_gasp_by_design() -> None:
    base = f"{E}.37950.1.1.5.10.13"
    bound = (
        VarBind(f"{base}.2.2.0", "OCTET STRING", b"PON3"),
        VarBind(f"{base}.2.3.0", "OCTET STRING", b"5"),
        VarBind(f"{base}.2.5.0", "OBJECT IDENTIFIER", f"{base}.5.30"),
        VarBind(f"{base}.2.6.0", "INTEGER", 2),
    )
    datagram = trap_v2c(community="public", trap_oid=f"{base}.6.1", uptime=1, varbinds=bound)
    (found,) = SHIPPED.read(Trap("192.0.2.1", NOW, decode(datagram))).findings
    assert (found.alarm_type, found.repeats_by_design) == ("ont.dying_gasp", True)


@pytest.mark.parametrize(
    "invented",
    ["637.61.1.36.2.1.1", "637.61.1.3.1.1.1", "6527.3.1", "5875.5765.1", "5765.1", "2011.6.128.1.1.2.0.1", "2011.2.248.12.1",
     "41112.1.5.1.1.0", "3902.1082.500.20.3.1.1"],
)  # fmt: skip
def test_oids_that_hobby_code_invented_are_not_known(invented: str) -> None:
    assert not reading(f"{E}.{invented}").findings
    assert not reading(
        f"{E}.{invented}", translator=compile(profiles("nokia", "fiberhome_olt", "ubiquoss", "datacom", "zte"))
    ).findings

"""Is my OLT known? By sysObjectID and by trap."""

from pathlib import Path

import pytest

from actors.correlator.profiles import load_profiles
from faultd.profiles_known import lines_about, read_oid

PROFILES = load_profiles(
    {path.name: path.read_text() for path in sorted((Path(__file__).parents[2] / "config" / "profiles").glob("*.toml"))}
)
E = "1.3.6.1.4.1"


@pytest.mark.parametrize(
    ("oid", "known", "said"),
    [
        (f"{E}.2011.2.248", True, "huawei: Huawei"),
        (f"{E}.5504.1.6.1", True, "Intelbras 8820G"),
        (f"{E}.3902.1015.1", True, "zte: polled by the plan zte/c6xx: states of ont, card, interface, optical power of ONTs"),
        (f"{E}.35265.1.22.1", True, "LTP-8X"),
        (f"{E}.35265.1.209", False, "its traps are not public"),
        (f"{E}.637.61.1", False, "nokia: ISAM 73xx"),
        (f"{E}.11863.6.100.1", False, "TP-Link"),
        (f"{E}.25506.2.42.1.8.0.45", True, "h3c_epon: notification hh3cEponOpticalSignalLosTrap: pon.los"),
        (f"{E}.25506.2.42.1.8.45", True, "pon.los"),
        (f"{E}.37950.1.1.5.10.13.6.1", True, "vsol: notification dataAlarmTrap: alarms by a code, event"),
        (f"{E}.3902.1082.500.10.3.1.9", False, "ont.state (from the field), OFF"),
        ("1.3.6.1.6.3.1.1.5.1", True, "standard: notification coldStart"),
        (f"{E}.99999.1", False, "no profile knows"),
        (f"{E}.11408.7.7", False, "profiles with traps of the same enterprise (11408): fiberhome"),
    ],
)
def test_an_olt_or_a_trap_is_known_or_not(oid: str, known: bool, said: str) -> None:
    lines, is_known = lines_about(oid, PROFILES)
    assert is_known is known
    assert said in "\n".join(lines)


@pytest.mark.parametrize(
    ("text", "oid"),
    [
        (".1.3.6.1.4.1.2011", f"{E}.2011"),
        ("iso.3.6.1.4.1.2011", f"{E}.2011"),
        ("SNMPv2-SMI::enterprises.2011.2", f"{E}.2011.2"),
        ("hwXponTrap", None),
        ("1.3.06.1", None),
        ("", None),
        ("1.3.6.1.", None),
    ],
)
def test_oids_are_read_as_net_snmp_writes_them(text: str, oid: str | None) -> None:
    assert read_oid(text) == oid

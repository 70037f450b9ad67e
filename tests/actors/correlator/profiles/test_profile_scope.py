"""A trap as a profile sees it: its varbinds as two columns."""

from typing import Any, get_args

import pytest
from vocabulary.traps import make_trap

from actors.correlator.profiles.scope import columns_of
from protocols.event import Trap
from protocols.snmp.notification import ValueType, VarBind

VALUES: dict[str, tuple[Any, Any]] = {
    "INTEGER": (5, 5),
    "OCTET STRING": (b"olt", b"olt"),
    "NULL": (None, None),
    "OBJECT IDENTIFIER": ("1.3.6", "1.3.6"),
    "IpAddress": ("10.0.0.1", "10.0.0.1"),
    "Counter32": (6, 6),
    "Gauge32": (7, 7),
    "TimeTicks": (8, 8),
    "Opaque": (b"\x9f", b"\x9f"),
    "Opaque Float": (-27.5, -27.5),
    "Opaque Double": (0.25, 0.25),
    "NsapAddress": (b"\x49", b"\x49"),
    "Counter64": (2**64 - 1, 2**64 - 1),
    "UInteger32": (9, 9),
    "noSuchObject": (None, None),
    "noSuchInstance": (None, None),
    "endOfMibView": (None, None),
    "undecoded": (b"\x02\x00", None),
}
"""What a varbind of each type carries, and what a profile is given of it."""


def trap(*varbinds: VarBind) -> Trap:
    return make_trap("1.3.6.1", varbinds, uptime=None)


def test_every_type_is_known_here() -> None:
    assert VALUES.keys() == set(get_args(ValueType))


@pytest.mark.parametrize("kind", get_args(ValueType))
def test_what_has_no_value_is_none_and_the_rest_is_as_it_was_sent(kind: ValueType) -> None:
    sent, given = VALUES[kind]
    assert columns_of(trap(VarBind("1.3.6.1.9.1", kind, sent), VarBind("1.3.6.1.9.2", "INTEGER", 3))) == (
        ("1.3.6.1.9.1", "1.3.6.1.9.2"),
        [given, 3],
    )


def test_a_trap_without_varbinds_has_empty_columns() -> None:
    assert columns_of(trap()) == ((), [])

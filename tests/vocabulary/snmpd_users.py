"""Users of net-snmp's snmpd: one for each pair of algorithms that it has."""

import itertools
from typing import Any, get_args

from protocols.snmp.usm.digests import AuthProtocol
from protocols.snmp.usm.user import UsmUser

AUTH_PHRASE, PRIV_PHRASE = "authpass12345", "privpass67890"
AUTHS = [each for each in get_args(AuthProtocol) if each]
NET_SNMP_PRIV = {
    ("", "blumenthal"): "",
    ("DES", "blumenthal"): "DES",
    ("AES", "blumenthal"): "AES",
    ("AES-192", "blumenthal"): "AES-192",
    ("AES-256", "blumenthal"): "AES-256",
    ("AES-192", "reeder"): "AES-192-C",
    ("AES-256", "reeder"): "AES-256-C",
}
"""net-snmp's names of the privacy protocols; -C is Cisco's, which extends keys as Reeder's draft does."""
PAIRS = [("", "", "blumenthal"), *((auth, *priv) for auth, priv in itertools.product(AUTHS, NET_SNMP_PRIV))]


def name_of(auth: str, priv: str, extension: str) -> str:
    return f"u{auth}{priv}{extension}"


def user_lines() -> list[str]:
    """Lines of snmpd.conf that make the users."""
    lines = []
    for auth, priv, extension in PAIRS:
        name = name_of(auth, priv, extension)
        net_snmp_priv = NET_SNMP_PRIV[priv, extension]
        secrets = f" {auth} {AUTH_PHRASE}" if auth else ""
        secrets += f" {net_snmp_priv} {PRIV_PHRASE}" if priv else ""
        lines.append(f"createUser {name}{secrets}")
        lines.append(f"rwuser {name} {'priv' if priv else 'auth' if auth else 'noauth'}")
    return lines


def user_of(auth: Any, priv: Any = "", extension: Any = "blumenthal", **given: str) -> UsmUser:
    name = given.get("name", name_of(auth, priv, extension))
    auth_phrase, priv_phrase = given.get("auth_phrase", AUTH_PHRASE), given.get("priv_phrase", PRIV_PHRASE)
    return UsmUser(name, auth, auth_phrase, priv, priv_phrase, extension)

"""The ``[traps]`` table, and what can be wrong with it beyond its types."""

import ipaddress
from collections.abc import Sequence
from typing import Literal

from actors.secret_settings import Problem, SecretSettings, key_problems
from protocols.snmp.usm.ciphers import PrivProtocol
from protocols.snmp.usm.digests import AuthProtocol
from protocols.snmp.usm.keys import KeyExtension

ANY_ENGINE = "*"
"""As an ``engine_id``: the user's traps are accepted from every engine that proves to hold the user's keys."""


class User(SecretSettings, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One SNMPv3 user (RFC 3414). Its messages must come at exactly the security level that is configured here."""

    name: str
    """The user name in the messages (msgUserName), 1 to 32 octets."""
    auth: AuthProtocol = ""
    """Authentication protocol: MD5, SHA, SHA-224, SHA-256, SHA-384 or SHA-512. Empty: noAuthNoPriv."""
    auth_key: str = ""
    """Authentication pass phrase, at least 8 characters."""
    auth_key_file: str = ""
    """File that holds the authentication pass phrase (systemd's LoadCredential), instead of ``auth_key``."""
    priv: PrivProtocol = ""
    """Privacy protocol: DES, AES, AES-192 or AES-256. Empty: authNoPriv."""
    priv_key: str = ""
    """Privacy pass phrase, at least 8 characters."""
    priv_key_file: str = ""
    """File that holds the privacy pass phrase, instead of ``priv_key``."""
    engine_id: str = ""
    """The sender's engine id in hexadecimal, for its traps; ``*`` takes those of any engine, and is tried after the users that
    list the engine. Empty: INFORMs only, which go by faultd's own engine id."""
    time_window: Literal["lenient", "strict"] = "lenient"
    """How traps outside of RFC 3414's time window of 150 s are judged. ``strict``: refused. ``lenient``: accepted once each
    from a device that restarts without raising its snmpEngineBoots, or whose snmpEngineTime stands still; counted as
    irregular. The risk: somebody who recorded such a trap that faultd did not receive, or that is 256 traps old, can replay
    it."""
    key_extension: KeyExtension = "blumenthal"
    """How AES-192 and AES-256 keys are made longer than the digest: ``blumenthal`` (net-snmp) or ``reeder`` (Cisco)."""


class TrapSettings(SecretSettings, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The addresses that traps are received on, and the senders that are accepted."""

    listen: tuple[str, ...] = ("0.0.0.0:162", "[::]:162")
    """UDP addresses: ``host:port`` or ``[ipv6]:port``. Not used when systemd hands over datagram sockets."""
    communities: tuple[str, ...] = ("public",)
    """v1 and v2c communities that are accepted. Fields that equipment writes behind its community are not compared, if a
    profile names them (``community_fields``: ZTE)."""
    allow: tuple[str, ...] = ("0.0.0.0/0", "::/0")
    """Source networks; datagrams from elsewhere are dropped before they are decoded."""
    users: tuple[User, ...] = ()
    """SNMPv3 users."""
    receive_buffer: int = 32 * 1024 * 1024
    """Receive buffer asked of the kernel for each socket, in bytes. One trap occupies about 1,280 of them."""
    source_rate: float = 0.0
    """Datagrams a second that are accepted from one source address; more are dropped and counted as
    ``source_rate``, an INFORM among it is not answered. Addresses can be forged: whoever sends in a device's name uses up
    its limit. 0: no limit."""
    source_burst: int = 5_000
    """Datagrams that a source may send at once before ``source_rate`` holds it: a cut feeder is a burst, not a storm."""
    report_rate: float = 10.0
    """SNMPv3 Reports a second that are sent to one address of ``allow``: they answer senders that have proved nothing and whose
    address can be forged. A discovery beyond it is dropped and counted as ``report_rate``."""
    report_burst: int = 50
    """Reports sent to an address at once before ``report_rate`` holds: devices behind one address may start together."""
    refusal_alarm_rate: int = 100
    """Refused datagrams a minute, of one reason, from which on an alarm is raised. 0: never."""
    refusal_log_rate: float = 1.0
    """Refused datagrams logged a second, with their source, size and reason, and never with a community; the others are only
    counted."""


def problems(settings: TrapSettings) -> list[Problem]:
    """Everything wrong with the values: pairs of the key below ``traps`` (``users[0].auth_key``) and a sentence."""
    found: list[Problem] = []
    for number, address in enumerate(settings.listen):
        try:
            parse_address(address)
        except ValueError as error:
            found.append((f"listen[{number}]", str(error)))
    for number, network in enumerate(settings.allow):
        try:
            ipaddress.ip_network(network)
        except ValueError as error:
            found.append((f"allow[{number}]", f"not a network: {error}"))
    for number, community in enumerate(settings.communities):
        if not community or not community.isascii():
            found.append((f"communities[{number}]", "not a community: it must be ASCII and not empty"))
    found.extend(_user_problems(settings.users))
    for key, value, least in (
        ("receive_buffer", settings.receive_buffer, 4096),
        ("source_rate", settings.source_rate, 0),
        ("source_burst", settings.source_burst, 1),
        ("report_rate", settings.report_rate, 0.001),
        ("report_burst", settings.report_burst, 1),
        ("refusal_alarm_rate", settings.refusal_alarm_rate, 0),
        ("refusal_log_rate", settings.refusal_log_rate, 0),
    ):
        if value < least:
            found.append((key, f"{value} is less than {least}"))
    if settings.receive_buffer > 2**30:
        found.append(("receive_buffer", f"{settings.receive_buffer} is more than the kernel can grant (1 GiB)"))
    return found


def _user_problems(users: Sequence[User]) -> list[Problem]:
    found: list[Problem] = []
    seen: set[tuple[str, str]] = set()
    for number, user in enumerate(users):
        at = f"users[{number}]"
        if not 1 <= len(user.name.encode()) <= 32:
            found.append((f"{at}.name", f"{user.name!r} must have 1 to 32 octets"))
        if user.priv and not user.auth:
            found.append((f"{at}.priv", f"privacy ({user.priv}) needs authentication: set auth too"))
        found.extend(key_problems(f"{at}.auth_key", user.auth, user.auth_key, user.auth_key_file))
        found.extend(key_problems(f"{at}.priv_key", user.priv, user.priv_key, user.priv_key_file))
        if user.engine_id not in ("", ANY_ENGINE):
            try:
                octets = bytes.fromhex(user.engine_id.removeprefix("0x"))
            except ValueError:
                found.append((f"{at}.engine_id", f"{user.engine_id!r} is not hexadecimal"))
            else:
                if not 5 <= len(octets) <= 32:
                    found.append((f"{at}.engine_id", f"{user.engine_id!r} has {len(octets)} octets, not 5 to 32"))
        key = (user.name, user.engine_id.lower().removeprefix("0x"))
        if key in seen:
            found.append((at, f"user {user.name!r} with engine id {user.engine_id!r} is listed twice"))
        seen.add(key)
    return found


def parse_address(text: str) -> tuple[str, int]:
    """``host:port`` or ``[ipv6]:port`` as an IP address and a port (0: the kernel chooses). Raises ValueError."""
    host, colon, port = text.rpartition(":")
    bracketed = host.startswith("[") and host.endswith("]")
    host = host[1:-1] if bracketed else host
    if not colon or not port.isascii() or not port.isdigit() or int(port) > 65535:
        raise ValueError(f"{text!r} is not an address: expected host:port or [ipv6]:port")
    try:
        address = ipaddress.ip_address(host)
    except ValueError:
        raise ValueError(f"{text!r} is not an address: {host!r} is no IP address") from None
    if (address.version == 6) != bracketed:
        raise ValueError(f"{text!r} is not an address: an IPv6 address, and only that, stands in brackets")
    return host, int(port)

"""The ``[poller]`` table, and mistakes in it beyond its types."""

from typing import Annotated, Literal

from msgspec import Meta, Struct

from actors.secret_settings import Problem, SecretSettings, key_problems
from protocols.snmp.usm.ciphers import PrivProtocol
from protocols.snmp.usm.digests import AuthProtocol
from protocols.snmp.usm.keys import KeyExtension
from protocols.topology import LONGEST_POLL_INTERVAL, SHORTEST_POLL_INTERVAL

SnmpVersion = Literal["1", "2c", "3"]


class PollerCredentials(SecretSettings, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Credentials by which SNMP agents are asked: a community, or an SNMPv3 user. A node of the topology names them."""

    name: str
    """The name that a node has in its column `credentials`, 1 to 64 characters."""
    version: SnmpVersion = "2c"
    """SNMP version: `1`, `2c` or `3`."""
    community: str = ""
    """Community of v1 and v2c."""
    community_file: str = ""
    """File that holds the community (systemd's LoadCredential), instead of ``community``."""
    user: str = ""
    """SNMPv3 user name, 1 to 32 octets."""
    auth: AuthProtocol = ""
    """Authentication protocol: MD5, SHA, SHA-224, SHA-256, SHA-384 or SHA-512. Empty: noAuthNoPriv."""
    auth_key: str = ""
    """Authentication pass phrase, at least 8 characters."""
    auth_key_file: str = ""
    """File that holds the authentication pass phrase, instead of ``auth_key``."""
    priv: PrivProtocol = ""
    """Privacy protocol: DES, AES, AES-192 or AES-256. Empty: authNoPriv."""
    priv_key: str = ""
    """Privacy pass phrase, at least 8 characters."""
    priv_key_file: str = ""
    """File that holds the privacy pass phrase, instead of ``priv_key``."""
    key_extension: KeyExtension = "blumenthal"
    """How AES-192 and AES-256 keys are made longer than the digest: ``blumenthal`` (net-snmp) or ``reeder`` (Cisco)."""
    context: str = ""
    """SNMPv3 context name. Empty: the default context."""
    tenants: tuple[str, ...] = ()
    """Tenants whose tokens may name these credentials for a device of theirs. faultd sends a community to the address that a
    device has, in clear. Empty: only tokens without a tenant may, and the topology file."""


class PollerSettings(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Which devices are polled is in the topology: nodes with an address and the name of credentials."""

    enabled: bool = True
    """Poll the devices of the topology. Without it no poller runs, and silence is noticed by no one."""
    interval_seconds: Annotated[float, Meta(ge=SHORTEST_POLL_INTERVAL, le=LONGEST_POLL_INTERVAL)] = 60.0
    """Seconds from one poll of a device to the next, for nodes without a `poll_interval`."""
    misses: Annotated[int, Meta(ge=1, le=100)] = 3
    """Polls in a row that a device must miss, retries included, before it counts as down."""
    timeout_seconds: Annotated[float, Meta(gt=0, le=60)] = 2.0
    """Seconds to wait for the answer to a request. Each retry waits longer. A poll without any answer ends within its interval,
    whatever its time-outs are."""
    retries: Annotated[int, Meta(ge=0, le=10)] = 2
    """Times that a request is sent again before the poll counts as missed."""
    port: Annotated[int, Meta(ge=1, le=65_535)] = 161
    """UDP port of the agents."""
    icmp: bool = False
    """Confirm the silence of an agent by ICMP echo. Needs CAP_NET_RAW, or the group in net.ipv4.ping_group_range."""
    receive_buffer: Annotated[int, Meta(ge=65_536, le=2**30)] = 8 * 1024 * 1024
    """Receive buffer asked of the kernel for each socket of the pollers, in bytes. Answers under way never exceed it."""
    start_seconds: Annotated[float, Meta(ge=0, le=3_600)] = 60.0
    """The first polls after a start are spread over so many seconds."""
    optics_seconds: Annotated[float, Meta(ge=60, le=604_800)] = 3_600.0
    """Seconds between two reads of the ONTs' optical power, which the OLT fetches from each ONT: some line cards crash when it
    is read often."""
    identity_seconds: Annotated[float, Meta(ge=60, le=604_800)] = 86_400.0
    """Seconds between two reads of what seldom changes: serials of ONTs, names of interfaces."""
    varbinds_per_second: Annotated[float, Meta(ge=1, le=100_000)] = 500.0
    """Variable bindings a second that a device is asked for at most, on average."""
    card_varbinds_per_second: Annotated[float, Meta(gt=0, le=100_000)] = 50.0
    """Variable bindings a second about the ONTs of one line card, on average."""
    credentials: tuple[PollerCredentials, ...] = ()
    """Credentials by name."""


def problems(settings: PollerSettings) -> list[Problem]:
    """Every mistake in the values beyond their types, by its key below ``poller`` (``credentials[0].auth_key``). No text
    repeats a secret."""
    found: list[Problem] = []
    names: set[str] = set()
    for number, credentials in enumerate(settings.credentials):
        at = f"credentials[{number}]"
        name = credentials.name
        if not 1 <= len(name) <= 64 or name != name.strip() or not name.isprintable():
            found.append((f"{at}.name", f"{name!r} must have 1 to 64 printable characters, without spaces around them"))
        if name in names:
            found.append((f"{at}.name", f"credentials {name!r} are listed twice"))
        names.add(name)
        found += _user_problems(at, credentials) if credentials.version == "3" else _community_problems(at, credentials)
    return found


def _community_problems(at: str, credentials: PollerCredentials) -> list[Problem]:
    found: list[Problem] = []
    version, community = credentials.version, credentials.community
    if community and credentials.community_file:
        found.append((f"{at}.community", "both the community and community_file are set: keep one"))
    elif not community and not credentials.community_file:
        found.append((f"{at}.community", f"version {version} needs a community, or a community_file"))
    elif community and not community.isascii():
        found.append((f"{at}.community", "not a community: it must be ASCII"))
    for key in ("user", "auth", "auth_key", "auth_key_file", "priv", "priv_key", "priv_key_file", "context"):
        if getattr(credentials, key):
            found.append((f"{at}.{key}", f'version {version} has no {key}: set version = "3", or take it away'))
    return found


def _user_problems(at: str, credentials: PollerCredentials) -> list[Problem]:
    found: list[Problem] = []
    for key in ("community", "community_file"):
        if getattr(credentials, key):
            found.append((f"{at}.{key}", "version 3 has no community: it has a user"))
    if not 1 <= len(credentials.user.encode()) <= 32:
        found.append((f"{at}.user", f"{credentials.user!r} must have 1 to 32 octets"))
    if credentials.priv and not credentials.auth:
        found.append((f"{at}.priv", f"privacy ({credentials.priv}) needs authentication: set auth too"))
    found += key_problems(f"{at}.auth_key", credentials.auth, credentials.auth_key, credentials.auth_key_file)
    found += key_problems(f"{at}.priv_key", credentials.priv, credentials.priv_key, credentials.priv_key_file)
    return found

"""Secrets: SNMPv3 keys, the pollers' credentials and the database's URL. Also decodes a datagram offline for
``faultd profile test``."""

from collections.abc import Callable, Iterable
from pathlib import Path

from actors.poller.credentials import with_secrets
from actors.poller.settings import PollerCredentials
from actors.secret_files import SecretError
from actors.trap_listener.credentials import CredentialError, with_keys
from actors.trap_listener.intake import DroppedDatagram
from actors.trap_listener.settings import User
from actors.trap_listener.v3 import V3Engine, decode_offline
from faultd.config import Config, ConfigError, ConfigErrors, ConfigMistake
from faultd.settings import DatabaseSettings, url_problem
from protocols.profile import Profile, community_fields
from protocols.snmp.errors import SnmpRefusal
from protocols.snmp.masking import community_base, masked
from protocols.snmp.message import decode, peek
from protocols.snmp.notification import Notification


def open_engine(config: Config, state_dir: Path, now: float) -> V3Engine:
    """The SNMPv3 engine, one boot later. Raises :class:`ConfigError` for a key file and EngineStateError for an engine state
    that cannot be used. ``now`` is trio's clock."""
    try:
        return V3Engine.open(state_dir, config.traps.users, now)
    except CredentialError as error:
        raise _of_user(error) from error


def replace_users(engine: V3Engine, config: Config) -> None:
    """Other users from the next message on. Raises :class:`ConfigError`; the users stay as they were then."""
    try:
        engine.replace_users(config.traps.users)
    except CredentialError as error:
        raise _of_user(error) from error


def read_users(config: Config) -> tuple[User, ...]:
    """The SNMPv3 users with the keys that stand in files. Raises :class:`ConfigError` with every file that cannot be used."""
    found: list[User] = []
    errors: list[ConfigError] = []
    for user in config.traps.users:
        try:
            found += with_keys([user])
        except CredentialError as error:
            errors.append(_of_user(error))
    if errors:
        raise ConfigErrors(errors)
    return tuple(found)


def read_credentials(config: Config) -> tuple[PollerCredentials, ...]:
    """The pollers' credentials with the secrets that stand in files. Raises :class:`ConfigError` with every file that cannot be
    used."""
    found: list[PollerCredentials] = []
    errors: list[ConfigError] = []
    for credentials in config.poller.credentials:
        try:
            found.append(with_secrets(credentials))
        except SecretError as error:
            text = f"credentials {credentials.name!r}: {error.reason}"
            errors.append(ConfigError(error.path, [ConfigMistake(0, error.setting, text)]))
    if errors:
        raise ConfigErrors(errors)
    return tuple(found)


def check_communities(config: Config, profiles: Iterable[Profile]) -> None:
    """Check that no community ends in fields of the event, which the profiles' equipment writes behind its community. Such a
    community would never match, since only the part before the fields is compared. Raises :class:`ConfigError`."""
    fields = community_fields(profiles)
    mistakes = [
        ConfigMistake(0, f"traps.communities[{number}]", "would never match: only the part before the @ is compared")
        for number, community in enumerate(config.traps.communities)
        if community_base(community, fields) != community
    ]
    if mistakes:
        raise ConfigError("configuration", mistakes)


def _of_user(error: CredentialError) -> ConfigError:
    return ConfigError(error.path, [ConfigMistake(0, "traps.users", f"user {error.user!r}: {error.reason}")])


def read_database_url(config: Config) -> str:
    """The database's URL; see :func:`database_url`."""
    return database_url(config.database)


def database_url(settings: DatabaseSettings) -> str:
    """The URL, from its file when one is named; empty: an embedded PostgreSQL. Raises :class:`ConfigError`, which never says
    more of the URL than its scheme."""
    if not settings.url_file:
        return settings.url
    try:
        url = Path(settings.url_file).read_text(encoding="utf-8").strip()
    except OSError as error:
        raise ConfigError(settings.url_file, [ConfigMistake(0, "database.url_file", error.strerror or str(error))]) from error
    except UnicodeDecodeError as error:
        raise ConfigError(
            settings.url_file, [ConfigMistake(0, "database.url_file", f"not UTF-8 at byte {error.start}")]
        ) from error
    if wrong := url_problem(url) if url else "is empty":
        raise ConfigError(settings.url_file, [ConfigMistake(0, "database.url_file", wrong)])
    return url


def offline_reader(config: Config, fields: frozenset[str]) -> Callable[[bytes], Notification]:
    """Decodes a datagram of any version with the configured users' keys. ``fields`` are those that equipment writes behind its
    community, by the profiles. What it gives raises SnmpRefusal or Refused."""

    def read(datagram: bytes) -> Notification:
        if peek(datagram).version == 3:
            return decode_offline(datagram, config.traps.users)
        return masked(decode(datagram), datagram, fields)

    return read


def why_refused(error: SnmpRefusal | DroppedDatagram) -> str:
    """The reason in words, for people."""
    return f"{error.reason}: {error}" if isinstance(error, SnmpRefusal) else error.reason

"""Credentials by name: read from their files, hashed into keys once, and turned into sessions with agents."""

import secrets
from collections.abc import Collection, Iterable, Mapping

import msgspec

from actors.poller.settings import PollerCredentials
from actors.secret_files import read_pass_phrase, read_secret
from protocols.snmp.manager.community_session import CommunitySession
from protocols.snmp.manager.session import AgentSession
from protocols.snmp.manager.usm_session import UsmSession
from protocols.snmp.usm.ciphers import SaltCounter
from protocols.snmp.usm.engine_clocks import EngineClocks
from protocols.snmp.usm.user import UsmUser


class UnknownCredentials(KeyError):
    """No credentials have this name."""

    def __init__(self, name: str) -> None:
        super().__init__(name)
        self.name = name

    def __str__(self) -> str:
        return f"no credentials are named {self.name!r}"


def with_secrets(credentials: PollerCredentials, setting: str = "poller.credentials") -> PollerCredentials:
    """The credentials with every ``*_file`` read into the setting that it stands for. Raises SecretError, which names the
    setting below ``setting`` and the file, and never repeats a secret."""
    given: dict[str, str] = {}
    if credentials.community_file:
        given["community"] = read_secret(f"{setting}.community_file", credentials.community_file)
    for key in ("auth_key", "priv_key"):
        if file := getattr(credentials, f"{key}_file"):
            given[key] = read_pass_phrase(f"{setting}.{key}_file", file)
    if not given:
        return credentials
    return msgspec.structs.replace(credentials, **given, **{f"{key}_file": "" for key in given})


class CredentialTable:
    """Credentials whose secrets have been read, by name; never changed. ``clocks`` are those of SNMPv3 engines and ``salts``
    the source of privacy salts; the trap listener may share both.

    Making it takes 5 ms for each SNMPv3 user, whose pass phrases are hashed once for all its agents.
    """

    def __init__(self, credentials: Iterable[PollerCredentials], clocks: EngineClocks, salts: SaltCounter) -> None:
        self._named: Mapping[str, PollerCredentials] = {each.name: each for each in credentials}
        self._clocks, self._salts = clocks, salts
        self._users = {
            each.name: UsmUser(each.user, each.auth, each.auth_key, each.priv, each.priv_key, each.key_extension)
            for each in self._named.values()
            if each.version == "3"
        }

    @property
    def names(self) -> Collection[str]:
        """The names, in the order of the configuration."""
        return self._named.keys()

    @property
    def tenants(self) -> Mapping[str, Collection[str]]:
        """By each name the tenants whose tokens may use it."""
        return {name: each.tenants for name, each in self._named.items()}

    def differs(self, other: "CredentialTable", name: str) -> bool:
        """True where ``other`` has something else by this name, or nothing: sessions made with it have to be made anew."""
        return self._named.get(name) != other._named.get(name)

    def same(self, other: "CredentialTable") -> bool:
        """True where ``other`` has the same credentials, secrets included."""
        return self._named == other._named

    def session(self, name: str, ignored: dict[str, int] | None = None) -> AgentSession:
        """A new session with one agent, with a random first number. ``ignored`` counts datagrams that were no answer. Raises
        UnknownCredentials."""
        found = self._named.get(name)
        if found is None:
            raise UnknownCredentials(name)
        first = secrets.randbelow(2**31)
        if found.version == "3":
            return UsmSession(self._users[name], self._clocks, self._salts, first, ignored, context=found.context)
        return CommunitySession(found.version, found.community.encode("utf-8"), first, ignored)

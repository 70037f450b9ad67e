"""The SNMPv3 users of the simulated agents: one for each algorithm, with pass phrases that are no secret."""

from itertools import product
from typing import get_args

from protocols.snmp.peek import Level
from protocols.snmp.usm.ciphers import PrivProtocol
from protocols.snmp.usm.digests import AuthProtocol
from protocols.snmp.usm.keys import KeyExtension
from protocols.snmp.usm.user import UsmUser

AUTH_PASS_PHRASE, PRIV_PASS_PHRASE = "simulated-auth", "simulated-priv"
STRANGER = "stranger"
"""A user without authentication who may read nothing."""
_EXTENDED: tuple[PrivProtocol, ...] = ("AES-192", "AES-256")


def _known() -> dict[str, tuple[AuthProtocol, PrivProtocol, KeyExtension]]:
    found: dict[str, tuple[AuthProtocol, PrivProtocol, KeyExtension]] = {}
    auths: tuple[AuthProtocol, ...] = get_args(AuthProtocol)
    privs: tuple[PrivProtocol, ...] = get_args(PrivProtocol)
    for auth, priv in product(auths, privs):
        if auth or not priv:
            name = "-".join(each.replace("-", "").lower() for each in (auth, priv) if each) or "noauth"
            found[name] = (auth, priv, "blumenthal")
            if priv in _EXTENDED:
                found[f"{name}-reeder"] = (auth, priv, "reeder")
    return found


KNOWN = _known()
"""Authentication, privacy and key extension by user name: ``noauth``, ``sha``, ``sha256-aes``, ``sha-aes256-reeder`` ..."""


class AgentUsers:
    """The users, each made when it first asks: its keys cost some milliseconds."""

    def __init__(self) -> None:
        self._made: dict[bytes, UsmUser] = {STRANGER.encode(): UsmUser(STRANGER)}

    def find(self, name: bytes) -> UsmUser | None:
        """The user of this name, None for nobody."""
        user = self._made.get(name)
        if user is None and (known := KNOWN.get(name.decode("utf-8", "replace"))) is not None:
            auth, priv, extension = known
            user = UsmUser(
                name.decode(),
                auth,
                AUTH_PASS_PHRASE if auth else "",
                priv,
                PRIV_PASS_PHRASE if priv else "",
                extension,
            )
            self._made[name] = user
        return user


def may_read(user: UsmUser, level: Level) -> bool:
    """True for a user at its own level; the stranger may read nothing."""
    return user.level == level and user.name != STRANGER.encode()

"""The configured SNMPv3 users by the name and the engine of a message: one of thousands is found at once."""

from collections.abc import Iterable, Sequence, Set

from actors.trap_listener.settings import ANY_ENGINE, User
from protocols.snmp.usm.user import UsmUser


def usm_user(user: User) -> UsmUser:
    """The keys of a configured user, whose key files have been read."""
    return UsmUser(user.name, user.auth, user.auth_key, user.priv, user.priv_key, user.key_extension)


class V3User:
    """A configured user: its keys, the engines that its traps come from, and how their times are judged."""

    __slots__ = ("engine", "lenient", "user")

    def __init__(self, user: User) -> None:
        self.user = usm_user(user)
        listed = user.engine_id.removeprefix("0x")
        self.engine: bytes | str = listed if listed == ANY_ENGINE else bytes.fromhex(listed)
        self.lenient = user.time_window == "lenient"


class V3Users:
    """A table of users whose key files have been read; never changed. ``engines`` are those that some user lists.

    Making it takes 5 ms a user for the keys.
    """

    def __init__(self, users: Iterable[User]) -> None:
        self._named: dict[bytes, list[V3User]] = {}
        self._listed: dict[tuple[bytes, bytes], list[V3User]] = {}
        self._of_any_engine: dict[bytes, list[V3User]] = {}
        engines: set[bytes] = set()
        for user in map(V3User, users):
            name = user.user.name
            self._named.setdefault(name, []).append(user)
            if isinstance(user.engine, str):
                self._of_any_engine.setdefault(name, []).append(user)
            else:
                self._listed.setdefault((name, user.engine), []).append(user)
                engines.add(user.engine)
        self.engines: Set[bytes] = engines

    def named(self, name: bytes) -> Sequence[V3User]:
        """All users of this name: INFORMs go by faultd's own engine, whatever engine the user lists."""
        return self._named.get(name, ())

    def of_engine(self, name: bytes, engine: bytes) -> Sequence[V3User]:
        """The users of this name whose traps come from ``engine``: those that list it, then those of any engine."""
        return (*self._listed.get((name, engine), ()), *self._of_any_engine.get(name, ()))

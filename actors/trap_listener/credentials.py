"""Pass phrases that come from files (systemd's LoadCredential) instead of the configuration."""

from collections.abc import Iterable

import msgspec

from actors.secret_files import SecretError, read_pass_phrase
from actors.trap_listener.settings import User


class CredentialError(Exception):
    """A pass phrase's file cannot be read or holds no usable pass phrase; names the user and the file."""

    def __init__(self, user: str, path: str, reason: str) -> None:
        super().__init__(f"user {user!r}: {path}: {reason}")
        self.user, self.path, self.reason = user, path, reason


def with_keys(users: Iterable[User]) -> tuple[User, ...]:
    """The users with every ``*_key_file`` read into its key. Raises CredentialError."""
    return tuple(
        msgspec.structs.replace(
            user,
            auth_key=_read(user.name, user.auth_key_file) if user.auth_key_file else user.auth_key,
            priv_key=_read(user.name, user.priv_key_file) if user.priv_key_file else user.priv_key,
            auth_key_file="",
            priv_key_file="",
        )
        for user in users
    )


def _read(user: str, path: str) -> str:
    try:
        return read_pass_phrase("traps.users", path)
    except SecretError as error:
        raise CredentialError(user, path, error.reason) from None

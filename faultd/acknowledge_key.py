"""The key that signs acknowledge links: made once, in ``state_dir``."""

import os
import secrets
from pathlib import Path

from faultd.state_folder import StateFolderError

NAME = "acknowledge.key"
_OCTETS = 32


def acknowledge_key(state_dir: Path) -> bytes:
    """The key of this faultd, made now if there is none. A new one makes all links useless that were sent before. Raises
    StateFolderError."""
    path = state_dir / NAME
    try:
        try:
            key = path.read_bytes()
            if len(key) == _OCTETS:
                return key
        except FileNotFoundError:
            pass
        return _made(path)
    except OSError as error:
        raise StateFolderError(state_dir, f"{NAME}: {error.strerror or error}") from error


def _made(path: Path) -> bytes:
    key = secrets.token_bytes(_OCTETS)
    temporary = path.with_suffix(".new")
    temporary.unlink(missing_ok=True)
    descriptor = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(descriptor, "wb") as file:
        file.write(key)
        os.fsync(file.fileno())
    temporary.replace(path)
    return key

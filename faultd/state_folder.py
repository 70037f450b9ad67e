"""``state_dir``: made at a start, closed to strangers, and refused in words when it cannot be."""

import errno
import os
import stat
from pathlib import Path

import structlog

MODE = 0o750
FILE_MODE = 0o640
"""Most that a file in it grants."""
UMASK = 0o777 & ~MODE
"""Mode of every file that faultd writes."""

log = structlog.get_logger()


class StateFolderError(Exception):
    """``state_dir`` cannot be made, entered or written; the text names it and says what to do."""

    def __init__(self, path: Path, problem: str) -> None:
        super().__init__(f"state_dir: {path}: {problem}; make it and give it to faultd's account, or set another state_dir")
        self.path = path


def make(path: Path) -> None:
    """Make the folder when it does not exist, check that a file can be written, and remove other accounts' rights on it and its
    files: whoever can write there can make tokens. Raises StateFolderError, also when another account owns a part of it."""
    probe = path / ".faultd-writable"
    try:
        path.mkdir(mode=MODE, parents=True, exist_ok=True)
        probe.touch(mode=0o600)
        probe.unlink()
        _close(path)
    except FileExistsError as error:
        raise StateFolderError(path, "is no directory") from error
    except OSError as error:
        raise StateFolderError(path, error.strerror or str(error)) from error


def look(path: Path) -> None:
    """Check, without writing, whether :func:`make` would succeed. Raises StateFolderError with the same text."""
    try:
        there = path
        while not there.exists():
            there = there.parent
        if not there.is_dir():
            raise StateFolderError(path, "is no directory" if there == path else "Not a directory")
        if not os.access(there, os.W_OK | os.X_OK):
            raise StateFolderError(path, os.strerror(errno.EACCES))
        if there == path:
            _refuse_strangers(path)
    except OSError as error:
        raise StateFolderError(path, error.strerror or str(error)) from error


def _close(path: Path) -> None:
    """Remove the rights that MODE and FILE_MODE do not grant, from the folder and its files. Logs one line."""
    _refuse_strangers(path)
    closed = []
    for each, most in [(path, path.stat().st_mode & ~0o002), *((file, FILE_MODE) for file in _files(path))]:
        mode = stat.S_IMODE(each.stat().st_mode)
        if mode & ~most & 0o777:
            each.chmod(mode & most)
            closed.append(f"{each} ({mode:04o} -> {mode & most:04o})")
    if closed:
        log.warning("state_dir was open to other accounts and is closed now; look whether its tokens are yours", closed=closed)


def _refuse_strangers(path: Path) -> None:
    """Raise StateFolderError for a folder that is everybody's, such as /tmp, or a file in it of another account."""
    folder = path.stat()
    if folder.st_mode & stat.S_ISVTX and folder.st_mode & 0o002:
        raise StateFolderError(path, "every account of this machine can write there")
    ours = {0, os.geteuid(), folder.st_uid}
    if folder.st_mode & 0o002 and os.geteuid() not in (0, folder.st_uid):
        raise StateFolderError(path, f"every account can write there, and it belongs to user {folder.st_uid}")
    for file in _files(path):
        if (owner := file.stat().st_uid) not in ours:
            raise StateFolderError(path, f"{file.name} belongs to user {owner}, who is neither root nor faultd's account")


def _files(path: Path) -> list[Path]:
    return [file for file in sorted(path.iterdir()) if file.is_file() and not file.is_symlink()]

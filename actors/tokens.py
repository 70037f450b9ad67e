"""Bearer tokens of people and systems: who may call the API and the stream, kept hashed in one file.

The file (``state_dir/tokens.json``, mode 0600) holds no token, only the SHA-256 of each: a token carries 256 random
bits, so a plain hash is enough and no salt or stretching is needed (NIST SP 800-63B section 5.1.2.2 asks for these only
below 112 bits). The command line writes the file while the daemon reads it: a write is one atomic replacement under a
lock, a read notices a new file by its inode, size and modification time.
"""

import base64
import fcntl
import hashlib
import os
import secrets
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path
from typing import get_args

import msgspec
from msgspec import Struct

from protocols.principal import Principal, Role

PREFIX = "fd_"
_RANDOM_BYTES = 32
_LENGTH = len(PREFIX) + 43
_NAME_LENGTH = 128


class TokenFileError(Exception):
    """The token file cannot be read or written, or holds something else. No token is accepted meanwhile."""

    def __init__(self, path: Path, problem: str) -> None:
        super().__init__(f"token file {path}: {problem}")
        self.path, self.problem = path, problem


class TokenExists(ValueError):
    """A token of this name is there already and is not revoked."""

    def __init__(self, name: str) -> None:
        super().__init__(f"a token named {name!r} exists; revoke it first or choose another name")
        self.name = name


class UnknownToken(LookupError):
    """No token that could be revoked has this name."""

    def __init__(self, name: str) -> None:
        super().__init__(f"no token named {name!r} that is not revoked already")
        self.name = name


class TokenRecord(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One token as it is stored. ``hash`` is the hexadecimal SHA-256 of the whole token; times are aware."""

    name: str
    hash: str
    role: Role
    tenant: str | None = None
    created_at: datetime
    expires_at: datetime | None = None
    revoked: bool = False


class _File(Struct, frozen=True, forbid_unknown_fields=True):
    version: int = 1
    tokens: tuple[TokenRecord, ...] = ()


_Signature = tuple[int, int, int]
_EMPTY: _Signature = (0, 0, 0)


class TokenFile:
    """The tokens in one file. A missing file is a book without tokens.

    ``create`` and ``revoke`` fsync and take a lock beside the file: they block for milliseconds and are meant for the
    command line. ``verify`` is one ``stat`` and one dictionary lookup.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self._signature: _Signature | None = None
        self._by_hash: dict[str, TokenRecord] = {}

    def create(self, name: str, role: Role, tenant: str | None, now: datetime, expires: datetime | None = None) -> str:
        """Make a token and return it: this is the only time that it can be seen.

        Raises ``TokenExists``, ``ValueError`` for a bad argument (naming it) and ``TokenFileError``.
        """
        if not name or len(name) > _NAME_LENGTH or not name.isprintable():
            raise ValueError(f"name {name!r}: 1 to {_NAME_LENGTH} printable characters are needed")
        if role not in get_args(Role):
            raise ValueError(f"role {role!r}: not one of {', '.join(get_args(Role))}")
        if tenant is not None and not tenant:
            raise ValueError("tenant '': leave it out for a token that sees every tenant")
        if expires is not None and expires <= now:
            raise ValueError(f"expires {expires.isoformat()}: is not after now ({now.isoformat()})")
        token = PREFIX + base64.urlsafe_b64encode(secrets.token_bytes(_RANDOM_BYTES)).rstrip(b"=").decode("ascii")
        record = TokenRecord(name=name, hash=_digest(token), role=role, tenant=tenant, created_at=now, expires_at=expires)
        with self._locked():
            records = self._load()
            if any(other.name == name and not other.revoked for other in records):
                raise TokenExists(name)
            self._save((*records, record))
        return token

    def verify(self, token: str, now: datetime) -> Principal | None:
        """The caller behind this token; None when the token is unknown, revoked or expired. Raises ``TokenFileError``.

        The lookup by hash leaks no useful timing: to steer the comparison a caller would have to invert SHA-256.
        """
        if len(token) != _LENGTH or not token.startswith(PREFIX):
            return None
        self._refresh()
        record = self._by_hash.get(_digest(token))
        if record is None or record.revoked or (record.expires_at is not None and record.expires_at <= now):
            return None
        return Principal(name=record.name, role=record.role, tenant=record.tenant)

    def list(self) -> tuple[TokenRecord, ...]:
        """Every token ever made here, oldest first, revoked ones included. Raises ``TokenFileError``."""
        return self._load()

    def revoke(self, name: str) -> None:
        """Refuse the token of this name from now on, in a running daemon too. Raises ``UnknownToken``, ``TokenFileError``."""
        with self._locked():
            records = self._load()
            if not any(record.name == name and not record.revoked for record in records):
                raise UnknownToken(name)
            self._save(
                tuple(msgspec.structs.replace(record, revoked=True) if record.name == name else record for record in records)
            )

    def _refresh(self) -> None:
        signature = self._stat()
        if signature == self._signature:
            return
        # An unreadable file accepts nobody: what was known before may have been revoked in what cannot be read.
        self._signature, self._by_hash = None, {}
        records = self._load()
        self._by_hash = {record.hash: record for record in records}
        self._signature = signature

    def _stat(self) -> _Signature:
        try:
            status = os.stat(self.path)
        except FileNotFoundError:
            return _EMPTY
        except OSError as error:
            raise TokenFileError(self.path, f"cannot be read: {error.strerror}") from error
        return (status.st_ino, status.st_mtime_ns, status.st_size)

    def _load(self) -> tuple[TokenRecord, ...]:
        try:
            content = self.path.read_bytes()
        except FileNotFoundError:
            return ()
        except OSError as error:
            raise TokenFileError(self.path, f"cannot be read: {error.strerror}") from error
        try:
            book = msgspec.json.decode(content, type=_File)
        except msgspec.DecodeError as error:
            raise TokenFileError(self.path, f"is not a token file: {error}") from error
        if book.version != 1:
            raise TokenFileError(self.path, f"has version {book.version}, this faultd knows version 1")
        for record in book.tokens:
            if record.created_at.tzinfo is None or (record.expires_at is not None and record.expires_at.tzinfo is None):
                raise TokenFileError(self.path, f"token {record.name!r} has a time without an offset from UTC")
        return book.tokens

    def _save(self, records: tuple[TokenRecord, ...]) -> None:
        content = msgspec.json.format(msgspec.json.encode(_File(tokens=records)), indent=1) + b"\n"
        temporary = self.path.with_name(f".{self.path.name}.{os.getpid()}.{secrets.token_hex(4)}")
        try:
            descriptor = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
            try:
                _keep_owner(descriptor, self.path)
                with os.fdopen(os.dup(descriptor), "wb") as file:
                    file.write(content)
                os.fsync(descriptor)
            finally:
                os.close(descriptor)
            os.replace(temporary, self.path)
            _sync_folder(self.path.parent)
        except OSError as error:
            temporary.unlink(missing_ok=True)
            raise TokenFileError(self.path, f"cannot be written: {error.strerror}") from error

    @contextmanager
    def _locked(self) -> Iterator[None]:
        # The lock is a file of its own: the token file is replaced by every write, and a lock on it would go with it.
        lock = self.path.with_name(f".{self.path.name}.lock")
        try:
            self.path.parent.mkdir(mode=0o750, parents=True, exist_ok=True)
            descriptor = self._open_lock(lock)
        except OSError as error:
            raise TokenFileError(self.path, f"cannot be locked: {error.strerror}") from error
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX)
            yield
        finally:
            os.close(descriptor)

    def _open_lock(self, lock: Path) -> int:
        """A token made by root must not keep the daemon's account from making the next one. Only a new file changes owner: an
        account that may write into the folder could have put a link to another file in its place."""
        try:
            descriptor = os.open(lock, os.O_RDWR | os.O_CREAT | os.O_EXCL, 0o600)
        except FileExistsError:
            return os.open(lock, os.O_RDWR | os.O_NOFOLLOW)
        _keep_owner(descriptor, self.path)
        return descriptor


def _digest(token: str) -> str:
    return hashlib.sha256(token.encode("utf-8", "surrogatepass")).hexdigest()


def _keep_owner(descriptor: int, path: Path) -> None:
    """Give a file written by root to the owner of the folder: the daemon runs under that account."""
    owner = path if path.exists() else path.parent
    status = owner.stat()
    if os.geteuid() == 0 and (status.st_uid, status.st_gid) != (0, 0):
        os.fchown(descriptor, status.st_uid, status.st_gid)


def _sync_folder(folder: Path) -> None:
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)

"""A model of what a disk may hold after a power cut.

It promises what POSIX does and no more: content is there after a sync of the file, a name (made, replaced or removed) after a
sync of its directory. Whatever was not synced may be there or not, each write on its own and in any order, and a write may be
torn at the boundaries of sectors. Writes before a sync that failed stay in doubt for good, since Linux then takes
them for written: a later sync that succeeds says nothing about them.

The files that a process maps (SQLite's -shm) are not written by calls and are not needed after a cut; they are left out.
"""

import random
from collections.abc import Callable, Iterator
from hashlib import blake2b
from pathlib import Path, PurePosixPath

from crash.trace import Call
from msgspec import Struct

SECTOR = 512
Choose = Callable[["Pending"], float]
"""How much of what is pending is there: 0 nothing, 1 all, between them some sectors, by the number's own random bits."""


class Pending(Struct, eq=False):
    """Something done that a power cut may undo: a write (``data`` at ``at``), a truncation (``data`` None, to ``at`` octets),
    or a name (``inode`` or None; ``instead`` of the name that it had)."""

    file: str
    at: int = 0
    data: bytes | None = None
    name: str = ""
    instead: str = ""
    inode: "Inode | None" = None
    sure: bool = False
    doubtful: bool = False


class Inode(Struct, eq=False):
    """A file or a directory: what is durable, and what came after it, in order."""

    path: str
    directory: bool = False
    content: bytes = b""
    names: dict[str, "Inode"] = {}
    pending: list[Pending] = []

    def sync(self) -> None:
        for each in self.pending:
            each.sure = each.sure or not each.doubtful
        self._settle()

    def failed_sync(self) -> None:
        for each in self.pending:
            each.doubtful = not each.sure

    def _settle(self) -> None:
        """What is sure and has nothing unsure before it need not be kept apart."""
        count = next((index for index, each in enumerate(self.pending) if not each.sure), len(self.pending))
        settled, self.pending = self.pending[:count], self.pending[count:]
        if settled:
            self.content, self.names = self.after(settled, lambda _: 1.0)

    def after(self, pending: list[Pending], choose: Choose) -> tuple[bytes, dict[str, "Inode"]]:
        """The durable content and names with what ``choose`` lets through of ``pending``."""
        content, names = bytearray(self.content), dict(self.names)
        for each in pending:
            part = 1.0 if each.sure else choose(each)
            if part <= 0:
                continue
            if self.directory:
                names.pop(each.instead, None)
                if each.inode is None:
                    names.pop(each.name, None)
                else:
                    names[each.name] = each.inode
            elif each.data is None:
                del content[each.at :]
                content.extend(bytes(each.at - len(content)))
            else:
                _write(content, each.at, each.data, part)
        return bytes(content), names


def _write(content: bytearray, at: int, data: bytes, part: float) -> None:
    end = at + len(data)
    if part >= 1:
        content.extend(bytes(max(0, end - len(content))))
        content[at:end] = data
        return
    torn = random.Random(part)
    leading = torn.random() < 0.5
    share = torn.random()
    for sector in range(at // SECTOR, (end - 1) // SECTOR + 1):
        low, high = max(at, sector * SECTOR), min(end, (sector + 1) * SECTOR)
        if (low - at < share * len(data)) if leading else (torn.random() < share):
            content.extend(bytes(max(0, high - len(content))))
            content[low:high] = data[low - at : high - at]


class Disk:
    """The tree under ``root``, which itself is durable. Calls are applied one by one."""

    def __init__(self, root: Path) -> None:
        self.root = str(root)
        self.top = Inode(self.root, directory=True)
        self.inodes = [self.top]
        self._descriptors: dict[int, Inode | None] = {}
        self._names: dict[str, Inode] = {self.root: self.top}

    def apply(self, call: Call) -> bool:
        """True when the call changed what a cut may leave. Raises NotImplementedError for one that the model does not know."""
        handler = getattr(self, f"_{call.name}", None)
        if handler is None:
            return self._unknown(call)
        return bool(handler(call))

    def pending(self) -> list[Pending]:
        """All that a cut may undo."""
        return [each for inode in self.inodes for each in inode.pending if not each.sure]

    def state(self, choose: Choose) -> dict[str, bytes | None]:
        """Relative paths with their content, None for a directory."""
        found: dict[str, bytes | None] = {}
        self._collect(self.top, "", choose, found)
        return found

    def _collect(self, inode: Inode, prefix: str, choose: Choose, found: dict[str, bytes | None]) -> None:
        _, names = inode.after(inode.pending, choose)
        for name, child in sorted(names.items()):
            if child.directory:
                found[prefix + name] = None
                self._collect(child, f"{prefix}{name}/", choose, found)
            elif not name.endswith("-shm"):
                found[prefix + name] = child.after(child.pending, choose)[0]

    # --- calls --------------------------------------------------------------------------------------------------------

    def _openat(self, call: Call) -> bool:
        path, flags = _path(call.arguments[1]), str(call.arguments[2])
        if call.result < 0:
            return False
        inode = self._names.get(path)
        self._descriptors[call.result] = inode
        if not self._inside(path):
            return False
        if inode is None:
            assert "O_CREAT" in flags, path
            self._descriptors[call.result] = self._make(path, directory=False)
            return True
        if "O_TRUNC" in flags:
            inode.pending.append(Pending(path, 0))
            return True
        return False

    def _close(self, call: Call) -> bool:
        self._descriptors.pop(_number(call.arguments[0]), None)
        return False

    def _mkdir(self, call: Call) -> bool:
        path = _path(call.arguments[0])
        if call.result == 0 and self._inside(path):
            self._make(path, directory=True)
            return True
        return False

    def _unlink(self, call: Call) -> bool:
        path = _path(call.arguments[0])
        if call.result < 0 or not self._inside(path):
            return False
        del self._names[path]
        self._name(path, None)
        return True

    _rmdir = _unlink

    def _rename(self, call: Call) -> bool:
        """Within a directory: the old name or the new one, never both or neither."""
        old, new = (PurePosixPath(_path(each)) for each in call.arguments)
        if call.result < 0 or not (self._inside(str(old)) or self._inside(str(new))):
            return False
        inode = self._names.get(str(old))
        if inode is None or inode.directory or old.parent != new.parent:
            raise NotImplementedError(f"{call.name}{call.arguments}")
        del self._names[str(old)]
        self._names[str(new)] = inode
        inode.path = str(new)
        parent = self._names[str(new.parent)]
        parent.pending.append(Pending(parent.path, name=new.name, instead=old.name, inode=inode))
        return True

    def _pwrite64(self, call: Call) -> bool:
        inode = self._descriptors.get(_number(call.arguments[0]))
        data = call.arguments[1]
        if inode is None or call.result <= 0:
            return False
        assert isinstance(data, bytes)
        inode.pending.append(Pending(inode.path, _number(call.arguments[3]), data[: call.result]))
        return True

    def _write(self, call: Call) -> bool:
        return self._unknown(call)

    def _ftruncate(self, call: Call) -> bool:
        inode = self._descriptors.get(_number(call.arguments[0]))
        if inode is None or call.result < 0:
            return False
        inode.pending.append(Pending(inode.path, _number(call.arguments[1])))
        return True

    def _fsync(self, call: Call) -> bool:
        inode = self._descriptors.get(_number(call.arguments[0]))
        if inode is None:
            return False
        if call.result < 0:
            inode.failed_sync()
        else:
            inode.sync()
        return True

    _fdatasync = _fsync

    def _pread64(self, call: Call) -> bool:
        return False

    def _unknown(self, call: Call) -> bool:
        """Calls that are fine on files outside, and would need a model inside."""
        first = call.arguments[0]
        known = isinstance(first, bytes) and self._inside(_path(first))
        known = known or (isinstance(first, str) and first.isdigit() and self._descriptors.get(int(first)) is not None)
        if known and call.result >= 0:
            raise NotImplementedError(f"{call.name}{call.arguments}")
        return False

    # --- the tree -----------------------------------------------------------------------------------------------------

    def _inside(self, path: str) -> bool:
        return path.startswith(f"{self.root}/") and not path.endswith("-shm")

    def _make(self, path: str, *, directory: bool) -> Inode:
        inode = Inode(path, directory=directory)
        self.inodes.append(inode)
        self._names[path] = inode
        self._name(path, inode)
        return inode

    def _name(self, path: str, inode: Inode | None) -> None:
        pure = PurePosixPath(path)
        parent = self._names[str(pure.parent)]
        parent.pending.append(Pending(parent.path, name=pure.name, inode=inode))


def cuts(disk: Disk, seed: int, samples: int, *, single: bool) -> Iterator[tuple[str, dict[str, bytes | None]]]:
    """States that a power cut now may leave, each with how it was chosen: nothing that is unsure, all of it, ``samples`` at
    random, and with ``single`` also each thing alone there and alone missing."""
    yield "none", disk.state(lambda _: 0.0)
    pending = disk.pending()
    if not pending:
        return
    yield "all", disk.state(lambda _: 1.0)
    if single:
        for index, one in enumerate(pending):
            yield f"only {index}", disk.state(lambda each, one=one: 1.0 if each is one else 0.0)  # type: ignore[misc]
            yield f"without {index}", disk.state(lambda each, one=one: 0.0 if each is one else 1.0)  # type: ignore[misc]
    for sample in range(samples):
        yield f"sample {sample}", disk.state(_sampled(random.Random(f"{seed} {len(disk.inodes)} {sample}"), pending))


def _sampled(rng: random.Random, pending: list[Pending]) -> Choose:
    keep, torn = rng.choice((0.1, 0.5, 0.9)), rng.choice((0.0, 0.3))
    ordered = rng.random() < 0.3
    stop = rng.randrange(len(pending) + 1)
    chosen = {}
    for index, each in enumerate(pending):
        there = index < stop if ordered else rng.random() < keep
        chosen[id(each)] = rng.uniform(0.001, 0.999) if rng.random() < torn and each.data else float(there)
    return lambda each: chosen[id(each)]


def digest(state: dict[str, bytes | None]) -> bytes:
    """Tells states apart."""
    hashed = blake2b(digest_size=16)
    for name, content in state.items():
        body = b"-" if content is None else content
        hashed.update(f"{name} {len(body)} ".encode() + body)
    return hashed.digest()


def lay(state: dict[str, bytes | None], folder: Path) -> None:
    """Write ``state`` into ``folder``."""
    for name, content in state.items():
        if content is None:
            (folder / name).mkdir()
        else:
            (folder / name).write_bytes(content)


def _path(argument: str | bytes) -> str:
    assert isinstance(argument, bytes), argument
    return argument.decode()


def _number(argument: str | bytes) -> int:
    assert isinstance(argument, str), argument
    return int(argument)

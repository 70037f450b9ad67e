"""A ledger's file that something else has damaged: cut off, a page overwritten, bits turned. It is read right, or refused with
the way out; what it serves is never wrong.

Left out, since no file can show it: a whole page from an earlier time, and an older file altogether.
"""

import random
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

from crash.check import Broken, Refused, check
from crash.journal import Journal, journal
from crash.power import Findings
from crash.trace import child

from actors.ledger.errors import DiskRefused, LedgerCorrupt, NotALedger, NoUsableSnapshot

PAGE = 4096
_WAYS_OUT = ("restore the file", "move this file away", "move the file and its -wal away")
REFUSALS = tuple(error.__name__ for error in (LedgerCorrupt, NotALedger, NoUsableSnapshot, DiskRefused))

Damage = tuple[str, bytes]


def sound(folder: Path, workload: str) -> tuple[bytes, Journal]:
    """A file that was closed, and what it holds."""
    file = folder / "sound" / "ledger.sqlite"
    done = child((), file, workload)
    assert done.returncode == 0, done.stderr.decode()
    return file.read_bytes(), journal(done.stdout.splitlines())


def truncations(content: bytes, octets: int) -> Iterator[Damage]:
    """Without its last 1 to ``octets`` octets, and without its last pages."""
    for missing in range(1, octets + 1):
        yield f"{missing} octets short", content[:-missing]
    for page in range(1, len(content) // PAGE):
        yield f"{page} pages long", content[: page * PAGE]


def _zeroed(page: bytearray, rng: random.Random, _content: bytes) -> None:
    page[:] = bytes(len(page))


def _garbage(page: bytearray, rng: random.Random, _content: bytes) -> None:
    at = rng.randrange(len(page) - 64)
    page[at : at + 64] = rng.randbytes(64)


def _flipped(page: bytearray, rng: random.Random, _content: bytes) -> None:
    page[rng.randrange(len(page))] ^= 1 << rng.randrange(8)


def _head_flipped(page: bytearray, rng: random.Random, _content: bytes) -> None:
    page[rng.randrange(16)] ^= 1 << rng.randrange(8)


def _sector_zeroed(page: bytearray, rng: random.Random, _content: bytes) -> None:
    at = 512 * rng.randrange(len(page) // 512)
    page[at : at + 512] = bytes(512)


def _another(page: bytearray, rng: random.Random, content: bytes) -> None:
    at = rng.randrange(len(content) // PAGE) * PAGE
    page[:] = content[at : at + PAGE]


KINDS: dict[str, Callable[[bytearray, random.Random, bytes], None]] = {
    "zeroed": _zeroed,
    "64 octets of garbage": _garbage,
    "a bit turned": _flipped,
    "a bit of its head turned": _head_flipped,
    "a sector zeroed": _sector_zeroed,
    "another page in its place": _another,
}


HEADS = "a bit of its head turned"
"""The kind that loses whole rows in silence, as far as SQLite is concerned."""


def damaged_pages(content: bytes, seed: int, times: int, kinds: Sequence[str] = tuple(KINDS)) -> Iterator[Damage]:
    """Each page in turn damaged in each of these ways, ``times`` times."""
    for number in range(len(content) // PAGE):
        for kind in kinds:
            damage = KINDS[kind]
            for time in range(times):
                rng = random.Random(f"{seed} {number} {kind} {time}")
                page = bytearray(content[number * PAGE : (number + 1) * PAGE])
                damage(page, rng, content)
                yield f"page {number + 1}: {kind} ({time})", content[: number * PAGE] + page + content[(number + 1) * PAGE :]


def look(folder: Path, damages: Iterator[Damage], said: Journal) -> Findings:
    """Open each damaged file, and compare what it holds."""
    findings = Findings()
    for number, (what, content) in enumerate(damages):
        place = folder / str(number)
        place.mkdir()
        file = place / "ledger.sqlite"
        file.write_bytes(content)
        findings.points += 1
        findings.states += 1
        try:
            check(file, said, alive=False, damaged=True)
            findings.opened += 1
        except Refused as refused:
            text = str(refused)
            findings.refused[text.partition(":")[0]] += 1
            if not text.startswith(REFUSALS) or not any(way in text for way in _WAYS_OUT):
                findings.broken.append(f"{what}: no way out is named: {text}")
        except Broken as broken:
            findings.broken.append(f"{what}: {broken}")
        for left in place.iterdir():
            left.unlink()
    return findings

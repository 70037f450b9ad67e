"""What the plant sends, as numbers: which problem, raised or cleared. Pure and seeded.

The mix is 5 % new problems, 15 % clears and 80 % raises of problems already known: 70 points are repeats of an open one and
10 points re-raise one that was cleared before, so every clear ends an alarm and the number of open alarms stays as it was.
"""

from collections import deque
from collections.abc import Callable, Iterator
from random import Random

from msgspec import Struct

NEW, CLEAR = 0.05, 0.15
"""As many are raised as are cleared: those that are not new are raised again."""


class Tally(Struct):
    """What was sent: ``raises`` counts every raise (new, re-raised or repeated)."""

    new: int = 0
    clears: int = 0
    reopened: int = 0
    repeats: int = 0

    @property
    def raises(self) -> int:
        return self.new + self.reopened + self.repeats

    @property
    def total(self) -> int:
        return self.raises + self.clears


class Population:
    """The problems of a plant by number. ``tally`` counts since it was made."""

    def __init__(self, seed: int) -> None:
        self._random = Random(seed)
        self.open: list[int] = []
        self.cleared: list[int] = []
        self.tally = Tally()

    @property
    def known(self) -> int:
        """How many problems there have been; they are numbered from 0."""
        return len(self.open) + len(self.cleared)

    def raise_new(self, count: int) -> Iterator[tuple[int, bool]]:
        """``count`` problems never seen before, each as (number, True)."""
        for _ in range(count):
            number = self.known
            self.open.append(number)
            self.tally.new += 1
            yield number, True

    def mix(self, count: int, new: float = NEW) -> Iterator[tuple[int, bool]]:
        """``count`` reports as (number, raised) in the proportions above; with another share of ``new`` ones (at most that of
        the clears) the re-raises make up for it."""
        for _ in range(count):
            chance = self._random.random()
            if chance < new or not self.open:
                yield from self.raise_new(1)
            elif chance < new + CLEAR:
                number = self._take(self.open)
                self.cleared.append(number)
                self.tally.clears += 1
                yield number, False
            elif chance < CLEAR + CLEAR and self.cleared:
                number = self._take(self.cleared)
                self.open.append(number)
                self.tally.reopened += 1
                yield number, True
            else:
                self.tally.repeats += 1
                yield self.open[self._random.randrange(len(self.open))], True

    def _take(self, pool: list[int]) -> int:
        index = self._random.randrange(len(pool))
        pool[index], pool[-1] = pool[-1], pool[index]
        return pool.pop()


class PortByPort:
    """The same proportions, in the order in which fibres break and are mended: what is raised anew is all of a port, and so is
    what is cleared. ``numbers`` are those of the problems of port 0, 1, ...; once there are ``most`` of them no new one comes,
    but one that was cleared again."""

    def __init__(self, seed: int, numbers: Callable[[int], list[int]], most: int | None = None) -> None:
        self._random, self._numbers, self._most = Random(seed), numbers, most
        self._open: list[list[int]] = []
        self._cleared: list[list[int]] = []
        self._waiting: deque[tuple[int, bool]] = deque()
        self._blocks = 0

    def raise_new(self, count: int) -> Iterator[tuple[int, bool]]:
        """At least ``count`` problems never seen before, port after port, each as (number, True)."""
        raised = 0
        while raised < count:
            port = self._new()
            raised += len(port)
            yield from ((number, True) for number in port)

    def mix(self, count: int) -> Iterator[tuple[int, bool]]:
        """``count`` reports as (number, raised)."""
        for _ in range(count):
            if self._random.random() < 2 * CLEAR:
                if not self._waiting:
                    self._waiting.extend(self._block())
                yield self._waiting.popleft()
            else:
                yield self._random.choice(self._random.choice(self._open)), True

    def _block(self) -> list[tuple[int, bool]]:
        """A port that goes, then one that comes: of three that come one is new."""
        self._blocks += 1
        if self._blocks % 2:
            port = self._open.pop(self._random.randrange(len(self._open)))
            self._cleared.append(port)
            return [(number, False) for number in port]
        if self._blocks % 6 == 0 and (self._most is None or len(self._open) + len(self._cleared) < self._most):
            port = self._new()
        else:
            port = self._cleared.pop(self._random.randrange(len(self._cleared)))
            self._open.append(port)
        return [(number, True) for number in port]

    def _new(self) -> list[int]:
        port = self._numbers(len(self._open) + len(self._cleared))
        self._open.append(port)
        return port

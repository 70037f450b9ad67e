"""The latest changes of a board: which of its subjects changed after which batch, within a window."""

from collections import OrderedDict
from typing import Generic, Protocol, TypeVar

MOST_MARKS = 100_000
"""The most changed subjects that a window remembers, in however many batches. This bounds the memory in a storm."""


class SubjectMark(Protocol):
    """The last change of a subject, at batch ``seq``."""

    @property
    def seq(self) -> int:
        """The batch's number."""


Mark = TypeVar("Mark", bound=SubjectMark)


class ChangeWindow(Generic[Mark]):
    """As of batch ``seq``. ``window`` is how many batches back :meth:`since` can answer for."""

    def __init__(self, seq: int, window: int) -> None:
        self.seq = seq
        self.window = window
        self._marks: OrderedDict[str, Mark] = OrderedDict()
        self._floor = seq

    def follows(self, seq: int) -> bool:
        """Whether :meth:`since` knows every change after ``seq``."""
        return max(self._floor, self.seq - self.window) <= seq <= self.seq

    def since(self, seq: int) -> list[tuple[str, Mark]]:
        """The ids of the subjects that changed after ``seq``, each once, by their last change, oldest first. :meth:`follows`
        must be true of ``seq``."""
        changed: list[tuple[str, Mark]] = []
        for entry in reversed(self._marks.items()):
            if entry[1].seq <= seq:
                break
            changed.append(entry)
        changed.reverse()
        return changed

    def _trim(self) -> None:
        self._floor = max(self._floor, self.seq - self.window)
        while self._marks:
            id, mark = next(iter(self._marks.items()))
            if mark.seq > self._floor and len(self._marks) <= MOST_MARKS:
                break
            del self._marks[id]
            self._floor = max(self._floor, mark.seq)

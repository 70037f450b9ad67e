"""The number of variable bindings that an agent's answers can hold, and whether it answers GETBULK, learnt from its answers."""

from typing import Final

VARBINDS_AN_ANSWER: Final = 256
"""Variable bindings that an answer is asked for at first; the agent sends fewer when its message would become too large."""
LARGER_AFTER: Final = 256
"""Answers after which twice the size is tried. Each try that fails doubles the answers before the next one."""
_LONGEST_WAIT: Final = 65_536


class WalkSize:
    """Keep one for each agent from poll to poll. It reads no clock: the same answers give the same sizes."""

    __slots__ = ("_answers", "_most", "_tried", "_wait", "bulk", "bulk_known", "octets", "varbinds")

    def __init__(self, most: int = VARBINDS_AN_ANSWER) -> None:
        self.varbinds = self._most = most
        """Variable bindings to ask for in one answer."""
        self.bulk = True
        """False: rows are asked for by GETNEXT."""
        self.bulk_known = False
        """True once an answer to a GETBULK was right."""
        self.octets = 0
        """The largest list of variable bindings that an answer had."""
        self._answers = 0
        self._wait = LARGER_AFTER
        self._tried = False

    def halve(self, asked: int) -> None:
        """Learn from an answer tooBig to a request for ``asked`` variable bindings."""
        self.varbinds = max(1, min(self.varbinds, asked // 2))
        self._answers = 0
        if self._tried:
            self._tried = False
            self._wait = min(2 * self._wait, _LONGEST_WAIT)

    def bulk_failed(self) -> None:
        """Learn that the agent does not answer GETBULK, or not rightly. It is tried again as seldom as a larger size."""
        self.bulk = False
        self._answers = 0

    def answered(self, octets: int) -> None:
        """Learn from an answer whose list of variable bindings has ``octets``."""
        if octets > self.octets:
            self.octets = octets
        if self.bulk and self.varbinds >= self._most:
            return
        self._answers += 1
        if self._answers >= self._wait:
            self._answers = 0
            if not self.bulk:
                self.bulk = True
                self._wait = min(2 * self._wait, _LONGEST_WAIT)
                return
            self._tried = True
            self.varbinds = min(self._most, 2 * self.varbinds)

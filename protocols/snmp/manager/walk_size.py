"""The number of variable bindings that an agent's GETBULK answers can hold, learnt from its answers."""

from typing import Final

VARBINDS_AN_ANSWER: Final = 256
"""Variable bindings that an answer is asked for at first; the agent sends fewer when its message would become too large."""
LARGER_AFTER: Final = 256
"""Answers after which a larger size is tried again; each time that fails, the next try waits twice as long."""
_LONGEST_WAIT: Final = 65_536


class WalkSize:
    """Keep one for each agent, from poll to poll: it starts at ``most`` variable bindings, ``halve`` is for an answer tooBig,
    ``answered`` for every other. A pure count of answers: the same answers give the same sizes."""

    __slots__ = ("_answers", "_most", "_wait", "varbinds")

    def __init__(self, most: int = VARBINDS_AN_ANSWER) -> None:
        self.varbinds = self._most = most
        self._answers = 0
        self._wait = LARGER_AFTER

    def halve(self, asked: int) -> None:
        """The agent answered tooBig to a request for ``asked`` variable bindings."""
        self.varbinds = max(1, min(self.varbinds, asked // 2))
        self._answers = 0

    def answered(self) -> None:
        """The agent answered with variable bindings."""
        if self.varbinds >= self._most:
            return
        self._answers += 1
        if self._answers >= self._wait:
            self._answers = 0
            self._wait = min(2 * self._wait, _LONGEST_WAIT)
            self.varbinds = min(self._most, 2 * self.varbinds)

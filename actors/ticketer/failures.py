"""Failed attempts that are told: an Event each would fill the ledger while a desk is away for a day."""

import re
from typing import Final

AGAIN_SECONDS: Final = 3_600.0
"""The same answer is told again after this time."""
_MOST_ANSWERS: Final = 10
"""Answers that are told in this time."""
_VARYING: Final = re.compile(r"[0-9a-fA-F-]{8,}|[0-9]+")
"""Parts of an answer in which two of them differ that say the same: times, ids of requests."""


class ToldFailures:
    """The answers to the attempts at one task that were told: each when it first comes, then at most once an hour."""

    def __init__(self) -> None:
        self._told: dict[str, float] = {}

    def is_new(self, error: str, now: float) -> bool:
        """True when ``error`` is to be told at ``now`` (seconds of any clock that does not jump)."""
        self._told = {text: at for text, at in self._told.items() if now - at < AGAIN_SECONDS}
        text = _VARYING.sub("#", error)
        if text in self._told or len(self._told) >= _MOST_ANSWERS:
            return False
        self._told[text] = now
        return True

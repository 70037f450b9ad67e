"""The time at which a port or area is inspected: once its evidence has settled."""

from datetime import datetime, timedelta
from typing import Final

from actors.correlator.draft import Draft
from actors.correlator.pon.memory import PonMemory

NAME: Final = "pon"
SETTLE: Final = timedelta(seconds=0.7)
"""A port is inspected when no evidence came for so long ..."""
LONGEST_WAIT: Final = timedelta(seconds=2.0)
"""... and at the latest so long after the first piece of evidence."""


def schedule_inspection(draft: Draft, memory: PonMemory, subject: str, settle: timedelta) -> None:
    """Have ``subject`` inspected when no more evidence came for ``settle``."""
    first = memory.first.get(subject)
    if first is None:
        first = draft.at
        draft.set(memory.first, subject, first)
    due: datetime = min(draft.at + settle, first + LONGEST_WAIT)
    draft.wake(NAME, subject, max(due, draft.at))

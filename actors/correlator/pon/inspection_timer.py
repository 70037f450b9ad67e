"""The time at which a port or area is inspected: once its evidence has settled."""

from datetime import datetime, timedelta
from typing import Final

from actors.correlator.draft import Draft
from actors.correlator.pon.memory import PonMemory

NAME: Final = "pon"
SETTLE: Final = timedelta(seconds=0.7)
"""Quiet after the last piece of evidence before a port is looked at ..."""
LONGEST_WAIT: Final = timedelta(seconds=2.0)
"""... but no longer than this after the first."""


def schedule_inspection(draft: Draft, memory: PonMemory, subject: str, settle: timedelta) -> None:
    """Have ``subject`` looked at when no more has come for ``settle``."""
    first = memory.first.get(subject)
    if first is None:
        first = draft.at
        draft.set(memory.first, subject, first)
    due: datetime = min(draft.at + settle, first + LONGEST_WAIT)
    draft.wake(NAME, subject, max(due, draft.at))

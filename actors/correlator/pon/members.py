"""Whose outage a conclusion explains, as a set: made once and kept beside the memory, which has them in order."""

from typing import NamedTuple

from actors.correlator.pon.memory import Concluded, PonMemory
from actors.correlator.state import State

_KEY = "pon members"
_SPARE = 64


class _Made(NamedTuple):
    """The list that the set was made of, which only ever grows, and the set."""

    of: list[str]
    ids: set[str]


def members_of(state: State, alarm_id: str, cause: Concluded) -> set[str]:
    """The ONTs of a conclusion. Only to be read."""
    known: dict[str, _Made] = state.derived.setdefault(_KEY, {})
    made = known.get(alarm_id)
    if made is None or made.of is not cause.members:
        causes = state.memory(PonMemory).causes
        if len(known) > 2 * len(causes) + _SPARE:
            for gone in [each for each in known if each not in causes]:
                del known[gone]
        made = known[alarm_id] = _Made(cause.members, set(cause.members))
    elif len(made.ids) != len(cause.members):
        made.ids.update(cause.members[len(made.ids) :])
    return made.ids

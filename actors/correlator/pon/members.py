"""Whose outage a conclusion explains, and who of them is back: made once and kept beside the memory, which has them in order.
It follows from the State, so it is not saved."""

from actors.correlator.draft import Draft
from actors.correlator.pon.gather import as_of, is_out
from actors.correlator.pon.memory import Concluded, PonMemory
from actors.correlator.state import State

_KEY = "pon members"
_SPARE = 64


class _Made:
    """``of``: the list that this was made of, which only ever grows. ``back``: those of ``ids`` that are not out, but for the
    ``stale`` ones, which are to be asked after."""

    __slots__ = ("as_of", "back", "ids", "of", "stale")

    def __init__(self, cause: Concluded, as_of: tuple[int, str]) -> None:
        self.of = cause.members
        self.ids: set[str] = set()
        self.back: set[str] = set()
        self.stale: set[str] = set()
        self.as_of = as_of


class _Members:
    """By the id of the conclusion's alarm; and the conclusions of each ONT, so that what is heard of it reaches them."""

    __slots__ = ("made", "of_ont")

    def __init__(self) -> None:
        self.made: dict[str, _Made] = {}
        self.of_ont: dict[str, tuple[str, ...]] = {}

    def get(self, alarm_id: str, cause: Concluded, state: State, *, out: bool = False) -> _Made:
        """``out``: what is new is known to be out."""
        made = self.made.get(alarm_id)
        if made is None or made.of is not cause.members:
            if made is not None:
                self._let_go(alarm_id, made)
            causes = state.memory(PonMemory).causes
            if len(self.made) > 2 * len(causes) + _SPARE:
                for gone in [each for each in self.made if each not in causes]:
                    self._let_go(gone, self.made[gone])
            made = self.made[alarm_id] = _Made(cause, as_of(state))
        if len(made.ids) != len(cause.members):
            mine, of_ont = (alarm_id,), self.of_ont
            for ont in cause.members[len(made.ids) :]:
                if ont in made.ids:
                    continue
                made.ids.add(ont)
                if not out:
                    made.stale.add(ont)
                of_ont[ont] = (*of_ont[ont], alarm_id) if ont in of_ont else mine
        return made

    def _let_go(self, alarm_id: str, made: _Made) -> None:
        del self.made[alarm_id]
        for ont in made.ids:
            left = tuple(each for each in self.of_ont[ont] if each != alarm_id)
            if left:
                self.of_ont[ont] = left
            else:
                del self.of_ont[ont]


def members_of(state: State, alarm_id: str, cause: Concluded) -> set[str]:
    """The ONTs of a conclusion. Only to be read."""
    return _kept(state).get(alarm_id, cause, state).ids


def concluded(state: State, alarm_id: str) -> None:
    """A conclusion was drawn, or has grown, from ONTs that are out: none of the new ones is to be asked after."""
    _kept(state).get(alarm_id, state.memory(PonMemory).causes[alarm_id], state, out=True)


def back_of(draft: Draft, alarm_id: str, cause: Concluded) -> int:
    """How many of the ONTs of a conclusion are not out."""
    state = draft.state
    made = _kept(state).get(alarm_id, cause, state)
    if made.as_of != as_of(state):
        made.as_of, made.stale, made.back = as_of(state), set(made.ids), set()
    for ont in made.stale:
        if is_out(draft, ont):
            made.back.discard(ont)
        else:
            made.back.add(ont)
    made.stale.clear()
    return len(made.back)


def note_member(draft: Draft, ont: str) -> None:
    """An ONT went out or came back, or says so in another way."""
    kept = _kept(draft.state)
    for alarm_id in kept.of_ont.get(ont, ()):
        kept.made[alarm_id].stale.add(ont)


def forget(state: State) -> None:
    """What was not shown to the strategies may be missing."""
    state.derived.pop(_KEY, None)


def _kept(state: State) -> _Members:
    kept: _Members | None = state.derived.get(_KEY)
    if kept is None:
        kept = state.derived[_KEY] = _Members()
    return kept

"""The ONTs whose outage a conclusion explains, as a set, and which of them are back. The memory has the same ONTs in order. The
sets follow from the State, so they are not saved."""

from actors.correlator.draft import Draft
from actors.correlator.pon.gather import evidence_at, says_out
from actors.correlator.pon.memory import Concluded, PonMemory
from actors.correlator.state import DerivedView, State
from protocols.alarm import Alarm

_SPARE = 64


class _Made:
    """``of``: the conclusion's list of ONTs, which only grows; ``ids``: the same as a set. ``back``: the ONTs that are not out.
    ``stale``: the ONTs whose alarms are still to be read."""

    __slots__ = ("back", "ids", "of", "stale")

    def __init__(self, cause: Concluded) -> None:
        self.of = cause.members
        self.ids: set[str] = set()
        self.back: set[str] = set()
        self.stale: set[str] = set()


class MembersView(DerivedView):
    """The ONTs of each conclusion, by the id of its alarm, and the conclusions of each ONT."""

    of_configuration = True
    of_alarms = True

    def __init__(self, state: State) -> None:
        self._state = state
        self._made: dict[str, _Made] = {}
        self._of_ont: dict[str, tuple[str, ...]] = {}

    def changed(self, alarm: Alarm, *, moved: bool) -> None:
        ont = alarm.resource_id
        if moved and ont in self._of_ont and alarm.alarm_type in self._state.symptoms:
            for alarm_id in self._of_ont[ont]:
                self._made[alarm_id].stale.add(ont)

    def of(self, alarm_id: str, cause: Concluded, *, out: bool = False) -> _Made:
        """The ONTs of a conclusion. ``out``: new ones are known to be out."""
        made = self._made.get(alarm_id)
        if made is None or made.of is not cause.members:
            if made is not None:
                self._let_go(alarm_id, made)
            causes = self._state.memory(PonMemory).causes
            if len(self._made) > 2 * len(causes) + _SPARE:
                for gone in [each for each in self._made if each not in causes]:
                    self._let_go(gone, self._made[gone])
            made = self._made[alarm_id] = _Made(cause)
        if len(made.ids) != len(cause.members):
            mine, of_ont = (alarm_id,), self._of_ont
            for ont in cause.members[len(made.ids) :]:
                if ont in made.ids:
                    continue
                made.ids.add(ont)
                if not out:
                    made.stale.add(ont)
                of_ont[ont] = (*of_ont[ont], alarm_id) if ont in of_ont else mine
        return made

    def back(self, alarm_id: str, cause: Concluded) -> int:
        """Number of ONTs of a conclusion that are not out."""
        made = self.of(alarm_id, cause)
        symptoms = self._state.symptoms
        for ont in made.stale:
            if any(says_out(symptoms, each) for each in evidence_at(self._state, ont)):
                made.back.discard(ont)
            else:
                made.back.add(ont)
        made.stale.clear()
        return len(made.back)

    def _let_go(self, alarm_id: str, made: _Made) -> None:
        del self._made[alarm_id]
        for ont in made.ids:
            left = tuple(each for each in self._of_ont[ont] if each != alarm_id)
            if left:
                self._of_ont[ont] = left
            else:
                del self._of_ont[ont]


def members_of(state: State, alarm_id: str, cause: Concluded) -> set[str]:
    """The ONTs of a conclusion. Only to be read."""
    return state.view(MembersView).of(alarm_id, cause).ids


def back_of(draft: Draft, alarm_id: str, cause: Concluded) -> int:
    """Number of ONTs of a conclusion that were not out before the draft."""
    return draft.state.view(MembersView).back(alarm_id, cause)


def add(state: State, alarm_id: str, cause: Concluded) -> None:
    """Remember a conclusion that was drawn from ONTs that are out."""
    state.memory(PonMemory).add(alarm_id, cause)
    state.view(MembersView).of(alarm_id, cause, out=True)


def extend(state: State, alarm_id: str, ports: list[str], members: list[str]) -> None:
    """Remember more ports, and ONTs that are out, of a conclusion."""
    memory = state.memory(PonMemory)
    memory.extend(alarm_id, ports, members)
    state.view(MembersView).of(alarm_id, memory.causes[alarm_id], out=True)

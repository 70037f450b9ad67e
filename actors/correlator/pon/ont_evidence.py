"""What is known against the ONTs of a port or an area, kept from look to look.

A look costs what has changed since the last one: only those ONTs are asked after of which something was heard. All of it
follows from the State, so it is not saved.
"""

from collections import Counter
from collections.abc import Collection, Iterable, Mapping
from typing import NamedTuple

from actors.correlator.draft import Draft
from actors.correlator.plant.power_area import AREA
from actors.correlator.pon.cause import Evidence
from actors.correlator.pon.gather import against, as_of, heard_of, tenant_of
from actors.correlator.pon.memory import PonMemory
from actors.correlator.state import State
from actors.correlator.strategies.symptoms import Symptoms
from protocols.alarm import Alarm

_KEY = "pon heard"

ByCause = Mapping[str | None, Collection[str]]
"""ONTs that are out, by the id of the alarm that explains them; None: nothing does yet."""


class OntEvidence:
    """``out``: the ONTs that are out; ``by_cause``: the same, of a port; ``several``: of those that say so in several ways.
    ``others``: ONTs that say something else of their light. ``sizes``: how many ONTs there are of each tenant's OLTs, of an
    area. Brought up to date by :meth:`ask`; to be read only."""

    __slots__ = ("_causes", "_elsewhere", "_stale", "by_cause", "onts", "others", "out", "several", "sizes")

    def __init__(self, draft: Draft, onts: Iterable[str], port: str = "") -> None:
        plant = draft.state.plant
        self.onts = tuple(onts)
        self.sizes = Counter(tenant_of(draft, ont) for ont in self.onts) if not port else Counter()
        self.out: dict[str, Evidence] = {}
        self.by_cause: dict[str | None, set[str]] = {}
        self._causes: dict[str, str | None] = {}
        self.several: set[str] = set()
        self.others: dict[str, None] = {}
        self._stale = dict.fromkeys(self.onts)
        # What has a second way up is heard of at one of its ports alone.
        self._elsewhere = [ont for ont in self.onts if plant.pon_of(ont) != port] if port else []

    def of(self, ont: str) -> None:
        """Something was heard of this ONT."""
        self._stale[ont] = None

    def ask(self, draft: Draft, memory: PonMemory) -> "OntEvidence":
        """Ask after those of whom something was heard."""
        unsure: dict[str, None] = {}
        out, others = False, False
        symptoms = draft.state.symptoms
        for ont in (*self._stale, *self._elsewhere):
            alarms = heard_of(draft, ont)
            found = against(symptoms, ont, alarms, memory)
            if found is None:
                self._not_out(ont)
            else:
                out |= ont not in self.out
                self._is_out(found, draft.alarm(found.alarms[0]).parent_alarm_id)
                if ont not in memory.onset:
                    unsure[ont] = None  # since when it is out moves with each repeat, which nobody is shown
            if any(_tells_more(symptoms, each) for each in alarms):
                others |= ont not in self.others
                self.others[ont] = None
            else:
                self.others.pop(ont, None)
        self._stale = unsure
        # In the order of the topology, however it came about.
        if out:
            self.out = {ont: self.out[ont] for ont in self.onts if ont in self.out}
        if others:
            self.others = {ont: None for ont in self.onts if ont in self.others}
        return self

    def by_cause_now(self, draft: Draft, out: Mapping[str, Evidence]) -> ByCause:
        """``by_cause`` as it is with what the draft has done since; ``out`` is all of it or a part."""
        if out is self.out and draft.untouched:
            return self.by_cause
        found: dict[str | None, list[str]] = {}
        for ont, each in out.items():
            found.setdefault(draft.alarm(each.alarms[0]).parent_alarm_id, []).append(ont)
        return found

    def explain(self, ont: str, alarm_id: str, cause: str | None) -> None:
        """An alarm of this ONT was attached to a cause, or let go of."""
        found = self.out.get(ont)
        if found is not None and found.alarms[0] == alarm_id:
            self._file(ont, cause)

    def _is_out(self, found: Evidence, cause: str | None) -> None:
        self.out[found.ont] = found
        self._file(found.ont, cause)
        if len(found.alarms) > 1:
            self.several.add(found.ont)
        else:
            self.several.discard(found.ont)

    def _not_out(self, ont: str) -> None:
        if self.out.pop(ont, None) is not None:
            self._unfile(ont)
            self.several.discard(ont)

    def _file(self, ont: str, cause: str | None) -> None:
        if ont in self._causes:
            if self._causes[ont] == cause:
                return
            self._unfile(ont)
        self._causes[ont] = cause
        self.by_cause.setdefault(cause, set()).add(ont)

    def _unfile(self, ont: str) -> None:
        cause = self._causes.pop(ont)
        mine = self.by_cause[cause]
        mine.discard(ont)
        if not mine:
            del self.by_cause[cause]


def _tells_more(symptoms: Symptoms, alarm: Alarm) -> bool:
    """Whether an ONT's alarm says something of its light other than that it is out."""
    traits = symptoms.get(alarm.alarm_type)
    return traits is not None and (traits.degraded or traits.disturbs or traits.rogue)


class _Kept(NamedTuple):
    """By port, and by ``area:NAME``, as of a topology and its default tenant."""

    as_of: tuple[int, str]
    by_subject: dict[str, OntEvidence]


def note_ont(draft: Draft, subject: str, ont: str) -> None:
    """An ONT of this port or area went out or came back, or says so in another way."""
    known = _kept_of(draft, subject)
    if known is not None:
        known.of(ont)


def note_explained(draft: Draft, port: str, alarm: Alarm) -> None:
    """An alarm of an ONT of this port was attached to a cause, or let go of."""
    known = _kept_of(draft, port)
    if known is not None:
        known.explain(alarm.resource_id, alarm.id, alarm.parent_alarm_id)


def _kept_of(draft: Draft, subject: str) -> OntEvidence | None:
    kept: _Kept | None = draft.state.derived.get(_KEY)
    return kept.by_subject.get(subject) if kept is not None else None


def forget(state: State) -> None:
    """What was not shown to the strategies may be missing: ask after every ONT anew."""
    state.derived.pop(_KEY, None)


def evidence_of(draft: Draft, memory: PonMemory, subject: str) -> OntEvidence:
    """What is known now of the ONTs of a port or an area."""
    state = draft.state
    kept: _Kept | None = state.derived.get(_KEY)
    if kept is None or kept.as_of != as_of(state):
        kept = state.derived[_KEY] = _Kept(as_of(state), {})
    known = kept.by_subject.get(subject)
    if known is None:
        plant = state.plant
        if subject.startswith(AREA):
            onts = (each for each in plant.area(subject.removeprefix(AREA)) if plant.nodes[each].type == "ont")
            known = OntEvidence(draft, onts)
        else:
            known = OntEvidence(draft, plant.onts_below(subject), subject)
        kept.by_subject[subject] = known
    return known.ask(draft, memory)

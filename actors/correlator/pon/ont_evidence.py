"""The evidence about the ONTs of a port or an area, kept from one inspection to the next.

The cost of an inspection depends on what has changed: only the alarms of ONTs that raised or cleared one are read. The evidence
follows from the State, so it is not saved.
"""

from collections import Counter
from collections.abc import Collection, Iterable, Mapping

from actors.correlator.draft import Draft
from actors.correlator.plant.power_area import AREA
from actors.correlator.pon.cause import Evidence
from actors.correlator.pon.gather import against, evidence_at, tenant_of
from actors.correlator.pon.memory import PonMemory
from actors.correlator.state import DerivedView, State
from actors.correlator.strategies.symptoms import Symptoms
from protocols.alarm import Alarm

ByCause = Mapping[str | None, Collection[str]]
"""ONTs that are out, by the id of the alarm that explains them; None: nothing does yet."""


class OntEvidence:
    """``out``: the ONTs that are out; ``by_cause``: the same by cause, of a port; ``several``: ONTs with several such alarms.
    ``others``: ONTs with other alarms about their light. ``sizes``: of an area, the number of ONTs by tenant.
    :meth:`ask` updates them. Only to be read."""

    __slots__ = ("_causes", "_elsewhere", "_stale", "by_cause", "onts", "others", "out", "several", "sizes")

    def __init__(self, state: State, onts: Iterable[str], port: str = "") -> None:
        plant = state.plant
        self.onts = tuple(onts)
        self.sizes = Counter(tenant_of(state, ont) for ont in self.onts) if not port else Counter()
        self.out: dict[str, Evidence] = {}
        self.by_cause: dict[str | None, set[str]] = {}
        self._causes: dict[str, str | None] = {}
        self.several: set[str] = set()
        self.others: dict[str, None] = {}
        self._stale = dict.fromkeys(self.onts)
        # Evidence about an ONT with two ways up is kept at one of its ports alone.
        self._elsewhere = [ont for ont in self.onts if plant.pon_of(ont) != port] if port else []

    def mark(self, ont: str) -> None:
        """Note that an alarm of this ONT was raised or cleared."""
        self._stale[ont] = None

    def ask(self, state: State, memory: PonMemory) -> "OntEvidence":
        """Read the alarms of the ONTs that were marked."""
        unsure: dict[str, None] = {}
        out, others = False, False
        symptoms = state.symptoms
        for ont in (*self._stale, *self._elsewhere):
            alarms = evidence_at(state, ont)
            found = against(symptoms, ont, alarms, memory)
            if found is None:
                self._not_out(ont)
            else:
                out |= ont not in self.out
                self._is_out(found, state.alarms[found.alarms[0]].parent_alarm_id)
                if ont not in memory.onset:
                    unsure[ont] = None  # the time since when it is out moves with each repeat, and views do not see repeats
            if any(_tells_more(symptoms, each) for each in alarms):
                others |= ont not in self.others
                self.others[ont] = None
            else:
                self.others.pop(ont, None)
        self._stale = unsure
        # In the order of the topology, whatever the order of the alarms.
        if out:
            self.out = {ont: self.out[ont] for ont in self.onts if ont in self.out}
        if others:
            self.others = {ont: None for ont in self.onts if ont in self.others}
        return self

    def by_cause_now(self, draft: Draft, out: Mapping[str, Evidence]) -> ByCause:
        """``by_cause`` with the changes of the draft. ``out`` is all of it or a part."""
        if out is self.out and draft.untouched:
            return self.by_cause
        found: dict[str | None, list[str]] = {}
        for ont, each in out.items():
            found.setdefault(draft.alarm(each.alarms[0]).parent_alarm_id, []).append(ont)
        return found

    def explain(self, ont: str, alarm_id: str, cause: str | None) -> None:
        """An alarm of this ONT was attached to a cause, or detached."""
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
    """True when an ONT's alarm reports its optical signal otherwise than as lost."""
    traits = symptoms.get(alarm.alarm_type)
    return traits is not None and (traits.degraded or traits.disturbs or traits.rogue)


class EvidenceView(DerivedView):
    """The evidence of each port and each ``area:NAME`` that was inspected."""

    of_configuration = True
    of_alarms = True

    def __init__(self, state: State) -> None:
        self._state = state
        self._by_subject: dict[str, OntEvidence] = {}

    def changed(self, alarm: Alarm, *, moved: bool) -> None:
        if not self._by_subject or alarm.alarm_type not in self._state.symptoms:
            return
        ont, plant = alarm.resource_id, self._state.plant
        port = plant.pon_of(ont)
        known = self._by_subject.get(port) if port is not None else None
        if moved:
            if known is not None:
                known.mark(ont)
            node = plant.nodes.get(ont)
            area = self._by_subject.get(AREA + node.area) if node is not None and node.area else None
            if area is not None:
                area.mark(ont)
        elif known is not None:
            known.explain(ont, alarm.id, alarm.parent_alarm_id)

    def of(self, memory: PonMemory, subject: str) -> OntEvidence:
        """The evidence of a port or an area, up to date."""
        known = self._by_subject.get(subject)
        if known is None:
            plant = self._state.plant
            if subject.startswith(AREA):
                onts = (each for each in plant.area(subject.removeprefix(AREA)) if plant.nodes[each].type == "ont")
                known = OntEvidence(self._state, onts)
            else:
                known = OntEvidence(self._state, plant.onts_below(subject), subject)
            self._by_subject[subject] = known
        return known.ask(self._state, memory)


def evidence_of(draft: Draft, memory: PonMemory, subject: str) -> OntEvidence:
    """The evidence of a port or an area, as it was before the draft."""
    return draft.state.view(EvidenceView).of(memory, subject)

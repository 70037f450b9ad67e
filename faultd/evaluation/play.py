"""A case through the real stages, in virtual time, and the notes from which its outcome is made."""

from collections.abc import Iterator

from actors.poller.settings import PollerSettings
from faultd.evaluation.cases import Case
from faultd.evaluation.inputs import CaseStep, case_steps, moment, profiles
from faultd.evaluation.knowable import Knowable, PollFindings, true_faults
from faultd.evaluation.outcome import CaseOutcome, Conclusion, OpenAlarm, SentPage
from faultd.evaluation.places import CausePlaces
from faultd.evaluation.polls import CasePolls
from faultd.evaluation.score import SAY_IT
from faultd.pipe import Stages
from faultd.simulator.agents.plant_agents import PlantAgents
from faultd.simulator.plan import Datagram, simulate
from faultd.simulator.scenarios import Scenario, Script
from protocols.alarm import Alarm
from protocols.change import AlarmChanged, AlarmRepeated, Answer, Change, NotificationRequested
from protocols.event import Event
from protocols.poll.contact import PollMissed
from protocols.poll.part_states import unpack_states
from protocols.poll.request import PollRequested
from protocols.poll.states import PolledStates

LEDGER = "00000000-0000-4000-8000-000000000000"
FOUND = ": found by poll"
"""In the reason of what a read of states raises: a report of the device, and no conclusion."""
RECOVERY = 30.0
"""Seconds for which ONTs are still coming up after a fault."""


class Played:
    """A case while and after it is played: the stages, and the notes from which its :class:`CaseOutcome` is made."""

    def __init__(self, case: Case) -> None:
        self.case = case
        self.plan = simulate(case.plant, _scenario(case), case.options)
        self.places = CausePlaces(case.plant, self.plan.dark)
        self.stages = Stages(LEDGER)
        self.state = self.stages.state
        self._truth = true_faults(case, self.plan)
        self._offset = 0
        self._alarms: dict[str, Alarm] = {}
        self._reported: dict[str, set[str]] = {}
        self._inferred: set[str] = set()
        self._roots: dict[str, tuple[float, str, str]] = {}
        self._conclusions: list[Conclusion] = []
        self._pages: list[SentPage] = []
        self._children: dict[str, set[str]] = {}
        self._raised = self._raised_then = 0
        self._verdict: tuple[OpenAlarm, ...] | None = None
        self._polls = _polls(case) if case.polls else None
        self._findings = PollFindings() if case.polls else None
        self.state.use_profiles(*profiles())

    def events(self) -> Iterator[CaseStep]:
        """The fold's input, each item with its second."""
        return case_steps(self.case, self.plan, self._polls)

    def run(self) -> CaseOutcome:
        """Everything, and what came of it."""
        for at, event, datagram in self.events():
            self.step(at, event, datagram)
        return self.finish()

    def step(self, at: float, event: Event, datagram: Datagram | None) -> list[Change]:
        """Fold one of :meth:`events`; the verdict is taken when its time has come."""
        if self._verdict is None and at > self.case.verdict:
            self._verdict = self.standing()
            self._raised_then = self._raised
        return self._feed(at, event, datagram)

    def finish(self) -> CaseOutcome:
        """The outcome, once all Events are folded."""
        left = tuple(each.alarm_id for each in self.standing() if each.inferred and not each.parent)
        for alarm_id in list(self._roots):
            self._end_root(alarm_id, float("inf"))
        standing = self._verdict or ()
        named = {each.place for each in self._conclusions} | {each.place for each in self._pages}
        named |= {each.place for each in standing}
        knowable = Knowable(self.case, self.plan, self._truth, self.places, self._findings)
        return CaseOutcome(
            faults=tuple(knowable.heard(each) for each in self._truth),
            verdict=self.case.verdict,
            conclusions=tuple(self._conclusions),
            standing=standing,
            pages=tuple(self._pages),
            onts={place: onts for place in sorted(named) if (onts := self.places.onts(place))},
            alarms=self._raised_then,
            left=left,
            traps=len(self.plan.datagrams),
            quiet=self.case.condition.window,
        )

    def alarm(self, alarm_id: str) -> Alarm | None:
        """An alarm as it was last seen."""
        return self._alarms.get(alarm_id)

    def standing(self) -> tuple[OpenAlarm, ...]:
        """The open alarms now, faultd's own left out."""
        return tuple(
            OpenAlarm(
                alarm_id=alarm.id,
                alarm_type=alarm.alarm_type,
                place=alarm.resource_id,
                parent=alarm.parent_alarm_id or "",
                root=_is_root(alarm),
                inferred=alarm.id in self._inferred,
                confidence=alarm.metadata.get("confidence"),
                faults=self._faults_of(alarm),
            )
            for alarm in self.state.alarms.values()
            if alarm.cleared_at is None and alarm.source != "system"
        )

    def _feed(self, at: float, event: Event, datagram: Datagram | None) -> list[Change]:
        self._offset += 1
        self._note_polls(at, event)
        changes = self.stages.fold(self._offset, moment(at), event)
        for change in changes:
            if self._polls is not None and isinstance(change, PollRequested):
                self._polls.request(at, change)
            if isinstance(change, AlarmChanged):
                self._note(at, change, datagram)
            elif isinstance(change, AlarmRepeated) and datagram is not None and datagram.fault:
                self._reported.setdefault(change.id, set()).add(datagram.fault)
            elif isinstance(change, Answer) and change.refusals:
                raise AssertionError(f"{self.case.id}: {change.refusals[0].text}")
            elif isinstance(change, NotificationRequested) and change.kind in ("raised", "flapping"):
                self._page(at, change)
        return changes

    def _note(self, at: float, change: AlarmChanged, datagram: Datagram | None) -> None:
        alarm = change.alarm
        if alarm.source == "system":
            return
        if alarm.id not in self._alarms:
            if change.entries[0].actor.startswith("faultd:") and FOUND not in change.entries[0].text:
                self._inferred.add(alarm.id)
            else:
                self._raised += 1
        self._alarms[alarm.id] = alarm
        told = any(each.actor.startswith("device:") for each in change.entries)
        if told and alarm.cleared_at is None and datagram is not None and datagram.fault:
            self._reported.setdefault(alarm.id, set()).add(datagram.fault)
        if alarm.cleared_at is None and any(FOUND in each.text and each.action == "raised" for each in change.entries):
            self._reported.setdefault(alarm.id, set()).update(self._true_causes(alarm.resource_id, at))
        if alarm.parent_alarm_id is not None:
            self._children.setdefault(alarm.parent_alarm_id, set()).update(self._faults_of(alarm))
        root = alarm.cleared_at is None and alarm.parent_alarm_id is None and _is_root(alarm)
        known = self._roots.get(alarm.id)
        if known is not None and (not root or known[1:] != (alarm.alarm_type, alarm.resource_id)):
            self._end_root(alarm.id, at)
            known = None
        if root and known is None:
            self._roots[alarm.id] = (at, alarm.alarm_type, alarm.resource_id)

    def _end_root(self, alarm_id: str, at: float) -> None:
        since, alarm_type, place = self._roots.pop(alarm_id)
        children = frozenset(self._children.get(alarm_id, ()))
        self._conclusions.append(
            Conclusion(alarm_id=alarm_id, alarm_type=alarm_type, place=place, since=since, until=at, children=children)
        )

    def _page(self, at: float, notice: NotificationRequested) -> None:
        alarm = self._alarms.get(notice.alarm_id)
        if alarm is not None and at >= 0.0 and alarm.resource_id not in self.plan.dark:
            self._pages.append(
                SentPage(
                    at=at,
                    alarm_id=alarm.id,
                    alarm_type=alarm.alarm_type,
                    place=alarm.resource_id,
                    inferred=alarm.id in self._inferred,
                    confidence=alarm.metadata.get("confidence"),
                    lost_return=self._returned_unheard(alarm.resource_id, at),
                    faults=self._faults_of(alarm),
                )
            )

    def _returned_unheard(self, ont: str, at: float) -> bool:
        """True for an ONT whose OLT has reported its return, when none of those traps has arrived."""
        if ont not in self.case.plant.onts or self._polls is not None:
            return False
        arrived = [each for each in self.plan.datagrams if each.report.resource == ont and each.at <= at]
        if not arrived or not arrived[-1].report.raised:
            return False
        sent = (each for each in self.plan.emissions if each.report.resource == ont and arrived[-1].at < each.at <= at)
        return any(not each.report.raised for each in sent)

    def _faults_of(self, alarm: Alarm) -> frozenset[str]:
        """The faults whose traps raised the alarm. An ONT or a port that several faults darkened together belongs to each of
        them."""
        if alarm.id in self._inferred:
            return frozenset()
        told = self._reported.get(alarm.id, set())
        below = self.places.onts(alarm.resource_id) if told else frozenset()
        return frozenset(told | {each.id for each in self._truth if below & each.onts})

    def _true_causes(self, place: str, at: float) -> Iterator[str]:
        """The faults that have to do with what a read finds down at that second."""
        onts = self.places.onts(place)
        for each in self._truth:
            if each.start <= at < each.end + RECOVERY and (onts & each.onts or f"{place}/".startswith(f"{each.place}/")):
                yield each.id

    def _note_polls(self, at: float, event: Event) -> None:
        """Remember what polls show of the faults, until the verdict."""
        findings = self._findings
        if findings is None or at > self.case.verdict:
            return
        if isinstance(event, PollMissed) and event.misses >= event.needed:
            findings.silent.setdefault(event.device, at)
        elif isinstance(event, PolledStates):
            for part in unpack_states(event.states):
                if part.kind == "ont" and part.state == "down":
                    findings.down.setdefault(f"{event.device}/{part.position}", (at, part.cause))


def _polls(case: Case) -> CasePolls:
    settings = PollerSettings(interval_seconds=case.polls)
    return CasePolls(
        case.plant,
        PlantAgents(case.plant, _scenario(case), case.options),
        settings,
        moment,
        seed=case.id,
        loss=case.options.loss,
    )


def _is_root(alarm: Alarm) -> bool:
    return alarm.is_root_cause or alarm.alarm_type in SAY_IT


def _scenario(case: Case) -> Scenario:
    script = Script((*case.faults, *case.background), noise=case.condition.noise)
    return Scenario(case.id, "", case.options.duration or 0.0, lambda _plant, _rng, _duration: script)


def play(case: Case) -> CaseOutcome:
    """Run a case from beginning to end."""
    return Played(case).run()

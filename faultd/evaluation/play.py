"""A case through the real stages, in virtual time: traps as the wire carries them, a tick every second, and the Events of the
pollers where there are any."""

import heapq
from collections import Counter
from collections.abc import Iterator
from datetime import datetime, timedelta
from functools import lru_cache
from math import ceil
from random import Random

import msgspec

from actors.correlator.profiles import Translator, compile
from actors.correlator.settings import CorrelatorSettings
from actors.poller.settings import PollerSettings
from faultd.config import Config
from faultd.evaluation.cases import LENGTH, VERDICT, Case
from faultd.evaluation.outcome import CaseOutcome, Conclusion, OpenAlarm, SentPage, TrueFault
from faultd.evaluation.places import AREA, CausePlaces
from faultd.evaluation.polls import CasePolls
from faultd.evaluation.score import SAY_IT
from faultd.inputs import read_profiles, read_rules
from faultd.pipe import Stages
from faultd.simulator.agents.plant_agents import PlantAgents
from faultd.simulator.fault import Fault, dependents, element_of
from faultd.simulator.optics import installed, jitter
from faultd.simulator.plan import Datagram, simulate
from faultd.simulator.plan import SimulationPlan as Simulated
from faultd.simulator.plant import SimulatedPlant
from faultd.simulator.report import What
from faultd.simulator.scenarios import Scenario, Script
from faultd.simulator.simulation import EPOCH
from faultd.simulator.topology import topology_nodes
from protocols.alarm import Alarm
from protocols.change import AlarmChanged, AlarmRepeated, Answer, Change, NotificationRequested
from protocols.command import Command, PutWindow
from protocols.event import Event, NetworkEvent, PolicyLoaded, ProfilesLoaded, RulesLoaded, Tick, TopologyLoaded, Trap
from protocols.maintenance import WindowPlan as Window
from protocols.maintenance import WindowScope
from protocols.optical_power import Measurement
from protocols.poll.contact import PollMissed
from protocols.poll.part_states import unpack_states
from protocols.poll.request import PollRequested
from protocols.poll.states import DownCause, PolledStates
from protocols.principal import Principal
from protocols.snmp.message import decode
from protocols.topology import Node

LEDGER = "00000000-0000-4000-8000-000000000000"


_PLANNER = Principal("planner", "operator")
FOUND = ": found by poll"
"""In the reason of what a read of states raises: a report of the device, and no conclusion."""
SILENCING = ("olt_power", "olt_unreachable", "uplinks_down")
"""Faults that a poller sees as an OLT that does not answer."""
RECOVERY = 30.0
"""Seconds for which ONTs are still coming up after a fault."""


@lru_cache(maxsize=1)
def _profiles() -> tuple[ProfilesLoaded, Translator]:
    """The shipped profiles; compiled once for all cases of a process."""
    profiles = read_profiles(Config())
    return ProfilesLoaded("shipped", profiles), compile(profiles)


@lru_cache(maxsize=1)
def _rules() -> RulesLoaded:
    return read_rules(Config())


_plants: list[tuple[SimulatedPlant, tuple[Node, ...]]] = []


def _nodes(plant: SimulatedPlant) -> tuple[Node, ...]:
    """The topology of the plant that was asked for last is kept: cases come plant by plant."""
    if not _plants or _plants[0][0] is not plant:
        _plants[:] = [(plant, tuple(topology_nodes(plant)))]
    return _plants[0][1]


CaseStep = tuple[float, Event, Datagram | None]
"""A second, what is folded then, and the datagram that it is of."""


class Played:
    """A case while and after it is played: the stages, and the notes from which its :class:`CaseOutcome` is made."""

    def __init__(self, case: Case) -> None:
        self.case = case
        self.places = CausePlaces(case.plant)
        self.plan = simulate(case.plant, _scenario(case), case.options)
        self.stages = Stages(LEDGER)
        self.state = self.stages.state
        self._truth = [_true_fault(case, fault, self.places) for fault in (*case.faults, *case.background, *_noise(self.plan))]
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
        self._found_down: dict[str, tuple[float, DownCause]] = {}
        """ONTs that a read found down: since when, and why."""
        self._silent: dict[str, float] = {}
        """OLTs that missed as many polls as are needed, and when."""
        profiles, translator = _profiles()
        self.state.use_profiles(profiles, translator)

    def events(self) -> Iterator[CaseStep]:
        """The fold's input, each item with its second."""
        settings = CorrelatorSettings()
        case = self.case
        yield 0.0, PolicyLoaded("evaluation", msgspec.msgpack.encode(settings)), None
        yield 0.0, TopologyLoaded("evaluation", _nodes(case.plant)), None
        yield 0.0, _rules(), None
        if case.condition.window:
            yield 0.0, Command(_PLANNER, PutWindow(self._window())), None
        ticks: Iterator[CaseStep] = ((float(second), Tick(), None) for second in range(1, int(LENGTH) + 1))
        traps = ((each.at, self._trap(each), each) for each in self.plan.datagrams if each.at <= LENGTH)
        readings = ((ceil(at), event, None) for at in case.readings for event in self._read(at))
        for at, event, datagram in heapq.merge(ticks, readings, traps, key=lambda each: each[0]):
            if self._polls is not None:
                yield from ((polled, found, None) for polled, found in self._polls.until(at))
            yield at, event, datagram

    def run(self) -> CaseOutcome:
        """Everything, and what came of it."""
        for at, event, datagram in self.events():
            self.step(at, event, datagram)
        return self.finish()

    def step(self, at: float, event: Event, datagram: Datagram | None) -> list[Change]:
        """Fold one of :meth:`events`; the verdict is taken when its time has come."""
        if self._verdict is None and at > VERDICT:
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
        return CaseOutcome(
            faults=tuple(self._heard(each) for each in self._truth),
            verdict=VERDICT,
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

    def _window(self) -> Window:
        """Over the OLTs of all scored faults, and what hangs below them."""
        wanted = {fault.id for fault in self.case.faults}
        olts = dict.fromkeys(olt for each in self.plan.faults if each.id in wanted for olt in each.olts)
        return Window(
            title="work",
            tenant_id="default",
            scope=WindowScope(subtrees=tuple(olts or self.case.plant.olts)),
            start=moment(2.0),
            end=moment(LENGTH + 3600.0),
        )

    def _read(self, at: float) -> Iterator[NetworkEvent]:
        """A poller's readings of the optical power of all ONTs on ports with a bent fibre. As many readings as traps are
        lost."""
        plant, seed = self.case.plant, self.case.options.seed
        rng = Random(f"readings/{self.case.id}/{at}")
        bends = [each for each in self.case.faults if each.kind == "bend"]
        for pon in dict.fromkeys(plant.splitters[each.target].pon for each in bends):
            for ont in plant.pons[pon].onts:
                if rng.random() < self.case.options.loss:
                    continue
                lost = sum(
                    each.depth for each in bends if each.start <= at < (each.end or LENGTH) and ont in plant.below[each.target]
                )
                dbm = round(installed(seed, ont) - lost + jitter(seed, ont, at), 2)
                yield NetworkEvent(
                    type="optical.measured",
                    tenant_id="default",
                    resource_type="ont",
                    resource_id=ont,
                    light=(Measurement("ont_rx", dbm),),
                    reported_by="poller",
                )

    def _trap(self, datagram: Datagram) -> Trap:
        key = f"{datagram.source}/{datagram.inform}" if datagram.inform else ""
        return Trap(datagram.source, moment(datagram.at), decode(datagram.payload), key)

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
        if alarm is not None:
            faults = frozenset() if alarm.id in self._inferred else self._faults_of(alarm)
            self._pages.append(
                SentPage(at=at, alarm_id=alarm.id, alarm_type=alarm.alarm_type, place=alarm.resource_id, faults=faults)
            )

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
        if at > VERDICT:
            return
        if isinstance(event, PollMissed) and event.misses >= event.needed:
            self._silent.setdefault(event.device, at)
        elif isinstance(event, PolledStates):
            for part in unpack_states(event.states):
                if part.kind == "ont" and part.state == "down":
                    self._found_down.setdefault(f"{event.device}/{part.position}", (at, part.cause))

    def _heard(self, fault: TrueFault) -> TrueFault:
        """The fault with what arrived of it, and what polls found of it, up to the verdict."""
        arrived = [
            each
            for each in self.plan.datagrams
            if each.fault == fault.id and each.at <= VERDICT and not each.copy and each.report.raised
        ]
        arrived = [each for each in arrived if each.report.what != "cold_start"]
        read = [at for at in self.case.readings if fault.kind == "bend" and at > fault.start]
        gasps = {each.report.resource for each in arrived if each.report.what == "ont_dying_gasp"}
        resources = [each.report.resource for each in arrived]
        if self._polls is not None:
            silent = self._silent.get(fault.place, -1.0)
            if fault.kind in SILENCING and silent >= fault.start:
                return msgspec.structs.replace(fault, last_trap=max((silent, *(each.at for each in arrived))))
            reported = set(resources)
            for ont in fault.onts:
                at, cause = self._found_down.get(ont, (-1.0, ""))
                if at >= fault.start and ont not in reported:
                    resources.append(ont)
                    read.append(at)
                    gasps |= {ont} if cause == "dying_gasp" else set()
        return msgspec.structs.replace(
            fault,
            last_trap=max((*read, *(each.at for each in arrived)), default=fault.start),
            gasped=bool(gasps),
            unheard=self._unheard(fault, resources, gasps, {each.report.what for each in arrived}),
        )

    def _unheard(self, fault: TrueFault, resources: list[str], gasps: set[str], said: set[What]) -> str:
        times = Counter(resources)
        turns = [ont for ont in fault.onts if times[ont] > 1]
        if not resources:
            return "no trap of it arrived"
        match fault.kind:
            case "area_outage":
                return "" if len(gasps) >= min(2, len(fault.onts)) else "not even two dying gasps arrived"
            case "ont_power" | "ont_reboot":
                return "" if gasps else "its dying gasp did not arrive"
            case "uplink_down" | "uplinks_down":
                return ""
            case "rogue_unnamed":
                if "ont_dfi" in said or len(turns) >= 3:
                    return ""
                return "neither did three of its siblings come and go, nor its OLT say that an ONT does not obey"
            case "rogue_ont":
                return "" if said & {"ont_rogue", "pon_rogue"} else "its OLT did not say that an ONT sends out of turn"
        if any(each is not fault and each.scored and each.onts & fault.onts for each in self._truth):
            # The port fell silent for both together: it says nothing of where this one is.
            resources = [each for each in resources if each not in self.case.plant.pons]
        covered = self.places.cover(resources)
        if covered != fault.onts:
            return "what arrived is what a smaller failure would have sent"
        return ""


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


def moment(second: float) -> datetime:
    """A second of a case as the time that the ledger would stamp."""
    return EPOCH + timedelta(seconds=second)


def _scenario(case: Case) -> Scenario:
    script = Script((*case.faults, *case.background), noise=case.condition.noise)
    return Scenario(case.id, "", case.options.duration or 0.0, lambda _plant, _rng, _duration: script)


def _noise(plan: Simulated) -> Iterator[Fault]:
    """Everyday faults added by the simulator."""
    for each in plan.faults:
        if each.id.startswith("reboot-"):
            yield Fault(id=each.id, kind="ont_reboot", target=each.root, start=each.start, end=each.end)


def _true_fault(case: Case, fault: Fault, places: CausePlaces) -> TrueFault:
    onts = frozenset(dependents(case.plant, element_of(case.plant, fault)))
    return TrueFault(
        id=fault.id,
        kind=fault.kind,
        place=f"{AREA}{fault.target}" if fault.kind == "area_outage" else fault.target,
        also=case.plant.onts[fault.target].pon if fault.kind in ("rogue_ont", "rogue_unnamed") else "",
        onts=onts,
        start=fault.start,
        end=fault.end or LENGTH,
        scored=fault in case.faults,
    )


def play(case: Case) -> CaseOutcome:
    """Run a case from beginning to end."""
    return Played(case).run()

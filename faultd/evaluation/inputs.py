"""The input of the fold in a case: policy, topology, rules and window, then traps, readings, polls and a tick every second."""

import heapq
from collections.abc import Iterator
from datetime import datetime, timedelta
from functools import lru_cache
from math import ceil
from random import Random

import msgspec

from actors.correlator.profiles import Translator, compile
from actors.correlator.settings import CorrelatorSettings
from faultd.config import Config
from faultd.evaluation.cases import Case
from faultd.evaluation.polls import CasePolls
from faultd.inputs import read_profiles, read_rules
from faultd.simulator.optics import installed, jitter
from faultd.simulator.plan import Datagram, SimulationPlan
from faultd.simulator.plant import SimulatedPlant
from faultd.simulator.records import RecordErrors
from faultd.simulator.simulation import EPOCH
from faultd.simulator.topology import topology_nodes
from protocols.command import Command, PutWindow
from protocols.event import Event, NetworkEvent, PolicyLoaded, ProfilesLoaded, RulesLoaded, Tick, TopologyLoaded, Trap
from protocols.maintenance import WindowPlan, WindowScope
from protocols.optical_power import Measurement
from protocols.principal import Principal
from protocols.snmp.message import decode
from protocols.topology import Node

BEFORE_TICKS = (1.0, 3.0, 60.0, 600.0)
"""Seconds after each trap from before the case at which the fold gets a tick: it settles, and holds run out."""
CaseStep = tuple[float, Event, Datagram | None]
"""The second of an Event, the Event, and the datagram from which it comes, if any."""
_PLANNER = Principal("planner", "operator")


def moment(second: float) -> datetime:
    """A second of a case as the time that the ledger would stamp."""
    return EPOCH + timedelta(seconds=second)


@lru_cache(maxsize=1)
def profiles() -> tuple[ProfilesLoaded, Translator]:
    """The shipped profiles; compiled once for all cases of a process."""
    loaded = read_profiles(Config())
    return ProfilesLoaded("shipped", loaded), compile(loaded)


@lru_cache(maxsize=1)
def _rules() -> RulesLoaded:
    return read_rules(Config())


_topologies: list[tuple[SimulatedPlant, RecordErrors, bool, tuple[Node, ...]]] = []


def _nodes(case: Case) -> tuple[Node, ...]:
    """The topology as the operator's records have it. The latest is kept, since cases come plant by plant."""
    key = (case.plant, case.errors, case.areas)
    if not _topologies or any(mine is not theirs for mine, theirs in zip(key, _topologies[0], strict=False)):
        nodes = topology_nodes(case.plant, errors=case.errors)
        _topologies[:] = [(*key, tuple(nodes if case.areas else (msgspec.structs.replace(each, area="") for each in nodes)))]
    return _topologies[0][3]


def case_steps(case: Case, plan: SimulationPlan, polls: CasePolls | None) -> Iterator[CaseStep]:
    """The fold's input in the order of time. ``polls`` is asked before each step, so that a request for a read that the step
    before caused is answered."""
    first = min((0.0, *(each.at - 1.0 for each in plan.before)))
    yield first, PolicyLoaded("evaluation", msgspec.msgpack.encode(CorrelatorSettings())), None
    yield first, TopologyLoaded("evaluation", _nodes(case)), None
    yield first, _rules(), None
    for each in plan.before:
        yield each.at, _trap(each), each
        yield from ((each.at + after, Tick(), None) for after in BEFORE_TICKS if each.at + after < 0.0)
    if case.condition.window:
        yield 0.0, Command(_PLANNER, PutWindow(_window(case, plan))), None
    ticks: Iterator[CaseStep] = ((float(second), Tick(), None) for second in range(1, int(case.length) + 1))
    traps: Iterator[CaseStep] = ((each.at, _trap(each), each) for each in plan.datagrams if each.at <= case.length)
    readings: Iterator[CaseStep] = ((ceil(at), event, None) for at in case.readings for event in _read(case, at))
    for at, event, datagram in heapq.merge(ticks, readings, traps, key=lambda each: each[0]):
        if polls is not None:
            yield from ((polled, found, None) for polled, found in polls.until(at))
        yield at, event, datagram


def _window(case: Case, plan: SimulationPlan) -> WindowPlan:
    """A maintenance window over the OLTs of all scored faults and everything below them."""
    wanted = {fault.id for fault in case.faults}
    olts = dict.fromkeys(olt for each in plan.faults if each.id in wanted for olt in each.olts)
    return WindowPlan(
        title="work",
        tenant_id="default",
        scope=WindowScope(subtrees=tuple(olts or case.plant.olts)),
        start=moment(2.0),
        end=moment(case.length + 3600.0),
    )


def _read(case: Case, at: float) -> Iterator[NetworkEvent]:
    """A poller's readings of the optical power of all ONTs on ports with a bent fibre. As many readings as traps are lost."""
    plant, seed = case.plant, case.options.seed
    rng = Random(f"readings/{case.id}/{at}")
    bends = [each for each in case.faults if each.kind == "bend"]
    for pon in dict.fromkeys(plant.splitters[each.target].pon for each in bends):
        for ont in plant.pons[pon].onts:
            if rng.random() < case.options.loss:
                continue
            lost = sum(
                each.depth for each in bends if each.start <= at < (each.end or case.length) and ont in plant.below[each.target]
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


def _trap(datagram: Datagram) -> Trap:
    key = f"{datagram.source}/{datagram.inform}" if datagram.inform else ""
    return Trap(datagram.source, moment(datagram.at), decode(datagram.payload), key)

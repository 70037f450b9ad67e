"""From a scenario to a plan: every datagram with its time, source and bytes, and the truth behind them."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from random import Random

from msgspec import Struct, structs

from faultd.simulator.agent import BootRecord
from faultd.simulator.breakage import Breakage, affected, breakages, last_end
from faultd.simulator.emission import Emission
from faultd.simulator.errors import SpecError
from faultd.simulator.fault import Fault, dependents
from faultd.simulator.mess import Mess, dark_since_long, habits_of
from faultd.simulator.plant import SimulatedPlant
from faultd.simulator.records import NO_ERRORS, RecordErrors, draw_errors
from faultd.simulator.report import Observation
from faultd.simulator.scenarios import Scenario, everyday
from faultd.simulator.simulation import EPOCH, Simulation
from faultd.simulator.timing import Timing
from faultd.simulator.truth import DarkPart, FaultTruth, TrapCount
from faultd.simulator.wire import encode
from protocols.snmp.notification import Notification


class Options(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Parameters of a scenario. Probabilities are per trap, 0 to 1, drawn from ``seed``."""

    seed: int = 1
    duration: float | None = None
    """Seconds of the simulation; None: as long as the scenario usually takes. Repairs due later still happen."""
    loss: float = 0.0
    duplicate: float = 0.0
    reorder: float = 0.0
    reorder_delay: float = 2.0
    """A reordered trap arrives up to this many seconds late."""
    skew: float = 0.0
    """Each device's clock is wrong by a constant of its own, up to this many seconds either way."""
    noise: float | None = None
    """Everyday events per OLT and minute; None: what the scenario says."""
    mess: Mess = Mess()
    """How far the plant is from the tidy world. What concerns its fibres is part of the plant, see
    :func:`~faultd.simulator.mess.shaped`."""
    start: datetime = EPOCH
    """The time on the devices' clocks at the beginning."""


class Datagram(Struct, frozen=True, kw_only=True):
    """Bytes that leave ``source`` at ``at`` seconds. ``inform`` is the request id that must be answered, 0 for a trap."""

    at: float
    source: str
    olt: str
    payload: bytes
    notification: Notification
    report: Observation
    """The OLTs' observations, before they are put into a vendor's form."""
    fault: str = ""
    inform: int = 0
    copy: bool = False


class SimulationPlan(Struct, frozen=True, kw_only=True):
    """A finished simulation: datagrams in the order of their times, and what really happened."""

    plant: SimulatedPlant
    duration: float
    datagrams: Sequence[Datagram]
    faults: Sequence[FaultTruth]
    emissions: Sequence[Emission]
    totals: TrapCount
    boots: Mapping[str, BootRecord] = {}
    """The latest start of each OLT at the end."""
    dark: Mapping[str, bool] = {}
    """ONTs that were dark before second 0; True for those whose alarms were sent then."""
    before: Sequence[Datagram] = ()
    """What was sent before second 0, hours apart: the alarms of ``dark``. The times are negative."""
    errors: RecordErrors = NO_ERRORS
    """Where the records that an operator has are not the plant."""


def simulate(
    plant: SimulatedPlant,
    scenario: Scenario,
    options: Options | None = None,
    *,
    timing: Timing | None = None,
    boots: Mapping[str, BootRecord] | None = None,
) -> SimulationPlan:
    """Play ``scenario`` on ``plant``. Pure: the same arguments give the same bytes. ``boots`` has the latest start of each OLT
    before it; None: drawn from the seed. Raises SpecError for an option out of range."""
    options = options or Options()
    simulation, faults = prepare(plant, scenario, options, timing=timing, boots=boots)
    emissions = simulation.run()
    duration = scenario.duration if options.duration is None else options.duration
    plan = _deliver(plant, emissions, faults, duration, options)
    return structs.replace(
        plan,
        boots={olt: agent.boot_record for olt, agent in simulation.agents.items()},
        dark=dark_since_long(plant, options.mess, options.seed),
        errors=draw_errors(plant, options.mess, options.seed),
        before=[_datagram(plant, each, each.at, copy=False) for each in simulation.before],
    )


def prepare(
    plant: SimulatedPlant,
    scenario: Scenario,
    options: Options,
    *,
    timing: Timing | None = None,
    boots: Mapping[str, BootRecord] | None = None,
) -> tuple[Simulation, list[Fault]]:
    """The simulation of ``scenario`` before its first second, and its faults in the order of their start. Arguments and errors
    as of :func:`simulate`."""
    _check(options)
    duration = scenario.duration if options.duration is None else options.duration
    rng = Random(f"scenario/{options.seed}")
    script = scenario.script(plant, rng, duration)
    simulation = Simulation(
        plant,
        seed=options.seed,
        start=options.start,
        skew=options.skew,
        timing=timing,
        boots=boots,
        habits=habits_of(plant, options.mess, options.seed),
        dark=dark_since_long(plant, options.mess, options.seed),
    )
    faults = list(script.faults)
    noise = script.noise if options.noise is None else options.noise
    if noise > 0:
        reboots, said = everyday(plant, rng, duration, noise)
        faults.extend(reboots)
        for each in said:
            simulation.say(each.at, each.olt, (each.report,))
    faults.sort(key=lambda fault: (fault.start, fault.id))
    for fault in faults:
        simulation.add(fault)
    return simulation, faults


def _deliver(
    plant: SimulatedPlant, emissions: list[Emission], faults: list[Fault], duration: float, options: Options
) -> SimulationPlan:
    """The network's effect on the traps: some are lost, some arrive twice or late."""
    rng = Random(f"network/{options.seed}")
    counts: dict[str, TrapCount] = {fault.id: TrapCount() for fault in faults}
    totals = TrapCount()
    datagrams: list[Datagram] = []
    for emission in emissions:
        report = emission.report
        name = report.what if report.raised else f"{report.what} clear"
        booked = [totals] if not emission.fault else [totals, counts[emission.fault]]
        lost, twice, late = (rng.random() < odds for odds in (options.loss, options.duplicate, options.reorder))
        delay, gap = rng.uniform(0.05, 1.0) * options.reorder_delay, rng.uniform(0.001, 0.5)
        for count in booked:
            count.emitted += 1
            count.by_report[name] = count.by_report.get(name, 0) + 1
            if lost or emission.unreachable:
                count.lost += 1
                continue
            count.sent += 1
            count.duplicated += twice
            count.reordered += late
        if lost or emission.unreachable:
            continue
        datagram = _datagram(plant, emission, emission.at + (delay if late else 0.0), copy=False)
        datagrams.append(datagram)
        if twice:
            datagrams.append(_datagram(plant, emission, datagram.at + gap, copy=True))
    datagrams.sort(key=lambda datagram: datagram.at)
    truth = [_truth(plant, fault, counts[fault.id]) for fault in faults]
    return SimulationPlan(plant=plant, duration=duration, datagrams=datagrams, faults=truth, emissions=emissions, totals=totals)


def _datagram(plant: SimulatedPlant, emission: Emission, at: float, *, copy: bool) -> Datagram:
    notification = emission.notification
    return Datagram(
        at=at,
        source=plant.olts[emission.olt].address,
        olt=emission.olt,
        payload=encode(notification),
        notification=notification,
        report=emission.report,
        fault=emission.fault,
        inform=notification.request_id if notification.kind == "inform" else 0,
        copy=copy,
    )


def _truth(plant: SimulatedPlant, fault: Fault, traps: TrapCount) -> FaultTruth:
    found = breakages(plant, fault)
    onts = affected(plant, fault)
    olts = dict.fromkeys(plant.pons[plant.onts[ont].pon].olt for ont in onts) or {found[0].element.id: None}
    periods = sorted({(each.begin, each.end) for each in found}, key=lambda each: each[0])
    return FaultTruth(
        id=fault.id,
        kind=fault.kind,
        root=fault.target,
        start=fault.start,
        end=last_end(found),
        olts=tuple(olts),
        affected_onts=onts,
        affected_customers=tuple(plant.onts[ont].customer_id for ont in onts),
        traps=traps,
        parts=()
        if len(periods) < 2
        else tuple(
            DarkPart(begin, end, _below(plant, [each for each in found if (each.begin, each.end) == (begin, end)]))
            for begin, end in periods
        ),
    )


def _below(plant: SimulatedPlant, found: Sequence[Breakage]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(ont for each in found for ont in dependents(plant, each.element)))


def _check(options: Options) -> None:
    for name in ("loss", "duplicate", "reorder"):
        value: float = getattr(options, name)
        if not 0 <= value <= 1:
            raise SpecError(name, value, "a probability is 0 to 1")
    for name in ("duration", "noise", "reorder_delay", "skew"):
        limit: float | None = getattr(options, name)
        if limit is not None and not 0 <= limit <= 366 * 86400:
            raise SpecError(name, limit, "must be 0 to a year of seconds")

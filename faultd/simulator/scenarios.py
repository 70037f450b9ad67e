"""Scenarios by name: which faults happen when, and how much everyday noise goes with them."""

from collections.abc import Callable
from random import Random

from msgspec import Struct

from faultd.simulator.errors import UnknownScenario
from faultd.simulator.fault import Fault, Kind
from faultd.simulator.plant import SimulatedPlant
from faultd.simulator.report import Observation


class Utterance(Struct, frozen=True):
    """Something that an OLT reports at ``at`` seconds and that has no physics behind it."""

    at: float
    olt: str
    report: Observation


class Script(Struct, frozen=True):
    """The faults of a simulation. ``noise`` is everyday events per OLT and minute."""

    faults: tuple[Fault, ...]
    noise: float = 0.0


class Scenario(Struct, frozen=True):
    """``duration`` is the usual length in seconds; ``script`` is given the plant, a seeded generator and the length."""

    name: str
    help: str
    duration: float
    script: Callable[[SimulatedPlant, Random, float], Script]


def scenario(name: str) -> Scenario:
    """The scenario of this name. Raises UnknownScenario naming those that there are."""
    if (found := SCENARIOS.get(name)) is None:
        raise UnknownScenario(name, tuple(SCENARIOS))
    return found


def everyday(
    plant: SimulatedPlant, rng: Random, duration: float, rate: float
) -> tuple[tuple[Fault, ...], tuple[Utterance, ...]]:
    """Background of a normal day: logins, configuration changes, customers' LAN ports, single ONT reboots, and the
    keep-alives of ZTE. ``rate`` is events per OLT and minute."""
    faults: list[Fault] = []
    said: list[Utterance] = []
    onts = {olt: tuple(plant.onts_of_olt(olt)) for olt in plant.olts}
    for olt in plant.olts.values():
        at = rng.expovariate(rate / 60)
        while at < duration:
            ont = rng.choice(onts[olt.id])
            match rng.choices(("login", "config", "uni", "ont_reboot"), (2, 2, 5, 1))[0]:
                case "uni":
                    said.append(Utterance(at, olt.id, Observation("uni", ont)))
                    said.append(Utterance(at + rng.uniform(1, 30), olt.id, Observation("uni", ont, raised=False)))
                case "ont_reboot":
                    fault_id = f"reboot-{len(faults) + 1:04d}"
                    faults.append(Fault(id=fault_id, kind="ont_reboot", target=ont, start=at, end=at + rng.uniform(3, 10)))
                case "login":
                    said.append(Utterance(at, olt.id, Observation("login", olt.id)))
                case _:
                    said.append(Utterance(at, olt.id, Observation("config", olt.id)))
            at += rng.expovariate(rate / 60)
        hello = rng.uniform(0, 120)
        while hello < duration and olt.vendor == "zte":
            said.append(Utterance(hello, olt.id, Observation("heartbeat", olt.id)))
            hello += 120.0
    return tuple(faults), tuple(sorted(said, key=lambda each: each.at))


def _single(kind: Kind) -> Callable[[SimulatedPlant, Random, float], Script]:
    """One fault of this kind, from 5 s on, repaired when 60 % of the time is over."""

    def script(plant: SimulatedPlant, rng: Random, duration: float) -> Script:
        flapping = kind == "ont_flapping"
        start = min(5.0, duration * 0.1)
        fault = Fault(
            id="fault-1",
            kind=kind,
            target=pick(plant, rng, kind),
            start=start,
            end=duration * (0.8 if flapping else 0.6),
            period=24.0 if flapping else 0.0,
        )
        return Script((fault,))

    return script


def pick(plant: SimulatedPlant, rng: Random, kind: Kind) -> str:
    """A target that the plant has for a fault of this kind."""
    match kind:
        case "feeder_cut":
            return rng.choice(tuple(plant.pons))
        case "distribution_cut":
            return rng.choice([leaf for leaf, splitter in plant.splitters.items() if splitter.above in plant.splitters])
        case "bend":
            return rng.choice([leaf for leaf, splitter in plant.splitters.items() if splitter.above in plant.splitters])
        case "card_failure":
            return rng.choice(tuple(plant.cards))
        case "area_outage":
            return rng.choice(tuple(plant.areas))
        case "olt_power" | "olt_unreachable" | "uplink_down" | "uplinks_down":
            return rng.choice(tuple(plant.olts))
        case _:
            return rng.choice(tuple(plant.onts))


def _quiet(plant: SimulatedPlant, rng: Random, duration: float) -> Script:
    return Script((), noise=2.0)


_DEMO: tuple[tuple[Kind, float, float], ...] = (
    ("feeder_cut", 0.04, 0.34),
    ("ont_flapping", 0.10, 0.90),
    ("distribution_cut", 0.18, 0.48),
    ("area_outage", 0.30, 0.50),
    ("drop_cut", 0.38, 0.70),
    ("card_failure", 0.44, 0.62),
    ("uplink_down", 0.52, 0.60),
    ("olt_power", 0.66, 0.78),
)


def _demo(plant: SimulatedPlant, rng: Random, duration: float) -> Script:
    faults = tuple(
        Fault(
            id=f"fault-{number}",
            kind=kind,
            target=pick(plant, rng, kind),
            start=duration * begin,
            end=duration * end,
            period=24.0 if kind == "ont_flapping" else 0.0,
        )
        for number, (kind, begin, end) in enumerate(_DEMO, 1)
    )
    return Script(faults, noise=1.0)


def _combined(plant: SimulatedPlant, rng: Random, duration: float) -> Script:
    """A feeder cut under an area outage that includes ONTs of the same port."""
    pon = pick(plant, rng, "feeder_cut")
    area = plant.onts[plant.pons[pon].onts[0]].area
    return Script(
        (
            Fault(id="fault-1", kind="area_outage", target=area, start=duration * 0.05, end=duration * 0.5),
            Fault(id="fault-2", kind="feeder_cut", target=pon, start=duration * 0.2, end=duration * 0.65),
        )
    )


def _unreachable(plant: SimulatedPlant, rng: Random, duration: float) -> Script:
    """The cut happens and is reported in vain; its repair is reported when the way is open again."""
    pon = pick(plant, rng, "feeder_cut")
    return Script(
        (
            Fault(id="fault-1", kind="olt_unreachable", target=plant.pons[pon].olt, start=duration * 0.1, end=duration * 0.5),
            Fault(id="fault-2", kind="feeder_cut", target=pon, start=duration * 0.2, end=duration * 0.6),
        )
    )


SCENARIOS: dict[str, Scenario] = {
    each.name: each
    for each in (
        Scenario("feeder-cut", "A feeder fibre is cut: every ONT of one PON port loses signal.", 60.0, _single("feeder_cut")),
        Scenario(
            "distribution-cut",
            "The fibre to one second-level splitter is cut: its ONTs lose signal, the other ONTs of the port work.",
            60.0,
            _single("distribution_cut"),
        ),
        Scenario("drop-cut", "One customer's drop fibre is cut.", 60.0, _single("drop_cut")),
        Scenario("ont-power", "One customer loses mains: a dying gasp, then no more reports.", 60.0, _single("ont_power")),
        Scenario("card-failure", "A PON card fails and is replaced.", 90.0, _single("card_failure")),
        Scenario(
            "olt-power",
            "An OLT loses power: it sends nothing, then a cold start, and every ONT registers again.",
            120.0,
            _single("olt_power"),
        ),
        Scenario("olt-unreachable", "An OLT's traps do not arrive for a while, in which a feeder is cut.", 60.0, _unreachable),
        Scenario("uplink-down", "One of an OLT's two uplinks goes down.", 60.0, _single("uplink_down")),
        Scenario(
            "uplinks-down",
            "The fibre with both uplinks of an OLT is cut: one trap arrives, then none.",
            60.0,
            _single("uplinks_down"),
        ),
        Scenario(
            "bend", "A bent distribution fibre: the ONTs behind it receive less light, and none is lost.", 60.0, _single("bend")
        ),
        Scenario(
            "rogue-ont", "One ONT sends without end: the OLT receives none of the other ONTs.", 60.0, _single("rogue_ont")
        ),
        Scenario(
            "rogue-unnamed",
            "One ONT sends out of turn now and then: the others of its port come and go, and no OLT names the rogue ONT.",
            90.0,
            _single("rogue_unnamed"),
        ),
        Scenario("area-outage", "A power area loses mains: its ONTs send dying gasps.", 90.0, _single("area_outage")),
        Scenario(
            "flapping-ont", "A bad connector: one ONT loses and regains signal over and over.", 300.0, _single("ont_flapping")
        ),
        Scenario("cut-in-outage", "A feeder is cut while part of its customers have no mains.", 120.0, _combined),
        Scenario("quiet-day", "Nothing is wrong: logins, changes, LAN ports, single ONT reboots.", 600.0, _quiet),
        Scenario("demo", "All of it in turn, with repairs and background noise.", 300.0, _demo),
    )
}

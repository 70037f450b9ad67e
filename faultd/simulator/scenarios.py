"""Scenarios by name: which faults happen when, and how much everyday noise goes with them."""

from collections.abc import Callable, Sequence
from random import Random

from msgspec import Struct

from faultd.simulator.errors import UnknownResource, UnknownScenario
from faultd.simulator.fault import Fault, Kind
from faultd.simulator.messy_faults import as_usual, bouncing, leaving_some, second_cut
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
        return Script((as_usual(rng, fault),))

    return script


def pick(plant: SimulatedPlant, rng: Random, kind: Kind) -> str:
    """A target that the plant has for a fault of this kind. Raises UnknownResource when it has none."""
    targets = _targets(plant, kind)
    if not targets:
        raise UnknownResource(kind, "any")
    return rng.choice(targets)


def _targets(plant: SimulatedPlant, kind: Kind) -> Sequence[str]:
    match kind:
        case "distribution_cut" | "bend":
            return [leaf for leaf, splitter in plant.splitters.items() if splitter.above in plant.splitters]
        case "trunk_cut":
            cables = [card.id for card in plant.cards.values() if len(card.pons) > 1]
            return (*plant.trunks, *cables)
        case "street_outage":
            return tuple(plant.streets)
        case "feeder_cut" | "port_shutdown" | "firmware_upgrade" | "reboot_trickle" | "drop_trickle":
            return tuple(plant.pons)
        case "card_failure" | "card_reset":
            return tuple(plant.cards)
        case "area_outage":
            return tuple(plant.areas)
        case "olt_power" | "olt_reboot" | "nightly_reboots" | "olt_unreachable" | "uplink_down" | "uplinks_down":
            return tuple(plant.olts)
        case _:
            return tuple(plant.onts)


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


def _bouncing(plant: SimulatedPlant, rng: Random, duration: float) -> Script:
    """A distribution fibre that is cut and then spliced, with light that comes and goes meanwhile."""
    leg = pick(plant, rng, "distribution_cut")
    cut = Fault(id="fault-1", kind="distribution_cut", target=leg, start=5.0, end=duration * 0.8)
    return Script((bouncing(rng, cut),))


def _leftovers(plant: SimulatedPlant, rng: Random, duration: float) -> Script:
    """A cut feeder is spliced, but not all fibres behind it; the others follow later."""
    cut = Fault(id="fault-1", kind="feeder_cut", target=pick(plant, rng, "feeder_cut"), start=5.0, end=duration * 0.4)
    return Script((leaving_some(rng, cut, duration * 0.4),))


def _cut_beside_outage(plant: SimulatedPlant, rng: Random, duration: float) -> Script:
    """A street loses mains; 3 s later a leg beside it is cut."""
    for street in rng.sample(list(plant.streets), len(plant.streets)):
        outage = Fault(id="fault-1", kind="street_outage", target=street, start=5.0, end=duration * 0.6)
        cut = second_cut(plant, rng, outage, "fault-2")
        if cut is not None:
            return Script((outage, cut))
    raise UnknownResource("distribution_cut", "a leg beside a street")


_MESSY_DAY: tuple[tuple[Kind, float, float], ...] = (
    ("drop_trickle", 0.02, 0.10),
    ("trunk_cut", 0.10, 0.30),
    ("street_outage", 0.20, 0.45),
    ("firmware_upgrade", 0.42, 0.56),
    ("port_shutdown", 0.48, 0.60),
    ("card_reset", 0.58, 0.62),
    ("nightly_reboots", 0.66, 0.80),
    ("distribution_cut", 0.72, 0.92),
    ("olt_reboot", 0.84, 0.88),
)


def _messy_day(plant: SimulatedPlant, rng: Random, duration: float) -> Script:
    faults: list[Fault] = []
    for number, (kind, begin, end) in enumerate(_MESSY_DAY, 1):
        drawn = Fault(
            id=f"fault-{number}", kind=kind, target=pick(plant, rng, kind), start=duration * begin, end=duration * end
        )
        faults.append(bouncing(rng, drawn) if kind == "distribution_cut" else as_usual(rng, drawn))
    return Script(tuple(faults), noise=1.0)


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
        Scenario("trunk-cut", "A cable with the feeders of several PON ports is dug up.", 90.0, _single("trunk_cut")),
        Scenario(
            "street-outage",
            "A street loses mains and gets it back in parts: some of it minutes later.",
            300.0,
            _single("street_outage"),
        ),
        Scenario(
            "firmware-upgrade",
            "The ONTs of a PON port restart with new firmware, one after the other.",
            120.0,
            _single("firmware_upgrade"),
        ),
        Scenario(
            "nightly-reboots", "ONTs of an OLT restart within minutes, as every night.", 180.0, _single("nightly_reboots")
        ),
        Scenario("reboot-trickle", "ONTs of a PON port restart, one every 2 to 5 s.", 120.0, _single("reboot_trickle")),
        Scenario("drop-trickle", "ONTs of a PON port lose their light, one every 2 to 5 s.", 120.0, _single("drop_trickle")),
        Scenario("port-shutdown", "An operator switches a PON port off, and on again.", 60.0, _single("port_shutdown")),
        Scenario("card-reset", "An operator resets a PON card.", 90.0, _single("card_reset")),
        Scenario("olt-reboot", "An operator restarts an OLT.", 90.0, _single("olt_reboot")),
        Scenario("bouncing-repair", "A cut fibre is spliced: for a minute its light comes and goes.", 180.0, _bouncing),
        Scenario("leftovers", "A cut feeder is spliced, and some of its ONTs stay dark.", 120.0, _leftovers),
        Scenario("cut-beside-outage", "A street loses mains, and 3 s later a leg beside it is cut.", 120.0, _cut_beside_outage),
        Scenario("messy-day", "What the tidy scenarios leave out, in turn: play it with --messy.", 600.0, _messy_day),
        Scenario("quiet-day", "Nothing is wrong: logins, changes, LAN ports, single ONT reboots.", 600.0, _quiet),
        Scenario("demo", "All of it in turn, with repairs and background noise.", 300.0, _demo),
    )
}

"""The faults of a case, and whether what arrived of a fault by the verdict can reveal it."""

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence

import msgspec

from faultd.evaluation.cases import Case
from faultd.evaluation.messy import HARMLESS
from faultd.evaluation.outcome import TrueFault
from faultd.evaluation.places import AREA, CausePlaces
from faultd.simulator.breakage import affected, breakages, last_end
from faultd.simulator.fault import Fault
from faultd.simulator.habits import NO_PORT_LOS
from faultd.simulator.plan import SimulationPlan
from faultd.simulator.plant import SimulatedPlant
from faultd.simulator.report import What
from protocols.poll.states import DownCause

SILENCING = ("olt_power", "olt_unreachable", "uplinks_down")
"""Faults that a poller sees as an OLT that does not answer."""


NO_CARDS = "its OLT reports neither cards nor ports: a failed card and a cut of all its feeders look the same"


class PollFindings(msgspec.Struct):
    """The findings of polls up to the verdict. ``down``: ONTs that a read found down, with the second and the cause in the
    table. ``silent``: OLTs that missed as many polls as are needed, with the second."""

    down: dict[str, tuple[float, DownCause]] = {}
    silent: dict[str, float] = {}


def true_faults(case: Case, plan: SimulationPlan) -> list[TrueFault]:
    """All faults of a case: the scored ones, its background, and the reboots that the simulator's noise added."""
    return [_true_fault(case, plan, fault) for fault in (*case.faults, *case.background, *_noise(plan))]


def _noise(plan: SimulationPlan) -> Iterator[Fault]:
    for each in plan.faults:
        if each.id.startswith("reboot-"):
            yield Fault(id=each.id, kind="ont_reboot", target=each.root, start=each.start, end=each.end)


def _true_fault(case: Case, plan: SimulationPlan, fault: Fault) -> TrueFault:
    plant = case.plant
    onts = frozenset(affected(plant, fault)).difference(plan.dark)
    feeders = (plant.trunks.get(fault.target) or plant.cards[fault.target].pons) if fault.kind == "trunk_cut" else ()
    street = fault.kind == "street_outage"
    unrecorded = street or (fault.kind == "area_outage" and not case.areas)
    also: tuple[str, ...] = ()
    if fault.kind in ("rogue_ont", "rogue_unnamed"):
        also = (plant.onts[fault.target].pon,)
    elif feeders or unrecorded:
        also = _common(plant, onts)
    if street and case.areas:
        also += (f"{AREA}{fault.target.partition('/')[0]}",)
    return TrueFault(
        id=fault.id,
        kind=fault.kind,
        place=f"{AREA}{fault.target}" if fault.kind == "area_outage" else fault.target,
        also=also,
        onts=onts,
        parts=tuple(frozenset(plant.pons[pon].onts).difference(plan.dark) for pon in feeders),
        unrecorded=unrecorded,
        harmless=fault.kind in HARMLESS,
        misrecorded=onts.intersection(case.errors.wrong),
        start=fault.start,
        end=last_end(breakages(plant, fault)) or case.length,
        scored=fault in case.faults,
    )


def _common(plant: SimulatedPlant, onts: frozenset[str]) -> tuple[str, ...]:
    """The lowest node above all of these ONTs, on each OLT, and those with the same ONTs below them."""
    places = CausePlaces(plant)
    by_olt: dict[str, list[str]] = {}
    for ont in sorted(onts):
        by_olt.setdefault(plant.pons[plant.onts[ont].pon].olt, []).append(ont)
    return tuple(place for each in by_olt.values() for place in places.lowest(each))


class Knowable:
    """Judges the faults of one case by the traps and polls that arrived up to its verdict."""

    def __init__(
        self, case: Case, plan: SimulationPlan, truth: Sequence[TrueFault], places: CausePlaces, polls: PollFindings | None
    ) -> None:
        """``polls``: None where nobody polls."""
        self._case, self._plan, self._truth, self._places, self._polls = case, plan, truth, places, polls

    def heard(self, fault: TrueFault) -> TrueFault:
        """The fault with the time of its last trap and, where what arrived cannot reveal it, the reason."""
        case = self._case
        arrived = [
            each
            for each in self._plan.datagrams
            if each.fault == fault.id and each.at <= case.verdict and not each.copy and each.report.raised
        ]
        said = {each.report.what for each in arrived}
        if fault.harmless:
            return msgspec.structs.replace(fault, unheard=_unheard_harmless(fault, said))
        arrived = [each for each in arrived if each.report.what != "cold_start"]
        read = [at for at in case.readings if fault.kind == "bend" and at > fault.start]
        gasps = {each.report.resource for each in arrived if each.report.what == "ont_dying_gasp"}
        resources = [each.report.resource for each in arrived]
        if self._polls is not None:
            silent = self._polls.silent.get(fault.place, -1.0)
            if fault.kind in SILENCING and silent >= fault.start:
                return msgspec.structs.replace(fault, last_trap=max((silent, *(each.at for each in arrived))))
            found = self._found_down(fault, self._polls.down, set(resources))
            resources += [ont for ont, _, _ in found]
            read += [at for _, at, _ in found]
            gasps |= {ont for ont, _, cause in found if cause == "dying_gasp"}
        return msgspec.structs.replace(
            fault,
            last_trap=max((*read, *(each.at for each in arrived)), default=fault.start),
            gasped=bool(gasps),
            unheard=self._unheard(fault, resources, gasps, said),
        )

    def _found_down(
        self, fault: TrueFault, down: Mapping[str, tuple[float, DownCause]], reported: set[str]
    ) -> list[tuple[str, float, DownCause]]:
        """ONTs of the fault that a read found down and no trap reported, with the second and the cause."""
        found = [(ont, *down[ont]) for ont in sorted(fault.onts) if ont in down and ont not in reported]
        return [each for each in found if each[1] >= fault.start]

    def _unheard(self, fault: TrueFault, resources: list[str], gasps: set[str], said: set[What]) -> str:
        times = Counter(resources)
        turns = [ont for ont in fault.onts if times[ont] > 1]
        if not resources:
            return "no trap of it arrived"
        match fault.kind:
            case "area_outage" | "street_outage":
                return "" if len(gasps) >= min(2, len(fault.onts)) else "not even two dying gasps arrived"
            case "ont_power" | "ont_reboot":
                return "" if gasps else "its dying gasp did not arrive"
            case "uplink_down" | "uplinks_down":
                return ""
            case "card_failure" if "ont_los" in said and not self._tells_cards(fault):
                return NO_CARDS
            case "rogue_unnamed":
                if "ont_dfi" in said or len(turns) >= 3:
                    return ""
                return "neither did three of its siblings come and go, nor its OLT say that an ONT does not obey"
            case "rogue_ont":
                return "" if said & {"ont_rogue", "pon_rogue"} else "its OLT did not say that an ONT sends out of turn"
        if fault.parts:
            return self._unheard_trunk(fault, resources)
        if any(each.id != fault.id and each.scored and each.onts & fault.onts for each in self._truth):
            # The port fell silent for both together: it says nothing of where this one is.
            resources = [each for each in resources if each not in self._case.plant.pons]
        if self._places.cover(resources) != fault.onts:
            return "what arrived is what a smaller failure would have sent"
        return ""

    def _unheard_trunk(self, fault: TrueFault, resources: list[str]) -> str:
        """A trunk is known when each of its feeders is; one with all feeders of a card, when its OLT reports cards, too."""
        whole = any(place in self._case.plant.cards and self._places.onts(place) == fault.onts for place in fault.also)
        if whole and not self._tells_cards(fault):
            return NO_CARDS
        for part in fault.parts:
            own = [each for each in resources if self._places.onts(each) & part]
            if part and self._places.cover(own) != part:
                return "what arrived of one of its feeders is what a smaller failure would have sent"
        return ""

    def _tells_cards(self, fault: TrueFault) -> bool:
        plant = self._case.plant
        olts = {plant.pons[plant.onts[ont].pon].olt for ont in fault.onts}
        return all(plant.olts[olt].vendor not in NO_PORT_LOS for olt in olts)


def _unheard_harmless(fault: TrueFault, said: set[What]) -> str:
    """The reason for which nobody can see that nothing is broken; empty where it can be seen."""
    if fault.kind == "port_shutdown" and "port_shutdown" not in said:
        return "it did not arrive that an operator switched the port off"
    if fault.kind == "olt_reboot" and "cold_start" not in said:
        return "it did not arrive that the OLT has started"
    return ""

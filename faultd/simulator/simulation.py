"""The plant in time: a discrete event simulation of physics, of what each OLT notices, and of what it says.

Virtual time in seconds from 0; nothing here reads a clock. Here things break and are repaired; ``watch.py`` and
``equipment.py`` notice what comes of it, and ``agent.py`` says it.
"""

from collections.abc import Iterable, Mapping
from datetime import UTC, datetime
from functools import partial
from random import Random
from typing import Literal

from faultd.simulator.agenda import Agenda
from faultd.simulator.agent import Agent, BootRecord
from faultd.simulator.breakage import breakages
from faultd.simulator.emission import Emission
from faultd.simulator.equipment import EquipmentWatch
from faultd.simulator.fault import Element, Fault, dependents
from faultd.simulator.habits import OltHabits
from faultd.simulator.optics import Optics
from faultd.simulator.physics import Physics
from faultd.simulator.plant import SimulatedPlant
from faultd.simulator.report import Observation
from faultd.simulator.timing import Timing
from faultd.simulator.watch import Watch

_LONG_AGO = (3_600.0, 80_000.0)
"""Seconds before second 0 at which ONTs went dark that are dark since long."""
EPOCH = datetime(2026, 1, 1, tzinfo=UTC)


class Simulation:
    """Add faults and utterances, then :meth:`run`. The same plant, seed and calls give the same emissions."""

    def __init__(
        self,
        plant: SimulatedPlant,
        *,
        seed: int = 0,
        start: datetime = EPOCH,
        skew: float = 0.0,
        timing: Timing | None = None,
        boots: Mapping[str, BootRecord] | None = None,
        habits: Mapping[str, OltHabits] | None = None,
        dark: Mapping[str, bool] | None = None,
    ) -> None:
        """``start`` is what the OLTs' clocks show at second 0, each wrong by up to ``skew`` seconds either way. ``boots``
        has the latest start of each OLT; None: drawn from ``seed``. ``habits`` has those of each OLT; None: of the tidy world.
        ``dark`` are ONTs that have been dark since before second 0; True: their alarms were sent then, see :attr:`before`."""
        self.plant = plant
        self.physics = Physics(plant)
        self.optics = Optics(plant, seed)
        self._timing = timing or Timing()
        self._rng = Random(f"simulation/{seed}")
        self._agenda = Agenda(self._rng)
        self._sent: list[Emission] = []
        habits = habits or dict.fromkeys(plant.olts, OltHabits())
        self.agents = {
            olt: Agent(
                plant,
                olt,
                physics=self.physics,
                agenda=self._agenda,
                sent=self._sent,
                seed=seed,
                start=start,
                skew=skew,
                pause=self._timing.trap,
                habits=habits[olt],
                booted=boots.get(olt) if boots else None,
            )
            for olt in plant.olts
        }
        self.watch = Watch(
            plant,
            physics=self.physics,
            optics=self.optics,
            agents=self.agents,
            agenda=self._agenda,
            timing=self._timing,
            rng=self._rng,
            seed=seed,
            habits=habits,
        )
        self.equipment = EquipmentWatch(
            plant,
            physics=self.physics,
            agents=self.agents,
            agenda=self._agenda,
            timing=self._timing,
            habits=habits,
            watch=self.watch,
        )
        self._depths: dict[str, float] = {}
        """Light that a bend will take, dB, by splitter; where it is not said, it is drawn."""
        if dark:
            self._darken(dark, Random(f"past/{seed}"))

    @property
    def before(self) -> list[Emission]:
        """What the OLTs sent before second 0, in the order of the times, which are negative."""
        return sorted((each for agent in self.agents.values() for each in agent.before), key=lambda each: each.at)

    @property
    def discarded(self) -> int:
        """Reports that an OLT had queued when it lost power."""
        return sum(agent.discarded for agent in self.agents.values())

    def add(self, fault: Fault) -> None:
        """Schedule a fault and its repair. Raises UnknownResource when its target does not exist."""
        found = breakages(self.plant, fault)
        if fault.depth:
            self._depths[found[0].element.id] = fault.depth
        for each in found:
            self._agenda.at(each.begin, partial(self.fail, each.element, fault.id, quiet=fault.quiet))
            if each.end is not None:
                self._agenda.at(each.end, partial(self.repair, each.element, fault.id))

    def say(self, at: float, olt: str, reports: Iterable[Observation]) -> None:
        """Have an OLT report something that has no physics: a login, a customer's LAN port."""
        for report in reports:
            self._agenda.at(at, partial(self.agents[olt].report, report, ""))

    def run(self, until: float | None = None) -> list[Emission]:
        """Everything sent up to ``until`` (None: until nothing more would happen), in the order of sending."""
        self._agenda.run(until)
        sent = list(self._sent)
        self._sent.clear()
        return sent

    @property
    def now(self) -> float:
        """The second up to which everything has happened."""
        return self._agenda.now

    def fail(self, element: Element, fault: str, *, quiet: bool = False) -> None:
        """Break ``element`` now; ``quiet``: by order, so that nothing of it says a last word."""
        loses_power = element.part in ("area", "ont")
        audible = {ont for ont in dependents(self.plant, element) if self.physics.heard(ont)} if loses_power else set()
        if not self.physics.fail(element, fault):
            return
        agenda, timing, watch = self._agenda, self._timing, self.watch
        match element.part:
            case "fibre" | "trunk":
                watch.lose_light(dependents(self.plant, element), fault)
            case "area" | "ont":
                watch.lose_power(dependents(self.plant, element), audible, fault, quiet=quiet)
            case "port":
                agenda.after(timing.uplink, partial(self.equipment.look_at_port, element.id, fault))
            case "card":
                self.equipment.lose_card(element.id, fault, quiet=quiet)
            case "olt":
                self.agents[element.id].die(fault, quiet=quiet)
            case "uplink":
                agenda.after(timing.uplink, partial(self.equipment.look_at_uplink, element.id, fault))
            case "uplinks":
                self.fail(Element("uplink", element.id), fault)
                agenda.after(timing.second_uplink, partial(self._lose_second_uplink, element.id, fault))
            case "bend":
                drawn = self._rng.uniform(6.0, 9.0)
                self.optics.bend(element.id, self._depths.get(element.id, drawn))
                watch.look_at_levels(element, fault)
            case "transmitter":
                watch.lose_light(dependents(self.plant, element), fault)
                agenda.after(timing.rogue, partial(watch.look_at_rogue, element.id, fault))
            case "babbler":
                for ont in dependents(self.plant, element):
                    agenda.after((0.0, timing.clear_air[1]), partial(self._babble, element, ont, fault))
                if self._rng.random() < timing.disobedience:
                    agenda.after(timing.disobeys, partial(watch.look_at_disobedience, element, fault))

    def repair(self, element: Element, fault: str) -> None:
        """End now what ``fault`` did to ``element``."""
        if not self.physics.restore(element, fault):
            return
        agenda, timing, watch = self._agenda, self._timing, self.watch
        match element.part:
            case "fibre" | "trunk":
                watch.look_at_onts(dependents(self.plant, element), fault, timing.ranging, timing.pon_return)
            case "area" | "ont":
                watch.look_at_onts(dependents(self.plant, element), fault, timing.ont_boot, timing.ont_boot)
            case "port":
                agenda.after(timing.uplink, partial(self.equipment.look_at_port, element.id, fault))
            case "card":
                agenda.after(timing.card_boot, partial(self.equipment.look_at_card, element.id, fault))
            case "olt":
                epoch = self.agents[element.id].epoch
                agenda.after(timing.olt_boot, partial(self.equipment.boot, element.id, epoch, fault))
            case "uplink":
                agenda.after(timing.uplink, partial(self.equipment.look_at_uplink, element.id, fault))
            case "uplinks":
                self.repair(Element("reach", element.id), fault)
                self.repair(Element("uplink", element.id), fault)
            case "bend":
                self.optics.straighten(element.id)
                watch.look_at_levels(element, fault)
            case "transmitter":
                watch.look_at_onts(dependents(self.plant, element), fault, timing.ranging, timing.pon_return)
                agenda.after(timing.uplink, partial(watch.look_at_rogue, element.id, fault))
            case "babbler":
                watch.look_at_disobedience(element, fault)

    def _darken(self, dark: Mapping[str, bool], rng: Random) -> None:
        """ONTs without power or light since hours or days, each since a time of its own."""
        for at, ont in sorted((-rng.uniform(*_LONG_AGO), ont) for ont in dark):
            pulled = rng.random() < 0.5
            alarm: Literal["ont_dying_gasp", "ont_los"] = "ont_dying_gasp" if pulled and self.watch.can_gasp(ont) else "ont_los"
            self.physics.fail(Element("ont" if pulled else "fibre", ont), "before")
            self.watch.begin_dark(ont, alarm if dark[ont] else "")
            if dark[ont]:
                agent = self.agents[self.plant.pons[self.plant.onts[ont].pon].olt]
                agent.report_before(at, Observation(alarm, ont))
                agent.report_before(at, Observation("ont_state", ont))

    def _babble(self, babbler: Element, ont: str, fault: str) -> None:
        """The babbler's bursts fall into this ONT's time slots for a while."""
        if self.physics.works(babbler):
            return
        self.physics.drown(ont, +1)
        self.watch.disturb(ont, fault)
        self._agenda.after(self._timing.loss, partial(self.watch.look_at_ont, ont, fault))
        self._agenda.after(self._timing.babble, partial(self._babbled, babbler, ont, fault))

    def _babbled(self, babbler: Element, ont: str, fault: str) -> None:
        self.physics.drown(ont, -1)
        self._agenda.after(self._timing.ranging, partial(self.watch.look_at_ont, ont, fault))
        self._agenda.after(self._timing.clear_air, partial(self._babble, babbler, ont, fault))

    def _lose_second_uplink(self, olt: str, fault: str) -> None:
        if not self.physics.works(Element("uplinks", olt)):
            self.fail(Element("reach", olt), fault)

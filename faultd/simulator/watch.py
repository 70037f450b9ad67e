"""The supervision in each OLT: it observes its ONTs and has its agent send traps.

At each check the OLT compares the signals that it receives with its last state. It misses interruptions shorter than its
detection time, as in the field. It follows G.984.3: after a dying gasp it reports no loss of signal for that ONT. Alarms from
before a power cycle are kept, and cleared once the fault is over.
"""

from collections.abc import Iterable, Mapping
from functools import partial
from random import Random
from typing import Literal

from msgspec import Struct

from faultd.simulator.agenda import Agenda
from faultd.simulator.agent import Agent
from faultd.simulator.fault import Element, dependents
from faultd.simulator.habits import OltHabits
from faultd.simulator.optics import LOWEST, Optics
from faultd.simulator.physics import Physics
from faultd.simulator.plant import SimulatedPlant
from faultd.simulator.report import Observation
from faultd.simulator.timing import Range, Timing

_RECENT = 5.0
"""ONTs that went away this many seconds ago still count as affected by their port's loss of signal."""

_JITTER = 0.3
"""By which the alarms of two ONTs that were lost together differ, where the OLT has a soak of its own."""
_LATE = (0.5, 4.0)
"""After the ONTs' alarms comes the port's, in OLTs that are late with it."""

_REPEATS = 12
"""Times that a dying gasp is repeated, where the OLT repeats it at all."""

Lost = Literal["", "ont_los", "ont_lof", "ont_dying_gasp"]
Disturbed = Literal["", "ont_degraded", "ont_dowi"]


class OntView(Struct):
    """The OLT's last state of an ONT. ``low`` is True when it reported a low receive level. ``cause`` is why it was lost the
    last time, also when it is back; ``lost``, ``gasped`` and ``back`` are the seconds of its latest loss, gasp and return,
    None before the first."""

    up: bool = True
    alarm: Lost = ""
    disturbed: Disturbed = ""
    since: float = -1e9
    low: bool = False
    cause: Lost = ""
    lost: float | None = None
    gasped: float | None = None
    back: float | None = None


class Watch:
    """The OLTs of a plant as they look at it. What happens is due to a fault, which reports bear the id of."""

    def __init__(
        self,
        plant: SimulatedPlant,
        *,
        physics: Physics,
        optics: Optics,
        agents: Mapping[str, Agent],
        agenda: Agenda,
        timing: Timing,
        rng: Random,
        seed: int = 0,
        habits: Mapping[str, OltHabits] | None = None,
    ) -> None:
        """``agents`` and ``habits`` by OLT, habits of the tidy world where None; ``seed`` decides which ONTs can send a dying
        gasp; ``rng`` decides what may come either way."""
        self._plant = plant
        self._physics = physics
        self._optics = optics
        self._agents = agents
        self._agenda = agenda
        self._timing = timing
        self._rng = rng
        self._seed = seed
        self._habits = habits or dict.fromkeys(plant.olts, OltHabits())
        self._onts = {ont: OntView() for ont in plant.onts}
        self._dark_pons: set[str] = set()
        self._rogues: set[str] = set()
        self._disobedient: set[str] = set()
        self.blind: set[str] = set()
        """Cards that their control board misses, and ports that were switched off: the OLT sees nothing of their ONTs."""
        self._starting: set[str] = set()
        """Ports that report loss of signal after a start, until their first ONT is ranged."""

    def ont(self, ont: str) -> OntView:
        """The OLT's last state of this ONT."""
        return self._onts[ont]

    def lost_all(self, pon: str) -> bool:
        """True when the OLT receives nobody on this port, as far as it knows."""
        return pon in self._dark_pons

    # Light and silence

    def begin_dark(self, ont: str, alarm: Lost) -> None:
        """This ONT has been away since before second 0, with ``alarm`` open if that is not empty."""
        view = self._onts[ont]
        view.up, view.alarm, view.cause = False, alarm, alarm

    def can_gasp(self, ont: str) -> bool:
        """True for an ONT that is able to send a dying gasp: its model has the capacitor for it."""
        share = self._habits[self._plant.pons[self._plant.onts[ont].pon].olt].gasping
        return share >= 1 or Random(f"gasp/{self._seed}/{ont}").random() < share

    def lose_light(self, onts: Iterable[str], fault: str) -> None:
        """Have these ONTs, which lost their light, and their ports looked at, each after its OLT's time."""
        pons: dict[str, None] = {}
        for ont in onts:
            pon = self._plant.onts[ont].pon
            self._agenda.after(self.loss(pon), partial(self.look_at_ont, ont, fault))
            pons[pon] = None
        for pon in pons:
            self._agenda.after(self._port_loss(pon), partial(self._look_at_pon, pon, fault))

    def look_at_onts(self, onts: Iterable[str], fault: str, ont_delay: Range, pon_delay: Range) -> None:
        """Have these ONTs and their ports looked at, each after a delay of its own."""
        pons: dict[str, None] = {}
        for ont in onts:
            self._agenda.after(ont_delay, partial(self.look_at_ont, ont, fault))
            pons[self._plant.onts[ont].pon] = None
        for pon in pons:
            self._agenda.after(pon_delay, partial(self._look_at_pon, pon, fault))

    def lose_power(self, onts: Iterable[str], audible: set[str], fault: str, *, quiet: bool = False) -> None:
        """ONTs without power: most of those in service (``audible``) send a dying gasp, the others go dark without one. None
        does when ``quiet``."""
        pons: dict[str, None] = {}
        for ont in onts:
            pon = self._plant.onts[ont].pon
            pons[pon] = None
            if ont not in audible:
                continue
            if self._rng.random() < self._timing.gasps and not quiet and self.can_gasp(ont):
                self._agenda.after(self._timing.hold_up, partial(self._gasp, ont, fault))
            low, high = self.loss(pon)
            last = self._timing.hold_up[1]
            self._agenda.after((last + low, last + high), partial(self.look_at_ont, ont, fault))
        last = self._timing.hold_up[1]
        for pon in pons:
            low, high = self._port_loss(pon)
            self._agenda.after((last + low, last + high), partial(self._look_at_pon, pon, fault))

    def look_at_ont(self, ont: str, fault: str) -> None:
        """The OLT compares what it receives of this ONT with its last state, and reports the difference."""
        pon = self._plant.onts[ont].pon
        agent = self._watching(pon)
        if agent is None:
            return
        habits, view, heard = self._habits[self._plant.pons[pon].olt], self._onts[ont], self._physics.heard(ont)
        if heard and not view.up:
            if pon in self._starting:
                self._starting.discard(pon)
                self._agenda.after(self._timing.uplink, partial(self._look_at_pon, pon, fault))
            if view.alarm and not habits.registered:
                agent.report(Observation(view.alarm, ont, raised=False), fault)
            if view.disturbed:
                agent.report(Observation(view.disturbed, ont, raised=False), fault)
                view.disturbed = ""
            agent.report(Observation("ont_registered" if habits.registered else "ont_state", ont, raised=False), fault)
            view.up, view.alarm, view.since, view.back = True, "", self._agenda.now, self._agenda.now
            if (view.low or self._optics.bent) and view.low != (self._optics.level(ont) < LOWEST):
                self._agenda.after(self._timing.degraded, partial(self._look_at_level, ont, fault))
        elif not heard and view.up:
            if habits.port_los == "alone" and not self._receives(pon):
                self._go_away(view, "")
                return
            babbled = self._physics.drowned(ont) and not self._shouted_down(ont)
            self.lose_ont(agent, ont, "ont_lof" if babbled and self._rng.random() < 0.7 else "ont_los", fault)

    def _shouted_down(self, ont: str) -> bool:
        """True when a sibling transmits continuously: then the OLT receives no frame that could be lost."""
        siblings = self._plant.pons[self._plant.onts[ont].pon].onts
        return any(not self._physics.works(Element("transmitter", each)) for each in siblings)

    def lose_ont(self, agent: Agent, ont: str, alarm: Lost, fault: str) -> None:
        """The ONT is away from now on: report that with ``alarm``, as offline alone where that is empty."""
        self._go_away(self._onts[ont], alarm)
        if alarm:
            agent.report(Observation(alarm, ont), fault)
        agent.report(Observation("ont_state", ont), fault)

    def _go_away(self, view: OntView, alarm: Lost) -> None:
        view.up, view.alarm, view.since = False, alarm, self._agenda.now
        view.cause, view.lost = alarm, self._agenda.now
        if alarm == "ont_dying_gasp":
            view.gasped = self._agenda.now

    def leave_unlit(self, ont: str, alarm: Lost, fault: str) -> None:
        """The OLT itself gives this ONT no light: its port is switched off, or its card is gone."""
        agent = self._agents[self._plant.pons[self._plant.onts[ont].pon].olt]
        if agent.on and self._onts[ont].up and not self._physics.lit(ont):
            self.lose_ont(agent, ont, alarm, fault)

    def _gasp(self, ont: str, fault: str) -> None:
        """The dying gasp arrives if there is still light to carry it; power that came back in time makes it none."""
        agent = self._watching(self._plant.onts[ont].pon)
        if agent is not None and self._onts[ont].up and self._physics.lit(ont) and not self._physics.powered(ont):
            self.lose_ont(agent, ont, "ont_dying_gasp", fault)
            if every := self._habits[agent.olt].gasp_repeats:
                for number in range(1, _REPEATS + 1):
                    self._agenda.at(self._agenda.now + number * every, partial(self._gasp_again, ont, self._agenda.now, fault))

    def _gasp_again(self, ont: str, since: float, fault: str) -> None:
        """The OLT reports once more what it received at ``since``, unless the ONT has been back meanwhile."""
        view = self._onts[ont]
        agent = self._watching(self._plant.onts[ont].pon)
        if agent is not None and not view.up and view.alarm == "ont_dying_gasp" and view.gasped == since:
            agent.report(Observation("ont_dying_gasp", ont), fault)

    def _look_at_pon(self, pon: str, fault: str) -> None:
        agent = self._watching(pon)
        if agent is None:
            return
        onts = self._plant.pons[pon].onts
        heard, silent = self._receives(pon), self._habits[self._plant.pons[pon].olt].port_los == "never"
        if heard and pon in self._dark_pons:
            self._dark_pons.discard(pon)
            if not silent:
                agent.report(Observation("pon_los", pon, raised=False), fault)
        elif not heard and pon not in self._dark_pons:
            self._dark_pons.add(pon)
            recent = [view for ont in onts if (view := self._onts[ont]).up or view.since > self._agenda.now - _RECENT]
            gasped = sum(view.alarm == "ont_dying_gasp" for view in recent)
            known = bool(recent)
            if silent:
                return
            agent.report(Observation("pon_los", pon, True, len(recent) if known else -1, gasped if known else -1), fault)

    # Light that is bad, or of the wrong one

    def look_at_levels(self, bend: Element, fault: str) -> None:
        """Have the receive levels of all ONTs behind a bend measured."""
        for ont in dependents(self._plant, bend):
            self._agenda.after(self._timing.degraded, partial(self._look_at_level, ont, fault))

    def _look_at_level(self, ont: str, fault: str) -> None:
        """An ONT in service reports its receive level; the OLT measures its bit errors at the same time."""
        agent = self._watching(self._plant.onts[ont].pon)
        view, low = self._onts[ont], self._optics.level(ont) < LOWEST
        if agent is None or not self._physics.heard(ont) or view.low == low:
            return
        view.low = low
        agent.report(Observation("ont_rx_low", ont, raised=low, level=self._optics.reading(ont, self._agenda.now)), fault)
        agent.report(Observation("ont_degraded", ont, raised=low), fault)

    def look_at_rogue(self, ont: str, fault: str) -> None:
        """The OLT has switched the ONTs of a port off one by one and found the one that sends out of turn."""
        pon = self._plant.onts[ont].pon
        agent = self._watching(pon)
        sends = not self._physics.works(Element("transmitter", ont))
        if agent is None or sends == (ont in self._rogues):
            return
        (self._rogues.add if sends else self._rogues.discard)(ont)
        agent.report(Observation("pon_rogue", pon, raised=sends), fault)
        agent.report(Observation("ont_rogue", ont, raised=sends), fault)

    def disturb(self, ont: str, fault: str) -> None:
        """Another's bursts begin to fall into this ONT's time slots: before it is lost the OLT may see that."""
        view = self._onts[ont]
        agent = self._watching(self._plant.onts[ont].pon)
        before: tuple[Disturbed, ...] = ("", "", "ont_degraded", "ont_dowi")
        how = self._rng.choice(before)
        if agent is not None and view.up and how and not view.disturbed and not view.low:
            view.disturbed = how
            agent.report(Observation(how, ont), fault)

    def look_at_disobedience(self, babbler: Element, fault: str) -> None:
        """The OLT ordered the rogue ONT to be silent and it was not; or that alarm was cleared."""
        ont = babbler.id
        agent = self._watching(self._plant.onts[ont].pon)
        babbles = not self._physics.works(babbler)
        if agent is None or babbles == (ont in self._disobedient):
            return
        (self._disobedient.add if babbles else self._disobedient.discard)(ont)
        agent.report(Observation("ont_dfi", ont, raised=babbles), fault)

    # Starts

    def register(self, pons: Iterable[str], fault: str) -> None:
        """After a start: ONTs that are there come up one by one, ports without any are reported after the last."""
        last = self._timing.ranging[1]
        low, high = self._timing.pon_loss
        for pon in pons:
            for ont in self._plant.pons[pon].onts:
                self._agenda.after(self._timing.ranging, partial(self.look_at_ont, ont, fault))
                if (ont in self._rogues) == self._physics.works(Element("transmitter", ont)):
                    self._agenda.after(self._timing.rogue, partial(self.look_at_rogue, ont, fault))
            self._agenda.after((last + low, last + high), partial(self._look_at_pon, pon, fault))

    def lose_at_start(self, pon: str, fault: str) -> None:
        """The laser of a port is on and nobody is ranged yet."""
        agent = self._watching(pon)
        if agent is None or pon in self._dark_pons or any(self._onts[ont].up for ont in self._plant.pons[pon].onts):
            return
        self._dark_pons.add(pon)
        self._starting.add(pon)
        if self._habits[agent.olt].port_los != "never":
            agent.report(Observation("pon_los", pon), fault)

    def loss(self, pon: str) -> Range:
        """Seconds from an ONT's silence to its alarm."""
        soak = self._habits[self._plant.pons[pon].olt].soak
        return self._timing.loss if soak is None else (soak + self._timing.loss[0], soak + _JITTER)

    def _port_loss(self, pon: str) -> Range:
        """Seconds from the silence of a port to its alarm."""
        if self._habits[self._plant.pons[pon].olt].port_los != "late":
            return self._timing.pon_loss
        last = self.loss(pon)[1]
        return (last + _LATE[0], last + _LATE[1])

    def _receives(self, pon: str) -> bool:
        return any(self._physics.heard(ont) for ont in self._plant.pons[pon].onts)

    def _watching(self, pon: str) -> Agent | None:
        """The OLT of ``pon`` when it, the card and the port are able to see anything."""
        port = self._plant.pons[pon]
        agent = self._agents[port.olt]
        able = agent.on and port.card not in self.blind and pon not in self.blind
        able = able and self._physics.works(Element("card", port.card)) and self._physics.works(Element("port", pon))
        return agent if able else None

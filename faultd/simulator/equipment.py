"""The supervision in each OLT of its own parts: cards, the ports that an operator switches, uplinks, and its starts."""

from collections.abc import Mapping
from functools import partial

from faultd.simulator.agenda import Agenda
from faultd.simulator.agent import Agent
from faultd.simulator.fault import Element
from faultd.simulator.habits import OltHabits
from faultd.simulator.physics import Physics
from faultd.simulator.plant import SimulatedPlant
from faultd.simulator.report import Observation, What
from faultd.simulator.timing import Timing
from faultd.simulator.watch import Lost, Watch


class EquipmentWatch:
    """The OLTs of a plant as they look at themselves; ``watch`` looks at their ONTs."""

    def __init__(
        self,
        plant: SimulatedPlant,
        *,
        physics: Physics,
        agents: Mapping[str, Agent],
        agenda: Agenda,
        timing: Timing,
        habits: Mapping[str, OltHabits],
        watch: Watch,
    ) -> None:
        """``agents`` and ``habits`` by OLT."""
        self._plant = plant
        self._physics = physics
        self._agents = agents
        self._agenda = agenda
        self._timing = timing
        self._habits = habits
        self._watch = watch
        self._dead_cards: dict[str, What] = {}
        """How each card that the control board misses was reported."""
        self._lost_uplinks: set[str] = set()
        """OLTs that reported an uplink down."""

    def switched_off(self, pon: str) -> bool:
        """True for a port that an operator switched off."""
        return pon in self._watch.blind

    def lost_card(self, card: str) -> bool:
        """True when the control board misses this card."""
        return card in self._dead_cards

    def lost_uplink(self, olt: str) -> bool:
        """True when this OLT noticed that its first uplink is down."""
        return olt in self._lost_uplinks

    def lose_card(self, card: str, fault: str, *, quiet: bool = False) -> None:
        """A card is gone; ``quiet``: an operator resets it. The control board misses it, in OLTs with a late card trap only
        after its ONTs have raised loss of signal."""
        late = self._habits[self._plant.cards[card].olt].late_card
        what: What = "card_reset" if quiet else "card"
        if late is None:
            self._agenda.after(self._timing.card_loss, partial(self.look_at_card, card, fault, what))
            return
        soaked = 0.0
        for ont in self._plant.onts_of_card(card):
            loss = self._watch.loss(self._plant.onts[ont].pon)
            soaked = max(soaked, loss[0])
            self._agenda.after(loss, partial(self._watch.leave_unlit, ont, "ont_los", fault))
        self._agenda.after((soaked + late[0], soaked + late[1]), partial(self.look_at_card, card, fault, what))

    def look_at_card(self, card: str, fault: str, what: What = "card") -> None:
        """The control board speaks for a card that is gone: the card, its ports, and its ONTs as offline. ``what`` is how it
        reports a card that it did not miss until now."""
        agent = self._agents[self._plant.cards[card].olt]
        if not agent.on:
            return
        works, pons = self._physics.works(Element("card", card)), self._plant.cards[card].pons
        if works == (card in self._dead_cards):
            agent.report(Observation(self._dead_cards.get(card, what), card, raised=not works), fault)
            for pon in pons:
                agent.report(Observation("card_port", pon, raised=not works), fault)
        if works:
            self._dead_cards.pop(card, None)
            self._watch.blind.discard(card)
            self._watch.register(pons, fault)
        elif card not in self._dead_cards:
            self._dead_cards[card] = what
            self._watch.blind.add(card)
            for ont in self._plant.onts_of_card(card):
                if self._watch.ont(ont).up:
                    self._watch.lose_ont(agent, ont, "", fault)

    def look_at_port(self, pon: str, fault: str) -> None:
        """An operator switches a port off, or on: the OLT reports the port, then what becomes of its ONTs."""
        olt = self._plant.pons[pon].olt
        agent, works = self._agents[olt], self._physics.works(Element("port", pon))
        if not agent.on or works == (pon not in self._watch.blind):
            return
        agent.report(Observation("port_shutdown", pon, raised=not works), fault)
        if works:
            self._watch.blind.discard(pon)
            self._watch.register((pon,), fault)
            return
        self._watch.blind.add(pon)
        alarm: Lost = "ont_los" if self._habits[olt].shutdown_los else ""
        for ont in self._plant.pons[pon].onts:
            self._agenda.after(self._watch.loss(pon), partial(self._watch.leave_unlit, ont, alarm, fault))

    def look_at_uplink(self, olt: str, fault: str) -> None:
        """The OLT compares its first uplink with its last state, and reports the difference."""
        agent, down = self._agents[olt], not self._physics.works(Element("uplink", olt))
        if agent.on and down != (olt in self._lost_uplinks):
            (self._lost_uplinks.add if down else self._lost_uplinks.discard)(olt)
            agent.report(Observation("uplink", olt, raised=down), fault)

    def boot(self, olt: str, epoch: int, fault: str) -> None:
        """An OLT that got its power back in ``epoch`` has started and looks at everything, unless it lost it again."""
        agent = self._agents[olt]
        if agent.epoch != epoch:
            return
        agent.boot(fault)
        self.look_at_uplink(olt, fault)
        for card in self._plant.olts[olt].cards:
            for ont in self._plant.onts_of_card(card):
                self._watch.ont(ont).up = False
            for pon in self._plant.cards[card].pons:
                self.look_at_port(pon, fault)
            self.look_at_card(card, fault)
            if self._habits[olt].boot_los and self._physics.works(Element("card", card)):
                for pon in self._plant.cards[card].pons:
                    self._agenda.after(self._timing.pon_loss, partial(self._watch.lose_at_start, pon, fault))

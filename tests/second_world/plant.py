"""An irregular plant of one OLT, its habits, and the records of it, which are wrong here and there."""

from collections import defaultdict
from random import Random
from typing import Literal

from msgspec import Struct
from second_world.dialects import CARDS, PORTS, SAYS_CARD, Maker, Place

from protocols.topology import Node

PortLos = Literal["after", "before", "never", "alone"]
"""When the OLT reports a port's loss of signal, beside the losses of its ONTs; ``alone``: in place of them."""
OLT = "o1"
STREETS = ("street0", "street1", "street2", "street3")


class Habits(Struct):
    """How the OLT and its ONTs report. Times in seconds, shares from 0 to 1."""

    soak: float
    pace: float
    """Traps a second."""
    paced_by_port: bool
    port_los: PortLos
    gasps: float
    """Share of the ONTs that send a dying gasp."""
    loss: float
    """Share of the traps that are lost."""
    clears_los: bool
    """Whether the OLT sends the end of a loss of signal; otherwise the registration is the only sign."""


class Plant:
    """The plant as it is, and ``nodes``, as it is recorded."""

    def __init__(self, rng: Random, *, with_cards: bool) -> None:
        self.maker: Maker = rng.choice(SAYS_CARD if with_cards else ("huawei", "huawei", "zte", "zte", "bdcom", "vsol"))
        self.habits = _habits(rng, self.maker)
        old = rng.uniform(0.05, 0.10) if rng.random() < 0.5 else 0.0
        wrong = rng.uniform(0.02, 0.05) if rng.random() < 0.3 else 0.0
        with_areas = rng.random() < 0.6
        self.places: dict[str, Place] = {}
        self.leg: dict[str, str] = {}
        self.port: dict[str, str] = {}
        self.street: dict[str, str] = {}
        self.below: dict[str, list[str]] = defaultdict(list)
        """ONTs below each leg, port and card."""
        self.ports_of: dict[str, list[str]] = defaultdict(list)
        self.nodes = [
            Node(id="core", type="core"),
            Node(id=OLT, type="olt", parents=("core",), address="127.9.9.9", vendor=self.maker),
        ]
        ports = rng.choice((2, 4, 8))
        for slot in (1, 2) if self.maker in SAYS_CARD else (0,):
            card = f"{OLT}/{CARDS[self.maker].format(slot=slot)}"
            self.nodes.append(Node(id=card, type="card", parents=(OLT,)))
            for number in range(1, ports + 1):
                self._port(rng, card, Place(slot, number), wrong, with_areas)
        self.dark_since_long = {ont for ont in self.places if rng.random() < old}

    def _port(self, rng: Random, card: str, place: Place, wrong: float, with_areas: bool) -> None:
        port = f"{OLT}/{PORTS[self.maker].format(slot=place.slot, port=place.port)}"
        index = str(10 + place.port) if self.maker == "bdcom" else ""
        self.nodes.append(Node(id=port, type="pon", parents=(card,), index=index))
        self.nodes.append(Node(id=f"{port}/s", type="splitter", parents=(port,)))
        self.ports_of[card].append(port)
        legs = [f"{port}/s/{number}" for number in range(rng.choice((2, 4, 4, 8)))]
        self.nodes += [Node(id=leg, type="splitter", parents=(f"{port}/s",)) for leg in legs]
        number = 0
        for leg in legs:
            for _ in range(rng.choice((1, 2, 3, 4, 8, 8))):
                number += 1
                ont = f"{port}/{number}"
                self.places[ont] = place._replace(ont=number)
                self.leg[ont], self.port[ont], self.street[ont] = leg, port, rng.choice(STREETS)
                for above in (leg, port, card):
                    self.below[above].append(ont)
                recorded = rng.choice(legs) if rng.random() < wrong else leg
                area = self.street[ont] if with_areas else ""
                if rng.random() >= wrong / 2:
                    self.nodes.append(Node(id=ont, type="ont", parents=(recorded,), customer_id=f"c-{ont}", area=area))

    @property
    def cards(self) -> list[str]:
        return list(self.ports_of)

    def place(self, resource: str) -> Place:
        """Of an ONT, a port or a card."""
        if resource in self.places:
            return self.places[resource]
        for card, ports in self.ports_of.items():
            slot = int(card.rpartition("/")[2])
            if resource == card:
                return Place(slot)
            if resource in ports:
                return Place(slot, int(resource.rpartition("/")[2]))
        return Place()

    def served(self, place: str = "") -> list[str]:
        """ONTs in service before anything happens: below ``place``, or all."""
        return [ont for ont in (self.below[place] if place else self.places) if ont not in self.dark_since_long]


def _habits(rng: Random, maker: Maker) -> Habits:
    def mostly(share: float) -> bool:
        return rng.random() < share

    modes: tuple[PortLos, ...] = ("after", "never", "alone", "before")
    return Habits(
        soak=rng.choice((0.3, 1.0, 2.0, 3.0, 3.0, 10.0)) if mostly(0.6) else 0.3,
        pace=rng.choice((5.0, 10.0, 20.0, 50.0)) if mostly(0.5) else 400.0,
        paced_by_port=mostly(0.5),
        port_los=rng.choice(modes) if mostly(0.5) else "after",
        gasps=rng.uniform(0.5, 0.9) if mostly(0.5) else 0.95,
        loss=rng.choice((0.01, 0.05)) if mostly(0.6) else 0.0,
        clears_los=maker != "bdcom" and mostly(0.5),
    )

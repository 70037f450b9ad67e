"""The plant: OLTs, cards, PON ports, two levels of splitters, ONTs and their customers, generated from a seed.

Ids are those of the topology file: a device ``olt-001``; inside it its id, a slash and the position as the vendor's
traps state it (Huawei ``olt-001/0/1/5/17`` = frame/slot/port/ONT; Calix E7 ``olt-003/ont17``); splitters below their
port (``.../s1``, ``.../s1.2``).
"""

import ipaddress
from collections.abc import Iterator
from random import Random
from typing import Literal, NamedTuple, get_args

from msgspec import Struct

from faultd.simulator.errors import SpecError
from faultd.simulator.shape import PortShape, irregular, regular
from faultd.simulator.streets import lay_streets, lay_trunks

Vendor = Literal["huawei", "zte", "calix_e7", "bdcom", "vsol"]
MAKERS: tuple[Vendor, ...] = get_args(Vendor)
VENDORS: tuple[Vendor, ...] = ("huawei", "zte", "calix_e7", "bdcom")
"""Makers of the tidy world, and of a plant for which nobody chose others."""


class Numbering(NamedTuple):
    """A vendor's numbering: the shelf (or frame) before the slot, None where positions begin with the slot; the first slot,
    port and ONT number. ``node_wide``: ONT numbers count over the whole OLT (position ``ont17``). ``box``: the OLT has no
    slots, its ports count over it (position ``3``), and its boards are no part of a position."""

    shelf: int | None
    slot: int
    port: int
    ont: int
    node_wide: bool = False
    box: bool = False


NUMBERING: dict[Vendor, Numbering] = {
    "huawei": Numbering(shelf=0, slot=1, port=0, ont=0),
    "zte": Numbering(shelf=1, slot=2, port=1, ont=1),
    "calix_e7": Numbering(shelf=1, slot=1, port=1, ont=1, node_wide=True),
    "bdcom": Numbering(shelf=None, slot=0, port=1, ont=1),
    "vsol": Numbering(shelf=None, slot=1, port=1, ont=1, box=True),
}
_SERIAL_PREFIX: dict[Vendor, str] = {"huawei": "HWTC", "zte": "ZTEG", "calix_e7": "CXNK", "bdcom": "BDCM", "vsol": "VSOL"}
_MODELS: dict[Vendor, tuple[str, ...]] = {
    "huawei": ("HG8245H", "EG8145V5", "HG8310M"),
    "zte": ("ZTE-F660", "ZTE-F601", "ZTE-F670L"),
    "calix_e7": ("844G", "716GE-I", "GP1100X"),
    "bdcom": ("GP1704-4F", "GP1501"),
    "vsol": ("V2802RH", "V2801SG"),
}
_PLACES = ("Harbour", "Mill Lane", "Station", "Church Hill", "Riverside", "Old Town", "Orchard", "Northgate")


class PlantSpec(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Size and equipment of a plant. The same specification always gives the same plant."""

    olts: int = 4
    """Optical line terminals, 1 to 9,999."""
    cards_per_olt: int = 2
    """PON cards in each, 1 to 16."""
    pons_per_card: int = 4
    """PON ports of a card, 1 to 16."""
    onts_per_pon: int = 32
    """ONTs of a PON port, 1 to 128 and at most ``first_split * second_split``."""
    first_split: int = 4
    """Ratio of the splitter at the end of the feeder."""
    second_split: int = 16
    """Ratio of each splitter at the end of a distribution fibre."""
    seed: int = 1
    """Everything that looks arbitrary in the plant (serials, models, areas) comes from this."""
    vendors: tuple[Vendor, ...] = VENDORS
    """Makers of the OLTs, in turn."""
    tenants: tuple[str, ...] = ("default",)
    """Owners of the OLTs, in turn."""
    areas: int = 6
    """Power areas: streets that lose mains together; most of a PON port lies in one, some of it in the next."""
    small_legs: float = 0.0
    """Share of the PON ports whose legs have one to three ONTs each, 0 to 1."""
    cascades: float = 0.0
    """Share of the PON ports with unequal cascades, 0 to 1: legs of unequal size, a leg that splits once more, ONTs that hang
    at the first splitter."""
    network: str = "127.10.0.0/16"
    """Network of the OLTs' own addresses; inside 127.0.0.0/8."""
    community: str = "public"
    """SNMP community, which ZTE equipment decorates."""
    zte_v1: bool = False
    """Every second ZTE OLT speaks SNMP v1."""
    informs: bool = False
    """Every second Huawei OLT sends INFORMs and repeats them until they are answered."""


class Ont(Struct, frozen=True, gc=False):
    """An optical network terminal and the customer behind it."""

    id: str
    number: int
    pon: str
    splitter: str
    area: str
    serial: str
    model: str
    customer_id: str
    service_id: str
    sla_class: str


class Splitter(Struct, frozen=True, gc=False):
    """``above`` is the PON port of a first-level splitter, the first-level splitter of a second-level one, and so on."""

    id: str
    above: str
    pon: str


class Pon(Struct, frozen=True):
    """A PON port: ``feeder`` is its first-level splitter, which names the feeder fibre above it. ``splitters`` are all of the
    port, parents before their children."""

    id: str
    number: int
    card: str
    olt: str
    feeder: str
    onts: tuple[str, ...]
    splitters: tuple[str, ...] = ()


class Card(Struct, frozen=True):
    id: str
    slot: int
    olt: str
    pons: tuple[str, ...]


class Olt(Struct, frozen=True):
    """``v1`` and ``inform`` say how it sends its notifications; ``address`` is where from."""

    id: str
    name: str
    vendor: Vendor
    tenant: str
    address: str
    cards: tuple[str, ...]
    v1: bool = False
    inform: bool = False


class SimulatedPlant(Struct, frozen=True):
    """Everything by id. Insertion order is the order of construction: device by device, port by port."""

    spec: PlantSpec
    core: str
    olts: dict[str, Olt] = {}
    cards: dict[str, Card] = {}
    pons: dict[str, Pon] = {}
    splitters: dict[str, Splitter] = {}
    onts: dict[str, Ont] = {}
    below: dict[str, tuple[str, ...]] = {}
    """ONT ids behind each splitter."""
    areas: dict[str, tuple[str, ...]] = {}
    """ONT ids of each power area; areas without any are left out."""
    streets: dict[str, tuple[str, ...]] = {}
    """ONT ids of each street: a part of a power area on several legs, which can lose mains alone."""
    trunks: dict[str, tuple[str, ...]] = {}
    """PON port ids of each trunk cable: two to four feeders of an OLT that lie in one cable."""

    def onts_of_card(self, card: str) -> Iterator[str]:
        for pon in self.cards[card].pons:
            yield from self.pons[pon].onts

    def onts_of_olt(self, olt: str) -> Iterator[str]:
        for card in self.olts[olt].cards:
            yield from self.onts_of_card(card)


def position(resource: str) -> str:
    """The part of an id after the device: ``olt-001/0/1/5`` gives ``0/1/5``, a device gives an empty string."""
    return resource.partition("/")[2]


def build_plant(spec: PlantSpec) -> SimulatedPlant:
    """The plant that ``spec`` describes. Raises SpecError naming the first field that cannot be built."""
    _check(spec)
    rng = Random(f"plant/{spec.seed}")
    plant = SimulatedPlant(spec=spec, core="core-1")
    network = ipaddress.IPv4Network(spec.network)
    areas: dict[str, list[str]] = {}
    made: dict[str, int] = {}
    for index in range(spec.olts):
        vendor = spec.vendors[index % len(spec.vendors)]
        nth = made[vendor] = made.get(vendor, 0) + 1
        olt_id = f"olt-{index + 1:03d}"
        numbering = NUMBERING[vendor]
        prefix = olt_id if numbering.shelf is None else f"{olt_id}/{numbering.shelf}"
        name = "{}/board-{}" if numbering.box else "{}/{}"
        slots = range(numbering.slot, numbering.slot + spec.cards_per_olt)
        plant.olts[olt_id] = Olt(
            id=olt_id,
            name=f"{_PLACES[index % len(_PLACES)]} {index // len(_PLACES) + 1}",
            vendor=vendor,
            tenant=spec.tenants[index % len(spec.tenants)],
            address=str(network[(index // 200) * 256 + index % 200 + 1]),
            cards=tuple(name.format(prefix, slot) for slot in slots),
            v1=vendor == "zte" and spec.zte_v1 and nth % 2 == 1,
            inform=vendor == "huawei" and spec.informs and nth % 2 == 0,
        )
        for slot in slots:
            _build_card(plant, olt_id, name.format(prefix, slot), slot, rng, areas)
    plant.areas.update((area, tuple(onts)) for area, onts in sorted(areas.items()))
    plant.streets.update(lay_streets(spec.seed, plant.areas, lambda ont: plant.onts[ont].splitter))
    ports = {olt.id: [pon for card in olt.cards for pon in plant.cards[card].pons] for olt in plant.olts.values()}
    plant.trunks.update(lay_trunks(spec.seed, ports))
    return plant


def _build_card(plant: SimulatedPlant, olt: str, card: str, slot: int, rng: Random, areas: dict[str, list[str]]) -> None:
    spec, vendor = plant.spec, plant.olts[olt].vendor
    numbering = NUMBERING[vendor]
    first = numbering.port + (slot - numbering.slot) * spec.pons_per_card * numbering.box
    ports = range(first, first + spec.pons_per_card)
    above = olt if numbering.box else card
    plant.cards[card] = Card(id=card, slot=slot, olt=olt, pons=tuple(f"{above}/{port}" for port in ports))
    before = (slot - numbering.slot) * spec.pons_per_card * spec.onts_per_pon
    total = spec.olts * spec.cards_per_olt * spec.pons_per_card
    for port in ports:
        pon = f"{above}/{port}"
        feeder = f"{pon}/s1"
        home = len(plant.pons) * spec.areas // total
        street = [home if rng.random() < 0.85 else (home + 1) % spec.areas for _ in range(spec.first_split)]
        shape = _shape(spec, pon)
        splitters = {"": pon, **{suffix: feeder + upper for suffix, upper in shape.splitters}}
        behind: dict[str, list[str]] = {suffix: [] for suffix in splitters}
        onts: list[str] = []
        for count, suffix in enumerate(shape.places):
            number = numbering.ont + count
            if numbering.node_wide:
                number += before + (port - numbering.port) * spec.onts_per_pon
            ont_id = f"{olt}/ont{number}" if numbering.node_wide else f"{pon}/{number}"
            customer = len(plant.onts) + 1
            area = f"area-{street[_leg(suffix) % len(street)] + 1:02d}"
            plant.onts[ont_id] = Ont(
                id=ont_id,
                number=number,
                pon=pon,
                splitter=feeder + suffix,
                area=area,
                serial=f"{_SERIAL_PREFIX[vendor]}{rng.getrandbits(32):08X}",
                model=rng.choice(_MODELS[vendor]),
                customer_id=f"C{customer:07d}",
                service_id=f"S{customer:07d}",
                sla_class=Random(f"sla/{spec.seed}/{customer}").choices(("gold", "silver", "bronze"), (1, 3, 16))[0],
            )
            onts.append(ont_id)
            for each in behind:
                if each == suffix or suffix.startswith(f"{each}."):
                    behind[each].append(ont_id)
            areas.setdefault(area, []).append(ont_id)
        ids = tuple(feeder + suffix for suffix in splitters)
        plant.pons[pon] = Pon(id=pon, number=port, card=card, olt=olt, feeder=feeder, onts=tuple(onts), splitters=ids)
        for suffix, upper in splitters.items():
            plant.splitters[feeder + suffix] = Splitter(id=feeder + suffix, above=upper, pon=pon)
            plant.below[feeder + suffix] = tuple(behind[suffix])


def _shape(spec: PlantSpec, pon: str) -> PortShape:
    """The fibres below a port. Its irregularity depends on the seed and the port alone."""
    rng = Random(f"shape/{spec.seed}/{pon}")
    small, unequal = rng.random() < spec.small_legs, rng.random() < spec.cascades
    if not (small or unequal):
        return regular(spec.first_split, spec.onts_per_pon)
    return irregular(spec.first_split, spec.onts_per_pon, rng, small=small, unequal=unequal)


def _leg(suffix: str) -> int:
    """The leg of a splitter's suffix, from 0; 0 for the first splitter."""
    return int(suffix.split(".")[1]) - 1 if suffix else 0


def _check(spec: PlantSpec) -> None:
    for name, low, high in (
        ("olts", 1, 9999),
        ("cards_per_olt", 1, 16),
        ("pons_per_card", 1, 16),
        ("onts_per_pon", 1, 128),
        ("first_split", 1, 64),
        ("second_split", 1, 64),
        ("areas", 1, 99),
    ):
        value = getattr(spec, name)
        if not low <= value <= high:
            raise SpecError(name, value, f"must be {low} to {high}")
    if spec.onts_per_pon > spec.first_split * spec.second_split:
        raise SpecError("onts_per_pon", spec.onts_per_pon, "more than first_split * second_split fibres")
    for name in ("small_legs", "cascades"):
        if not 0 <= getattr(spec, name) <= 1:
            raise SpecError(name, getattr(spec, name), "a share is 0 to 1")
    for name in ("vendors", "tenants"):
        if not getattr(spec, name):
            raise SpecError(name, (), "must name at least one")
    for vendor in spec.vendors:
        if vendor not in MAKERS:
            raise SpecError("vendors", vendor, f"must be one of {', '.join(MAKERS)}")
    try:
        network = ipaddress.IPv4Network(spec.network)
    except ValueError as error:
        raise SpecError("network", spec.network, str(error)) from error
    if not network.subnet_of(ipaddress.IPv4Network("127.0.0.0/8")):
        raise SpecError("network", spec.network, "must lie inside 127.0.0.0/8")
    if (last := spec.olts - 1) // 200 * 256 + last % 200 + 1 >= network.num_addresses - 1:
        raise SpecError("network", spec.network, f"too small for {spec.olts} OLTs")

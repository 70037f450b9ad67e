"""The messy world: which of a plant's habits, ONTs and records are not as the tidy world has them.

:class:`Mess` says how much of what; a seed then gives each OLT its habits, each ONT its past, and the topology file its errors.
``DIMENSIONS`` has every dimension by name, at its usual strength.
"""

from collections.abc import Iterable
from random import Random

from msgspec import Struct, structs

from faultd.simulator.errors import SpecError
from faultd.simulator.habits import NO_PORT_LOS, REPEATS_GASPS, TELLS_REGISTRATION, OltHabits, PortLos, Queue
from faultd.simulator.plant import PlantSpec, SimulatedPlant
from faultd.simulator.timing import Range

_EVERY = 5.0
"""Seconds between two reports of the same dying gasp."""
_OFF: Range = (0.0, 0.0)


class Mess(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Strength of each dimension; the defaults are the tidy world. A range is what a number is drawn from, once for each OLT
    (``soak``, ``pace``, ``gasping``) or once for the plant (``dark``, ``wrong_records``, ``missing_records``). A probability
    is that of each OLT."""

    soak: Range | None = None
    """Seconds from an ONT's silence to its alarm."""
    pace: Range | None = None
    """Traps a second, of each queue."""
    queues: tuple[Queue, ...] = ("olt", "pon")
    """What may have a queue of its own, where there is a pace."""
    late_port_los: float = 0.0
    """Probability that a port's loss of signal comes after those of its ONTs."""
    no_port_los: float = 0.0
    """Probability that no loss of signal of a port is ever reported."""
    lone_port_los: float = 0.0
    """Probability that a silent port is reported alone, without its ONTs."""
    gasping: Range = (1.0, 1.0)
    """Share of the ONTs that can send a dying gasp."""
    dark: Range = _OFF
    """Share of the ONTs that have been dark since long."""
    dark_told: float = 0.5
    """Probability that the alarms of those were sent then, for each OLT."""
    small_legs: float = 0.0
    """As ``PlantSpec.small_legs``."""
    cascades: float = 0.0
    """As ``PlantSpec.cascades``."""
    wrong_records: Range = _OFF
    """Share of the ONTs that the topology file has on another leg of their port."""
    missing_records: Range = _OFF
    """Share of the ONTs that the topology file has not."""
    registered: float = 0.0
    """Probability that "registered" is the only sign of an ONT's return (ZTE, VSOL)."""
    late_cards: Range | None = None
    """Seconds after the alarms of its ONTs at which a dead card is reported."""
    boot_los: float = 0.0
    """Probability that ports report loss of signal after a start until their first ONT is ranged."""
    offline_at_shutdown: float = 0.0
    """Probability that ONTs of a port that an operator switches off raise no loss of signal."""
    repeated_gasps: float = 0.0
    """Probability that each dying gasp is repeated every 5 s for a minute (VSOL)."""


DIMENSIONS: dict[str, Mess] = {
    "soak": Mess(soak=(0.0, 3.0)),
    "long-soak": Mess(soak=(10.0, 10.0)),
    "pace": Mess(pace=(5.0, 50.0)),
    "late-port-los": Mess(late_port_los=1.0),
    "no-port-los": Mess(no_port_los=1.0),
    "lone-port-los": Mess(lone_port_los=1.0),
    "few-gasps": Mess(gasping=(0.5, 0.9)),
    "dark-onts": Mess(dark=(0.05, 0.10)),
    "small-legs": Mess(small_legs=1.0),
    "cascades": Mess(cascades=1.0),
    "wrong-records": Mess(wrong_records=(0.02, 0.05)),
    "missing-records": Mess(missing_records=(0.02, 0.05)),
    "registered": Mess(registered=1.0),
    "late-cards": Mess(late_cards=(5.0, 10.0)),
    "boot-los": Mess(boot_los=1.0),
    "offline-at-shutdown": Mess(offline_at_shutdown=1.0),
    "repeated-gasps": Mess(repeated_gasps=1.0),
}
"""Every dimension by name, at its usual strength."""

MESSY = Mess(
    soak=(0.0, 3.0),
    pace=(5.0, 50.0),
    late_port_los=0.3,
    no_port_los=0.2,
    lone_port_los=0.1,
    gasping=(0.5, 0.9),
    dark=(0.05, 0.10),
    small_legs=0.2,
    cascades=0.5,
    wrong_records=(0.02, 0.05),
    missing_records=(0.0, 0.02),
    registered=0.5,
    late_cards=(5.0, 10.0),
    boot_los=0.5,
    offline_at_shutdown=0.5,
    repeated_gasps=0.5,
)
"""A plant with some of everything."""


def mess_of(names: Iterable[str]) -> Mess:
    """The dimensions of these names together. Raises SpecError for a name that there is not."""
    found = Mess()
    tidy = structs.asdict(Mess())
    for name in names:
        if name not in DIMENSIONS:
            raise SpecError("mess", name, f"unknown; there are {', '.join(DIMENSIONS)}")
        changed = {field: value for field, value in structs.asdict(DIMENSIONS[name]).items() if value != tidy[field]}
        found = structs.replace(found, **changed)
    return found


def shaped(spec: PlantSpec, mess: Mess) -> PlantSpec:
    """The specification of a plant with the fibres of ``mess``."""
    return structs.replace(spec, small_legs=mess.small_legs, cascades=mess.cascades)


def habits_of(plant: SimulatedPlant, mess: Mess, seed: int) -> dict[str, OltHabits]:
    """The habits of each OLT, drawn from ``seed`` and its id."""
    return {olt: _habits(plant, olt, mess, Random(f"habits/{seed}/{olt}")) for olt in plant.olts}


def _habits(plant: SimulatedPlant, olt: str, mess: Mess, rng: Random) -> OltHabits:
    vendor = plant.olts[olt].vendor
    soak, pace = rng.uniform(*(mess.soak or _OFF)), rng.uniform(*(mess.pace or _OFF))
    queue, drawn = rng.choice(mess.queues), rng.random()
    gasping, late = rng.uniform(*mess.gasping), rng.random()
    registered, boot_los, offline = (rng.random() < odds for odds in (mess.registered, mess.boot_los, mess.offline_at_shutdown))
    repeats = rng.random() < mess.repeated_gasps
    port_los: PortLos = "at_once"
    if drawn < mess.late_port_los:
        port_los = "late"
    elif drawn < mess.late_port_los + mess.no_port_los:
        port_los = "never"
    elif drawn < mess.late_port_los + mess.no_port_los + mess.lone_port_los:
        port_los = "alone"
    return OltHabits(
        soak=None if mess.soak is None else soak,
        pace=pace,
        queue=queue if mess.pace else "olt",
        port_los="never" if vendor in NO_PORT_LOS and port_los == "alone" else port_los,
        gasping=gasping,
        gasp_repeats=_EVERY if repeats and vendor in REPEATS_GASPS else 0.0,
        registered=registered and vendor in TELLS_REGISTRATION,
        late_card=None if mess.late_cards is None else _around(mess.late_cards, late),
        boot_los=boot_los,
        shutdown_los=not offline,
    )


def _around(range_: Range, at: float) -> Range:
    """A second of ``range_`` at the share ``at`` of it, give or take half a second."""
    middle = range_[0] + at * (range_[1] - range_[0])
    return (max(range_[0], middle - 0.5), min(range_[1], middle + 0.5))


def dark_since_long(plant: SimulatedPlant, mess: Mess, seed: int) -> dict[str, bool]:
    """ONTs without power or light since before second 0. True: the OLT sent their alarms then; False: they were never sent, or
    faultd was not there."""
    rng = Random(f"dark/{seed}")
    count = round(rng.uniform(*mess.dark) * len(plant.onts))
    told = {olt: rng.random() < mess.dark_told for olt in plant.olts}
    chosen = sorted(rng.sample(range(len(plant.onts)), count))
    onts = list(plant.onts)
    return {onts[number]: told[plant.pons[plant.onts[onts[number]].pon].olt] for number in chosen}

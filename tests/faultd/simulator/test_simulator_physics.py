"""Physics against a recomputation from scratch, and the whole simulation against its own repair."""

from collections.abc import Callable, Iterable

from hypothesis import given, settings
from hypothesis import strategies as st
from msgspec.structs import replace

from faultd.simulator.fault import Element
from faultd.simulator.mess import MESSY, Mess, habits_of
from faultd.simulator.physics import Physics
from faultd.simulator.plant import MAKERS, PlantSpec, SimulatedPlant, build_plant
from faultd.simulator.simulation import Simulation
from protocols.snmp.notification import Notification

StillOpen = Callable[[Iterable[tuple[str, Notification]]], set[tuple[object, ...]]]

PLANT = build_plant(
    PlantSpec(olts=5, cards_per_olt=1, pons_per_card=2, onts_per_pon=4, first_split=2, second_split=2, areas=3, vendors=MAKERS)
)
ELEMENTS = [
    *(Element("fibre", each) for each in (*PLANT.splitters, *PLANT.onts)),
    *(Element("area", each) for each in PLANT.areas),
    *(Element("ont", each) for each in PLANT.onts),
    *(Element("card", each) for each in PLANT.cards),
    *(Element(part, each) for part in ("olt", "reach", "uplink", "uplinks") for each in PLANT.olts),
    *(Element("bend", each) for each in PLANT.splitters),
    *(Element("transmitter", each) for each in PLANT.onts),
    *(Element("trunk", each) for each in (*PLANT.trunks, *PLANT.cards)),
    *(Element("port", each) for each in PLANT.pons),
]
steps = st.lists(
    st.tuples(
        st.sampled_from(["fail", "repair"]),
        st.sampled_from(ELEMENTS),
        st.sampled_from("abc"),
        st.floats(0, 30, allow_nan=False),
    ),
    min_size=2,
    max_size=25,
)


def heard_from_scratch(plant: SimulatedPlant, broken: set[Element], ont_id: str) -> bool:
    ont = plant.onts[ont_id]
    leaf, pon = plant.splitters[ont.splitter], plant.pons[ont.pon]
    path = {Element("fibre", each) for each in (ont_id, leaf.id, leaf.above)}
    siblings = {Element("transmitter", each) for each in pon.onts if each != ont_id}
    path |= {Element("trunk", each) for each, pons in plant.trunks.items() if pon.id in pons}
    path |= {Element("trunk", pon.card), Element("port", pon.id)}
    power = {Element("ont", ont_id), Element("area", ont.area)}
    return not broken & (path | power | siblings | {Element("card", pon.card), Element("olt", pon.olt)})


@settings(max_examples=200, deadline=None)
@given(steps)
def test_incremental_state_equals_recomputed_state(sequence: list[tuple[str, Element, str, float]]) -> None:
    physics = Physics(PLANT)
    held: dict[Element, set[str]] = {}
    for action, element, fault, _ in sequence:
        if action == "fail":
            changed = not held.get(element)
            held.setdefault(element, set()).add(fault)
            assert physics.fail(element, fault) == changed
        else:
            changed = held.get(element) == {fault}
            held.get(element, set()).discard(fault)
            assert physics.restore(element, fault) == changed
        broken = {each for each, faults in held.items() if faults}
        for ont in PLANT.onts:
            assert physics.heard(ont) == heard_from_scratch(PLANT, broken, ont)


@settings(max_examples=300, deadline=None)
@given(steps, st.integers(0, 1000), st.booleans(), st.booleans())
def test_after_all_repairs_nothing_stays_open(
    still_open: StillOpen, sequence: list[tuple[str, Element, str, float]], seed: int, messy: bool, quiet: bool
) -> None:
    habits = habits_of(PLANT, MESSY if messy else Mess(), seed)
    simulation = Simulation(PLANT, seed=seed, habits=habits)
    sent = []
    now = 0.0
    for action, element, fault, pause in sequence:
        now += pause
        sent += simulation.run(now)
        if action == "fail":
            simulation.fail(element, fault, quiet=quiet)
        else:
            simulation.repair(element, fault)
    sent += simulation.run()
    for element in ELEMENTS:
        for fault in "abc":
            simulation.repair(element, fault)
    sent += simulation.run()
    assert all(simulation.physics.heard(ont) for ont in PLANT.onts)
    assert [each.at for each in sent] == sorted(each.at for each in sent)
    assert still_open((each.olt, each.notification) for each in sent) == set()


@settings(max_examples=200, deadline=None)
@given(steps, st.integers(0, 1000))
def test_at_rest_an_ont_has_an_alarm_exactly_when_it_is_not_heard(
    sequence: list[tuple[str, Element, str, float]], seed: int
) -> None:
    """Without power cycles of cards, ports and OLTs, whose ONTs that never came back are not reported (G.984.3)."""
    habits = {
        olt: replace(each, port_los="late" if each.port_los == "alone" else each.port_los)
        for olt, each in habits_of(PLANT, MESSY if seed % 2 else Mess(), seed).items()
    }
    simulation = Simulation(PLANT, seed=seed, habits=habits)
    sent = []
    now = 0.0
    for action, element, fault, pause in sequence:
        if element.part not in ("card", "port", "olt"):
            now += pause
            sent += simulation.run(now)
            (simulation.fail if action == "fail" else simulation.repair)(element, fault)
    sent += simulation.run()
    alarms: dict[str, bool] = {}
    for each in sent:
        if each.report.what in ("ont_los", "ont_dying_gasp"):
            alarms[each.report.resource] = each.report.raised
        elif (
            each.report.what in ("ont_state", "ont_registered") and not each.report.raised
        ):  # BDCOM clears a loss by its status alone
            alarms[each.report.resource] = False
    for ont in PLANT.onts:
        assert alarms.get(ont, False) == (not simulation.physics.heard(ont)), ont

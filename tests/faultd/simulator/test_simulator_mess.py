"""The messy world's draws: habits of OLTs, dark ONTs, errors of the records."""

import pytest
from msgspec import structs

from faultd.simulator.errors import SpecError
from faultd.simulator.habits import OltHabits
from faultd.simulator.mess import DIMENSIONS, MESSY, Mess, dark_since_long, habits_of, mess_of, shaped
from faultd.simulator.plant import MAKERS, PlantSpec, build_plant
from faultd.simulator.records import draw_errors
from faultd.simulator.topology import topology_nodes

SPEC = PlantSpec(olts=40, cards_per_olt=1, pons_per_card=2, onts_per_pon=16, first_split=4, second_split=4, vendors=MAKERS)
PLANT = build_plant(SPEC)


def test_the_tidy_world_has_the_habits_that_nobody_chose() -> None:
    assert set(habits_of(PLANT, Mess(), 1).values()) == {OltHabits()}
    assert dark_since_long(PLANT, Mess(), 1) == {}
    errors = draw_errors(PLANT, Mess(), 1)
    assert (errors.wrong, errors.missing) == ({}, frozenset())
    assert mess_of(()) == Mess()
    assert shaped(SPEC, Mess()) == SPEC


@pytest.mark.parametrize("name", DIMENSIONS)
def test_a_dimension_changes_the_draws_and_only_its_own_fields(name: str) -> None:
    mess = mess_of((name,))
    assert mess != Mess()
    assert mess_of((name, name)) == mess
    tidy = structs.asdict(Mess())
    assert sum(value != tidy[field] for field, value in structs.asdict(mess).items()) == 1
    drawn = [habits_of(PLANT, mess, 3), dark_since_long(PLANT, mess, 3), draw_errors(PLANT, mess, 3), shaped(SPEC, mess)]
    plain = [habits_of(PLANT, Mess(), 3), dark_since_long(PLANT, Mess(), 3), draw_errors(PLANT, Mess(), 3), SPEC]
    assert sum(a != b for a, b in zip(drawn, plain, strict=True)) == 1


def test_every_habit_stays_in_its_bounds_and_differs_from_olt_to_olt() -> None:
    habits = habits_of(PLANT, MESSY, 5)
    for olt, each in habits.items():
        vendor = PLANT.olts[olt].vendor
        assert each.soak is not None
        assert 0 <= each.soak <= 3
        assert 5 <= each.pace <= 50
        assert 0.5 <= each.gasping <= 0.9
        assert not each.registered or vendor in ("zte", "vsol")
        assert each.port_los != "alone" or vendor != "bdcom"
        assert each.late_card is not None
        assert 5 <= each.late_card[0] <= each.late_card[1] <= 10
    assert {each.port_los for each in habits.values()} == {"at_once", "late", "never", "alone"}
    assert {each.queue for each in habits.values()} == {"olt", "pon"}
    assert len({each.soak for each in habits.values()}) == len(habits)
    assert habits == habits_of(PLANT, MESSY, 5) != habits_of(PLANT, MESSY, 6)


def test_wrong_records_stay_on_the_port_and_missing_ones_are_gone() -> None:
    errors = draw_errors(PLANT, MESSY, 5)
    count = len(PLANT.onts)
    assert 0.02 * count <= len(errors.wrong) <= 0.05 * count
    nodes = {node.id: node for node in topology_nodes(PLANT, errors=errors)}
    assert set(PLANT.onts) - set(nodes) == errors.missing
    assert not errors.missing & set(errors.wrong)
    for ont, splitter in errors.wrong.items():
        assert nodes[ont].parents == (splitter,) != (PLANT.onts[ont].splitter,)
        assert PLANT.splitters[splitter].pon == PLANT.onts[ont].pon
    right = set(nodes) & set(PLANT.onts) - set(errors.wrong)
    assert all(nodes[ont].parents == (PLANT.onts[ont].splitter,) for ont in right)


def test_some_onts_are_dark_since_long_and_of_an_olt_all_were_told_or_none() -> None:
    dark = dark_since_long(PLANT, MESSY, 5)
    assert 0.05 * len(PLANT.onts) <= len(dark) + 1 <= 0.10 * len(PLANT.onts) + 2
    told: dict[str, set[bool]] = {}
    for ont, known in dark.items():
        told.setdefault(PLANT.pons[PLANT.onts[ont].pon].olt, set()).add(known)
    assert {len(each) for each in told.values()} == {1}
    assert set(dark.values()) == {True, False}


def test_an_unknown_dimension_is_refused() -> None:
    with pytest.raises(SpecError, match="noise"):
        mess_of(("noise",))

"""The port's own loss of light, beside ONTs that were dark long before."""

import pytest
from vocabulary.outages import Olt, onts_of, shelf
from vocabulary.world import World


@pytest.mark.parametrize("onts_each", [4, 8, 32, 64])
@pytest.mark.parametrize("share", [0.05, 0.1, 0.3])
@pytest.mark.parametrize("before", [400, 90_000])
def test_it_is_a_cut_although_some_were_dark_before(world: World, onts_each: int, share: float, before: float) -> None:
    olt = Olt(world, shelf(onts_each=onts_each))
    dark = max(1, round(share * onts_each))
    for ont in onts_of(1, [0], onts_each)[:: onts_each // dark][:dark]:
        olt.reports("ont.los", ont)
        olt.seconds += 700
        olt.waits(1)
    olt.seconds += before
    olt.waits(1)
    olt.reports("pon.los", "olt/1/0")
    olt.waits(3)
    (cut,) = olt.concluded().values()
    assert (cut.alarm_type, cut.resource_id) == ("fibre.cut", "olt/1/0")
    assert (cut.metadata["dark"], cut.metadata["unknown"]) == (0, onts_each - dark)
    assert "receives no light" in cut.description
    olt.waits(600)
    assert set(olt.concluded()) == {"fibre.cut olt/1/0"}
    olt.clears("pon.los", "olt/1/0")
    olt.waits(3)
    assert not olt.concluded()


@pytest.mark.parametrize("told", [1, 2, 5])
def test_with_a_few_reports_of_its_ont_and_some_dark_before(world: World, told: int) -> None:
    olt = Olt(world, shelf(onts_each=16))
    olt.reports("ont.los", "olt/1/0/15")
    olt.seconds += 50_000
    olt.waits(1)
    olt.reports("pon.los", "olt/1/0")
    olt.reports("ont.los", *onts_of(1, [0], 16)[:told])
    olt.waits(3)
    assert set(olt.concluded()) == {"fibre.cut olt/1/0"}


def test_the_last_one_to_go_is_no_cut_of_the_feeder(world: World) -> None:
    olt = Olt(world, shelf(onts_each=4))
    for ont in onts_of(1, [0], 4)[:3]:
        olt.reports("ont.los", ont)
        olt.seconds += 50_000
        olt.waits(1)
    olt.reports("ont.los", "olt/1/0/3")
    olt.reports("pon.los", "olt/1/0")
    olt.waits(3)
    assert not olt.concluded()


def test_the_light_goes_with_the_mains_that_explain_it(world: World) -> None:
    """The last two ONTs run on batteries for some seconds, and their gasps are lost."""
    olt = Olt(world, shelf(onts_each=16))
    olt.reports("ont.dying_gasp", *onts_of(1, [0], 16)[:13])
    olt.waits(20)
    (outage,) = olt.concluded().values()
    assert outage.alarm_type == "power.outage"
    olt.reports("ont.los", "olt/1/0/13")
    olt.reports("pon.los", "olt/1/0")
    olt.waits(3)
    assert [each.alarm_type for each in olt.concluded().values()] == ["power.outage"]

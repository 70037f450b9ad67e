"""Reads and reports in any order: after a whole read the open alarms agree with it, and a newer report is never undone."""

from datetime import timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from msgspec.structs import replace
from vocabulary.lives import HUAWEI, POLICY, PROFILES, ont, trap
from vocabulary.reads import parts, read_of
from vocabulary.recovery import RestartedWorld

from protocols.alarm import Alarm
from protocols.event import ProfilesLoaded, TopologyLoaded
from protocols.poll.states import DownCause
from protocols.topology import Node

PORT, ONTS = "0/1/5", range(1, 5)
CAUSES: tuple[DownCause, ...] = ("los", "dying_gasp", "lof", "deactivated", "")
NODES = (
    Node(id="olt", type="olt", address="10.0.0.1", tenant="t"),
    Node(id=f"olt/{PORT}", type="pon", parents=("olt",)),
    *(Node(id=f"olt/{PORT}/{number}", type="ont", parents=(f"olt/{PORT}",)) for number in ONTS),
)
LOS, LOS_OVER, GASP, GASP_OVER = (HUAWEI + last for last in ("12", "13", "18", "19"))
reports = st.tuples(st.just("trap"), st.sampled_from([LOS, LOS_OVER, GASP, GASP_OVER]), st.sampled_from(ONTS))
reads = st.tuples(
    st.just("read"),
    st.dictionaries(st.sampled_from(ONTS), st.sampled_from(CAUSES)),
    st.sampled_from(["whole", "changed", "burst", "incomplete"]),
)
steps = st.lists(st.tuples(st.integers(0, 30), reports | reads), max_size=25)


def outages(world: RestartedWorld) -> dict[int, list[str]]:
    """The ids of the open alarms that say that an ONT is out, by its number."""
    found: dict[int, list[str]] = {}
    for alarm in world.alarms:
        traits = world.state.symptoms.get(alarm.alarm_type)
        if alarm.cleared_at is None and traits is not None and traits.out:
            found.setdefault(int(alarm.resource_id.rpartition("/")[2]), []).append(alarm.id)
    return found


def _is_it(alarm: Alarm, said: str, number: int) -> bool:
    open_now, mine = alarm.cleared_at is None, alarm.resource_id == f"olt/{PORT}/{number}"
    return open_now and mine and alarm.alarm_type == ("ont.los" if said == LOS else "ont.dying_gasp")


@pytest.mark.usefixtures("profiles_compiled_once")
@settings(max_examples=30, deadline=None)
@given(steps, st.sets(st.integers(0, 25), max_size=3))
def test_after_a_whole_read_the_open_alarms_agree_with_it(
    life: list[tuple[int, tuple[str, object, object]]], restarts: set[int]
) -> None:
    world = RestartedWorld()
    for settled in (POLICY, TopologyLoaded("t", NODES), ProfilesLoaded("d", PROFILES)):
        world(settled)
    reported: dict[int, float] = dict.fromkeys(ONTS, -100.0)
    raised: dict[int, str | bool] = dict.fromkeys(ONTS, False)
    for place, (seconds, (what, said, how)) in enumerate(life):
        if place in restarts:
            world.restart()
        world.at(world.seconds + seconds)
        before = outages(world)
        if what == "trap":
            assert isinstance(said, str) and isinstance(how, int)  # noqa: PT018
            world(replace(trap("10.0.0.1", said, None, ont(how), ""), received=world.now))
            reported[how] = world.seconds
            raised[how] = said in (LOS, GASP) and next(each.id for each in world.alarms if _is_it(each, said, how))
            continue
        assert isinstance(said, dict)
        down = dict(said)
        event = read_of(world, parts("ont", PORT, up=set(ONTS) - set(down), down=down), took=5.0)
        if how == "changed":
            event = replace(event, reason="changed", whole=())
        elif how == "burst":
            event = replace(event, reason="burst", scope=PORT)
        elif how == "incomplete":
            event = replace(event, states=(), whole=(), incomplete={"ont": "OID did not increase"})
        world(event)
        now, begun = outages(world), world.seconds - 5.0
        for number in ONTS:
            newer = reported[number] >= begun
            if how == "incomplete":
                assert now.get(number) == before.get(number)
            elif newer and number not in down:
                assert set(now.get(number, ())) <= set(before.get(number, ()))
                assert number in now or raised[number] not in before.get(number, ())
            elif not newer:
                assert (number in now) == (number in down)
            else:
                assert set(before.get(number, ())) <= set(now.get(number, ()))
        assert world.now - timedelta(seconds=5) == event.begun
    world.check_states()

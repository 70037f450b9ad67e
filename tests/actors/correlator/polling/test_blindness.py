"""Blindness and common places: what many silent devices mean together."""

from pathlib import Path

import pytest
from vocabulary.polls import Polls, ids, olt
from vocabulary.world import World, moment

from actors.correlator.polling.device_states import DeviceStates
from actors.correlator.polling.verdict import is_blind, is_doubtful
from actors.correlator.profiles.loading import load_profiles
from protocols.change import AlarmChanged, NotificationRequested
from protocols.event import ProfilesLoaded, TopologyChanged
from protocols.poll.contact import AgentTimes, OtherPolls, PollAnswered, PollMissed
from protocols.poll.request import PollRequested
from protocols.poll.sight import SightChanged
from protocols.topology import Node

TYPES = Path(__file__).parents[4] / "config" / "profiles" / "types.toml"
PROFILES = ProfilesLoaded("p", load_profiles({TYPES.name: TYPES.read_text()}))


def plant(world: World, *nodes: Node) -> Polls:
    world(PROFILES)
    world.topology(*nodes)
    polls = Polls(world, ids(nodes))
    polls.run(59.9)
    return polls


def some(world: World, count: int) -> Polls:
    return plant(world, *(node for number in range(1, count + 1) for node in olt(number)))


def downs(world: World) -> set[str]:
    """Devices that are reported as down now."""
    return {each.resource_id for each in world.of_type("device.down") if each.cleared_at is None}


def raised(world: World) -> list[str]:
    return [alarm_type for kind, alarm_type in world.notified if kind == "raised"]


@pytest.mark.parametrize(
    ("others", "blind"),
    [
        ((0, 0), False),  # a plant of one
        ((1, 0), False),
        ((1, 1), False),  # two of two: nothing tells one from the other
        ((2, 1), False),
        ((2, 2), True),  # three of three
        ((3, 2), False),
        ((4, 4), True),
        ((6, 3), False),
        ((6, 4), True),
        ((8, 4), False),  # half is not most
        ((9_999, 5_000), True),
        ((9_999, 200), False),
    ],
)
def test_so_many_silent_devices_show_that_the_fault_is_faultds(others: tuple[int, int], blind: bool) -> None:
    assert is_blind(OtherPolls(*others)) is blind


def test_the_verdict_waits_while_more_may_follow() -> None:
    assert not is_doubtful(OtherPolls(9_999, 2_400))
    assert is_doubtful(OtherPolls(9_999, 2_600))
    assert not is_doubtful(OtherPolls(3, 2))


def test_three_of_three_are_blindness_and_not_three_alarms(world: World) -> None:
    polls = some(world, 3)
    polls.silence("olt-1", "olt-2", "olt-3")
    polls.run(170)
    assert [each.alarm_type for each in world.alarms] == ["monitoring.blind"]
    assert "3 of 3 are silent" in world.alarm.title
    (change,) = [each for each in world.history if isinstance(each, SightChanged)]
    assert dict(change.unseen) == {"olt-1": moment(60), "olt-2": moment(80), "olt-3": moment(100)}
    assert {DeviceStates(world.state).state(each) for each in polls.devices} == {"unknown"}
    assert raised(world) == ["monitoring.blind"]


def test_the_dead_among_the_unseen_are_found_when_sight_is_back(world: World) -> None:
    polls = some(world, 9)
    polls.silence(*polls.devices)
    polls.run(600)
    assert not downs(world)
    polls.back(*(each for each in polls.devices if each != "olt-5"))
    polls.run(400)
    assert [each.alarm_type for each in world.alarms if each.cleared_at is None] == ["device.down"]
    (down,) = world.of_type("device.down")
    assert down.resource_id == "olt-5"
    assert down.first_occurrence > moment(660)
    assert not DeviceStates(world.state).blind
    assert raised(world) == ["monitoring.blind", "device.down"]
    seen = [each for change in world.history if isinstance(change, SightChanged) for each in change.seen]
    assert sorted(device for device, _at in seen) == polls.devices
    assert dict(seen)["olt-5"] == down.first_occurrence
    wished = {each.device for each in world.history if isinstance(each, PollRequested) and each.reason == "returned"}
    assert "olt-5" in wished
    assert len(wished) < 9  # those that answer after enough misses are read whole by their pollers


def test_a_device_that_was_down_before_stays_down(world: World) -> None:
    polls = some(world, 9)
    polls.silence("olt-4")
    polls.run(200)
    assert downs(world) == {"olt-4"}
    polls.silence(*polls.devices)
    polls.run(300)
    assert downs(world) == {"olt-4"}
    assert raised(world) == ["device.down", "monitoring.blind"]
    polls.back(*(each for each in polls.devices if each != "olt-4"))
    polls.run(300)
    assert downs(world) == {"olt-4"}
    (down,) = world.of_type("device.down")
    assert down.occurrence_count == 1


def test_a_blackout_that_begins_at_the_second_miss_of_a_device(world: World) -> None:
    """Its verdict falls while some of the others have missed a poll: it waits, and is then part of the blackout."""
    polls = some(world, 20)
    polls.silence("olt-1")
    polls.run(95)  # misses at 60 and 120
    assert polls.accounts["olt-1"].misses == 2
    polls.silence(*polls.devices)
    polls.run(300)
    assert not downs(world)
    assert [each.alarm_type for each in world.alarms if each.cleared_at is None] == ["monitoring.blind"]
    polls.back(*(each for each in polls.devices if each != "olt-1"))
    polls.run(400)
    assert downs(world) == {"olt-1"}


def test_a_third_that_dies_is_down_after_twice_the_time(world: World) -> None:
    """So many could be the first of a blackout. They were not."""
    polls = some(world, 15)
    dead = [f"olt-{number}" for number in range(1, 15, 3)]
    polls.silence(*dead)
    polls.run(500)
    assert downs(world) == set(dead)
    assert not world.of_type("monitoring.blind")
    assert {each.first_occurrence for each in world.of_type("device.down")} == {moment(60 + 12 * each) for each in range(5)}


def test_a_fault_of_faultd_itself_is_blindness_whatever_the_number(world: World) -> None:
    polls = some(world, 2)
    polls.own_fault = "no buffer space on eth0"
    polls.run(200)
    (alarm,) = world.alarms
    assert (alarm.alarm_type, "no buffer space on eth0" in alarm.title) == ("monitoring.blind", True)
    polls.own_fault = ""
    polls.run(100)
    assert world.alarm.cleared_at is None
    assert not DeviceStates(world.state).blind
    polls.run(200)
    assert world.alarm.cleared_at is not None
    assert {DeviceStates(world.state).state(each) for each in polls.devices} == {"up"}


def missed(device: str, first: float, own_fault: str = "") -> PollMissed:
    return PollMissed(
        device=device, address="", first=moment(first), misses=3, needed=3, others=OtherPolls(5, 1), own_fault=own_fault
    )


def test_a_device_without_a_route_hides_no_other(world: World) -> None:
    some(world, 6)
    world.at(180)(missed("olt-1", 60, "this host has no way to 192.0.0.2"))
    assert "faultd cannot see olt-1: this host has no way to 192.0.0.2" in world.of_type("monitoring.blind")[0].title
    assert DeviceStates(world.state).state("olt-1") == "unknown"
    world.at(200)(missed("olt-2", 80))
    assert downs(world) == {"olt-2"}


def test_a_device_that_died_during_a_fault_of_faultd_itself_is_found(world: World) -> None:
    """Nobody tells when the fault is over: the device is polled anew from time to time."""
    some(world, 6)
    world.at(180)(missed("olt-1", 60, "eth1 is down"))
    world.run_to(482)
    wished = [each for each in world.history if isinstance(each, PollRequested)]
    assert [(each.device, each.reason) for each in wished] == [("olt-1", "returned")]
    for misses in (1, 2, 3):
        event = PollMissed(
            device="olt-1", address="", first=moment(490), misses=misses, needed=3, echo=False, others=OtherPolls(5, 0)
        )
        world.at(490 + 60 * misses)(event)
    world.tick()
    assert downs(world) == {"olt-1"}
    assert world.of_type("device.down")[0].first_occurrence == moment(490)
    world.run_to(920)
    assert world.of_type("monitoring.blind")[0].cleared_at is not None


def test_faultd_restarts_while_it_is_blind(world: World) -> None:
    polls = some(world, 8)
    polls.silence(*polls.devices)
    polls.run(250)
    world.restart()
    for account in polls.accounts.values():
        account.misses, account.last = 0, None
    polls.run(300)
    assert [each.alarm_type for each in world.alarms] == ["monitoring.blind"]
    assert sum(len(each.unseen) for each in world.history if isinstance(each, SightChanged)) == 8
    polls.back(*polls.devices)
    polls.run(300)
    assert world.alarm.cleared_at is not None
    assert not world.state.remembered().get("SilentDevice")


def test_an_operator_who_clears_the_alarm_does_not_blind_himself(world: World) -> None:
    polls = some(world, 8)
    polls.silence(*polls.devices)
    polls.run(250)
    world.clear_alarm(world.alarm.id)
    polls.run(250)
    assert world.alarm.cleared_at is None
    assert not world.of_type("device.down")


@pytest.mark.parametrize(
    ("dark", "light", "times", "pages"),
    [
        pytest.param(200, 70, 8, 1, id="back for a minute"),
        pytest.param(240, 118, 8, 1, id="back for two minutes"),
        pytest.param(300, 300, 12, 2, id="five minutes each"),
        pytest.param(200, 900, 8, 4, id="back for a quarter of an hour"),
        pytest.param(200, 7_200, 3, 3, id="two hours apart: each is another fault"),
    ],
)
def test_a_path_that_flaps_pages_seldom(world: World, dark: int, light: int, times: int, pages: int) -> None:
    polls = some(world, 8)
    for _ in range(times):
        polls.silence(*polls.devices)
        polls.run(dark)
        polls.back(*polls.devices)
        polls.run(light)
    assert raised(world) == ["monitoring.blind"] * pages
    assert not world.of_type("device.down")
    polls.run(3_600)
    assert not [each for each in world.alarms if each.cleared_at is None]


def test_a_restart_of_faultd_while_its_sight_has_to_last(world: World) -> None:
    polls = some(world, 8)
    polls.silence(*polls.devices)
    polls.run(200)
    polls.back(*polls.devices)
    polls.run(60)
    assert "the alarm ends at " in world.timeline(world.alarm.id)[-1].text
    world.restart()
    polls.run(300)
    assert world.alarm.cleared_at is not None


def test_a_device_that_is_dead_is_down_before_the_alarm_of_blindness_ends(world: World) -> None:
    polls = some(world, 8)
    polls.silence(*polls.devices)
    polls.run(299)
    polls.silence("olt-3")
    polls.back(*(each for each in polls.devices if each != "olt-3"))
    polls.run(180)
    assert downs(world) == {"olt-3"}


def test_devices_that_leave_the_plant_end_the_blindness_that_they_were(world: World) -> None:
    polls = some(world, 10)
    polls.silence(*polls.devices[:6])
    polls.run(240)
    assert DeviceStates(world.state).blind
    gone = tuple(node.id for number in range(1, 4) for node in olt(number))
    world(TopologyChanged(removes=gone, by="ops"))
    world.tick()
    assert not DeviceStates(world.state).blind


def test_9600_of_10000_fall_silent_at_once(world: World) -> None:
    """One alarm, one Change with all of them, and no verdict on any. 10,000 verdicts of a real blackout stand behind it."""
    world(PROFILES)
    world.topology(
        *(Node(id=f"olt-{number}", type="olt", address=f"10.{number >> 8}.{number & 255}.1") for number in range(10_000))
    )
    names = [f"olt-{number}" for number in range(10_000)]
    for name in names:
        world.stages.fold(world.offset, world.now, PollAnswered(device=name, address="", times=AgentTimes(at=world.now)))
        world.offset += 1
    for misses in (1, 2, 3):
        for number, name in enumerate(names[:9_600]):
            world.at(misses * 60 + number / 200)
            world.offset += 1
            others = OtherPolls(9_999, 9_599) if misses > 1 else OtherPolls(number, number)
            first = moment(60 + number / 200)
            event = PollMissed(device=name, address="", first=first, misses=misses, needed=3, others=others)
            world.history += world.stages.fold(world.offset, world.now, event)
    world.tick()
    assert {each.alarm.alarm_type for each in world.history if isinstance(each, AlarmChanged)} == {"monitoring.blind"}
    changes = [each for each in world.history if isinstance(each, SightChanged)]
    assert [len(each.unseen) for each in changes] == [9_600]
    assert dict(changes[0].unseen)["olt-9599"] == moment(60 + 9599 / 200)


# --- common places ----------------------------------------------------------------------------------------------------


def sites(world: World) -> Polls:
    """Three sites with four OLTs each, below a region."""
    region = Node(id="region", type="other", name="Region")
    places = [Node(id=f"site-{number}", type="site", name=f"Site {number}", parents=("region",)) for number in range(3)]
    olts = [node for number in range(12) for node in olt(number + 1, f"site-{number % 3}")]
    return plant(world, region, *places, *olts)


def test_a_site_that_loses_its_power_is_one_page(world: World) -> None:
    polls = sites(world)
    dead = ["olt-1", "olt-4", "olt-7", "olt-10"]
    polls.silence(*dead)
    polls.run(260)
    assert downs(world) == set(dead)
    (place,) = world.of_type("devices.unreachable")
    assert (place.resource_id, place.first_occurrence, place.is_root_cause) == ("site-0", moment(60), True)
    assert "all 4 polled devices below it" in place.title
    assert {each.parent_alarm_id for each in world.of_type("device.down")} == {place.id}
    assert raised(world) == ["devices.unreachable"]
    polls.back(*dead)
    polls.run(60)
    assert world.get(place.id).cleared_at is not None
    assert not downs(world)
    world.run_to(world.seconds + 600)
    assert raised(world) == ["devices.unreachable"]


def test_all_behind_a_switch_that_answers_are_one_page(world: World) -> None:
    switch = Node(id="agg", type="other", name="Aggregation", address="192.0.9.1")
    others = [node for number in range(10, 30) for node in olt(number)]
    polls = plant(world, switch, *(node for number in range(1, 4) for node in olt(number, "agg")), *others)
    polls.silence("olt-1", "olt-2", "olt-3")
    polls.run(260)
    assert downs(world) == {"olt-1", "olt-2", "olt-3"}
    assert [each.resource_id for each in world.of_type("devices.unreachable")] == ["agg"]
    assert raised(world) == ["devices.unreachable"]


def test_one_device_of_a_site_is_no_fault_of_the_site(world: World) -> None:
    polls = sites(world)
    polls.silence("olt-1", "olt-4", "olt-7")
    polls.run(260)
    assert downs(world) == {"olt-1", "olt-4", "olt-7"}
    assert not world.of_type("devices.unreachable")


def test_one_that_was_never_down_and_answers_ends_the_claim(world: World) -> None:
    polls = sites(world)
    polls.silence("olt-1", "olt-4", "olt-7", "olt-10")
    polls.run(124)  # olt-1 is down, and the others miss their third poll soon
    assert len(world.of_type("devices.unreachable")) == 1
    polls.back("olt-4")
    polls.run(500)
    (place,) = world.of_type("devices.unreachable")
    assert place.cleared_at is not None
    assert "olt-4, which is below it, answers and was never down" in [each.text for each in world.timeline(place.id)]
    assert downs(world) == {"olt-1", "olt-7", "olt-10"}
    assert {each.parent_alarm_id for each in world.of_type("device.down")} == {None}


def test_two_sites_at_once_are_one_fault_above_both(world: World) -> None:
    """Of nine polled devices below the region five are silent: too many for a verdict on each at once, and not blindness."""
    region = Node(id="region", type="other", name="Region")
    places = [Node(id=f"site-{number}", type="site", parents=("region",)) for number in range(2)]
    olts = [node for number in range(4) for node in olt(number + 1, f"site-{number % 2}")]
    elsewhere = [node for number in range(20, 36) for node in olt(number)]
    polls = plant(world, region, *places, *olts, *elsewhere)
    polls.silence("olt-1", "olt-2", "olt-3", "olt-4")
    polls.run(260)
    assert downs(world) == {"olt-1", "olt-2", "olt-3", "olt-4"}
    assert [each.resource_id for each in world.of_type("devices.unreachable")] == ["region"]
    assert raised(world) == ["devices.unreachable"]


def test_200_devices_of_one_site_are_one_page(world: World) -> None:
    site = Node(id="site", type="site", name="Site")
    olts = [node for number in range(1, 201) for node in olt(number, "site")]
    elsewhere = [Node(id=f"far-{number}", type="olt", address=f"10.9.{number >> 8}.{number & 255}") for number in range(800)]
    polls = plant(world, site, *olts, *elsewhere)
    polls.silence(*(f"olt-{number}" for number in range(1, 201)))
    polls.run(200)
    assert len(downs(world)) == 200
    assert raised(world) == ["devices.unreachable"]
    assert len([each for each in world.history if isinstance(each, NotificationRequested)]) == 1


def test_the_users_of_one_tenant_do_not_read_of_the_devices_of_another(world: World) -> None:
    """A site of the operator with an OLT of each of two tenants: no alarm can be the cause of both."""
    site = Node(id="site", type="site")
    polls = plant(world, site, *olt(1, "site", tenant="a"), *olt(2, "site", tenant="b"), *olt(3, tenant="b"))
    polls.silence("olt-1", "olt-2")
    polls.run(260)
    for place in world.of_type("devices.unreachable"):
        children = [each for each in world.of_type("device.down") if each.parent_alarm_id == place.id]
        assert {each.tenant_id for each in children} == {place.tenant_id}
    assert downs(world) == {"olt-1", "olt-2"}

"""Whatever devices do: what is claimed of them, and that everything ends."""

from pathlib import Path

from hypothesis import given, settings
from hypothesis import strategies as st
from vocabulary.polls import NEEDED, Polls, ids, olt
from vocabulary.world import World, moment

from actors.correlator.polling.contact_memory import ContactMemory
from actors.correlator.profiles.loading import load_profiles
from protocols.change import AlarmChanged
from protocols.event import ProfilesLoaded
from protocols.poll.sight import SightChanged
from protocols.topology import Node

TYPES = Path(__file__).parents[4] / "config" / "profiles" / "types.toml"
PROFILES = ProfilesLoaded("p", load_profiles({TYPES.name: TYPES.read_text()}))
OF_POLLS = ("device.down", "snmp.unreachable", "devices.unreachable", "monitoring.blind")

NODES = (
    Node(id="region", type="other"),
    *(Node(id=f"site-{number}", type="site", parents=("region",)) for number in range(2)),
    *(node for number in range(1, 9) for node in olt(number, f"site-{number % 2}")),
)
DEVICES = ids(NODES)

groups = st.sampled_from([DEVICES, DEVICES[:6], DEVICES[::2], *([each] for each in DEVICES), DEVICES[:2]])
steps = st.lists(
    st.one_of(
        st.tuples(st.just("silence"), groups, st.sampled_from([{}, {"echo": True}, {"silence": "refused"}])),
        st.tuples(st.just("back"), groups),
        st.tuples(st.just("fault"), st.booleans()),
        st.tuples(st.just("restart")),
        st.tuples(st.just("run"), st.sampled_from([7.0, 31.0, 64.0, 130.0, 250.0])),
    ),
    max_size=12,
)


class Watch:
    """Plays steps, and looks at the fold after each poll."""

    def __init__(self, restarts: bool) -> None:
        self.world = World()
        self.world(PROFILES)
        self.world.topology(*NODES)
        self.world.restarts = restarts
        self.polls = Polls(self.world, DEVICES)
        self.blind = False
        self.seen = 0
        self.polls.run(59)

    def play(self, moves: list[tuple[object, ...]]) -> None:
        for move in moves:
            match move:
                case ("silence", list(devices), dict(facts)):
                    self.polls.silence(*devices, **facts)
                case ("back", list(devices)):
                    self.polls.back(*devices)
                case ("fault", bool(broken)):
                    self.polls.own_fault = "eth0 is down" if broken else ""
                case ("restart",):
                    for account in self.polls.accounts.values():
                        account.misses, account.last, account.reported = 0, None, False
                case ("run", float(seconds)):
                    self.polls.run(seconds, self.look)
        self.polls.own_fault = ""
        self.polls.back(*DEVICES)
        self.polls.run(900, self.look)

    def look(self) -> None:
        """No device is reported as down while faultd was blind before, and is; each is dated from a missed poll."""
        changes, self.seen = self.world.history[self.seen :], len(self.world.history)
        memory = self.world.state.memory(ContactMemory)
        blind, self.blind = self.blind and memory.blind_for_all, memory.blind_for_all
        for change in changes:
            if isinstance(change, AlarmChanged) and change.alarm.alarm_type == "device.down":
                raised = [each for each in change.entries if each.action in ("raised", "reopened")]
                if raised:
                    assert not blind
                    account = self.polls.accounts[change.alarm.resource_id]
                    assert change.alarm.opened_at == moment(account.first)
                    assert account.misses == NEEDED


@given(steps)
@settings(max_examples=60)
def test_nothing_is_claimed_in_the_dark_and_everything_ends(moves: list[tuple[object, ...]]) -> None:
    watch = Watch(restarts=False)
    watch.play(moves)
    world = watch.world
    memory = world.state.memory(ContactMemory)
    assert not [each for each in world.alarms if each.alarm_type in OF_POLLS and each.cleared_at is None]
    assert (memory.silent, memory.unseen, memory.places, memory.blind) == ({}, {}, {}, None)
    assert set(memory.heard) == set(DEVICES)
    assert not world.failures()
    lost: dict[str, object] = {}
    for change in world.history:
        if isinstance(change, SightChanged):
            for device, since in change.unseen:
                assert device not in lost
                lost[device] = since
            for device, until in change.seen:
                assert until >= lost.pop(device)  # type: ignore[operator]
    assert not lost


@given(steps)
@settings(max_examples=15)
def test_the_same_events_give_the_same_changes_after_a_snapshot(moves: list[tuple[object, ...]]) -> None:
    straight, broken = Watch(restarts=False), Watch(restarts=True)
    straight.play(moves)
    broken.play(moves)
    assert straight.world.history == broken.world.history

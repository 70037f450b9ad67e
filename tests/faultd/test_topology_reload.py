"""The topology file and the API share the plant: a reload changes what is different in the file, and no more."""

from pathlib import Path

import pytest
import trio
from hypothesis import given, settings
from hypothesis import strategies as st
from vocabulary.world import World

from actors.correlator.plant.check import mistakes
from actors.correlator.plant.difference import from_file, whole
from actors.correlator.state import State
from actors.mailbox import Append, Outcome
from faultd.config import load
from faultd.inputs import changed_inputs, read_inputs
from faultd.reload import reload
from protocols.change import Change
from protocols.command import ChangeTopology, Command
from protocols.event import Event, TopologyChanged, TopologyLoaded
from protocols.principal import Principal
from protocols.topology import Node, TopologyError, assemble
from protocols.topology_csv import csv_lines

ADMIN = Principal("root", "admin")
OLT = Node(id="olt-1", type="olt", address="10.0.0.1")
PON = Node(id="olt-1/1", type="pon", parents=("olt-1",))
ONT = Node(id="olt-1/1/5", type="ont", parents=("olt-1/1",))


class Daemon:
    """A state, a topology file, and what comes of reloading it."""

    def __init__(self, folder: Path) -> None:
        self.file = folder / "plant.csv"
        self.config = folder / "faultd.toml"
        self.config.write_text(f'[topology]\nfile = "{self.file}"\n')
        self.world = World()
        self.between: list[Event] = []
        """Events that come in while a reload is thought out."""
        self.taken: list[Event] = []

    def write(self, *nodes: Node) -> None:
        self.file.write_text("".join(csv_lines(nodes)))

    def fold(self, event: Event) -> list[Change]:
        return self.world(event)

    @property
    def state(self) -> State:
        return self.world.state

    def start(self) -> list[Event]:
        """As a start does it."""
        self.world.restart()
        events = list(changed_inputs(self.state, read_inputs(load(self.config))))
        for event in events:
            self.fold(event)
        return [event for event in events if isinstance(event, TopologyLoaded | TopologyChanged)]

    async def reload(self) -> list[TopologyChanged]:
        """As SIGHUP does it."""
        self.taken = []
        send, receive = trio.open_memory_channel[Append](0)
        running = load(self.config)
        async with trio.open_nursery() as nursery:
            nursery.start_soon(self._ledger, receive)
            assert await reload(self.config, running, self.state, send, lambda *_: None) is not None
            await send.aclose()
        return [event for event in self.taken if isinstance(event, TopologyChanged)]

    async def _ledger(self, receive: trio.MemoryReceiveChannel[Append]) -> None:
        async for append in receive:
            for event in self.between:
                self.fold(event)
            self.between = []
            first = self.state.offset + 1
            changes = [self.fold(event) for event in append.events]
            self.taken += append.events
            assert append.answered is not None
            append.answered.give(Outcome(first, 1, changes))

    @property
    def nodes(self) -> list[Node]:
        return list(self.state.plant.nodes.values())


@pytest.fixture
def daemon(tmp_path: Path) -> Daemon:
    daemon = Daemon(tmp_path)
    daemon.write(OLT, PON, ONT)
    assert [type(event) for event in daemon.start()] == [TopologyLoaded]
    return daemon


def by_api(daemon: Daemon, *puts: Node, removes: tuple[str, ...] = ()) -> None:
    daemon.fold(Command(ADMIN, ChangeTopology(puts, removes)))


async def test_a_reload_sends_what_is_different_and_a_file_that_says_the_same_says_nothing(daemon: Daemon) -> None:
    assert daemon.start() == []
    assert await daemon.reload() == []
    other = Node(id="olt-1/2", type="pon", parents=("olt-1",))
    daemon.write(OLT, PON, other)
    (change,) = await daemon.reload()
    assert (change.puts, change.removes) == ((other,), (ONT.id,))
    assert daemon.nodes == [OLT, PON, other]
    assert await daemon.reload() == []
    assert daemon.start() == []


async def test_what_the_api_did_holds_until_the_file_changes(daemon: Daemon) -> None:
    corrected = Node(id=PON.id, type="pon", parents=PON.parents, name="by hand")
    added = Node(id="olt-1/1/6", type="ont", parents=(PON.id,))
    by_api(daemon, corrected, added, removes=(ONT.id,))
    assert daemon.start() == []
    assert daemon.nodes == [OLT, corrected, added]
    assert list(daemon.state.api_nodes) == [added.id], "a node of the file that the API changes stays the file's"
    daemon.write(OLT, PON, ONT, Node(id="x", type="site"))
    await daemon.reload()
    assert {node.id: node for node in daemon.nodes} == {
        node.id: node for node in (OLT, added, PON, ONT, Node(id="x", type="site"))
    }
    assert list(daemon.state.api_nodes) == [added.id]


async def test_a_node_of_the_api_that_the_file_names_is_the_files_from_then_on(daemon: Daemon) -> None:
    added = Node(id="olt-1/1/6", type="ont", parents=(PON.id,))
    by_api(daemon, added)
    daemon.write(OLT, PON, ONT, added)
    await daemon.reload()
    assert daemon.state.api_nodes == {}
    daemon.write(OLT, PON, ONT)
    (change,) = await daemon.reload()
    assert change.removes == (added.id,)


async def test_what_the_file_drops_stays_where_the_apis_nodes_hang_from_it(daemon: Daemon) -> None:
    below = Node(id="olt-1/1/9", type="ont", parents=(PON.id,))
    by_api(daemon, below)
    daemon.write(Node(id="other", type="olt", address="10.0.0.9"))
    (change,) = await daemon.reload()
    assert (change.removes, set(change.kept)) == ((ONT.id,), {OLT.id, PON.id})
    assert list(daemon.state.api_nodes) == [below.id, PON.id, OLT.id]
    by_api(daemon, removes=(below.id, PON.id, OLT.id))
    assert [node.id for node in daemon.nodes] == ["other"]


async def test_an_address_goes_to_the_node_that_the_file_gives_it(daemon: Daemon) -> None:
    by_api(daemon, Node(id="by-hand", type="olt", address="10.0.0.2"))
    new = Node(id="olt-2", type="olt", address="10.0.0.2")
    daemon.write(OLT, PON, ONT, new)
    await daemon.reload()
    assert daemon.state.plant.device("10.0.0.2") == new
    assert daemon.state.plant.nodes["by-hand"].address == ""
    assert list(daemon.state.api_nodes) == ["by-hand"]


async def test_a_difference_that_was_made_for_another_plant_is_made_anew(daemon: Daemon) -> None:
    daemon.write(OLT, PON)
    added = Node(id="olt-1/1/5/uni", type="other", parents=(ONT.id,))
    daemon.between = [Command(ADMIN, ChangeTopology((added,)))]
    first, second = await daemon.reload()
    assert (first.removes, second.removes) == ((ONT.id,), ())
    assert second.kept == (ONT.id,)
    assert added in daemon.nodes


async def test_a_file_with_mistakes_changes_nothing(daemon: Daemon) -> None:
    daemon.file.write_text("id,type,parents\na,olt,b\n")
    send, _receive = trio.open_memory_channel[Append](0)
    assert await reload(daemon.config, load(daemon.config), daemon.state, send, lambda *_: None) is None
    assert daemon.nodes == [OLT, PON, ONT]


IDS = ("a", "b", "c", "d", "e")
node = st.builds(
    Node,
    id=st.sampled_from(IDS),
    type=st.just("x"),
    parents=st.lists(st.sampled_from(IDS), max_size=2).map(tuple),
    address=st.sampled_from(["", "", "10.0.0.1", "10.0.0.2"]),
)


def _a_plant(nodes: list[Node]) -> bool:
    try:
        assemble(enumerate(nodes), str)
    except TopologyError:
        return False
    return True


some = st.lists(node, max_size=5, unique_by=lambda each: each.id)
plants = some.filter(_a_plant)


@settings(max_examples=150, deadline=None)
@given(plants, st.lists(some, max_size=5), plants)
def test_a_file_can_be_applied_whatever_the_api_has_made_of_the_plant(
    first: list[Node], wishes: list[list[Node]], second: list[Node]
) -> None:
    world = World()
    world.topology(*first)
    state = world.state
    for wish in wishes:
        difference = whole(state.plant, wish) if len(wish) > 2 else None
        removes = difference.removes if difference else ()
        world.command(ChangeTopology(tuple(wish), removes), by=ADMIN)
    mine = set(state.api_nodes) - {each.id for each in second}
    change = from_file(state.plant, state.api_nodes, second)
    assert mistakes(state.plant, change.puts, change.removes) == []
    state.replant(state.offset + 1, change.puts, change.removes, True, change.kept)
    for each in second:
        assert state.plant.nodes[each.id] == each
    assert mine <= state.plant.nodes.keys()
    assert state.plant.nodes.keys() == {each.id for each in second} | state.api_nodes.keys()
    again = from_file(state.plant, state.api_nodes, second)
    assert (again.puts, again.removes) == ((), ())

"""Events that change the plant: refused with every mistake, or taken whole."""

from collections.abc import Iterator, Mapping, Sequence

from actors.correlator.draft import Draft
from actors.correlator.operator_tables import emit_nodes
from actors.correlator.plant.check import NodeMistake, mistakes, taken_serials
from actors.correlator.plant.difference import TopologyDifference, whole
from actors.correlator.polling.contact import forget_nodes
from actors.correlator.polling.read_memory import FoundOntMemory, LevelMemory, ReadMemory
from actors.correlator.resources import placement, silent_devices
from actors.correlator.resources.onts import note_replaced
from actors.correlator.resources.renames import note_renames
from actors.correlator.state import State
from actors.correlator.windows import strategy as windows
from actors.expected_revision import outdated
from protocols.change import Answer, Refusal
from protocols.command import ChangeTopology
from protocols.event import FROM_FILE, TopologyChanged, TopologyLoaded
from protocols.principal import Principal
from protocols.topology import Node

MOST_REFUSALS = 1_000
"""Number of mistakes in an answer."""


def fold_topology(draft: Draft, event: TopologyLoaded) -> None:
    """The plant is this, and all of it the file's; its makers have checked it."""
    plant = draft.state.plant
    difference = whole(plant, event.nodes) if plant.nodes else TopologyDifference(event.nodes)
    take_nodes(draft, difference.puts, difference.removes, digest=event.digest, by_file=True, whole_file=True)


def fold_topology_changed(draft: Draft, event: TopologyChanged) -> None:
    """A difference, by the file or by another part of faultd."""
    refusals = _refusals(draft, event.puts, event.removes, event.on)
    if not refusals:
        file = event.by == FROM_FILE
        take_nodes(draft, event.puts, event.removes, digest=event.digest if file else None, by_file=file, kept=event.kept)
    draft.emit(Answer(offset=draft.offset, refusals=refusals))


def change_topology(draft: Draft, by: Principal, action: ChangeTopology, expected: Mapping[str, int]) -> None:
    """A difference that somebody asked for. ``expected``: revisions of nodes, as the caller knows them."""
    refusals = (
        _foreign(draft, by, action)
        or _outdated(draft, expected)
        or _refusals(draft, action.puts, action.removes, action.on, by.tenant)
        or tuple(
            _refusal(one) for one in taken_serials(draft.state.plant, action.puts, action.removes, by.tenant)[:MOST_REFUSALS]
        )
    )
    if not refusals:
        take_nodes(draft, action.puts, action.removes)
    draft.emit(Answer(offset=draft.offset, refusals=refusals))


def take_nodes(
    draft: Draft,
    puts: Sequence[Node],
    removes: Sequence[str],
    *,
    digest: str | None = None,
    by_file: bool = False,
    kept: Sequence[str] = (),
    whole_file: bool = False,
) -> None:
    """Change the plant and what depends on it. Nothing is checked here. ``digest``: of the topology file, if it is the
    reason. ``by_file``: what is put belongs to the file, all but ``kept``. ``whole_file``: every node is the file's from here
    on."""
    state = draft.state
    note_renames(draft, puts, removes)
    note_replaced(draft, puts)
    placement.note(draft, puts, removes)
    silent_devices.note(draft, puts, removes)
    forget_nodes(draft, removes)
    windows.reconsider(draft)
    draft.on_commit(state.memory(ReadMemory).forget_all, removes)
    draft.on_commit(state.memory(LevelMemory).forget_all, removes)
    draft.on_commit(state.memory(FoundOntMemory).forget_all, removes)
    draft.on_commit(state.replant, draft.offset, puts, removes, by_file, kept)
    if whole_file:
        draft.on_commit(state.api_nodes.clear)
    emit_nodes(draft, _different(state, puts, removes, by_file, (*kept, *(state.api_nodes if whole_file else ()))))
    if digest is not None:
        draft.on_commit(setattr, state, "topology_digest", digest)


def _different(
    state: State, puts: Sequence[Node], removes: Sequence[str], by_file: bool, moved: Sequence[str]
) -> Iterator[str]:
    """Ids of the nodes that are another, or another's, afterwards: ``moved`` are those that the file takes over or gives up."""
    nodes = state.plant.nodes
    for node in puts:
        if nodes.get(node.id) != node or (by_file and node.id in state.api_nodes):
            yield node.id
    yield from removes
    yield from moved


def _refusals(
    draft: Draft, puts: Sequence[Node], removes: Sequence[str], on: int | None, tenant: str | None = None
) -> tuple[Refusal, ...]:
    state = draft.state
    if on is not None and on != state.topology_at:
        text = f"the topology has changed meanwhile (Event {state.topology_at}, not {on})"
        return (Refusal("", "wrong_state", text),)
    ready = state.prepared
    if ready is not None and ready.offset == draft.offset and not state.plant.nodes:
        if ready.mistakes:
            draft.on_commit(setattr, state, "prepared", None)
        return tuple(_refusal(one) for one in ready.mistakes[:MOST_REFUSALS])
    return tuple(_refusal(one) for one in mistakes(state.plant, puts, removes, tenant)[:MOST_REFUSALS])


def _outdated(draft: Draft, expected: Mapping[str, int]) -> tuple[Refusal, ...]:
    """Nodes that have another revision than the caller expects."""
    plant = draft.state.plant
    found = [outdated(expected, one, plant.revision(one), f"node {one!r}") for one in expected]
    return tuple(refusal for refusal in found if refusal is not None)


def _refusal(mistake: NodeMistake) -> Refusal:
    return Refusal(mistake.id, "invalid", f"{mistake.field}: {mistake}")


def _foreign(draft: Draft, by: Principal, action: ChangeTopology) -> tuple[Refusal, ...]:
    """Nodes that are, or would be, of a tenant that is not the caller's; shared ones are those of callers without a tenant."""
    if by.tenant is None:
        return ()
    nodes = draft.state.plant.nodes
    ids = [node.id for node in action.puts if node.tenant != by.tenant]
    ids += [node.id for node in action.puts if (old := nodes.get(node.id)) is not None and old.tenant != by.tenant]
    told = [Refusal(one, "not_your_tenant", f"node {one!r} is not of tenant {by.tenant!r}") for one in ids[:MOST_REFUSALS]]
    gone = [nodes[one] for one in action.removes if one in nodes]
    if any(node.tenant != by.tenant for node in gone):
        text = f"nodes that are not of tenant {by.tenant!r} hang from what is to be removed"
        told.append(Refusal("", "not_your_tenant", text))
    return tuple(told)

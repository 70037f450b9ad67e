"""Collects the evidence about the ONTs below a port, from open alarms and the inference's memory, as the tree to be
explained."""

from collections.abc import Collection, Iterable, Mapping
from datetime import timedelta

from actors.correlator.draft import Draft
from actors.correlator.polling.found_parts import within
from actors.correlator.pon.cause import Evidence
from actors.correlator.pon.episodes import SOAK
from actors.correlator.pon.likelihood import Seen, Tree
from actors.correlator.pon.memory import PonMemory, PortRead
from actors.correlator.state import State
from actors.correlator.strategies.symptoms import Symptoms
from protocols.alarm import Alarm

_READ_AFTER = timedelta(seconds=6)
"""A read that began so long after the first loss of an episode shows the ONTs after the event."""


def heard_of(draft: Draft, node_id: str) -> list[Alarm]:
    """The open alarms of a node that are evidence, oldest first: those of the tenant of its OLT. A conclusion must not reveal
    alarms of other tenants."""
    return _of_owner(draft.state, node_id, draft.at_resource(node_id))


def evidence_at(state: State, node_id: str) -> list[Alarm]:
    """The same from the State, without the changes of the draft."""
    return _of_owner(state, node_id, state.at_resource(node_id))


def _of_owner(state: State, node_id: str, alarms: list[Alarm]) -> list[Alarm]:
    if alarms:
        tenant = tenant_of(state, node_id)
        if any(each.tenant_id != tenant for each in alarms):
            return [each for each in alarms if each.tenant_id == tenant]
    return alarms


def tenant_of(state: State, node_id: str) -> str:
    """The tenant of the node's OLT. Alarms from its traps, and conclusions about the node, belong to this tenant."""
    plant = state.plant
    if node_id not in plant.nodes:
        node_id = node_id.rpartition("/")[0]  # an ONT that the topology does not have belongs to its port
    return plant.owner(node_id) or state.settings.default_tenant


def said_of(draft: Draft, onts: Iterable[str]) -> dict[str, list[Alarm]]:
    """The open alarms by ONT. ONTs without alarms are left out."""
    return {ont: alarms for ont in onts if (alarms := heard_of(draft, ont))}


def evidence(draft: Draft, ont: str, memory: PonMemory) -> Evidence | None:
    """The evidence against this ONT; None when it is not known to be out."""
    return against(draft.state.symptoms, ont, heard_of(draft, ont), memory)


def says_out(symptoms: Symptoms, alarm: Alarm) -> bool:
    """True when the alarm reports its ONT without service."""
    traits = symptoms.get(alarm.alarm_type)
    return traits is not None and traits.out


def is_out(draft: Draft, ont: str) -> bool:
    """True when an ONT is known to be out."""
    symptoms = draft.state.symptoms
    return any(says_out(symptoms, each) for each in heard_of(draft, ont))


def against(symptoms: Symptoms, ont: str, alarms: Iterable[Alarm], memory: PonMemory) -> Evidence | None:
    """Like :func:`evidence`, from an ONT's open alarms."""
    out = [each for each in alarms if says_out(symptoms, each)]
    if not out:
        return None
    gasped = any(symptoms[each.alarm_type].gasp for each in out)
    if len(out) > 1:
        out.sort(key=lambda each: symptoms[each.alarm_type].rank)
    alarms_of_ont = tuple(each.id for each in out)
    onset = memory.onset.get(ont, out[0].received_at)
    return Evidence(ont, alarms_of_ont, gasped, onset, ont in memory.found, memory.queued.get(ont))


def dimmed(draft: Draft, ont: str) -> list[Alarm]:
    """The open alarms of an ONT that say that it has too little light or too many errors."""
    return dim_of(draft.state.symptoms, heard_of(draft, ont))


def dim_of(symptoms: Symptoms, alarms: Iterable[Alarm]) -> list[Alarm]:
    """The ONT's open alarms about low optical power or errors."""
    return [each for each in alarms if (traits := symptoms.get(each.alarm_type)) is not None and traits.degraded]


def pon_los_of(draft: Draft, port: str) -> list[Alarm]:
    """The open alarms by which an OLT reports that this PON port receives nothing."""
    symptoms = draft.state.symptoms
    return [each for each in heard_of(draft, port) if (traits := symptoms.get(each.alarm_type)) is not None and traits.pon_los]


def tree_of(draft: Draft, port: str, seen: Mapping[str, Seen]) -> Tree:
    """The plant below ``port`` as a tree, each ONT with its state in ``seen``. A node with a single branch and that branch
    are one place: a break above either affects the same ONTs. An ONT directly below a node is a branch like a splitter."""
    plant = draft.state.plant
    trees: dict[str, Tree | None] = {}
    waiting = [(port, False)]
    entered = {port}
    while waiting:
        node, opened = waiting.pop()
        if node in seen:
            trees[node] = Tree(node, (), seen[node])
        elif opened:
            branches = tuple(tree for child in plant.children(node) if (tree := trees.get(child)) is not None)
            trees[node] = _fold(node, branches)
        else:
            waiting.append((node, True))
            for child in reversed(list(plant.children(node))):
                if child not in entered:
                    entered.add(child)
                    waiting.append((child, False))
    return trees.get(port) or Tree(port, (), "silent")


def _fold(node: str, branches: tuple[Tree, ...]) -> Tree | None:
    if not branches:
        return None
    if len(branches) > 1:
        return Tree(node, branches)
    (only,) = branches
    # A chain of splitters takes the name of its upper end, a lone ONT keeps its own.
    return Tree(node, only.branches) if only.branches else only


def node_above(draft: Draft, port: str, onts: list[str]) -> str:
    """The nearest node above all these ONTs of the port, or the upper end of the chain that it is in."""
    plant = draft.state.plant
    lines = [plant.ancestors(ont) for ont in onts]
    place = next((each for each in lines[0] if all(each in line for line in lines[1:])), port)
    while place != port and len(above := plant.parents(place)) == 1 and len(plant.children(above[0])) == 1:
        place = above[0]
    return place


def ports_below(draft: Draft, node_id: str) -> list[str]:
    """The PON ports with ONTs at or below a node, in the order of the topology."""
    plant = draft.state.plant
    found: list[str] = []
    waiting, seen = [node_id], {node_id}
    while waiting:
        name = waiting.pop()
        node = plant.nodes.get(name)
        if node is not None and node.type == "pon":
            if plant.onts_below(name):
                found.append(name)
            continue
        for child in reversed(list(plant.children(name))):
            if child not in seen:
                seen.add(child)
                waiting.append(child)
    return found


def view(
    onts: Iterable[str],
    episode: Mapping[str, Evidence],
    others: Mapping[str, Evidence],
    explained: Collection[str],
    memory: PonMemory,
    polled: PortRead | None = None,
) -> dict[str, Seen]:
    """The state of each ONT in one episode. An ONT that was out before, or has another explanation, is no evidence. One that
    went out later was alive in it, and so was one that ``polled``, a read of the port after it, found up."""
    begun = min(each.onset for each in episode.values())
    ended = max(each.onset for each in episode.values())
    if polled is not None and polled.begun <= min(ended, begun + _READ_AFTER):
        polled = None
    seen: dict[str, Seen] = {}
    for ont in onts:
        mine, other = episode.get(ont), others.get(ont)
        if ont in explained:
            seen[ont] = "out"
        elif mine is not None:
            if mine.found:
                seen[ont] = "found_gasp" if mine.gasped else "found_dark"
            else:
                seen[ont] = "gasp" if mine.gasped else "dark"
        elif other is not None:
            gone = other.onset < begun
            # One that is reported a little later may have gone at that time too.
            seen[ont] = "out" if gone else "alive" if other.earliest - SOAK > ended else "silent"
        else:
            back = memory.back.get(ont)
            alive = (back is not None and back > ended) or (polled is not None and is_up(polled, ont))
            seen[ont] = "alive" if alive else "silent"
    return seen


def is_up(read: PortRead, ont: str) -> bool:
    """True when a read of its port found the ONT up."""
    number = ont.rpartition("/")[2]
    return number.isdecimal() and within(read.up, int(number))


def leaves(tree: Tree, place: str) -> list[str]:
    """The ONTs below ``place`` in the tree."""
    found: list[str] = []
    waiting = [(tree, tree.id == place)]
    while waiting:
        node, inside = waiting.pop()
        if inside and not node.branches:
            found.append(node.id)
        waiting += [(branch, inside or branch.id == place) for branch in reversed(node.branches)]
    return found

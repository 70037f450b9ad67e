"""Instances that follow from the topology: nodes of type ``customer`` and ``service`` with an ``sla_class`` that a definition
names.

A node's contract begins when faultd first sees both, and ends when the node is gone or has no class any more. A class that no
definition names changes nothing. Fields that an operator edited are the operator's; a contract that an operator ended stays so.
"""

from typing import Any

import msgspec
from msgspec import Struct
from msgspec.structs import replace

from actors.sla_clock.books.period_choice import period_of
from actors.sla_clock.evidence.plant import PlantPlace
from actors.sla_clock.run import FoldRun
from actors.sla_clock.state import SlaState
from actors.sla_clock.terms.instances import (
    MOST_INSTANCES,
    change_definition,
    double_of,
    end_contract,
    examine,
    new_instance,
    put_instance,
)
from actors.sla_clock.work import FollowNodes, WorkItem
from protocols.event import PolicyLoaded
from protocols.sla.definition import SlaDefinition
from protocols.sla.instance import InstancePlan, SlaInstance

BY_TOPOLOGY = "faultd:topology"
COST = 4
"""Budget of one node: a new instance takes about as long as examining four."""


class _DefaultTenant(Struct):
    """The part of the correlator's settings that is needed here."""

    default_tenant: str = "default"


_settings = msgspec.msgpack.Decoder(_DefaultTenant)


def note_default_tenant(run: FoldRun, event: PolicyLoaded) -> None:
    """The tenant of the contracts of nodes that all tenants share."""
    try:
        tenant = _settings.decode(event.settings).default_tenant
    except msgspec.MsgspecError:
        return  # the correlator has refused it
    if tenant != run.state.default_tenant:
        run.journal.set(run.state, "default_tenant", tenant)


def follow_nodes(run: FoldRun, item: FollowNodes) -> WorkItem | None:
    """Bring the instances of the nodes in step; what is left of ``item``."""
    definitions = _by_class(run.state)
    made: list[str] = []
    left: WorkItem | None = None
    for done, node_id in enumerate(item.nodes):
        if run.budget <= 0:
            left = FollowNodes(item.nodes[done:])
            break
        run.budget -= COST
        made += _follow(run, node_id, definitions)
    if made:
        examine(run, tuple(made), "the topology changed", run.now)
    return left


def follow_class(run: FoldRun, sla_class: str) -> None:
    """Have every node of a class brought in step."""
    nodes = run.state.plant.classes.get(sla_class)
    if nodes:
        run.state.put_work(run.journal, FollowNodes(tuple(sorted(nodes))))


def _by_class(state: SlaState) -> dict[tuple[str | None, str], SlaDefinition]:
    newest = (versions[-1] for versions in state.definitions.values())
    return {(each.tenant_id, each.terms.sla_class): each for each in newest if each.terms.sla_class and not each.deleted_at}


def _follow(run: FoldRun, node_id: str, definitions: dict[tuple[str | None, str], SlaDefinition]) -> list[str]:
    """Ids of the instances to examine."""
    state = run.state
    place = state.plant.places.get(node_id)
    known = next(reversed(state.instances.found_at(f"follows:{node_id}")), None)
    if place is None or not place.contract_class:
        if known is None or known.over(run.now):
            return []
        end_contract(run, known, BY_TOPOLOGY)
        return [known.id]
    tenant = place.tenant or state.default_tenant
    definition = definitions.get((tenant, place.contract_class)) or definitions.get((None, place.contract_class))
    if known is not None and (known.tenant_id, known.service_id) != (tenant, place.service_id or place.id):
        # Another service is another contract.
        if not known.over(run.now):
            end_contract(run, known, BY_TOPOLOGY)
        found = [known.id]
        return found if definition is None else [*found, *_make(run, place, tenant, definition)]
    if known is None:
        return [] if definition is None else _make(run, place, tenant, definition)
    if known.over(run.now):
        if known.updated_by != BY_TOPOLOGY or definition is None:
            return []
        if period_of(state, known, run.now) is None:
            return _make(run, place, tenant, definition)
        known = replace(known, end=None)
    return _adjust(run, known, place, definition)


def _adjust(run: FoldRun, known: SlaInstance, place: PlantPlace, definition: SlaDefinition | None) -> list[str]:
    """Give the instance the values of the node, but for those that an operator edited."""
    before = run.state.instances.get(known.id)
    assert before is not None
    wanted: dict[str, Any] = {"customer_id": _customer_of(run.state, place), "customer_name": _name_of(place)}
    if definition is not None:
        wanted["definition_id"] = definition.id
    after = replace(known, **{name: value for name, value in wanted.items() if name not in known.edited})
    if after.definition_id != before.definition_id:
        if double_of(run.state, after) is not None:
            after = replace(after, definition_id=before.definition_id)
        else:
            after = change_definition(run, before, after)
    if after == before:
        return []
    put_instance(run, replace(after, revision=before.revision + 1, updated_at=run.at, updated_by=BY_TOPOLOGY))
    return [before.id]


def _make(run: FoldRun, place: PlantPlace, tenant: str, definition: SlaDefinition) -> list[str]:
    if len(run.state.instances) >= MOST_INSTANCES:
        return []
    model = definition.terms.credits
    plan = InstancePlan(
        tenant_id=tenant,
        definition_id=definition.id,
        customer_id=_customer_of(run.state, place),
        service_id=place.service_id or place.id,
        customer_name=_name_of(place),
        resources=(place.id,),
        start=run.now,
        currency="" if model is None else model.currency,
        minor_digits=2 if model is None else model.minor_digits,
    )
    made = new_instance(run, BY_TOPOLOGY, plan, origin="file", node_id=place.id)
    if double_of(run.state, made) is not None:
        return []  # an operator has made the contract
    put_instance(run, made)
    return [made.id]


def _customer_of(state: SlaState, place: PlantPlace) -> str:
    """The node's own customer, or else that of a node below it, or above; else the node stands for its customer."""
    for beside in ([place.id], state.plant.children.get(place.id, ()), place.parents):
        found = [state.plant.places[each].customer_id for each in beside if each in state.plant.places]
        # The order of nodes side by side is that of their arrival, which a restart does not keep.
        if customer := min(filter(None, found), default=""):
            return customer
    return place.id


def _name_of(place: PlantPlace) -> str:
    return place.name if place.type == "customer" else ""

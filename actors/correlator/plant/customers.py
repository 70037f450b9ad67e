"""Details of the customers of an alarm: names, telephones, addresses (for display alone), and their classes."""

from collections.abc import Iterator, Sequence
from itertools import chain, islice

from actors.correlator.plant.index import Plant
from actors.correlator.plant.power_area import AREA
from actors.correlator.plant.reach import customer_of, has_contact
from protocols.alarm import Alarm
from protocols.customer import Customer
from protocols.topology import Node
from protocols.walls import shown_to

MOST_LOOKED_AT = 5_000
"""Nodes below an alarm's resource that are looked at: a question about a whole region must not hold up the traps."""

MOST_NODES = 2_000
"""Nodes below an alarm's resource in which a request for a notification looks for classes of customers."""
MOST_TIERS = 20
"""Classes of customers that it lists."""


def tiers_of(plant: Plant, alarm: Alarm) -> tuple[str, ...]:
    """The classes (``sla_class``) of the customers affected, each once, at most :data:`MOST_TIERS`: those of the evidence, or
    else of the customers at and below the alarm's resource and of those that the alarm names."""
    evidence = alarm.metadata.get("customers_by_class")
    if isinstance(evidence, dict) and evidence:
        return tuple(islice(filter(None, map(str, evidence)), MOST_TIERS))
    found: dict[str, None] = {}
    named = islice(alarm.affected_customers, MOST_NODES)
    for node_id in chain(islice(_below(plant, alarm.resource_id), MOST_NODES), named):
        node = plant.nodes.get(node_id)
        if node is not None and node.sla_class and shown_to(node, alarm.tenant_id) is not None:
            found[node.sla_class] = None
            if len(found) >= MOST_TIERS:
                break
    return tuple(found)


def customers_of(plant: Plant, resource_id: str, tenant: str, wanted: Sequence[str]) -> list[Customer]:
    """The customers ``wanted``, in their order. Details come from the nodes at and below the resource, else from the node with
    the customer's own id."""
    waiting = dict.fromkeys(wanted)
    found: dict[str, list[Node]] = {}
    if plant.contacts:
        for node_id in islice(_below(plant, resource_id), MOST_LOOKED_AT):
            if not waiting:
                break
            node = shown_to(plant.nodes[node_id], tenant)
            customer = customer_of(node) if node is not None else ""
            if node is not None and customer in waiting and _tells(node):
                found.setdefault(customer, []).append(node)
                if node.type == "customer":
                    del waiting[customer]
        for customer in waiting:
            node = shown_to(plant.nodes.get(customer), tenant)
            if node is not None and customer_of(node) == customer:
                found.setdefault(customer, []).append(node)
    return [_told(customer, found.get(customer, ())) for customer in wanted]


def _below(plant: Plant, resource_id: str) -> Iterator[str]:
    if resource_id.startswith(AREA):
        for node_id in list(plant.area(resource_id.removeprefix(AREA))):
            yield from plant.subtree(node_id)
    else:
        yield from plant.subtree(resource_id)


def _tells(node: Node) -> bool:
    return node.type == "customer" or has_contact(node)


def _told(customer: str, nodes: Sequence[Node]) -> Customer:
    """The customer's own node goes before others; each field from the first that has it."""
    ranked = sorted(nodes, key=lambda node: node.type != "customer")
    placed = next((node for node in ranked if node.latitude is not None and node.longitude is not None), None)
    return Customer(
        customer_id=customer,
        name=next((node.name for node in ranked if node.name), ""),
        phone=next((node.phone for node in ranked if node.phone), ""),
        postal_address=next((node.postal_address for node in ranked if node.postal_address), ""),
        latitude=placed.latitude if placed is not None else None,
        longitude=placed.longitude if placed is not None else None,
    )

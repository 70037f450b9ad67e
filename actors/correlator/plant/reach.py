"""Customers and services behind a node."""

from typing import NamedTuple

from protocols.topology import Node


class Reach(NamedTuple):
    """Customers and services at or below a node, each once, in topology order."""

    customers: tuple[str, ...]
    services: tuple[str, ...]


NOBODY = Reach((), ())


def customer_of(node: Node) -> str:
    """The customer that a node names or is; "" for none."""
    return node.customer_id or (node.id if node.type == "customer" else "")


def service_of(node: Node) -> str:
    """The service that a node names or is; "" for none."""
    return node.service_id or (node.id if node.type == "service" else "")


def has_contact(node: Node) -> bool:
    """True when the node has details of a customer."""
    return bool(node.phone or node.postal_address) or node.latitude is not None or (node.type == "customer" and bool(node.name))

"""What a tenant may read of the topology, and what it may change: the one rule, for the API and for the fold.

- Its own nodes and shared ones (``tenant`` empty) are visible to a tenant. Anything else is to it as if it were not there: in
  answers, errors, refusals, counts, warnings and cursors.
- It changes its own nodes, which may hang below visible ones only.
- An alarm of a tenant is at a node that is visible to it, or that is in or below a device of its own, whose traps tell of it.
- Ids and addresses are one name space for all tenants: one in use is refused to another tenant, and the refusal says no more.
- Who has no tenant (``None``) sees and changes everything.
"""

from protocols.topology import Node


def shown_to(node: Node | None, tenant: str | None) -> Node | None:
    """The node, if this tenant may read of it."""
    return node if node is not None and (tenant is None or node.tenant in ("", tenant)) else None


def may_change(node: Node, tenant: str | None) -> bool:
    """Whether this tenant may put, edit and remove the node."""
    return tenant is None or node.tenant == tenant

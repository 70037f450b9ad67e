"""The one rule, for the API and the fold, about the topology that a tenant may read and change.

- A tenant sees its own nodes and shared ones (``tenant`` empty). Any other node does not exist for it: in answers, errors,
  refusals, counts, warnings and cursors.
- It changes its own nodes. They may hang below visible nodes only.
- Its alarm is at a node that is visible to it, or that is in or below a device of its own, whose traps report it.
- Ids and addresses are one name space for all tenants. An id in use is refused to another tenant without a further reason.
- A caller without a tenant (``None``) sees and changes everything.
"""

from protocols.topology import Node


def shown_to(node: Node | None, tenant: str | None) -> Node | None:
    """The node, if this tenant may read of it."""
    return node if node is not None and (tenant is None or node.tenant in ("", tenant)) else None


def may_change(node: Node, tenant: str | None) -> bool:
    """True when this tenant may put, edit and remove the node."""
    return tenant is None or node.tenant == tenant

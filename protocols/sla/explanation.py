"""How the availability of an instance comes about: its report so far, and the evidence node by node on the way up."""

from msgspec import Struct

from protocols.sla.outage import SlaOutage
from protocols.sla.report import SlaReport


class NodeEvidence(Struct, frozen=True, kw_only=True):
    """A resource of the instance, or a node above it. ``below``: the node from which the way led up to it; "" for a resource.
    ``down``: microseconds of contract time in the period in which it had no service, by its own alarms or because everything
    above it was down. ``outages``: the intervals of its own alarms within the period."""

    node_id: str
    type: str
    name: str
    below: str
    known: bool
    """The topology has it."""
    down: int
    outages: tuple[SlaOutage, ...]


class SlaExplanation(Struct, frozen=True, kw_only=True):
    """``nodes``: each before what is above it. ``named``: intervals of alarms that name the service or the customer.
    ``everywhere``: time in which faultd did not run. ``truncated``: there are more nodes."""

    report: SlaReport
    nodes: tuple[NodeEvidence, ...]
    named: tuple[SlaOutage, ...]
    everywhere: tuple[SlaOutage, ...]
    truncated: bool

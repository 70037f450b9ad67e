"""The account of an instance: what the stage has decided about its running period."""

from msgspec import Struct

from protocols.sla.instance import InstanceStatus


class Account(Struct, frozen=True, array_like=True, gc=False):
    """``period_start`` and ``period_end``: the running period. ``definition_id`` and ``definition_version``: the version with
    which it began. ``availability_breach``: id of its breach of availability, also of a withdrawn one; "" for none.
    ``at_risk``: people were asked to hear that it is at risk. ``breaches``: ids of every breach in this period.

    An instance that no evidence concerns in its running period has no account."""

    period_start: int
    period_end: int
    definition_id: str
    definition_version: int
    status: InstanceStatus = "compliant"
    reason: str = ""
    availability_breach: str = ""
    at_risk: bool = False
    breaches: tuple[str, ...] = ()
    breaches_at: int | None = None
    left: int | None = None
    """Budget left at ``booked``; None without a target."""
    booked: int = 0
    lasts: bool = False
    """An outage was under way then."""
    standing: int = 0
    """Number of ``breaches`` that are not withdrawn, as it was then."""

"""An instance: one service of one customer, measured by a definition."""

from datetime import datetime
from typing import Literal, get_args

from msgspec import UNSET, Struct, UnsetType

from protocols.origin import Origin

InstanceStatus = Literal["compliant", "at_risk", "breached", "suspended"]
INSTANCE_STATUSES: tuple[InstanceStatus, ...] = get_args(InstanceStatus)


class InstancePlan(Struct, frozen=True, kw_only=True):
    """An instance as it is asked for. ``start`` and ``end`` in microseconds since 1970 UTC; money in minor units."""

    tenant_id: str
    definition_id: str
    customer_id: str
    service_id: str
    customer_name: str = ""
    resources: tuple[str, ...] = ()
    """Ids of topology nodes; the service is down only when all of them are. Empty: the service id is the resource."""
    start: int
    end: int | None = None
    monthly_fee: int = 0
    currency: str = ""
    minor_digits: int = 2
    account_manager: str = ""
    key: str = ""
    """Idempotency key."""


class InstanceEdited(Struct, frozen=True, kw_only=True):
    """Other values for some fields; UNSET leaves one as it is. Another definition applies from the next period on."""

    definition_id: str | UnsetType = UNSET
    customer_name: str | UnsetType = UNSET
    resources: tuple[str, ...] | UnsetType = UNSET
    start: int | UnsetType = UNSET
    end: int | UnsetType | None = UNSET
    monthly_fee: int | UnsetType = UNSET
    currency: str | UnsetType = UNSET
    minor_digits: int | UnsetType = UNSET
    account_manager: str | UnsetType = UNSET
    suspended: bool | UnsetType = UNSET


class FormerDefinition(Struct, frozen=True, gc=False):
    """A definition that an instance used until the period of it that was under way ended, at ``until`` (microseconds)."""

    definition_id: str
    until: int


class SlaInstance(Struct, frozen=True, kw_only=True, array_like=True, gc=False):
    """An instance as it is kept."""

    id: str
    """``SI`` and the offset of the Event that made it; several of one Event have ``.1``, ``.2`` … behind it."""
    tenant_id: str
    definition_id: str
    customer_id: str
    service_id: str
    customer_name: str = ""
    resources: tuple[str, ...] = ()
    """At least one."""
    start: int
    """Begin of the contract, microseconds since 1970 UTC."""
    end: int | None = None
    monthly_fee: int = 0
    currency: str = ""
    minor_digits: int = 2
    account_manager: str = ""
    suspended: bool = False
    """Nothing is measured, no breach is opened."""
    origin: Origin = "api"
    """``file``: it follows from a node of the topology with ``sla_class``."""
    created_at: datetime
    created_by: str
    updated_at: datetime
    updated_by: str
    revision: int = 1
    key: str = ""
    former: tuple[FormerDefinition, ...] = ()
    """The definitions before this one, the oldest first."""
    node_id: str = ""
    """The node of the topology that it follows; "" for none."""
    edited: tuple[str, ...] = ()
    """Fields that an operator gave another value: they follow the node no more."""

    def holds(self, at: int) -> bool:
        """True when the contract holds at an instant."""
        return self.start <= at and (self.end is None or at < self.end)

    def over(self, at: int) -> bool:
        """True when the contract has ended at ``at`` (microseconds)."""
        return self.end is not None and self.end <= at

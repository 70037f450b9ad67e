"""Bodies of the REST API about service level instances: the contracts of single services, with their figures now."""

from datetime import datetime
from decimal import Decimal
from typing import Annotated, Literal

from msgspec import UNSET, Meta, Struct, UnsetType

from protocols.origin import Origin
from protocols.rest_body import Body, PageQuery
from protocols.rest_fields import Name, OptionalName
from protocols.sla.instance import InstanceStatus

InstanceSort = Literal["created", "time_to_breach"]
Day = Annotated[
    str,
    Meta(
        min_length=10,
        max_length=40,
        description="A date, which is its midnight in the time zone of the definition; or a time (RFC 3339)",
    ),
]
Resources = Annotated[
    tuple[Name, ...],
    Meta(max_length=64, description="Nodes of the topology; the service is down only while all are. Left out: the service id"),
]
Fee = Annotated[Decimal, Meta(description="In major units: 59.95")]
Currency = Annotated[str, Meta(max_length=3, pattern=r"^([A-Z]{3})?$", description="ISO 4217, e.g. `EUR`")]


class InstanceCreate(Body, frozen=True, kw_only=True):
    """A new instance: one service of one customer, measured by one definition."""

    sla_definition_id: Name
    customer_id: Name
    service_id: Name
    customer_name: OptionalName = ""
    resources: Resources = ()
    start_date: Annotated[Day | None, Meta(description="Left out: the begin of today")] = None
    end_date: Annotated[Day | None, Meta(description="The contract holds until before it. Left out: it has no end")] = None
    monthly_fee: Fee = Decimal(0)
    currency: Annotated[Currency, Meta(description="Left out: that of the definition's credits")] = ""
    account_manager: OptionalName = ""
    tenant_id: Annotated[
        Name | None, Meta(description="Left out: the tenant of the token, of the definition, or the default tenant")
    ] = None


class InstancesCreate(Body, frozen=True, kw_only=True):
    """Many new instances: all or none."""

    items: Annotated[tuple[InstanceCreate, ...], Meta(min_length=1, max_length=1_000)]


class InstanceEdit(Body, frozen=True, kw_only=True):
    """Fields to change. Another definition applies from the end of the running period on."""

    sla_definition_id: Name | UnsetType = UNSET
    customer_name: OptionalName | UnsetType = UNSET
    resources: Resources | UnsetType = UNSET
    start_date: Day | UnsetType = UNSET
    end_date: Day | UnsetType | None = UNSET
    monthly_fee: Fee | UnsetType = UNSET
    currency: Currency | UnsetType = UNSET
    account_manager: OptionalName | UnsetType = UNSET
    suspended: Annotated[bool | UnsetType, Meta(description="No breach is opened while it is true")] = UNSET

    def __post_init__(self) -> None:
        if all(getattr(self, name) is UNSET for name in self.__struct_fields__):
            raise ValueError(f"nothing to change: give at least one of {', '.join(self.__struct_fields__)}")


class InstancesQuery(PageQuery, frozen=True, kw_only=True):
    """The query of the list of instances."""

    customer_id: Name | None = None
    service_id: Name | None = None
    definition_id: Name | None = None
    status: tuple[InstanceStatus, ...] = ()
    tenant_id: Name | None = None
    ended: Annotated[bool, Meta(description="Also instances whose contract has ended")] = False
    sort: Annotated[
        InstanceSort,
        Meta(description="`time_to_breach`: only services whose budget ends if the outage under way lasts, the next one first"),
    ] = "created"


class InstanceShown(Struct, frozen=True, kw_only=True):
    """An instance with its figures now. Durations in seconds, money in major units."""

    id: str
    sla_definition_id: str
    definition_name: str
    definition_version: Annotated[int, Meta(description="The version that applies to the running period")]
    tenant_id: str
    customer_id: str
    service_id: str
    customer_name: str
    resources: tuple[str, ...]
    placed: Annotated[bool, Meta(description="At least one of `resources` is a node of the topology")]
    start_date: str
    end_date: str | None
    monthly_fee: float
    currency: str
    account_manager: str
    suspended: bool
    origin: Annotated[Origin, Meta(description="`file`: it follows from a node of the topology")]
    node_id: Annotated[str, Meta(description="The node that it follows; empty: none")]
    edited: Annotated[tuple[str, ...], Meta(description="Fields that an operator edited; they follow the node no more")]
    status: InstanceStatus
    reason: Annotated[str, Meta(description="Why it has this status; empty while it is compliant")]
    period_start: Annotated[datetime | None, Meta(description="Null when the contract holds at no time of this period")]
    period_end: datetime | None
    current_availability: Annotated[float | None, Meta(description="Up / (up + down) of the time elapsed, to 6 decimals")]
    total_downtime: Annotated[float, Meta(description="Planned and unplanned downtime")]
    planned_downtime: Annotated[float, Meta(description="Downtime within exclusions, which does not count")]
    unplanned_downtime: float
    unknown_time: Annotated[float, Meta(description="Time in which nobody could see the service")]
    error_budget: Annotated[float | None, Meta(description="Downtime that is left; null without a target")]
    breach_count: Annotated[int, Meta(description="Breaches in the running period")]
    credit_amount: Annotated[float, Meta(description="Credit for the running period as things stand")]
    penalty_amount: Annotated[float, Meta(description="The same without caps")]
    breaches_at: Annotated[
        datetime | None, Meta(description="The instant at which the budget ended, or ends if the outage under way lasts")
    ]
    time_to_breach: Annotated[float | None, Meta(description="Seconds until `breaches_at`; null when it is past or none")]
    created_at: datetime
    created_by: str
    updated_at: datetime
    updated_by: str
    revision: int


class InstancePage(Struct, frozen=True):
    """Instances, and the cursor of the next page (null on the last)."""

    items: tuple[InstanceShown, ...]
    next_cursor: str | None = None


class InstanceList(Struct, frozen=True):
    """Instances in the order in which they were asked for."""

    items: tuple[InstanceShown, ...]

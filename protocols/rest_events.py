"""Bodies and answers about network events: what other systems report."""

from typing import Annotated, Any

from msgspec import Meta, Struct, field

from protocols.alarm import Source
from protocols.event import NetworkEventType
from protocols.optical_power import BLINDING, DARK, Measurement, is_optical_power
from protocols.rest_body import Body
from protocols.rest_fields import (
    Count,
    Name,
    Names,
    OptionalLine,
    OptionalName,
    RaisedSeverity,
    Tags,
    Text,
    Time,
    check_metadata,
    check_time,
)


class Refused(Struct, frozen=True):
    """One alarm to which an action did not apply, or one event that raised none."""

    alarm_id: str
    reason: str
    text: str


class NetworkEventBody(Body, frozen=True, kw_only=True):
    """An event that another system reports. The types that end in ``up``, ``restored``, ``online`` and ``recovered`` clear what
    the others of their kind raised."""

    type: NetworkEventType
    resource_type: OptionalName = ""
    resource_id: OptionalName = ""
    tenant_id: Annotated[Name | None, Meta(description="Left out: the token's tenant, or the default tenant")] = None
    resource_name: OptionalLine = ""
    qualifier: Annotated[OptionalName, Meta(description="Tells problems of one resource apart, e.g. the check's name")] = ""
    severity: RaisedSeverity | None = None
    title: OptionalLine = ""
    description: Text = ""
    customer_ids: Names = ()
    service_ids: Names = ()
    subscriber_count: Count | None = None
    at: Annotated[Time | None, Meta(description="When it happened; left out: now")] = None
    key: Annotated[OptionalName, Meta(description="Idempotency key: the same key again changes nothing")] = ""
    source: Source | None = None
    metadata: dict[str, Any] = field(default_factory=dict)
    tags: Tags = ()
    light: Annotated[
        tuple[Measurement, ...], Meta(max_length=2, description="Optical power of an ONT: `ont_rx` or `olt_rx`, in dBm")
    ] = ()
    data: Annotated[
        dict[str, Any] | None,
        Meta(description="The same as an event bus has it: `device_id`, `device_name`, `affected_subscribers` ..."),
    ] = None

    def __post_init__(self) -> None:
        check_time("at", self.at)
        check_metadata("metadata", self.metadata)
        if self.data is None:
            for name in ("resource_type", "resource_id"):
                if not getattr(self, name):
                    raise ValueError(f"{name}: is missing (or give data)")
        for number, each in enumerate(self.light):
            if not is_optical_power(each.dbm):
                raise ValueError(f"light[{number}].dbm: {each.dbm:g} is no optical power: {DARK:g} to {BLINDING:g} dBm")
        if self.type == "optical.measured" and not self.light:
            raise ValueError("light: optical.measured needs at least one reading")


class EventResult(Struct, frozen=True, kw_only=True):
    """The result of one network event. ``accepted``: ids of the alarms that it raised, repeated or cleared."""

    accepted: tuple[str, ...] = ()
    duplicate: bool = False
    refused: tuple[Refused, ...] = ()
    warnings: tuple[str, ...] = ()
    """Values that were not used as given, with the replacement: an implausible time `at`, a label that was cut."""


class EventResults(Struct, frozen=True):
    """The result of each event of a batch, in the batch's order. ``warnings`` concern a notification as a whole."""

    results: tuple[EventResult, ...]
    warnings: tuple[str, ...] = ()


class AlertmanagerBody(Struct, frozen=True, kw_only=True, rename="camel"):
    """The webhook body of Prometheus Alertmanager (version 4) or of a Grafana contact point (version 1). Only ``alerts`` has to
    be there: a list of objects with ``status``, ``labels``, ``annotations``, ``startsAt``, ``endsAt``,
    ``generatorURL`` and ``fingerprint``. Fields that are not used here are ignored."""

    alerts: Any
    version: Any = ""
    status: Any = ""
    receiver: Any = ""
    group_key: Any = ""
    external_url: Any = field(default="", name="externalURL")
    truncated_alerts: Any = 0

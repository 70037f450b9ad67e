"""Network events in an event bus's form: ``{"type": "device.down", "data": {"device_id": ...}}``.

Known members of ``data`` become fields of the event, all others become its metadata. A field of the flat form wins over the
same member of ``data``.
"""

from typing import Annotated, Any, Final

import msgspec
from msgspec import Meta, Struct
from msgspec.structs import replace

from actors.api.problems import field_error, invalid_body
from protocols.rest_events import NetworkEventBody
from protocols.rest_fields import Count, Line, Name, Names, OptionalLine, RaisedSeverity, Text, Time, check_metadata, check_time

Id = Name | Annotated[int, Meta(ge=0, le=10**15)]
KINDS: Final = {
    "device": ("device",),
    "service": ("service",),
    "cpe": ("cpe", "ont", "device"),
    "optical": ("ont", "cpe", "device"),
    "monitoring": ("device", "service", "cpe", "ont"),
}
"""By the first word of an event's type, what its resource can be: the first whose id is given."""


class EventData(Struct, frozen=True, kw_only=True):
    """The members of ``data`` for which faultd has a field."""

    resource_id: Id | None = None
    resource_type: Name | None = None
    resource_name: OptionalLine = ""
    device_id: Id | None = None
    device_name: OptionalLine = ""
    service_id: Id | None = None
    service_name: OptionalLine = ""
    cpe_id: Id | None = None
    cpe_name: OptionalLine = ""
    ont_id: Id | None = None
    ont_name: OptionalLine = ""
    tenant_id: Name | None = None
    customer_id: Id | None = None
    customer_ids: Names = ()
    service_ids: Names = ()
    affected_subscribers: Count | None = None
    subscriber_count: Count | None = None
    check_name: Name | None = None
    metric: Name | None = None
    severity: RaisedSeverity | None = None
    title: OptionalLine = ""
    message: Line | None = None
    description: Text = ""
    timestamp: Time | None = None

    def __post_init__(self) -> None:
        check_time("timestamp", self.timestamp)


def flat(body: NetworkEventBody) -> NetworkEventBody:
    """The event without ``data``. ProblemError 422 naming the member that is wrong, or the id that is missing."""
    if body.data is None:
        return body
    try:
        found = msgspec.convert(body.data, EventData)
        rest = {name: value for name, value in body.data.items() if name not in EventData.__struct_fields__}
        check_metadata("data", rest)
        return replace(body, data=None, **_fields(body, found, rest))
    except msgspec.ValidationError as error:
        wrong = field_error(error)
        raise invalid_body(f"data.{wrong.field}" if wrong.field else "data", wrong.message) from error
    except ValueError as error:
        field, _, text = str(error).partition(": ")
        raise invalid_body(field, text) from error


def _fields(body: NetworkEventBody, found: EventData, rest: dict[str, Any]) -> dict[str, Any]:
    kind, resource_id, name = _resource(body, found)
    customers = found.customer_ids if found.customer_id is None else (str(found.customer_id), *found.customer_ids)
    services = found.service_ids
    if found.service_id is not None and kind != "service":
        services = (str(found.service_id), *services)
    count = found.subscriber_count if found.affected_subscribers is None else found.affected_subscribers
    return {
        "resource_type": body.resource_type or found.resource_type or kind,
        "resource_id": resource_id,
        "resource_name": body.resource_name or found.resource_name or name,
        "tenant_id": body.tenant_id or found.tenant_id,
        "customer_ids": body.customer_ids or customers,
        "service_ids": body.service_ids or services,
        "subscriber_count": count if body.subscriber_count is None else body.subscriber_count,
        "qualifier": body.qualifier or found.check_name or found.metric or "",
        "severity": body.severity or found.severity,
        "title": body.title or found.title,
        "description": body.description or found.description or found.message or "",
        "at": body.at or found.timestamp,
        "metadata": {**rest, **body.metadata},
    }


def _resource(body: NetworkEventBody, found: EventData) -> tuple[str, str, str]:
    """Kind, id and name of what the event is about."""
    kinds = KINDS[body.type.partition(".")[0]]
    own = body.resource_id or ("" if found.resource_id is None else str(found.resource_id))
    for kind in kinds:
        given = getattr(found, f"{kind}_id")
        if given is not None:
            return kind, own or str(given), getattr(found, f"{kind}_name")
    if not own:
        raise invalid_body(f"data.{kinds[0]}_id", "is missing")
    return kinds[0], own, ""

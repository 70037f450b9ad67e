"""Measurements of services: latency, packet loss and bandwidth."""

from decimal import ROUND_HALF_EVEN, Decimal
from typing import Final

from litestar import Router, post
from litestar.params import JSONBody

from actors.api.access import allow
from actors.api.actions import tenant_of
from actors.api.answers import SLA, refused
from actors.api.command_resource import CommandResource
from actors.api.openapi import ApiOperation
from actors.api.problems import ProblemError
from actors.api.routes import By, Given, resource
from actors.api.submitter import Submitter
from protocols.change import Refusal
from protocols.rest_problem import FieldError
from protocols.rest_sla_limits import MeasurementBody, MeasurementsBody, MeasurementsTaken, RefusedMeasurement
from protocols.sla.actions import AddMeasurements
from protocols.sla.local_time import instant_at
from protocols.sla.measurement import ServiceMeasurement

_UNITS: Final = {"latency_ms": 1_000, "packet_loss_percent": 10_000, "bandwidth_mbps": 1_000_000}
"""Microseconds in a millisecond, lost packets of a million in a percent, bit/s in a Mbit/s."""
_LARGEST: Final = Decimal(10**9)


@post("/measurements", summary="Report measurements", status_code=200, operation_class=ApiOperation, opt=allow("operator"))
async def add_measurements(
    submitter: Given[Submitter], default_tenant: Given[str], by: By, data: JSONBody[MeasurementsBody]
) -> MeasurementsTaken:
    """Each item is taken or refused for itself; when every item is refused, the answer is 422. An item is refused when it is in
    the future (60 s of slack), more than 24 hours old, negative, or of a service without an SLA instance of this tenant."""
    tenant = tenant_of(by, data.tenant_id, default_tenant)
    items = tuple(_measurement(number, body) for number, body in enumerate(data.items))
    commands = CommandResource(submitter, SLA)
    done = await commands.submit_many(by, AddMeasurements(tenant, items), ())
    refusals = done.answer.refusals
    if len(refusals) == len(items):
        raise refused(refusals, SLA)
    return MeasurementsTaken(accepted=len(items) - len(refusals), refused=tuple(map(_refused, refusals)))


def _measurement(number: int, body: MeasurementBody) -> ServiceMeasurement:
    """In whole units, rounded half-even. ProblemError 422 for a value that no unit holds."""
    values = {name: _whole(f"items[{number}].{name}", getattr(body, name), unit) for name, unit in _UNITS.items()}
    return ServiceMeasurement(
        service_id=body.service_id,
        resource_id=body.resource_id,
        at=instant_at(body.at),
        latency=values["latency_ms"],
        packet_loss=values["packet_loss_percent"],
        bandwidth=values["bandwidth_mbps"],
    )


def _whole(field: str, value: Decimal | None, unit: int) -> int | None:
    if value is None:
        return None
    if not value.is_finite() or abs(value) > _LARGEST:
        text = f"must be a number of at most {_LARGEST:,}"
        raise ProblemError(422, "invalid_body", f"{field}: {text}", [FieldError(field, text)])
    return int((value * unit).to_integral_value(ROUND_HALF_EVEN))


def _refused(refusal: Refusal) -> RefusedMeasurement:
    _, _, index, field = refusal.alarm_id.split("/")
    return RefusedMeasurement(int(index), field, refusal.text.partition(": ")[2])


def routes(submitter: Submitter, default_tenant: str) -> Router:
    """Measurements of services."""
    return resource("service levels", [add_measurements], submitter=submitter, default_tenant=default_tenant)

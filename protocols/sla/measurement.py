"""Measured performance of a service."""

from msgspec import Struct


class ServiceMeasurement(Struct, frozen=True, kw_only=True, array_like=True, gc=False):
    """One measurement at an instant (microseconds since 1970 UTC); at least one value. ``latency`` in microseconds,
    ``packet_loss`` in lost packets of a million, ``bandwidth`` in bit/s. Either ``service_id`` or ``resource_id``."""

    service_id: str = ""
    resource_id: str = ""
    at: int
    latency: int | None = None
    packet_loss: int | None = None
    bandwidth: int | None = None


class MeasurementSummary(Struct, frozen=True, kw_only=True, array_like=True, gc=False):
    """Measurements of one service and metric that came to a violation, or to the end of one: what is kept for years.
    ``start`` and ``end`` (None: it lasts) are the violation's; ``limit`` and ``worst`` are values in the metric's unit."""

    instance_id: str
    tenant_id: str
    metric: str
    start: int
    end: int | None
    limit: int
    worst: int

"""The demo's service level agreements: what the plant's customers were promised, made by REST as an operator does.

The promises are so tight that a cut feeder breaks them while somebody looks.
"""

from collections.abc import Iterator
from decimal import Decimal
from itertools import islice
from typing import Any

import msgspec
from msgspec import Struct

from faultd.console.rest import Rest
from faultd.simulator.plant import SimulatedPlant

AT_ONCE = 1_000
"""Instances of one request."""
MOST = 20_000
"""Instances of a demo: of a plant with more such customers, the first."""
CURRENCY = "EUR"


class ServiceClass(Struct, frozen=True):
    """Customers with this ``sla_class``. ``downtime``: the share of a day that a service may be down at speed 1. ``fee``:
    a month, in major units."""

    name: str
    downtime: Decimal
    fee: float


CLASSES = (
    ServiceClass("gold", Decimal("0.00025"), 89.0),
    ServiceClass("silver", Decimal("0.0003"), 49.0),
)
"""21.6 s and 25.92 s. Customers of other classes were promised nothing."""


def make_agreements(rest: Rest, plant: SimulatedPlant, speed: float) -> int:
    """Make a definition for each class, and an instance for each of its customers. Returns the number of instances; 0 when the
    daemon has definitions already. A plant that runs ``speed`` times as fast is promised as many times less downtime. Raises
    RestError."""
    if msgspec.json.decode(rest.get("/sla-definitions"))["items"]:
        return 0
    made = {each.name: _made(rest, _definition(each, speed)) for each in CLASSES}
    bodies = list(islice(_instances(plant, made), MOST))
    for start in range(0, len(bodies), AT_ONCE):
        rest.post("/sla-instances/bulk", {"items": bodies[start : start + AT_ONCE]})
    return len(bodies)


def _made(rest: Rest, body: dict[str, Any]) -> str:
    return str(msgspec.json.decode(rest.post("/sla-definitions", body))["id"])


def _definition(each: ServiceClass, speed: float) -> dict[str, Any]:
    downtime = round(each.downtime / Decimal(str(speed)), 9)
    tiers = [(100 * (1 - downtime), 10), (100 * (1 - 2 * downtime), 25)]
    return {
        "name": each.name,
        "availability_target": float(1 - downtime),
        "measurement_period_days": 1,
        "credit": {
            "type": "tiers",
            "rule": f"{each.name}: 10 % of the monthly fee, 25 % from twice the downtime on",
            "currency": CURRENCY,
            "tiers": [{"below": float(round(below, 6)), "percent": percent} for below, percent in tiers],
        },
    }


def _instances(plant: SimulatedPlant, definitions: dict[str, str]) -> Iterator[dict[str, Any]]:
    fees = {each.name: each.fee for each in CLASSES}
    for ont in plant.onts.values():
        if ont.sla_class in definitions:
            yield {
                "sla_definition_id": definitions[ont.sla_class],
                "customer_id": ont.customer_id,
                "service_id": ont.service_id,
                "resources": [ont.id],
                "monthly_fee": fees[ont.sla_class],
                "currency": CURRENCY,
                "tenant_id": plant.olts[plant.pons[ont.pon].olt].tenant,
            }

"""What the demo's customers were promised."""

import json
from decimal import Decimal
from typing import Any

import msgspec
import pytest

from faultd.console.rest import Rest
from faultd.demo.agreements import CLASSES, make_agreements
from faultd.simulator.plant import PlantSpec, build_plant
from protocols.rest_sla_definitions import DefinitionCreate
from protocols.rest_sla_instances import InstancesCreate
from protocols.sla.credit_models import TierCredits, mistakes_of


class RecordedRest(Rest):
    """Answers as the daemon does, and keeps the bodies."""

    def __init__(self, *definitions: str) -> None:
        super().__init__("http://127.0.0.1:1", "token")
        self.definitions, self.sent = definitions, list[tuple[str, bytes]]()

    def get(self, path: str) -> bytes:
        return json.dumps({"items": [{"id": each} for each in self.definitions]}).encode()

    def post(self, path: str, body: Any) -> bytes:
        self.sent.append((path, msgspec.json.encode(body)))
        return json.dumps({"id": f"SD{len(self.sent)}"}).encode()


@pytest.mark.parametrize(
    ("speed", "budgets"), [(1.0, (21.6, 25.92)), (4.0, (5.4, 6.48)), (0.1, (216, 259.2)), (3.0, (7.2, 8.64))]
)
def test_a_faster_plant_is_promised_as_many_times_less_downtime(speed: float, budgets: tuple[float, float]) -> None:
    plant, rest = build_plant(PlantSpec(olts=2)), RecordedRest()
    made = make_agreements(rest, plant, speed)
    served = {ont.service_id: ont for ont in plant.onts.values() if ont.sla_class in {each.name for each in CLASSES}}
    assert 0 < made == len(served) < len(plant.onts)
    definitions = [msgspec.json.decode(body, type=DefinitionCreate) for path, body in rest.sent if path == "/sla-definitions"]
    for definition, budget in zip(definitions, budgets, strict=True):
        assert definition.availability_target is not None
        assert float((1 - definition.availability_target) * 86_400) == pytest.approx(budget, abs=1e-4)
        assert isinstance(definition.credit, TierCredits)
        assert list(mistakes_of(definition.credit)) == []
        assert definition.credit.tiers[0].below == round(100 * definition.availability_target, 6)
        assert [tier.percent for tier in definition.credit.tiers] == [Decimal(10), Decimal(25)]
    bodies = [msgspec.json.decode(body, type=InstancesCreate) for path, body in rest.sent if path == "/sla-instances/bulk"]
    items = [item for body in bodies for item in body.items]
    assert {item.service_id for item in items} == served.keys()
    assert all(item.resources == (served[item.service_id].id,) for item in items)


def test_many_customers_take_several_requests() -> None:
    rest = RecordedRest()
    made = make_agreements(rest, build_plant(PlantSpec(olts=24)), 1.0)
    sizes = [len(msgspec.json.decode(body)["items"]) for path, body in rest.sent if path == "/sla-instances/bulk"]
    assert sizes == [1_000, made - 1_000]


def test_a_folder_that_was_used_before_keeps_its_agreements() -> None:
    rest = RecordedRest("SD7")
    assert make_agreements(rest, build_plant(PlantSpec(olts=1)), 1.0) == 0
    assert rest.sent == []

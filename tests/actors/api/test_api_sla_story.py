"""From the price list to the credit and back, over REST and through all stages, with a restart in the middle."""

from datetime import timedelta
from typing import Any

from actors.state_encoding import encode_with_pauses
from protocols.event import SlaWork, Tick

FAULTS = "/api/v1/faults"
GOLD = {
    "name": "Enterprise Fiber 99.9%",
    "service_type": "fiber",
    "availability_target": 0.999,
    "measurement_period_days": 30,
    "sla_class": "gold",
    "credit": "tiers",
}
PLANT: list[dict[str, Any]] = [
    {"id": "olt-1", "type": "olt", "address": "192.0.2.1"},
    {"id": "olt-1/0/1", "type": "pon", "parents": ["olt-1"]},
    *({"id": f"olt-1/0/1/{n}", "type": "ont", "parents": ["olt-1/0/1"], "customer_id": f"C-{n}"} for n in (1, 2, 3)),
    *({"id": f"ftth-{n}", "type": "service", "parents": [f"olt-1/0/1/{n}"], "sla_class": "gold"} for n in (1, 2, 3)),
]


async def test_an_outage_breaks_contracts_from_the_topology_until_it_is_excluded(lab: Any) -> None:
    async with lab.serve(), lab.client("admin") as client:

        async def on(seconds: float) -> None:
            lab.now += timedelta(seconds=seconds)
            await lab.record([Tick()])
            while lab.stages.sla.pending:
                await lab.record([SlaWork()])

        async def listed(**params: str) -> list[str]:
            return [each["service_id"] for each in (await client.get(f"{FAULTS}/sla-instances", params=params)).json()["items"]]

        async def shown() -> Any:
            return (await client.get(f"{FAULTS}/sla-instances", params={"service_id": "ftth-1"})).json()["items"][0]

        # The price list and the plant make the contracts.
        definition = (await client.post(f"{FAULTS}/sla-definitions", json=GOLD)).json()["id"]
        assert (await client.put(f"{FAULTS}/topology", json={"nodes": PLANT})).status_code == 200
        await on(0)
        assert await listed(definition_id=definition) == ["ftth-1", "ftth-2", "ftth-3"]
        made = await shown()
        assert (made["origin"], made["customer_id"], made["placed"], made["current_availability"]) == (
            "file",
            "C-1",
            True,
            None,
        )
        fee = {"monthly_fee": 49.9, "currency": "EUR"}
        edited = (await client.patch(f"{FAULTS}/sla-instances/{made['id']}", json=fee)).json()["edited"]
        assert edited == ["monthly_fee", "currency"]

        # A feeder is cut. The contracts began a minute ago, in a period of 30 days of which less is left.
        await on(60)
        alarm = await lab.create(client, resource_type="pon", resource_id="olt-1/0/1", service_effect="outage")
        budget = (await shown())["error_budget"]
        assert await listed(sort="time_to_breach") == ["ftth-1", "ftth-2", "ftth-3"]
        await on(budget * 0.9)
        assert await listed(status="at_risk") == ["ftth-1", "ftth-2", "ftth-3"]
        # The stage is saved and loaded.
        guard = lab.stages.all[1]
        guard.load(encode_with_pauses(guard.saving()))
        assert abs((await shown())["time_to_breach"] - budget * 0.1) < 0.001
        await on(budget * 0.2)
        assert await listed(status="breached") == ["ftth-1", "ftth-2", "ftth-3"]
        broken = await shown()
        assert (broken["breach_count"], broken["error_budget"]) == (1, 0)
        # 10 % of the fee, below the cap.
        assert broken["credit_amount"] == broken["penalty_amount"] == 4.99

        # It was the flood: nothing is owed, until somebody finds that it was not.
        flood = {
            "category": "force_majeure",
            "scope": {"resources": ["olt-1/0/1"]},
            "start_time": "2026-03-01T12:00:00Z",
            "end_time": "2026-03-02T12:00:00Z",
            "reason": "flood",
        }
        exclusion = (await client.post(f"{FAULTS}/sla-exclusions", json=flood)).json()["id"]
        excused = await shown()
        assert (excused["status"], excused["breach_count"], excused["credit_amount"]) == ("compliant", 0, 0)
        assert excused["planned_downtime"] > 0
        await client.delete(f"{FAULTS}/sla-exclusions/{exclusion}")
        again = await shown()
        assert (again["status"], again["breach_count"], again["credit_amount"]) == ("breached", 1, broken["credit_amount"])

        # Repaired; one customer leaves, and the product cannot be deleted under the others.
        assert (await client.post(f"{FAULTS}/alarms/{alarm['id']}/clear")).status_code == 200
        assert await listed(sort="time_to_breach") == []
        assert (await client.delete(f"{FAULTS}/topology/nodes/ftth-3")).status_code == 200
        await on(1)
        assert await listed() == ["ftth-1", "ftth-2"]
        assert (await client.delete(f"{FAULTS}/sla-definitions/{definition}")).status_code == 409

"""Service level definitions over REST."""

from typing import Any

import pytest

DEFINITIONS = "/api/v1/faults/sla-definitions"
SEED = (
    '{"name": "Enterprise Fiber 99.9%", "service_type": "fiber", "availability_target": 0.999, "measurement_period_days": 30, '
    '"max_latency_ms": 10.0, "max_packet_loss_percent": 0.1, "min_bandwidth_mbps": 1000.0, "response_time_critical": 15, '
    '"resolution_time_critical": 240}'
)
GOLD: dict[str, Any] = {"name": "gold", "availability_target": 0.999, "period": "month", "time_zone": "Europe/Berlin"}
OFFICE = {day: ["08:00-12:00", "13:00-18:00"] for day in ("monday", "tuesday", "wednesday", "thursday", "friday")}
TIERS: dict[str, Any] = {"type": "tiers", "rule": "r", "currency": "EUR", "tiers": [{"below": 99.9, "percent": 10}]}
NO_NUMBER = [{"below": "NaN", "percent": 1}, {"below": 9, "percent": 1}]
MINUTE = 60_000_000
DAY_BACK = {"2026-12-24": ["12:00-08:00"]}


def holidays(country: str, **fields: Any) -> dict[str, Any]:
    """Office hours without the public holidays of a country."""
    return {"business_hours": OFFICE | {"holidays": {"country": country} | fields}}


async def test_the_body_of_the_example_is_taken_as_it_stands(lab: Any) -> None:
    async with lab.serve(), lab.client("admin") as client:
        answer = await client.post(DEFINITIONS, content=SEED)
        assert answer.status_code == 201, answer.text
        made = answer.json()
        assert answer.headers["location"] == f"{DEFINITIONS}/{made['id']}"
        assert answer.headers["etag"].startswith('"1')
        wanted = {
            "name": "Enterprise Fiber 99.9%",
            "service_type": "fiber",
            "availability_target": 0.999,
            "measurement_period_days": 30,
            "period": None,
            "time_zone": "UTC",
            "period_anchor": "2024-01-01",
            "max_latency_ms": 10.0,
            "max_packet_loss_percent": 0.1,
            "min_bandwidth_mbps": 1000.0,
            "response_time_critical": 15,
            "response_time_major": None,
            "resolution_time_critical": 240,
            "at_risk_percent": 80,
            "at_risk_burn_rates": {},
            "unknown_counts_as": "up",
            "version": 1,
            "revision": 1,
            "instances": 0,
            "deleted_at": None,
        }
        assert {name: made[name] for name in wanted} == wanted
        terms = lab.stages.sla.definition(made["id"]).terms
        assert terms.availability_target == 999_000_000
        assert [(rule.metric, rule.limit) for rule in terms.performance] == [
            ("latency", 10_000),
            ("packet_loss", 1_000),
            ("bandwidth", 1_000_000_000),
        ]
        assert (terms.response, terms.resolution) == ({"critical": 15 * MINUTE}, {"critical": 240 * MINUTE})
        assert (await client.get(f"{DEFINITIONS}/{made['id']}")).json() == made
        assert (await client.get(DEFINITIONS)).json() == {"items": [made], "next_cursor": None}


async def test_numbers_are_taken_exactly(lab: Any) -> None:
    async with lab.serve(), lab.client("admin") as client:
        # 0.1 + 0.2 of floats is not 0.3: no float takes part.
        made = (await client.post(DEFINITIONS, content='{"name": "x", "availability_target": 0.999999999}')).json()
        assert lab.stages.sla.definition(made["id"]).terms.availability_target == 999_999_999
        answer = await client.post(DEFINITIONS, content='{"name": "x", "availability_target": 0.9999999995}')
        assert answer.status_code == 422
        assert answer.json()["errors"] == [
            {"field": "availability_target", "message": "0.9999999995 cannot be kept exactly; give 9 decimals at most"}
        ]


NO_LIMIT: dict[str, Any] = dict.fromkeys(("max_latency_ms", "max_packet_loss_percent", "min_bandwidth_mbps"))


@pytest.mark.parametrize(
    ("change", "fields"),
    [
        ({"availability_target": 1.1}, ["availability_target"]),
        ({"availability_target": 0}, ["availability_target"]),
        ({"availability_target": "many"}, ["availability_target"]),
        ({"availability_target": True}, ["availability_target"]),
        ({"availability_target": "NaN"}, ["availability_target"]),
        ({"availability_target": "1e999999999"}, ["availability_target"]),
        ({"availability_target": "1e-999999999"}, ["availability_target"]),
        ({"measurement_period_days": 30}, ["period"]),
        ({"time_zone": "Europe/Bonn"}, ["time_zone"]),
        ({"period": "week"}, ["period"]),
        ({"period_anchor": "2026-02-30"}, ["period_anchor"]),
        ({"period_anchor": "2026-01-31"}, ["period_anchor"]),
        ({"at_risk_percent": 100}, ["at_risk_percent"]),
        ({"at_risk_burn_rates": {"1h": 0}}, ["at_risk_burn_rates.1h"]),
        ({"at_risk_burn_rates": {"1h": 14.4444}}, ["at_risk_burn_rates.1h"]),
        ({"at_risk_burn_rates": {"2h": 2}}, ["at_risk_burn_rates.2h"]),
        ({"max_latency_ms": -1}, ["max_latency_ms"]),
        ({"max_latency_ms": 0.0001}, ["max_latency_ms"]),
        ({"max_packet_loss_percent": 100.1}, ["max_packet_loss_percent"]),
        ({**NO_LIMIT, "violation_seconds": 300}, ["violation_seconds"]),
        ({**NO_LIMIT, "measurement_interval_seconds": -1}, ["measurement_interval_seconds"]),
        ({"response_time_major": 0}, ["response_time_major"]),
        ({"business_hours": {"monday": ["18:00-08:00"]}}, ["business_hours.monday[0]"]),
        ({"business_hours": {"monday": ["08:00-12:00", "11:00-18:00"]}}, ["business_hours.monday[1]"]),
        ({"business_hours": {"monday": ["8-12"]}}, ["business_hours.monday[0]"]),
        ({"business_hours": {"monday": ["08:00-25:00"]}}, ["business_hours.monday[0]"]),
        ({"business_hours": {"monday": ["08:00-12:60"]}}, ["business_hours.monday[0]"]),
        ({"business_hours": {}}, ["business_hours"]),
        ({"business_hours": OFFICE | {"time_zone": "nowhere"}}, ["business_hours.time_zone"]),
        ({"business_hours": OFFICE | {"holidays": {"country": "XX"}}}, ["business_hours.holidays.country"]),
        (
            {"business_hours": OFFICE | {"holidays": {"country": "DE", "subdivision": "QQ"}}},
            ["business_hours.holidays.subdivision"],
        ),
        (
            {"business_hours": OFFICE | {"exceptions": {"2026-12-24": ["12:00-08:00"]}}},
            ["business_hours.exceptions.2026-12-24[0]"],
        ),
        ({"credit": "nothing"}, ["credit"]),
        ({"credit": {"type": "tiers", "rule": "r", "currency": "EUR", "tiers": []}}, ["credit.tiers"]),
        (
            {"credit": TIERS | {"tiers": [{"below": "NaN", "percent": 1}, {"below": 9, "percent": 1}]}},
            ["credit.tiers[0].below"],
        ),
        ({"credit": TIERS | {"cap_amount": 10**30}}, ["credit.cap_amount"]),
        ({"credit": TIERS | {"cap_percent": "1e999999999"}}, ["credit.cap_percent"]),
        ({"response_time_major": "1e14"}, ["response_time_major"]),
        ({"min_bandwidth_mbps": "99999999999"}, ["min_bandwidth_mbps"]),
        ({"name": "", "exclude_maintenance": 1}, ["name", "exclude_maintenance"]),
        ({"surprise": 1}, ["surprise"]),
    ],
)
async def test_a_mistake_is_named_with_its_field(lab: Any, change: dict[str, Any], fields: list[str]) -> None:
    async with lab.serve(), lab.client("admin") as client:
        answer = await client.post(DEFINITIONS, json=GOLD | change)
        assert answer.status_code == 422, answer.text
        assert [each["field"] for each in answer.json()["errors"]] == fields
        assert not lab.stages.sla.definitions


async def test_business_hours_with_public_holidays_enter_by_content(lab: Any) -> None:
    async with lab.serve(), lab.client("admin") as client:
        hours = OFFICE | {
            "holidays": {"country": "DE", "subdivision": "BY"},
            "holiday_dates": {"2026-12-31": "closed"},
            "exceptions": {"2026-12-24": ["08:00-12:00"]},
        }
        made = (await client.post(DEFINITIONS, json=GOLD | {"business_hours": hours})).json()
        shown = made["business_hours"]
        assert shown["time_zone"] == "Europe/Berlin"
        assert shown["monday"] == ["08:00-12:00", "13:00-18:00"]
        assert shown["sunday"] == []
        assert shown["exceptions"] == {"2026-12-24": ["08:00-12:00"]}
        dates = shown["holiday_dates"]
        assert dates["2026-12-31"] == "closed"
        assert dates["2026-01-06"] == "Heilige Drei Könige"
        assert (min(dates), max(dates)) == ("2025-01-01", "2036-12-26")


async def test_a_credit_model_by_its_file_or_as_it_stands(lab: Any) -> None:
    async with lab.serve(), lab.client("admin") as client:
        made = (await client.post(DEFINITIONS, json=GOLD | {"credit": "tkg58"})).json()
        assert made["credit_file"] == "tkg58"
        assert made["credit"]["rule"] == "TKG section 58 (3)"
        own = (await client.post(DEFINITIONS, json=GOLD | {"credit": TIERS})).json()
        assert own["credit_file"] == ""
        again = await client.post(DEFINITIONS, json=GOLD | {"credit": own["credit"]})
        assert again.json()["credit"] == own["credit"]


async def test_an_edit_makes_another_version(lab: Any) -> None:
    async with lab.serve(), lab.client("admin") as client:
        made = (await client.post(DEFINITIONS, content=SEED)).json()
        path = f"{DEFINITIONS}/{made['id']}"
        change = {"availability_target": None, "period": "quarter", "max_latency_ms": None, "response_time_major": 30.5}
        answer = await client.patch(path, json=change)
        assert answer.status_code == 200, answer.text
        edited = answer.json()
        assert edited["version"] == 2
        assert {name: edited[name] for name in change} == change
        kept = ("measurement_period_days", "min_bandwidth_mbps", "response_time_critical")
        assert [edited[name] for name in kept] == [None, 1000.0, 15.0]
        first = (await client.get(path, params={"version": "1"})).json()
        assert (first["availability_target"], first["period"]) == (0.999, None)
        assert (await client.get(path, params={"version": "3"})).status_code == 404
        same = await client.patch(path, json={"period": "quarter"})
        assert (same.status_code, same.json()["version"]) == (200, 2)
        nothing = await client.patch(path, json={})
        assert nothing.status_code == 422


async def test_conditional_writes(lab: Any) -> None:
    async with lab.serve(), lab.client("admin") as client:
        answer = await client.post(DEFINITIONS, json=GOLD)
        path, tag = answer.headers["location"], answer.headers["etag"]
        assert (await client.get(path, headers={"If-None-Match": (await client.get(path)).headers["etag"]})).status_code == 304
        assert (await client.patch(path, json={"name": "b"}, headers={"If-Match": tag})).status_code == 200
        assert (await client.patch(path, json={"name": "c"}, headers={"If-Match": tag})).status_code == 412
        assert (await client.delete(path, headers={"If-Match": tag})).status_code == 412
        assert (await client.delete(path, headers={"If-Match": '"2"'})).status_code == 204
        assert (await client.get(path)).status_code == 404
        assert (await client.delete(path)).status_code == 404


async def test_an_idempotency_key(lab: Any) -> None:
    async with lab.serve(), lab.client("admin") as client:
        first = await client.post(DEFINITIONS, json=GOLD, headers={"Idempotency-Key": "1"})
        again = await client.post(DEFINITIONS, json=GOLD, headers={"Idempotency-Key": "1"})
        assert (first.status_code, again.status_code) == (201, 200)
        assert first.json()["id"] == again.json()["id"]


@pytest.mark.parametrize(("role", "read", "write"), [("viewer", 200, 403), ("operator", 200, 403), ("admin", 200, 201)])
async def test_roles(lab: Any, role: str, read: int, write: int) -> None:
    async with lab.serve(), lab.client(role) as client:
        assert (await client.get(DEFINITIONS)).status_code == read
        assert (await client.post(DEFINITIONS, json=GOLD)).status_code == write


async def test_walls_between_tenants(lab: Any) -> None:
    async with lab.serve(), lab.client("admin") as admin, lab.client("north") as north, lab.client("south") as south:
        everybody = (await admin.post(DEFINITIONS, json=GOLD)).json()
        own = (await admin.post(DEFINITIONS, json=GOLD | {"tenant_id": "north"})).json()
        assert own["tenant_id"] == "north"
        assert [each["id"] for each in (await north.get(DEFINITIONS)).json()["items"]] == [everybody["id"], own["id"]]
        assert [each["id"] for each in (await south.get(DEFINITIONS)).json()["items"]] == [everybody["id"]]
        # The number of instances of other tenants is nobody's business.
        assert (await south.get(f"{DEFINITIONS}/{everybody['id']}")).json()["instances"] is None
        hidden = await south.get(f"{DEFINITIONS}/{own['id']}")
        missing = await south.get(f"{DEFINITIONS}/SD999999")
        assert hidden.status_code == missing.status_code == 404
        assert hidden.json()["detail"].replace(own["id"], "SD999999") == missing.json()["detail"]


async def test_pages(lab: Any) -> None:
    async with lab.serve(), lab.client("admin") as client:
        made = [
            (await client.post(DEFINITIONS, json=GOLD | {"service_type": f"s{number}"})).json()["id"] for number in range(3)
        ]
        first = (await client.get(DEFINITIONS, params={"limit": "2"})).json()
        rest = (await client.get(DEFINITIONS, params={"limit": "2", "cursor": first["next_cursor"]})).json()
        assert [each["id"] for each in first["items"] + rest["items"]] == made
        assert rest["next_cursor"] is None
        some = (await client.get(DEFINITIONS, params={"service_type": "s1"})).json()
        assert [each["id"] for each in some["items"]] == made[1:2]

"""Reads over HTTP from a real PostgreSQL: filters, pages, tenants, one's own writes."""

from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

import pytest
from vocabulary.api import RunningApi
from vocabulary.traps import make_trap

from actors.postgres import Postgres
from protocols.change import Change, DeviceEvent, Quarantined, Released, UnknownTrap
from protocols.ledger import RecordedBatch

T0 = datetime(2026, 3, 1, 12, tzinfo=UTC)


async def _three(lab: RunningApi, client: Any) -> list[dict[str, Any]]:
    return [
        await lab.create(client, resource_id="olt-1", severity="critical", customer_ids=["c1", "c2"], tenant_id="north"),
        await lab.create(client, resource_id="olt-2", severity="major", alarm_type="pon.los", tenant_id="north"),
        await lab.create(client, resource_id="olt-3", severity="minor", is_root_cause=True, tenant_id="south"),
    ]


async def test_a_writer_reads_its_own_writes(stored_lab: RunningApi) -> None:
    lab = stored_lab
    async with lab.serve(), lab.client() as client:
        alarm = await lab.create(client)
        for name in (alarm["id"], alarm["alarm_id"]):
            response = await client.get(f"{lab.ALARMS}/{name}")
            assert response.json() == alarm
            assert "faultd-stale" not in response.headers
        entries = (await client.get(f"{lab.ALARMS}/{alarm['alarm_id']}/timeline")).json()["items"]
        assert [(entry["action"], entry["actor"]) for entry in entries] == [("raised", "user:operator")]


async def test_a_repeat_is_answered_with_the_whole_alarm(stored_lab: RunningApi) -> None:
    lab = stored_lab
    async with lab.serve(), lab.client() as client:
        await lab.create(client)
        response = await client.post(lab.ALARMS, json=lab.ALARM)
        assert (response.status_code, response.json()["occurrence_count"]) == (200, 2)


@pytest.mark.parametrize("stored_lab", [{"read_your_writes_seconds": 0.0}], indirect=True)
async def test_a_read_that_cannot_wait_longer_says_that_it_is_stale(stored_lab: RunningApi) -> None:
    lab = stored_lab
    lab.visible = False
    async with lab.serve(), lab.client() as writer, lab.client("viewer") as reader:
        await lab.create(writer)
        for path in ("", "/statistics"):
            stale = await writer.get(lab.ALARMS + path)
            assert (stale.status_code, stale.headers["faultd-stale"]) == (200, "true")
            assert "faultd-stale" not in (await reader.get(lab.ALARMS + path)).headers
        lab.progress.advance(lab.seq)
        assert "faultd-stale" not in (await writer.get(lab.ALARMS)).headers


FILTERS = [
    ("", [1, 2, 3]),
    ("severity=critical&severity=major", [1, 2]),
    ("severity=critical,minor", [1, 3]),
    ("severity[]=critical&severity[]=major", [1, 2]),
    ("severity%5B%5D=minor", [3]),
    ("status=active", [1, 2, 3]),
    ("status[]=cleared", []),
    ("alarm_type=pon.los", [2]),
    ("resource_id=olt-1", [1]),
    ("customer_id=c2", [1]),
    ("is_root_cause=true", [3]),
    ("is_root_cause=false", [1, 2]),
    ("tenant_id=south", [3]),
    ("from=2026-03-01T12:00:00Z&to=2026-03-01T13:00:00%2B00:00", [1, 2, 3]),
    ("to=2026-03-01T12:00:00+00:00", []),
    ("text=olt-2", [2]),
    ("text=%25", []),
]


async def test_filters(stored_lab: RunningApi) -> None:
    lab = stored_lab
    async with lab.serve(), lab.client() as client:
        await _three(lab, client)
        for query, found in FILTERS:
            items = (await client.get(f"{lab.ALARMS}?{query}&sort=severity")).json()["items"]
            assert [int(item["resource_id"][-1]) for item in items] == found, query


async def test_pages_follow_one_another(stored_lab: RunningApi) -> None:
    lab = stored_lab
    async with lab.serve(), lab.client() as client:
        made = [await lab.create(client, resource_id=f"ont-{number}") for number in range(5)]
        seen, cursor, pages = [], None, 0
        while pages == 0 or cursor:
            params = {"limit": "2"} | ({"cursor": cursor} if cursor else {})
            page = (await client.get(lab.ALARMS, params=params)).json()
            seen += [item["id"] for item in page["items"]]
            cursor, pages = page["next_cursor"], pages + 1
        assert (pages, sorted(seen)) == (3, sorted(alarm["id"] for alarm in made))
        other_order = await client.get(lab.ALARMS, params={"sort": "severity", "cursor": "WyJ4Il0"})
        lab.problem(other_order, 400, "invalid_parameter", "cursor")


async def test_a_tenants_token_sees_its_tenant_alone(stored_lab: RunningApi) -> None:
    lab = stored_lab
    async with lab.serve(), lab.client() as client, lab.client("north-viewer") as north, lab.client("south") as south:
        first, second, third = await _three(lab, client)
        items = (await north.get(lab.ALARMS)).json()["items"]
        assert {item["id"] for item in items} == {first["id"], second["id"]}
        assert (await north.get(f"{lab.ALARMS}/statistics")).json()["total"] == 2
        for name in (third["id"], third["alarm_id"]):
            lab.problem(await north.get(f"{lab.ALARMS}/{name}"), 404, "unknown_alarm")
            lab.problem(await north.get(f"{lab.ALARMS}/{name}/timeline"), 404, "unknown_alarm")
        for path in ("", "/statistics"):
            lab.problem(await north.get(f"{lab.ALARMS}{path}?tenant_id=south"), 403, "not_your_tenant")
        for name in ("contacts", "rotas", "notification-policies", "alarm-rules", "maintenance-windows", "sla-instances"):
            lab.problem(await north.get(f"{lab.FAULTS}/{name}?tenant_id=south"), 403, "not_your_tenant")
            assert (await north.get(f"{lab.FAULTS}/{name}?tenant_id=north")).status_code == 200
        bulk = {"action": {"type": "clear"}, "filter": {"severity": ["critical", "major", "minor"]}}
        lab.problem(await north.post(f"{lab.ALARMS}/bulk", json=bulk), 403, "forbidden")
        assert (await south.post(f"{lab.ALARMS}/bulk", json=bulk)).json()["accepted"] == [third["id"]]
        statuses = {item["id"]: item["status"] for item in (await client.get(lab.ALARMS)).json()["items"]}
        assert statuses == {first["id"]: "active", second["id"]: "active", third["id"]: "cleared"}


@pytest.mark.parametrize("stored_lab", [{"max_bulk": 2}], indirect=True)
async def test_a_bulk_filter_takes_a_bounded_number(stored_lab: RunningApi) -> None:
    lab = stored_lab
    async with lab.serve(), lab.client() as client:
        await _three(lab, client)
        bulk = {"action": {"type": "acknowledge"}, "filter": {"status": ["active"]}}
        results = [(await client.post(f"{lab.ALARMS}/bulk", json=bulk)).json() for _ in range(3)]
        assert [(result["matched"], result["more"]) for result in results] == [(2, True), (1, False), (0, False)]


async def test_statistics_count_what_is_open(stored_lab: RunningApi) -> None:
    lab = stored_lab
    async with lab.serve(), lab.client() as client:
        _, second, _ = await _three(lab, client)
        await client.post(f"{lab.ALARMS}/{second['id']}/clear")
        counts = (await client.get(f"{lab.ALARMS}/statistics")).json()
        assert (counts["total"], counts["open"], counts["by_severity"]["critical"]) == (3, 2, 1)
        assert (await client.get(f"{lab.ALARMS}/statistics?severity=major")).json()["open"] == 0


def _trap(tenant: str, offset: int) -> UnknownTrap:
    return UnknownTrap(
        offset,
        T0,
        tenant,
        "olt-1",
        "no profile",
        make_trap("1.3.6.1.4.1.99.0.1", source="192.0.2.1", at=T0, security="hunter2"),
    )


async def test_the_inbox_and_the_device_events(stored_lab: RunningApi) -> None:
    lab = stored_lab
    fields: dict[str, Any] = {
        "device_id": "olt-1",
        "resource_type": "olt",
        "resource_id": "olt-1",
        "severity": "info",
        "title": "rebooted",
    }
    changes: list[Change] = [
        _trap("north", 1),
        _trap("south", 2),
        DeviceEvent(offset=3, number=0, at=lab.T0, tenant_id="north", event_name="reboot", **fields),
        DeviceEvent(offset=4, number=0, at=lab.T0, tenant_id="south", event_name="reboot", **fields),
    ]
    await lab.apply(RecordedBatch(1, 4, changes))
    async with lab.serve(), lab.client("north") as north, lab.client("admin") as admin:
        for path in ("traps/unknown", "traps/unknown/counts", "device-events"):
            assert {item["tenant_id"] for item in (await north.get(f"{lab.FAULTS}/{path}")).json()["items"]} == {"north"}
            assert len((await admin.get(f"{lab.FAULTS}/{path}")).json()["items"]) == 2
        for client in (admin, north):
            assert "hunter2" not in (await client.get(f"{lab.FAULTS}/traps/unknown")).text
        page = (await admin.get(f"{lab.FAULTS}/traps/unknown?limit=1&trap_oid=1.3.6.1.4.1.99.0.1")).json()
        rest = await admin.get(f"{lab.FAULTS}/traps/unknown", params={"cursor": page["next_cursor"]})
        assert [item["offset"] for item in page["items"] + rest.json()["items"]] == [2, 1]
        for query, count in (("device_id=olt-1&event_type=reboot", 2), ("device_id=x", 0), ("from=2027-01-01T00:00:00Z", 0)):
            assert len((await admin.get(f"{lab.FAULTS}/device-events?{query}")).json()["items"]) == count


DRAFT = """
name = "draft"
[notifications]
theTrap = "1.3.6.1.4.1.99.0.1"
[[alarms]]
name = "the-trap"
raise = ["theTrap"]
type = "vendor.event"
"""


async def test_a_draft_of_a_profile_is_tried_on_the_unknown_traps_that_the_token_sees(stored_lab: RunningApi) -> None:
    lab = stored_lab
    await lab.apply(RecordedBatch(1, 2, [_trap("north", 1), _trap("south", 2)]))
    path = f"{lab.FAULTS}/traps/unknown/try"
    async with lab.serve(), lab.client("north") as north, lab.client("admin") as admin, lab.client("viewer") as viewer:
        tried = (await admin.post(path, json={"text": DRAFT})).json()
        assert tried["mistakes"] == []
        assert [(each["offset"], each["findings"]) for each in tried["traps"]] == [
            (2, ["raise · vendor.event · olt"]),
            (1, ["raise · vendor.event · olt"]),
        ]
        assert "  matches" in tried["traps"][0]["lines"]
        own = (await north.post(path, json={"text": DRAFT, "trap_oid": "1.3.6.1.4.1.99.0.1"})).json()
        assert [each["offset"] for each in own["traps"]] == [1]
        wrong = (await admin.post(path, json={"text": DRAFT.replace("vendor.event", "no.such.type")})).json()
        assert (wrong["traps"], [(each["line"], each["key"]) for each in wrong["mistakes"]]) == (
            [],
            [(7, "alarms[0].raise[0]")],
        )
        (syntax,) = (await admin.post(path, json={"text": "name = "})).json()["mistakes"]
        assert syntax["line"] == 1
        lab.problem(await viewer.post(path, json={"text": DRAFT}), 403, "forbidden")
        assert (await admin.get(f"{lab.FAULTS}/traps/unknown")).json()["items"], "a trial has used them up"


async def test_the_quarantine_is_for_admins_of_every_tenant(stored_lab: RunningApi) -> None:
    lab = stored_lab
    changes = [Quarantined(offset, lab.T0, "trap", "ValueError: x") for offset in (3, 5, 9)]
    await lab.apply(RecordedBatch(1, 9, changes))
    lab.tokens["north-admin"] = lab.book.create("north-admin", "admin", "north", lab.T0)
    path = f"{lab.FAULTS}/quarantine"
    async with lab.serve(), lab.client("admin") as admin, lab.client("operator") as operator:
        page = (await admin.get(path, params={"limit": "2"})).json()
        assert [item["offset"] for item in page["items"]] == [3, 5]
        rest = (await admin.get(path, params={"cursor": page["next_cursor"]})).json()
        assert ([item["offset"] for item in rest["items"]], rest["next_cursor"]) == ([9], None)
        lab.problem(await admin.get(f"{path}?cursor=-1"), 400, "invalid_parameter", "cursor")
        await lab.apply(RecordedBatch(2, 9, [Quarantined(5, lab.T0, "trap", "KeyError: y", "counter")]))
        found, cursor = [], "0"
        while cursor is not None:
            page = (await admin.get(path, params={"cursor": cursor, "limit": "1"})).json()
            found += [(item["offset"], item["stage"]) for item in page["items"]]
            cursor = page["next_cursor"]
        assert found == [(3, "correlator"), (5, "correlator"), (5, "counter"), (9, "correlator")]
        await lab.apply(RecordedBatch(3, 9, [Released(9, 5, "counter")]))
        page = (await admin.get(path)).json()
        assert [(item["offset"], item["stage"]) for item in page["items"]] == [(n, "correlator") for n in (3, 5, 9)]
        lab.problem(await operator.get(path), 403, "forbidden")
        async with lab.client("north-admin") as north:
            lab.problem(await north.get(path), 403, "not_your_tenant")
            lab.problem(await north.post(f"{path}/3/retry"), 403, "not_your_tenant")


READS = [
    "alarms?status=cleared",
    "alarms/statistics",
    "alarms/x",
    "alarms/x/timeline",
    "traps/unknown",
    "traps/unknown/counts",
    "device-events",
]


@pytest.mark.parametrize("path", READS)
async def test_reads_wait_for_postgresql_and_say_so(lab: RunningApi, path: str) -> None:
    async with lab.serve(), lab.client() as client:
        response = await client.get(f"{lab.FAULTS}/{path}")
        lab.problem(response, 503, "database_unavailable")
        assert response.headers["retry-after"] == "5"


async def test_a_postgresql_that_refuses_connections_is_away(make_lab: Callable[..., RunningApi]) -> None:
    async with Postgres.open("postgresql://nobody@127.0.0.1:1/nothing") as database:
        lab = make_lab(database, read_your_writes_seconds=0)
        async with lab.serve(), lab.client() as client:
            alarm = await lab.create(client)
            lab.problem(await client.get(f"{lab.ALARMS}?status=cleared,resolved"), 503, "database_unavailable")
            assert (await client.post(f"{lab.ALARMS}/{alarm['alarm_id']}/clear")).json()["status"] == "cleared"

"""Who may do what, and what is said to those who may not."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from vocabulary.api import RunningApi

from protocols.rest_daemon import DaemonPart, Readiness

WRITES = [
    ("POST", "/alarms"),
    ("PATCH", "/alarms/x"),
    ("POST", "/alarms/bulk"),
    *[
        ("POST", f"/alarms/x/{action}")
        for action in ("acknowledge", "unacknowledge", "clear", "resolve", "assign", "shelve", "unshelve", "notes")
    ],
    ("POST", "/events"),
    ("POST", "/events/alertmanager"),
]
BODIES: dict[str, Any] = {
    "/alarms/x": {"title": "x"},
    "/alarms/bulk": {"action": {"type": "clear"}, "alarm_ids": ["x"]},
    "/alarms/x/assign": {"assigned_to": "ada"},
    "/alarms/x/shelve": {"minutes": 1},
    "/alarms/x/notes": {"text": "x"},
    "/events": {"type": "device.down", "resource_type": "olt", "resource_id": "o"},
    "/events/alertmanager": {"version": "4", "alerts": [{"status": "firing", "labels": {"alertname": "x"}}]},
}


@pytest.mark.parametrize(("method", "path"), WRITES)
async def test_a_viewer_writes_nothing(lab: RunningApi, method: str, path: str) -> None:
    body = BODIES.get(path, lab.ALARM if path == "/alarms" else {})
    async with lab.serve(), lab.client("viewer") as viewer:
        lab.problem(await viewer.request(method, lab.FAULTS + path, json=body), 403, "forbidden")
        assert lab.appended == []


@pytest.mark.parametrize(
    ("header", "kind"),
    [
        (None, "no_token"),
        ("Basic dXNlcjpwYXNz", "no_token"),
        ("Bearer", "invalid_token"),
        ("Bearer nonsense", "invalid_token"),
        ("Bearer fd_" + "A" * 43, "invalid_token"),
    ],
)
async def test_without_a_good_token_there_is_nothing(lab: RunningApi, header: str | None, kind: str) -> None:
    headers = {"Authorization": header} if header else {}
    async with lab.serve(), lab.client(None) as client:
        for path in ("/me", "/alarms", "/nothing", "/alarms/x/clear"):
            response = await client.get(lab.FAULTS + path, headers=headers)
            lab.problem(response, 401, kind)
            assert response.headers["www-authenticate"].startswith('Bearer realm="faultd"')


async def test_revoked_and_expired_tokens_are_refused_at_once(lab: RunningApi) -> None:
    lab.tokens["guest"] = lab.book.create("guest", "viewer", None, lab.T0, expires=lab.T0 + timedelta(hours=1))
    async with lab.serve(), lab.client("guest") as guest, lab.client() as client:
        assert (await guest.get(f"{lab.FAULTS}/me")).json() == {"name": "guest", "role": "viewer", "tenant": None}
        assert (await client.get(f"{lab.FAULTS}/me")).status_code == 200
        lab.now += timedelta(hours=1)
        lab.problem(await guest.get(f"{lab.FAULTS}/me"), 401, "invalid_token")
        lab.book.revoke("operator")
        lab.problem(await client.get(f"{lab.FAULTS}/me"), 401, "invalid_token")


async def test_a_broken_token_file_lets_nobody_in(lab: RunningApi) -> None:
    async with lab.serve(), lab.client() as client:
        lab.book.path.write_text("{")
        response = await client.get(f"{lab.FAULTS}/me")
        lab.problem(response, 503, "tokens_unavailable")
        assert "retry-after" in response.headers
        assert (await client.get("/healthz")).status_code == 200


async def test_the_daemons_own_pages_need_no_token(lab: RunningApi) -> None:
    async with lab.serve(), lab.client(None) as client:
        assert (await client.get("/healthz")).text == "ok\n"
        found = (await client.get("/readyz")).json()
        assert found == {"ready": True, "parts": {"traps": {"status": "ok", "detail": ""}}, "consumers": {}}
        metrics = await client.get("/metrics")
        assert metrics.headers["content-type"] == "text/plain; version=0.0.4; charset=utf-8"
        assert 'faultd_http_requests_total{method="GET",route="/healthz",status="200"} 1.0' in metrics.text
        assert (await client.get("/schema/openapi.json")).json()["openapi"].startswith("3.1")
        page = (await client.get("/schema")).text
        assert "/api/v1/faults/alarms/{alarm_id}/acknowledge" in page
        assert "http://" not in page.replace(f"http://{lab.address}", "")
        assert "https://" not in page


async def test_not_ready_is_503(lab: RunningApi) -> None:
    lab.readiness = Readiness(False, {"ledger": DaemonPart("down", "disk full")})
    async with lab.serve(), lab.client(None) as client:
        response = await client.get("/readyz")
        assert (response.status_code, response.json()["parts"]["ledger"]["detail"]) == (503, "disk full")


async def test_metrics_may_ask_for_a_token(make_lab: Callable[..., RunningApi]) -> None:
    lab = make_lab(metrics_need_token=True)
    async with lab.serve(), lab.client(None) as stranger, lab.client("viewer") as viewer:
        lab.problem(await stranger.get("/metrics"), 401, "no_token")
        lab.problem(await stranger.get("/metrics/"), 401, "no_token")
        assert (await viewer.get("/metrics")).status_code == 200


async def test_requests_are_counted_by_template_not_by_path(lab: RunningApi) -> None:
    async with lab.serve(), lab.client() as client:
        for number in range(3):
            await client.post(f"{lab.ALARMS}/alarm-{number}/clear")
            await client.get(f"/nothing/{number}")
        await client.request("BREW", "/healthz")
        route = "/api/v1/faults/alarms/{alarm_id}/clear"
        assert lab.sample("faultd_http_requests_total", method="POST", route=route, status="404") == 3
        assert lab.sample("faultd_http_requests_total", method="GET", route="unmatched", status="404") == 3
        methods = {sample.labels["method"] for metric in lab.metrics.http_requests.collect() for sample in metric.samples}
        assert methods <= {"POST", "GET", "other"}

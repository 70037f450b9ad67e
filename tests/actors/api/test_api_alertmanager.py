"""Prometheus Alertmanager's webhook, with bodies shaped as Alertmanager 0.27 sends them."""

from typing import Any

import pytest

Lab = Any


def alert(status: str = "firing", **labels: str) -> dict[str, Any]:
    return {
        "status": status,
        "labels": {"alertname": "NodeDown", "instance": "olt-7.example.net:9100", "job": "node", "severity": "page"} | labels,
        "annotations": {"summary": "olt-7 does not\nanswer", "description": "For 5 minutes.", "runbook_url": "http://r/1"},
        "startsAt": "2026-03-01T11:58:12.123456Z",
        "endsAt": "0001-01-01T00:00:00Z" if status == "firing" else "2026-03-01T12:59:30.5+01:00",
        "generatorURL": "http://prometheus:9090/graph?g0.expr=up+%3D%3D+0&g0.tab=1",
        "fingerprint": "d4b2c1f0a9e87766",
    }


def webhook(*alerts: dict[str, Any]) -> dict[str, Any]:
    return {
        "receiver": "faultd",
        "status": "firing",
        "alerts": list(alerts),
        "groupLabels": {"alertname": "NodeDown"},
        "commonLabels": {"alertname": "NodeDown", "job": "node"},
        "commonAnnotations": {},
        "externalURL": "http://alertmanager:9093",
        "version": "4",
        "groupKey": '{}:{alertname="NodeDown"}',
        "truncatedAlerts": 0,
    }


async def test_an_alert_raises_repeats_and_clears_one_alarm(lab: Lab) -> None:
    path = f"{lab.FAULTS}/events/alertmanager"
    async with lab.serve(), lab.client() as client:
        ids = [
            (await client.post(path, json=webhook(alert(status)))).json()["results"][0]["accepted"]
            for status in ("firing", "firing", "resolved")
        ]
        assert ids[0] == ids[1] == ids[2]
        alarm = lab.state.alarms[ids[0][0]]
        assert (alarm.status, alarm.occurrence_count, alarm.source) == ("cleared", 2, "monitoring")
        assert (alarm.severity, alarm.title) == ("critical", "olt-7 does not answer")
        assert (alarm.resource_type, alarm.resource_id) == ("host", "olt-7.example.net:9100")
        assert (alarm.qualifier, alarm.description) == ("d4b2c1f0a9e87766", "For 5 minutes.")
        assert alarm.metadata["labels"] == {"job": "node"}
        assert alarm.metadata["annotations"] == {"runbook_url": "http://r/1"}
        assert lab.appended[0].events[0].at.isoformat() == "2026-03-01T11:58:12.123456+00:00"
        assert lab.appended[2].events[0].at.isoformat() == "2026-03-01T11:59:30.500000+00:00"


async def test_alerts_apart_by_fingerprint_are_alarms_apart(lab: Lab) -> None:
    async with lab.serve(), lab.client() as client:
        other = alert() | {"fingerprint": "0000000000000001"}
        results = (await client.post(f"{lab.FAULTS}/events/alertmanager", json=webhook(alert(), other))).json()["results"]
        assert len({result["accepted"][0] for result in results}) == 2


@pytest.mark.parametrize(
    ("label", "severity"),
    [
        ("critical", "critical"),
        ("ERROR", "major"),
        ("warning", "warning"),
        ("none", "info"),
        ("whatever", "major"),
        ("", "major"),
    ],
)
async def test_severities(lab: Lab, label: str, severity: str) -> None:
    async with lab.serve(), lab.client() as client:
        answer = await client.post(f"{lab.FAULTS}/events/alertmanager", json=webhook(alert(severity=label)))
        assert lab.state.alarms[answer.json()["results"][0]["accepted"][0]].severity == severity


async def test_labels_may_name_resource_and_tenant(lab: Lab) -> None:
    path = f"{lab.FAULTS}/events/alertmanager"
    async with lab.serve(), lab.client() as client, lab.client("south") as south:
        body = webhook(alert(tenant_id="north", resource_type="olt", resource_id="olt-7"))
        alarm = lab.state.alarms[(await client.post(path, json=body)).json()["results"][0]["accepted"][0]]
        assert (alarm.tenant_id, alarm.resource_type, alarm.resource_id) == ("north", "olt", "olt-7")
        lab.problem(await south.post(path, json=body), 403, "not_your_tenant")
        await south.post(path, json=webhook(alert()))
        assert lab.appended[-1].events[0].tenant_id == "south"


@pytest.mark.parametrize(
    ("body", "field"),
    [
        (webhook() | {"version": "3"}, "version"),
        (webhook(), "alerts"),
        (webhook(alert(), alert(alertname="")), "alerts[1].labels.alertname"),
        (webhook(alert(instance="x\x00")), "alerts[0].labels.instance"),
        (webhook(alert(note="x\x00")), "alerts[0].labels.labels.note"),
        (webhook(alert() | {"startsAt": "0001-01-01T00:00:00Z"}), "alerts[0].startsAt"),
        (webhook(alert() | {"startsAt": "2026-03-01T11:58:12"}), "alerts[0].startsAt"),
        (webhook(alert() | {"status": "odd"}), "alerts[0].status"),
        (webhook(alert() | {"labels": {"alertname": 5}}), "alerts[0].labels[...]"),
    ],
)
async def test_what_cannot_be_used_is_named(lab: Lab, body: dict[str, Any], field: str) -> None:
    async with lab.serve(), lab.client() as client:
        lab.problem(await client.post(f"{lab.FAULTS}/events/alertmanager", json=body), 422, "invalid_body", field)
        assert lab.appended == []

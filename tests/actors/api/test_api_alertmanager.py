"""Webhooks of Alertmanager, with bodies shaped as 0.27 sends them, and of Grafana, as its manual shows them: whatever one alert
is like, the others of its notification are taken."""

import json
import re
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from vocabulary.api import RunningApi

from actors.api.alertmanager import SEVERITIES, AlertContext, instances
from actors.api.notification import SAME_FINGERPRINT
from actors.mailbox import Outcome
from protocols.change import Answer, Quarantined
from protocols.event import NetworkEvent, TopologyLoaded
from protocols.topology import Node

PATH = "/api/v1/faults/events/alertmanager"


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


async def test_an_alert_raises_repeats_and_clears_one_alarm(lab: RunningApi) -> None:
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
        assert str(lab.first_event(NetworkEvent).at) == "2026-03-01 11:58:12.123456+00:00"
        assert str(lab.first_event(NetworkEvent, 2).at) == "2026-03-01 11:59:30.500000+00:00"


async def test_alerts_apart_by_fingerprint_are_alarms_apart(lab: RunningApi) -> None:
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
        ("P1", "critical"),
        ("page-me", "critical"),
        ("whatever", "major"),
        ("", "major"),
    ],
)
async def test_severities(make_lab: Any, label: str, severity: str) -> None:
    lab = make_lab(alert_severities={"Page-Me": "critical"})
    async with lab.serve(), lab.client() as client:
        answer = await client.post(f"{lab.FAULTS}/events/alertmanager", json=webhook(alert(severity=label)))
        assert lab.state.alarms[answer.json()["results"][0]["accepted"][0]].severity == severity


async def test_labels_may_name_resource_and_tenant(lab: RunningApi) -> None:
    path = f"{lab.FAULTS}/events/alertmanager"
    async with lab.serve(), lab.client() as client, lab.client("south") as south:
        body = webhook(alert(tenant_id="north", resource_type="olt", resource_id="olt-7"))
        alarm = lab.state.alarms[(await client.post(path, json=body)).json()["results"][0]["accepted"][0]]
        assert (alarm.tenant_id, alarm.resource_type, alarm.resource_id) == ("north", "olt", "olt-7")
        (refused,) = (await south.post(path, json=body)).json()["results"]
        assert [each["reason"] for each in refused["refused"]] == ["not_your_tenant"]
        await south.post(path, json=webhook(alert()))
        assert lab.first_event(NetworkEvent, -1).tenant_id == "south"


HUGE = {f"l{number}": "x" for number in range(2_000)}
ODD: dict[str, tuple[dict[str, Any], str]] = {
    "an instance of 240 characters": (alert(instance="https://portal.example.net/" + "a" * 220), "labels.instance: 247"),
    "an instance with a tab": (alert(instance="10.9.0.9\t:9100"), "labels.instance: control"),
    "an instance with NUL": (alert(instance="x\x00"), "labels.instance: control"),
    "a label with NUL": (alert(note="x\x00"), ""),
    "no name": (alert(alertname=""), "labels.alertname: is missing"),
    "2,000 labels": (alert(**HUGE), "labels: 1801 of 2001 left out"),
    "a label of 40 kB": (alert(pod="y" * 40_000), "labels.pod: 40000 characters, 2000 kept"),
    "a title of 2 kB": (alert() | {"annotations": {"summary": "s" * 2_000}}, "annotations.summary: 2000"),
    "a description of 20 kB": (alert() | {"annotations": {"description": "s" * 20_000}}, "annotations.description: 20000"),
    "no labels": (alert() | {"labels": None}, "labels.alertname: is missing"),
    "labels that are no object": (alert() | {"labels": ["a"]}, "labels: is no object"),
    "labels of other types": (alert() | {"labels": {"alertname": 5, "instance": True, "x": None, "y": [1]}}, ""),
    "no annotations": (alert() | {"annotations": None}, ""),
    "an odd status": (alert() | {"status": "odd"}, ""),
    "Go's zero time": (alert() | {"startsAt": "0001-01-01T00:00:00Z"}, ""),
    "no time": (alert() | {"startsAt": None}, ""),
    "a time without a zone": (alert() | {"startsAt": "2026-03-01T11:58:12"}, "startsAt: '2026-03-01T11:58:12' is no time"),
    "a time that is none": (alert() | {"startsAt": "yesterday"}, "startsAt: 'yesterday' is no time"),
    "a time far off": (alert() | {"startsAt": "9999-01-01T00:00:00Z"}, "startsAt: '9999"),
    "a number for a time": (alert() | {"startsAt": 1e300}, "startsAt"),
    "a severity that nobody knows": (alert(severity="mauve"), "severity: 'mauve' is not in"),
    "nothing": ({}, "labels.alertname: is missing"),
    "half of a surrogate": (alert(note="\ud83d"), ""),
}


async def test_an_odd_alert_is_taken_as_far_as_it_can_be_and_costs_no_other(lab: RunningApi) -> None:
    async with lab.serve(), lab.client() as client:
        for what, (odd, warning) in ODD.items():
            good = [alert(instance=f"10.9.0.{number}:9100") | {"fingerprint": f"{what}{number}"} for number in (1, 2)]
            # httpx sends no half of a surrogate.
            body = json.dumps(webhook(good[0], odd | {"fingerprint": what}, good[1])).replace("\\ud83d", "\\ud83d\\ude00")
            answer = await client.post(PATH, content=body.encode(), headers={"Content-Type": "application/json"})
            assert answer.status_code == 200, (what, answer.text)
            results = answer.json()["results"]
            assert [len(result["accepted"]) for result in results] == [1, 1, 1], what
            told = results[1]["warnings"]
            assert any(warning in each for each in told) if warning else True, (what, told)
            alarm = lab.state.alarms[results[1]["accepted"][0]]
            assert alarm.metadata.get("cut", []) == told, what
            assert len(alarm.resource_id) <= 200
            assert "\\x00" not in repr(alarm)


async def test_what_is_no_alert_is_refused_alone(lab: RunningApi) -> None:
    async with lab.serve(), lab.client() as client:
        results = (await client.post(PATH, json=webhook(alert(), 5, None) | {"version": "9"})).json()  # type: ignore[arg-type]
        assert [(len(each["accepted"]), [one["alarm_id"] for one in each["refused"]]) for each in results["results"]] == [
            (1, []),
            (0, ["alerts[1]"]),
            (0, ["alerts[2]"]),
        ]
        assert results["warnings"] == ["version: '9' is not known, and was read as version 4"]


async def test_an_alert_that_cannot_be_processed_is_refused_alone(lab: RunningApi, monkeypatch: pytest.MonkeyPatch) -> None:
    record = lab.record

    async def poisoned(events: Any) -> Outcome:
        outcome = await record(events)
        offset = outcome.first + 1
        changes = list(outcome.changes)
        changes[1] = [Quarantined(offset, lab.T0, "network", "x"), Answer(offset=offset)]
        return Outcome(outcome.first, outcome.seq, changes)

    monkeypatch.setattr(lab, "record", poisoned)
    async with lab.serve(), lab.client() as client:
        alerts = [alert(instance=f"host-{n}") | {"fingerprint": f"f{n}"} for n in range(3)]
        results = (await client.post(PATH, json=webhook(*alerts))).json()["results"]
        assert [len(result["accepted"]) for result in results] == [1, 0, 1]
        assert [one["reason"] for one in results[1]["refused"]] == ["quarantined"]


@pytest.mark.parametrize(("body", "field"), [({}, "alerts"), ({"alerts": {}}, "alerts"), ({"alerts": "none"}, "alerts")])
async def test_what_is_no_notification_is_refused(lab: RunningApi, body: dict[str, Any], field: str) -> None:
    async with lab.serve(), lab.client() as client:
        lab.problem(await client.post(PATH, json=body), 422, "invalid_body", field)
        assert (await client.post(PATH, json={"alerts": None})).json()["results"] == []
        assert lab.appended == []


async def test_a_large_notification_is_taken_whole(make_lab: Any) -> None:
    lab = make_lab(max_body_bytes=1_000, max_batch=100)
    alerts = [alert(instance=f"host-{n}", pod="y" * 500) | {"fingerprint": f"f{n}"} for n in range(1_001)]
    async with lab.serve(), lab.client() as client:
        results = (await client.post(PATH, json=webhook(*alerts, *alerts[:3]))).json()["results"]
        assert sum(len(result["accepted"]) for result in results) == 1_001
        assert [result["duplicate"] for result in results[-4:]] == [False, True, True, True]
        assert not any(result["warnings"] for result in results[-3:])
        assert len(lab.state.alarms) == 1_001


async def test_of_two_alerts_with_one_fingerprint_the_answer_says_which_counts(lab: RunningApi) -> None:
    one, other = (alert(instance="host-1", pod=pod) | {"fingerprint": "f"} for pod in ("a", "b"))
    async with lab.serve(), lab.client() as client:
        results = (await client.post(PATH, json=webhook(one, other))).json()["results"]
        assert [result["duplicate"] for result in results] == [False, True]
        assert SAME_FINGERPRINT in results[1]["warnings"]


async def test_truncated_alerts_have_an_alarm_until_a_notification_comes_whole(lab: RunningApi) -> None:
    async with lab.serve(), lab.client() as client:
        answer = (await client.post(PATH, json=webhook(alert()) | {"truncatedAlerts": 37})).json()
        assert "37" in answer["warnings"][0]
        (cut,) = [each for each in lab.state.alarms.values() if each.qualifier.startswith("alerts_truncated")]
        assert (cut.title, cut.resource_id) == (
            "37 alerts of a notification were truncated by http://alertmanager:9093",
            "http://alertmanager:9093",
        )
        assert (await client.post(PATH, json=webhook(alert()))).json()["warnings"] == []
        assert lab.state.alarms[cut.id].cleared_at is not None
        await client.post(PATH, json=webhook(alert()))
        assert len(lab.appended[-1].events) == 1


@pytest.mark.parametrize("severity", ["ok", "OK", "resolved", "normal"])
async def test_an_alert_that_says_that_all_is_well_raises_nothing(lab: RunningApi, severity: str) -> None:
    async with lab.serve(), lab.client() as client:
        (result,) = (await client.post(PATH, json=webhook(alert(severity=severity)))).json()["results"]
        assert (result["accepted"], result["refused"], lab.state.alarms) == ([], [], {})


async def test_grafanas_contact_point(lab: RunningApi) -> None:
    firing = {
        "status": "firing",
        "labels": {"alertname": "High memory usage", "team": "blue", "zone": "us-1"},
        "annotations": {"description": "The system has high memory usage", "summary": "This alert was triggered for zone us-1"},
        "startsAt": "2021-10-12T09:51:03.157076+02:00",
        "endsAt": "0001-01-01T00:00:00Z",
        "generatorURL": "https://grafana.example/alerting/1afz29v7z/edit",
        "fingerprint": "c6eadffa33fcdf37",
        "silenceURL": "https://grafana.example/alerting/silence/new",
        "dashboardURL": "",
        "panelURL": "",
        "values": {"B": 44.23943737541908, "C": 1},
        "valueString": "[ metric='' labels={} value=14151.331895396988 ]",
    }
    no_data = firing | {"labels": {"alertname": "DatasourceError", "rulename": "x"}, "annotations": None, "values": None}
    body = webhook(firing, no_data | {"fingerprint": "aa"}) | {
        "receiver": "",
        "orgId": 1,
        "version": "1",
        "groupKey": "{}:{}",
        "title": "[FIRING:2]  (blue)",
        "state": "alerting",
        "message": "**Firing**",
    }
    async with lab.serve(), lab.client() as client:
        answer = (await client.post(PATH, json=body)).json()
        assert answer["warnings"] == []
        first, second = (lab.state.alarms[result["accepted"][0]] for result in answer["results"])
        assert first.metadata["value"] == '{"B":44.23943737541908,"C":1}'
        assert first.metadata["silence_url"] == "https://grafana.example/alerting/silence/new"
        assert second.title == "DatasourceError"


PLANT = (
    Node(id="olt-1", type="olt", name="OLT Nord", address="192.0.2.7", tenant="north"),
    Node(id="olt-1/0/1", type="pon", parents=("olt-1",), tenant="north"),
    Node(id="olt-1/0/1/1", type="ont", parents=("olt-1/0/1",), customer_id="C-1", tenant="north"),
    Node(id="olt-6", type="olt", name="olt-six.example.net", address="2001:db8::7", tenant="north"),
    Node(id="olt-9", type="olt", address="192.0.2.9", tenant="south"),
)
INSTANCES = {
    "192.0.2.7": "olt-1",
    "192.0.2.7:161": "olt-1",
    "http://192.0.2.7/": "olt-1",
    "https://192.0.2.7:8443/probe?x=1": "olt-1",
    "::ffff:192.0.2.7": "olt-1",
    "[::ffff:192.0.2.7]:161": "olt-1",
    "olt-1": "olt-1",
    "olt-1:9116": "olt-1",
    "olt-1.example.net": "olt-1",
    "olt-1.example.net:9100": "olt-1",
    "OLT-1.example.net.": "olt-1",
    "olt-1/0/1": "olt-1/0/1",
    "olt-1/0/1:9116": "olt-1/0/1",
    "[2001:db8::7]:161": "olt-6",
    "[2001:DB8:0::7]": "olt-6",
    "2001:db8::7": "olt-6",
    "olt-six.example.net:161": "olt-6",
    "192.0.2.9:161": "192.0.2.9:161",
    "olt-9": "olt-9",
    "10.0.0.1:9100": "10.0.0.1:9100",
}


async def test_an_instance_finds_the_device_of_its_own_tenant(lab: RunningApi) -> None:
    await lab.record([TopologyLoaded("d", PLANT)])
    async with lab.serve(), lab.client("north") as client:
        alerts = [alert(instance=instance) | {"fingerprint": f"f{n}"} for n, instance in enumerate(INSTANCES)]
        results = (await client.post(PATH, json=webhook(*alerts))).json()["results"]
        for (instance, resource), result in zip(INSTANCES.items(), results, strict=True):
            alarm = lab.state.alarms[result["accepted"][0]]
            assert alarm.resource_id == resource, instance
            if resource == "olt-1":
                assert (alarm.device_id, alarm.affected_customers, alarm.subscriber_count) == ("olt-1", ("C-1",), 1)
            assert alarm.metadata.get("instance", resource) == instance


async def test_an_alert_raised_before_the_topology_knew_its_device_is_ended_after(lab: RunningApi) -> None:
    async with lab.serve(), lab.client("north") as client:
        (raised,) = (await client.post(PATH, json=webhook(alert(instance="192.0.2.7:161")))).json()["results"]
        await lab.record([TopologyLoaded("d", PLANT)])
        (ended,) = (await client.post(PATH, json=webhook(alert("resolved", instance="192.0.2.7:161")))).json()["results"]
        assert raised["accepted"] == ended["accepted"]


@given(st.recursive(st.none() | st.booleans() | st.floats() | st.text(), lambda inner: st.dictionaries(st.text(), inner)))
def test_nothing_that_json_can_hold_breaks_a_reading(value: Any) -> None:
    reading = AlertContext({}, "probe", value, lambda instance: "")
    names = ("status", "labels", "annotations", "startsAt", "endsAt", "generatorURL", "fingerprint", "values", "valueString")
    for name in names:
        taken = reading.take(alert() | {name: value}, "t")
        assert taken.event.qualifier
        assert len(taken.event.resource_id) <= 200
    reading.take({"labels": {"instance": value, "alertname": value, "severity": value}}, "t")


@given(st.text())
def test_any_text_is_an_instance(text: str) -> None:
    assert all(instances(text))


def test_the_words_for_severities_are_documented() -> None:
    page = (Path(__file__).parents[3] / "docs" / "api.md").read_text(encoding="utf-8")
    rows = re.findall(r"^\| ((?:`\w+` )*`\w+`) \| (critical|major|minor|warning|info|none)\b", page, re.MULTILINE)
    documented = {word: severity for words, severity in rows for word in re.findall(r"`(\w+)`", words)}
    assert documented.items() >= {word: severity.replace("clear", "none") for word, severity in SEVERITIES.items()}.items()

"""Prometheus Alertmanager's webhook: each alert as a network event of monitoring.

An alert is told apart by its fingerprint (the hash of its labels), so what Alertmanager calls one alert is one alarm.
No idempotency key is given: Alertmanager repeats a firing alert, and a repeat counts as one more occurrence.
"""

from actors.api.commands import in_utc
from protocols.event import NetworkEvent
from protocols.rest import AlertmanagerAlert
from protocols.rest_fields import check_metadata, check_time
from protocols.severity import Severity

SEVERITIES: dict[str, Severity] = {
    "critical": "critical",
    "page": "critical",
    "emergency": "critical",
    "major": "major",
    "error": "major",
    "high": "major",
    "minor": "minor",
    "warning": "warning",
    "warn": "warning",
    "low": "warning",
    "info": "info",
    "information": "info",
    "none": "info",
}
"""The label ``severity`` has no fixed values; anything else leaves the severity to the event's type."""

_USED = ("alertname", "severity", "instance", "tenant_id", "resource_type", "resource_id")


def network_event(alert: AlertmanagerAlert, tenant: str, reporter: str) -> NetworkEvent:
    """One alert as a NetworkEvent. Raises ValueError naming the label or field that cannot be used.

    The resource is the labels ``resource_type``/``resource_id`` where a rule sets them, else the host behind ``instance``
    as it stands, else the alert's name.
    """
    labels, annotations = alert.labels, alert.annotations
    name = labels.get("alertname", "")
    if not name:
        raise ValueError("labels.alertname: is missing")
    resource = labels.get("resource_id") or labels.get("instance") or name
    kind = labels.get("resource_type") or ("host" if labels.get("instance") else "alert")
    firing = alert.status == "firing"
    at = alert.starts_at if firing else alert.ends_at
    check_time("startsAt" if firing else "endsAt", at)
    for label, value in (("alertname", name), ("instance", resource), ("resource_type", kind)):
        if len(value) > 200 or not value.isprintable():
            raise ValueError(f"labels.{label}: more than 200 characters, or some that are not printable")
    metadata = {
        "labels": {key: value for key, value in labels.items() if key not in _USED},
        "annotations": {key: value for key, value in annotations.items() if key not in ("summary", "description")},
        "generator_url": alert.generator_url,
    }
    check_metadata("labels", metadata)
    return NetworkEvent(
        type="monitoring.check_failed" if firing else "monitoring.check_recovered",
        tenant_id=tenant,
        resource_type=kind,
        resource_id=resource,
        qualifier=_line(alert.fingerprint, 200) or name,
        severity=SEVERITIES.get(labels.get("severity", "").lower()) if firing else None,
        title=_line(annotations.get("summary") or f"{name} on {resource}", 500),
        description=(annotations.get("description") or annotations.get("message") or "")[:10_000].replace("\x00", ""),
        at=in_utc(at),
        reported_by=reporter,
        source="monitoring",
        metadata={key: value for key, value in metadata.items() if value},
        tags=(f"alertname:{name}",),
    )


def _line(text: str, length: int) -> str:
    """Annotations are free text of several lines; a title is one line."""
    return " ".join("".join(character if character.isprintable() else " " for character in text).split())[:length]

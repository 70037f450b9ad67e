"""Alertmanager's and Grafana's webhooks: each alert as a network event of monitoring, whatever shape it has.

Alertmanager does not send a notification again that was answered 4xx, so one alert must not cost the others: usable
fields are used, long ones are cut, and each cut or replaced field is named in the answer and in the alarm's metadata.

An alert is told apart by its fingerprint (the hash of its labels), so what Alertmanager calls one alert is one alarm.
No idempotency key is given: Alertmanager repeats a firing alert, and a repeat counts as one more occurrence.

Bodies: https://prometheus.io/docs/alerting/latest/configuration/#webhook_config (version 4) and Grafana's webhook contact point
(version 1, with `orgId`, `state`, `values` and `valueString`).
"""

from collections.abc import Callable, Mapping
from contextlib import suppress
from datetime import UTC, datetime
from hashlib import blake2b
from ipaddress import IPv6Address, ip_address
from typing import Any

import msgspec
from msgspec import Struct

from actors.api.settings import AlertSeverity
from protocols.event import NetworkEvent
from protocols.rest_fields import check_time
from protocols.severity import Severity

SEVERITIES: Mapping[str, AlertSeverity] = {
    **dict.fromkeys(("critical", "page", "emergency", "fatal", "disaster", "p1"), "critical"),
    **dict.fromkeys(("major", "error", "high", "p2"), "major"),
    **dict.fromkeys(("minor", "average", "medium", "p3"), "minor"),
    **dict.fromkeys(("warning", "warn", "low", "p4"), "warning"),
    **dict.fromkeys(("info", "information", "informational", "notice", "debug", "none", "p5"), "info"),
    **dict.fromkeys(("ok", "okay", "normal", "resolved", "clear", "cleared", "recovery"), "clear"),
}
"""The label ``severity`` has no fixed values. ``clear``: an alert that says so raises nothing and ends what it ended."""

_USED = ("alertname", "severity", "instance", "tenant_id", "resource_type", "resource_id")
_NAME, _TITLE, _TEXT, _LABEL = 200, 500, 10_000, 2_000
_LABELS, _LABEL_TEXT = 400, 24_000
"""Labels and annotations kept of one alert, and characters of all of them together."""
_NOTES = 20
_WHATEVER_SEVERITY = ("severity", "priority", "level")

Find = Callable[[str], str]
"""The id of the node that an ``instance`` names, "" for none."""


class Taken(Struct, frozen=True):
    """One alert as an event, and what was cut or replaced on the way, in words. ``instance`` is the resource as the alert
    named it, where the topology knows it by another id."""

    event: NetworkEvent
    notes: tuple[str, ...] = ()
    instance: str = ""

    @property
    def identity(self) -> tuple[str, ...]:
        """The key by which two alerts of one notification differ."""
        event = self.event
        return event.type, event.tenant_id, event.resource_id, event.qualifier


class AlertContext:
    """The context in which alerts are read: the table of severities, who reports, and where nodes are."""

    def __init__(self, severities: Mapping[str, AlertSeverity], reporter: str, status: Any, find: Find) -> None:
        self._severities = {**SEVERITIES, **{word.lower(): severity for word, severity in severities.items()}}
        self._reporter, self._find = reporter, find
        self._status = status if isinstance(status, str) else ""

    def take(self, alert: Any, tenant: str) -> Taken:
        """One alert of the notification as an event. Raises ValueError for what is no object at all."""
        if not isinstance(alert, Mapping):
            raise ValueError("is no JSON object")
        notes: list[str] = []
        labels, annotations = (
            _texts(alert.get("labels"), "labels", notes),
            _texts(alert.get("annotations"), "annotations", notes),
        )
        name = labels.get("alertname") or labels.get("rulename") or ""
        if not name:
            notes.append("labels.alertname: is missing")
            name = "alert without a name"
        name = _name(name, "labels.alertname", notes)
        instance = _name(labels.get("resource_id") or labels.get("instance") or "", "labels.instance", notes)
        node = self._find(instance) if instance else ""
        firing = self._is_firing(alert, notes)
        severity, clears = self._severity(labels, annotations, notes)
        at = _time(alert, "startsAt" if firing else "endsAt", notes)
        qualifier = _name(_text(alert.get("fingerprint")), "fingerprint", notes) or _fingerprint(labels, name)
        kind = _name(labels.get("resource_type", ""), "labels.resource_type", notes)
        others = {key: text for key, text in annotations.items() if key not in ("summary", "description")}
        metadata: dict[str, Any] = {
            "labels": _kept({key: text for key, text in labels.items() if key not in _USED}, "labels", notes),
            "annotations": _kept(others, "annotations", notes),
            "generator_url": _text(alert.get("generatorURL"))[:_LABEL],
            "instance": instance if node and node != instance else "",
            **_grafana(alert),
        }
        title = _line(annotations.get("summary") or (f"{name} on {instance}" if instance else name))
        description = annotations.get("description") or annotations.get("message") or ""
        for field, text, most in (("annotations.summary", title, _TITLE), ("annotations.description", description, _TEXT)):
            if len(text) > most:
                notes.append(f"{field}: {len(text)} characters, {most} kept")
        if notes:
            metadata["cut"] = notes[:_NOTES]
        event = NetworkEvent(
            type="monitoring.check_failed" if firing and not clears else "monitoring.check_recovered",
            tenant_id=tenant,
            resource_type=kind or ("host" if instance else "alert"),
            resource_id=node or instance or name,
            qualifier=qualifier,
            severity=severity if firing and not clears else None,
            title=title[:_TITLE],
            description=description[:_TEXT],
            at=at,
            reported_by=self._reporter,
            source="monitoring",
            metadata={key: value for key, value in metadata.items() if value},
            tags=(f"alertname:{name}"[:_NAME],),
        )
        return Taken(event, tuple(notes[:_NOTES]), instance if node and node != instance else "")

    def _is_firing(self, alert: Mapping[str, Any], notes: list[str]) -> bool:
        """In doubt it is firing: an alarm too many is seen, one too few is not."""
        for status in (alert.get("status"), self._status):
            if status in ("firing", "resolved"):
                return bool(status == "firing")
        notes.append(f"status: {_text(alert.get('status'))[:40]!r} is neither firing nor resolved: taken as firing")
        return True

    def _severity(
        self, labels: Mapping[str, str], annotations: Mapping[str, str], notes: list[str]
    ) -> tuple[Severity | None, bool]:
        """The severity, None for that of the event's type; and whether the word says that all is well."""
        found = [each[key] for each in (labels, annotations) for key in _WHATEVER_SEVERITY if each.get(key)]
        if not found:
            return None, False
        severity = self._severities.get(found[0].strip().lower())
        if severity is None:
            notes.append(f"severity: {_line(found[0])[:40]!r} is not in [http] alert_severities: indeterminate, taken as major")
            return None, False
        return (None, True) if severity == "clear" else (severity, False)


def instances(text: str) -> tuple[str, ...]:
    """The names that an ``instance`` may mean, most exact first: as it stands, without scheme, path and port, and the first
    part of a host's name."""
    _, scheme, rest = text.partition("://")
    host = (rest if scheme else text).partition("/")[0].rpartition("@")[2]
    if host.startswith("["):
        bare = host[1:].partition("]")[0]
    elif host.count(":") == 1:
        bare = host.partition(":")[0]
    else:
        bare = host
    with suppress(ValueError):
        address = ip_address(bare)
        # A dual-stack socket shows an IPv4 peer in this form.
        bare = str((address.ipv4_mapped if isinstance(address, IPv6Address) else None) or address)
    first = bare.partition(".")[0] if not bare.replace(".", "").isdigit() else bare
    # Ids of a plant hold slashes: an instance that has them may be one with a port.
    whole = text.rpartition(":")[0] if text.rpartition(":")[2].isdigit() and not scheme else text
    return tuple(dict.fromkeys(one for one in (text, whole, bare, bare.rstrip("."), first) if one))


def one_line(value: Any) -> str:
    """The value of a field as a line of text, "" for nothing."""
    return _line(_text(value))


def _texts(given: Any, field: str, notes: list[str]) -> dict[str, str]:
    if given is None:
        return {}
    if not isinstance(given, Mapping):
        notes.append(f"{field}: is no object")
        return {}
    return {_clean(str(key)): _text(value) for key, value in given.items()}


def _text(value: Any) -> str:
    if value is None:
        return ""
    return _clean(value if isinstance(value, str) else msgspec.json.encode(value).decode())


def _clean(text: str) -> str:
    """The text without control characters, which PostgreSQL or a terminal refuses; line breaks and tabs stay."""
    if text.isprintable():
        return text
    return "".join(each if each.isprintable() or each in "\n\t" else " " for each in text)


def _line(text: str) -> str:
    """Annotations are free text of several lines; a title is one line."""
    return " ".join(text.split())


def _name(text: str, field: str, notes: list[str]) -> str:
    """A name on one line. A long name is cut and ends in a digest, so that two names with one beginning stay different."""
    line = _line(text)
    if line != text:
        notes.append(f"{field}: control characters and runs of spaces became one space")
    if len(line) <= _NAME:
        return line
    notes.append(f"{field}: {len(line)} characters, {_NAME} kept")
    return f"{line[: _NAME - 9]}~{blake2b(line.encode(), digest_size=4).hexdigest()}"


def _kept(texts: Mapping[str, str], field: str, notes: list[str]) -> dict[str, str]:
    """The first entries, within the bounds of an alarm's metadata."""
    kept: dict[str, str] = {}
    room = _LABEL_TEXT // 2
    for number, (key, text) in enumerate(texts.items()):
        value = text[:_LABEL]
        room -= len(key) + len(value)
        if number >= _LABELS // 2 or room < 0:
            notes.append(f"{field}: {len(texts) - number} of {len(texts)} left out")
            break
        if len(text) > _LABEL:
            notes.append(f"{field}.{key[:60]}: {len(text)} characters, {_LABEL} kept")
        kept[key] = value
    return kept


def _grafana(alert: Mapping[str, Any]) -> dict[str, str]:
    """The fields that Grafana adds and that are worth showing."""
    names = {"dashboardURL": "dashboard_url", "panelURL": "panel_url", "silenceURL": "silence_url", "valueString": "value"}
    found = {known: _text(alert.get(name))[:_LABEL] for name, known in names.items() if alert.get(name)}
    values = alert.get("values")
    if isinstance(values, Mapping) and values:
        found["value"] = _text(values)[:_LABEL]
    return found


def _time(alert: Mapping[str, Any], field: str, notes: list[str]) -> datetime | None:
    """The alert's own time; None (the time of receipt) for an unusable one. Go's zero time means: no time."""
    given = alert.get(field)
    if given is None or given == "" or (isinstance(given, str) and given.startswith("0001-01-01T00:00:00")):
        return None
    try:
        at = msgspec.convert(given, datetime)
        if at.tzinfo is None:
            raise ValueError("no offset from UTC")
        at = at.astimezone(UTC)
        check_time(field, at)
    except (msgspec.ValidationError, ValueError, OverflowError) as error:
        notes.append(f"{field}: {_text(given)[:40]!r} is no time that can be used ({str(error)[:80]}): taken as now")
        return None
    return at


def _fingerprint(labels: Mapping[str, str], name: str) -> str:
    """Before version 0.19 Alertmanager sends none: a hash of the labels, or the name where nothing else tells alerts apart."""
    others = {key: value for key, value in labels.items() if key not in _USED}
    if not others:
        return name
    return blake2b(msgspec.json.encode(sorted(labels.items())), digest_size=8).hexdigest()

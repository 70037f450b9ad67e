"""One notification of Alertmanager or Grafana: its alerts as events, in batches, and the result for each."""

from collections.abc import Iterator, Sequence
from typing import Any, Final

import msgspec
import trio
from msgspec import Struct

from actors.api.actions import tenant_of
from actors.api.alertmanager import AlertContext, Taken, instances, one_line
from actors.api.answers import answer_to, event_result
from actors.api.problems import ProblemError
from actors.api.settings import ApiSettings
from actors.api.submitter import Submitter
from protocols.alarm import Identity
from protocols.alarm_view import AlarmView
from protocols.event import NetworkEvent
from protocols.principal import Principal
from protocols.rest_events import AlertmanagerBody, EventResult, EventResults, Refused
from protocols.topology_view import TopologyView

KNOWN_VERSIONS = ("4", "1")
"""Alertmanager's and Grafana's."""
TRUNCATED = "alerts_truncated"
AT_ONCE = 100
"""Alerts read before anything else gets a turn."""
SAME_FINGERPRINT: Final = "fingerprint: an alert before this one has it too, with other labels or texts; that one counts"


class AlertReceiver(Struct, frozen=True):
    """The parts of the daemon with which notifications are read and submitted."""

    submitter: Submitter
    settings: ApiSettings
    default_tenant: str
    plant: TopologyView
    alarms: AlarmView


class ReceivedNotification:
    """``body`` as the caller ``by`` sent it to ``receiver``."""

    def __init__(self, receiver: AlertReceiver, by: Principal, body: AlertmanagerBody) -> None:
        self._receiver, self._by, self._body = receiver, by, body
        self._alerts: Sequence[Any] = body.alerts or ()
        self._names: dict[str, str] | None = None
        self._tenant = by.tenant or receiver.default_tenant
        self._warnings: list[str] = []

    async def take(self) -> EventResults:
        """Have every alert that can be used recorded and folded.

        ProblemError 503 as ``Submitter.submit``: the batches before it are recorded, and count once more when the notification
        is sent again.
        """
        version = one_line(self._body.version)
        if version not in KNOWN_VERSIONS:
            self._warnings.append(f"version: {version[:20]!r} is not known, and was read as version 4")
        results: list[EventResult | None] = [None] * len(self._alerts)
        first: dict[tuple[str, ...], NetworkEvent] = {}
        waiting: list[tuple[int, NetworkEvent]] = [(-1, event) for event in self._truncation()]
        for number, alert in enumerate(self._alerts):
            if number % AT_ONCE == AT_ONCE - 1:
                await trio.lowlevel.checkpoint()
            try:
                taken = self._read(alert)
            except (ValueError, ProblemError) as error:
                reason = "not_your_tenant" if isinstance(error, ProblemError) else "invalid"
                results[number] = EventResult(refused=(Refused(f"alerts[{number}]", reason, str(error)),))
                continue
            known = first.setdefault(taken.identity, taken.event)
            if known is not taken.event:
                others = () if known == taken.event else (SAME_FINGERPRINT,)
                results[number] = EventResult(duplicate=True, warnings=(*taken.notes, *others))
                continue
            results[number] = EventResult(warnings=taken.notes)
            waiting += [(number, event) for event in _events(taken)]
            if len(waiting) >= self._receiver.settings.max_batch:
                await self._submit(waiting, results)
                waiting = []
        if waiting:
            await self._submit(waiting, results)
        return EventResults(tuple(each or EventResult() for each in results), tuple(self._warnings))

    def _read(self, alert: Any) -> Taken:
        labels = alert.get("labels") if isinstance(alert, dict) else None
        asked = labels.get("tenant_id") if isinstance(labels, dict) else None
        tenant = tenant_of(self._by, asked[:200] if isinstance(asked, str) else None, self._receiver.default_tenant)
        reading = AlertContext(
            self._receiver.settings.alert_severities,
            self._by.name,
            self._body.status,
            lambda instance: self._find(instance, tenant),
        )
        return reading.take(alert, tenant)

    async def _submit(self, waiting: Sequence[tuple[int, NetworkEvent]], results: list[EventResult | None]) -> None:
        outcome = await self._receiver.submitter.submit(self._by, [event for _, event in waiting])
        for index, (number, _) in enumerate(waiting):
            known = results[number] if number >= 0 else None
            if known is not None:
                try:
                    result = event_result(answer_to(outcome.changes[index], outcome.first + index))
                except ProblemError as problem:
                    result = EventResult(refused=(Refused(f"alerts[{number}]", "quarantined", str(problem)),))
                results[number] = EventResult(
                    accepted=(*known.accepted, *result.accepted),
                    refused=(*known.refused, *result.refused),
                    warnings=(*known.warnings, *result.warnings),
                )

    def _find(self, instance: str, tenant: str) -> str:
        """The id of the node that ``instance`` names and ``tenant`` may know of; "" for none."""
        plant = self._receiver.plant
        names = instances(instance)
        for name in names:
            node = plant.node(name) or plant.addresses().get(name)
            if node is not None and node.tenant in ("", tenant):
                return node.id
        if self._names is None:
            self._names = {}
            for node in plant.addresses().values():
                for name in {node.name.lower(), node.id.lower()} - {""}:
                    # Of two devices with one name neither is meant.
                    known = self._names.setdefault(f"{node.tenant}\0{name}", node.id)
                    if known != node.id:
                        self._names[f"{node.tenant}\0{name}"] = ""
        for name in names:
            found = self._names.get(f"{tenant}\0{name.lower()}") or self._names.get(f"\0{name.lower()}")
            if found:
                return found
        return ""

    def _truncation(self) -> Iterator[NetworkEvent]:
        """The alarm about alerts that the sender left out, while it does."""
        count = self._body.truncated_alerts
        count = count if isinstance(count, int) and not isinstance(count, bool) and count > 0 else 0
        sender = one_line(self._body.external_url)[:200] or "alertmanager"
        receiver = one_line(self._body.receiver)[:100]
        event = NetworkEvent(
            type="monitoring.check_recovered",
            tenant_id=self._tenant,
            resource_type="alertmanager",
            resource_id=sender,
            qualifier=f"{TRUNCATED} {receiver}".strip(),
            reported_by=self._by.name,
            source="monitoring",
            description="a notification came whole",
        )
        if count:
            self._warnings.append(f"truncatedAlerts: the sender left out {count} alerts, see the alarm about it")
            yield msgspec.structs.replace(
                event,
                type="monitoring.check_failed",
                title=f"{count} alerts of a notification were truncated by {sender}",
                description=f"truncatedAlerts is {count}: max_alerts of the webhook receiver {receiver!r} cuts groups off, and "
                "faultd never hears of the alerts behind it. Raise max_alerts, or group by more labels.",
                metadata={"truncated_alerts": count, "group_key": one_line(self._body.group_key)[:2_000]},
            )
        elif self._is_open(event):
            yield event

    def _is_open(self, event: NetworkEvent) -> bool:
        identity = Identity(event.tenant_id, event.resource_id, "monitoring.check_failed", event.qualifier)
        return self._receiver.alarms.is_open(identity)


def _events(taken: Taken) -> Iterator[NetworkEvent]:
    """The event, and where the topology has learnt of the resource since the alert was raised, the end under its old name."""
    yield taken.event
    if taken.instance and taken.event.type == "monitoring.check_recovered":
        yield msgspec.structs.replace(taken.event, resource_id=taken.instance)

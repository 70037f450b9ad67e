"""The channel ``webhook``: the notification as JSON to another system, signed by Standard Webhooks."""

from collections.abc import Sequence
from datetime import UTC
from typing import Any

import msgspec

from actors.http_client import HttpClient, raise_for_status
from actors.notifier.channel import Delivered, OutgoingMessage
from actors.notifier.signing import signed_headers

_encode = msgspec.json.Encoder().encode


class Webhook:
    """One configured webhook. ``installation`` tells this faultd from others at the same receiver."""

    pace_seconds = 0.0
    paces_addresses = True
    secrets: tuple[str, ...] = ()

    def __init__(self, url: str, keys: Sequence[bytes], client: HttpClient, installation: str) -> None:
        self._url, self._keys, self._client, self._installation = url, keys, client, installation

    async def deliver(self, message: OutgoingMessage) -> Delivered:
        """Post it. The far end took it when it answers 2xx. Raises DeliveryFailed."""
        body = _encode(payload(message))
        key = f"{self._installation}.{message.notification.id}"
        headers = signed_headers(key, int(message.at.timestamp()), body, self._keys)
        answer = await self._client.request("POST", self._url, {"Content-Type": "application/json", **headers}, body)
        raise_for_status(answer, message.at)
        return Delivered(answer.shown)


def payload(message: OutgoingMessage) -> dict[str, Any]:
    """The body: ``type``, ``timestamp`` (of the decision) and ``data``. Every attempt has the same one."""
    it = message.notification
    return {
        "type": f"notification.{it.kind}",
        "timestamp": it.created_at.astimezone(UTC).isoformat().replace("+00:00", "Z"),
        "data": {
            "id": it.id,
            "kind": it.kind,
            "tenant_id": it.tenant_id,
            "subject": it.subject,
            "thread": it.thread or it.id,
            "alarm_id": it.alarm_id,
            "alarm_ids": it.alarm_ids,
            "instance_id": it.instance_id,
            "breach_id": it.breach_id,
            "policy": it.policy,
            "step": it.step,
            "to": it.to,
            "reason": it.reason,
            "title": message.text.subject,
            "text": message.text.text,
            "facts": it.facts,
        },
    }

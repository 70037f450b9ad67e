"""The channel ``remediation``: another system is asked to repair. Its answer is the outcome.

The request is that of a webhook, with ``dry_run``. The system is to act once for each ``webhook-id``.
"""

from collections.abc import Sequence
from typing import Any

import msgspec

from actors.http_client import HttpAnswer, HttpClient, json_of, raise_for_status
from actors.notifier.channel import Delivered, OutgoingMessage
from actors.notifier.settings import RemediationSettings
from actors.notifier.signing import signed_headers
from actors.notifier.webhook import payload

_MOST_KEPT = 4_096
"""Octets of an answer that are kept as the outcome."""


class Remediation:
    """One configured system. ``installation`` tells this faultd from others at the same system."""

    paces_addresses = False
    secrets: tuple[str, ...] = ()

    def __init__(self, settings: RemediationSettings, keys: Sequence[bytes], client: HttpClient, installation: str) -> None:
        self._settings, self._keys, self._client, self._installation = settings, keys, client, installation
        self.pace_seconds = 60.0 / settings.per_minute

    async def deliver(self, message: OutgoingMessage) -> Delivered:
        """Ask, and bring back what the system did. Raises DeliveryFailed."""
        said = payload(message)
        said["type"] = "remediation.requested"
        said["data"]["dry_run"] = self._settings.dry_run
        body = msgspec.json.encode(said)
        key = f"{self._installation}.{message.notification.id}"
        headers = signed_headers(key, int(message.at.timestamp()), body, self._keys)
        answer = await self._client.request("POST", self._settings.url, {"Content-Type": "application/json", **headers}, body)
        raise_for_status(answer, message.at)
        tried = "dry run: " if self._settings.dry_run else ""
        return Delivered(f"{tried}{answer.shown}", {"dry_run": self._settings.dry_run, "outcome": outcome_of(answer)})


def outcome_of(answer: HttpAnswer) -> Any:
    """The JSON that the system answered; its first characters where it is none, or too long."""
    if len(answer.body) <= _MOST_KEPT:
        try:
            return json_of(answer.body)
        except ValueError:
            pass
    return answer.body[:_MOST_KEPT].decode("utf-8", "replace")

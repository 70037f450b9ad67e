"""The channel ``slack``: the Web API (https://api.slack.com/methods). A cause is one message, and a thread below it.

Slack knows no idempotency key: a message whose answer was lost is posted again.
"""

from typing import Any

import msgspec

from actors.delivery_failed import DeliveryFailed
from actors.http_client import HttpClient, json_of, raise_for_status
from actors.notifier.channel import Delivered, OutgoingMessage
from protocols.dispatch.notification import MessageKind

_LONGEST = 3_900
_TEMPORARY = frozenset(
    {
        "external_channel_migrating",
        "fatal_error",
        "internal_error",
        "org_login_required",
        "rate_limited",
        "ratelimited",
        "request_timeout",
        "service_unavailable",
        "team_added_to_org",
    }
)
"""Errors after which the same request may work; by two of them Slack says that a workspace or a channel is being moved. What
else Slack answers is for good, such as ``channel_not_found``."""
_LOUD: frozenset[MessageKind] = frozenset({"worsened", "escalated", "reminder", "breach_opened", "storm"})
"""Answers in a thread that the channel is shown too."""
_encode = msgspec.json.Encoder().encode


class Slack:
    """``token`` is the bot's. The least time between two messages to one channel is Slack's rule."""

    pace_seconds = 1.0
    paces_addresses = True

    def __init__(self, url: str, token: str, client: HttpClient) -> None:
        self._url, self._token, self._client = url.rstrip("/"), token, client
        self.secrets: tuple[str, ...] = (token,)

    async def deliver(self, message: OutgoingMessage) -> Delivered:
        """Post it. A later message of a thread puts the first one right in place, then answers it. Raises DeliveryFailed."""
        text, root = _escaped(message.text.text), message.thread_detail
        body: dict[str, Any] = {"channel": message.notification.address, "text": text, "unfurl_links": False}
        ts, channel = root.get("ts"), root.get("channel")
        if isinstance(ts, str) and isinstance(channel, str):
            # First what may be done twice: if it fails, nothing has been posted.
            await self._update(message, {"channel": channel, "ts": ts, "text": text})
            body |= {"channel": channel, "thread_ts": ts, "reply_broadcast": message.notification.kind in _LOUD}
        answer = await self._call(message, "chat.postMessage", body)
        posted, where = answer.get("ts"), answer.get("channel")
        detail = {"ts": posted, "channel": where} if isinstance(posted, str) and isinstance(where, str) else {}
        return Delivered(f"posted as {posted}", detail)

    async def _update(self, message: OutgoingMessage, body: dict[str, Any]) -> None:
        try:
            await self._call(message, "chat.update", body)
        except DeliveryFailed as error:
            # Somebody deleted it, or its time to be edited is over: the answer in the thread tells.
            if not error.permanent:
                raise

    async def _call(self, message: OutgoingMessage, method: str, body: dict[str, Any]) -> dict[str, Any]:
        headers = {"Authorization": f"Bearer {self._token}", "Content-Type": "application/json; charset=utf-8"}
        answer = await self._client.request("POST", f"{self._url}/{method}", headers, _encode(body))
        raise_for_status(answer, message.at)
        try:
            said = json_of(answer.body)
        except ValueError as error:
            raise DeliveryFailed(f"{method}: the answer is {error}") from error
        if not isinstance(said, dict):
            raise DeliveryFailed(f"{method}: the answer is not that of Slack")
        if said.get("ok") is not True:
            name = str(said.get("error", "no error named"))
            raise DeliveryFailed(f"{method}: {name}", permanent=name not in _TEMPORARY)
        return said


def _escaped(text: str) -> str:
    """Plain text: what a device writes must not become a mention or a link."""
    cut = text if len(text) <= _LONGEST else text[:_LONGEST] + "..."
    return cut.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")

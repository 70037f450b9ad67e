"""The channel ``teams``: an incoming webhook of Microsoft Teams (a workflow, or a connector), given an adaptive card."""

from typing import Any

import msgspec

from actors.delivery_failed import DeliveryFailed
from actors.http_client import HttpClient, raise_for_status
from actors.notifier.channel import Delivered, MessageText, OutgoingMessage

_LONGEST = 20_000
"""Teams refuses a message of more than 28 kB."""
_FAILED = b"Webhook message delivery failed"
"""A connector answers 200 with this text when Teams behind it refused the message."""


class Teams:
    """``url`` is a secret: whoever has it can post."""

    pace_seconds = 0.3
    """Teams takes four messages a second."""
    paces_addresses = False

    def __init__(self, url: str, client: HttpClient) -> None:
        self._url, self._client = url, client
        self.secrets: tuple[str, ...] = (url,)

    async def deliver(self, message: OutgoingMessage) -> Delivered:
        """Post the card. Raises DeliveryFailed."""
        body = msgspec.json.encode(card(message.text))
        answer = await self._client.request("POST", self._url, {"Content-Type": "application/json"}, body)
        raise_for_status(answer, message.at)
        if _FAILED in answer.body:
            raise DeliveryFailed(answer.shown)
        return Delivered(answer.shown)


def card(message: MessageText) -> dict[str, Any]:
    """A message with one adaptive card. Its texts are runs, which have no mark-up: what a device writes makes no link."""
    lines = message.text[:_LONGEST].splitlines()
    body = [_block(message.subject, weight="Bolder", size="Medium"), *(_block(line) for line in lines if line.strip())]
    content: dict[str, Any] = {
        "$schema": "http://adaptivecards.io/schemas/adaptive-card.json",
        "type": "AdaptiveCard",
        "version": "1.4",
        "body": body,
    }
    if message.link:
        content["actions"] = [{"type": "Action.OpenUrl", "title": "Acknowledge", "url": message.link}]
    attachment = {"contentType": "application/vnd.microsoft.card.adaptive", "content": content}
    return {"type": "message", "attachments": [attachment]}


def _block(text: str, **style: str) -> dict[str, Any]:
    return {"type": "RichTextBlock", "inlines": [{"type": "TextRun", "text": text, **style}], "spacing": "None"}

"""Messages as they would be sent, to look at; nothing is sent."""

from datetime import datetime
from typing import Any

import msgspec

from actors.notifier.acknowledge_links import AcknowledgeLinks
from actors.notifier.template_process import TemplateFailed, TemplateRenderer
from actors.notifier.templates import MessageTemplate
from actors.notifier.texts import built_in_text
from actors.notifier.writer import in_words_of, values_of
from protocols.dispatch.notification import DispatchedNotification
from protocols.rest_notification_preview import MessagePreview, NotificationPreview

EXAMPLE_FACTS: dict[str, Any] = {
    "causes": [
        {
            "subject": "alarm:00000000-0000-0000-0000-000000000017",
            "kind": "raised",
            "state": "open",
            "severity": "critical",
            "title": "Feeder fibre cut",
            "alarm_id": "A17",
            "alarm_type": "pon.los",
            "resource_type": "pon_port",
            "resource_id": "olt-1/0/2",
            "resource_name": "OLT-1 PON 0/2",
            "area": "north",
            "since": 1_772_334_000_000_000,
            "first_occurrence": "2026-03-01T03:00:00+00:00",
            "why": "All 32 ONTs lost signal within 2 s, none sent a dying gasp.",
            "recommended_action": "Send a splicing crew to the feeder.",
            "customer_count": 32,
            "customers": ["C1", "C2"],
            "service_count": 32,
            "services": ["S1", "S2"],
            "children": 32,
            "ticket": {"id": "TK17", "key": "T1", "url": "https://desk.example.net/T1"},
        }
    ],
    "count": 1,
    "others": 0,
    "ended": 0,
    "policy": "default",
}


class Previewer:
    """``renderer`` is one of its own: a template that is being tried must not delay messages."""

    def __init__(self, renderer: TemplateRenderer, public_url: str = "") -> None:
        """The link of an example grants nothing."""
        self._renderer, self._links = renderer, AcknowledgeLinks(public_url, b"example")

    async def preview(self, asked: NotificationPreview, tenant_id: str, now: datetime) -> MessagePreview:
        """The message. Where the template fails it has the built-in texts and the error, as a message would."""
        notification = _example(asked, tenant_id, now)
        url, error = self._links.link(notification), ""
        built_in = built_in_text(notification, url)
        values = values_of(notification, built_in, url)
        text = built_in
        try:
            if asked.parts is not None:
                template = msgspec.convert(asked.parts, MessageTemplate, from_attributes=True)
                text = in_words_of(await self._renderer.render_source(template, values), built_in)
            elif asked.template:
                text = in_words_of(await self._renderer.render(asked.template, values), built_in)
        except TemplateFailed as failed:
            error = str(failed)
        return MessagePreview(subject=text.subject, text=text.text, html=text.html, error=error)


def _example(asked: NotificationPreview, tenant_id: str, now: datetime) -> DispatchedNotification:
    return DispatchedNotification(
        id="N17",
        tenant_id=tenant_id,
        subject="alarm:00000000-0000-0000-0000-000000000017",
        alarm_ids=("00000000-0000-0000-0000-000000000017",),
        policy="file:default",
        step=1 if asked.kind == "escalated" else 0,
        channel=asked.channel,
        to="CT1",
        to_name="Ann",
        address="ann@example.net",
        kind=asked.kind,
        facts=EXAMPLE_FACTS if asked.facts is None else asked.facts,
        reason="open for 30 s",
        created_at=now,
    )

"""The words of a message: from its template, or built in. A template that fails costs the message nothing but its words."""

from typing import Any, Protocol

import structlog
from msgspec.structs import replace

from actors.metrics import Metrics
from actors.notifier.acknowledge_links import AcknowledgeLinks
from actors.notifier.channel import MessageText
from actors.notifier.template_child import RenderAnswer
from actors.notifier.template_process import TemplateFailed
from actors.notifier.texts import built_in_text
from protocols.dispatch.notification import DispatchedNotification

log = structlog.get_logger()


class Renderer(Protocol):
    """Renders the template of a name; :class:`~actors.notifier.template_process.TemplateRenderer` is one."""

    async def render(self, name: str, values: dict[str, Any]) -> RenderAnswer:
        """Raises TemplateFailed."""


class MessageWriter:
    """``links`` makes the acknowledge links."""

    def __init__(self, renderer: Renderer, metrics: Metrics, links: AcknowledgeLinks) -> None:
        self._renderer, self._metrics, self._links = renderer, metrics, links

    async def write(self, notification: DispatchedNotification) -> MessageText:
        """The text for one attempt. Never fails for what a notification or a template holds: where the template fails, the text
        is the built-in one, with a note."""
        url = self._links.link(notification)
        built_in = built_in_text(notification, url)
        if not notification.template:
            return built_in
        try:
            answer = await self._renderer.render(notification.template, values_of(notification, built_in, url))
        except TemplateFailed as failed:
            self._metrics.templates_failed.labels(notification.channel).inc()
            log.warning("template failed", template=notification.template, notification=notification.id, error=str(failed))
            return replace(built_in, note=f"with the built-in text, since template {notification.template} failed: {failed}")
        return in_words_of(answer, built_in)


def in_words_of(answer: RenderAnswer, built_in: MessageText) -> MessageText:
    """The rendered parts. A part that came out empty is the built-in one; mail with a text of its own has no built-in HTML."""
    text = answer.text.strip()
    html = answer.html.strip()
    return MessageText(
        subject=" ".join(answer.subject.split()) or built_in.subject,
        text=f"{text}\n" if text else built_in.text,
        html=html or ("" if text else built_in.html),
        link=built_in.link,
    )


def values_of(notification: DispatchedNotification, built_in: MessageText, acknowledge_url: str) -> dict[str, Any]:
    """Names that a template may use: those of the facts, of the notification, and the built-in texts."""
    return {
        **notification.facts,
        "id": notification.id,
        "kind": notification.kind,
        "channel": notification.channel,
        "tenant_id": notification.tenant_id,
        "to": notification.to_name or notification.address,
        "reason": notification.reason,
        "step": notification.step,
        "alarm_id": notification.alarm_id,
        "alarm_ids": list(notification.alarm_ids),
        "instance_id": notification.instance_id,
        "breach_id": notification.breach_id,
        "created_at": notification.created_at.isoformat(),
        "acknowledge_url": acknowledge_url,
        "built_in": {"subject": built_in.subject, "text": built_in.text},
    }

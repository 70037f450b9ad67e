"""The preview of a message: its words, with nothing sent."""

from typing import Annotated, Any

from msgspec import Meta, Struct

from protocols.dispatch.channel import Channel
from protocols.dispatch.notification import MessageKind
from protocols.rest_body import Body
from protocols.rest_fields import OptionalLine

TemplateText = Annotated[str, Meta(max_length=65_536)]


class TemplateParts(Body, frozen=True, kw_only=True):
    """A template that is not on the disk yet; parts that are empty are built in."""

    subject: TemplateText = ""
    text: TemplateText = ""
    html: TemplateText = ""


class NotificationPreview(Body, frozen=True, kw_only=True):
    """The body of ``POST /notifications/preview``."""

    channel: Channel = "email"
    kind: MessageKind = "raised"
    template: OptionalLine = ""
    """Name of a template; "": the built-in texts."""
    parts: TemplateParts | None = None
    """Instead of `template`."""
    facts: dict[str, Any] | None = None
    """As `GET /notifications/{id}` shows them; without them those of an example."""

    def __post_init__(self) -> None:
        if self.template and self.parts is not None:
            raise ValueError("template and parts exclude each other")


class MessagePreview(Struct, frozen=True, kw_only=True):
    """A message as it would be sent."""

    subject: str
    text: str
    html: str
    error: str
    """Why the template failed; the texts are the built-in ones then. "" when it did not."""

"""The words of a message: from its template, or built in."""

from actors.notifier.channel import MessageText
from actors.notifier.texts import built_in_text
from protocols.dispatch.notification import DispatchedNotification


class MessageWriter:
    """``public_url`` is where people reach the API; "" leaves links out."""

    def __init__(self, public_url: str = "") -> None:
        self._public_url = public_url

    async def write(self, notification: DispatchedNotification) -> MessageText:
        """The text for one attempt. Never fails for what a notification holds."""
        return built_in_text(notification, self._public_url)

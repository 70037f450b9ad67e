"""A desk's call to faultd: a ticket has changed there."""

from collections.abc import Mapping
from typing import Protocol

from msgspec import Struct

from protocols.webhook_signature import WebhookFault


class DeskCallRefused(ValueError):
    """A call that changes nothing. The text is for people."""

    def __init__(self, fault: WebhookFault, text: str) -> None:
        super().__init__(text)
        self.fault = fault


class DeskCall(Struct, frozen=True):
    """An accepted call. Nothing of it is believed but the key, by which faultd reads the ticket in the desk."""

    key: str
    """The desk's own name of the ticket."""
    known: bool
    """A ticket of faultd; others are no business of it."""


class DeskCalls(Protocol):
    """The part of the ticketer that takes the calls of the desk."""

    def call(self, headers: Mapping[str, str], body: bytes) -> DeskCall:
        """Have the ticket read at once. ``headers`` have names in lower case. Raises DeskCallRefused."""
        ...

"""Settings of the console (section ``[console]``)."""

from msgspec import Struct

from protocols.rest_console import ConsoleView


class ConsoleSettings(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The page for operators at `[http] bind`."""

    enabled: bool = True
    """Whether `GET /` is the console. Otherwise it leads to the description of the API."""
    title: str = "faultd"
    """The name of this installation in the head of the page and in the title of the window."""
    views: tuple[ConsoleView, ...] = ()
    """Views that every operator finds beside the built-in ones."""

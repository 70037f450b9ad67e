"""The answer with which the console begins."""

from msgspec import Struct

from protocols.rest_daemon import Me


class ConsoleView(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A view that every operator finds in the console."""

    name: str
    """The words on its tab."""
    query: str
    """What stands behind the `?` of the console's address when it shows this view, as `view=all&severity=critical`."""

    def __post_init__(self) -> None:
        if not self.name.strip():
            raise ValueError("name: a view needs one")


class ConsoleStart(Struct, frozen=True):
    """The caller, the title of the installation, and its views in their order."""

    me: Me
    title: str
    views: tuple[ConsoleView, ...]

"""All mistakes of one rule or policy at once, each with its place."""

from msgspec import Struct

from protocols.toml_lines import Path


class PlacedMistake(Struct, frozen=True, order=True):
    """One mistake: ``pointer`` is its place (RFC 6901: ``/conditions/child/alarm_type/regex``)."""

    pointer: str
    message: str

    @property
    def path(self) -> Path:
        """The place as keys and indexes."""
        parts = [part.replace("~1", "/").replace("~0", "~") for part in self.pointer.split("/")[1:]]
        return tuple(int(part) if part.isdigit() else part for part in parts)


class Mistakes:
    """Collects the mistakes of one rule or policy while it is compiled."""

    def __init__(self) -> None:
        self.found: list[PlacedMistake] = []

    def add(self, path: Path, message: str) -> None:
        """Note one mistake at ``path``."""
        self.found.append(PlacedMistake(pointer_of(path), message))


def pointer_of(path: Path) -> str:
    """The path as a JSON pointer (RFC 6901)."""
    return "".join("/" + str(part).replace("~", "~0").replace("/", "~1") for part in path)

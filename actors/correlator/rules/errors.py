"""All mistakes of a rule at once."""

from msgspec import Struct

from protocols.file_mistake import FileMistake


class RuleMistake(Struct, frozen=True, order=True):
    """One mistake: ``pointer`` is its place in the rule (RFC 6901: ``/conditions/child/alarm_type/regex``)."""

    pointer: str
    message: str


class RuleError(ValueError):
    """A rule that cannot be used; ``mistakes`` names every reason."""

    def __init__(self, mistakes: tuple[RuleMistake, ...]) -> None:
        super().__init__("; ".join(f"{one.pointer}: {one.message}" for one in mistakes))
        self.mistakes = mistakes


class RuleFileErrors(ValueError):
    """Rule files that cannot be used; ``mistakes`` names every reason."""

    def __init__(self, mistakes: tuple[FileMistake, ...]) -> None:
        super().__init__("\n".join(str(one) for one in mistakes))
        self.mistakes = mistakes


class Mistakes:
    """Collects the mistakes of one rule while it is compiled."""

    def __init__(self) -> None:
        self.found: list[RuleMistake] = []

    def add(self, path: tuple[str | int, ...], message: str) -> None:
        """Note one mistake at ``path``."""
        pointer = "".join("/" + str(part).replace("~", "~0").replace("/", "~1") for part in path)
        self.found.append(RuleMistake(pointer, message))

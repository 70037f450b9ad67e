"""What is wrong with a rule, all of it at once."""

from msgspec import Struct


class RuleMistake(Struct, frozen=True, order=True):
    """One mistake: ``pointer`` is its place in the rule (RFC 6901: ``/conditions/child/alarm_type/regex``)."""

    pointer: str
    message: str


class RuleError(ValueError):
    """A rule that cannot be used; ``mistakes`` names every reason."""

    def __init__(self, mistakes: tuple[RuleMistake, ...]) -> None:
        super().__init__("; ".join(f"{one.pointer}: {one.message}" for one in mistakes))
        self.mistakes = mistakes


class FileMistake(Struct, frozen=True, order=True):
    """One mistake in a file: ``line`` (0 when not known) and the key (``rules[2].conditions.match``)."""

    file: str
    line: int
    key: str
    message: str

    def __str__(self) -> str:
        place = f"{self.file}:{self.line}" if self.line else self.file
        return f"{place}: {self.key}: {self.message}" if self.key else f"{place}: {self.message}"


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

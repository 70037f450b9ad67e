"""Rules that cannot be used: all mistakes of one, and of files of them."""

from protocols.conditions.mistakes import PlacedMistake
from protocols.file_mistake import FileMistake


class RuleError(ValueError):
    """A rule that cannot be used; ``mistakes`` names every reason."""

    def __init__(self, mistakes: tuple[PlacedMistake, ...]) -> None:
        super().__init__("; ".join(f"{one.pointer}: {one.message}" for one in mistakes))
        self.mistakes = mistakes


class RuleFileErrors(ValueError):
    """Rule files that cannot be used; ``mistakes`` names every reason."""

    def __init__(self, mistakes: tuple[FileMistake, ...]) -> None:
        super().__init__("\n".join(str(one) for one in mistakes))
        self.mistakes = mistakes

"""Rules that cannot be used."""

from protocols.conditions.mistakes import PlacedMistake


class RuleError(ValueError):
    """A rule that cannot be used; ``mistakes`` names every reason."""

    def __init__(self, mistakes: tuple[PlacedMistake, ...]) -> None:
        super().__init__("; ".join(f"{one.pointer}: {one.message}" for one in mistakes))
        self.mistakes = mistakes

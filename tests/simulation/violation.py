"""What the simulation finds."""


class Violation(AssertionError):
    """An invariant does not hold."""

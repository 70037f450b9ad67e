"""The limits of one instance now: the next instant to look again, and why it is at risk."""


class LimitsStanding:
    """Filled by the functions that book the limits of one instance."""

    def __init__(self) -> None:
        self.due: list[int] = []
        """Instants in the future at which something is to be decided."""
        self.risk = ""
        """Why the instance is at risk, "" if it is not."""

    def await_instant(self, at: int) -> None:
        """Look again at ``at``."""
        self.due.append(at)

    def at_risk(self, text: str) -> None:
        """A limit is at risk."""
        self.risk = self.risk or text

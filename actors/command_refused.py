"""The refusal of a command by a stage."""

from protocols.change import Refusal


class CommandRefused(Exception):
    """The command is refused; nothing was written."""

    def __init__(self, *refusals: Refusal) -> None:
        super().__init__("; ".join(each.text for each in refusals))
        self.refusals = refusals

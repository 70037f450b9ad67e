"""A mistake in a file that an operator wrote."""

from msgspec import Struct


class FileMistake(Struct, frozen=True, order=True):
    """``file`` as it was given, ``line`` (0 when not known), ``key`` path (``alarms[3].raise[0].when``)."""

    file: str
    line: int
    key: str
    message: str

    @property
    def place(self) -> str:
        """The file, and the line where it is known."""
        return f"{self.file}:{self.line}" if self.line else self.file

    def __str__(self) -> str:
        return f"{self.place}: {self.key}: {self.message}" if self.key else f"{self.place}: {self.message}"

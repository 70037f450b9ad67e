"""What is wrong with a profile, all of it at once."""

from msgspec import Struct


class ProfileError(Struct, frozen=True, order=True):
    """One mistake: ``file`` as it was given, ``line`` (0 when not known), ``key`` path (``alarms[3].raise[0].when``)."""

    file: str
    line: int
    key: str
    message: str

    def __str__(self) -> str:
        place = f"{self.file}:{self.line}" if self.line else self.file
        return f"{place}: {self.key}: {self.message}" if self.key else f"{place}: {self.message}"


class ProfileErrors(ValueError):
    """Profiles that cannot be used; ``errors`` names every mistake."""

    def __init__(self, errors: tuple[ProfileError, ...]) -> None:
        super().__init__("\n".join(str(error) for error in errors))
        self.errors = errors


class Problems:
    """Collects mistakes of one profile by key path while it is compiled."""

    def __init__(self, profile: str) -> None:
        self.profile = profile
        self.found: list[tuple[str, str]] = []

    def add(self, key: str, message: str) -> None:
        """Note one mistake at ``key``."""
        self.found.append((key, message))

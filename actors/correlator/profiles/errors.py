"""The mistakes of a profile, all at once."""

from protocols.file_mistake import FileMistake


class ProfileErrors(ValueError):
    """Profiles that cannot be used; ``errors`` names every mistake."""

    def __init__(self, errors: tuple[FileMistake, ...]) -> None:
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

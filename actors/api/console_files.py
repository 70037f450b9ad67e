"""The files of the console as a browser gets them, read once at the start of the daemon."""

from collections.abc import Mapping
from pathlib import Path
from typing import Final

from msgspec import Struct

MEDIA_TYPES: Final[Mapping[str, str]] = {
    ".html": "text/html",
    ".css": "text/css",
    ".js": "text/javascript",
    ".json": "application/json",
    ".svg": "image/svg+xml",
}
"""The kinds of files that a browser gets, by the end of the name. Others of the folder are not served."""
PAGE: Final = "index.html"


class ConsoleFile(Struct, frozen=True):
    """One file, whole."""

    content: bytes
    media_type: str


class ConsoleFiles:
    """The files below one folder, by their path relative to it (``model/board.js``). Nothing is read after the start, so no
    path of a request reaches the file system."""

    def __init__(self, folder: Path) -> None:
        """Raises OSError when the folder cannot be read, FileNotFoundError also when it has no page."""
        self._files: dict[str, ConsoleFile] = {}
        for path in sorted(folder.rglob("*")):
            media_type = MEDIA_TYPES.get(path.suffix)
            if media_type is not None and path.is_file():
                self._files[path.relative_to(folder).as_posix()] = ConsoleFile(path.read_bytes(), media_type)
        if PAGE not in self._files:
            raise FileNotFoundError(f"{folder / PAGE}: there is no page")

    def get(self, name: str) -> ConsoleFile | None:
        """The file of this name, None when there is none."""
        return self._files.get(name)

    @property
    def names(self) -> tuple[str, ...]:
        """The names of all files, sorted."""
        return tuple(self._files)

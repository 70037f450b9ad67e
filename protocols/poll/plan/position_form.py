"""The form of a position: a text with names of fields, ``{frame}/{slot}/{port}/{ont}``, read and written."""

import re
from collections.abc import Mapping
from typing import Final

_NAMES: Final = re.compile(r"\{([A-Za-z][A-Za-z0-9]*(?:\.[A-Za-z][A-Za-z0-9_]*)?)\}")


class PositionForm:
    """``names`` in their order; one with a dot is a part of the row's place (``place.port``)."""

    __slots__ = ("_beginning", "_pieces", "_whole", "names", "written")

    def __init__(self, written: str) -> None:
        self.written = written
        self._pieces = _NAMES.split(written)
        self.names = tuple(self._pieces[1::2])
        self._whole = _pattern(written)
        self._beginning = _pattern(written.rpartition("/")[0]) if "/" in written else None

    def write(self, fields: Mapping[str, int | float | str]) -> str | None:
        """The position of a row with these fields; None when one is missing."""
        found = self._pieces.copy()
        for place in range(1, len(found), 2):
            value = fields.get(found[place])
            if value is None:
                return None
            found[place] = str(value)
        return "".join(found)

    def read(self, position: str) -> dict[str, int] | None:
        """The numbers in a position of this form, or in one without its last step (the port of an ONT); None for another."""
        for pattern in (self._whole, self._beginning):
            if pattern is not None and (found := pattern.fullmatch(position)) is not None:
                return {name: int(number) for name, number in zip(pattern.groupindex, found.groups(), strict=True)}
        return None


def _pattern(written: str) -> re.Pattern[str] | None:
    """Recognises a position whose names are all of the index; None where a part of the place is in it."""
    pieces = _NAMES.split(written)
    if any("." in name for name in pieces[1::2]) or len(set(pieces[1::2])) < len(pieces[1::2]):
        return None
    found = "".join(
        rf"(?P<{piece}>0|[1-9][0-9]{{0,9}})" if place % 2 else re.escape(piece) for place, piece in enumerate(pieces)
    )
    return re.compile(found)

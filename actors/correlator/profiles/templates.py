"""Texts with named values: ``ONT {ont} of {port.path}``, ``{name|no name}``. ``{{`` and ``}}`` are braces."""

import re
from collections.abc import Callable
from typing import NamedTuple

from actors.correlator.profiles.decoders import Part, format_number
from actors.correlator.profiles.values import Scope

_TOKEN = re.compile(r"\{\{|\}\}|\{([^{}]*)\}|[{}]")
_SPACE = re.compile(r"\s+")
MAX_PATH = 128
UNKNOWN = "unknown"


class Ref(NamedTuple):
    """One placeholder: value, part, what to write when it is missing (None: the default), unit behind numbers."""

    name: str
    part: str
    default: str | None
    unit: str


class Template(NamedTuple):
    """A compiled text."""

    pieces: tuple[str | Ref, ...]

    def show(self, scope: Scope) -> str:
        """The text for people: a missing value is written as its default, or ``unknown``. Never fails."""
        out = []
        for piece in self.pieces:
            if isinstance(piece, str):
                out.append(piece)
                continue
            value = scope.part(piece.name, piece.part)
            if value is None:
                out.append(UNKNOWN if piece.default is None else piece.default)
            else:
                out.append(_shown(value, piece.unit))
        return "".join(out)

    def fill(self, scope: Scope) -> str | None:
        """The text when every value without a default is there, else None."""
        out = []
        for piece in self.pieces:
            if isinstance(piece, str):
                out.append(piece)
                continue
            value = scope.part(piece.name, piece.part)
            if value is not None:
                out.append(_shown(value, ""))
            elif piece.default is not None:
                out.append(piece.default)
            else:
                return None
        return "".join(out)

    def path(self, scope: Scope) -> str | None:
        """As ``fill``, fit to be part of an identity: no white space, at most 128 characters."""
        found = self.fill(scope)
        if found is None:
            return None
        found = found.strip()
        if not found.isascii() or " " in found or "\t" in found:
            found = _SPACE.sub("_", found)
        return found[:MAX_PATH]

    def missing(self, scope: Scope) -> list[str]:
        """Names that ``fill`` lacks."""
        return [
            f"{piece.name}.{piece.part}" if piece.part else piece.name
            for piece in self.pieces
            if isinstance(piece, Ref) and piece.default is None and scope.part(piece.name, piece.part) is None
        ]


def _shown(value: Part, unit: str) -> str:
    if isinstance(value, str):
        return value
    return f"{format_number(value)} {unit}" if unit else format_number(value)


def parse(written: str, resolve: Callable[[str], tuple[str, str, str]]) -> Template:
    """Compile ``written``; ``resolve`` gives (value, part, unit) of a placeholder or raises ValueError."""
    pieces: list[str | Ref] = []
    at = 0
    literal = ""
    for token in _TOKEN.finditer(written):
        literal += written[at : token.start()]
        at = token.end()
        if token[0] in ("{{", "}}"):
            literal += token[0][0]
        elif token[1] is None:
            raise ValueError(f"a lone {token[0]!r} in {written!r}")
        else:
            if literal:
                pieces.append(literal)
                literal = ""
            reference, bar, default = token[1].partition("|")
            name, part, unit = resolve(reference.strip())
            pieces.append(Ref(name, part, default if bar else None, unit))
    literal += written[at:]
    if literal:
        pieces.append(literal)
    return Template(tuple(pieces))

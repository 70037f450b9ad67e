"""Texts with named values: ``ONT {ont} of {port.path}``, ``{name|no name}``. ``{{`` and ``}}`` are braces."""

import re
from collections.abc import Callable
from typing import Final, NamedTuple

from actors.correlator.profiles.scope import Take, TrapScope
from protocols.profile_decoders import Part, format_number

_TOKEN = re.compile(r"\{\{|\}\}|\{([^{}]*)\}|[{}]")
_SPACE: Final = re.compile(r"\s+")
MAX_PATH: Final = 128
UNKNOWN: Final = "unknown"


class Ref(NamedTuple):
    """One placeholder: its name, the Take of its value, the text for a missing value, and the unit behind numbers."""

    called: str
    take: Take
    default: str | None
    unit: str


class Filler:
    """Writes a text with values of a trap."""

    __slots__ = ()

    def of(self, scope: TrapScope) -> str | None:
        """The text; None when a value without a default is missing."""
        raise NotImplementedError


class Template:
    """A compiled text. Its filler is made once and depends on the number of its values: many texts have none or one.

    ``show`` gives the text for people: a missing value is written as its default, or ``unknown``. ``fill`` gives the text if
    every value without a default is present, else None.
    """

    __slots__ = ("_shown", "constant", "filled", "refs")

    def __init__(self, pieces: tuple[str | Ref, ...]) -> None:
        self.refs = tuple(piece for piece in pieces if isinstance(piece, Ref))
        self.constant = None if self.refs else "".join(piece for piece in pieces if isinstance(piece, str))
        """The text when there is no placeholder in it."""
        form = "".join("%s" if isinstance(piece, Ref) else piece.replace("%", "%%") for piece in pieces)
        shown = tuple(ref._replace(default=UNKNOWN) if ref.default is None else ref for ref in self.refs)
        self._shown = _filler(form, shown)
        self.filled = _filler(form, tuple(ref._replace(unit="") for ref in self.refs))
        """Gives what ``fill`` gives, without the call of a method in between."""

    def show(self, scope: TrapScope) -> str | None:
        return self._shown.of(scope)

    def fill(self, scope: TrapScope) -> str | None:
        return self.filled.of(scope)

    def path(self, scope: TrapScope) -> str | None:
        """As ``fill``, fit to be part of an identity."""
        found = self.filled.of(scope)
        return None if found is None else as_path(found)

    def missing(self, scope: TrapScope) -> list[str]:
        """Names that ``fill`` lacks."""
        return [ref.called for ref in self.refs if ref.default is None and ref.take.of(scope) is None]


def as_path(text: str) -> str:
    """A text fit to be part of an identity: no white space, at most 128 characters."""
    text = text.strip()
    if not text.isascii() or " " in text or "\t" in text:
        text = _SPACE.sub("_", text)
    return text[:MAX_PATH]


class _Constant(Filler):
    __slots__ = ("_text",)

    def __init__(self, text: str) -> None:
        self._text = text

    def of(self, scope: TrapScope) -> str | None:
        return self._text


class _One(Filler):
    __slots__ = ("_default", "_take", "_unit")

    def __init__(self, ref: Ref) -> None:
        self._take, self._default, self._unit = ref.take, ref.default, ref.unit

    def of(self, scope: TrapScope) -> str | None:
        value = self._take.of(scope)
        return self._default if value is None else value if isinstance(value, str) else _shown(value, self._unit)


class _Several(Filler):
    """From the first to the last value, up to one that is missing and has no default."""

    __slots__ = ("_form", "_ones")

    def __init__(self, form: str, refs: tuple[Ref, ...]) -> None:
        self._form, self._ones = form, [(ref.take, ref.default, ref.unit) for ref in refs]

    def of(self, scope: TrapScope) -> str | None:
        values: list[Part] = []
        for take, default, unit in self._ones:
            value = take.of(scope)
            if value is None:
                if default is None:
                    return None
                value = default
            elif unit or isinstance(value, float):
                value = _shown(value, unit)
            values.append(value)
        return self._form % tuple(values)


def _filler(form: str, refs: tuple[Ref, ...]) -> Filler:
    if not refs:
        return _Constant(form % ())
    return _One(refs[0]) if form == "%s" else _Several(form, refs)


def _shown(value: Part, unit: str) -> str:
    if isinstance(value, str):
        return value
    return f"{format_number(value)} {unit}" if unit else format_number(value)


def parse(written: str, resolve: Callable[[str], tuple[str, str, str]], taker: Callable[[str, str], Take]) -> Template:
    """Compile ``written``; ``resolve`` gives (value, part, unit) of a placeholder or raises ValueError, ``taker`` what takes
    the value's part."""
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
            called = f"{name}.{part}" if part else name
            pieces.append(Ref(called, taker(name, part), default if bar else None, unit))
    literal += written[at:]
    if literal:
        pieces.append(literal)
    return Template(tuple(pieces))

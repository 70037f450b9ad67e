"""Finds the line of a key in a TOML text: tomllib does not give it, and an error without a line is hard to mend."""

import re
import tomllib
from collections import Counter

_HEADER = re.compile(r"^\s*(\[\[?)\s*([^\[\]]+?)\s*\]\]?\s*(#.*)?$")
_KEY = re.compile(r"""^\s*((?:[A-Za-z0-9_-]+|"[^"]*"|'[^']*')(?:\s*\.\s*(?:[A-Za-z0-9_-]+|"[^"]*"|'[^']*'))*)\s*=""")
_PLACE = re.compile(r" - at `(?:key in )?\$(?P<path>[^`]*)`$")
_PART = re.compile(r"""[A-Za-z0-9_-]+|"[^"]*"|'[^']*'""")

Path = tuple[str | int, ...]


def _parts(dotted: str) -> tuple[str, ...]:
    return tuple(part.strip("\"'") for part in _PART.findall(dotted))


def lines_of(text: str) -> dict[Path, int]:
    """Line (from 1) of every key and table header. An array of tables counts: ``("traps", "users", 0, "name")``.

    A scan by line, not a parse: inside a multi-line string it can see keys that are none, which does no harm.
    """
    found: dict[Path, int] = {}
    counts: Counter[Path] = Counter()
    table: Path = ()
    for number, line in enumerate(text.splitlines(), 1):
        if header := _HEADER.match(line):
            table = _with_indexes(_parts(header[2]), counts)
            if header[1] == "[[":
                counts[table] += 1
                found.setdefault(table, number)
                table = (*table, counts[table] - 1)
            found.setdefault(table, number)
        elif key := _KEY.match(line):
            path = table
            for part in _parts(key[1]):
                path = (*path, part)
                found.setdefault(path, number)
    return found


def _with_indexes(parts: tuple[str, ...], counts: Counter[Path]) -> Path:
    """The path of a header below arrays of tables: each array stands for its latest element."""
    path: Path = ()
    for position, part in enumerate(parts):
        path = (*path, part)
        if counts[path] and position < len(parts) - 1:
            path = (*path, counts[path] - 1)
    return path


def line_of(lines: dict[Path, int], path: Path) -> int | None:
    """The line of ``path``, or of the nearest table around it."""
    while path:
        if path in lines:
            return lines[path]
        path = path[:-1]
    return None


def dotted(path: Path) -> str:
    """``traps.users[0].name``, as messages show it."""
    text = ""
    for part in path:
        text += f"[{part}]" if isinstance(part, int) else f".{part}" if text else part
    return text


def split_place(text: str) -> tuple[str, Path]:
    """The message and the path of a msgspec.ValidationError's text."""
    place = _PLACE.search(text)
    if place is None:
        return text, ()
    path: list[str | int] = []
    for name, index in re.findall(r"\.([^.\[\]]+)|\[(\d+|\.\.\.)\]", place["path"]):
        if name:
            path.append(name)
        elif index.isdigit():
            path.append(int(index))
    return text[: place.start()], tuple(path)


def syntax_error_line(error: tomllib.TOMLDecodeError) -> int:
    """The line that the message of tomllib names; 0 when it names none."""
    place = re.search(r"line (\d+)", str(error))
    return int(place[1]) if place else 0

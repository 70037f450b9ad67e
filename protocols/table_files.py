"""TOML files of one kind of tables, such as ``[[rules]]``, with every mistake of every file named at once. Pure."""

import tomllib
from collections.abc import Callable, Iterable, Mapping
from typing import Protocol, TypeVar

import msgspec

from protocols.conditions.mistakes import PlacedMistake
from protocols.file_mistake import FileMistake
from protocols.toml_lines import Path, dotted, line_of, lines_of, split_place, syntax_error_line


class NamedTable(Protocol):
    """One table of a file."""

    @property
    def name(self) -> str:
        """In its own words."""
        ...


Table = TypeVar("Table", bound=NamedTable)


class TableFileErrors(ValueError):
    """Files that cannot be used; ``mistakes`` names every reason."""

    def __init__(self, mistakes: tuple[FileMistake, ...]) -> None:
        super().__init__("\n".join(str(one) for one in mistakes))
        self.mistakes = mistakes


def load_tables(
    texts: Mapping[str, str],
    key: str,
    kind: type[Table],
    check: Callable[[Table], Iterable[PlacedMistake]],
    id_of: Callable[[str], str] = str,
) -> tuple[Table, ...]:
    """The tables ``key`` of ``texts`` (file name → TOML), each a ``kind``, in the order of the files. ``check`` finds the
    mistakes in one of them. ``id_of`` makes an id of a name; every table has another one.

    Raises TableFileErrors with file, line, key and message of every mistake: TOML syntax, unknown keys, wrong types, what
    ``check`` finds, names used twice."""
    mistakes: list[FileMistake] = []
    found: list[Table] = []
    source: dict[str, str] = {}
    for file, text in texts.items():
        try:
            data = tomllib.loads(text)
        except tomllib.TOMLDecodeError as error:
            mistakes.append(FileMistake(file, syntax_error_line(error), "", f"not TOML: {error}"))
            continue
        lines = lines_of(text)

        def mistake(path: Path, message: str, file: str = file, lines: dict[Path, int] = lines) -> None:
            mistakes.append(FileMistake(file, line_of(lines, path) or 0, dotted(path), message))

        for other in data:
            if other != key:
                mistake((other,), f"unknown key; a file of {key} has [[{key}]]")
        tables = data.get(key, [])
        if not isinstance(tables, list):
            mistake((key,), f"expected tables: [[{key}]]")
            continue
        for number, given in enumerate(tables):
            where: Path = (key, number)
            try:
                table = msgspec.convert(given, kind)
            except msgspec.ValidationError as error:
                message, path = split_place(str(error))
                mistake((*where, *path), message)
                continue
            if wrong := list(check(table)):
                for each in wrong:
                    mistake((*where, *each.path), each.message)
                continue
            name = id_of(table.name)
            if name in source:
                mistake((*where, "name"), f"{source[name]} has one named {table.name!r} already")
                continue
            source[name] = file
            found.append(table)
    if mistakes:
        raise TableFileErrors(tuple(sorted(mistakes)))
    return tuple(found)

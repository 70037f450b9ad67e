"""Rules from TOML texts, with every mistake of every file named at once."""

import tomllib
from collections.abc import Mapping
from datetime import UTC, datetime

import msgspec

from actors.correlator.rules.compiler import compile_rule
from actors.correlator.rules.errors import RuleError, RuleFileErrors
from protocols.file_mistake import FileMistake
from protocols.rule import Rule, RuleRecord
from protocols.toml_lines import Path, dotted, line_of, lines_of, split_place, syntax_error_line

_NO_TIME = datetime(1970, 1, 1, tzinfo=UTC)


def load_rules(texts: Mapping[str, str]) -> tuple[Rule, ...]:
    """The rules of ``texts`` (file name → TOML with ``[[rules]]``), in the order of the files. Raises RuleFileErrors with file,
    line, key and message of every mistake: TOML syntax, unknown keys, wrong types, impossible conditions, names used twice."""
    mistakes: list[FileMistake] = []
    found: list[Rule] = []
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

        for key in data:
            if key != "rules":
                mistake((key,), "unknown key; a file of rules has [[rules]]")
        tables = data.get("rules", [])
        if not isinstance(tables, list):
            mistake(("rules",), "expected tables: [[rules]]")
            continue
        for number, table in enumerate(tables):
            where: Path = ("rules", number)
            try:
                rule = msgspec.convert(table, Rule)
                compile_rule(_record(rule))
            except msgspec.ValidationError as error:
                message, path = split_place(str(error))
                mistake((*where, *path), message)
                continue
            except RuleError as error:
                for one in error.mistakes:
                    mistake((*where, *one.path), one.message)
                continue
            if rule.name in source:
                mistake((*where, "name"), f"{source[rule.name]} has a rule {rule.name!r} already")
                continue
            source[rule.name] = file
            found.append(rule)
    if mistakes:
        raise RuleFileErrors(tuple(sorted(mistakes)))
    return tuple(found)


def _record(rule: Rule) -> RuleRecord:
    return RuleRecord(id="", rule=rule, origin="file", created_at=_NO_TIME, updated_at=_NO_TIME, updated_by="file")

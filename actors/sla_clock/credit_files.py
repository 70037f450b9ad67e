"""Credit models from TOML texts, with the mistakes of every file named at once. Pure.

A file has ``title``, ``[source]``, ``[model]`` and ``[[cases]]``. A case gives inputs and the amounts that the source or the
contract promises; a file whose model does not yield them is refused.
"""

import tomllib
from collections.abc import Mapping
from datetime import date
from decimal import Decimal
from typing import Annotated, Any

import msgspec
from msgspec import Meta, Struct

from actors.sla_clock.credit_cases import OutageCase, TierCase, mistakes_of_case, wrong_amounts
from protocols.file_mistake import FileMistake
from protocols.sla.credit_models import OutageCredits, TierCredits, mistakes_of
from protocols.toml_lines import Path, dotted, line_of, lines_of, split_place, syntax_error_line

_KEYS = ("title", "source", "model", "cases")


class CreditSource(Struct, frozen=True, forbid_unknown_fields=True):
    """``url`` of the law, scheme or contract; ``valid_from``: the date since which it holds; ``checked``: when it was read."""

    url: Annotated[str, Meta(pattern="^https?://")]
    valid_from: date
    checked: date


class CreditFile(Struct, frozen=True):
    """One file, checked."""

    title: str
    source: CreditSource
    model: TierCredits | OutageCredits
    cases: tuple[TierCase | OutageCase, ...]


class CreditFileErrors(ValueError):
    """Files of credit models that cannot be used; ``mistakes`` names every reason."""

    def __init__(self, mistakes: tuple[FileMistake, ...]) -> None:
        super().__init__("\n".join(str(one) for one in mistakes))
        self.mistakes = mistakes


def load_credit_files(texts: Mapping[str, str]) -> dict[str, CreditFile]:
    """The credit models of ``texts`` (file name → TOML) by file name. Raises CreditFileErrors with file, line, key and message
    of the mistakes: TOML syntax, unknown keys, wrong types, models that cannot be meant, cases that the model does not meet."""
    mistakes: list[FileMistake] = []
    found: dict[str, CreditFile] = {}
    for file, text in texts.items():
        try:
            # Without this, 99.9 is a float.
            data = tomllib.loads(text, parse_float=Decimal)
        except tomllib.TOMLDecodeError as error:
            mistakes.append(FileMistake(file, syntax_error_line(error), "", f"not TOML: {error}"))
            continue
        lines = lines_of(text)
        reader = _Reader()
        credit_file = reader.read(data)
        mistakes += [FileMistake(file, line_of(lines, path) or 0, dotted(path), message) for path, message in reader.mistakes]
        if credit_file is not None:
            found[file] = credit_file
    if mistakes:
        raise CreditFileErrors(tuple(sorted(mistakes)))
    return found


class _Reader:
    """Reads one file and collects its mistakes."""

    def __init__(self) -> None:
        self.mistakes: list[tuple[Path, str]] = []

    def read(self, data: dict[str, Any]) -> CreditFile | None:
        self.mistakes += [((key,), f"unknown key; expected {', '.join(_KEYS)}") for key in data if key not in _KEYS]
        self.mistakes += [((key,), "missing") for key in _KEYS if key not in data]
        title = self._convert(("title",), data.get("title"), str)
        source = self._convert(("source",), data.get("source"), CreditSource)
        model: TierCredits | OutageCredits | None = self._convert(("model",), data.get("model"), TierCredits | OutageCredits)
        if model is not None:
            self.mistakes += [(("model", *path), message) for path, message in mistakes_of(model)]
        tables = data.get("cases", [])
        if not isinstance(tables, list) or not tables:
            self.mistakes.append((("cases",), "expected tables: [[cases]]"))
            tables = []
        cases = []
        for number, table in enumerate(tables):
            case: TierCase | OutageCase | None = self._convert(("cases", number), table, TierCase | OutageCase)
            if case is not None:
                self.mistakes += [(("cases", number, *path), message) for path, message in mistakes_of_case(case)]
                cases.append(case)
        if self.mistakes or title is None or source is None or model is None:
            return None
        for number, case in enumerate(cases):
            self.mistakes += [(("cases", number, *path), message) for path, message in wrong_amounts(model, case)]
        return CreditFile(title, source, model, tuple(cases))

    def _convert(self, where: Path, value: object, wanted: Any) -> Any:
        if value is None:
            return None
        try:
            return msgspec.convert(value, wanted)
        except msgspec.ValidationError as error:
            message, path = split_place(str(error))
            self.mistakes.append(((*where, *path), message))
            return None

"""Rules from TOML texts."""

from collections.abc import Iterable, Mapping
from datetime import UTC, datetime

from actors.correlator.rules.compiler import compile_rule
from actors.correlator.rules.errors import RuleError
from protocols.conditions.mistakes import PlacedMistake
from protocols.rule import Rule, RuleRecord
from protocols.table_files import load_tables

_NO_TIME = datetime(1970, 1, 1, tzinfo=UTC)


def load_rules(texts: Mapping[str, str]) -> tuple[Rule, ...]:
    """The rules of ``texts`` (file name → TOML with ``[[rules]]``), in the order of the files. Raises
    :class:`protocols.table_files.TableFileErrors` with every mistake, impossible conditions included."""
    return load_tables(texts, "rules", Rule, _mistakes)


def _mistakes(rule: Rule) -> Iterable[PlacedMistake]:
    try:
        compile_rule(_record(rule))
    except RuleError as error:
        return error.mistakes
    return ()


def _record(rule: Rule) -> RuleRecord:
    return RuleRecord(id="", rule=rule, origin="file", created_at=_NO_TIME, updated_at=_NO_TIME, updated_by="file")

"""The rules in force: kept in the State, compiled when first asked for."""

from uuid import uuid5

import structlog
from msgspec.structs import replace

from actors.correlator.rules.compiler import CompiledRules, compile_rules
from actors.correlator.rules.memories import RuleMemory
from actors.correlator.state import State
from protocols.rule import RuleRecord

_log = structlog.get_logger()


def rules_of(state: State) -> CompiledRules:
    """The rules in force."""
    found: CompiledRules | None = state.derived.get("rules")
    if found is None:
        found, wrong = compile_rules(state.memory(RuleMemory).records.values())
        install_rules(state, found, wrong)
        for rule_id, text in wrong.items():
            _log.warning("a rule is not accepted any more", rule=rule_id, mistakes=text)
    return found


def counts_repeats(state: State) -> bool:
    """Whether a rule may want to see alarms that are merely repeated, which nothing else does."""
    rules: CompiledRules | None = state.derived.get("rules")
    return rules is None or rules.counts


def install_rules(state: State, rules: CompiledRules, wrong: dict[str, str]) -> None:
    """From now on these."""
    state.derived["rules"], state.derived["rules_wrong"] = rules, wrong


def rule_records(state: State) -> list[RuleRecord]:
    """Every rule, in the order in which they are asked, with what is wrong with it."""
    rules_of(state)
    wrong: dict[str, str] = state.derived["rules_wrong"]
    records = [
        replace(record, error=wrong[record.id]) if record.id in wrong else record
        for record in state.memory(RuleMemory).records.values()
    ]
    return sorted(records, key=lambda record: (-record.rule.priority, record.rule.name, record.id))


def loaded_rules(state: State) -> str:
    """The digest of the files' rules that the state holds, empty before there were any."""
    return state.memory(RuleMemory).digest


def file_rule_id(state: State, name: str) -> str:
    """The id of a rule of a file: the same for as long as it has this name."""
    return str(uuid5(state.ledger_id, f"rule {name}"))


def api_rule_id(state: State, offset: int) -> str:
    """The id of the rule that the command at ``offset`` makes."""
    return str(uuid5(state.ledger_id, f"rule at {offset}"))

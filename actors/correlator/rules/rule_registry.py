"""The rules in force: kept in the State, compiled when first asked for."""

from uuid import uuid5

import structlog
from msgspec.structs import replace

from actors.correlator.rules.compiler import CompiledRules, compile_rules
from actors.correlator.rules.memories import RuleMemory
from actors.correlator.state import DerivedView, State
from protocols.rule import RuleRecord

_log = structlog.get_logger()


class RulesInForce(DerivedView):
    """The compiled rules, and the mistakes in those that are not accepted any more, by id."""

    def __init__(self, state: State) -> None:
        self.rules, self.wrong = compile_rules(state.memory(RuleMemory).records.values())
        state.counts_repeats = self.rules.counts
        for rule_id, text in self.wrong.items():
            _log.warning("a rule is not accepted any more", rule=rule_id, mistakes=text)


def rules_of(state: State) -> CompiledRules:
    """The rules in force."""
    return state.view(RulesInForce).rules


def install_rules(state: State, records: dict[str, RuleRecord], rules: CompiledRules, wrong: dict[str, str]) -> None:
    """Have these rules, and what they were compiled to, in force."""
    state.memory(RuleMemory).records = records
    view = state.view(RulesInForce)
    view.rules, view.wrong = rules, wrong
    state.counts_repeats = rules.counts


def rule_records(state: State) -> list[RuleRecord]:
    """Every rule, in the order in which they are asked, with its mistakes."""
    wrong = state.view(RulesInForce).wrong
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

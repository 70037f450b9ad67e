"""A World with rules, which are written as an operator writes them."""

from collections.abc import Sequence
from typing import Any

import msgspec

from actors.correlator.rules.rule_registry import rule_records
from actors.correlator.settings import CorrelatorSettings
from protocols.change import Answer
from protocols.command import CreateRule, DeleteRule, EditRule
from protocols.principal import Principal
from protocols.rule import Rule, RuleEdited, RuleRecord
from protocols.topology import Node
from vocabulary.world import ADMIN, World

PLANT = (
    Node(id="site-1", type="site"),
    Node(id="olt-1", type="olt", parents=("site-1",), address="10.0.0.1", area="north"),
    Node(id="olt-1/0/1", type="card", parents=("olt-1",)),
    Node(id="olt-1/0/1/5", type="pon", parents=("olt-1/0/1",)),
    *(Node(id=f"olt-1/0/1/5/{n}", type="ont", parents=("olt-1/0/1/5",), customer_id=f"c{n}") for n in range(1, 9)),
    Node(id="olt-1/0/2", type="card", parents=("olt-1",)),
    Node(id="olt-1/0/2/1", type="pon", parents=("olt-1/0/2",)),
    Node(id="olt-1/0/2/1/1", type="ont", parents=("olt-1/0/2/1",)),
    Node(id="olt-2", type="olt", parents=("site-1",), address="10.0.0.2"),
    Node(id="ont-9", type="ont", parents=("olt-2",)),
)


class RuleWorld(World):
    """Alarm types are ones that nothing but rules speaks of."""

    operator = ADMIN

    def __init__(self, nodes: Sequence[Node] = PLANT, settings: CorrelatorSettings | None = None) -> None:
        super().__init__(settings or CorrelatorSettings(), nodes)

    def write(self, by: Principal | None = None, **rule: Any) -> str:
        """Write a rule; its id."""
        rule.setdefault("name", rule.get("type"))
        answer = self.command(CreateRule(msgspec.convert(rule, Rule)), by=by)
        assert not answer.refusals, answer.refusals
        return answer.accepted[0]

    def refuse(self, by: Principal | None = None, **rule: Any) -> dict[str, str]:
        """Write a rule that is refused; its mistakes by place."""
        rule.setdefault("name", "r")
        answer = self.command(CreateRule(msgspec.convert(rule, Rule)), by=by)
        assert not answer.accepted
        return {refusal.alarm_id: refusal.text for refusal in answer.refusals}

    def edit(self, rule_id: str, by: Principal | None = None, **fields: Any) -> Answer:
        return self.command(EditRule(rule_id, msgspec.convert(fields, RuleEdited)), by=by)

    def delete(self, rule_id: str, by: Principal | None = None) -> Answer:
        return self.command(DeleteRule(rule_id), by=by)

    def records(self) -> list[RuleRecord]:
        """The rules in force."""
        return rule_records(self.state)

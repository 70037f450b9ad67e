"""The trees of every policy, compiled once for each revision. They follow from the policies, so no snapshot has them."""

from collections.abc import Mapping

from actors.dispatcher.policies.tree import PolicyTree, compile_policy
from protocols.dispatch.policy import PolicyRecord


class PolicyTrees:
    """Compiled policies in the order in which they are asked."""

    def __init__(self) -> None:
        self._ordered: list[tuple[PolicyRecord, PolicyTree]] = []

    def of(self, policies: Mapping[str, PolicyRecord]) -> list[tuple[PolicyRecord, PolicyTree]]:
        """Every policy with its tree: the highest priority first, then by name. Only policies that changed since the last
        call are compiled."""
        known = self._ordered
        if len(known) != len(policies) or any(policies.get(record.id) is not record for record, _ in known):
            before = {record.id: (record, tree) for record, tree in known}
            self._ordered = [self._ready(record, before) for record in sorted(policies.values(), key=asked_order)]
        return self._ordered

    def _ready(
        self, record: PolicyRecord, before: Mapping[str, tuple[PolicyRecord, PolicyTree]]
    ) -> tuple[PolicyRecord, PolicyTree]:
        old = before.get(record.id)
        if old is not None and old[0].policy is record.policy:
            return record, old[1]
        return record, compile_policy(record.id, record.policy)


def asked_order(record: PolicyRecord) -> tuple[int, str, str]:
    """Sorts policies into the order in which they are asked, as those of alarm rules."""
    return -record.policy.priority, record.policy.name, record.id

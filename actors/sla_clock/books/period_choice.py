"""The period that an instance is in, and the version of its definition that applies to it."""

from typing import NamedTuple

from actors.sla_clock.accounts import Account
from actors.sla_clock.deadlines import NEVER
from actors.sla_clock.state import SlaState
from protocols.sla.definition import SlaDefinition
from protocols.sla.instance import SlaInstance
from protocols.sla.intervals import Interval
from protocols.sla.local_time import instant_at
from protocols.sla.periods import period_at


class Period(NamedTuple):
    """``start`` and ``end`` of the period, and the version of the definition that applies to it."""

    start: int
    end: int
    definition: SlaDefinition

    @property
    def interval(self) -> Interval:
        """Without the definition."""
        return self.start, self.end


def contract_of(instance: SlaInstance) -> Interval:
    """The time for which the contract holds."""
    return instance.start, NEVER if instance.end is None else instance.end


def period_of(state: SlaState, instance: SlaInstance, at: int) -> Period | None:
    """The period of the contract that contains ``at``; None before the contract and after it.

    The running period keeps the version with which its measurement began, and a later version's period begins where that one
    ends.
    """
    start, end = contract_of(instance)
    versions = state.definitions.get(instance.definition_id)
    if not versions or not start <= at < end:
        return None
    account = state.accounts.get(instance.id)
    if account is not None and account.period_start <= at < account.period_end:
        return period_of_account(state, account)
    began = max(start, instant_at(instance.created_at))
    first = period_at(versions[0].terms.period, at)
    chosen = versions[0]
    for version in versions:
        if instant_at(version.since) <= max(first[0], began):
            chosen = version
    found = period_at(chosen.terms.period, at)
    if account is not None and found[0] < account.period_end <= at:
        found = account.period_end, found[1]
    return Period(*found, chosen)


def period_of_account(state: SlaState, account: Account) -> Period:
    """The period of an account."""
    version = version_of(state, account.definition_id, account.definition_version)
    return Period(account.period_start, account.period_end, version)


def version_of(state: SlaState, definition_id: str, version: int) -> SlaDefinition:
    """One version of a definition."""
    return state.definitions[definition_id][version - 1]


def next_period_end(state: SlaState, definition_id: str, at: int) -> int:
    """The earliest end of a period behind ``at``, by the version in force then and by the newest."""
    versions = state.definitions[definition_id]
    then = [each for each in versions if instant_at(each.since) <= at]
    return min(period_at(each.terms.period, at)[1] for each in (*then[-1:], versions[-1]))

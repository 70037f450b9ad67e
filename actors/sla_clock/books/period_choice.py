"""The period that an instance is in, and the version of its definition that applies to it."""

from bisect import bisect_right
from collections.abc import Sequence
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
    """The period that contains ``at``; None when the contract holds at no time of it.

    A period keeps the version with which it began. A later version applies from the next end of a period on, which is its own
    first one then; of several within a period the newest does. The same holds for another definition.
    """
    account = state.accounts.get(instance.id)
    if account is not None and account.period_start <= at < account.period_end:
        return period_of_account(state, account)
    definition_id, begin = instance.definition_id, None
    for each in reversed(instance.former):
        if at >= each.until:
            begin = each.until
            break
        definition_id = each.definition_id
    versions = state.definitions.get(definition_id)
    if not versions:
        return None
    start, end = contract_of(instance)
    if len(versions) == 1:
        period = Period(*period_at(versions[0].terms.period, at), versions[0])
        if begin is not None and period.start < begin:
            period = period._replace(start=begin)
    else:
        known = begin if begin is not None else max(start, instant_at(instance.created_at))
        period = _chain(versions, begin, known, at)
    return period if period.start < end and start < period.end else None


class RunningPeriods:
    """The periods at one instant. Instances with one account, or with one definition that has a single version, share them."""

    def __init__(self, state: SlaState, at: int) -> None:
        self._state, self._at = state, at
        self._by_account: dict[int, tuple[Account, Period]] = {}
        """By identity, which the memory keeps."""
        self._by_definition: dict[str, tuple[Sequence[SlaDefinition], Period]] = {}

    def of(self, instance: SlaInstance, account: Account | None) -> Period | None:
        """As :func:`period_of`. ``account``: the instance's."""
        state, at = self._state, self._at
        if account is not None and account.period_start <= at < account.period_end:
            shared = self._by_account.get(id(account))
            if shared is None:
                shared = self._by_account[id(account)] = account, period_of_account(state, account)
            return shared[1]
        versions = state.definitions.get(instance.definition_id, ())
        if instance.former or len(versions) != 1:
            return period_of(state, instance, at)
        known = self._by_definition.get(instance.definition_id)
        if known is None or known[0] is not versions:
            period = Period(*period_at(versions[0].terms.period, at), versions[0])
            known = self._by_definition[instance.definition_id] = versions, period
        period, end = known[1], instance.end
        return period if instance.start < period.end and (end is None or period.start < end) else None


def _chain(versions: Sequence[SlaDefinition], begin: int | None, known: int, at: int) -> Period:
    """The period that contains ``at``. The periods run without gap from ``begin`` on (None: since ever), the first by the
    version in force at ``known``."""
    current = _in_force(versions, known)
    while True:
        rule = versions[current].terms.period
        taken_over = _taken_over(versions, current) if current + 1 < len(versions) else None
        if taken_over is None or at < taken_over:
            start, end = period_at(rule, at)
            return Period(start if begin is None else max(start, begin), end, versions[current])
        begin, current = taken_over, _in_force(versions, taken_over)


def _in_force(versions: Sequence[SlaDefinition], at: int) -> int:
    """The index of the newest version made at ``at`` or before; of the first one if all are newer."""
    return max(0, bisect_right(versions, at, key=_since) - 1)


def _taken_over(versions: Sequence[SlaDefinition], current: int) -> int:
    """The first end of a period of this version at which a later one has been made."""
    since = _since(versions[current + 1])
    start, end = period_at(versions[current].terms.period, since)
    return since if start == since else end


def _since(version: SlaDefinition) -> int:
    return instant_at(version.since)


def period_of_account(state: SlaState, account: Account) -> Period:
    """The period of an account."""
    version = version_of(state, account.definition_id, account.definition_version)
    return Period(account.period_start, account.period_end, version)


def version_of(state: SlaState, definition_id: str, version: int) -> SlaDefinition:
    """One version of a definition."""
    return state.definitions[definition_id][version - 1]


def next_period_end(state: SlaState, definition_id: str, at: int) -> int:
    """The earliest end behind ``at`` of a period that an instance may have."""
    versions = state.definitions[definition_id]
    last = len(versions) - 1
    running = [each for number, each in enumerate(versions) if number == last or at < _taken_over(versions, number)]
    return min(period_at(each.terms.period, at)[1] for each in running)

"""The outcome of plain contracts: those that the evidence concerns, and nothing of their own.

Below an uplink nearly every contract is plain, and to look for what could be its own costs more than the rest. So the outcome
of the first one is kept under three identities (definition, account, evidence), with the conditions under which a further
contract comes to the same. Any other contract is examined by itself (:mod:`~actors.sla_clock.books.outcomes`).
"""

from collections.abc import Sequence

from actors.sla_clock.accounts import Account
from actors.sla_clock.books.figures import FiguresBasis
from actors.sla_clock.books.outcomes import BookedOutcome
from actors.sla_clock.books.past_accounts import begins_anew
from actors.sla_clock.books.period_choice import Period
from actors.sla_clock.evidence.timelines import ServiceEvidence
from actors.sla_clock.limits.booking_limits import has_clocks
from actors.sla_clock.run import FoldRun
from protocols.sla.changes import SlaInstanceChanged
from protocols.sla.definition import SlaDefinition
from protocols.sla.instance import InstanceStatus, SlaInstance

CommonKey = tuple[str, int, int]
"""The id of the definition, and the identities of account and evidence, which the :class:`CommonOutcome` keeps."""


class CommonOutcome:
    """``outcome`` of the contract ``first`` and of those like it, in ``period``. ``before`` is their account before, and
    ``evidence`` the evidence that concerns them. Tables are attributes, since all of this is asked of each contract."""

    def __init__(
        self,
        run: FoldRun,
        outcome: BookedOutcome,
        first: SlaInstance,
        before: Account | None,
        evidence: ServiceEvidence,
        period: Period,
        versions: Sequence[SlaDefinition],
    ) -> None:
        state, account = run.state, outcome.account
        self.outcome, self.evidence, self.period, self._versions = outcome, evidence, period, versions
        self.is_told = outcome.notice is not None or outcome.breach is not None
        """A notification or a breach is part of the outcome."""
        self._begins = before is None
        self._start, self._end = period.start, period.end
        self._has_credits = period.definition.terms.credits is not None
        self._monthly_fee, self._currency = first.monthly_fee, first.currency
        self._deadline, self._account, self._shown = outcome.deadline, account, outcome.shown
        self._status: InstanceStatus = "compliant" if account is None else account.status
        self._reason = "" if account is None else account.reason
        self._breaches_at = None if account is None else account.breaches_at
        self._definition_id, self._version = period.definition.id, period.definition.version
        self._accounts, self._deadlines, self._places = state.accounts, state.deadlines, state.plant.places
        self._definitions, self._exclusions, self._windows = state.definitions, state.exclusions, state.maintenance.named
        self._performance, self._clock_marks = state.performance, state.clock_marks

    def is_of(self, run: FoldRun, instance: SlaInstance, since: int) -> bool:
        """Whether the instance, which has the key, comes to this outcome. ``since``: as for :func:`~.booking.book`."""
        if since < self._start or instance.start > self._start or instance.suspended or instance.former:
            return False
        end = instance.end
        if (end is not None and end < self._end) or self._performance:
            return False
        if (self._exclusions or self._windows) and not run.evidence.in_no_scope(instance):
            return False
        if self._clock_marks and instance.id in self._clock_marks:
            return False
        if self._definitions.get(instance.definition_id) is not self._versions:
            return False
        if self._begins and not begins_anew(run, instance.id, self.period):
            return False
        return not self._has_credits or self._has_no_credits_of_its_own(run, instance)

    def keep(self, run: FoldRun, instance: SlaInstance, row: int) -> None:
        """Give the outcome, of which nothing is told, to a further instance."""
        self._deadlines.set_row(run.journal, row, self._deadline)
        if self._account is not None:
            self._accounts.put(run.journal, row, self._account)
        if self._shown:
            resources, places = instance.resources, self._places
            run.changes.append(
                SlaInstanceChanged(
                    run.offset,
                    instance,
                    self._status,
                    self._reason,
                    0,
                    self._breaches_at,
                    resources[0] in places or not places.keys().isdisjoint(resources),
                    self._start,
                    self._end,
                    self._definition_id,
                    self._version,
                )
            )

    def _has_no_credits_of_its_own(self, run: FoldRun, instance: SlaInstance) -> bool:
        state = run.state
        if instance.monthly_fee != self._monthly_fee or instance.currency != self._currency:
            return False
        if (instance.id, self._start) in state.credits or instance.id in state.reports_of:
            return False
        closed = state.closed.get(instance.id)
        return closed is None or not closed.breaches


def common_key(instance: SlaInstance, account: Account | None, evidence: ServiceEvidence) -> CommonKey:
    """The key of an instance with this account."""
    return instance.definition_id, id(account), id(evidence)


def keep_common(
    run: FoldRun, instance: SlaInstance, before: Account | None, period: Period, basis: FiguresBasis, shared: BookedOutcome
) -> None:
    """Keep an outcome that instances share, if a plain contract comes to it. ``before``: the account in the table."""
    evidence, exclusions, start, end = basis
    versions = run.state.definitions.get(instance.definition_id, ())
    plain = not exclusions and (start, end) == period.interval and not evidence.own_power and not instance.former
    if not plain or has_clocks(run.state, instance, period) or (before is not None and before.breaches):
        return
    if before is None and len(versions) != 1:
        return  # which version applies depends on when the contract was made
    key = common_key(instance, before, evidence)
    run.evidence.common[key] = CommonOutcome(run, shared, instance, before, evidence, period, versions)

"""The figures of a closed period derived anew, by the functions that closed it. Pure."""

from typing import NamedTuple

from msgspec.structs import replace

from actors.sla_clock.accounts import Account
from actors.sla_clock.books.breaches import new_breach, put_breach
from actors.sla_clock.books.figures import figures_of
from actors.sla_clock.books.past_accounts import keep_closed
from actors.sla_clock.books.period_choice import Period
from actors.sla_clock.books.periods import ENDED, book_figures, figures_shown
from actors.sla_clock.report.assembly import report_of
from actors.sla_clock.run import FoldRun
from actors.sla_clock.state import SlaState
from protocols.sla.breach import BREACH_TYPES
from protocols.sla.instance import SlaInstance
from protocols.sla.local_time import utc_time
from protocols.sla.measurement import MeasurementSummary
from protocols.sla.period_figures import PeriodFigures
from protocols.sla.report import SlaReport


class Recomputed(NamedTuple):
    """The figures of a period, and the report with their evidence."""

    figures: PeriodFigures
    report: SlaReport


class Recomputation:
    """Books the periods of one instance anew, in their order, on a ``state`` that nobody else uses. The state has the facts; it
    has no accounts, breaches or credits of the instance."""

    def __init__(self, state: SlaState, instance: SlaInstance, violations: tuple[MeasurementSummary, ...] = ()) -> None:
        self._state, self._instance, self._violations = state, instance, violations
        self._number = 0

    def close(self, period: Period, made_at: int, revision: int = 1, reason: str = "") -> Recomputed:
        """The next period, as it is closed now."""
        state, instance = self._state, self._instance
        self._number += 1
        # The number keeps the ids of breaches of several periods apart.
        run = FoldRun(state, self._number, utc_time(period.end), period.end)
        account = Account(period.start, period.end, period.definition.id, period.definition.version)
        figures = figures_of(run.evidence, instance, period, period.end)
        account, _ = book_figures(run, instance, account, period, figures, ENDED)
        account = self._performance(run, account, period)
        keep_closed(run, instance.id, account)
        report = report_of(
            run.evidence,
            instance,
            period,
            figures,
            as_of=period.end,
            made_at=made_at,
            breaches=account.breaches,
            revision=revision,
            reason=reason,
        )
        return Recomputed(figures_shown(state, instance, period, figures, account.breaches, made_at, revision), report)

    def _performance(self, run: FoldRun, account: Account, period: Period) -> Account:
        """With the breaches of violations that began in the period. Measurements are kept as violations alone."""
        ids = list(account.breaches)
        for each in self._violations:
            metric = next((known for known in BREACH_TYPES if known == each.metric), None)
            taken_back = each.end is not None and each.end <= each.start
            if metric is None or taken_back or self._instance.suspended or not period.start <= each.start < period.end:
                continue
            breach = new_breach(run, self._instance, period, metric, each.start, each.limit)
            ids.append(put_breach(run, breach).id)
        return replace(account, breaches=tuple(ids))

"""What every request works with: the ledger's mailbox, the database, who has written what."""

from collections.abc import Awaitable, Callable, Sequence
from datetime import datetime

import trio
from litestar.di import NamedDependency
from litestar.params import SkipValidation

from actors.api.commands import action_name
from actors.api.problems import unavailable
from actors.api.settings import ApiSettings
from actors.mailbox import Abandoned, Append, AppendSender, LedgerUnavailable, Outcome, Progress, Reply
from actors.metrics import Metrics
from actors.postgres import DatabaseUnavailable, Postgres
from actors.tokens import TokenFile
from protocols.alarm_view import AlarmView
from protocols.backtest import Backtests
from protocols.change import Answer
from protocols.command import Command
from protocols.event import Event
from protocols.maintenance import Windows
from protocols.principal import Principal
from protocols.report import Reports
from protocols.rest import Readiness
from protocols.rule import RuleRecord
from protocols.topology_view import TopologyView
from protocols.trap_source import SourceView

EventLookup = Callable[[int], Awaitable[bytes | None]]
"""The msgpack of the quarantined Event at an offset, None when there is none."""


RuleLookup = Callable[[], Sequence[RuleRecord]]
"""Every rule, in the order in which they are asked."""


class Context:
    """The actor's state and the ends that it holds. ``database`` None means that reads are not served now."""

    def __init__(
        self,
        settings: ApiSettings,
        ledger: AppendSender,
        database: Postgres | None,
        progress: Progress,
        tokens: TokenFile,
        health: Callable[[], Readiness],
        metrics: Metrics,
        clock: Callable[[], datetime],
        default_tenant: str,
        quarantined: EventLookup | None,
    ) -> None:
        self.settings = settings
        self.progress = progress
        self.tokens = tokens
        self.health = health
        self.metrics = metrics
        self.clock = clock
        self.default_tenant = default_tenant
        self.quarantined = quarantined
        self.windows: Windows | None = None
        self.backtests: Backtests | None = None
        self.rules: RuleLookup | None = None
        self.topology: TopologyView | None = None
        self.sources: SourceView | None = None
        self.alarms: AlarmView | None = None
        self.reports: Reports | None = None
        self.recorded: Callable[[], int] = lambda: 0
        """``seq`` of the newest recorded batch."""
        self._ledger = ledger
        self._database = database
        self._written: dict[str, int] = {}

    @property
    def database(self) -> Postgres:
        """PostgreSQL. Raises ``DatabaseUnavailable`` when there is none."""
        if self._database is None:
            raise DatabaseUnavailable("no database is attached")
        return self._database

    async def submit(self, by: Principal, events: Sequence[Event]) -> Outcome:
        """Have Events recorded and folded; what they came to, and remember it for the writer's own reads.

        Raises ProblemError 503: nothing kept (ledger refuses or its mailbox stays full), or outcome unknown (no answer
        in time). Cancelling leaves what was sent under way.
        """
        retry = self.settings.retry_after_seconds
        reply: Reply[Outcome] = Reply()
        sent = False
        try:
            with trio.fail_after(self.settings.answer_seconds):
                await self._ledger.send(Append(events, answered=reply))
                sent = True
                outcome = await reply.wait()
        except LedgerUnavailable as error:
            self._count(events, "unavailable")
            text = f"nothing was kept: {error}" if str(error) else "nothing was kept: the ledger cannot write"
            raise unavailable("ledger_unavailable", text, retry) from error
        except (trio.BrokenResourceError, trio.ClosedResourceError) as error:
            self._count(events, "unavailable")
            raise unavailable("ledger_unavailable", "nothing was kept: faultd is stopping", retry) from error
        except (trio.TooSlowError, Abandoned) as error:
            if sent:
                self._count(events, "unknown")
                text = "faultd did not learn what came of this in time; it may still take effect: look before repeating it"
                raise unavailable("outcome_unknown", text, retry) from error
            self._count(events, "unavailable")
            raise unavailable("ledger_busy", "nothing was kept: the ledger takes no more now", retry) from error
        self._count_answers(events, outcome)
        self._written[by.name] = max(self._written.get(by.name, 0), outcome.seq)
        return outcome

    async def caught_up(self, by: Principal, *, newest: bool = False) -> bool:
        """Wait, bounded, until reads show what this token wrote, or with ``newest`` all that is recorded; says whether they
        do."""
        through = self._written.get(by.name, 0)
        if newest:
            through = max(through, self.recorded())
        return await self.progress.reach(through, self.settings.read_your_writes_seconds)

    def _count(self, events: Sequence[Event], result: str) -> None:
        for event in events:
            self.metrics.commands.labels(_action(event), result).inc()

    def _count_answers(self, events: Sequence[Event], outcome: Outcome) -> None:
        answers = {change.offset: change for change in outcome.changes if isinstance(change, Answer)}
        for offset, event in enumerate(events, outcome.first):
            answer = answers.get(offset)
            if answer is None:
                results = ["accepted"]
            elif answer.duplicate:
                results = ["duplicate"]
            else:
                results = [refusal.reason for refusal in answer.refusals]
                if answer.accepted or not results:
                    results.append("accepted")
            for result in dict.fromkeys(results):
                self.metrics.commands.labels(_action(event), result).inc()


def _action(event: Event) -> str:
    return action_name(event.action) if isinstance(event, Command) else "event"


Ctx = NamedDependency[SkipValidation[Context]]
By = NamedDependency[SkipValidation[Principal]]

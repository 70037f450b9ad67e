"""Commands and network events on their way to the ledger, and the answers to them."""

from collections.abc import Sequence

import trio

from actors.api.actions import action_name
from actors.api.problems import unavailable
from actors.api.settings import ApiSettings
from actors.api.stored import Stored
from actors.mailbox import Abandoned, Append, AppendSender, LedgerUnavailable, Outcome, Reply
from actors.metrics import Metrics
from protocols.change import Answer
from protocols.command import Command
from protocols.event import Event
from protocols.principal import Principal


class Submitter:
    """Sends Events to ``ledger``, waits for the Outcome, and counts it in ``faultd_commands_total``.

    ``stored`` learns who has written what, so that the writer's own reads wait for it.
    """

    def __init__(self, ledger: AppendSender, stored: Stored, settings: ApiSettings, metrics: Metrics) -> None:
        self._ledger, self._stored, self._metrics = ledger, stored, metrics
        self._seconds = settings.answer_seconds

    async def submit(self, by: Principal, events: Sequence[Event]) -> Outcome:
        """Have Events recorded and folded.

        Raises ProblemError 503: nothing was recorded (the ledger refuses, or its mailbox stays full), or the outcome is
        unknown (no answer in ``answer_seconds``). Cancelling leaves under way what was sent.
        """
        reply: Reply[Outcome] = Reply()
        sent = False
        try:
            with trio.fail_after(self._seconds):
                await self._ledger.send(Append(events, answered=reply))
                sent = True
                outcome = await reply.wait()
        except LedgerUnavailable as error:
            self._count(events, "unavailable")
            text = f"nothing was recorded: {error}" if str(error) else "nothing was recorded: the ledger cannot write"
            raise unavailable("ledger_unavailable", text) from error
        except (trio.BrokenResourceError, trio.ClosedResourceError) as error:
            self._count(events, "unavailable")
            raise unavailable("ledger_unavailable", "nothing was recorded: faultd is stopping") from error
        except (trio.TooSlowError, Abandoned) as error:
            if sent:
                self._count(events, "unknown")
                text = "faultd did not learn the result in time; the request may still take effect: look before you repeat it"
                raise unavailable("outcome_unknown", text) from error
            self._count(events, "unavailable")
            raise unavailable("ledger_busy", "nothing was recorded: the ledger takes no more requests now") from error
        self._count_answers(events, outcome)
        self._stored.wrote(by, outcome.seq)
        return outcome

    def _count(self, events: Sequence[Event], result: str) -> None:
        for event in events:
            self._metrics.commands.labels(_action(event), result).inc()

    def _count_answers(self, events: Sequence[Event], outcome: Outcome) -> None:
        for event, changes in zip(events, outcome.changes, strict=True):
            answer = next((change for change in changes if isinstance(change, Answer)), None)
            if answer is None:
                results = ["accepted"]
            elif answer.duplicate:
                results = ["duplicate"]
            else:
                results = [refusal.reason for refusal in answer.refusals]
                if answer.accepted or not results:
                    results.append("accepted")
            for result in dict.fromkeys(results):
                self._metrics.commands.labels(_action(event), result).inc()


def _action(event: Event) -> str:
    return action_name(event.action) if isinstance(event, Command) else "event"

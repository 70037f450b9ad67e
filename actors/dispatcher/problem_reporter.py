"""Problems of the dispatcher's own, reported as alarms of faultd about itself.

A report comes back as an Event, and what it said is kept in the state, so that no restart repeats it and none forgets it.
"""

from collections.abc import Callable, Mapping

from actors.dispatcher.problem import DispatchProblem
from protocols.event import Event


class ProblemReporter:
    """Reports what no alarm says yet. It remembers, for this run, the last report of each name."""

    def __init__(self) -> None:
        self._asked: dict[str, DispatchProblem | None] = {}

    def report(
        self,
        problems: Mapping[str, DispatchProblem],
        told: Mapping[str, DispatchProblem],
        event_of: Callable[[str, DispatchProblem | None], Event],
        append: Callable[[list[Event]], bool],
    ) -> None:
        """Bring the alarms from ``told`` to ``problems``, both by the name of what has the problem. ``event_of`` makes the
        report; of None the problem is over. ``append`` is that of :meth:`actors.stage.Stage.report`."""
        if problems == told:
            return
        waiting: dict[str, DispatchProblem | None] = {}
        for name in {**told, **problems}:
            problem = problems.get(name)
            if problem != told.get(name) and self._asked.get(name, told.get(name)) != problem:
                waiting[name] = problem
        if waiting and append([event_of(name, problem) for name, problem in waiting.items()]):
            self._asked |= waiting

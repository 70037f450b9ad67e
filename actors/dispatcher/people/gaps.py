"""Gaps of rotas: within the next days nobody is on call, or somebody whom faultd cannot tell.

The fold decides what is wrong with each rota, and when to look again; the stage reports it as an alarm of faultd about itself.
"""

from collections.abc import Callable, Iterator
from functools import partial
from typing import Final, NamedTuple

from actors.dispatcher.people.reach import lack_of
from actors.dispatcher.problem import DispatchProblem
from actors.dispatcher.problem_reporter import ProblemReporter
from actors.dispatcher.run import DispatchRun
from actors.dispatcher.state import DispatchState
from protocols.dispatch.on_call import contacts_of, gaps, on_call, shifts
from protocols.dispatch.rota import OnCall, RotaRecord
from protocols.event import Event, SystemReport
from protocols.recurrence.occurrences import zone_of
from protocols.severity import Severity
from protocols.sla.business_time import DAY
from protocols.sla.local_time import SECOND, instant_at, wall_time

ALARM: Final = "rota.gap"
_DAY: Final = DAY * SECOND
_SOON: Final = 900 * SECOND
"""Two looks are as far apart at least."""


class _Found(NamedTuple):
    text: str
    start: int
    end: int | None


def look_ahead(run: DispatchRun, rota_id: str) -> None:
    """Look for gaps from now on, and set the time of the next look."""
    state, rota = run.state, run.state.rotas.get(rota_id)
    if rota is None:
        return
    found = list(_problems(state, rota, run.now))
    edges = [at for each in found for at in (each.start, each.end) if at is not None and at > run.now]
    state.timers.set(run.journal, "rota", rota_id, max(run.now + _SOON, min([run.now + _DAY, *edges])))
    if found:
        severity: Severity = "major" if any(each.start <= run.now for each in found) else "warning"
        problem = DispatchProblem(severity, "; ".join(each.text for each in found))
        if state.rota_problems.get(rota_id) != problem:
            run.journal.put(state.rota_problems, rota_id, problem)
    else:
        run.journal.drop(state.rota_problems, rota_id)


def look_at_all(run: DispatchRun) -> None:
    """Look for the gaps of every rota: the channels, the days ahead or the time are other ones now."""
    for rota_id in list(run.state.rotas):
        look_ahead(run, rota_id)


def forget_rota(run: DispatchRun, rota_id: str) -> None:
    """The rota is no more: it has no problem and no next look."""
    run.state.timers.set(run.journal, "rota", rota_id, None)
    run.journal.drop(run.state.rota_problems, rota_id)


def fold_reported(run: DispatchRun, event: SystemReport) -> None:
    """Keep what an alarm about a rota says now."""
    told = run.state.rota_alarms
    if event.active:
        run.journal.put(told, event.qualifier, DispatchProblem(event.severity, event.description))
    else:
        run.journal.drop(told, event.qualifier)


class GapReporter:
    """Reports what the fold found and no alarm says yet."""

    def __init__(self) -> None:
        self._reporter = ProblemReporter()

    def report(self, state: DispatchState, append: Callable[[list[Event]], bool]) -> None:
        """``append`` is that of :meth:`actors.stage.Stage.report`."""
        self._reporter.report(state.rota_problems, state.rota_alarms, partial(_report, state), append)


def _report(state: DispatchState, rota_id: str, problem: DispatchProblem | None) -> Event:
    rota = state.rotas.get(rota_id)
    if problem is None or rota is None:
        text = "the rota was deleted" if rota is None else "the rota has no gap, and everybody on call can be told"
        return SystemReport(alarm_type=ALARM, active=False, qualifier=rota_id, description=text)
    return SystemReport(
        alarm_type=ALARM,
        active=True,
        severity=problem.severity,
        qualifier=rota_id,
        title=f"Rota {rota.plan.name}: at some time nobody can be told",
        description=problem.text,
    )


def _problems(state: DispatchState, rota: RotaRecord, now: int) -> Iterator[_Found]:
    """The first gap of the next days, and the first shift of each person whom faultd cannot tell."""
    # A day more, since the next look may be a day away.
    plan, until = rota.plan, now + (state.inputs.settings.rota_warning_days + 1) * _DAY
    if open_times := gaps(plan, now, until):
        more = ", and later again" if len(open_times) > 1 else ""
        yield _found(on_call(plan, open_times[0][0]), rota, now, "nobody is on call", more)
    lacking = {each: lack for each in contacts_of(plan) if (lack := lack_of(state, each))}
    if not lacking:
        return
    for shift in shifts(plan, now, until):
        if lack := lacking.pop(shift.contact_id, ""):
            yield _found(shift, rota, now, lack, "")


def _found(shift: OnCall, rota: RotaRecord, now: int, what: str, more: str) -> _Found:
    zone = zone_of(rota.plan.time_zone)
    start = now if shift.start is None else max(now, instant_at(shift.start))
    end = None if shift.end is None else instant_at(shift.end)
    begin = "now" if start == now else f"from {wall_time(start, zone):%Y-%m-%d %H:%M}"
    until = "without an end" if end is None else f"until {wall_time(end, zone):%Y-%m-%d %H:%M}"
    return _Found(f"{what} {begin}, {until} {rota.plan.time_zone}{more}", start, end)

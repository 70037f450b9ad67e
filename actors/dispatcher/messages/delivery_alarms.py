"""Alarms of faultd about its own notifications, by channel: one waits for too long, or was given up.

They follow from the notifications that the stage holds and its time, so the fold decides nothing about them.
"""

from collections.abc import Callable, Iterable, Iterator
from typing import Final

from actors.dispatcher.problem import DispatchProblem
from actors.dispatcher.problem_reporter import ProblemReporter
from actors.dispatcher.run import DispatchRun
from actors.dispatcher.state import DispatchState
from protocols.dispatch.notification import DispatchedNotification
from protocols.event import Event, SystemReport
from protocols.printable import counted
from protocols.sla.local_time import SECOND, instant_at

LATE: Final = "notification.late"
DEAD: Final = "notification.dead"
_LOOK: Final = 10 * SECOND
"""The notifications are looked at this far apart."""


def fold_delivery_reported(run: DispatchRun, event: SystemReport) -> None:
    """Keep what an alarm about a channel says now."""
    name, told = f"{event.alarm_type}|{event.qualifier}", run.state.delivery_alarms
    if event.active:
        run.journal.put(told, name, DispatchProblem(event.severity, event.description))
    else:
        run.journal.drop(told, name)


class DeliveryReporter:
    """Reports channels whose notifications wait for longer than ``page_alarm_seconds``, or were given up."""

    def __init__(self) -> None:
        self._reporter = ProblemReporter()
        self._looked = 0

    def report(self, state: DispatchState, append: Callable[[list[Event]], bool]) -> None:
        """``append`` is that of :meth:`actors.stage.Stage.report`."""
        now = instant_at(state.at)
        if abs(now - self._looked) < _LOOK:
            return
        self._looked = now
        problems = {f"{LATE}|{channel}": each for channel, each in late_channels(state, now)}
        # What says why it began does not change with every message.
        problems = {name: state.delivery_alarms.get(name, each) for name, each in problems.items()}
        problems |= {f"{DEAD}|{channel}": each for channel, each in dead_channels(state)}
        self._reporter.report(problems, state.delivery_alarms, _report, append)


def late_channels(state: DispatchState, now: int) -> Iterator[tuple[str, DispatchProblem]]:
    """The channels with a notification that has waited for longer than ``page_alarm_seconds`` at ``now``."""
    seconds = state.inputs.settings.page_alarm_seconds
    before = now - round(seconds * SECOND)
    waiting = (each for each in state.notifications.values() if each.waits and instant_at(each.created_at) <= before)
    for channel, found in _by_channel(waiting):
        oldest = min(found, key=lambda each: each.created_at)
        error = f": {oldest.answer}" if oldest.answer else ""
        text = f"{counted(len(found), 'notification')} by {channel} waited for longer than {seconds:g} s"
        yield channel, DispatchProblem("major", f"{text}; the oldest is {_named(oldest)}{error}")


def dead_channels(state: DispatchState) -> Iterator[tuple[str, DispatchProblem]]:
    """The channels with a notification that was given up and is still held. Tests do not count."""
    dead = (each for each in state.notifications.values() if each.status == "dead" and each.kind != "test")
    for channel, found in _by_channel(dead):
        last = max(found, key=lambda each: each.created_at)
        text = f"{counted(len(found), 'notification')} by {channel} {'was' if len(found) == 1 else 'were'} given up"
        yield channel, DispatchProblem("major", f"{text}; the last one is {_named(last)}: {last.answer}")


def _by_channel(found: Iterable[DispatchedNotification]) -> Iterator[tuple[str, list[DispatchedNotification]]]:
    channels: dict[str, list[DispatchedNotification]] = {}
    for each in found:
        channels.setdefault(each.channel, []).append(each)
    yield from channels.items()


def _named(each: DispatchedNotification) -> str:
    return f"{each.id} to {each.to_name or each.address}"


def _report(name: str, problem: DispatchProblem | None) -> Event:
    alarm_type, _, channel = name.partition("|")
    if problem is None:
        text = "every notification was delivered in time" if alarm_type == LATE else "none is left that was given up"
        return SystemReport(alarm_type=alarm_type, active=False, qualifier=channel, description=text)
    title = f"Notifications by {channel} are late" if alarm_type == LATE else f"Notifications by {channel} reached nobody"
    return SystemReport(
        alarm_type=alarm_type,
        active=True,
        severity=problem.severity,
        qualifier=channel,
        title=title,
        description=problem.text,
    )

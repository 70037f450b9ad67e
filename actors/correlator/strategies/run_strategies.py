"""Correlation as a part of the fold: after an Event has been decided, and when a timer is due."""

from collections.abc import Callable, Sequence
from datetime import datetime

from actors.correlator.alarms.system import fold_system
from actors.correlator.draft import Draft, Numbers
from actors.correlator.events import refused_sources
from actors.correlator.resources import silent_devices
from actors.correlator.rules import strategy as rules
from actors.correlator.state import State
from actors.correlator.strategies import notifications
from actors.correlator.strategies.order import STRATEGIES
from actors.correlator.strategies.strategy import Strategy, correlate
from protocols.alarm import Alarm
from protocols.change import Change
from protocols.event import SystemReport

AT_MOST = 200
"""Timers that one Event lets fire; the rest wait for the next, so that no Event takes long."""
FAILED = "correlation.failed"

_Decide = Callable[[Draft, tuple[Strategy, ...]], None]
"""What is to be decided in a draft, and which strategies are shown what comes of it."""

_DUE: dict[str, Callable[[Draft, str], None]] = {
    **{strategy.name: strategy.due for strategy in STRATEGIES if strategy.due is not None},
    refused_sources.NAME: refused_sources.due,
    silent_devices.NAME: silent_devices.due,
}
"""By the name under which a timer was set."""


def run_strategies(
    state: State,
    offset: int,
    at: datetime,
    numbers: Numbers,
    touched: list[tuple[Alarm | None, Alarm]],
    repeated: Sequence[tuple[Alarm, Alarm]] = (),
) -> list[Change]:
    """What the strategies make of the alarms that an Event touched, and rules that count reports of those that it merely
    ``repeated``. Never raises."""

    def decide(draft: Draft, strategies: tuple[Strategy, ...]) -> None:
        for before, alarm in repeated:
            rules.repeated(draft, before, alarm)
        correlate(draft, strategies, [*touched, *draft.touched()] if repeated else touched)

    return _attempt(state, offset, at, numbers, "", decide)


def fire_timers(state: State, offset: int, at: datetime, numbers: Numbers) -> list[Change]:
    """Let the timers fire that are due at ``at``. Never raises: one that fails is told of and does not come again."""
    changes: list[Change] = []
    for _ in range(AT_MOST):
        due = state.timers.pop(at)
        if due is None:
            break
        name, subject = due
        action = _DUE.get(name)
        if action is not None:

            def fire(
                draft: Draft,
                strategies: tuple[Strategy, ...],
                action: Callable[[Draft, str], None] = action,
                subject: str = subject,
            ) -> None:
                action(draft, subject)
                correlate(draft, strategies, draft.touched())

            changes += _attempt(state, offset, at, numbers, f"{name} {subject}", fire)
    return changes


def _attempt(state: State, offset: int, at: datetime, numbers: Numbers, what: str, decide: _Decide) -> list[Change]:
    draft = Draft(state, offset, at, numbers)
    try:
        decide(draft, STRATEGIES)
        return draft.commit()
    except Exception as error:  # noqa: BLE001 - the alarms are more important than what is made of them
        draft = Draft(state, offset, at, numbers)
        text = f"{type(error).__name__}: {error}"
        report = SystemReport(
            alarm_type=FAILED,
            active=True,
            severity="major",
            qualifier=what.partition(" ")[0],
            title="Correlation failed: alarms are shown as they came",
            description=f"{what or 'an Event'} at offset {offset}: {text}",
        )
        fold_system(draft, report)
        failed = draft.touched()
        changes = draft.commit()
        for each in (decide, lambda draft, strategies: correlate(draft, strategies, failed)):
            changes += _tell(Draft(state, offset, at, numbers), each)
        return changes


def _tell(draft: Draft, decide: _Decide) -> list[Change]:
    """Uncorrelated alarms are told all the same, and so is that they are."""
    try:
        decide(draft, (notifications.STRATEGY,))
        return draft.commit()
    except Exception:  # noqa: BLE001 - this is what has failed, and the alarm that says so is written
        return []

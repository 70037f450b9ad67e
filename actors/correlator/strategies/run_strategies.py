"""Correlation as a part of the fold: after an Event has been decided, and when a timer is due."""

from collections.abc import Callable, Sequence
from datetime import datetime

from actors.correlator.alarms.system import fold_system
from actors.correlator.draft import Draft, Numbers
from actors.correlator.events import refused_sources
from actors.correlator.polling import blindness, contact, discovery, levels, requests, settling
from actors.correlator.pon import settling_port
from actors.correlator.resources import silent_devices
from actors.correlator.state import State
from actors.correlator.strategies.order import STRATEGIES
from actors.correlator.strategies.strategy import Strategy, correlate
from actors.error_text import error_text
from protocols.alarm import Alarm
from protocols.change import Change
from protocols.event import SystemReport

AT_MOST = 200
"""Timers that one Event lets fire; the rest wait for the next, so that no Event takes long."""
FAILED = "correlation.failed"

_Decide = Callable[[Draft, tuple[Strategy, ...]], None]
"""Decides in a draft, and shows these strategies the alarms that it touched."""

_DUE: dict[str, Callable[[Draft, str], None]] = {
    **{strategy.name: strategy.due for strategy in STRATEGIES if strategy.due is not None},
    refused_sources.NAME: refused_sources.due,
    silent_devices.NAME: silent_devices.due,
    requests.NAME: requests.due,
    blindness.CONTACT: contact.due,
    blindness.NAME: blindness.due,
    blindness.STEADY: blindness.steady,
    levels.NAME: levels.due,
    discovery.NAME: discovery.due,
    settling.NAME: settling.due,
    settling_port.NAME: settling_port.due,
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
    """Show the strategies the alarms that an Event ``touched``, and those that count reports the alarms that it merely
    ``repeated``. Never raises."""

    def decide(draft: Draft, strategies: tuple[Strategy, ...]) -> None:
        if repeated:
            for strategy in strategies:
                if strategy.repeated is not None:
                    for before, alarm in repeated:
                        strategy.repeated(draft, before, alarm)
        correlate(draft, strategies, [*touched, *draft.touched()] if repeated else touched)

    return _attempt(state, offset, at, numbers, "", decide)


def fire_timers(state: State, offset: int, at: datetime, numbers: Numbers) -> list[Change]:
    """Let the timers fire that are due at ``at``. Never raises: one that fails raises an alarm and does not come again."""
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


def _attempt(
    state: State,
    offset: int,
    at: datetime,
    numbers: Numbers,
    what: str,
    decide: _Decide,
    strategies: tuple[Strategy, ...] | None = None,
) -> list[Change]:
    """Commit what ``decide`` drafts with all of ``strategies``. When one of them raises, the others decide without it, and an
    alarm says which one failed. When ``decide`` itself raises, nothing of it is committed but that alarm."""
    left = STRATEGIES if strategies is None else strategies
    failed: dict[str, str] = {}
    watching = False
    while True:
        draft, asked = Draft(state, offset, at, numbers), [""]
        try:
            decide(draft, _watched(left, asked) if watching else left)
            changes = draft.commit()
            break
        except Exception as error:  # noqa: BLE001 - the alarms are more important than what is made of them
            if watching:
                failed[asked[-1]] = error_text(error)
                left = tuple(each for each in left if each.name != asked[-1])
            if "" in failed:
                changes = []
                break
            # The same once more, to see which strategy it is: asking each of them by name all the time would cost every Event.
            watching = True
    for name, text in failed.items():
        where = f"{what or 'an Event'} at offset {offset}: {text}"
        changes += _report(state, offset, at, numbers, name or what.partition(" ")[0], where, left)
    return changes


def _watched(strategies: tuple[Strategy, ...], asked: list[str]) -> tuple[Strategy, ...]:
    """The same strategies; the name of each goes to ``asked`` before it is asked."""
    return tuple(_watch(each, asked) for each in strategies)


def _watch(strategy: Strategy, asked: list[str]) -> Strategy:
    def touched(draft: Draft, before: Alarm | None, alarm: Alarm) -> None:
        asked.append(strategy.name)
        strategy.touched(draft, before, alarm)

    def repeated(draft: Draft, before: Alarm, alarm: Alarm) -> None:
        asked.append(strategy.name)
        if strategy.repeated is not None:
            strategy.repeated(draft, before, alarm)

    return strategy._replace(touched=touched, repeated=repeated)


def _report(
    state: State,
    offset: int,
    at: datetime,
    numbers: Numbers,
    name: str,
    text: str,
    left: tuple[Strategy, ...],
) -> list[Change]:
    """The alarm that the strategy ``name`` failed, shown to those that did not."""
    draft = Draft(state, offset, at, numbers)
    report = SystemReport(
        alarm_type=FAILED,
        active=True,
        severity="major",
        qualifier=name,
        title=f"Correlation failed: {name or 'faultd'} decided nothing, the other strategies went on",
        description=text,
    )
    fold_system(draft, report)
    touched = draft.touched()
    changes = draft.commit()
    return changes + _attempt(
        state, offset, at, numbers, FAILED, lambda draft, strategies: correlate(draft, strategies, touched), left
    )

"""Both folds, Event by Event, and what is different between them."""

from collections.abc import Callable
from contextlib import closing
from datetime import datetime
from pathlib import Path
from typing import get_args

import msgspec
from msgspec import Struct
from msgspec.structs import replace

from actors.correlator.draft import Draft
from actors.correlator.rules.memories import RuleMemory
from actors.correlator.rules.rule_changes import switch
from actors.correlator.rules.rule_registry import rule_records
from actors.correlator.settings import CorrelatorSettings
from actors.correlator.state import State
from actors.ledger.read import iterate_events, ledger_id
from actors.ledger.schema import connect_reader
from faultd.backtest.compare import differences
from faultd.backtest.dispatch_compare import DispatchComparison
from faultd.backtest.far_ends import FarEnds
from faultd.backtest.period import Beginning, PeriodRules, begin, of_rules, rules_today
from faultd.backtest.policies import policies_loaded, warnings_about, with_policies
from faultd.backtest.side import AlarmKey, Side
from faultd.pipe import Stages
from protocols.backtest import Result, TriedPart
from protocols.backtest_dispatch import DispatchResult, TicketFigures
from protocols.command import Command
from protocols.dispatch.channel import Channel
from protocols.dispatch.policy import NotificationPolicy
from protocols.event import Event, PolicyLoaded, RulesLoaded, Tick
from protocols.rule import Rule

AT_ONCE = 1_000
"""Events between two questions whether to go on."""


class Cancelled(Exception):
    """The caller no longer wants the answer."""


class Trial(Struct, frozen=True, kw_only=True):
    """The proposed rules, settings of ``[correlator]`` and notification policies. None keeps today's rules and settings, and
    the policies of each instant. ``added``: the proposed rules and policies are added to those of the files, and replace
    those of the same name. ``wakes``: pages by these channels at night wake somebody. ``person``: list the messages of this
    person."""

    rules: tuple[Rule, ...] | None = None
    added: bool = False
    settings: CorrelatorSettings | None = None
    policies: tuple[NotificationPolicy, ...] | None = None
    wakes: tuple[Channel, ...] = ("sms",)
    person: str = ""

    @property
    def of_correlator(self) -> bool:
        """True when alarms may fare differently."""
        return self.rules is not None or self.settings is not None


class _Trio:
    """The two sides, and what really happened when that is neither: commands and outcomes name alarms, notifications and
    tickets by the ids of that time."""

    def __init__(self, today: Side, new: Side, real: Side) -> None:
        self.today, self.new, self.real = today, new, real
        self.far_ends = [FarEnds(real, side) for side in (today, new) if side is not real]

    def feed(self, offset: int, at: datetime, event: Event, trial: Trial) -> None:
        ours = isinstance(event, Command) and bool(event.alarm_ids)
        named = {name: self.real.key(name) for name in event.alarm_ids} if ours and isinstance(event, Command) else {}
        changes = self.real.feed(offset, at, event)
        for far_ends in self.far_ends:
            side = far_ends.side
            given = far_ends.given(self._tried(side, event, trial), changes)
            if named and isinstance(given, Command):
                ids = (side.alarm_id(key) or name if key is not None else name for name, key in named.items())
                given = replace(given, alarm_ids=tuple(ids))
            # A Tick stands for what is left out: whatever is due comes at the same instant on every side.
            far_ends.settle(offset, at, changes, side.feed(offset, at, Tick() if given is None else given))

    def _tried(self, side: Side, event: Event, trial: Trial) -> Event:
        """The Event with what is tried in it."""
        if trial.of_correlator and of_rules(event):
            return Tick()
        if side is not self.new:
            return event
        if trial.settings is not None and isinstance(event, PolicyLoaded):
            return Tick()
        return event if trial.policies is None else with_policies(event, trial.policies, added=trial.added)


def backtest(
    path: Path,
    since: str,
    trial: Trial,
    *,
    most: int = 1_000,
    go_on: Callable[[int, int], bool] = lambda _done, _of: True,
) -> Result:
    """Fold the Events of the ledger at ``path`` from ``since`` on twice: as it is today and with ``trial``. Writes nothing.

    ``go_on`` receives the number of Events folded and the number of all Events; when it returns False, Cancelled is raised.
    Blocks. Raises LedgerError and BadPeriod.
    """
    with closing(connect_reader(path)) as connection:
        beginning = begin(connection, path, since)
        rules = rules_today(connection, path, beginning) if trial.of_correlator else None
        sides = _prepare(ledger_id(connection, path), beginning, rules, trial)
        dispatch = DispatchResult(
            wakes=trial.wakes, person=trial.person, tickets_today=TicketFigures(), tickets_new=TicketFigures()
        )
        result = Result(
            since=beginning.at,
            until=beginning.at,
            asked=beginning.asked,
            first=beginning.offset + 1,
            last=beginning.last,
            today=sides.today.figures,
            new=sides.new.figures,
            rules_changed=rules is not None and rules.changed,
            tried=tried_parts(trial),
            dispatch=dispatch,
        )
        comparison = DispatchComparison(sides.today.dispatch, sides.new.dispatch, dispatch, most)
        waiting: dict[AlarmKey, None] = {}
        for batch in iterate_events(connection, path, beginning.offset, beginning.last):
            for offset, event in enumerate(batch.events, batch.first):
                sides.feed(offset, batch.at, event, trial)
                result.events += 1
                if result.events % AT_ONCE == 0:
                    if not go_on(result.events, beginning.last - beginning.offset):
                        raise Cancelled
                    _compare_gone(sides, result, waiting, most)
                    comparison.compare_gone()
            result.until = batch.at
        for key in list({**sides.today.fates, **sides.new.fates}):
            _compare(sides, result, key, most)
        comparison.finish()
        dispatch.assumed = sides.far_ends[-1].assumed
        if trial.policies is not None:
            dispatch.warnings = list(warnings_about(sides.new.stages.dispatch, trial.policies))
    return result


def tried_parts(trial: Trial) -> tuple[TriedPart, ...]:
    """The parts of a trial that are given."""
    given = {"rules": trial.rules, "settings": trial.settings, "policies": trial.policies}
    return tuple(name for name in get_args(TriedPart) if given[name] is not None)


def _prepare(ledger: str, beginning: Beginning, rules: PeriodRules | None, trial: Trial) -> _Trio:
    """Sides with the same past. Where the rules did not change, today's side is what really happened."""

    def begun(name: str) -> Side:
        stages = Stages(ledger)
        stages.load(beginning.parts)
        return Side(name, stages, trial.wakes)

    at, apart = beginning.at, rules is not None and rules.changed
    today, new = begun("today"), begun("new")
    real = begun("real") if apart else today
    for side in (today, new) if rules is not None else ():
        assert rules is not None
        kept = msgspec.msgpack.decode(rules.memory, type=RuleMemory)
        own = side.state.memory(RuleMemory)
        names = {record.id: record.rule.name for record in (*own.records.values(), *kept.records.values())}
        side.name_rules(names)
        if apart:
            draft = Draft(side.state, 0, at)
            switch(draft, kept.records)
            side.note(draft.commit())
            own.overrides, own.digest, own.plugins = kept.overrides, kept.digest, kept.plugins
    trio = _Trio(today, new, real)
    if trial.rules is not None:
        plugins = new.state.memory(RuleMemory).plugins
        new.feed(0, at, RulesLoaded("backtest", (*_kept(new.state, trial), *trial.rules), plugins))
        new.name_rules({record.id: record.rule.name for record in rule_records(new.state)})
    if trial.settings is not None:
        new.feed(0, at, PolicyLoaded("backtest", msgspec.msgpack.encode(trial.settings)))
    if trial.policies is not None:
        for event in policies_loaded(new.stages.dispatch, trial.policies, added=trial.added):
            new.feed(0, new.state.at, event)
    for far_ends in trio.far_ends:
        for ticket_id in list(far_ends.side.stages.dispatch.tickets):
            far_ends.do_tasks(0, far_ends.side.state.at, ticket_id)
    return trio


def _kept(state: State, trial: Trial) -> list[Rule]:
    """Rules of files that stay beside those that are tried."""
    if not trial.added or trial.rules is None:
        return []
    names = {rule.name for rule in trial.rules}
    records = state.memory(RuleMemory).records.values()
    return [record.rule for record in records if record.origin == "file" and record.rule.name not in names]


def _compare_gone(sides: _Trio, result: Result, waiting: dict[AlarmKey, None], most: int) -> None:
    """Forget the alarms that both folds have forgotten."""
    for side in (sides.today, sides.new):
        waiting.update(dict.fromkeys(side.gone))
        side.gone.clear()
    for key in list(waiting):
        if sides.today.alarm_id(key) is None and sides.new.alarm_id(key) is None:
            del waiting[key]
            _compare(sides, result, key, most)


def _compare(sides: _Trio, result: Result, key: AlarmKey, most: int) -> None:
    today, new = sides.today.fates.pop(key, None), sides.new.fates.pop(key, None)
    if today is None and new is None:
        return
    for one in differences(key, today, new):
        result.found[one.what] = result.found.get(one.what, 0) + 1
        if len(result.differences) < most:
            result.differences.append(one)

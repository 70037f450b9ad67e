"""Both folds, Event by Event, and what is different between them."""

from collections.abc import Callable
from contextlib import closing
from datetime import datetime
from pathlib import Path

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
from faultd.backtest.period import begin, of_rules, rules_today
from faultd.backtest.side import AlarmKey, Side
from faultd.pipe import Stages
from protocols.backtest import Result
from protocols.command import Command
from protocols.event import Event, PolicyLoaded, RulesLoaded
from protocols.rule import Rule

AT_ONCE = 1_000
"""Events between two questions whether to go on."""


class Cancelled(Exception):
    """The caller no longer wants the answer."""


class Trial(Struct, frozen=True, kw_only=True):
    """The proposed rules and the proposed settings of ``[correlator]``; None keeps today's. ``added``: the proposed rules are
    added to those of the files and replace files' rules of the same name."""

    rules: tuple[Rule, ...] | None = None
    added: bool = False
    settings: CorrelatorSettings | None = None


class _Trio:
    """The two sides, and what really happened when that is neither: commands name alarms by the ids of that time."""

    def __init__(self, today: Side, new: Side, real: Side) -> None:
        self.today, self.new, self.real = today, new, real

    def feed(self, offset: int, at: datetime, event: Event, trial: Trial) -> None:
        ours = isinstance(event, Command) and bool(event.alarm_ids)
        named = {name: self.real.key(name) for name in event.alarm_ids} if ours and isinstance(event, Command) else {}
        if self.real is not self.today:
            self.real.feed(offset, at, event)
        for side in (self.today, self.new):
            given = event
            if of_rules(event):
                continue
            if side is self.new and isinstance(event, PolicyLoaded) and trial.settings is not None:
                continue
            if named and side is not self.real and isinstance(event, Command):
                ids = (side.alarm_id(key) or name if key is not None else name for name, key in named.items())
                given = replace(event, alarm_ids=tuple(ids))
            side.feed(offset, at, given)


def backtest(
    path: Path,
    since: str,
    trial: Trial,
    *,
    most: int = 1_000,
    go_on: Callable[[int, int], bool] = lambda _done, _of: True,
) -> Result:
    """Fold the Events of the ledger at ``path`` from ``since`` on twice: with today's rules and with ``trial``. Writes nothing.

    ``go_on`` receives the number of Events folded and the number of all Events; when it returns False, Cancelled is raised.
    Blocks. Raises LedgerError and BadPeriod.
    """
    with closing(connect_reader(path)) as connection:
        beginning = begin(connection, path, since)
        rules = rules_today(connection, path, beginning)
        sides = _prepare(ledger_id(connection, path), beginning.parts, rules.memory, trial, beginning.at, apart=rules.changed)
        result = Result(
            since=beginning.at,
            until=beginning.at,
            first=beginning.offset + 1,
            last=beginning.last,
            today=sides.today.figures,
            new=sides.new.figures,
            rules_changed=rules.changed,
        )
        waiting: dict[AlarmKey, None] = {}
        for batch in iterate_events(connection, path, beginning.offset, beginning.last):
            for offset, event in enumerate(batch.events, batch.first):
                sides.feed(offset, batch.at, event, trial)
                result.events += 1
                if result.events % AT_ONCE == 0:
                    if not go_on(result.events, beginning.last - beginning.offset):
                        raise Cancelled
                    _compare_gone(sides, result, waiting, most)
            result.until = batch.at
        for key in list({**sides.today.fates, **sides.new.fates}):
            _compare(sides, result, key, most)
    return result


def _prepare(ledger: str, parts: dict[str, bytes], memory: bytes, trial: Trial, at: datetime, *, apart: bool) -> _Trio:
    """Sides with the same past. Where the rules did not change, today's side is what really happened."""

    def begun(name: str) -> Side:
        stages = Stages(ledger)
        stages.load(parts)
        return Side(name, stages)

    today, new = begun("today"), begun("new")
    real = begun("real") if apart else today
    for side in (today, new):
        kept = msgspec.msgpack.decode(memory, type=RuleMemory)
        own = side.state.memory(RuleMemory)
        names = {record.id: record.rule.name for record in (*own.records.values(), *kept.records.values())}
        side.name_rules(names)
        if apart:
            draft = Draft(side.state, 0, at)
            switch(draft, kept.records)
            side.note(draft.commit())
            own.overrides, own.digest, own.plugins = kept.overrides, kept.digest, kept.plugins
    if trial.rules is not None:
        plugins = new.state.memory(RuleMemory).plugins
        new.feed(0, at, RulesLoaded("backtest", (*_kept(new.state, trial), *trial.rules), plugins))
        new.name_rules({record.id: record.rule.name for record in rule_records(new.state)})
    if trial.settings is not None:
        new.feed(0, at, PolicyLoaded("backtest", msgspec.msgpack.encode(trial.settings)))
    return _Trio(today, new, real)


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

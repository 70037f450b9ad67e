"""The host of plugins (entry points ``faultd.rules``): Python of others, in a process of its own for each plugin.

A plugin that raises, ends its process, or asks for what cannot be, is counted and reported (``rule.failed``). Nothing that it
asked for at that moment happens, and everything else goes on. A plugin that takes too long, or whose process was lost, is
reported, and after some times no longer asked. The time that a call took must not reach the fold, or a replay would differ: the
host measures it, and the consequence comes back as an Event (:class:`protocols.event.PluginStopped`).
"""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from importlib.metadata import entry_points
from time import perf_counter

import structlog
from msgspec import Struct

from actors.correlator.alarms.attachment import attach, children_of, hold_back, let_go
from actors.correlator.alarms.lifecycle import moved, severity_changed
from actors.correlator.alarms.raise_clear import SYSTEM
from actors.correlator.alarms.system import fold_system
from actors.correlator.draft import Draft
from actors.correlator.rules.memories import RuleMemory
from actors.correlator.rules.place import above
from actors.correlator.rules.plugin_process import Bounds, PluginError, PluginLost, PluginProcess
from actors.correlator.strategies.strategy import Strategy
from protocols.alarm import Alarm
from protocols.event import Event, PluginStopped, SystemReport
from protocols.plugin import GROUP, AddTags, Attach, HoldBack, LetGo, Plugin, PluginAction, RaiseSeverity
from protocols.severity import is_worse
from protocols.topology import Node

FAILED = "rule.failed"

_log = structlog.get_logger()


class PluginLimits(Struct, frozen=True):
    """``seconds`` that one call may take before it counts as an overrun; ``overruns`` after which the plugin is no longer
    asked; ``bounds`` at which its process is ended."""

    seconds: float = 0.05
    overruns: int = 10
    bounds: Bounds = Bounds()


class Host:
    """The plugins of this process. Not a part of the State: what it measures reaches the fold as Events only."""

    def __init__(
        self,
        plugins: Mapping[str, Plugin] | None = None,
        limits: PluginLimits | None = None,
        missing: Mapping[str, str] | None = None,
    ) -> None:
        """``missing``: plugins that are configured and could not be loaded, and why; each is reported (``rule.failed``)."""
        self.plugins = dict(sorted((plugins or {}).items()))
        self.limits = limits or PluginLimits()
        self.overruns: Counter[str] = Counter()
        self.slowest: dict[str, float] = {}
        self._types = {name: frozenset(plugin.alarm_types) for name, plugin in self.plugins.items()}
        self._reports: list[Event] = [
            _report(name, f"Plugin {name} is not asked: it could not be loaded", why, "major")
            for name, why in (missing or {}).items()
        ]

    def versions(self) -> dict[str, str]:
        """Name → version, as the ledger records them."""
        return {name: plugin.version for name, plugin in self.plugins.items()}

    def wants(self, name: str, alarm: Alarm) -> bool:
        """True when the plugin receives this alarm."""
        types = self._types[name]
        return not types or alarm.alarm_type in types

    def call(self, name: str, view: "DraftView", before: Alarm | None, alarm: Alarm) -> list[PluginAction]:
        """The actions that the plugin asks for. Raises :class:`PluginError`; a plugin in this process may raise anything."""
        started = perf_counter()
        lost = ""
        try:
            return list(self.plugins[name].touched(view, before, alarm) or ())
        except PluginLost as error:
            lost = str(error)
            raise
        finally:
            self._measure(name, perf_counter() - started, lost)

    def close(self) -> None:
        """End the processes of the plugins."""
        for plugin in self.plugins.values():
            if isinstance(plugin, PluginProcess):
                plugin.close()

    def take_reports(self) -> list[Event]:
        """Events that say what was measured since this was last asked."""
        reports, self._reports = self._reports, []
        return reports

    def put_back(self, reports: list[Event]) -> None:
        """They could not be sent now."""
        self._reports = [*reports, *self._reports]

    def _measure(self, name: str, seconds: float, lost: str) -> None:
        self.slowest[name] = max(self.slowest.get(name, 0.0), seconds)
        if seconds <= self.limits.seconds and not lost:
            return
        self.overruns[name] += 1
        times, limit = self.overruns[name], self.limits
        _log.warning("a plugin overran its limits", plugin=name, seconds=round(seconds, 3), times=times, lost=lost)
        if times == limit.overruns:
            why = f"took longer than {limit.seconds:g} s for one alarm, or lost its process, {times} times"
            why += f"; the last time: {lost}" if lost else f"; the longest took {self.slowest[name]:.3f} s"
            self._reports.append(PluginStopped(name, self.plugins[name].version, why))
        elif times < limit.overruns and not lost:  # a lost process is reported by the fold, as a failure
            text = f"took {seconds:.3f} s for one alarm, more than {limit.seconds:g} s: {times} of {limit.overruns} times"
            self._reports.append(_report(name, f"Plugin {name} is slow", text, "warning"))


class DraftView:
    """The state as a plugin may see it. What it asks by comes from alarms, so it need not be a text: nothing is called that."""

    __slots__ = ("_draft",)

    def __init__(self, draft: Draft) -> None:
        self._draft = draft

    @property
    def now(self) -> datetime:
        return self._draft.at

    def alarm(self, name: str) -> Alarm | None:
        return self._draft.get(name) if isinstance(name, str) else None

    def at_resource(self, resource_id: str) -> Sequence[Alarm]:
        return self._draft.at_resource(resource_id) if isinstance(resource_id, str) else ()

    def children(self, alarm_id: str) -> Sequence[Alarm]:
        return children_of(self._draft, alarm_id) if isinstance(alarm_id, str) else ()

    def node(self, node_id: str) -> Node | None:
        return self._draft.state.plant.nodes.get(node_id) if isinstance(node_id, str) else None

    def above(self, node_id: str) -> Sequence[str]:
        return above(self._draft.state.plant, node_id) if isinstance(node_id, str) else ()


_host = Host()


def install(host: Host) -> Host:
    """Ask this host's plugins from now on, in every fold of this process."""
    global _host
    _host = host
    return host


def installed() -> Host:
    """The host in use."""
    return _host


def load_plugins(names: Iterable[str], bounds: Bounds) -> tuple[dict[str, PluginProcess], dict[str, str]]:
    """The plugins of these names, each in a process of its own, and why others could not be loaded, by name. Blocks."""
    there = sorted({point.name for point in entry_points(group=GROUP)})
    plugins: dict[str, PluginProcess] = {}
    missing: dict[str, str] = {}
    for name in names:
        if name not in there:
            missing[name] = f"no plugin {name!r} is installed; there are: {', '.join(there) or 'none'}"
            continue
        try:
            plugins[name] = PluginProcess(name, bounds)
        except PluginError as error:
            missing[name] = f"plugin {name!r} cannot be loaded: {error}"
    return plugins, missing


def touched(draft: Draft, before: Alarm | None, alarm: Alarm) -> None:
    """Ask the plugins that the ledger names, as far as this process has them in that version."""
    host = _host
    if not host.plugins or alarm.resource_id == SYSTEM:
        return
    memory = draft.state.memory(RuleMemory)
    for name, plugin in host.plugins.items():
        if memory.plugins.get(name) != plugin.version or name in memory.disabled_plugins or not host.wants(name, alarm):
            continue
        try:
            actions = host.call(name, DraftView(draft), before, draft.latest(alarm))
            ready = [_prepared(draft, action) for action in actions]
        except Exception as error:  # noqa: BLE001 - the sandbox: whatever the code of others trips over, the fold goes on
            draft.note(f"plugin_failed:{name}")
            text = f"for alarm {alarm.alarm_id}: {type(error).__name__}: {error}"
            fold_system(draft, _report(name, f"Plugin {name} failed: nothing of what it asked for was done", text, "major"))
            continue
        for action in ready:
            _do(draft, name, action)


def fold_stopped(draft: Draft, event: PluginStopped) -> None:
    """Stop calling a plugin until the rules are loaded again."""
    memory = draft.state.memory(RuleMemory)
    if memory.plugins.get(event.name) == event.version and event.name not in memory.disabled_plugins:
        draft.set(memory.disabled_plugins, event.name, event.why)
        release(draft, {event.name: f"plugin {event.name} is no longer asked"})
        fold_system(draft, _report(event.name, f"Plugin {event.name} is no longer asked", event.why, "major"))


def release(draft: Draft, gone: dict[str, str]) -> None:
    """Release the alarms held back by plugins that are no longer called (``gone``: plugin → reason)."""
    held = {f"plugin/{name}": (name, why) for name, why in gone.items()}
    for alarm in list(draft.state.alarms.values()):
        for each in alarm.suppressed_by:
            if each.by in held:
                name, why = held[each.by]
                let_go(draft, alarm, "rule", each.by, f"plugin/{name}", why)


def forgive(draft: Draft, plugins: dict[str, str]) -> None:
    """The rules were loaded again with these plugins: failed ones are called again, and missing ones release their alarms."""
    gone = [name for name in draft.state.memory(RuleMemory).plugins if name not in plugins]
    if gone:
        release(draft, {name: f"plugin {name} is no longer asked" for name in gone})
    fold_system(draft, SystemReport(alarm_type=FAILED, active=False, qualifier="*", description="rules loaded anew"))


def _report(name: str, title: str, text: str, severity: str) -> SystemReport:
    return SystemReport(
        alarm_type=FAILED,
        active=True,
        severity=severity,  # type: ignore[arg-type]
        qualifier=name,
        title=title,
        description=text,
    )


def _prepared(draft: Draft, action: PluginAction) -> PluginAction:
    """The action, if the alarms that it names are there. Raises :class:`PluginError`."""
    for name in (action.child, action.parent) if isinstance(action, Attach) else (action.alarm,):
        if draft.get(name) is None:
            raise PluginError(f"there is no alarm {name!r}")
    if isinstance(action, RaiseSeverity) and action.severity == "cleared":
        raise PluginError("an alarm is not cleared by a severity")
    return action


def _do(draft: Draft, name: str, action: PluginAction) -> None:
    alarm = draft.get(action.child if isinstance(action, Attach) else action.alarm)
    assert alarm is not None
    rule = f"plugin/{name}"
    match action:
        case Attach():
            cause = draft.get(action.parent)
            assert cause is not None
            if alarm.parent_alarm_id is None and alarm.tenant_id == cause.tenant_id:
                attach(draft, alarm, cause, rule, action.why, suppress=action.suppress)
        case HoldBack():
            hold_back(draft, alarm, "rule", rule, rule, action.why)
        case LetGo():
            let_go(draft, alarm, "rule", rule, rule, action.why)
        case AddTags():
            tags = tuple(tag for tag in dict.fromkeys(action.tags) if tag not in alarm.tags)
            if tags:
                draft.put(moved(alarm, tags=(*alarm.tags, *tags)), "tagged", f"faultd:{rule}", action.why, tags=list(tags))
        case RaiseSeverity():
            if is_worse(action.severity, alarm.severity):
                text = f"{alarm.severity} to {action.severity}: {action.why}"
                draft.put(severity_changed(alarm, action.severity), "severity_changed", f"faultd:{rule}", text)


STRATEGY = Strategy("plugins", touched)

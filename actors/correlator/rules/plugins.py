"""The host of plugins (entry points ``faultd.rules``): Python in the fold, in a sandbox.

A plugin that raises, or asks for what cannot be, is counted and told of (``rule.failed``), nothing of what it asked for at that
moment happens, and everything else goes on. A plugin that takes too long is told of, and after some times no longer asked; one
that does not come back is interrupted. How long it took is nothing that the fold may know, or a replay would differ: the host
measures it, and what follows from it comes back as an Event (:class:`protocols.event.PluginStopped`).
"""

from collections import Counter
from collections.abc import Iterable, Sequence
from datetime import datetime
from importlib.metadata import EntryPoint, entry_points
from time import perf_counter

import msgspec
import structlog
from msgspec import Struct

from actors.correlator.draft import Draft
from actors.correlator.family import attach, children_of, hold_back, let_go
from actors.correlator.lifecycle import moved, severity_changed
from actors.correlator.own import fold_system
from actors.correlator.problems import SYSTEM
from actors.correlator.rules.memories import RuleMemory
from actors.correlator.rules.place import above
from actors.correlator.rules.watch import PluginInterrupted, Watch
from actors.correlator.strategy import Strategy
from protocols.alarm import Alarm
from protocols.event import Event, PluginStopped, SystemReport
from protocols.plugin import AddTags, Attach, HoldBack, LetGo, Plugin, PluginAction, RaiseSeverity
from protocols.severity import is_worse
from protocols.topology import Node

GROUP = "faultd.rules"
FAILED = "rule.failed"
MAX_ACTIONS = 1_000
"""That a plugin may ask for at once."""

_log = structlog.get_logger()
_check = msgspec.convert


class PluginError(ValueError):
    """A plugin that cannot be loaded, or an action that cannot be."""


class Limits(Struct, frozen=True):
    """Seconds that one call may take before it counts as an overrun; how many of these; and seconds after which it is
    interrupted."""

    seconds: float = 0.05
    overruns: int = 10
    stop_seconds: float = 2.0


class Host:
    """The plugins of this process. Not a part of the State: what it measures reaches the fold as Events only."""

    def __init__(self, plugins: dict[str, Plugin] | None = None, limits: Limits | None = None) -> None:
        self.plugins = dict(sorted((plugins or {}).items()))
        self.limits = limits or Limits()
        self.overruns: Counter[str] = Counter()
        self.slowest: dict[str, float] = {}
        self._types = {name: frozenset(plugin.alarm_types) for name, plugin in self.plugins.items()}
        self._watch = Watch(self.limits.stop_seconds)
        self._news: list[Event] = []

    def versions(self) -> dict[str, str]:
        """Name → version, as the ledger records them."""
        return {name: plugin.version for name, plugin in self.plugins.items()}

    def wants(self, name: str, alarm: Alarm) -> bool:
        """Whether the plugin is to hear of the alarm."""
        types = self._types[name]
        return not types or alarm.alarm_type in types

    def call(self, name: str, view: "DraftView", before: Alarm | None, alarm: Alarm) -> list[PluginAction]:
        """What the plugin asks for. Raises whatever it raises; :class:`PluginError` when it was interrupted."""
        started = perf_counter()
        try:
            self._watch.enter(name)
            try:
                found = self.plugins[name].touched(view, before, alarm)
                return _checked(found)
            finally:
                self._watch.leave()
        except PluginInterrupted:
            self._watch.leave()
            raise PluginError(f"interrupted after {self.limits.stop_seconds:g} s") from None
        finally:
            self._measure(name, perf_counter() - started)

    def take_news(self) -> list[Event]:
        """Events that say what was measured since this was last asked."""
        news, self._news = self._news, []
        return news

    def put_back(self, news: list[Event]) -> None:
        """They could not be sent now."""
        self._news = [*news, *self._news]

    def _measure(self, name: str, seconds: float) -> None:
        self.slowest[name] = max(self.slowest.get(name, 0.0), seconds)
        if seconds <= self.limits.seconds:
            return
        self.overruns[name] += 1
        _log.warning("a plugin took too long", plugin=name, seconds=round(seconds, 3), times=self.overruns[name])
        times, limit = self.overruns[name], self.limits
        if times == limit.overruns:
            why = f"took longer than {limit.seconds:g} s for one alarm {times} times, once {self.slowest[name]:.3f} s"
            self._news.append(PluginStopped(name, self.plugins[name].version, why))
        elif times < limit.overruns:
            text = f"took {seconds:.3f} s for one alarm, more than {limit.seconds:g} s: {times} of {limit.overruns} times"
            self._news.append(_report(name, f"Plugin {name} is slow", text, "warning"))


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


def load_plugins(names: Iterable[str], found: Iterable[EntryPoint] | None = None) -> dict[str, Plugin]:
    """The plugins of these names. Raises :class:`PluginError` naming each that is not there, or cannot be made."""
    points = {point.name: point for point in (entry_points(group=GROUP) if found is None else found)}
    plugins: dict[str, Plugin] = {}
    wrong: list[str] = []
    for name in names:
        point = points.get(name)
        if point is None:
            wrong.append(f"no plugin {name!r} is installed; there are: {', '.join(sorted(points)) or 'none'}")
            continue
        try:
            plugin = point.load()()
            if not (isinstance(plugin.version, str) and callable(plugin.touched)):
                raise TypeError("version is no text, or touched no function")
            tuple(plugin.alarm_types)
        except Exception as error:  # noqa: BLE001 - whatever the code of others does when it is loaded
            wrong.append(f"plugin {name!r} cannot be loaded: {type(error).__name__}: {error}")
            continue
        plugins[name] = plugin
    if wrong:
        raise PluginError("; ".join(wrong))
    return plugins


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
            draft.later(draft.state.note, f"plugin_failed:{name}")
            text = f"for alarm {alarm.alarm_id}: {type(error).__name__}: {error}"
            fold_system(draft, _report(name, f"Plugin {name} failed: nothing of what it asked for was done", text, "major"))
            continue
        for action in ready:
            _do(draft, name, action)


def fold_stopped(draft: Draft, event: PluginStopped) -> None:
    """No longer ask a plugin, until the rules are loaded anew."""
    memory = draft.state.memory(RuleMemory)
    if memory.plugins.get(event.name) == event.version and event.name not in memory.disabled_plugins:
        draft.later(memory.disabled_plugins.__setitem__, event.name, event.why)
        release(draft, {event.name: f"plugin {event.name} is no longer asked"})
        fold_system(draft, _report(event.name, f"Plugin {event.name} is no longer asked", event.why, "major"))


def release(draft: Draft, gone: dict[str, str]) -> None:
    """Let go what plugins hold back that are no longer asked (``gone``: plugin → why)."""
    held = {f"plugin/{name}": (name, why) for name, why in gone.items()}
    for alarm in list(draft.state.alarms.values()):
        for each in alarm.suppressed_by:
            if each.by in held:
                name, why = held[each.by]
                let_go(draft, alarm, "rule", each.by, f"plugin/{name}", why)


def forgive(draft: Draft, plugins: dict[str, str]) -> None:
    """Rules have been loaded anew, with these plugins: what failed before is tried again, and what is gone holds nothing."""
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


def _checked(found: Iterable[PluginAction]) -> list[PluginAction]:
    actions: list[PluginAction] = []
    for action in found or ():
        if not isinstance(action, PluginAction):
            raise PluginError(f"{type(action).__name__} is no action")
        # A Struct made by hand holds whatever it was given: its types are checked here.
        actions.append(_check(msgspec.to_builtins(action), type(action)))
        if len(actions) > MAX_ACTIONS:
            raise PluginError(f"asked for more than {MAX_ACTIONS} actions at once")
    return actions


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

"""Routing trees: a policy with its matches compiled, and what each route has from the routes above it. Pure."""

from collections.abc import Callable, Iterator
from typing import Any, NamedTuple
from zoneinfo import ZoneInfo

from actors.dispatcher.policies.notice import NOTICE_FIELDS, Notice, notice_field
from protocols.conditions.checks import Check, compile_condition, unknown_field
from protocols.conditions.mistakes import Mistakes, PlacedMistake, pointer_of
from protocols.dispatch.local_hours import interval_at, never_end
from protocols.dispatch.policy import NotificationPolicy, PolicyAction, Route
from protocols.dispatch.quiet_hours import LocalHours, QuietHours
from protocols.recurrence.occurrences import zone_of
from protocols.recurrence.rule import PlanError
from protocols.rule import Matcher
from protocols.sla.local_time import SECOND
from protocols.toml_lines import Path

MOST_DEEP = 8
"""Routes below routes."""
MOST_ROUTES = 1_000
"""Routes of one policy."""
MOST_ACTIONS = 1_000
"""Actions of one policy."""


class RoutedAction(NamedTuple):
    """An action that a policy wants for a cause. Times are in microseconds."""

    policy_id: str
    name: str
    """Of the policy."""
    pointer: str
    """The place of the action in the policy: ``/routes/0/actions/1``."""
    action: PolicyAction
    group_by: tuple[str, ...]
    group_wait: int
    group_interval: int
    repeat_interval: int
    quiet_hours: QuietHours | None
    zone: str
    """Of ``quiet_hours``."""
    if_configured: bool
    """Left out where it tells an address by a channel that the configuration lacks."""


class _Inherited(NamedTuple):
    """Settings of a route that the ones below it have too, unless they say otherwise."""

    group_by: tuple[str, ...] = ("alarm_id",)
    group_wait: int = 0
    group_interval: int = 300 * SECOND
    repeat_interval: int = 14_400 * SECOND
    quiet_hours: QuietHours | None = None
    zone: str = "UTC"
    if_configured: bool = False


class RouteNode(NamedTuple):
    """A route of a compiled tree. ``actions`` are its own."""

    checks: tuple[tuple[Callable[[Notice], Any], Check], ...]
    hours: LocalHours | None
    zone: ZoneInfo
    continues: bool
    actions: tuple[RoutedAction, ...]
    below: tuple["RouteNode", ...]
    pointer: str

    def matches(self, notice: Notice, now: int) -> bool:
        """True when the cause matches, at a time at which the route does."""
        if not all(check(take(notice)) for take, check in self.checks):
            return False
        return self.hours is None or interval_at(self.hours, self.zone, now) is not None

    def reached(self, notice: Notice, now: int) -> Iterator["RouteNode"]:
        """The routes whose actions are taken for a cause that matches this one: those below that match, or this one."""
        found = False
        for route in self.below:
            if route.matches(notice, now):
                found = True
                yield from route.reached(notice, now)
                if not route.continues:
                    break
        if not found:
            yield self


class PolicyTree(NamedTuple):
    """A policy made ready. ``root`` is None when there are mistakes."""

    root: RouteNode | None
    mistakes: tuple[PlacedMistake, ...]


def compile_policy(policy_id: str, policy: NotificationPolicy) -> PolicyTree:
    """The tree of a policy, or every mistake in it that needs no knowledge of people: unknown fields, wrong values, bad
    patterns, unknown zones, steps out of order, too many routes."""
    mistakes = Mistakes()
    _check_size(policy, mistakes)
    if mistakes.found:
        return PolicyTree(None, tuple(mistakes.found))
    root = _compile(policy_id, policy.name, policy, (), _Inherited(if_configured=policy.if_configured), mistakes)
    found = tuple(dict.fromkeys(mistakes.found))
    return PolicyTree(None if found else root, found)


def _compile(policy_id: str, name: str, route: Route, path: Path, above: _Inherited, mistakes: Mistakes) -> RouteNode:
    settings = _settings(route, above)
    zone = _zone(route.time_zone, settings.zone, (*path, "time_zone"), mistakes)
    if route.quiet_hours is not None and never_end(route.quiet_hours, zone):
        mistakes.add((*path, "quiet_hours"), "never end")
    for number, field in enumerate(route.group_by or ()):
        _check_group_field(field, (*path, "group_by", number), mistakes)
    actions = []
    for number, action in enumerate(route.actions):
        where: Path = (*path, "actions", number)
        _check_steps(action, where, mistakes)
        actions.append(RoutedAction(policy_id, name, pointer_of(where), action, *settings))
    return RouteNode(
        _checks(route.match, (*path, "match"), mistakes),
        route.hours,
        zone,
        route.continue_,
        tuple(actions),
        tuple(
            _compile(policy_id, name, below, (*path, "routes", number), settings, mistakes)
            for number, below in enumerate(route.routes)
        ),
        pointer_of(path),
    )


def _settings(route: Route, above: _Inherited) -> _Inherited:
    given: dict[str, Any] = {}
    for name in ("group_wait", "group_interval", "repeat_interval"):
        span = getattr(route, name)
        if span is not None:
            given[name] = round(span * SECOND)
    if route.group_by is not None:
        given["group_by"] = route.group_by
    if route.time_zone is not None:
        given["zone"] = route.time_zone
    if route.quiet_hours is not None:
        given["quiet_hours"] = route.quiet_hours
    return above._replace(**given)


def _zone(given: str | None, name: str, path: Path, mistakes: Mistakes) -> ZoneInfo:
    try:
        return zone_of(name)
    except PlanError as error:
        if given is not None:
            mistakes.add(path, error.text)
        return ZoneInfo("UTC")


def _checks(match: Matcher, path: Path, mistakes: Mistakes) -> tuple[tuple[Callable[[Notice], Any], Check], ...]:
    checks = []
    for name, condition in match.items():
        found = notice_field(name)
        if found is None:
            mistakes.add((*path, name), unknown_field(name, NOTICE_FIELDS))
            continue
        field, take = found
        checks.append((take, compile_condition(field, condition, (*path, name), mistakes)))
    return tuple(checks)


def _check_group_field(name: str, path: Path, mistakes: Mistakes) -> None:
    found = notice_field(name)
    if found is None:
        mistakes.add(path, f"{name!r}: {unknown_field(name, NOTICE_FIELDS)}")
    elif found[0].kind == "time":
        mistakes.add(path, f"{name!r} is a time: causes cannot be grouped by it")


def _check_steps(action: PolicyAction, path: Path, mistakes: Mistakes) -> None:
    before = -1.0
    for number, step in enumerate(action.escalate or ()):
        where: Path = (*path, "escalate", number)
        if step.after_seconds < before:
            mistakes.add((*where, "after_seconds"), f"{step.after_seconds:g} is before {before:g} of the step before it")
        before = max(before, step.after_seconds)
        _zone(step.time_zone, step.time_zone or "UTC", (*where, "time_zone"), mistakes)


def _check_size(policy: NotificationPolicy, mistakes: Mistakes) -> None:
    routes = actions = 0
    level: list[Route] = [policy]
    for _ in range(MOST_DEEP + 1):
        routes, actions = routes + len(level), actions + sum(len(route.actions) for route in level)
        level = [below for route in level for below in route.routes]
    if level:
        mistakes.add(("routes",), f"routes stand below routes, more than {MOST_DEEP} deep")
    if routes > MOST_ROUTES + 1:
        mistakes.add(("routes",), f"there are {routes - 1:,} routes; at most {MOST_ROUTES:,} are allowed")
    if actions > MOST_ACTIONS:
        mistakes.add(("actions",), f"there are {actions:,} actions; at most {MOST_ACTIONS:,} are allowed")

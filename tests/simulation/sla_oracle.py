"""What must be true of service level agreements: told by the facts alone, as slowly and plainly as can be.

The time of a period is cut at every instant at which a fact begins or ends. Within such a piece nothing changes, so the instant
in its middle tells for all of it whether the service was excluded, down, not seen or up.
"""

from collections.abc import Callable, Iterable, Iterator, Sequence
from datetime import datetime
from itertools import islice, pairwise
from typing import NamedTuple

from actors.correlator.state import State
from actors.sla_clock.books.period_choice import Period, contract_of, period_of
from actors.sla_clock.deadlines import NEVER
from actors.sla_clock.state import SlaState
from protocols.change import Change
from protocols.command import Command
from protocols.event import ClockJumped, Event
from protocols.sla.actions import CorrectOutage
from protocols.sla.breach import BreachType, SlaBreach
from protocols.sla.changes import (
    SlaBreachChanged,
    SlaInstanceChanged,
    SlaNotificationRequested,
    SlaPeriodClosed,
)
from protocols.sla.definition import SlaTerms
from protocols.sla.exclusion import ExclusionScope
from protocols.sla.instance import SlaInstance
from protocols.sla.local_time import SECOND, instant_at
from protocols.sla.outage import SlaOutage
from protocols.sla.period_figures import PeriodFigures
from protocols.sla.periods import period_at

BILLION = 1_000_000_000
MEASURED: tuple[BreachType, ...] = ("latency", "packet_loss", "bandwidth")
Violate = Callable[[str], None]


class SlaHistory:
    """Follows the Changes of the uninterrupted fold: each breach is opened once, each revision follows the one before."""

    def __init__(self, violate: Violate) -> None:
        self._violate = violate
        self.breaches: dict[str, SlaBreach] = {}
        self.closed: dict[tuple[str, int], PeriodFigures] = {}
        self.suspended: set[str] = set()
        """Instances that were suspended at any time."""
        self.moved: set[str] = set()
        """Instances whose resources were changed: what was closed before is of the former ones."""
        self._resources: dict[str, tuple[str, ...]] = {}
        self.corrected: set[str] = set()
        """Alarms of which an operator corrected an interval."""
        self.jumped = False
        self._availability: dict[tuple[str, int], str] = {}
        self._told: dict[str, bool] = {}
        """Whether people were to hear that a breach was opened, by its id: not twice without a withdrawal."""
        self._began: datetime | None = None
        self._outages: dict[str, SlaOutage] = {}
        """The intervals before the Event."""
        self._stated = 0
        """Microseconds by which corrections made outages longer, and by which intervals that overlapped count beside each
        other since a jump of the clock moved one of them. Corrections can be many: the clock may jump between the reading of an
        outage and its correction."""

    def follow(self, stamps: tuple[datetime, datetime], event: Event, changes: Iterable[Change], state: SlaState) -> None:
        """One Event, the Changes that it came to, and the state behind it. ``stamps``: its time, and the time that it would
        have had the clock never jumped."""
        at, elapsed = stamps
        self._began = self._began or elapsed
        self.jumped = self.jumped or isinstance(event, ClockJumped)
        if isinstance(event, Command) and isinstance(event.action, CorrectOutage):
            self.corrected.add(event.action.outage_id.rpartition(".")[0])
            self._correction(event.action.outage_id, instant_at(at), state)
        for change in changes:
            match change:
                case SlaInstanceChanged(instance=instance):
                    if instance.suspended:
                        self.suspended.add(instance.id)
                    if self._resources.setdefault(instance.id, instance.resources) != instance.resources:
                        self.moved.add(instance.id)
                case SlaBreachChanged(breach=breach):
                    self._breach(at, breach)
                    if breach.revision == 1 and breach.type == "availability":
                        self._long_enough(elapsed, breach, state)
                case SlaPeriodClosed(figures=figures):
                    self._period(at, figures)
                case SlaNotificationRequested(kind="breach_opened", breach_id=breach_id):
                    if self._told.get(breach_id):
                        self._violate(f"people hear twice that {breach_id} was opened")
                    self._told[breach_id] = True
        if isinstance(event, ClockJumped):
            self._lengths_stay(event, state)
        self._outages = dict(state.outages)

    def _lengths_stay(self, event: ClockJumped, state: SlaState) -> None:
        """A jump of the clock leaves every outage the time that it has lasted, and none in the future."""
        before, after = instant_at(event.before), instant_at(event.after)
        self._stated += self._parted(before, state)
        for name, known in self._outages.items():
            moved = state.outages[name]
            if moved.corrected or (known.end is None) != (moved.end is None):
                continue  # it was stated, or the Event ends it
            lasted = (before if known.end is None else known.end) - known.start
            if (after if moved.end is None else moved.end) - moved.start != lasted:
                self._violate(f"the clock jumped by {after - before}, and {known} became {moved}")
            if moved.end is not None and moved.end > after:
                self._violate(f"{moved} ends in the future: the clock was set to {after}")

    def _parted(self, before: int, state: SlaState) -> int:
        """The overlaps of intervals that the jump moved by different times: what has ended keeps its date, what lasts moves."""
        found = 0
        for number, (name, known) in enumerate(self._outages.items()):
            for other_name, other in islice(self._outages.items(), number + 1, None):
                shift, other_shift = (
                    state.outages[each].start - was.start for each, was in ((name, known), (other_name, other))
                )
                ends = [before if each.end is None else each.end for each in (known, other)]
                if shift != other_shift:
                    found += max(0, min(ends) - max(known.start, other.start))
        return found

    def _correction(self, outage_id: str, now: int, state: SlaState) -> None:
        before, after = self._outages.get(outage_id), state.outages.get(outage_id)
        if before is not None and after is not None:
            known, stated = (min(now, NEVER if each.end is None else each.end) for each in (before, after))
            self._stated += max(0, before.start - after.start) + max(0, stated - known)

    def _breach(self, at: datetime, breach: SlaBreach) -> None:
        before = self.breaches.get(breach.id)
        if breach.revision != (1 if before is None else before.revision + 1):
            self._violate(f"{breach.id} has revision {breach.revision} after {before and before.revision}")
        if breach.withdrawn:
            self._told[breach.id] = False
        elif (
            breach.start > instant_at(at)
            and not self.jumped
            and breach.type in ("availability", "response_time", "resolution_time")
        ):
            # The clock of whoever measures may be a little ahead.
            self._violate(f"{breach.id} begins at {breach.start}, and it is {at}")
        if breach.type == "availability":
            key = breach.instance_id, breach.period_start
            if self._availability.setdefault(key, breach.id) != breach.id:
                self._violate(f"{breach.id} and {self._availability[key]} are breaches of one budget")
        self.breaches[breach.id] = breach

    def _long_enough(self, elapsed: datetime, breach: SlaBreach, state: SlaState) -> None:
        """No jump of the clock used up a budget: as much time has really passed since the first Event."""
        instance, versions = state.instances.get(breach.instance_id), state.definitions.get(breach.definition_id)
        if instance is None or versions is None:
            return
        terms = versions[breach.definition_version - 1].terms
        if terms.exclude_maintenance and state.maintenance.histories:
            return  # they make budgets smaller
        end = period_at(terms.period, breach.period_start)[1]
        contract = min(end, contract_of(instance)[1]) - max(breach.period_start, instance.start)
        contract = max(0, contract - sum(each.end - each.start for each in state.exclusions.values()))
        budget = contract * (BILLION - (terms.availability_target or 0)) // BILLION
        assert self._began is not None
        passed = (elapsed - self._began).total_seconds() + self._stated / SECOND + 1
        if passed * SECOND < budget:
            self._violate(f"{breach.id} used a budget of {budget / SECOND} s in {passed} s")

    def _period(self, at: datetime, figures: PeriodFigures) -> None:
        key = figures.instance_id, figures.start
        before = self.closed.get(key)
        if figures.revision != (1 if before is None else before.revision + 1):
            self._violate(f"period {key} has revision {figures.revision} after {before and before.revision}: {figures}")
        if figures.end > instant_at(at):
            self._violate(f"period {key} is closed before its end: {figures}")
        if figures.up + figures.down + figures.excluded + figures.unknown != figures.contract:
            self._violate(f"the shares of period {key} are not the contract time: {figures}")
        self.closed[key] = figures


class Shares(NamedTuple):
    """Microseconds, and the instant at which the downtime exceeded the budget."""

    contract: int
    down: int
    excluded: int
    unknown: int
    budget: int | None
    broken: int | None


def judge_agreements(violate: Violate, history: SlaHistory, state: SlaState, now: int) -> None:
    """Nothing is under way any more: running periods, closed ones within reach and their breaches are what the facts say."""
    if state.pending:
        violate(f"work of the SLA clock is left: {list(state.work.values())!r:.300}")
    for instance in state.instances:
        running = period_of(state, instance, now)
        if running is not None:
            _judge_running(violate, history, state, instance, running, now)
        at = now if running is None else running.start
        before = period_of(state, instance, at - 1)
        if before is not None and before.end <= now and not history.jumped:
            _judge_closed(violate, history, state, instance, before)


def _judge_running(
    violate: Violate, history: SlaHistory, state: SlaState, instance: SlaInstance, period: Period, now: int
) -> None:
    if now < instance.start:
        return  # the contract has no account before it begins
    found = shares_of(state, instance, period, now)
    if found is not None and not instance.suspended:
        _judge_breach(violate, history, instance, period, found, now)
        _judge_lasting(violate, history, state, instance, period, now)


def _judge_closed(violate: Violate, history: SlaHistory, state: SlaState, instance: SlaInstance, period: Period) -> None:
    closed = history.closed.get((instance.id, period.start))
    found = shares_of(state, instance, period, period.end)
    if found is None or closed is None or instance.id in history.suspended | history.moved:
        return
    if any("/" in resource for resource in instance.resources):
        return  # a node that people move
    if (closed.definition_id, closed.definition_version) != (period.definition.id, period.definition.version):
        return  # the begin of the contract was changed, and with it the version that applies
    told = closed.contract, closed.down, closed.excluded, closed.unknown, closed.budget
    if told != found[:5]:
        violate(f"{instance.id} closed {told} from {period.start} to {period.end}, and the facts say {found}")
    _judge_breach(violate, history, instance, period, found, period.end)


def _judge_breach(
    violate: Violate, history: SlaHistory, instance: SlaInstance, period: Period, found: Shares, now: int
) -> None:
    standing = _standing(history, instance, period)
    if (found.broken is not None and found.broken <= now) != bool(standing):
        violate(f"{instance.id}: until {now} the facts say {found}, and its breaches are {standing!r:.600}")
    elif standing and standing[0].start != found.broken:
        violate(f"{standing[0].id} begins at {standing[0].start}, and the facts say {found}")


def _judge_lasting(
    violate: Violate, history: SlaHistory, state: SlaState, instance: SlaInstance, period: Period, now: int
) -> None:
    """The account and the breach know whether the service is down: a clear was examined."""
    facts = _Facts(state, instance, period.definition.id)
    down = facts.bad(period.definition.terms, now)
    account = state.accounts.get(instance.id)
    if (account is not None and account.lasts) != down:
        violate(f"{instance.id}: the service is {'down' if down else 'up'} at {now}, and its account is {account}")
    for breach in _standing(history, instance, period):
        if breach.resolved == down:
            violate(f"{instance.id}: the service is {'down' if down else 'up'} at {now}, and its breach is {breach}")


def judge_outages(violate: Violate, history: SlaHistory, state: SlaState, correlator: State) -> None:
    """Every open alarm that has an effect on service has an interval that lasts, or was set aside since it concerns nobody; and
    every such interval has an open alarm. Unless an operator said otherwise."""
    lasting = {each.alarm_id for each in state.outages.values() if each.end is None}
    known = lasting | history.corrected | set(state.aside.by_id)
    for alarm in correlator.alarms.values():
        if alarm.cleared_at is None and alarm.service_effect != "none" and alarm.id not in known:
            violate(f"{alarm.alarm_id} is open, and no outage of it lasts")
    for alarm_id in sorted(lasting - history.corrected):
        alarm_now = correlator.alarms.get(alarm_id)
        if alarm_now is None or alarm_now.cleared_at is not None:
            violate(f"an outage of {alarm_id} lasts, and its alarm is not open")


def _standing(history: SlaHistory, instance: SlaInstance, period: Period) -> list[SlaBreach]:
    return [
        breach
        for breach in history.breaches.values()
        if breach.type == "availability"
        and (breach.instance_id, breach.period_start) == (instance.id, period.start)
        and not breach.withdrawn
    ]


def shares_of(state: SlaState, instance: SlaInstance, period: Period, until: int) -> Shares | None:
    """The shares of a period until ``until``; None where planned work is part of it."""
    terms = period.definition.terms
    if terms.exclude_maintenance and state.maintenance.histories:
        return None
    start, end = contract_of(instance)
    first, last = max(period.start, start), min(period.end, end)
    if first >= last:
        return Shares(0, 0, 0, 0, None if terms.availability_target is None else 0, None)
    facts = _Facts(state, instance, period.definition.id)
    sums = {"up": 0, "down": 0, "excluded": 0, "unknown": 0}
    pieces = [(one, other, facts.kind_at(terms, one, until)) for one, other in _pieces(facts.instants, first, min(last, until))]
    for one, other, kind in pieces:
        sums[kind] += other - one
    measured = sum(other - one for one, other in _pieces(facts.instants, first, last) if not facts.excluded(one))
    budget = None
    broken = None
    if terms.availability_target is not None:
        budget = measured * (BILLION - terms.availability_target) // BILLION
        used = 0
        for one, other, _ in pieces:
            if facts.counts_at(terms, one, until):
                if used + other - one > budget and broken is None:
                    broken = one + budget + 1 - used
                used += other - one
    return Shares(
        min(last, until) - first if until > first else 0, sums["down"], sums["excluded"], sums["unknown"], budget, broken
    )


def _pieces(instants: Iterable[int], first: int, last: int) -> Iterator[tuple[int, int]]:
    cuts = sorted({first, last, *(each for each in instants if first < each < last)})
    if first < last:
        yield from pairwise(cuts)


class _Facts:
    """The facts about one instance while it is measured by one definition, asked instant by instant."""

    def __init__(self, state: SlaState, instance: SlaInstance, definition_id: str) -> None:
        self._state, self._instance, self._definition_id = state, instance, definition_id
        self._outages = [each for each in state.outages.values() if each.tenant_id in ("", instance.tenant_id)]
        self._exclusions = [
            each
            for each in state.exclusions.values()
            if each.withdrawn_at is None
            and not each.rrule
            and each.tenant_id in (None, instance.tenant_id)
            and self._covers(each.scope)
        ]
        self.instants = [at for each in self._outages for at in (each.start, NEVER if each.end is None else each.end)]
        self.instants += [at for each in self._exclusions for at in (each.start, each.end)]

    def excluded(self, at: int) -> bool:
        return any(each.start <= at < each.end for each in self._exclusions)

    def counts_at(self, terms: SlaTerms, at: int, until: int) -> bool:
        """Whether the piece of time that begins at ``at`` uses the budget."""

        def bad(one: int) -> bool:
            return self.bad(terms, one)

        return not self.excluded(at) and bad(at) and self._length(at, until, bad) >= max(1, terms.outage_minimum)

    def bad(self, terms: SlaTerms, at: int) -> bool:
        """Whether the service is down, or counts as down since faultd could not see it."""
        return self.down(at) or (terms.unknown_counts_as == "down" and self.unseen(at))

    def kind_at(self, terms: SlaTerms, at: int, until: int) -> str:
        """The kind of the piece of time that begins at ``at``."""
        if self.excluded(at):
            return "excluded"
        if self.down(at):
            return "down" if self._length(at, until, self.down) >= max(1, terms.outage_minimum) else "up"
        return "unknown" if self.unseen(at) else "up"

    def _length(self, at: int, until: int, holds: Callable[[int], bool]) -> int:
        """For how long it has lasted and lasts around ``at``, until ``until``."""
        cuts = sorted({*self.instants, until})
        low = high = at
        for cut in reversed([each for each in cuts if each < at]):
            if not holds(cut):
                break
            low = cut
        for cut in [each for each in cuts if each > at]:
            high = min(cut, until)
            if cut >= until or not holds(cut):
                break
        return high - low

    def down(self, at: int) -> bool:
        """Whether the service is down: all of its resources are, or a report names it."""
        named = {f"service:{self._instance.service_id}", f"customer:{self._instance.customer_id}"}
        if any(self._lasts(each, at, "outage") and named & set(_names(each)) for each in self._outages):
            return True
        return all(self._node(resource, at, ("outage",)) for resource in self._instance.resources)

    def unseen(self, at: int) -> bool:
        """Whether faultd could not see it."""
        named = {f"service:{self._instance.service_id}", f"customer:{self._instance.customer_id}"}
        for each in self._outages:
            if self._lasts(each, at, "unknown") and (not each.resource_id or named & set(_names(each))):
                return True
        return all(self._node(resource, at, ("outage", "unknown")) for resource in self._instance.resources)

    def _node(self, node_id: str, at: int, effects: Sequence[str], above: tuple[str, ...] = ()) -> bool:
        if any(self._lasts(each, at, effect) and each.resource_id == node_id for each in self._outages for effect in effects):
            return True
        place = self._state.plant.places.get(node_id)
        parents = () if place is None else place.parents
        return bool(parents) and all(
            parent not in above and self._node(parent, at, effects, (*above, node_id)) for parent in parents
        )

    def _lasts(self, outage: SlaOutage, at: int, effect: str) -> bool:
        return outage.effect == effect and outage.start <= at < (NEVER if outage.end is None else outage.end)

    def _covers(self, scope: ExclusionScope) -> bool:
        instance = self._instance
        return (
            scope.everything
            or instance.id in scope.instances
            or instance.service_id in scope.services
            or instance.customer_id in scope.customers
            or self._definition_id in scope.definitions
            or any(self._is_below(resource, node) for resource in instance.resources for node in scope.resources)
        )

    def _is_below(self, node_id: str, other: str, seen: tuple[str, ...] = ()) -> bool:
        if node_id == other:
            return True
        place = self._state.plant.places.get(node_id)
        parents = () if place is None else place.parents
        return any(each not in seen and self._is_below(each, other, (*seen, node_id)) for each in parents)


def _names(outage: SlaOutage) -> list[str]:
    return [*(f"service:{one}" for one in outage.services), *(f"customer:{one}" for one in outage.customers)]

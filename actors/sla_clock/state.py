"""The state of the stage ``sla_clock``: tables of frozen values, indexes that follow from them, and deadlines."""

from collections import Counter
from collections.abc import Iterable, Iterator
from datetime import UTC, datetime
from operator import itemgetter

import msgspec
from msgspec import Struct

from actors.journal import Journal
from actors.sla_clock.account_table import AccountTable
from actors.sla_clock.accounts import Account
from actors.sla_clock.alarm_facts import AlarmFacts, AlarmFactTable
from actors.sla_clock.clock_levels import EndedDate
from actors.sla_clock.deadlines import DeadlineKind, Deadlines
from actors.sla_clock.evidence.aside import AlarmAside, AlarmsAside
from actors.sla_clock.evidence.maintenance import MaintenanceIndex
from actors.sla_clock.evidence.plant import PlantMirror, PlantPlace
from actors.sla_clock.instance_table import InstanceTable
from actors.sla_clock.limits.marks import ClockMark, MetricRecord
from actors.sla_clock.work import WorkItem, waits_for_time
from actors.state_encoding import LazyMap, Piece, struct_pieces
from protocols.sla.breach import BreachType, SlaBreach
from protocols.sla.credit import SlaCredit
from protocols.sla.definition import SlaDefinition
from protocols.sla.exclusion import SlaExclusion
from protocols.sla.fault_report import FaultReport
from protocols.sla.instance import SlaInstance
from protocols.sla.local_time import instant_at
from protocols.sla.outage import SlaOutage
from protocols.sla.performance_rule import PerformanceMetric
from protocols.sla.period_figures import PeriodFigures
from protocols.sla.window_history import WindowHistory

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


class SavedSla(Struct, kw_only=True):
    """The state on disk. Indexes are left out."""

    offset: int = 0
    at: datetime = EPOCH
    definitions: dict[str, tuple[SlaDefinition, ...]] = {}
    instances: list[SlaInstance] = []
    accounts: dict[str, Account] = {}
    closed: dict[str, Account] = {}
    places: list[PlantPlace] = []
    windows: list[WindowHistory] = []
    exclusions: dict[str, SlaExclusion] = {}
    aside: list[AlarmAside] = []
    outages: list[SlaOutage] = []
    recorded: list[str] = []
    clocks: dict[str, AlarmFacts] = {}
    clock_marks: dict[str, tuple[ClockMark, ...]] = {}
    breaches: dict[str, SlaBreach] = {}
    credits: list[SlaCredit] = []
    periods: list[PeriodFigures] = []
    reports: dict[str, FaultReport] = {}
    performance: list[tuple[str, PerformanceMetric, MetricRecord]] = []
    instance_deadlines: dict[str, int] = {}
    other_deadlines: dict[DeadlineKind, dict[str, int]] = {}
    work: list[WorkItem] = []
    keys: dict[str, str] = {}
    default_tenant: str = "default"
    closed_until: dict[str, int] = {}
    last_jump: tuple[int, int] = (0, 0)
    earlier_jumps: tuple[tuple[int, int], ...] = ()
    closed_through: dict[str, int] = {}
    furthest: int = 0
    level: int = 0
    ended_dates: dict[str, EndedDate] = {}
    begins_told: dict[str, int] = {}


_decoder = msgspec.msgpack.Decoder(SavedSla)


class SlaState:
    """All tables. Functions of the stage write them through the journal of a :class:`~actors.sla_clock.run.FoldRun`."""

    def __init__(self) -> None:
        self.offset = 0
        self.at = EPOCH
        self.definitions: dict[str, tuple[SlaDefinition, ...]] = {}
        """Every version by id, oldest first."""
        self.instances = InstanceTable()
        self.accounts = AccountTable(self.instances)
        """Of running periods, by instance."""
        self.closed: dict[str, Account] = {}
        """Accounts of the periods before, by instance."""
        self.closed_through: dict[str, int] = {}
        """By instance, where the clock was put back behind a period that was closed: the end of the latest one that was."""
        self.closed_until: dict[str, int] = {}
        """By definition: the end of the last period that was closed for every instance."""
        self.last_jump = (0, 0)
        """The last jump of the clock: the instant to which it was set, and by how many microseconds it jumped."""
        self.earlier_jumps: tuple[tuple[int, int], ...] = ()
        """The newest jumps before that one, the oldest first."""
        self.level = 0
        """The sum of all jumps of the clock, in microseconds."""
        self.ended_dates: dict[str, EndedDate] = {}
        """By outage that ended after the first jump, or was moved by one: how it was dated when it ended."""
        self.furthest = 0
        """The latest instant from which the clock was put back; 0: never. A period that begins before was reached already."""
        self.begins_told: dict[str, int] = {}
        """By outage that lasts: the time of the report that re-opened its alarm, where the alarm was cleared later."""
        self.plant = PlantMirror()
        self.maintenance = MaintenanceIndex()
        self.exclusions: dict[str, SlaExclusion] = {}
        self.exclusions_at: dict[str, tuple[str, ...]] = {}
        """Ids of exclusions by the names in their scopes (``service:ID``, ``node:ID`` …)."""
        self.aside = AlarmsAside()
        """Open alarms with an effect on service that concern no instance."""
        self._covered: dict[str, bool] = {}
        self._covered_as_of = (0, 0)
        self.outages: dict[str, SlaOutage] = {}
        self.outages_at: dict[str, tuple[str, ...]] = {}
        """Ids of outages by resource; those that name a service or a customer themselves under ``service:ID``,
        ``customer:ID``."""
        self.outages_of: dict[str, tuple[str, ...]] = {}
        """Ids of outages by alarm, in the order of their numbers."""
        self.naming = 0
        """Number of outages that name a service or a customer themselves."""
        self.recorded: dict[str, None] = {}
        """Outages that concern an instance, so that they have been emitted."""
        self.clocks = AlarmFactTable()
        self.clock_marks: dict[str, tuple[ClockMark, ...]] = {}
        """By instance."""
        self.breaches: dict[str, SlaBreach] = {}
        self.credits: dict[tuple[str, int], SlaCredit] = {}
        """By instance and begin of the period."""
        self.periods: dict[tuple[str, int], PeriodFigures] = {}
        """The newest revision of closed periods that are still within reach, by instance and begin."""
        self.reports: dict[str, FaultReport] = {}
        self.reports_of: dict[str, tuple[str, ...]] = {}
        """Ids of fault reports by instance, in the order in which they were made."""
        self.performance: dict[tuple[str, PerformanceMetric], MetricRecord] = {}
        """By instance and metric."""
        self.deadlines = Deadlines()
        self.work: dict[int, WorkItem] = {}
        """Numbered in the order in which they are done."""
        self.keys: dict[str, str] = {}
        """Idempotency keys, each with the id of what its request made."""
        self.default_tenant = "default"
        """Tenant of the contracts of shared nodes: the correlator's setting."""
        self.measured: Counter[str] = Counter()
        """Measurements by outcome since the metrics last took the counts; not saved."""
        self.examined = 0
        """Instances examined since then; not saved."""
        self.opened: list[tuple[BreachType, int]] = []
        """Breaches opened since then: type, and microseconds from the begin to the opening; not saved."""

    @property
    def jumps(self) -> tuple[tuple[int, int], ...]:
        """The last jumps of the clock, the oldest first."""
        return (*self.earlier_jumps, self.last_jump) if self.last_jump[1] else ()

    @property
    def pending(self) -> bool:
        """True while work waits for another Event, or deadlines that were due at the last one."""
        now = instant_at(self.at)
        return self.deadlines.first <= now or any(not waits_for_time(item, now) for item in self.work.values())

    @property
    def follows(self) -> bool:
        """True when a definition names a class of nodes."""
        return any(versions[-1].terms.sla_class for versions in self.definitions.values())

    def definition(self, definition_id: str) -> SlaDefinition | None:
        """The newest version."""
        versions = self.definitions.get(definition_id)
        return versions[-1] if versions else None

    def put_exclusion(self, journal: Journal, exclusion: SlaExclusion) -> None:
        """Add an exclusion, or put it in the place of the one with its id, whose scope is the same."""
        known = exclusion.id in self.exclusions
        journal.put(self.exclusions, exclusion.id, exclusion)
        if not known:
            for key in exclusion.scope.keys:
                journal.put(self.exclusions_at, key, (*self.exclusions_at.get(key, ()), exclusion.id))

    def drop_exclusion(self, journal: Journal, exclusion_id: str) -> None:
        """Forget an exclusion."""
        exclusion = self.exclusions[exclusion_id]
        journal.drop(self.exclusions, exclusion_id)
        for key in exclusion.scope.keys:
            _unfile(journal, self.exclusions_at, key, exclusion_id)

    def put_outage(self, journal: Journal, outage: SlaOutage) -> None:
        """Add an outage interval, or put it in the place of the one with its id."""
        before = self.outages.get(outage.id)
        journal.put(self.outages, outage.id, outage)
        if outage.end is not None and (before is None or before.end != outage.end):
            journal.drop(self.begins_told, outage.id)
            if self.last_jump[1]:
                journal.put(self.ended_dates, outage.id, EndedDate(self.level, outage.end))
        journal.set(self, "naming", self.naming + _names(outage) - (before is not None and _names(before)))
        if before is None:
            journal.put(self.outages_of, outage.alarm_id, (*self.outages_of.get(outage.alarm_id, ()), outage.id))
        old = set() if before is None else set(keys_of(before))
        for key in keys_of(outage):
            if key not in old:
                journal.put(self.outages_at, key, (*self.outages_at.get(key, ()), outage.id))
        for key in old.difference(keys_of(outage)):
            _unfile(journal, self.outages_at, key, outage.id)

    def drop_outage(self, journal: Journal, outage_id: str) -> None:
        """Forget an outage interval."""
        outage = self.outages[outage_id]
        journal.drop(self.outages, outage_id)
        journal.set(self, "naming", self.naming - _names(outage))
        journal.drop(self.recorded, outage_id)
        journal.drop(self.ended_dates, outage_id)
        journal.drop(self.begins_told, outage_id)
        left = tuple(each for each in self.outages_of.get(outage.alarm_id, ()) if each != outage_id)
        if left:
            journal.put(self.outages_of, outage.alarm_id, left)
        else:
            journal.drop(self.outages_of, outage.alarm_id)
        for key in keys_of(outage):
            _unfile(journal, self.outages_at, key, outage_id)

    def put_report(self, journal: Journal, report: FaultReport) -> None:
        """Keep a fault report."""
        journal.put(self.reports, report.id, report)
        for instance_id in report.instances:
            journal.put(self.reports_of, instance_id, (*self.reports_of.get(instance_id, ()), report.id))

    def drop_report(self, journal: Journal, report_id: str) -> None:
        """Forget a fault report."""
        report = self.reports.get(report_id)
        if report is None:
            return
        journal.drop(self.reports, report_id)
        for instance_id in report.instances:
            _unfile(journal, self.reports_of, instance_id, report_id)

    def covered(self, node_id: str) -> bool:
        """True when an instance is at or below a node."""
        known = self.coverage()
        if node_id not in known:
            known[node_id] = self._finds_instance(node_id)
        return known[node_id]

    def coverage(self) -> dict[str, bool]:
        """The answers of :meth:`covered` by node, remembered until an instance or the plant changes."""
        as_of = self.instances.changes, self.plant.changes
        if as_of != self._covered_as_of:
            self._covered.clear()
            self._covered_as_of = as_of
        return self._covered

    def _finds_instance(self, node_id: str) -> bool:
        known, children = self._covered, self.plant.children
        stack, seen = [node_id], {node_id}
        while stack:
            one = stack.pop()
            if known.get(one) or self.instances.count(one):
                return True
            for each in children.get(one, ()):
                if each not in seen and known.get(each) is not False:
                    seen.add(each)
                    stack.append(each)
        known.update(dict.fromkeys(seen, False))
        return False

    def put_work(self, journal: Journal, item: WorkItem) -> None:
        """Have ``item`` done by this Event or later ones."""
        journal.put(self.work, next(reversed(self.work), 0) + 1, item)

    def drop_work(self, journal: Journal, number: int) -> None:
        """The item is done. A rollback puts it back in its place, which is the order in which the work is done."""
        journal.undo(_put_in_order, self.work)
        journal.drop(self.work, number)

    def saving(self) -> Iterator[Piece]:
        """The state as it is now, encoded in pieces."""
        copies: dict[str, object] = {
            "offset": self.offset,
            "at": self.at,
            "definitions": dict(self.definitions),
            "instances": self.instances.packed(),
            "accounts": self.accounts.saving(),
            "closed": dict(self.closed),
            "closed_until": dict(self.closed_until),
            "last_jump": self.last_jump,
            "earlier_jumps": self.earlier_jumps,
            "closed_through": dict(self.closed_through),
            "furthest": self.furthest,
            "level": self.level,
            "ended_dates": dict(self.ended_dates),
            "begins_told": dict(self.begins_told),
            "places": list(self.plant.places.values()),
            "windows": list(self.maintenance.histories.values()),
            "exclusions": dict(self.exclusions),
            "aside": self.aside.saving(),
            "outages": list(self.outages.values()),
            "recorded": list(self.recorded),
            "clocks": dict(self.clocks.by_id),
            "clock_marks": dict(self.clock_marks),
            "breaches": dict(self.breaches),
            "credits": list(self.credits.values()),
            "periods": list(self.periods.values()),
            "reports": dict(self.reports),
            "performance": [(*key, record) for key, record in self.performance.items()],
            "instance_deadlines": self._instance_deadlines(),
            "other_deadlines": {kind: dict(table) for kind, table in self.deadlines.due.items()},
            "work": list(self.work.values()),
            "keys": dict(self.keys),
            "default_tenant": self.default_tenant,
        }
        return struct_pieces([(name, copies[name]) for name in SavedSla.__struct_fields__])

    def _instance_deadlines(self) -> LazyMap:
        id_at = self.instances.id_at
        return LazyMap(self.deadlines.count_rows(), ((id_at(row), at) for row, at in self.deadlines.rows()))

    @classmethod
    def load(cls, octets: bytes) -> "SlaState":
        """The state that :meth:`saving` encoded. Raises ``msgspec.MsgspecError`` for anything else."""
        saved = _decoder.decode(octets)
        state, journal = cls(), Journal()
        state.offset, state.at, state.default_tenant = saved.offset, saved.at, saved.default_tenant
        state.definitions = saved.definitions
        state.maintenance = MaintenanceIndex(saved.windows)
        state.closed, state.closed_until, state.last_jump = saved.closed, saved.closed_until, saved.last_jump
        state.earlier_jumps, state.furthest, state.closed_through = saved.earlier_jumps, saved.furthest, saved.closed_through
        for exclusion in saved.exclusions.values():
            state.put_exclusion(journal, exclusion)
        state.breaches, state.clock_marks, state.keys = saved.breaches, saved.clock_marks, saved.keys
        for alarm_id, facts in saved.clocks.items():
            state.clocks.put(journal, alarm_id, facts)
        for report in saved.reports.values():
            state.put_report(journal, report)
        for instance in saved.instances:
            state.instances.put(journal, instance)
        # Instances with the same figures have shared one account.
        shared: dict[Account, Account] = {}
        for instance_id, account in saved.accounts.items():
            if (row := state.instances.row_of(instance_id)) is not None:
                state.accounts.put(journal, row, shared.setdefault(account, account))
        for place in saved.places:
            state.plant.put(journal, place)
        state.aside = AlarmsAside.load(saved.aside)
        for outage in saved.outages:
            state.put_outage(journal, outage)
        state.level, state.ended_dates, state.begins_told = saved.level, saved.ended_dates, saved.begins_told
        state.recorded = dict.fromkeys(saved.recorded)
        state.credits = {(each.instance_id, each.period_start): each for each in saved.credits}
        state.periods = {(each.instance_id, each.start): each for each in saved.periods}
        state.performance = {(instance, metric): each for instance, metric, each in saved.performance}
        for instance_id, at in saved.instance_deadlines.items():
            if (row := state.instances.row_of(instance_id)) is not None:
                state.deadlines.set_row(journal, row, at)
        for kind, table in saved.other_deadlines.items():
            state.deadlines.load(kind, table.items())
        state.work = dict(enumerate(saved.work, 1))
        return state


def _put_in_order(work: dict[int, WorkItem]) -> None:
    items = sorted(work.items(), key=itemgetter(0))
    work.clear()
    work.update(items)


def _unfile(journal: Journal, index: dict[str, tuple[str, ...]], key: str, name: str) -> None:
    left = tuple(each for each in index.get(key, ()) if each != name)
    if left:
        journal.put(index, key, left)
    else:
        journal.drop(index, key)


def _names(outage: SlaOutage) -> bool:
    return bool(outage.services or outage.customers)


def keys_of(outage: SlaOutage) -> Iterable[str]:
    """The keys of ``outages_at`` under which an outage is filed."""
    yield outage.resource_id
    for service in outage.services:
        yield f"service:{service}"
    for customer in outage.customers:
        yield f"customer:{customer}"

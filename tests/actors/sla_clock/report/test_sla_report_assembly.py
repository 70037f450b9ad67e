"""Reports as they are assembled: each proves itself, and its figures are those of the books."""

from datetime import date
from typing import Any

import hypothesis.strategies as st
from hypothesis import given, settings
from vocabulary.sla import SlaWorld, plan_window, us
from vocabulary.world import ADMIN, moment

from actors.journal import Journal
from actors.sla_clock.books.figures import figures_of
from actors.sla_clock.books.period_choice import period_of
from actors.sla_clock.evidence.timelines import EvidenceReader
from actors.sla_clock.report.assembly import report_of
from protocols.command import PutWindow
from protocols.maintenance import WindowPlan, WindowScope
from protocols.severity import Severity
from protocols.sla.changes import SlaPeriodClosed
from protocols.sla.exclusion import ExclusionScope, SlaExclusion
from protocols.sla.instance import SlaInstance
from protocols.sla.intervals import total
from protocols.sla.local_time import SECOND, instant_at
from protocols.sla.outage import OutageEffect, SlaOutage
from protocols.sla.periods import PeriodRule
from protocols.sla.report import SlaReport
from protocols.sla.report_check import require_consistent

MINUTE = 60
DAY = 1440
"""In minutes."""
FIRST = 21 * 60
"""The first midnight after the start, in minutes after the start."""
NODES = ("olt-1", "olt-1/1/1", "olt-1/1/1/1", "olt-1/1/2/1", "", "svc-1")
MARCH = 31 * 86_400
APRIL = MARCH - 3 * 3600
"""1 April 00:00 UTC, in seconds after the start."""

spans = st.tuples(st.integers(FIRST - 300, FIRST + DAY + 300), st.one_of(st.none(), st.integers(0, 700)))
outages = st.lists(st.tuples(st.sampled_from(NODES), spans, st.sampled_from(["outage", "unknown", "degraded"]), st.booleans()))
exclusions = st.lists(st.tuples(st.sampled_from(NODES[:4]), st.integers(FIRST - 300, FIRST + DAY + 300), st.integers(1, 700)))
terms = st.fixed_dictionaries(
    {
        "availability_target": st.sampled_from([None, 999_000_000, 500_000_000, 1_000_000_000]),
        "outage_minimum": st.sampled_from([0, 1, 90 * MINUTE * SECOND]),
        "unknown_counts_as": st.sampled_from(["up", "down"]),
        "customer_power": st.sampled_from(["excluded", "down"]),
    }
)


@settings(max_examples=300, deadline=None)
@given(
    outages=outages,
    exclusions=exclusions,
    terms=terms,
    contract=st.tuples(st.integers(FIRST - 2 * DAY, FIRST + DAY - 1), st.one_of(st.none(), st.integers(1, 2 * DAY))),
    redundant=st.booleans(),
    at=st.integers(1, DAY),
)
def test_a_report_of_any_evidence_proves_itself(
    outages: list[Any], exclusions: list[Any], terms: dict[str, Any], contract: Any, redundant: bool, at: int
) -> None:
    world = SlaWorld()
    definition = world.define(period=PeriodRule("UTC", date(2026, 1, 1), "days", 1), **terms)
    begin, length = contract
    end = None if length is None else us((begin + length) * MINUTE)
    ways = ("olt-1/1/1/1", "olt-1/1/2/1") if redundant else ("olt-1/1/1/1",)
    instance = world.serve(definition, "svc-1", *ways, start=us(begin * MINUTE), end=end)
    for number, (node, (start, lasted), effect, power) in enumerate(outages):
        _put_outage(world, number, node, start, lasted, effect, power)
    for number, (node, start, lasted) in enumerate(exclusions):
        _put_exclusion(world, number, node, start, lasted)
    for now in (at, DAY):
        report = _report(world, instance, us((FIRST + now) * MINUTE))
        if report is not None:
            require_consistent(report)
            assert report.closed == (now == DAY)
            _check_lists(report)


def _check_lists(report: SlaReport) -> None:
    """No two outages overlap, and each says why it counts less than it lasted."""
    behind = 0
    for outage in report.outages:
        assert outage.start >= behind
        behind = report.as_of if outage.end is None else outage.end
        inside = min(behind, report.as_of) - max(outage.start, report.period_start, report.contract_start)
        assert outage.counted <= inside
        if report.contract_end is None:
            assert outage.reason or outage.counted == inside
    for each in report.exclusions:
        assert report.period_start <= each.start < each.end <= report.period_end


def _report(world: SlaWorld, instance: SlaInstance, now: int) -> SlaReport | None:
    reader = EvidenceReader(world.sla)
    period = period_of(world.sla, instance, us(FIRST * MINUTE))
    if period is None:
        return None
    figures = figures_of(reader, instance, period, now)
    report = report_of(reader, instance, period, figures, as_of=now, made_at=now)
    assert report.shares.measured == figures.measured
    assert (report.availability, report.budget, report.downtime) == (figures.availability, figures.budget, figures.down)
    return report


def _put_outage(
    world: SlaWorld, number: int, node: str, start: int, lasted: int | None, effect: OutageEffect, power: bool
) -> None:
    severity: Severity = "major"
    outage = SlaOutage(
        id=f"a{number}.0",
        number=0,
        alarm_id=f"a{number}",
        alarm_name=f"A{number}",
        alarm_type="x",
        title=f"alarm {number}",
        tenant_id="t",
        resource_id=node if effect == "unknown" or node else "olt-1",
        services=("svc-1",) if node == "svc-1" else (),
        effect=effect,
        severity=severity,
        customer_power=power,
        start=us(start * MINUTE),
        end=None if lasted is None else us((start + lasted) * MINUTE),
    )
    world.sla.put_outage(Journal(), outage)


def _put_exclusion(world: SlaWorld, number: int, node: str, start: int, lasted: int) -> None:
    exclusion = SlaExclusion(
        id=f"SX{number}",
        tenant_id=None,
        category="force_majeure",
        scope=ExclusionScope(resources=(node,)),
        start=us(start * MINUTE),
        end=us((start + lasted) * MINUTE),
        reason="flood",
        created_at=world.now,
        created_by="ada",
    )
    world.sla.put_exclusion(Journal(), exclusion)


def _closed(world: SlaWorld) -> list[SlaReport]:
    return [each.report for each in world.history if isinstance(each, SlaPeriodClosed) and each.report is not None]


def test_a_closed_period_has_its_report_with_the_window_the_cause_and_the_arithmetic() -> None:
    world = SlaWorld()
    world.serve(world.define(maintenance_notice=3600 * SECOND), "svc-1", customer_name="Bakery")
    window = plan_window(world, 4 * 86_400 + 3600, 4 * 86_400 + 7200)
    world.at(4 * 86_400).network("device.down", "olt-1")
    world.at(4 * 86_400 + 4 * 3600).network("device.up", "olt-1")
    world.run_to(APRIL + 10)
    (report,) = _closed(world)
    require_consistent(report)
    (outage,) = report.outages
    assert (outage.start, outage.end, outage.counted) == (us(4 * 86_400), us(4 * 86_400 + 4 * 3600), 3 * 3600 * SECOND)
    assert outage.reason == "3600 s within planned maintenance does not count"
    assert outage.resource == "olt-1"
    assert outage.cause
    (excluded,) = report.exclusions
    assert excluded.category == "maintenance"
    assert excluded.reason.startswith(f"{window}: work, announced 2026-03-01 03:")
    assert report.closed
    assert report.customer_name == "Bakery"
    (breach,) = report.breaches
    assert breach.start == us(4 * 86_400 + (MARCH - 3600) // 1000) + 1 or breach.start > us(4 * 86_400)
    (figures,) = world.closed
    assert total([(start, end) for start, end, share in report.timeline if share == "down"]) == figures.down


def test_a_revision_has_a_report_of_its_own_that_names_the_figures_before() -> None:
    world = SlaWorld()
    world.serve(world.define(), "svc-1")
    world.at(APRIL - 7200).network("device.down", "olt-1")
    world.at(APRIL - 3600).network("device.up", "olt-1")
    world.run_to(APRIL + 20)
    world.network("device.down", "olt-1/1/1/1", at=world.now.replace(month=3, day=30))
    first, second, *_ = _closed(world)
    assert (first.revision, second.revision) == (1, 2)
    assert second.previous is not None
    assert second.previous.down == first.downtime < second.downtime
    assert second.made_at == instant_at(world.now)
    for report in (first, second):
        require_consistent(report)


def test_a_period_in_which_nothing_happened_has_no_report() -> None:
    world = SlaWorld()
    world.serve(world.define(), "svc-1")
    world.run_to(APRIL + 10)
    assert world.closed
    assert not _closed(world)


def test_clocks_of_the_period_are_in_the_report() -> None:
    world = SlaWorld()
    limits = {"response": {"critical": 900 * SECOND, "major": 900 * SECOND}, "resolution": {"critical": 7200 * SECOND}}
    world.serve(world.define(**limits), "svc-1")  # type: ignore[arg-type]
    world.at(3600).network("device.down", "olt-1")
    world.run_to(3600 + 600)
    (alarm,) = [each for each in world.alarms if each.alarm_type == "device.down"]
    world.acknowledge(alarm.id)
    world.run_to(3600 + 8000)
    world.network("device.up", "olt-1")
    world.run_to(APRIL + 10)
    (report,) = _closed(world)
    require_consistent(report)
    response, resolution = sorted(report.clocks, key=lambda each: each.clock, reverse=True)
    assert (response.clock, response.verdict, response.elapsed) == ("response", "met", 600 * SECOND)
    assert (resolution.clock, resolution.verdict, resolution.stopped) == ("resolution", "breached", us(3600 + 8000))
    assert [each.type for each in report.breaches] == ["availability", "resolution_time"]


def test_a_month_of_25_920_short_outages_is_bounded_and_exact() -> None:
    world = SlaWorld()
    definition = world.define(period=PeriodRule("UTC", date(2026, 3, 2), "days", 30))
    instance = world.serve(definition, "svc-1")
    midnight = us(FIRST * MINUTE)
    for number in range(25_920):
        start = midnight + number * 100 * SECOND
        world.sla.put_outage(Journal(), _outage_of(number, start, start + SECOND // 10))
    end = midnight + 30 * DAY * MINUTE * SECOND
    period = period_of(world.sla, instance, midnight)
    assert period is not None
    assert period.end == end
    reader = EvidenceReader(world.sla)
    report = report_of(reader, instance, period, figures_of(reader, instance, period, end), as_of=end, made_at=end)
    require_consistent(report)
    assert (report.downtime, report.budget_left, len(report.outages)) == (2_592 * SECOND, 0, 2_000)
    assert report.outages[-1].reason == "23,921 outages, listed as one"
    assert report.timeline == ()


HOURLY = f"FREQ=DAILY;BYHOUR={','.join(map(str, range(24)))}"


def test_a_window_of_every_hour_is_looked_up_once() -> None:
    world = SlaWorld()
    world.serve(world.define(), "svc-1")
    scope = WindowScope(subtrees=("olt-1",))
    plan = WindowPlan(title="hourly", scope=scope, start=moment(3600), end=moment(3660), tenant_id=None, recurrence=HOURLY)
    world.command(PutWindow(plan), by=ADMIN)
    world.run_to(APRIL + 10)
    (report,) = _closed(world)
    require_consistent(report)
    assert len(report.exclusions) == 740
    assert {each.reason for each in report.exclusions} == {"MW2: hourly"}


def _outage_of(number: int, start: int, end: int) -> SlaOutage:
    return SlaOutage(
        id=f"a{number}.0",
        number=0,
        alarm_id=f"a{number}",
        alarm_name=f"A{number}",
        alarm_type="x",
        title="short",
        tenant_id="t",
        resource_id="olt-1/1/1/1",
        effect="outage",
        severity="major",
        start=start,
        end=end,
    )

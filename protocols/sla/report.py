"""The report of one service in one measurement period, as it is printed and exported.

Instants are microseconds since 1970 UTC, lengths are microseconds, intervals are half-open. A target is in parts of a billion
(99.9 % is 999,000,000), an availability in parts of a million, money in minor units of its currency. Texts come from operators,
customers and devices: they can hold any character.
"""

from collections.abc import Iterable
from typing import Literal

from msgspec import Struct

from protocols.severity import Severity
from protocols.sla.breach import SlaBreach
from protocols.sla.clock_facts import ClockKind, ClockState
from protocols.sla.credit import CreditLine
from protocols.sla.definition import UnknownPolicy
from protocols.sla.intervals import Timeline, total
from protocols.sla.period_figures import PeriodFigures

SlaShare = Literal["up", "down", "excluded", "unknown"]
OutageTreatment = Literal["counted", "planned", "excluded", "customer_power", "unknown", "too_short"]
ReportedExclusion = Literal["maintenance", "customer_power", "customer", "force_majeure", "supplier", "agreed"]

ShareSpan = tuple[int, int, SlaShare]
"""Start, end, and the share to which all of it belongs."""

BILLION = 1_000_000_000


class ShareTotals(Struct, frozen=True):
    """Lengths of the four shares of the contract time so far; their sum is that time. What was not seen is ``unknown``, also
    where it counts as down."""

    up: int = 0
    down: int = 0
    excluded: int = 0
    unknown: int = 0

    @property
    def elapsed(self) -> int:
        """Contract time so far."""
        return self.up + self.down + self.excluded + self.unknown

    @property
    def measured(self) -> int:
        """The denominator of the availability."""
        return self.elapsed - self.excluded


class ReportedOutage(Struct, frozen=True, kw_only=True):
    """An outage; no two of one report overlap. ``end`` None: it lasts. ``counted``: the part that counts as downtime in this
    period. ``reason`` says why less than all of it counts. ``alarms``: their ids; ``cause`` in words."""

    start: int
    end: int | None
    counted: int
    treatment: OutageTreatment
    reason: str = ""
    alarms: tuple[str, ...] = ()
    cause: str = ""
    resource: str = ""


class AppliedExclusion(Struct, frozen=True, kw_only=True):
    """Time that counts on neither side of the fraction. ``author``: who entered it, or ``faultd:sla_clock``."""

    category: ReportedExclusion
    start: int
    end: int
    reason: str
    author: str


class AlarmClock(Struct, frozen=True, kw_only=True):
    """The response or resolution clock of one alarm, as of the report. ``limit`` and ``elapsed`` are business time. ``due``
    None: never, as things stand. ``stopped`` None: it was not stopped. ``note``: pauses and business hours, in words."""

    clock: ClockKind
    alarm: str
    severity: Severity
    started: int
    limit: int | None
    elapsed: int
    due: int | None
    stopped: int | None
    verdict: ClockState
    note: str = ""


class CreditTotal(Struct, frozen=True):
    """An amount in minor units. ``minor_digits``: digits of the minor unit (2 for cents)."""

    amount: int
    currency: str
    minor_digits: int


class SlaReport(Struct, frozen=True, kw_only=True):
    """One service in one period.

    ``as_of``: the figures count until here; the period's end once it is over. ``made_at``: when this revision was made, the
    date of the document. ``closed``: frozen; a change gives a new revision. ``previous``: the figures of the revision before,
    ``revision_reason`` why they were replaced.

    ``contract_time``: contract time of the whole period. ``budget_time``: that without the exclusions known, future ones
    included. ``budget``: the downtime that it allows. ``budget_left``: below 0 when it is exceeded. All three are None without
    a target. ``downtime`` as it counts: ``shares.down``, with ``shares.unknown`` where that counts as down.

    ``timeline``: the shares in order of time, disjoint; empty where it is not kept any more. ``outages``: the sum of what they
    count is the downtime. ``breaches`` without those withdrawn. ``credits`` in ``currency``; a cap is a negative line.
    """

    operator: str
    tenant_id: str
    customer_id: str
    customer_name: str
    instance_id: str
    service_id: str
    definition_name: str
    definition_version: int
    target: int | None
    zone: str
    period_start: int
    period_end: int
    as_of: int
    made_at: int
    closed: bool
    revision: int = 1
    revision_reason: str = ""
    previous: PeriodFigures | None = None

    contract_start: int
    contract_end: int | None
    contract_time: int
    shares: ShareTotals
    unknown_counts_as: UnknownPolicy
    downtime: int
    availability: int | None
    outage_minimum: int = 0
    budget_time: int | None
    budget: int | None
    budget_left: int | None

    timeline: tuple[ShareSpan, ...] = ()
    outages: tuple[ReportedOutage, ...] = ()
    exclusions: tuple[AppliedExclusion, ...] = ()
    clocks: tuple[AlarmClock, ...] = ()
    breaches: tuple[SlaBreach, ...] = ()
    credits: tuple[CreditLine, ...] = ()
    currency: str = ""
    minor_digits: int = 2

    @property
    def credit(self) -> CreditTotal:
        """The sum of the credit lines."""
        return CreditTotal(sum(line.amount for line in self.credits), self.currency, self.minor_digits)


class SlaReports(Struct, frozen=True, kw_only=True):
    """Several reports in one document. ``subject`` says which they are, such as "Customer C-1001". ``made_at`` is the date of
    the document. ``items`` keep their order."""

    operator: str
    subject: str
    zone: str
    period_start: int
    period_end: int
    made_at: int
    items: tuple[SlaReport, ...]

    @property
    def total_breaches(self) -> int:
        """Breaches of all reports."""
        return sum(len(each.breaches) for each in self.items)

    @property
    def avg_availability(self) -> int | None:
        """Mean of the availabilities in parts of a million, each service alike, half to even; None if there is none."""
        found = [each.availability for each in self.items if each.availability is not None]
        return nearest(sum(found), len(found)) if found else None

    @property
    def total_credits(self) -> tuple[CreditTotal, ...]:
        """Credits of the reports that have any, by currency in the order of its name."""
        sums: dict[tuple[str, int], int] = {}
        for each in self.items:
            if each.credits:
                key = each.currency, each.minor_digits
                sums[key] = sums.get(key, 0) + each.credit.amount
        return tuple(CreditTotal(amount, *key) for key, amount in sorted(sums.items()))


def share_timeline(up: Timeline, down: Timeline, excluded: Timeline, unknown: Timeline) -> tuple[ShareSpan, ...]:
    """The ``timeline`` of a report from the disjoint timelines of its shares."""
    named: tuple[tuple[SlaShare, Timeline], ...] = (("up", up), ("down", down), ("excluded", excluded), ("unknown", unknown))
    return tuple(sorted((start, end, share) for share, spans in named for start, end in spans))


def share_totals(timeline: Iterable[ShareSpan]) -> ShareTotals:
    """The lengths of the shares of a timeline."""
    spans = list(timeline)
    return ShareTotals(
        *(total([(start, end) for start, end, share in spans if share == name]) for name in ShareTotals.__struct_fields__)
    )


def nearest(part: int, whole: int) -> int:
    """``part / whole`` as a whole number, rounded to the nearest and half to even. ``whole`` is above 0."""
    quotient, rest = divmod(part, whole)
    return quotient + (2 * rest > whole or (2 * rest == whole and quotient % 2 == 1))


def deviation(breach: SlaBreach) -> int | None:
    """Actual value minus target, in parts of a million of the target, to the nearest; None for a target of 0."""
    return nearest((breach.actual - breach.target) * 1_000_000, breach.target) if breach.target > 0 else None

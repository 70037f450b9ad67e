"""The report of one service in one measurement period, as it is printed and exported.

Instants are microseconds since 1970 UTC, lengths are microseconds, intervals are half-open. A target is in parts of a billion
(99.9 % is 999,000,000), an availability in parts of a million, money in minor units of its currency. Texts come from operators,
customers and devices: they can hold any character.
"""

from typing import Literal

from msgspec import Struct

from protocols.severity import Severity

SlaShare = Literal["up", "down", "excluded", "unknown"]
UnknownCountsAs = Literal["up", "down", "excluded"]
OutageTreatment = Literal["counted", "planned", "excluded", "customer_power", "unknown", "too_short"]
ReportedExclusion = Literal["maintenance", "customer", "force_majeure", "supplier", "agreed"]
ReportedClock = Literal["response", "resolution"]
ClockVerdict = Literal["running", "paused", "met", "breached"]
BreachType = Literal["availability", "response_time", "resolution_time", "latency", "packet_loss", "bandwidth"]

ShareSpan = tuple[int, int, SlaShare]
"""Start, end, and the share to which all of it belongs."""

BILLION = 1_000_000_000


class ShareTotals(Struct, frozen=True):
    """Lengths of the four shares of the contract time so far; their sum is that time."""

    up: int = 0
    down: int = 0
    excluded: int = 0
    unknown: int = 0

    @property
    def elapsed(self) -> int:
        """Contract time so far."""
        return self.up + self.down + self.excluded + self.unknown


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
    """Time that counts on neither side of the fraction. ``author``: who entered it, or "faultd" for a maintenance window."""

    category: ReportedExclusion
    start: int
    end: int
    reason: str
    author: str


class AlarmClock(Struct, frozen=True, kw_only=True):
    """A response or resolution clock of one alarm at the end of the report. ``limit`` and ``elapsed`` are business time.
    ``due`` None: never, as things stand. ``stopped`` None: it runs. ``note``: pauses and business hours, in words."""

    clock: ReportedClock
    alarm: str
    severity: Severity
    started: int
    limit: int | None
    elapsed: int
    due: int | None
    stopped: int | None
    verdict: ClockVerdict
    note: str = ""


class ReportedBreach(Struct, frozen=True, kw_only=True):
    """``end`` None: not resolved. ``target`` and ``actual`` in the unit of the type: availability in parts of a billion, times
    and latency in microseconds, packet loss in packets of a million, bandwidth in bit/s. ``deviation``: parts of a million of
    the target."""

    id: str
    breach_type: BreachType
    start: int
    end: int | None
    target: int
    actual: int | None
    deviation: int | None = None
    alarm: str = ""
    ticket: str = ""


class ReportedCredit(Struct, frozen=True, kw_only=True):
    """One line of a credit; a cap is a negative line. ``minor_digits``: digits of the minor unit (2 for cents)."""

    rule: str
    item: str
    arithmetic: str
    amount: int
    currency: str
    minor_digits: int = 2
    breach: str = ""


class CreditTotal(Struct, frozen=True):
    """The sum of the credit lines of one currency."""

    amount: int
    currency: str
    minor_digits: int


class EarlierRevision(Struct, frozen=True, kw_only=True):
    """Figures of the revision that this one replaces."""

    revision: int
    shares: ShareTotals
    availability: int | None
    breaches: int
    credits: tuple[CreditTotal, ...] = ()


class SlaReport(Struct, frozen=True, kw_only=True):
    """One service in one period.

    ``as_of``: the figures count until here; the period's end once it is over. ``made_at``: when this revision was made, the
    date of the document. ``closed``: frozen; a change gives a new revision. ``previous``: the revision before,
    ``revision_reason`` why it was replaced.

    ``contract_time``: contract time of the whole period. ``budget_time``: that without the exclusions known (and without
    unknown time, if that counts as excluded); ``budget``: the downtime that it allows. ``timeline``: the shares in order
    of time, disjoint; empty where it is not kept any more.
    """

    operator: str
    tenant_id: str
    customer_id: str
    customer_name: str
    instance_id: str
    service_id: str
    definition_name: str
    definition_version: int
    target: int
    zone: str
    period_start: int
    period_end: int
    as_of: int
    made_at: int
    closed: bool
    revision: int = 1
    revision_reason: str = ""
    previous: EarlierRevision | None = None

    contract_start: int
    contract_end: int | None
    contract_time: int
    shares: ShareTotals
    unknown_counts_as: UnknownCountsAs
    availability: int | None
    outage_minimum: int = 0
    budget_time: int
    budget: int
    budget_left: int

    timeline: tuple[ShareSpan, ...] = ()
    outages: tuple[ReportedOutage, ...] = ()
    exclusions: tuple[AppliedExclusion, ...] = ()
    clocks: tuple[AlarmClock, ...] = ()
    breaches: tuple[ReportedBreach, ...] = ()
    credits: tuple[ReportedCredit, ...] = ()

    @property
    def counted_down(self) -> int:
        """Downtime as it counts: with the unknown time, where the definition says so."""
        return self.shares.down + (self.shares.unknown if self.unknown_counts_as == "down" else 0)

    @property
    def measured(self) -> int:
        """The denominator of the availability."""
        ignored = self.shares.unknown if self.unknown_counts_as == "excluded" else 0
        return self.shares.elapsed - self.shares.excluded - ignored

    @property
    def credit_totals(self) -> tuple[CreditTotal, ...]:
        """The sums of ``credits`` by currency, in the order of the currencies' names."""
        sums: dict[tuple[str, int], int] = {}
        for line in self.credits:
            key = line.currency, line.minor_digits
            sums[key] = sums.get(key, 0) + line.amount
        return tuple(CreditTotal(amount, *key) for key, amount in sorted(sums.items()))


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
        """Credits of all reports by currency."""
        sums: dict[tuple[str, int], int] = {}
        for total in (total for each in self.items for total in each.credit_totals):
            key = total.currency, total.minor_digits
            sums[key] = sums.get(key, 0) + total.amount
        return tuple(CreditTotal(amount, *key) for key, amount in sorted(sums.items()))


def nearest(part: int, whole: int) -> int:
    """``part / whole`` as a whole number, rounded to the nearest and half to even. ``whole`` is above 0."""
    quotient, rest = divmod(part, whole)
    return quotient + (2 * rest > whole or (2 * rest == whole and quotient % 2 == 1))

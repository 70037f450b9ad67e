"""Scores added up: by kind of case and condition. Adding is commutative, so the order of the cases does not matter."""

from collections.abc import Iterable, Sequence
from math import ceil

from msgspec import Struct, field

from faultd.evaluation.intervals import Interval, ratio
from faultd.evaluation.judge import CUTS, POWER
from faultd.evaluation.score import CaseScore, StatedConfidence

MOST_PAGES = 2
"""More pages about one fault than this are a defect worth naming."""
Result = tuple[str, CaseScore]
"""A case's name and its score."""


class PagesPerCase(Struct, kw_only=True):
    """Sums over cases from which the interval of a ratio of pages to faults follows."""

    cases: int = 0
    faults: int = 0
    pages: int = 0
    pages_squared: int = 0
    faults_squared: int = 0
    product: int = 0

    def add(self, faults: int, pages: int) -> None:
        """Add a case; one without either says nothing of the ratio."""
        if faults or pages:
            self.cases += 1
            self.faults += faults
            self.pages += pages
            self.pages_squared += pages * pages
            self.faults_squared += faults * faults
            self.product += pages * faults

    @property
    def interval(self) -> Interval | None:
        """The ratio with its 95 % interval; None without faults."""
        return ratio(self.cases, self.pages, self.faults, self.pages_squared, self.faults_squared, self.product)


class Total(Struct, kw_only=True):
    """Totals of some cases. Faults that no trap could reveal (``unheard``) are in no other count of faults."""

    cases: int = 0
    faults: int = 0
    unheard: int = 0
    found: int = 0
    right: int = 0
    """Roots with a fault's right place and kind."""
    wrong: int = 0
    """Roots about these faults, or about none, with another place or kind, at the verdict."""
    misread: int = 0
    """Roots about faults that no trap could reveal."""
    withdrawn: int = 0
    """Wrong roots of which somebody was told and that did not stand at the verdict."""
    reasons: dict[str, int] = {}
    """Faults that could not be known, by the reason."""
    split: int = 0
    """Faults with more than one root alarm."""
    merged: int = 0
    """Cases in which a root collected alarms of another fault."""
    power: int = 0
    """Losses of power."""
    called_cut: int = 0
    """Losses of power for which a fibre cut was concluded, even for a moment."""
    called_cut_at_verdict: int = 0
    """Losses of power for which a fibre cut was still concluded at the verdict."""
    cuts: int = 0
    called_power: int = 0
    """Cuts for which a loss of power was concluded, even for a moment."""
    seconds: list[float] = []
    """For each fault found: seconds from its last trap to the right cause."""
    pages: int = 0
    per_case: PagesPerCase = field(default_factory=PagesPerCase)
    stray: int = 0
    """Pages about nothing that happened in their case."""
    harmless: int = 0
    """Happenings after which nothing may be concluded, and the pages about them."""
    harmless_pages: int = 0
    harmless_lost_returns: int = 0
    lost_returns: int = 0
    """Pages about ONTs that are back and of whose return every trap was lost."""
    per_harmless: PagesPerCase = field(default_factory=PagesPerCase)
    stated: list[StatedConfidence] = []
    paged: dict[int, int] = {}
    """Number of faults by their number of pages."""
    alarms: int = 0
    shown: int = 0
    left: int = 0
    traps: int = 0
    several: int = 0
    """Cases with several faults, all of which the traps could reveal."""
    kept_apart: int = 0
    """Cases with several faults in which each was found and none merged with another."""

    @property
    def recall(self) -> float | None:
        return self.found / self.faults if self.faults else None

    @property
    def precision(self) -> float | None:
        return self.right / (self.right + self.wrong) if self.right + self.wrong else None

    @property
    def told_right(self) -> float | None:
        """Precision that also counts the wrong causes of which somebody was told and that did not stand at the verdict."""
        told = self.right + self.wrong + self.withdrawn
        return self.right / told if told else None

    @property
    def apart(self) -> float | None:
        return self.kept_apart / self.several if self.several else None

    @property
    def unsplit(self) -> float | None:
        return 1 - self.split / self.faults if self.faults else None

    @property
    def unmerged(self) -> float | None:
        return 1 - self.merged / self.cases if self.cases else None

    @property
    def power_is_power(self) -> float | None:
        return 1 - self.called_cut / self.power if self.power else None

    @property
    def compression(self) -> float | None:
        """Share of the faults' alarms that are attributed to a root."""
        return 1 - self.shown / self.alarms if self.alarms else None

    @property
    def pages_per_fault(self) -> float | None:
        return self.pages / self.faults if self.faults else None

    def percentile(self, share: float) -> float | None:
        """Nearest rank: the smallest time within which this share of the faults found had their cause."""
        ranked = sorted(self.seconds)
        return ranked[max(1, ceil(len(ranked) * share)) - 1] if ranked else None


def failed(score: CaseScore) -> str:
    """The defects of a case in a few words; empty without one."""
    said = [f"{each.id} ({each.kind}) not found" for each in score.faults if not each.found and not each.unheard]
    said += [f"{each.id} ({each.kind}) shown as {each.shown} alarms" for each in score.faults if each.shown > 1]
    said += [f"{each.id} ({each.kind}) called a fibre cut" for each in score.faults if each.called_cut]
    said += [
        f"wrong root {each.alarm_type} at {each.place}" + (" (withdrawn)" if each.withdrawn else "")
        for each in score.wrong
        if not each.misread
    ]
    said += [f"{each.id} ({each.kind}) called a loss of power" for each in score.faults if each.called_power]
    said += [f"{each.id} ({each.kind}): {each.pages} pages" for each in score.faults if each.pages > MOST_PAGES]
    said += [
        f"{each.id} ({each.kind}): {each.pages} pages about what is no fault"
        for each in score.harmless
        if each.pages and not each.unheard
    ]
    said += [f"{score.stray} pages about nothing"] if score.stray else []
    said += [f"{each.id} ({each.kind}) notified during maintenance" for each in score.faults if score.quiet and each.pages]
    said += ["alarms of different faults under one root"] if score.merges else []
    said += [f"{score.left} inferred roots never ended"] if score.left else []
    return "; ".join(said)


def add_up(results: Iterable[Result], *, fault_kind: str | None = None) -> Total:
    """The total of these cases; with ``fault_kind`` of their faults of that kind alone."""
    total = Total()
    for _, score in results:
        _add(total, score, fault_kind)
    return total


def _add(total: Total, score: CaseScore, kind: str | None) -> None:
    total.cases += 1
    total.merged += score.merges > 0
    total.left += score.left
    total.traps += score.traps
    total.right += sum(count for name, count in score.right.items() if kind in (None, name))
    # A root about no fault at all counts as wrong for every kind.
    wrong = [each for each in score.wrong if kind in (None, each.about) or not each.about]
    total.misread += sum(each.misread and not each.withdrawn for each in wrong)
    total.wrong += sum(not each.misread and not each.withdrawn for each in wrong)
    total.withdrawn += sum(each.withdrawn and not each.misread for each in wrong)
    total.stray += score.stray
    total.lost_returns += score.lost_returns
    total.stated += score.stated
    if len(score.faults) > 1 and not any(each.unheard for each in score.faults):
        total.several += 1
        total.kept_apart += all(each.found for each in score.faults) and not score.merges
    for each in score.harmless:
        if each.unheard and kind in (None, each.kind):
            total.reasons[each.unheard] = total.reasons.get(each.unheard, 0) + 1
    harmless = [each for each in score.harmless if kind in (None, each.kind) and not each.unheard]
    total.harmless += len(harmless)
    total.harmless_lost_returns += sum(each.lost_returns for each in harmless)
    total.harmless_pages += sum(each.pages for each in harmless)
    total.per_harmless.add(len(harmless), sum(each.pages for each in harmless))
    faults = [each for each in score.faults if kind in (None, each.kind)]
    known = [each for each in faults if not each.unheard]
    total.per_case.add(len(known), sum(each.pages for each in known) + (score.stray if kind is None else 0))
    for fault in faults:
        if fault.kind in POWER and fault.unheard != "no trap of it arrived":
            total.power += 1
            total.called_cut += fault.called_cut
            total.called_cut_at_verdict += fault.called_cut_at_verdict
        if fault.kind in CUTS and fault.unheard != "no trap of it arrived":
            total.cuts += 1
            total.called_power += fault.called_power
        if fault.unheard:
            total.unheard += 1
            total.reasons[fault.unheard] = total.reasons.get(fault.unheard, 0) + 1
            continue
        total.faults += 1
        total.found += fault.found
        total.split += fault.shown > 1
        total.pages += fault.pages
        total.paged[fault.pages] = total.paged.get(fault.pages, 0) + 1
        total.alarms += fault.alarms
        total.shown += fault.shown
        if fault.found:
            total.seconds.append(fault.seconds)


def kind_of(case_id: str) -> str:
    return case_id.split("/")[2]


def condition_of(case_id: str) -> str:
    return case_id.split("/")[3]


def select(results: Sequence[Result], kinds: Iterable[str] = (), condition: str = "") -> list[Result]:
    """Cases of these kinds (all when none are named) and this condition."""
    wanted = frozenset(kinds)
    return [each for each in results if (not wanted or kind_of(each[0]) in wanted) and condition in ("", condition_of(each[0]))]

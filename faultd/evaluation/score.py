"""The score of one outcome: pure, from plain data, by the definitions of ``docs/evaluation.md``."""

from collections.abc import Iterator

from msgspec import Struct

from faultd.evaluation.judge import CUT, CUTS, OUTAGE, POWER, Judge
from faultd.evaluation.outcome import CaseOutcome, OpenAlarm, SentPage, TrueFault

SAY_IT = (
    "uplink.down",
    "card.fault",
    "card.offline",
    "card.not_running",
    "card.out_of_service",
    "olt.poweroff",
    "ont.rogue",
    "device.down",
)
"""Alarms of devices and pollers that name a cause by themselves: standing alone, each is a root, marked as one or not."""
INFERRED = ("fibre.cut", "power.outage", "card.failure", "olt.failure", "fibre.degraded", "ont.rogue", "pon.rogue.onts")


class FaultScore(Struct, frozen=True, kw_only=True):
    """The score of one fault."""

    id: str
    kind: str
    unheard: str = ""
    found: bool = False
    """At the verdict right roots name its place and kind."""
    seconds: float = 0.0
    """From the last trap of its beginning until that root stood for good; only when found."""
    pages: int = 0
    """Notifications about it in the whole case."""
    shown: int = 0
    """Alarms about it that stand on their own at the verdict; more than one is a false split."""
    alarms: int = 0
    """Alarms of devices about it that are open at the verdict."""
    called_cut: bool = False
    """Power, and some fibre cut was concluded of it, if only for a moment."""
    called_cut_at_verdict: bool = False
    called_power: bool = False
    """A cut, and some loss of power was concluded of it, if only for a moment."""


class HarmlessScore(Struct, frozen=True, kw_only=True):
    """The score of something after which nothing may be concluded."""

    id: str
    kind: str
    unheard: str = ""
    """The reason for which what arrived does not show that it is harmless."""
    pages: int = 0
    lost_returns: int = 0
    """Of these, those about an ONT that is back and of whose return every trap was lost."""


class Wrong(Struct, frozen=True, kw_only=True):
    """A root that is no fault's right cause, at the verdict or told at any time; ``about`` is the kind of fault it is about,
    empty for none."""

    alarm_type: str
    place: str
    about: str = ""
    misread: bool = False
    """The traps that arrived could not reveal this fault: it is counted separately."""
    withdrawn: bool = False
    """It did not stand at the verdict: somebody was told of it before or after."""


class StatedConfidence(Struct, frozen=True):
    """The confidence that an inferred cause stated, and whether it was right."""

    confidence: float
    right: bool
    alarm_type: str = ""
    place: str = ""
    withdrawn: bool = False
    """It did not stand at the verdict: somebody was told of it before or after."""


class CaseScore(Struct, frozen=True, kw_only=True):
    """The score of one case. ``right`` counts, by kind of fault, the roots with the right kind and place."""

    faults: tuple[FaultScore, ...]
    right: dict[str, int]
    wrong: tuple[Wrong, ...]
    merges: int
    """Roots under which alarms of faults lie that no single fault explains."""
    left: int
    traps: int
    alarms: int
    shown: int
    """All alarms that stand on their own at the verdict, background included."""
    quiet: bool = False
    """No notification may be requested."""
    harmless: tuple[HarmlessScore, ...] = ()
    lost_returns: int = 0
    """Notifications, of all those, about an ONT that is back and of whose return every trap was lost."""
    stray: int = 0
    """Notifications about nothing that happened in the case."""
    stated: tuple[StatedConfidence, ...] = ()


def score(outcome: CaseOutcome) -> CaseScore:
    """Compare what was concluded with what happened."""
    judge = Judge(outcome)
    roots = [each for each in outcome.standing if each.root and not each.parent]
    right: dict[str, int] = {}
    wrong: list[Wrong] = []
    stated: list[StatedConfidence] = []
    taken: dict[str, frozenset[str]] = {}
    for root in sorted(roots, key=lambda each: (not each.inferred, each.alarm_id)):
        hit = _hit(judge, outcome, root, taken)
        if root.inferred and root.confidence is not None:
            stated.append(StatedConfidence(root.confidence, hit is not None, root.alarm_type, root.place))
        if hit is not None:
            right[hit.kind] = right.get(hit.kind, 0) + 1
            continue
        about = judge.about(root)
        if about is not None and about.harmless and not root.inferred:
            continue  # the device's own word about what it did
        if about is not None and root.place in about.misrecorded:
            continue
        if about is not None or root.inferred or root.alarm_type in INFERRED:
            wrong.append(_wrong(root.alarm_type, root.place, about))
    for page in _withdrawn(judge, outcome):
        wrong.append(_wrong(page.alarm_type, page.place, judge.page_about(page), withdrawn=True))
        if page.confidence is not None:
            stated.append(StatedConfidence(page.confidence, False, page.alarm_type, page.place, withdrawn=True))
    pages = [_page_about(judge, each) for each in outcome.pages]
    return CaseScore(
        faults=tuple(_fault(judge, outcome, each, pages) for each in outcome.faults if each.scored and not each.harmless),
        right=right,
        wrong=tuple(wrong),
        merges=judge.merges(roots),
        left=len(outcome.left),
        traps=outcome.traps,
        alarms=outcome.alarms,
        shown=sum(not each.parent for each in outcome.standing),
        quiet=outcome.quiet,
        harmless=tuple(_harmless(judge, outcome, each, pages) for each in outcome.faults if each.harmless),
        lost_returns=sum(each.lost_return for each in outcome.pages),
        stray=sum(not about for about in pages),
        stated=tuple(stated),
    )


def _hit(judge: Judge, outcome: CaseOutcome, root: OpenAlarm, taken: dict[str, frozenset[str]]) -> TrueFault | None:
    """The fault of which this root names the cause rightly, if no other root has done so before; noted in ``taken``."""
    for fault in outcome.faults:
        before = taken.get(fault.id, frozenset())
        explained = judge.explains(root.alarm_type, root.place, fault)
        if explained - before:
            taken[fault.id] = before | explained
            return fault
    return None


def _wrong(alarm_type: str, place: str, about: TrueFault | None, *, withdrawn: bool = False) -> Wrong:
    kind, misread = (about.kind, bool(about.unheard)) if about is not None else ("", False)
    return Wrong(alarm_type=alarm_type, place=place, about=kind, misread=misread, withdrawn=withdrawn)


def _withdrawn(judge: Judge, outcome: CaseOutcome) -> Iterator[SentPage]:
    """The first page of each inferred cause that does not stand at the verdict and was never right."""
    known = {each.alarm_id for each in outcome.standing if each.root and not each.parent}
    known |= {
        each.alarm_id
        for each in outcome.conclusions
        if any(judge.explains(each.alarm_type, each.place, fault) for fault in outcome.faults)
    }
    for page in outcome.pages:
        if page.inferred and page.alarm_id not in known:
            known.add(page.alarm_id)
            yield page


def _page_about(judge: Judge, page: SentPage) -> frozenset[str]:
    """The faults about which somebody is told."""
    if page.faults:
        return page.faults
    about = judge.page_about(page)
    return frozenset({about.id}) if about is not None else frozenset()


def _harmless(judge: Judge, outcome: CaseOutcome, fault: TrueFault, pages: list[frozenset[str]]) -> HarmlessScore:
    """Its notifications, less those of what an OLT or a poller rightly says while it lasts."""
    told = [
        page
        for page, about in zip(outcome.pages, pages, strict=True)
        if fault.id in about and not judge.explains(page.alarm_type, page.place, fault)
    ]
    lost = sum(each.lost_return for each in told)
    return HarmlessScore(id=fault.id, kind=fault.kind, unheard=fault.unheard, pages=len(told), lost_returns=lost)


def _fault(judge: Judge, outcome: CaseOutcome, fault: TrueFault, pages: list[frozenset[str]]) -> FaultScore:
    since = judge.right_since(fault)
    cuts = list(judge.blamed(CUT, fault)) if fault.kind in POWER else []
    outages = list(judge.blamed(OUTAGE, fault)) if fault.kind in CUTS else []
    return FaultScore(
        id=fault.id,
        kind=fault.kind,
        unheard=fault.unheard,
        found=since is not None,
        seconds=max(0.0, since - fault.last_trap) if since is not None else 0.0,
        pages=sum(fault.id in about for about in pages),
        shown=sum(not each.parent and judge.is_about(each, fault) for each in outcome.standing),
        alarms=sum(fault.id in each.faults for each in outcome.standing),
        called_cut=bool(cuts),
        called_cut_at_verdict=any(each.since <= outcome.verdict < each.until for each in cuts),
        called_power=bool(outages),
    )

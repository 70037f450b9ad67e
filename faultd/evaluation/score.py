"""The score of one outcome: pure, from plain data, by the definitions of ``docs/evaluation.md``."""

from collections.abc import Iterable

from msgspec import Struct

from faultd.evaluation.outcome import CaseOutcome, Conclusion, OpenAlarm, TrueFault

_ONT_DARK = ("ont.los", "ont.state", "ont.lof", "fibre.cut")
_ONT_POWER = ("ont.dying_gasp", "ont.power", "power.outage")
RIGHT: dict[str, tuple[str, ...]] = {
    "feeder_cut": ("fibre.cut",),
    "distribution_cut": ("fibre.cut",),
    "drop_cut": _ONT_DARK,
    "ont_flapping": (*_ONT_DARK, "ont.flapping"),
    "ont_power": _ONT_POWER,
    "ont_reboot": (*_ONT_POWER, *_ONT_DARK),
    "card_failure": ("card.failure", "card.fault", "card.offline"),
    "olt_power": ("olt.failure", "olt.poweroff", "device.down"),
    "olt_unreachable": ("olt.failure", "device.down"),
    "area_outage": ("power.outage",),
    "uplink_down": ("uplink.down",),
    "uplinks_down": ("uplink.down", "olt.failure", "device.down"),
    "bend": ("fibre.degraded",),
    "rogue_ont": ("ont.rogue", "pon.rogue.onts"),
    "rogue_unnamed": ("ont.rogue", "pon.rogue.onts"),
}
"""Alarm types that name the cause of each kind of fault rightly."""
POWER = ("area_outage", "ont_power", "ont_reboot")
CUTS = ("feeder_cut", "distribution_cut", "drop_cut", "ont_flapping")
CUT = "fibre.cut"
SAY_IT = ("uplink.down", "card.fault", "card.offline", "olt.poweroff", "ont.rogue", "device.down")
"""Alarms of devices and pollers that name a cause by themselves: standing alone, each is a root, marked as one or not."""
INFERRED = ("fibre.cut", "power.outage", "card.failure", "olt.failure", "fibre.degraded", "ont.rogue", "pon.rogue.onts")


class FaultScore(Struct, frozen=True, kw_only=True):
    """The score of one fault."""

    id: str
    kind: str
    unheard: str = ""
    found: bool = False
    """At the verdict a root names its place and kind."""
    seconds: float = 0.0
    """From the last trap of its beginning until that root stood for good; only when found."""
    pages: int = 0
    shown: int = 0
    """Alarms about it that stand on their own at the verdict; more than one is a false split."""
    alarms: int = 0
    """Alarms of devices about it that are open at the verdict."""
    called_cut: bool = False
    """Power, and some fibre cut was concluded of it, if only for a moment."""
    called_cut_at_verdict: bool = False


class Wrong(Struct, frozen=True, kw_only=True):
    """A root at the verdict that is no fault's right cause; ``about`` is the kind of fault it is about, empty for none."""

    alarm_type: str
    place: str
    about: str = ""
    misread: bool = False
    """The traps that arrived could not reveal this fault: it is counted separately."""


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


def score(outcome: CaseOutcome) -> CaseScore:
    """Compare what was concluded with what happened."""
    judge = _Judge(outcome)
    roots = [each for each in outcome.standing if each.root and not each.parent]
    right: dict[str, int] = {}
    wrong: list[Wrong] = []
    taken: set[str] = set()
    for root in sorted(roots, key=lambda each: (not each.inferred, each.alarm_id)):
        hit = next((f for f in outcome.faults if f.id not in taken and judge.is_right(root.alarm_type, root.place, f)), None)
        if hit is not None:
            taken.add(hit.id)
            right[hit.kind] = right.get(hit.kind, 0) + 1
            continue
        about = judge.about(root)
        if about is not None or root.inferred or root.alarm_type in INFERRED:
            kind, misread = (about.kind, bool(about.unheard)) if about is not None else ("", False)
            wrong.append(Wrong(alarm_type=root.alarm_type, place=root.place, about=kind, misread=misread))
    return CaseScore(
        faults=tuple(judge.fault(each) for each in outcome.faults if each.scored),
        right=right,
        wrong=tuple(wrong),
        merges=judge.merges(roots),
        left=len(outcome.left),
        traps=outcome.traps,
        alarms=outcome.alarms,
        shown=sum(not each.parent for each in outcome.standing),
        quiet=outcome.quiet,
    )


class _Judge:
    def __init__(self, outcome: CaseOutcome) -> None:
        self._outcome = outcome
        self._faults = {each.id: each for each in outcome.faults}
        self._below: dict[str, list[OpenAlarm]] = {}
        for each in outcome.standing:
            if each.parent:
                self._below.setdefault(each.parent, []).append(each)

    def is_right(self, alarm_type: str, place: str, fault: TrueFault) -> bool:
        """True when the kind is right and the place is the fault's own, or one with the same ONTs below it: no trap could
        distinguish these."""
        if alarm_type not in RIGHT[fault.kind]:
            return False
        if not fault.onts:
            return place == fault.place or place.startswith(f"{fault.place}/")
        return place in (fault.place, fault.also) or self._onts(place) == fault.onts

    def about(self, root: OpenAlarm) -> TrueFault | None:
        """The fault that a root is about: most of the alarms below it, else most of the ONTs of its place."""
        votes: dict[str, int] = {}
        for each in self._family(root):
            for fault in each.faults:
                votes[fault] = votes.get(fault, 0) + 1
        if not votes:
            onts = self._onts(root.place)
            votes = {f.id: len(onts & f.onts) for f in self._outcome.faults if onts & f.onts}
        return self._faults.get(max(votes, key=lambda each: (votes[each], each))) if votes else None

    def fault(self, fault: TrueFault) -> FaultScore:
        outcome = self._outcome
        since = self._right_since(fault)
        own = [each for each in outcome.standing if fault.id in each.faults]
        shown = [each for each in outcome.standing if not each.parent and self._is_about(each, fault)]
        cuts = [each for each in outcome.conclusions if fault.kind in POWER and self._blames_a_cut(each, fault)]
        return FaultScore(
            id=fault.id,
            kind=fault.kind,
            unheard=fault.unheard,
            found=since is not None,
            seconds=max(0.0, since - fault.last_trap) if since is not None else 0.0,
            pages=sum(self._pages_for(fault)),
            shown=len(shown),
            alarms=len(own),
            called_cut=bool(cuts),
            called_cut_at_verdict=any(each.since <= outcome.verdict < each.until for each in cuts),
        )

    def merges(self, roots: Iterable[OpenAlarm]) -> int:
        found = 0
        for root in roots:
            sets = [each.faults for each in self._family(root) if each.faults]
            found += bool(sets) and not frozenset.intersection(*sets)
        return found

    def _right_since(self, fault: TrueFault) -> float | None:
        """The second since which a right root was open without interruption until the verdict."""
        spans = sorted(
            (each.since, each.until)
            for each in self._outcome.conclusions
            if each.since <= self._outcome.verdict and self.is_right(each.alarm_type, each.place, fault)
        )
        began: float | None = None
        reach = 0.0
        for since, until in spans:
            if began is None or since > reach:
                began = since
            reach = max(reach, until)
        return began if began is not None and reach > self._outcome.verdict else None

    def _blames_a_cut(self, conclusion: Conclusion, fault: TrueFault) -> bool:
        """A fibre cut that is about this fault, at a place below which not all ONTs are behind a fibre really cut by then."""
        if conclusion.alarm_type != CUT or conclusion.since > self._outcome.verdict:
            return False
        onts = self._onts(conclusion.place)
        cut = [f.onts for f in self._outcome.faults if f.kind in CUTS and conclusion.since >= f.start]
        if onts and any(onts <= each for each in cut):
            return False
        if conclusion.children:
            return fault.id in conclusion.children
        return bool(onts & fault.onts)

    def _is_about(self, alarm: OpenAlarm, fault: TrueFault) -> bool:
        if alarm.faults:
            return fault.id in alarm.faults and self._first(alarm) == fault.id
        if not alarm.inferred:
            return False
        about = self.about(alarm)
        return about is not None and about.id == fault.id

    def _first(self, alarm: OpenAlarm) -> str:
        """The fault to which an alarm of several faults is counted: the one with a right root, else the first."""
        for each in self._outcome.faults:
            if each.id in alarm.faults and self.is_right(alarm.alarm_type, alarm.place, each):
                return each.id
        return next((each.id for each in self._outcome.faults if each.id in alarm.faults), "")

    def _pages_for(self, fault: TrueFault) -> Iterable[bool]:
        for page in self._outcome.pages:
            if page.at > self._outcome.verdict:
                continue
            if page.faults:
                yield fault.id in page.faults
            else:
                onts = self._onts(page.place)
                best = max(self._outcome.faults, key=lambda f: (len(onts & f.onts), f.id), default=None)
                yield best is fault and bool(onts & fault.onts)

    def _family(self, root: OpenAlarm) -> list[OpenAlarm]:
        found, waiting = [], [root]
        while waiting:
            alarm = waiting.pop()
            found.append(alarm)
            waiting += self._below.get(alarm.alarm_id, ())
        return found

    def _onts(self, place: str) -> frozenset[str]:
        return self._outcome.onts.get(place, frozenset())

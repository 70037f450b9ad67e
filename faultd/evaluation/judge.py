"""Decides which fault an alarm is about, and whether it names the right cause. Definitions: ``docs/evaluation.md``."""

from collections.abc import Iterable, Iterator

from faultd.evaluation.outcome import CaseOutcome, Conclusion, OpenAlarm, SentPage, TrueFault

_ONT_DARK = ("ont.los", "ont.state", "ont.lof", "fibre.cut")
_ONT_POWER = ("ont.dying_gasp", "ont.power", "power.outage")
_CARD = ("card.failure", "card.fault", "card.offline", "card.not_running", "card.out_of_service")
RIGHT: dict[str, tuple[str, ...]] = {
    "feeder_cut": ("fibre.cut",),
    "distribution_cut": ("fibre.cut",),
    "drop_cut": _ONT_DARK,
    "ont_flapping": (*_ONT_DARK, "ont.flapping"),
    "ont_power": _ONT_POWER,
    "ont_reboot": (*_ONT_POWER, *_ONT_DARK),
    "card_failure": _CARD,
    "olt_power": ("olt.failure", "olt.poweroff", "device.down"),
    "olt_unreachable": ("olt.failure", "device.down"),
    "area_outage": ("power.outage",),
    "uplink_down": ("uplink.down",),
    "uplinks_down": ("uplink.down", "olt.failure", "device.down"),
    "bend": ("fibre.degraded",),
    "rogue_ont": ("ont.rogue", "pon.rogue.onts"),
    "rogue_unnamed": ("ont.rogue", "pon.rogue.onts"),
    "trunk_cut": ("fibre.cut",),
    "street_outage": ("power.outage",),
    "card_reset": _CARD,
    "olt_reboot": ("device.down",),
}
"""Alarm types that name the cause of each kind of fault rightly."""
POWER = ("area_outage", "street_outage", "ont_power", "ont_reboot")
CUTS = ("feeder_cut", "distribution_cut", "drop_cut", "ont_flapping", "trunk_cut")
CUT, OUTAGE = "fibre.cut", "power.outage"
ENOUGH = 0.8
"""Share of an unrecorded outage's ONTs that right causes must cover."""


class Judge:
    """Compares the alarms of one case with its truth."""

    def __init__(self, outcome: CaseOutcome) -> None:
        self._outcome = outcome
        self._faults = {each.id: each for each in outcome.faults}
        self._below: dict[str, list[OpenAlarm]] = {}
        for each in outcome.standing:
            if each.parent:
                self._below.setdefault(each.parent, []).append(each)

    def explains(self, alarm_type: str, place: str, fault: TrueFault) -> frozenset[str]:
        """The ONTs of the fault that a root of this type and place names the right cause of; the fault's own place where it has
        no ONTs. Right is the fault's own place, or one with the same ONTs below it: no trap could distinguish these."""
        if alarm_type not in self._right(fault):
            return frozenset()
        if not fault.onts:
            return frozenset({fault.place}) if place == fault.place or place.startswith(f"{fault.place}/") else frozenset()
        below = self.onts(place)
        if place == fault.place or below == fault.onts:
            return fault.onts
        if place in fault.also:
            return below & fault.onts or fault.onts
        if below in fault.parts:
            return below
        hit = below & fault.onts
        return hit if fault.unrecorded and 2 * len(hit) >= len(below) else frozenset()

    def _right(self, fault: TrueFault) -> tuple[str, ...]:
        """Alarm types that name its cause. Of an outage that no record bounds, each ONT without power is a part. Where one ONT
        is left, its leg and its drop are the same, and so are its power and that of its street."""
        right = RIGHT.get(fault.kind, ())
        if fault.unrecorded:
            return (*right, *_ONT_POWER)
        if len(fault.onts) != 1:
            return right
        return right + (_ONT_DARK if fault.kind in CUTS else _ONT_POWER if fault.kind in POWER else ())

    def right_since(self, fault: TrueFault) -> float | None:
        """The second since which right roots were open without interruption until the verdict."""
        verdict = self._outcome.verdict
        spans = [
            (each.since, each.until, onts)
            for each in self._outcome.conclusions
            if each.since <= verdict and (onts := self.explains(each.alarm_type, each.place, fault))
        ]
        wanted = len(fault.onts or {fault.place}) * (ENOUGH if fault.unrecorded else 1.0)
        began: float | None = None
        for at in sorted({verdict, *(edge for span in spans for edge in span[:2] if edge < verdict)}, reverse=True):
            covered = frozenset[str]().union(*(onts for since, until, onts in spans if since <= at < until))
            if len(covered) < wanted:
                break
            began = at
        return began

    def about(self, root: OpenAlarm) -> TrueFault | None:
        """The fault that a root is about: most of the alarms below it, else most of the ONTs of its place."""
        votes: dict[str, int] = {}
        for each in self.family(root):
            for fault in each.faults:
                votes[fault] = votes.get(fault, 0) + 1
        return self._most(votes) if votes else self.nearest(root.place)

    def page_about(self, page: SentPage) -> TrueFault | None:
        """The fault that a page of an inferred cause is about: that of most of its children, else of most of its ONTs."""
        votes: dict[str, int] = {}
        for each in self._outcome.conclusions:
            if each.alarm_id == page.alarm_id:
                for fault in each.children:
                    votes[fault] = votes.get(fault, 0) + 1
        return self._most(votes) if votes else self.nearest(page.place)

    def nearest(self, place: str) -> TrueFault | None:
        """The fault that hit most of the ONTs below a place; None where none did."""
        onts = self.onts(place)
        return self._most({f.id: len(onts & f.onts) for f in self._outcome.faults if onts & f.onts})

    def _most(self, votes: dict[str, int]) -> TrueFault | None:
        return self._faults.get(max(votes, key=lambda each: (votes[each], each))) if votes else None

    def is_about(self, alarm: OpenAlarm, fault: TrueFault) -> bool:
        """True when an open alarm without a parent counts as one about this fault."""
        if alarm.faults:
            return fault.id in alarm.faults and self._first(alarm) == fault.id
        if not alarm.inferred:
            return False
        about = self.about(alarm)
        return about is not None and about.id == fault.id

    def _first(self, alarm: OpenAlarm) -> str:
        """The fault to which an alarm of several faults is counted: the one with a right root, else the first."""
        for each in self._outcome.faults:
            if each.id in alarm.faults and self.explains(alarm.alarm_type, alarm.place, each):
                return each.id
        return next((each.id for each in self._outcome.faults if each.id in alarm.faults), "")

    def merges(self, roots: Iterable[OpenAlarm]) -> int:
        """Roots under which alarms lie that no single fault explains."""
        found = 0
        for root in roots:
            sets = [each.faults for each in self.family(root) if each.faults]
            found += bool(sets) and not frozenset.intersection(*sets)
        return found

    def blamed(self, wrongly: str, fault: TrueFault) -> Iterator[Conclusion]:
        """Conclusions of the type ``wrongly`` (a cut, or an outage) about a fault of the other kind, up to the verdict. One is
        excused where every ONT below its place is behind a fault that it names rightly and that had begun."""
        for each in self._outcome.conclusions:
            if each.alarm_type != wrongly or each.since > self._outcome.verdict:
                continue
            onts = self.onts(each.place)
            real = [f.onts for f in self._outcome.faults if wrongly in RIGHT.get(f.kind, ()) and each.since >= f.start]
            if onts and any(onts <= one for one in real):
                continue
            if fault.id in each.children if each.children else onts & fault.onts:
                yield each

    def family(self, root: OpenAlarm) -> list[OpenAlarm]:
        """A root and all alarms below it."""
        found, waiting = [], [root]
        while waiting:
            alarm = waiting.pop()
            found.append(alarm)
            waiting += self._below.get(alarm.alarm_id, ())
        return found

    def onts(self, place: str) -> frozenset[str]:
        """ONTs below a place that a conclusion or a page names."""
        return self._outcome.onts.get(place, frozenset())

"""The plant in time: a discrete event simulation of physics, of what each OLT notices, and of what it says.

Virtual time in seconds from 0; nothing here reads a clock. An OLT compares what it hears with what it believes
when it looks, so interruptions shorter than its detection go unnoticed, as in the field. It follows G.984.3: after an
ONT's dying gasp no loss of signal is reported for it. Its agent sends one trap after the other, and nothing while the
OLT is without power; alarms raised before a power cycle are kept and cleared once the trouble is over.
"""

import heapq
from collections.abc import Callable, Iterable
from datetime import UTC, datetime, timedelta
from functools import partial
from random import Random
from typing import Literal

from msgspec import Struct

from faultd.simulator.emission import Emission, to_notification
from faultd.simulator.fault import Element, Fault, dependents, element_of
from faultd.simulator.physics import Physics
from faultd.simulator.plant import Plant
from faultd.simulator.report import Draft, Moment, Report
from faultd.simulator.timing import Range, Timing
from faultd.simulator.vendors import DIALECTS

EPOCH = datetime(2026, 1, 1, tzinfo=UTC)
LOWEST = -27.0
"""dBm: an ONT that receives less raises an alarm (class B+ optics)."""
JITTER = 0.3
"""dB by which an ONT's optics tell more or less than they receive, each time anew."""
_RECENT = 5.0
"""ONTs that went away this many seconds ago still count as affected by their port's loss of signal."""


def installed(seed: int, ont: str) -> float:
    """dBm that an ONT received on the day it was installed."""
    return Random(f"level/{seed}/{ont}").uniform(-23.5, -20.0)


def jitter(seed: int, ont: str, at: float) -> float:
    """dB by which a reading at that second is wrong."""
    return Random(f"reading/{seed}/{ont}/{at}").uniform(-JITTER, JITTER)


Disturbed = Literal["", "ont_degraded", "ont_dowi"]


class OntView(Struct):
    """What the OLT believes of an ONT. ``offline`` is whether it reported the run state down, ``low`` its receive level."""

    up: bool = True
    alarm: Literal["", "ont_los", "ont_lof", "ont_dying_gasp"] = ""
    disturbed: Disturbed = ""
    offline: bool = False
    since: float = -1e9
    low: bool = False


class OltView(Struct):
    """``epoch`` grows with every loss of power and makes what was queued before void; ``skew`` is how many seconds its clock
    is ahead."""

    rng: Random
    booted: float
    request_id: int
    skew: float = 0.0
    on: bool = True
    epoch: int = 0
    free: float = 0.0
    sequence: int = 0
    uplink_down: bool = False


class Simulation:
    """Add faults and utterances, then :meth:`run`. The same plant, seed and calls give the same emissions."""

    def __init__(
        self, plant: Plant, *, seed: int = 0, start: datetime = EPOCH, skew: float = 0.0, timing: Timing | None = None
    ) -> None:
        self.plant = plant
        self.physics = Physics(plant)
        self.now = 0.0
        self.discarded = 0
        """Reports that an OLT had queued when it lost power."""
        self._start = start
        self._timing = timing or Timing()
        self._rng = Random(f"simulation/{seed}")
        self._heap: list[tuple[float, int, Callable[[], None]]] = []
        self._count = 0
        self._sent: list[Emission] = []
        self._onts = {ont: OntView() for ont in plant.onts}
        self._dark_pons: set[str] = set()
        self._rogues: set[str] = set()
        self._disobedient: set[str] = set()
        self._depths: dict[str, float] = {}
        self._bends: dict[str, float] = {}
        """Light lost above a splitter, dB."""
        self._seed = seed
        self._dead_cards: set[str] = set()
        self._olts: dict[str, OltView] = {}
        for olt in plant.olts:
            rng = Random(f"olt/{seed}/{olt}")
            days = rng.uniform(1, 400)
            self._olts[olt] = OltView(
                rng=rng,
                booted=-days * 86400,
                request_id=rng.getrandbits(30),
                sequence=rng.randrange(1, 50_000),
                skew=Random(f"clock/{seed}/{olt}").uniform(-skew, skew),
            )

    def add(self, fault: Fault) -> None:
        """Schedule a fault and its repair. Raises UnknownResource when its target does not exist."""
        element = element_of(self.plant, fault)
        if fault.depth:
            self._depths[element.id] = fault.depth
        for begin, end in fault.intervals():
            self._at(begin, partial(self.fail, element, fault.id))
            if end is not None:
                self._at(end, partial(self.repair, element, fault.id))

    def say(self, at: float, olt: str, reports: Iterable[Report]) -> None:
        """Have an OLT report something that has no physics: a login, a customer's LAN port."""
        for report in reports:
            self._at(at, partial(self._report, olt, report, ""))

    def run(self, until: float | None = None) -> list[Emission]:
        """Everything sent up to ``until`` (None: until nothing more would happen), in the order of sending."""
        while self._heap and (until is None or self._heap[0][0] <= until):
            self.now, _, action = heapq.heappop(self._heap)
            action()
        if until is not None:
            self.now = max(self.now, until)
        sent, self._sent = self._sent, []
        return sent

    def fail(self, element: Element, fault: str) -> None:
        """Break ``element`` now."""
        loses_power = element.part in ("area", "ont")
        audible = {ont for ont in dependents(self.plant, element) if self.physics.heard(ont)} if loses_power else set()
        if not self.physics.fail(element, fault):
            return
        timing = self._timing
        match element.part:
            case "fibre":
                self._look_at_onts(dependents(self.plant, element), fault, timing.loss, timing.pon_loss)
            case "area" | "ont":
                self._lose_power(dependents(self.plant, element), audible, fault)
            case "card":
                self._after(timing.card_loss, partial(self._look_at_card, element.id, fault))
            case "olt":
                self._olt_dies(element.id, fault)
            case "uplink":
                self._after(timing.uplink, partial(self._look_at_uplink, element.id, fault))
            case "uplinks":
                self.fail(Element("uplink", element.id), fault)
                self._after(timing.second_uplink, partial(self._lose_second_uplink, element.id, fault))
            case "bend":
                drawn = self._rng.uniform(6.0, 9.0)
                self._bends[element.id] = self._depths.get(element.id, drawn)
                self._look_at_levels(element, fault)
            case "transmitter":
                self._look_at_onts(dependents(self.plant, element), fault, timing.loss, timing.pon_loss)
                self._after(timing.rogue, partial(self._look_at_rogue, element.id, fault))
            case "babbler":
                for ont in dependents(self.plant, element):
                    self._after((0.0, timing.clear_air[1]), partial(self._babble, element, ont, fault))
                if self._rng.random() < timing.disobedience:
                    self._after(timing.disobeys, partial(self._look_at_disobedience, element, fault))

    def repair(self, element: Element, fault: str) -> None:
        """End now what ``fault`` did to ``element``."""
        if not self.physics.restore(element, fault):
            return
        timing = self._timing
        match element.part:
            case "fibre":
                self._look_at_onts(dependents(self.plant, element), fault, timing.ranging, timing.pon_return)
            case "area" | "ont":
                self._look_at_onts(dependents(self.plant, element), fault, timing.ont_boot, timing.ont_boot)
            case "card":
                self._after(timing.card_boot, partial(self._look_at_card, element.id, fault))
            case "olt":
                epoch = self._olts[element.id].epoch
                self._after(timing.olt_boot, partial(self._olt_boots, element.id, epoch, fault))
            case "uplink":
                self._after(timing.uplink, partial(self._look_at_uplink, element.id, fault))
            case "uplinks":
                self.repair(Element("reach", element.id), fault)
                self.repair(Element("uplink", element.id), fault)
            case "bend":
                del self._bends[element.id]
                self._look_at_levels(element, fault)
            case "transmitter":
                self._look_at_onts(dependents(self.plant, element), fault, timing.ranging, timing.pon_return)
                self._after(timing.uplink, partial(self._look_at_rogue, element.id, fault))
            case "babbler":
                self._look_at_disobedience(element, fault)

    def _babble(self, babbler: Element, ont: str, fault: str) -> None:
        """The babbler's bursts fall into this ONT's time slots for a while."""
        if self.physics.works(babbler):
            return
        timing, view = self._timing, self._onts[ont]
        self.physics.drown(ont, +1)
        olt = self._watching(self.plant.onts[ont].pon)
        before: tuple[Disturbed, ...] = ("", "", "ont_degraded", "ont_dowi")
        how = self._rng.choice(before)
        if olt is not None and view.up and how and not view.disturbed and not view.low:
            view.disturbed = how
            self._report(olt, Report(how, ont), fault)
        self._after(timing.loss, partial(self._look_at_ont, ont, fault))
        self._after(timing.babble, partial(self._babbled, babbler, ont, fault))

    def _babbled(self, babbler: Element, ont: str, fault: str) -> None:
        self.physics.drown(ont, -1)
        self._after(self._timing.ranging, partial(self._look_at_ont, ont, fault))
        self._after(self._timing.clear_air, partial(self._babble, babbler, ont, fault))

    def _look_at_disobedience(self, babbler: Element, fault: str) -> None:
        """The OLT has told the one that babbles to be silent, and it was not; or the alarm of that has been taken back."""
        ont = babbler.id
        olt = self._watching(self.plant.onts[ont].pon)
        babbles = not self.physics.works(babbler)
        if olt is None or babbles == (ont in self._disobedient):
            return
        (self._disobedient.add if babbles else self._disobedient.discard)(ont)
        self._report(olt, Report("ont_dfi", ont, raised=babbles), fault)

    def _lose_second_uplink(self, olt: str, fault: str) -> None:
        if not self.physics.works(Element("uplinks", olt)):
            self.fail(Element("reach", olt), fault)

    # What the OLT notices

    def _look_at_levels(self, bend: Element, fault: str) -> None:
        for ont in dependents(self.plant, bend):
            self._after(self._timing.degraded, partial(self._look_at_level, ont, fault))

    def _look_at_level(self, ont: str, fault: str) -> None:
        """An ONT that can be heard tells what it receives; the OLT sees its bit errors at the same time."""
        olt = self._watching(self.plant.onts[ont].pon)
        view, level = self._onts[ont], self.level(ont)
        if olt is None or not self.physics.heard(ont) or view.low == (level < LOWEST):
            return
        view.low = level < LOWEST
        self._report(olt, Report("ont_rx_low", ont, raised=view.low, level=level + jitter(self._seed, ont, self.now)), fault)
        self._report(olt, Report("ont_degraded", ont, raised=view.low), fault)

    def level(self, ont: str) -> float:
        """dBm that this ONT receives now: its own of the day it was installed, less all bends above it."""
        lost = 0.0
        splitter = self.plant.onts[ont].splitter
        while splitter in self.plant.splitters:
            lost += self._bends.get(splitter, 0.0)
            splitter = self.plant.splitters[splitter].above
        return installed(self._seed, ont) - lost

    def _look_at_rogue(self, ont: str, fault: str) -> None:
        """The OLT has switched the ONTs of a port off one by one and found the one that sends out of turn."""
        pon = self.plant.onts[ont].pon
        olt = self._watching(pon)
        sends = not self.physics.works(Element("transmitter", ont))
        if olt is None or sends == (ont in self._rogues):
            return
        (self._rogues.add if sends else self._rogues.discard)(ont)
        self._report(olt, Report("pon_rogue", pon, raised=sends), fault)
        self._report(olt, Report("ont_rogue", ont, raised=sends), fault)

    def _look_at_onts(self, onts: Iterable[str], fault: str, ont_delay: Range, pon_delay: Range) -> None:
        pons: dict[str, None] = {}
        for ont in onts:
            self._after(ont_delay, partial(self._look_at_ont, ont, fault))
            pons[self.plant.onts[ont].pon] = None
        for pon in pons:
            self._after(pon_delay, partial(self._look_at_pon, pon, fault))

    def _look_at_ont(self, ont: str, fault: str) -> None:
        olt = self._watching(self.plant.onts[ont].pon)
        if olt is None:
            return
        view, heard = self._onts[ont], self.physics.heard(ont)
        if heard and not view.up:
            if view.alarm:
                self._report(olt, Report(view.alarm, ont, raised=False), fault)
            if view.disturbed:
                self._report(olt, Report(view.disturbed, ont, raised=False), fault)
                view.disturbed = ""
            self._report(olt, Report("ont_state", ont, raised=False), fault)
            view.up, view.alarm, view.offline, view.since = True, "", False, self.now
            if (view.low or self._bends) and view.low != (self.level(ont) < LOWEST):
                self._after(self._timing.degraded, partial(self._look_at_level, ont, fault))
        elif not heard and view.up:
            babbled = self.physics.drowned(ont) and not self._shouted_down(ont)
            self._ont_lost(olt, ont, "ont_lof" if babbled and self._rng.random() < 0.7 else "ont_los", fault)

    def _shouted_down(self, ont: str) -> bool:
        """Whether a sibling sends without end: then there is not even a frame to be lost."""
        siblings = self.plant.pons[self.plant.onts[ont].pon].onts
        return any(not self.physics.works(Element("transmitter", each)) for each in siblings)

    def _ont_lost(self, olt: str, ont: str, alarm: Literal["", "ont_los", "ont_lof", "ont_dying_gasp"], fault: str) -> None:
        view = self._onts[ont]
        view.up, view.alarm, view.offline, view.since = False, alarm, True, self.now
        if alarm:
            self._report(olt, Report(alarm, ont), fault)
        self._report(olt, Report("ont_state", ont), fault)

    def _lose_power(self, onts: Iterable[str], audible: set[str], fault: str) -> None:
        """ONTs that were in service gasp, mostly; the others go dark without a word."""
        pons: dict[str, None] = {}
        for ont in onts:
            pons[self.plant.onts[ont].pon] = None
            if ont not in audible:
                continue
            if self._rng.random() < self._timing.gasps:
                self._after(self._timing.hold_up, partial(self._gasp, ont, fault))
            low, high = self._timing.loss
            last = self._timing.hold_up[1]
            self._after((last + low, last + high), partial(self._look_at_ont, ont, fault))
        low, high = self._timing.pon_loss
        last = self._timing.hold_up[1]
        for pon in pons:
            self._after((last + low, last + high), partial(self._look_at_pon, pon, fault))

    def _gasp(self, ont: str, fault: str) -> None:
        """The dying gasp arrives if there is still light to carry it; power that came back in time makes it none."""
        olt = self._watching(self.plant.onts[ont].pon)
        if olt is not None and self._onts[ont].up and self.physics.lit(ont) and not self.physics.powered(ont):
            self._ont_lost(olt, ont, "ont_dying_gasp", fault)

    def _look_at_pon(self, pon: str, fault: str) -> None:
        olt = self._watching(pon)
        if olt is None:
            return
        onts = self.plant.pons[pon].onts
        heard = any(self.physics.heard(ont) for ont in onts)
        if heard and pon in self._dark_pons:
            self._dark_pons.discard(pon)
            self._report(olt, Report("pon_los", pon, raised=False), fault)
        elif not heard and pon not in self._dark_pons:
            self._dark_pons.add(pon)
            recent = [view for ont in onts if (view := self._onts[ont]).up or view.since > self.now - _RECENT]
            gasped = sum(view.alarm == "ont_dying_gasp" for view in recent)
            known = bool(recent)
            self._report(olt, Report("pon_los", pon, True, len(recent) if known else -1, gasped if known else -1), fault)

    def _look_at_card(self, card: str, fault: str) -> None:
        """The control board speaks for a card that is gone: the card, its ports, and its ONTs as offline."""
        olt = self.plant.cards[card].olt
        if not self._olts[olt].on:
            return
        works, pons = self.physics.works(Element("card", card)), self.plant.cards[card].pons
        if works == (card in self._dead_cards):
            self._report(olt, Report("card", card, raised=not works), fault)
            for pon in pons:
                self._report(olt, Report("card_port", pon, raised=not works), fault)
        if works:
            self._dead_cards.discard(card)
            self._register(pons, fault)
        elif card not in self._dead_cards:
            self._dead_cards.add(card)
            for ont in self.plant.onts_of_card(card):
                if self._onts[ont].up:
                    self._ont_lost(olt, ont, "", fault)

    def _look_at_uplink(self, olt: str, fault: str) -> None:
        view, down = self._olts[olt], not self.physics.works(Element("uplink", olt))
        if view.on and down != view.uplink_down:
            view.uplink_down = down
            self._report(olt, Report("uplink", olt, raised=down), fault)

    def _olt_dies(self, olt: str, fault: str) -> None:
        view = self._olts[olt]
        if view.on:
            self._send(olt, view.epoch, Report("olt_power_off", olt), fault)
        view.on, view.epoch = False, view.epoch + 1

    def _olt_boots(self, olt: str, epoch: int, fault: str) -> None:
        view = self._olts[olt]
        if view.epoch != epoch:
            return
        view.on, view.booted, view.free = True, self.now, self.now
        self._report(olt, Report("cold_start", olt), fault)
        self._look_at_uplink(olt, fault)
        for card in self.plant.olts[olt].cards:
            for ont in self.plant.onts_of_card(card):
                self._onts[ont].up = False
            self._look_at_card(card, fault)

    def _register(self, pons: Iterable[str], fault: str) -> None:
        """After a start: ONTs that are there come up one by one, ports without any are reported after the last."""
        last = self._timing.ranging[1]
        low, high = self._timing.pon_loss
        for pon in pons:
            for ont in self.plant.pons[pon].onts:
                self._after(self._timing.ranging, partial(self._look_at_ont, ont, fault))
                if (ont in self._rogues) == self.physics.works(Element("transmitter", ont)):
                    self._after(self._timing.rogue, partial(self._look_at_rogue, ont, fault))
            self._after((last + low, last + high), partial(self._look_at_pon, pon, fault))

    def _watching(self, pon: str) -> str | None:
        """The OLT of ``pon`` when both it and the card are able to see anything."""
        port = self.plant.pons[pon]
        able = self._olts[port.olt].on and port.card not in self._dead_cards and self.physics.works(Element("card", port.card))
        return port.olt if able else None

    # What the OLT says

    def _report(self, olt: str, report: Report, fault: str) -> None:
        """Queue behind what this OLT's agent still has to send."""
        view = self._olts[olt]
        if not view.on:
            return
        view.free = max(view.free, self.now) + view.rng.uniform(*self._timing.trap)
        self._at(view.free, partial(self._send, olt, view.epoch, report, fault))

    def _send(self, olt: str, epoch: int, report: Report, fault: str) -> None:
        view, device = self._olts[olt], self.plant.olts[olt]
        if epoch != view.epoch:
            self.discarded += 1
            return
        moment = Moment(self._start + timedelta(seconds=self.now + view.skew), view.sequence + 1)
        drafts = DIALECTS[device.vendor](self.plant, report, moment)
        for draft in drafts:
            self._emit(olt, draft, report, fault)
        if drafts:
            view.sequence += 1

    def _emit(self, olt: str, draft: Draft, report: Report, fault: str) -> None:
        view, device = self._olts[olt], self.plant.olts[olt]
        view.request_id = (view.request_id + 1) & 0x7FFFFFFF
        notification = to_notification(
            device,
            draft,
            community=self.plant.spec.community,
            uptime=int((self.now - view.booted) * 100) & 0xFFFFFFFF,
            request_id=view.request_id,
        )
        unreachable = not self.physics.works(Element("reach", olt))
        self._sent.append(
            Emission(at=self.now, olt=olt, report=report, notification=notification, fault=fault, unreachable=unreachable)
        )

    def _after(self, delay: Range, action: Callable[[], None]) -> None:
        self._at(self.now + self._rng.uniform(*delay), action)

    def _at(self, when: float, action: Callable[[], None]) -> None:
        self._count += 1
        heapq.heappush(self._heap, (when, self._count, action))

"""The Events that pollers would have appended in a case: from the physics, in virtual time, without sockets.

Contact and schedule are the poller's own (``actors.poller``). Played here are the agents' answers, the loss of datagrams, and
the time that requests take.
"""

import heapq
from collections.abc import Callable, Iterator
from datetime import datetime
from functools import partial
from random import Random
from typing import Final

from actors.poller.device_contact import DeviceContact
from actors.poller.poll_outcomes import LatestPoll, PollOutcomes
from actors.poller.schedule import EARLIEST_SHARE, first_poll, next_on_grid, phase
from actors.poller.settings import PollerSettings
from faultd.simulator.agents.agent_view import AgentView
from faultd.simulator.agents.plant_agents import TABLES, PlantAgents
from faultd.simulator.plant import SimulatedPlant, Vendor, position
from faultd.simulator.watch import Lost
from protocols.event import Event
from protocols.poll.contact import AgentTimes, PollAnswered, PollMissed
from protocols.poll.part_states import PolledPart, pack_states
from protocols.poll.request import PollRequested
from protocols.poll.states import DownCause, PartKind, PolledName, PolledStates, ReadReason
from protocols.snmp.manager.transaction import BACK_OFF

READ_SECONDS: Final = 0.4
"""Seconds that a read of a device's states takes; that of one port takes a fifth."""
REQUEST_SECONDS: Final = 0.3
"""Seconds from the correlator's request for a read to its begin."""
ROWS_AN_ANSWER: Final = 40
SECOND_WAY_RETRIES: Final = 1
KINDS: dict[Vendor, tuple[PartKind, ...]] = {
    "huawei": ("interface", "card", "pon", "ont"),
    "zte": ("interface", "card", "pon", "ont"),
    "calix_e7": ("interface", "pon", "ont"),
    "bdcom": ("interface", "ont"),
    "vsol": ("interface", "ont"),
}
"""The tables with states that the vendors' agents have."""
CAUSES: dict[Vendor, dict[Lost, DownCause]] = {
    "huawei": {"ont_los": "los", "ont_lof": "lof", "ont_dying_gasp": "dying_gasp"},
    "zte": {"ont_los": "los", "ont_dying_gasp": "dying_gasp"},
    "calix_e7": {},
    "bdcom": {"ont_los": "los", "ont_dying_gasp": "dying_gasp"},
    "vsol": {"ont_los": "los", "ont_dying_gasp": "dying_gasp"},
}
"""The causes that their tables tell."""


class CasePolls:
    """The pollers of a plant. Take :meth:`until` before each other Event; a request may come in between. ``loss`` is the
    probability that a datagram is lost, each way."""

    def __init__(
        self,
        plant: SimulatedPlant,
        agents: PlantAgents,
        settings: PollerSettings,
        moment: Callable[[float], datetime],
        *,
        seed: str,
        loss: float = 0.0,
    ) -> None:
        self._agents, self._settings, self._moment, self._loss = agents, settings, moment, loss
        self._rng = Random(f"polls/{seed}")
        self._heap: list[tuple[float, int, Callable[[float], Event | None]]] = []
        self._count = 0
        self._outcomes = PollOutcomes()
        self._olts = {olt.id: _PolledOlt(olt.id, olt.vendor, olt.address, settings) for olt in plant.olts.values()}
        for each in self._olts.values():
            first = first_poll(0.0, each.share, len(self._olts), settings.start_seconds, settings.interval_seconds)
            self._at(first, partial(self._begin, each, EARLIEST_SHARE * settings.interval_seconds))

    def until(self, at: float) -> Iterator[tuple[float, Event]]:
        """The Events up to that second, each with its own."""
        while self._heap and self._heap[0][0] <= at:
            when, _, act = heapq.heappop(self._heap)
            event = act(when)
            if event is not None:
                yield when, event

    def request(self, at: float, wish: PollRequested) -> None:
        """The correlator asked at that second for a read."""
        olt = self._olts.get(wish.device)
        if olt is not None:
            self._at(at + REQUEST_SECONDS, partial(self._read, olt, wish.reason, wish.scope, wish.offset))

    def _at(self, when: float, act: Callable[[float], Event | None]) -> None:
        self._count += 1
        heapq.heappush(self._heap, (when, self._count, act))

    def _begin(self, olt: "_PolledOlt", margin: float, at: float) -> Event | None:
        """A poll on schedule."""
        return self._try(olt, at, margin, 0, at)

    def _try(self, olt: "_PolledOlt", began: float, margin: float, tried: int, at: float) -> Event | None:
        """Send the request of a poll the first time or again."""
        settings = self._settings
        view = self._agents.view(olt.id, at)
        if view.answers and not self._lost():
            self._schedule(olt, margin, at)
            return self._answered(olt, view, at)
        wait = settings.timeout_seconds * BACK_OFF**tried
        if tried < settings.retries:
            self._at(at + wait, partial(self._try, olt, began, margin, tried + 1))
        elif olt.contact.confirms_next:
            second = sum(settings.timeout_seconds * BACK_OFF**each for each in range(SECOND_WAY_RETRIES + 1))
            self._at(at + wait + second, partial(self._missed, olt, began, margin, True))
        else:
            self._at(at + wait, partial(self._missed, olt, began, margin, False))
        return None

    def _missed(self, olt: "_PolledOlt", began: float, margin: float, second_way: bool, at: float) -> PollMissed | None:
        self._schedule(olt, margin, at)
        contact = olt.contact
        self._outcomes.ended(olt.latest, at, silent=True)
        first = contact.first_at if contact.first is not None else began
        other = self._agents.view(olt.id, at).answers if second_way else None
        others = self._outcomes.others(olt.latest, first)
        return contact.missed(self._moment(began), began, others, other_object=other)

    def _answered(self, olt: "_PolledOlt", view: AgentView, at: float) -> PollAnswered | None:
        contact = olt.contact
        others = self._outcomes.others(olt.latest, contact.first_at)
        self._outcomes.ended(olt.latest, at, silent=False)
        uptime = view.uptime()
        times = AgentTimes(
            at=self._moment(at),
            uptime=uptime,
            boots=view.boots,
            engine_time=view.seconds_up(),
            host_uptime=view.agent.uptime(at),
        )
        event, reason = contact.answered(times, at, others, TABLES[olt.vendor].enterprise)
        self._at(at, partial(self._read, olt, reason or "changed", "", 0))
        return event

    def _schedule(self, olt: "_PolledOlt", margin: float, at: float) -> None:
        # A poll takes some time: else the first instant behind its end could be its own, for want of precision.
        due = next_on_grid(at + max(margin, READ_SECONDS), self._settings.interval_seconds, olt.share)
        self._at(due, partial(self._begin, olt, 0.0))

    # --- states ---------------------------------------------------------------------------------------------------

    def _read(self, olt: "_PolledOlt", reason: ReadReason, scope: str, request: int, at: float) -> Event | None:
        """Begin a read; its Event comes when it has ended."""
        view = self._agents.view(olt.id, at)
        if olt.contact.contact != "answering" or not view.answers:
            return None
        parts: dict[str, PolledPart] = {}
        whole: list[PartKind] = []
        incomplete: dict[PartKind, str] = {}
        for kind in KINDS[olt.vendor]:
            found = [each for each in _parts(view, olt.vendor, kind) if not scope or _within(each.position, scope)]
            if scope and not found:
                continue
            if self._fails(len(found)):
                incomplete[kind] = "no_answer: the table was not read to its end"
                continue
            whole.append(kind)
            parts |= {f"{kind} {each.position}": each for each in found}
        changed = {name: part for name, part in parts.items() if olt.known.get(name) != part}
        olt.known |= parts
        chosen = changed if reason == "changed" else parts
        if reason == "changed" and not chosen:
            return None
        ended = at + READ_SECONDS / (5 if scope else 1)
        event = PolledStates(
            device=olt.id,
            reason=reason,
            begun=self._moment(at),
            ended=self._moment(ended),
            scope=scope,
            whole=() if reason == "changed" else tuple(whole),
            incomplete=incomplete,
            states=pack_states(chosen.values()),
            names=olt.new_names(view),
            request=request,
        )
        self._at(ended, lambda _at: event)
        return None

    def _lost(self) -> bool:
        """True when a request or its answer is lost."""
        return self._rng.random() >= (1 - self._loss) ** 2

    def _fails(self, rows: int) -> bool:
        """True when one of the requests of a walk was lost as often as it was sent."""
        if not self._loss:
            return False
        tries = range(self._settings.retries + 1)
        return any(all(self._lost() for _ in tries) for _ in range(1 + rows // ROWS_AN_ANSWER))


class _PolledOlt:
    """One OLT and its poller: its contact, and each part as the read before found it."""

    def __init__(self, olt: str, vendor: Vendor, address: str, settings: PollerSettings) -> None:
        self.id, self.vendor = olt, vendor
        self.share = phase(olt)
        self.contact = DeviceContact(olt, address, settings.misses, 0.0)
        self.latest = LatestPoll()
        self.known: dict[str, PolledPart] = {}
        self._named = False

    def new_names(self, view: AgentView) -> tuple[PolledName, ...]:
        """The names of the interfaces, in the first read."""
        if self._named:
            return ()
        self._named = True
        return tuple(PolledName(f"if/{each.index}", each.name) for each in view.interfaces)


def _within(place: str, scope: str) -> bool:
    return place == scope or place.startswith(f"{scope}/")


def _parts(view: AgentView, vendor: Vendor, kind: PartKind) -> Iterator[PolledPart]:
    """The parts of one kind as the OLT's agent has them."""
    match kind:
        case "interface":
            for each in view.interfaces:
                yield PolledPart(kind, f"if/{each.index}", "up" if view.interface_up(each) else "down")
        case "card":
            for card in view.cards:
                yield PolledPart(kind, position(card), "up" if view.card_up(card) else "down")
        case "pon":
            for pon in view.pons:
                yield PolledPart(kind, position(pon), "up" if view.pon_up(pon) else "down")
        case "ont":
            causes = CAUSES[vendor]
            for row, ont in enumerate(view.onts):
                if view.ont_up(row):
                    yield PolledPart(kind, position(ont), "up")
                else:
                    yield PolledPart(kind, position(ont), "down", causes.get(view.ont(row).cause, ""))

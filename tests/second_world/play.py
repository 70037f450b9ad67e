"""A story through the real stages in virtual time, and what was concluded and paged."""

import heapq
from collections.abc import Iterator, Sequence
from datetime import timedelta
from functools import cache
from random import Random
from typing import NamedTuple

import msgspec
from second_world.plant import Plant
from second_world.reports import BEGIN, LONG_AGO
from second_world.stories import END, NEED_CARDS, STORIES, Truth

from actors.correlator.profiles import Translator, compile
from actors.correlator.settings import CorrelatorSettings
from faultd.config import Config
from faultd.inputs import read_profiles, read_rules
from faultd.pipe import Stages
from protocols.alarm import Alarm
from protocols.change import AlarmChanged, NotificationRequested
from protocols.event import Event, PolicyLoaded, ProfilesLoaded, RulesLoaded, Tick, TopologyLoaded, Trap
from protocols.snmp.notification import Notification

LEDGER = "00000000-0000-4000-8000-000000000000"
VERDICT = 175.0
"""The second at which causes are compared with the truth: after every burst, before every repair."""
CONCLUDED = ("fibre.cut", "power.outage", "card.failure", "olt.failure", "ont.rogue", "pon.rogue.onts", "fibre.degraded")
CAUSES = (*CONCLUDED, "card.fault", "card.offline")


class Root(NamedTuple):
    alarm_type: str
    place: str
    confidence: float | None


class Played(NamedTuple):
    """``found`` has one entry for each fault. ``left``: conclusions that are open at the end."""

    name: str
    roots: list[Root]
    found: list[bool]
    wrong: list[Root]
    pages: list[tuple[float, str, str]]
    left: list[Root]


@cache
def _shipped() -> tuple[ProfilesLoaded, Translator, RulesLoaded]:
    profiles = read_profiles(Config())
    return ProfilesLoaded("shipped", profiles), compile(profiles), read_rules(Config())


def play(kind: str, seed: int) -> Played | None:
    """One case; None when the plant of this seed has no place for it."""
    rng = Random(f"second/{seed}/{kind}")
    plant = Plant(rng, with_cards=kind in NEED_CARDS)
    try:
        story = STORIES[kind](plant, rng)
    except (IndexError, ValueError):
        return None
    if any(len(truth.onts) < 4 for truth in story.truths if truth.types != ("fibre.cut",)):
        return None
    traps = story.course.traps(rng, END)
    profiles, translator, rules = _shipped()
    stages = Stages(LEDGER)
    stages.state.use_profiles(profiles, translator)
    alarms: dict[str, Alarm] = {}
    pages: list[tuple[float, str, str]] = []
    roots: list[Root] | None = None
    for offset, (at, event) in enumerate(_events(plant, rules, traps), 1):
        if roots is None and at > VERDICT:
            roots = _roots(alarms)
        for change in stages.fold(offset, BEGIN + timedelta(seconds=at), event):
            if isinstance(change, AlarmChanged):
                alarms[change.alarm.id] = change.alarm
            elif isinstance(change, NotificationRequested) and change.kind in ("raised", "flapping") and at >= 0:
                about = alarms[change.alarm_id]
                pages.append((round(at, 1), about.alarm_type, about.resource_id))
    assert roots is not None
    right = [[root for root in roots if _is_right(plant, truth, root)] for truth in story.truths]
    wrong = [root for root in roots if not any(root in found for found in right)]
    found = [_is_found(plant, truth, found) for truth, found in zip(story.truths, right, strict=True)]
    left = [root for root in _roots(alarms, children=True) if root.alarm_type in CONCLUDED]
    return Played(f"{kind}/{seed}", roots, found, wrong, pages, left)


def _events(plant: Plant, rules: RulesLoaded, traps: Sequence[tuple[float, Notification]]) -> Iterator[tuple[float, Event]]:
    begin = LONG_AGO[0] - 1
    yield begin, PolicyLoaded("second", msgspec.msgpack.encode(CorrelatorSettings()))
    yield begin, TopologyLoaded("second", tuple(plant.nodes))
    yield begin, rules
    ticks: list[tuple[float, Notification | None]] = []
    ticks += [(begin + 7_200.0 * number, None) for number in range(int(-begin // 7_200))]
    ticks += [(float(second), None) for second in range(-100, int(END) + 1)]
    for at, trap in heapq.merge(ticks, traps, key=lambda each: each[0]):
        if at > END:
            return
        yield at, Tick() if trap is None else Trap("127.9.9.9", BEGIN + timedelta(seconds=at), trap, "")


def _roots(alarms: dict[str, Alarm], *, children: bool = False) -> list[Root]:
    return [
        Root(alarm.alarm_type, alarm.resource_id, alarm.metadata.get("confidence"))
        for alarm in alarms.values()
        if alarm.cleared_at is None and alarm.alarm_type in CAUSES and (children or alarm.parent_alarm_id is None)
    ]


def _above(plant: Plant) -> frozenset[str]:
    return frozenset((*plant.cards, "o1"))


def _is_right(plant: Plant, truth: Truth, root: Root) -> bool:
    if root.alarm_type not in truth.types:
        return False
    return not truth.places or root.place in truth.places or (truth.each and root.place in _above(plant))


def _is_found(plant: Plant, truth: Truth, right: list[Root]) -> bool:
    places = {root.place for root in right}
    if truth.each and not places & _above(plant):
        return places >= truth.places
    return bool(places)

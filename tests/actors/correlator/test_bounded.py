"""Whatever devices, strangers with a community and other systems send: nothing that the fold and those behind it keep grows
without end. What is keyed by what arrives at the sockets is in the listener's own test."""

from collections import Counter
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from vocabulary import lives
from vocabulary.traps import make_notification
from vocabulary.world import START, World

from actors.correlator import staging, state
from actors.correlator.events import stage_quarantine
from actors.correlator.settings import CorrelatorSettings
from actors.ledger.consumers import ConsumerPolicy, Consumers
from actors.ledger.feed import LedgerFeed
from actors.ledger.lag import Lag
from actors.stream import change_window
from actors.stream.board import Board
from protocols.change import AlarmChanged, Change, UnknownTrap
from protocols.command import Command, Raise
from protocols.event import Event, NetworkEvent, PolicyLoaded, ProfilesLoaded, SystemReport, TopologyLoaded, Trap
from protocols.ledger import RecordedBatch
from protocols.poll.contact import AgentTimes, PollAnswered, PollMissed
from protocols.principal import Principal
from protocols.snmp.notification import Notification, VarBind
from protocols.topology import Node

OPERATOR = Principal("ada", "operator")

OPEN, OF_DEVICE, MEMORIES, CLEARED, MARKS = 200, 50, 100, 60, 400
BATCHES, BYTES = 30, 10_000
ROUNDS, EACH = 250, 12
CALIX = "1.3.6.1.4.1.6321.1.2.2.4"
DOWN, UP, UNKNOWN = "1.3.6.1.6.3.1.1.5.3", "1.3.6.1.6.3.1.1.5.4", "1.3.6.1.4.1.99999.1"


def hostile(round: int) -> Iterator[Event]:
    """Ever new devices, resources, types, keys, numbers and texts; and one topology after another."""
    for number in range(EACH):
        name, address = f"{round}-{number}", f"10.{round}.{number}.1"
        yield trap(address, DOWN, number)
        yield trap("10.0.0.1", DOWN, round * EACH + number)
        yield trap(address, UP, number, inform=name)
        yield trap(address, UNKNOWN, number, inform=f"u{name}")
        yield sequence(address, round * 100_000 + number)
        yield network("device.down", f"olt-{round % 7}", name)
        yield network("cpe.offline", f"ont-{name}", "")
        yield network("device.down", f"gone-{name}", "")
        yield network("device.up", f"gone-{name}", "")
        yield PollMissed(device=f"gone-{name}", address=address, first=START, misses=3, needed=3)
        yield PollMissed(device=f"olt-{number % 4}", address=address, first=START, misses=3, needed=3)
        yield PollAnswered(device=f"gone-{name}", address=address, times=AgentTimes(at=START))
        yield SystemReport(alarm_type="x", active=number % 2 == 0, qualifier=str(number))
    yield Command(OPERATOR, by_hand(round))
    yield PolicyLoaded("bad", b"\xc1")
    yield TopologyLoaded(str(round), (Node(id=f"olt-{round % 3}", type="olt", address="10.0.0.1", tenant="t"),))


def trap(source: str, oid: str, interface: int, inform: str = "") -> Trap:
    varbinds = (VarBind(f"1.3.6.1.2.1.2.2.1.1.{interface}", "INTEGER", interface),)
    return Trap(source, START, notification(oid, interface, varbinds), inform)


def sequence(source: str, number: int) -> Trap:
    values = ((f"{CALIX}.1.1", number), (f"{CALIX}.1.2", 85), (f"{CALIX}.1.3", 1), (f"{CALIX}.1.13", 1))
    varbinds = tuple(VarBind(oid, "INTEGER", value) for oid, value in values)
    return Trap(source, START, notification(f"{CALIX}.2.1", 1, varbinds))


def notification(oid: str, uptime: int, varbinds: tuple[VarBind, ...]) -> Notification:
    return make_notification(oid, varbinds, uptime=uptime)


def network(type: Any, resource: str, qualifier: str) -> NetworkEvent:
    key = f"{type}{resource}{qualifier}"
    return NetworkEvent(type=type, tenant_id="t", resource_type="r", resource_id=resource, qualifier=qualifier, key=key)


def by_hand(round: int) -> Raise:
    return Raise(
        alarm_type=f"type-{round}", tenant_id="t", severity="minor", title="x", resource_type="r", resource_id=str(round)
    )


def sizes(thing: object) -> dict[str, int]:
    found = {name: getattr(thing, name) for name in dir(thing) if not name.startswith("__")}
    return {name: len(value) for name, value in found.items() if hasattr(value, "__len__")}


def flood(world: World) -> tuple[dict[str, dict[str, int]], Counter[str]]:
    """The largest that each collection became, of the fold and of those who follow it; and what came of it, counted."""
    world(ProfilesLoaded("d", lives.PROFILES))
    board, lag = Board(window=BATCHES), Lag()
    consumers = Consumers({"store": ConsumerPolicy(begins="oldest")}, {}, 0, 0)
    feed = LedgerFeed(Path("unused"), 0, consumers, batches=BATCHES, size=BYTES)
    most: dict[str, dict[str, int]] = {"state": {}, "board": {}, "feed": {}, "lag": {}}
    seen: Counter[str] = Counter()
    for round in range(ROUNDS):
        changes: list[Change] = []
        for event in hostile(round):
            world.at(round)
            changes += world(event)
        changes += world.tick()
        seen.update(type(change).__name__ for change in changes)
        batch = RecordedBatch(round + 1, world.offset, changes)
        board.fold(batch)
        feed.publish([(batch, 1_000 + round)], float(round))
        lag.observe(feed.last, float(round))
        for name, thing in (("state", world.state), ("board", board), ("feed", feed), ("lag", lag)):
            for collection, size in sizes(thing).items():
                most[name][collection] = max(most[name].get(collection, 0), size)
        most["state"]["open alarms"] = max(most["state"].get("open alarms", 0), world.state.open_alarms)
    most["state"]["snapshot"] = len(world.state.save())
    return most, seen + world.state.tally


def test_nothing_that_is_kept_grows_beyond_its_bound(
    make_world: Callable[[CorrelatorSettings], World], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(staging, "MAX_MEMORIES", MEMORIES)
    monkeypatch.setattr(state, "MAX_QUARANTINED", MEMORIES)
    monkeypatch.setattr(stage_quarantine, "MOST_ALARMS", 10)
    monkeypatch.setattr(change_window, "MOST_MARKS", MARKS)
    world = make_world(CorrelatorSettings(max_alarms=OPEN, max_alarms_per_device=OF_DEVICE, keep_cleared_max=CLEARED))
    most, seen = flood(world)
    fold, board = most["state"], most["board"]

    # Of faultd itself: quarantined ones and "more", x, the limit of all, those of devices (of each its tenant and name).
    own = 10 + 1 + EACH + 1 + 20
    # At most so many are cleared between two ticks, renamed ones included, and an eighth of the surplus goes with each.
    cleared = CLEARED + 9 * (3 * EACH + OF_DEVICE)
    assert OPEN <= fold["open alarms"] <= OPEN + own
    assert fold["alarms"] <= fold["open alarms"] + cleared
    for name in ("names", "current", "marks", "renamed", "shelved", "open", "open_of"):
        assert fold[name] <= fold["alarms"], name
    assert fold["cleared"] <= cleared
    for name in ("ended", "informs", "keys", "sequences", "quarantined"):
        assert fold[name] == MEMORIES, f"{name}: the flood must have filled it, and no more"
    assert len(world.state.tally) < 20
    assert fold["snapshot"] < 2_000_000

    assert board["_alarms"] <= fold["alarms"]
    assert board["_repeats"] <= fold["alarms"]
    assert 0 < board["_marks"] <= MARKS
    assert most["feed"]["_recent"] < BATCHES, "the bytes end it first"
    assert most["lag"]["_recorded"] == ROUNDS <= 4_096
    assert seen["refused:all"] > 1_000
    assert seen["refused:device"] > 10
    assert min(seen[kind.__name__] for kind in (AlarmChanged, UnknownTrap)) > ROUNDS

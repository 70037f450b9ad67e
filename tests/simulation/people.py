"""Operators and probes: those who ask the daemon for something through its API, and remember what it answered."""

from collections.abc import Callable
from datetime import timedelta
from random import Random
from typing import TYPE_CHECKING, Any

import msgspec
import trio
from simulation.agreements import UNBOOKABLE, Agreements, sla_of
from simulation.oracle import label
from simulation.postgres import UNSTORABLE
from vocabulary.counter import POISON as UNCOUNTABLE

from actors.correlator.rules.memories import RuleMemory
from actors.correlator.windows.memory import WindowMemory
from actors.ledger.errors import LedgerError
from actors.mailbox import Abandoned, Append, LedgerUnavailable, Outcome, Reply
from protocols.command import (
    Acknowledge,
    Action,
    Assign,
    CancelWindow,
    ChangeTopology,
    Clear,
    Command,
    CreateRule,
    DeleteRule,
    DiscardQuarantined,
    Edit,
    Edited,
    EditRule,
    EndWindow,
    Note,
    PatchWindow,
    PutWindow,
    Raise,
    Resolve,
    RetryQuarantined,
    RuleAction,
    Shelve,
    Unacknowledge,
    Unshelve,
    WindowAction,
)
from protocols.event import Event, NetworkEvent
from protocols.maintenance import PlanChanges, WindowPlan, WindowScope
from protocols.principal import Principal
from protocols.rule import Rule, RuleEdited
from protocols.sla.local_time import instant_at
from protocols.topology import Node

if TYPE_CHECKING:
    from simulation.world import World

ANSWER_SECONDS = 900.0
"""Within this time every request is answered, or its process is gone."""
POISON = "poison"
"""Resources whose Events the fold cannot fold before the ledger's time has come to what their metadata say."""
RULES: tuple[dict[str, Any], ...] = (
    {"type": "suppression", "conditions": {"match": {"alarm_type": "x"}}},
    {"type": "suppression", "conditions": {"match": {"severity": {"lte": "warning"}}}, "actions": {"suppress": False}},
    {"type": "flapping", "conditions": {"match": {}, "count": 3}, "actions": {"quiet_seconds": 5}},
    {
        "type": "correlation",
        "conditions": {"parent": {"alarm_type": "device.down"}, "child": {"alarm_type": "interface.down"}},
    },
    {
        "type": "correlation",
        "conditions": {"match": {"source": "network_device"}, "count": 2},
        "actions": {"alarm_type": "g.two"},
    },
    {
        "type": "correlation",
        "conditions": {"match": {"alarm_type": "interface.down"}, "count": 4, "count_of": "occurrences"},
        "actions": {"alarm_type": "g.often", "severity": "minor"},
    },
    {"type": "correlation", "conditions": {"sequence": [{"alarm_type": "interface.down"}, {"alarm_type": "device.down"}]}},
    {
        "type": "correlation",
        "conditions": {"match": {"alarm_type": "x"}, "absent": {"alarm_type": "device.down"}},
        "actions": {"alarm_type": "g.alone"},
    },
    {"type": "escalation", "conditions": {"match": {}}, "actions": {"after_seconds": 4, "notify": True, "add_tags": ["late"]}},
    {"type": "correlation", "conditions": {"match": {"nothing.such": 1}, "count": 2}},
)
"""What operators write; the last one is refused."""


class Person:
    """Asks one thing after another."""

    def __init__(self, name: str, world: "World", rng: Random) -> None:
        self._name, self._world, self._rng = name, world, rng
        self._count = 0

    async def live(self, seconds: float, pace: float) -> None:
        end = trio.current_time() + seconds
        while trio.current_time() < end:
            await trio.sleep(self._rng.expovariate(1 / pace))
            for _ in range(self._rng.choice((1, 1, 1, 4))):
                event = await self._event()
                if event is None:
                    continue
                self._world.spawn(self._ask, event)
                if isinstance(event, Command) and isinstance(event.action, RetryQuarantined) and self._rng.random() < 0.5:
                    # Somebody else asks for the same at the same time.
                    self._world.spawn(self._ask, Command(Principal(self._next(), "operator"), event.action))

    async def _ask(self, event: Event) -> None:
        world, life = self._world, self._world.life
        name = label(event)
        assert name is not None
        if life is None or not life.open:
            return
        append = Append([event], Reply[int](), Reply[Outcome]())
        assert append.committed is not None
        assert append.answered is not None
        patience = self._rng.choice((0.05, ANSWER_SECONDS, ANSWER_SECONDS))
        outcome = None
        with trio.move_on_after(patience) as scope:
            try:
                await life.appends.send(append)
                first = await append.committed.wait()
                if life.dead:
                    return
                world.oracle.acknowledged(name, f"committed at {first}")
                outcome = await append.answered.wait()
            except LedgerUnavailable as error:
                if not life.dead:
                    world.note(f"{name} refused: {error!s:.60}")
                    world.oracle.told_refused(name)
                return
            except (Abandoned, trio.BrokenResourceError, trio.ClosedResourceError):
                return
        if scope.cancelled_caught and patience == ANSWER_SECONDS and not life.dead:
            world.violate(f"{name} was not answered in {patience:.0f} s")
        if outcome is None or life.dead:
            return
        world.oracle.outcome(name, outcome.first, outcome.seq, outcome.changes[0])
        if await life.stored.reach(outcome.seq, 2.0) and not life.dead and not life.rewound:
            cursor = world.server.tables.cursor
            if cursor is None or cursor[1] < outcome.seq:
                world.violate(f"batch {outcome.seq} is said to be visible, PostgreSQL has {cursor}")

    async def _event(self) -> Event | None:
        return await self._command() if self._rng.random() < 0.6 else self._report()

    def _next(self) -> str:
        self._count += 1
        return f"{self._name}-{self._count}"

    def _report(self) -> NetworkEvent:
        rng, world = self._rng, self._world
        kind: Any = rng.choice(("device.down", "device.up", "monitoring.check_failed", "monitoring.check_recovered"))
        poison, uncountable = rng.random() < world.plan.poison, rng.random() < world.plan.poison
        resource = f"{POISON}-{rng.randint(1, 2)}" if poison else rng.choice(("olt-1", "olt-2", "x"))
        cure = (world.wall() + timedelta(seconds=rng.choice((5, 20, 100_000)))).timestamp()
        return NetworkEvent(
            type=kind,
            tenant_id="t",
            resource_type="olt",
            resource_id=f"{resource}-{UNCOUNTABLE}" if uncountable else resource,
            qualifier=rng.choice(("", "q")),
            title=UNSTORABLE if rng.random() < world.plan.unstorable else "",
            key=rng.choice(("", "", f"k{rng.randint(1, 5)}")),
            reported_by=self._next(),
            metadata={"cure": cure} if poison or uncountable else {},
        )

    async def _command(self) -> Event | None:
        rng = self._rng
        by = Principal(self._next(), "operator", rng.choice((None, "t", "u")))
        if rng.random() < 0.4:
            admin = Principal(by.name, "admin", rng.choice((None, None, "t")))
            action = rng.choice((self._rule, self._window, self._plant))()
            return Command(admin, action, expected=self._expected(action))
        if rng.random() < 0.2:
            retry = await self._retry()
            if retry is not None:
                return Command(by, retry)
        if rng.random() < 0.2:
            return Command(
                by,
                Raise(
                    tenant_id="t",
                    alarm_type=rng.choice(("x", "device.down")),
                    severity=rng.choice(("critical", "warning")),
                    title=UNSTORABLE if rng.random() < self._world.plan.unstorable else "by hand",
                    resource_type="olt",
                    resource_id="olt-1",
                    service_effect=rng.choice((None, "outage", "none")),
                ),
            )
        return Command(by, self._action(), tuple(self._targets()))

    def _rule(self) -> RuleAction:
        rng = self._rng
        chosen = self._one_of(RuleMemory, "records")
        if chosen is None or rng.random() < 0.4:
            written = {"name": f"rule {rng.randint(1, 4)}", "time_window": rng.choice((5, 60)), **rng.choice(RULES)}
            return CreateRule(msgspec.convert(written | {"priority": rng.randint(-5, 5)}, Rule))
        if rng.random() < 0.4:
            return DeleteRule(chosen)
        fields: dict[str, Any] = {"enabled": rng.random() < 0.5}
        if rng.random() < 0.4:
            other = rng.choice(RULES)
            fields |= {name: other.get(name, {}) for name in ("conditions", "actions")}
        return EditRule(chosen, msgspec.convert(fields, RuleEdited))

    def _window(self) -> WindowAction:
        rng, now = self._rng, self._world.wall()
        chosen = self._one_of(WindowMemory, "windows")
        if chosen is None or rng.random() < 0.4:
            scopes = (
                WindowScope(devices=("olt-1", "olt-2")),
                WindowScope(alarm_types=("x", "interface.down")),
                WindowScope(tenants=("t",)),
            )
            return PutWindow(
                WindowPlan(
                    title=f"work {rng.randint(1, 9)}",
                    scope=rng.choice(scopes),
                    start=now + timedelta(seconds=rng.choice((-3, 0, 5))),
                    duration_seconds=rng.choice((4.0, 20.0, 200.0)),
                    recurrence=rng.choice(("", "", "FREQ=DAILY;COUNT=3")),
                    tenant_id=rng.choice((None, "t")),
                    key=rng.choice(("", f"w{rng.randint(1, 3)}")),
                )
            )
        changes = (
            PlanChanges(duration_seconds=rng.choice((8.0, 100.0))),
            PlanChanges(end=now + timedelta(seconds=rng.choice((-5, 10)))),
            PlanChanges(scope=WindowScope(subtrees=("olt-3",))),
        )
        return rng.choice((EndWindow(chosen), CancelWindow(chosen), PatchWindow(chosen, rng.choice(changes))))

    def _plant(self) -> ChangeTopology:
        """Nodes come, move and go below the OLTs; some of it cannot be."""
        rng = self._rng
        on = self._known_plant()
        number = rng.randint(1, 6)
        if rng.random() < 0.3:
            return ChangeTopology(removes=(f"olt-{number % 3 + 1}/n{number}",), on=on)
        parent = rng.choice((f"olt-{number % 3 + 1}", f"olt-{number % 3 + 1}", "olt-9", f"olt-{number % 3 + 1}/n{number}"))
        node = Node(
            id=f"olt-{number % 3 + 1}/n{number}",
            type=rng.choice(("pon", "ont")),
            parents=(parent,),
            name=f"node {rng.randint(1, 3)}",
            tenant="t",
            area=rng.choice(("", "north")),
            customer_id=rng.choice(("", "c1", "c2")),
        )
        return ChangeTopology((node,), on=on)

    def _one_of(self, memory: type[RuleMemory | WindowMemory], table: str) -> str | None:
        """The id of a rule, or of a window, that a list of them shows; sometimes one that there never was."""
        state = self._world.oracle.known_state
        known = list(getattr(state.memory(memory), table)) if state is not None else []
        if not known:
            return None
        return "none" if self._rng.random() < 0.1 else self._rng.choice(known[-4:])

    def _expected(self, action: Action) -> dict[str, int]:
        """The revision that somebody knows of what he changes; sometimes none, and sometimes not the present one."""
        state, rng = self._world.oracle.known_state, self._rng
        known: Any = None
        if state is None or rng.random() < 0.5:
            return {}
        match action:
            case EditRule() | DeleteRule():
                name, known = action.rule_id, state.memory(RuleMemory).records.get(action.rule_id)
            case EndWindow() | CancelWindow() | PatchWindow():
                name, known = action.window_id, state.memory(WindowMemory).windows.get(action.window_id)
            case ChangeTopology(puts=(node,)):
                name, known = node.id, state.plant.revision(node.id)
        if known is None:
            return {}
        return {name: (known if isinstance(known, int) else known.revision) - (rng.random() < 0.2)}

    def _known_plant(self) -> int | None:
        """The plant's last change, as somebody may know it."""
        state = self._world.oracle.known_state
        if state is None or self._rng.random() < 0.3:
            return None
        return state.topology_at - (self._rng.random() < 0.2)

    async def _retry(self) -> Action | None:
        life = self._world.life
        if life is None or not life.open:
            return None
        try:
            kept = await life.ledger.feed.quarantined()
        except (OSError, LedgerError):
            if life.dead:
                return None
            raise
        if not kept:
            return None
        chosen = self._rng.choice(list(kept))
        if self._rng.random() < 0.2:
            return DiscardQuarantined(chosen.offset, "not needed", chosen.stage)
        return RetryQuarantined(chosen.offset, chosen.event, chosen.stage, chosen.changes)

    def _action(self) -> Any:
        rng = self._rng
        choices: tuple[Callable[[], Any], ...] = (
            Acknowledge,
            Unacknowledge,
            Clear,
            Resolve,
            Unshelve,
            lambda: Assign("bob"),
            lambda: Note("n"),
            lambda: Edit(Edited(severity=rng.choice(("critical", "minor")))),
            lambda: Shelve(self._world.wall() + timedelta(seconds=rng.randint(1, 30)), "later"),
        )
        return rng.choice(choices)()

    def _targets(self) -> list[str]:
        """What the rows show, which may be behind."""
        names = list(self._world.server.tables.alarms) or ["A1"]
        return [self._rng.choice(names) for _ in range(self._rng.randint(1, 3))]


class AccountManager(Person):
    """Asks of service level agreements, and sees to it that they have something to measure."""

    async def _event(self) -> Event | None:
        rng, stages = self._rng, self._world.oracle.stages
        if rng.random() < 0.3:
            return self._outage()
        agreements = Agreements(rng, None if stages is None else sla_of(stages), instant_at(self._world.wall()))
        action = agreements.action()
        by = Principal(self._next(), "admin", rng.choice((None, None, None, "t")))
        return Command(by, action, expected=agreements.expected(action))

    def _outage(self) -> NetworkEvent:
        rng, unbookable = self._rng, self._rng.random() < self._world.plan.poison
        cure = (self._world.wall() + timedelta(seconds=rng.choice((0, 3, 100_000)))).timestamp()
        return NetworkEvent(
            type=rng.choice(("device.down", "device.up")),
            tenant_id="t",
            resource_type="olt",
            resource_id=rng.choice(("olt-1", "olt-2", "olt-2/n1", "olt-3")),
            title="",
            reported_by=self._next(),
            metadata={UNBOOKABLE: True, "cure": cure} if unbookable else {},
        )

"""Service level agreements in the simulation: what people ask of the stage ``sla_clock``, and an Event that it cannot book."""

from collections.abc import Callable, Sequence
from datetime import date
from decimal import Decimal
from random import Random
from typing import Any

from actors.guarded_stage import GuardedStage
from actors.sla_clock.run import FoldRun
from actors.sla_clock.stage import SlaClock
from actors.sla_clock.state import SlaState
from faultd.pipe import Stages
from protocols.change import Change
from protocols.event import Event, NetworkEvent
from protocols.sla.actions import (
    AddMeasurements,
    ClosePeriod,
    CorrectOutage,
    CreateDefinition,
    CreateExclusion,
    CreateInstance,
    CreateInstances,
    DeleteDefinition,
    DeleteInstance,
    EditDefinition,
    EditInstance,
    PauseClock,
    ReportFault,
    SlaAction,
    WithdrawExclusion,
)
from protocols.sla.credit_models import CreditRate, CreditStep, CreditTier, OutageCredits, TierCredits
from protocols.sla.definition import SlaTerms, SlaTermsEdited
from protocols.sla.exclusion import ExclusionPlan, ExclusionScope
from protocols.sla.instance import InstanceEdited, InstancePlan
from protocols.sla.local_time import SECOND
from protocols.sla.measurement import ServiceMeasurement
from protocols.sla.performance_rule import PerformanceRule
from protocols.sla.periods import PeriodRule

UNBOOKABLE = "unbookable"
"""A NetworkEvent with this in its metadata makes the stage raise when it has booked it, until the ledger's time has come to
their ``cure``."""
SLICE = 3
"""Instances that one Event examines at most in some seeds."""
RULES = (
    PeriodRule("UTC", date(2026, 1, 1), "days", 1),
    PeriodRule("UTC", date(2026, 1, 1)),
    PeriodRule("Europe/Berlin", date(2026, 1, 1), "days", 7),
)
RESOURCES: tuple[tuple[str, ...], ...] = (("olt-1",), ("olt-1", "olt-2"), ("olt-2/n1",), ("olt-3/n2",), ("x",), ())


def sla_of(stages: Stages) -> SlaState | None:
    """The state of the stage; None where it is not among them."""
    for stage in stages.all:
        if isinstance(stage, GuardedStage) and isinstance(stage.stage, SlaClock):
            return stage.stage.state
    return None


def unbookable(fold_event: Callable[..., None]) -> Callable[..., None]:
    """The fold of the stage, which raises at its end for some Events until the ledger's time has come to their cure."""

    def fold(run: FoldRun, event: Event, changes_before: Sequence[Change]) -> None:
        fold_event(run, event, changes_before)
        if type(event) is NetworkEvent and UNBOOKABLE in event.metadata and run.at.timestamp() < event.metadata["cure"]:
            raise ZeroDivisionError(event.resource_id)

    return fold


def never_quickly(folds_quickly: Callable[..., bool]) -> Callable[..., bool]:
    """The check of the stage for Events that need no run, which says no to those that :func:`unbookable` is to see: what the
    answer is otherwise differs from process to process, and changes nothing."""

    def quick(state: SlaState, events: Sequence[Event], *more: Any) -> bool:
        fails = any(type(event) is NetworkEvent and UNBOOKABLE in event.metadata for event in events)
        return not fails and folds_quickly(state, events, *more)

    return quick


class Agreements:
    """Draws actions. ``now``: what people think that the time is, in microseconds."""

    def __init__(self, rng: Random, state: SlaState | None, now: int) -> None:
        self._rng, self._state, self._now = rng, state or SlaState(), now

    def action(self) -> SlaAction:
        """The next action."""
        rng, state = self._rng, self._state
        if not state.definitions or rng.random() < 0.1:
            return CreateDefinition(rng.choice((None, None, "t")), self._terms(), key=self._key("d"))
        if not len(state.instances) or rng.random() < 0.3:
            plans = tuple(self._plan() for _ in range(rng.choice((1, 1, 4))))
            return CreateInstance(plans[0]) if len(plans) == 1 else CreateInstances(plans)
        choices: tuple[Callable[[], SlaAction], ...] = (
            self._edit_definition,
            self._edit_instance,
            self._edit_instance,
            lambda: DeleteInstance(self._instance()),
            lambda: DeleteDefinition(self._definition()),
            self._correct,
            self._correct,
            self._exclude,
            self._exclude,
            lambda: WithdrawExclusion(self._one_of(state.exclusions)),
            self._measure,
            self._measure,
            self._pause,
            self._pause,
            lambda: ReportFault("t", f"c{rng.randint(1, 3)}", f"s{rng.randint(1, 6)}", self._when(), key=self._key("f")),
            self._close,
        )
        return rng.choice(choices)()

    def expected(self, action: SlaAction) -> dict[str, int]:
        """The revision that somebody knows of what he changes; sometimes none, and sometimes not the present one."""
        state, rng = self._state, self._rng
        match action:
            case EditInstance() | DeleteInstance() if (instance := state.instances.get(action.instance_id)) is not None:
                known = {instance.id: instance.revision}
            case EditDefinition() | DeleteDefinition() if (definition := state.definition(action.definition_id)) is not None:
                known = {definition.id: definition.version}
            case _:
                known = {}
        return {} if rng.random() < 0.6 else {name: number - (rng.random() < 0.2) for name, number in known.items()}

    def _terms(self) -> SlaTerms:
        rng = self._rng
        return SlaTerms(
            name=rng.choice(("gold", "silver")),
            period=rng.choice(RULES),
            availability_target=rng.choice((999_990_000, 999_990_000, 990_000_000, None)),
            outage_minimum=rng.choice((0, 0, SECOND)),
            unknown_counts_as=rng.choice(("up", "down")),
            exclude_maintenance=rng.random() < 0.3,
            response={"major": 2 * SECOND, "critical": SECOND} if rng.random() < 0.5 else {},
            resolution={"major": 4 * SECOND, "critical": 3 * SECOND} if rng.random() < 0.5 else {},
            performance=rng.choice(((), (PerformanceRule("latency", 5_000, SECOND, 2 * SECOND),))),
            credits=rng.choice(
                (
                    None,
                    None,
                    TierCredits(rule="tiers", currency="EUR", tiers=(CreditTier(Decimal(100), Decimal(10)),)),
                    OutageCredits(
                        rule="hours",
                        currency="EUR",
                        unit="hour",
                        free=0,
                        free_unit="hours",
                        counts="part",
                        rates=(CreditRate(date(2020, 1, 1), (CreditStep(1, 100),)),),
                        starts=rng.choice(("outage", "report")),
                    ),
                )
            ),
        )

    def _plan(self) -> InstancePlan:
        rng = self._rng
        number = rng.randint(1, 6)
        return InstancePlan(
            tenant_id=rng.choice(("t", "t", "t", "u")),
            definition_id=self._definition(),
            customer_id=f"c{1 + number % 3}",
            service_id=f"s{number}",
            resources=rng.choice(RESOURCES),
            start=self._now + rng.choice((-40 * 86_400, -100, -3, 2, 100)) * SECOND,
            end=rng.choice((None, None, self._now + rng.choice((5, 40 * 86_400)) * SECOND)),
            monthly_fee=rng.choice((0, 3999)),
            currency="EUR",
            key=self._key("i"),
        )

    def _edit_definition(self) -> SlaAction:
        rng = self._rng
        fields = rng.choice(
            (
                SlaTermsEdited(availability_target=rng.choice((999_999_000, 900_000_000))),
                SlaTermsEdited(period=rng.choice(RULES)),
                SlaTermsEdited(unknown_counts_as=rng.choice(("up", "down")), at_risk_percent=rng.choice((1, 50))),
                SlaTermsEdited(response={"critical": rng.choice((1, 5)) * SECOND}),
            )
        )
        return EditDefinition(self._definition(), fields)

    def _edit_instance(self) -> SlaAction:
        rng = self._rng
        fields = rng.choice(
            (
                InstanceEdited(suspended=rng.random() < 0.5),
                InstanceEdited(resources=rng.choice(RESOURCES)),
                InstanceEdited(definition_id=self._definition()),
                InstanceEdited(end=rng.choice((None, self._now, self._now + 3 * SECOND))),
                InstanceEdited(start=self._when()),
            )
        )
        return EditInstance(self._instance(), fields)

    def _correct(self) -> SlaAction:
        rng, outage = self._rng, self._state.outages.get(self._one_of(self._state.outages))
        if outage is None:
            return CorrectOutage("none", "the device's log")
        start = rng.choice((None, outage.start - SECOND, outage.start + SECOND))
        end = rng.choice((None, None if outage.end is None else outage.end - SECOND // 2, self._now - SECOND))
        return CorrectOutage(outage.id, "the device's log", start, end)

    def _exclude(self) -> SlaAction:
        rng, start = self._rng, self._when()
        scope = rng.choice(
            (
                ExclusionScope(resources=(rng.choice(("olt-1", "olt-2", "olt-2/n1")),)),
                ExclusionScope(services=("s1", "s2")),
                ExclusionScope(customers=("c1",)),
                ExclusionScope(instances=(self._instance(),)),
                ExclusionScope(definitions=(self._definition(),)),
                ExclusionScope(everything=True),
            )
        )
        length = rng.choice((1, 3, 600, 86_400)) * SECOND
        tenant = rng.choice((None, "t"))
        return CreateExclusion(
            ExclusionPlan(
                tenant_id=tenant,
                category="agreed",
                scope=scope,
                start=start,
                end=start + length,
                reason="agreed",
                key=self._key("x"),
            )
        )

    def _measure(self) -> SlaAction:
        rng = self._rng
        items = []
        for _ in range(rng.randint(1, 6)):
            service, resource = rng.choice(((f"s{rng.randint(1, 6)}", ""), ("", "olt-1")))
            at, latency = self._now - rng.randint(0, 5) * SECOND, rng.choice((1_000, 9_000))
            items.append(ServiceMeasurement(service_id=service, resource_id=resource, at=at, latency=latency))
        return AddMeasurements("t", tuple(items))

    def _pause(self) -> SlaAction:
        rng, start = self._rng, self._when()
        end = rng.choice((None, start + rng.randint(1, 5) * SECOND))
        return PauseClock(self._one_of(self._state.clocks.by_id), "waiting_for_customer", rng.choice((None, start)), end)

    def _close(self) -> SlaAction:
        instance_id = self._instance()
        account = self._state.accounts.get(instance_id) or self._state.closed.get(instance_id)
        return ClosePeriod(instance_id, self._now if account is None else account.period_start, "asked for")

    def _when(self) -> int:
        return self._now + self._rng.choice((-5, -1, 0, 2)) * SECOND

    def _key(self, prefix: str) -> str:
        return self._rng.choice(("", f"{prefix}{self._rng.randint(1, 3)}"))

    def _definition(self) -> str:
        return self._one_of(self._state.definitions)

    def _instance(self) -> str:
        return self._one_of({each.id: each for each in self._state.instances})

    def _one_of(self, table: dict[str, Any]) -> str:
        """The id of something that is known; sometimes of nothing."""
        return self._rng.choice(list(table)[-6:]) if table and self._rng.random() < 0.9 else "none"

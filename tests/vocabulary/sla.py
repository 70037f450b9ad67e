"""Service level agreements in a World: definitions, instances, and what the stage made of them."""

from datetime import UTC, date, datetime, timedelta
from typing import Any, Self

from actors.journal import Journal
from actors.sla_clock.books.figures import SlaFigures, figures_of
from actors.sla_clock.books.period_choice import period_of
from actors.sla_clock.evidence.timelines import EvidenceReader
from actors.sla_clock.state import SlaState
from protocols.change import Change
from protocols.command import PutWindow
from protocols.event import Event, SlaWork
from protocols.maintenance import WindowPlan, WindowScope
from protocols.sla.breach import SlaBreach
from protocols.sla.changes import SlaBreachChanged, SlaNotificationRequested, SlaPeriodClosed
from protocols.sla.definition import SlaDefinition, SlaTerms
from protocols.sla.instance import SlaInstance
from protocols.sla.local_time import SECOND, instant_at
from protocols.sla.period_figures import PeriodFigures
from protocols.sla.periods import PeriodRule
from protocols.topology import Node
from vocabulary.world import ADMIN, START, World, moment

THREE_NINES = 999_000_000
MONTH = PeriodRule("UTC", date(2026, 1, 1))
BEGAN = datetime(2026, 1, 1, tzinfo=UTC)
"""The contracts of the tests begin here, two months before the start of a World."""


def us(seconds: float) -> int:
    """The instant so many seconds after the start of a World, in microseconds."""
    return instant_at(START) + round(seconds * SECOND)


class SlaWorld(World):
    """A World whose plant is an OLT with two PON ports and two ONTs on each; services ``svc-1`` to ``svc-4``."""

    stopped = False
    """faultd does not run between two Events."""

    def begin(self, settings: Any = None, nodes: Any = ()) -> None:
        super().begin(settings, nodes or plant())

    @property
    def sla(self) -> SlaState:
        """The state of the stage."""
        return self.stages.sla

    def define(self, name: str = "gold", **terms: Any) -> SlaDefinition:
        """A definition, made before the contracts begin."""
        terms = {"period": MONTH, "availability_target": THREE_NINES, **terms}
        made = SlaDefinition(
            id=f"SD{len(self.sla.definitions) + 1}",
            version=1,
            tenant_id=None,
            terms=SlaTerms(name=name, **terms),
            since=BEGAN,
            by="ada",
            created_at=BEGAN,
            created_by="ada",
        )
        self.sla.definitions[made.id] = (made,)
        return made

    def serve(self, definition: SlaDefinition, service: str, *resources: str, **fields: Any) -> SlaInstance:
        """An instance of a service; without ``resources`` the service is its own."""
        fields = {"start": instant_at(BEGAN), "tenant_id": "t", "customer_id": f"c-{service}", **fields}
        made = SlaInstance(
            id=f"SI{len(self.sla.instances) + 1}",
            definition_id=definition.id,
            service_id=service,
            resources=resources or (service,),
            created_at=BEGAN,
            created_by="ada",
            updated_at=BEGAN,
            updated_by="ada",
            **fields,
        )
        self.sla.instances.put(Journal(), made)
        period = period_of(self.sla, made, us(self.seconds))
        if period is not None:
            self.sla.deadlines.set(Journal(), "period", definition.id, period.end)
        return made

    def figures(self, instance: SlaInstance) -> SlaFigures:
        """Those of the running period, now."""
        period = period_of(self.sla, instance, us(self.seconds))
        assert period is not None
        return figures_of(EvidenceReader(self.sla), instance, period, us(self.seconds))

    def __call__(self, event: Event) -> list[Change]:
        """As in every World. Ticks came since the last Event, unless ``stopped``; they changed nothing."""
        if not self.stopped:
            self.sla.at = max(self.sla.at, self.now)
        found = super().__call__(event)
        while self.sla.pending and type(event) is not SlaWork:
            found = [*found, *self(SlaWork())]
        return found

    def run_to(self, seconds: float) -> Self:
        """Move the clock there, with a Tick at each instant at which something is due, and one at the end."""
        end = moment(seconds)
        while self.now < end:
            waiting = [START + timedelta(microseconds=self.sla.deadlines.first - us(0))] if len(self.sla.deadlines) else []
            waiting += [at for at, *_ in self.state.timers.entries()[:1]]
            self.now = min([end, *(at for at in waiting if at > self.now)])
            self.tick()
        return self

    @property
    def breaches(self) -> dict[str, SlaBreach]:
        """The breaches as the Changes tell them, by id."""
        return {change.breach.id: change.breach for change in self.history if isinstance(change, SlaBreachChanged)}

    @property
    def closed(self) -> list[PeriodFigures]:
        """Closed periods and revisions in their order."""
        return [change.figures for change in self.history if isinstance(change, SlaPeriodClosed)]

    @property
    def notices(self) -> list[tuple[str, str]]:
        """Kind and instance of each request to notify people."""
        return [(c.kind, c.instance_id) for c in self.history if isinstance(c, SlaNotificationRequested)]


def plant() -> tuple[Node, ...]:
    """An OLT with two PON ports of two ONTs each, and a service at each ONT."""
    nodes = [Node(id="olt-1", type="olt", address="192.0.2.1"), Node(id="olt-1/1", type="card", parents=("olt-1",))]
    for port in (1, 2):
        nodes.append(Node(id=f"olt-1/1/{port}", type="pon", parents=("olt-1/1",)))
        for ont in (1, 2):
            number = 2 * (port - 1) + ont
            above = f"olt-1/1/{port}/{ont}"
            nodes.append(Node(id=above, type="ont", parents=(f"olt-1/1/{port}",), customer_id=f"c-svc-{number}"))
            nodes.append(Node(id=f"svc-{number}", type="service", parents=(above,), service_id=f"svc-{number}"))
    return tuple(nodes)


def plan_window(world: World, start: float, end: float, node: str = "olt-1") -> str:
    """Plan maintenance of a node and everything below; the window's id."""
    scope = WindowScope(subtrees=(node,))
    plan = WindowPlan(title="work", scope=scope, start=moment(start), end=moment(end), tenant_id=None)
    return world.command(PutWindow(plan), by=ADMIN).accepted[0]

"""The state of the SLA clock from the rows of PostgreSQL: facts, and nothing that was decided."""

from collections.abc import Sequence

from actors.journal import Journal
from actors.sla_clock.alarm_facts import AlarmFacts
from actors.sla_clock.evidence.maintenance import MaintenanceIndex
from actors.sla_clock.evidence.plant import PlantPlace
from actors.sla_clock.state import SlaState
from actors.store.sla_read import SlaHistory
from protocols.sla.definition import SlaDefinition
from protocols.sla.instance import SlaInstance


def state_of(history: SlaHistory, instances: Sequence[SlaInstance] = ()) -> SlaState:
    """A state with the facts of ``history``; of all its instances, or of some."""
    state, journal = SlaState(), Journal()
    state.definitions = dict(history.definitions)
    state.maintenance = MaintenanceIndex(history.windows)
    for node, _ in history.nodes:
        state.plant.put(journal, PlantPlace.of(node))
    for instance in instances or history.instances:
        state.instances.put(journal, instance)
    for exclusion in history.exclusions:
        state.put_exclusion(journal, exclusion)
    names: dict[str, str] = {}
    for outage in history.outages:
        state.put_outage(journal, outage)
        names[outage.alarm_id] = outage.alarm_name
    for clock in history.clocks:
        facts = AlarmFacts(clock.times, clock.tenant_id, names.get(clock.alarm_id, ""), recorded=True)
        state.clocks.put(journal, clock.alarm_id, facts)
    for report in history.reports:
        state.put_report(journal, report)
    return state


def with_definition(history: SlaHistory, definition: SlaDefinition) -> SlaHistory:
    """The history as if ``definition`` had been the only version of its definition ever."""
    return SlaHistory(
        **{name: getattr(history, name) for name in SlaHistory.__struct_fields__ if name != "definitions"},
        definitions={**history.definitions, definition.id: (definition,)},
    )

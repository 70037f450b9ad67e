"""The state of the stage as Changes: those that would have given PostgreSQL its rows."""

from collections.abc import Iterator

from actors.sla_clock.books.booking import instance_shown
from actors.sla_clock.evidence.timelines import EvidenceReader
from actors.sla_clock.limits.clock_facts import clock_changed
from actors.sla_clock.report.closed_periods import closed_report
from actors.sla_clock.state import SlaState
from protocols.change import Change
from protocols.sla.changes import (
    FaultReported,
    SlaBreachChanged,
    SlaCreditChanged,
    SlaDefinitionChanged,
    SlaExclusionChanged,
    SlaOutageChanged,
    SlaPeriodClosed,
    SlaWindowChanged,
)


def live_changes(state: SlaState) -> Iterator[Change]:
    """The instances that are not compliant or that an outage under way will break, and the breaches that last, with
    offset 0."""
    for instance_id, account in state.accounts.items():
        if account.status != "compliant" or account.breaches_at is not None:
            instance = state.instances.get(instance_id)
            if instance is not None:
                yield instance_shown(state, 0, instance)
    for breach in state.breaches.values():
        if not breach.resolved:
            yield SlaBreachChanged(0, breach)


def held_changes(state: SlaState) -> Iterator[Change]:
    """Everything that the stage holds and PostgreSQL has rows of, with offset 0. Begin it between two Events. The fold may go
    on between two of them; what changes meanwhile has a Change of its own. Instances come before periods, and periods before
    breaches: :mod:`actors.sla_clock.restoring` takes them in this order."""
    for versions in list(state.definitions.values()):
        for version in versions:
            yield SlaDefinitionChanged(0, version)
    for instance in state.instances.values():
        yield instance_shown(state, 0, state.instances.get(instance.id) or instance)
    for exclusion in list(state.exclusions.values()):
        yield SlaExclusionChanged(0, exclusion)
    for outage_id in list(state.recorded):
        if (outage := state.outages.get(outage_id)) is not None:
            yield SlaOutageChanged(0, outage)
    for alarm_id in list(state.clocks.by_id):
        if (facts := state.clocks.get(alarm_id)) is not None and facts.recorded:
            yield clock_changed(0, alarm_id, facts)
    for report in list(state.reports.values()):
        yield FaultReported(0, report)
    for figures in list(state.periods.values()):
        if (closed := closed_report(EvidenceReader(state), figures)) is not None:
            yield SlaPeriodClosed(0, figures, closed)
    for breach_id in list(state.breaches):
        if (breach := state.breaches.get(breach_id)) is not None:
            yield SlaBreachChanged(0, breach)
    for credit in list(state.credits.values()):
        yield SlaCreditChanged(0, credit)
    for window_id, history in list(state.maintenance.histories.items()):
        yield SlaWindowChanged(0, window_id, history)

"""The reports of periods that are closed and still within reach of the stage."""

from actors.sla_clock.books.figures import figures_of
from actors.sla_clock.books.period_choice import Period, version_of
from actors.sla_clock.evidence.timelines import EvidenceReader
from actors.sla_clock.report.assembly import report_of
from protocols.sla.period_figures import PeriodFigures
from protocols.sla.report import ShareTotals, SlaReport


def closed_report(reader: EvidenceReader, figures: PeriodFigures) -> SlaReport | None:
    """The report of the newest revision, assembled anew; the figures before a revision are not in it. None when the
    state does not have its facts any more."""
    state = reader.state
    instance = state.instances.get(figures.instance_id)
    if instance is None or figures.definition_version > len(state.definitions.get(figures.definition_id, ())):
        return None
    period = Period(figures.start, figures.end, version_of(state, figures.definition_id, figures.definition_version))
    account = state.closed.get(instance.id)
    report = report_of(
        reader,
        instance,
        period,
        figures_of(reader, instance, period, period.end),
        as_of=period.end,
        made_at=figures.made_at,
        breaches=account.breaches if account is not None and account.period_start == period.start else (),
        revision=figures.revision,
        reason=figures.reason if figures.revision > 1 else "",
    )
    shares = ShareTotals(figures.up, figures.down, figures.excluded, figures.unknown)
    return report if report.shares == shares else None

"""A revision of a closed period that is behind what the SLA clock holds: figures from the rows, ids of known breaches."""

from collections.abc import Iterable, Sequence

from msgspec.structs import replace

from faultd.sla_history.recompute import RecomputedPeriod
from protocols.sla.breach import SlaBreach
from protocols.sla.credit import SlaCredit
from protocols.sla.period_revision import NEW, PeriodRevision


def revision_of(found: RecomputedPeriod, known: Sequence[SlaBreach]) -> PeriodRevision:
    """``known``: the breaches of the instance that are kept. Those of the period that the facts do not give any more are
    withdrawn."""
    left = {each.id: each for each in known if each.period_start == found.period_start}
    ids: dict[str, str] = {}
    changed: list[SlaBreach] = []
    standing: list[SlaBreach] = []
    for breach in found.report.breaches:
        before = _same(breach, left.values())
        if before is None:
            after = replace(breach, id=f"{NEW}.{len(ids) + 1}", revision=1)
            changed.append(after)
        else:
            del left[before.id]
            after = replace(breach, id=before.id, ticket_id=before.ticket_id, revision=before.revision)
            if after != before:
                after = replace(after, revision=before.revision + 1)
                changed.append(after)
        ids[breach.id] = after.id
        standing.append(after)
    for before in left.values():
        if not before.withdrawn:
            reason = "withdrawn: the period was revised"
            changed.append(replace(before, withdrawn=True, resolved=True, reason=reason, revision=before.revision + 1))
    lines = tuple(replace(each, breach_id=ids.get(each.breach_id, each.breach_id)) for each in found.report.credits)
    report = replace(found.report, breaches=tuple(standing), credits=lines)
    credit = None
    if lines or found.kept.figures.credit:
        credit = SlaCredit(
            instance_id=found.instance_id,
            tenant_id=report.tenant_id,
            customer_id=report.customer_id,
            period_start=found.period_start,
            currency=report.currency,
            minor_digits=report.minor_digits,
            lines=lines,
            final=True,
        )
    return PeriodRevision(
        previous=found.kept.figures, figures=found.figures, report=report, credit=credit, breaches=tuple(changed)
    )


def _same(breach: SlaBreach, known: Iterable[SlaBreach]) -> SlaBreach | None:
    """The kept breach that is this one: of the same type and alarm, or at least of the same type."""
    alike = [each for each in known if each.type == breach.type]
    same = [each for each in alike if each.alarm_id == breach.alarm_id or each.start == breach.start]
    return next(iter(same or alike), None)

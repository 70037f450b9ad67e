"""A maintenance window before it is planned: the services below it, and what each of their budgets would come to. Pure."""

from collections.abc import Iterator
from copy import copy

from actors.sla_clock.books.figures import SlaFigures, figures_of
from actors.sla_clock.books.period_choice import Period, period_of
from actors.sla_clock.evidence.maintenance import MaintenanceIndex, MaintenanceReader
from actors.sla_clock.evidence.planned_work import with_version
from actors.sla_clock.evidence.timelines import EvidenceReader
from actors.sla_clock.state import SlaState
from protocols.decimal_text import seconds
from protocols.maintenance import MaintenanceWindow
from protocols.sla.instance import InstanceStatus, SlaInstance
from protocols.sla.intervals import Timeline, difference, total, union
from protocols.sla.local_time import instant_at
from protocols.sla.preview import PreviewedInstance, WindowPreview
from protocols.sla.window_history import WindowHistory

MOST_EXAMINED = 20_000
"""Instances that one preview examines: it is answered between two Events."""


def preview_window(state: SlaState, window: MaintenanceWindow, now: int, tenant: str | None, most: int) -> WindowPreview:
    """The effect of ``window``, made at ``now`` (microseconds), on the instances of ``tenant`` (None: of every one) in
    the period in which it begins first. ``most``: instances in the answer."""
    history = with_version(WindowHistory(), window)
    alone = MaintenanceIndex([history])
    with_it = copy(state)
    with_it.maintenance = MaintenanceIndex([*state.maintenance.histories.values(), history])
    readers = EvidenceReader(state), EvidenceReader(with_it), MaintenanceReader(alone, state.plant.places)
    found: list[PreviewedInstance] = []
    examined, whole = 0, True
    for instance in _covered(state, alone):
        if tenant not in (None, instance.tenant_id) or instance.suspended:
            continue
        if examined == MOST_EXAMINED:
            whole = False
            break
        examined += 1
        period = period_of(state, instance, max(now, instant_at(window.start)))
        if period is not None and (each := _preview(readers, instance, period, now)) is not None:
            found.append(each)
    rank = ("breached", "at_risk", "compliant").index
    found.sort(key=lambda each: (rank(each.after), each.budget_after is None, each.budget_after or 0, each.instance_id))
    worse = [each for each in found if each.after != each.before]
    return WindowPreview(
        window=window,
        customers=len({(each.customer_id) for each in found}),
        services=len({each.service_id for each in found}),
        breached=sum(each.after == "breached" for each in worse),
        at_risk=sum(each.after == "at_risk" for each in worse),
        examined_all=whole,
        instances=tuple(found[:most]),
    )


def _covered(state: SlaState, alone: MaintenanceIndex) -> Iterator[SlaInstance]:
    """The instances that the window can concern, each once."""
    seen: set[str] = set()
    for key in alone.named:
        kind, _, name = key.partition(":")
        places = _below(state, name) if kind in ("node", "device") else iter(("",) if kind == "tenant" else (key,))
        for place in places:
            for instance_id in state.instances.at(place):
                if instance_id not in seen and (instance := state.instances.get(instance_id)) is not None:
                    seen.add(instance_id)
                    yield instance


def _below(state: SlaState, node_id: str) -> Iterator[str]:
    stack, seen = [node_id], {node_id}
    while stack:
        one = stack.pop()
        yield one
        below = [each for each in state.plant.children.get(one, ()) if each not in seen]
        seen.update(below)
        stack += below


def _preview(
    readers: tuple[EvidenceReader, EvidenceReader, MaintenanceReader], instance: SlaInstance, period: Period, now: int
) -> PreviewedInstance | None:
    """None when the window is not open for the service within the period."""
    without, with_it, alone = readers
    terms = period.definition.terms
    notice = terms.maintenance_notice
    open_for = _times(alone, instance, period, 0)
    if not open_for:
        return None
    planned = _times(alone, instance, period, notice) if terms.exclude_maintenance else []
    before = figures_of(without, instance, period, period.end, assumed=(now, ()))
    after = figures_of(with_it, instance, period, period.end, assumed=(now, open_for))
    unplanned = total(difference(open_for, planned))
    reason = ""
    if unplanned and not terms.exclude_maintenance:
        reason = "the definition excludes no maintenance"
    elif unplanned:
        reason = f"announced less than {seconds(notice)} s before it begins"
    return PreviewedInstance(
        instance_id=instance.id,
        customer_id=instance.customer_id,
        customer_name=instance.customer_name,
        service_id=instance.service_id,
        definition_id=period.definition.id,
        definition_name=terms.name,
        period_start=period.start,
        period_end=period.end,
        planned=total(planned),
        unplanned=unplanned,
        budget_before=before.left,
        budget_after=after.left,
        before=_verdict(before),
        after=_verdict(after),
        reason=reason,
    )


def _times(reader: MaintenanceReader, instance: SlaInstance, period: Period, notice: int) -> Timeline:
    span = max(period.start, instance.start), period.end if instance.end is None else min(period.end, instance.end)
    return union((max(each.start, span[0]), min(each.end, span[1])) for each in reader.planned(instance, span, notice))


def _verdict(figures: SlaFigures) -> InstanceStatus:
    if figures.breached_at is not None:
        return "breached"
    return "compliant" if figures.at_risk_at is None else "at_risk"

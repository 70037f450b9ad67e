"""Raises and clears: the effect of a report on the alarm of its identity, whoever sends the report."""

from collections.abc import Iterable
from datetime import datetime
from typing import Final

from msgspec.structs import replace

from actors.correlator.alarms.lifecycle import cleared, moved, opened_between, reopened, repeated, severity_changed
from actors.correlator.alarms.problem import ReportedProblem
from actors.correlator.alarms.report_time import ReportTime
from actors.correlator.alarms.text import TEXT_ENTRY_EVERY, changed_text, line_of
from actors.correlator.draft import Draft
from actors.correlator.events.report_order import Order, order
from actors.correlator.resources.placement import UNPLACED, follows_topology, is_unplaced, node_of, with_place
from actors.correlator.saved import ReportMark
from actors.correlator.state import Limit
from protocols.alarm import Alarm, Identity
from protocols.severity import Severity
from protocols.system_alarms import RESOURCE

_NOT_AFTER: Final[dict[Order, str]] = {
    "after": "",
    "before": "the sender sent this clear before the raise, which arrived first: the problem stands",
    "unknown": "this clear came just after the raise, and the sender's clocks do not tell which was sent first: the problem "
    "stands until it is cleared again",
}
"""The reason for which a clear ends nothing, by its order relative to the raise."""

REPLACERS = ("faultd:topology", "faultd:serial")
"""Actors that clear an alarm because its place now holds something else. Such an alarm is never re-opened."""
_LIFE: Final = "*"
"""Stands for every alarm type that says that an ONT is out."""
SYSTEM = RESOURCE
"""Also the source of what faultd says of itself."""


def raise_problem(draft: Draft, problem: ReportedProblem, report: ReportTime, said: int = 0) -> Alarm | None:
    """A new alarm, a repeat, or a cleared one re-opened; the alarm as it then is. None, and nothing done, when a new one would
    exceed a limit (see :mod:`actors.correlator.alarms.limits`). ``said`` is the digest of the problem's text, 0: none."""
    alarm = draft.current(problem.identity)
    if alarm is not None and alarm.cleared_at is None:
        return _repeat(draft, alarm, problem.severity, report, problem.repeats_by_design, problem, said)
    clear = _clear_that_overtook(draft, problem.identity, report)
    if alarm is not None and clear is not None:
        over = _time_of_clear(clear, report)
        return draft.put(
            opened_between(repeated(alarm, report.happened), report.happened, over),
            "cleared_before_raise",
            report.reporter,
            "the sender sent this raise before the clear that arrived first: counted, still cleared",
            happened=report.happened.isoformat(),
            over=over.isoformat(),
        )
    if alarm is not None and _reopens(draft, alarm, problem):
        again = reopened(repeated(alarm, report.happened), report.happened)
        if not said or draft.state.said.get(alarm.id) != said or alarm.id in draft.state.edited:
            again = replace(again, **changed_text(alarm, problem, ()))
            draft.drop(draft.state.edited, alarm.id)
            _say(draft, alarm.id, said)
        if problem.severity != alarm.severity:
            again = severity_changed(again, problem.severity)
        placed = node_of(draft.state, again.resource_id, again.tenant_id) is not None
        if (UNPLACED in again.tags) == placed or not problem.customers:  # the topology may have changed meanwhile
            follows = follows_topology(draft.state, alarm)
            again = replace(again, **with_place(draft.state, again, follows=follows))
        effect, symptom = draft.state.declared(alarm.alarm_type)
        effect = problem.service_effect or effect
        if again.service_effect != effect or again.symptom != symptom:
            again = replace(again, service_effect=effect, symptom=symptom)
        _remember(draft, again, problem.severity, report)
        early = _early(report, again.reopened_at)
        return draft.put(again, "reopened", report.reporter, problem.why, severity=again.severity, **early)
    if limit_of(draft, problem, report) is not None:
        return None
    alarm = _new(draft, problem, report, clear)
    if said:
        _say(draft, alarm.id, said)
    return alarm


def limit_of(draft: Draft, problem: ReportedProblem, report: ReportTime) -> Limit | None:
    """The limit that a new alarm would exceed. What faultd says of itself has none: it says so, or that nothing else can."""
    if report.source == SYSTEM:
        return None
    return draft.state.limit_reached((problem.identity.tenant_id, problem.device_id), draft.raised)


def repeat_problem(
    draft: Draft, identity: Identity, severity: Severity, report: ReportTime, by_design: bool = False, said: int = 0
) -> Alarm | None:
    """The short form of :func:`raise_problem` for an open alarm with the same text (digest ``said``, 0: any text): it needs
    only identity and severity. None when the alarm is not open or differs. In a storm it saves making the whole
    ReportedProblem."""
    alarm = draft.current(identity)
    if alarm is None or alarm.cleared_at is not None or (said and draft.state.said.get(alarm.id) != said):
        return None
    return _repeat(draft, alarm, severity, report, by_design)


def clear_problems(
    draft: Draft, tenant_id: str, resource_id: str, types: Iterable[str], qualifier: str, report: ReportTime, why: str
) -> list[Alarm]:
    """End the alarms of these types on this resource: one qualifier, or all with ``"*"``. Those that it ended."""
    ended = []
    for alarm_type in types:
        identity = Identity(tenant_id, resource_id, alarm_type, qualifier)
        if report.uptime is not None or report.dated is not None:
            last = draft.state.ended.get(identity)
            if last is None or order(last[1], report, draft.state.spans.reorder) != "before":
                draft.remember(draft.state.ended, identity, (draft.at, _mark(report, "cleared")))
        for alarm in draft.open_of(tenant_id, resource_id, alarm_type):
            if qualifier in ("*", alarm.qualifier) and (over := clear_alarm(draft, alarm, report, why)) is not None:
                ended.append(over)
    return ended


def remember_life(draft: Draft, tenant_id: str, ont: str, report: ReportTime) -> None:
    """Remember that an ONT was reported to work: a loss that was sent before, and arrives later, is over already."""
    if report.uptime is not None or report.dated is not None:
        identity = Identity(tenant_id, ont, _LIFE, "*")
        last = draft.state.ended.get(identity)
        if last is None or order(last[1], report, draft.state.spans.reorder) != "before":
            draft.remember(draft.state.ended, identity, (draft.at, _mark(report, "cleared")))


def clear_alarm(draft: Draft, alarm: Alarm, report: ReportTime, why: str) -> Alarm | None:
    """End an open alarm; the alarm as it then is. None, and a line in its timeline, when the report was not made after the
    alarm's last raise."""
    raised = draft.state.marks.get(alarm.id)
    doubt = _NOT_AFTER[order(raised, report, draft.state.spans.reorder)] if raised is not None else ""
    if doubt:
        draft.put(moved(alarm), "clear_ignored", report.reporter, doubt)
        return None
    over = cleared(alarm, report.happened, report.reporter)
    return draft.put(over, "cleared", report.reporter, why, **_early(report, over.cleared_at))


def _repeat(
    draft: Draft,
    alarm: Alarm,
    severity: Severity,
    report: ReportTime,
    by_design: bool,
    problem: ReportedProblem | None = None,
    said: int = 0,
) -> Alarm:
    state, alarm_id = draft.state, alarm.id
    known = state.marks.get(alarm_id)
    counted, merged = None, False
    if by_design and known is not None:
        counted = known.counted or known.received
        merged = report.received - counted <= state.spans.repeat_merge
        if merged:
            draft.note("repeated_by_design")
    again = moved(alarm) if merged else repeated(alarm, report.happened)
    if known is not None and order(known, report, state.spans.reorder) == "before":
        # What was raised later has arrived already, and says how it is; but this is when it began.
        if report.happened < alarm.first_occurrence and alarm.reopened_at is None:
            return draft.amend(replace(again, first_occurrence=report.happened))
        return alarm if merged else draft.repeat(again)
    if problem is None and known is not None and known.severity == severity:
        draft.set(state.marks, alarm_id, _mark(report, severity, known.text_at, counted if merged else None))
        return alarm if merged else draft.repeat(again)
    own = state.edited.get(alarm_id, ())
    fields = changed_text(alarm, problem, own) if problem is not None else {}
    told = known.text_at if known is not None else None
    if fields:
        again = replace(again, **fields)
        if told is None or draft.at - told >= TEXT_ENTRY_EVERY:
            told = draft.at
            text, before = line_of(alarm, fields)
            draft.put(again, "text_changed", report.reporter, text, **before)
        else:
            draft.amend(again)
    if fields or said:
        _say(draft, alarm_id, said)
    draft.set(state.marks, alarm_id, _mark(report, severity, told, counted if merged else None))
    if known is None or known.severity == severity:
        if fields:
            return again
        return alarm if merged else draft.repeat(again)
    if "severity" in own:
        text = f"reported as {severity}; {alarm.severity} is an operator's, and stays while the alarm is open"
        return draft.put(again, "severity_kept", report.reporter, text)
    changed = severity_changed(again, severity)
    text = f"{alarm.severity} to {changed.severity}"
    return draft.put(changed, "severity_changed", report.reporter, text)


def _new(draft: Draft, problem: ReportedProblem, report: ReportTime, clear: ReportMark | None) -> Alarm:
    """A new alarm. ``clear``: the one that overtook the report, so that the alarm is over already."""
    alarm_id, counted = draft.new_ids()
    identity = problem.identity
    plant = draft.state.plant
    reach = plant.reach_for(identity.resource_id, identity.tenant_id)
    customers = problem.customers or reach.customers
    subscribers = problem.subscriber_count
    if subscribers is None:
        # Whose equipment it is may know how many it is for others; who they are it may not.
        owns = identity.tenant_id == (plant.owner(identity.resource_id) or draft.state.settings.default_tenant)
        everybody = plant.reach(identity.resource_id).customers if owns and not problem.customers else customers
        subscribers = len(everybody)
    unplaced = is_unplaced(draft.state, problem.resource_type, identity.resource_id, problem.device_id, identity.tenant_id)
    effect, symptom = draft.state.declared(identity.alarm_type)
    alarm = Alarm(
        id=alarm_id,
        alarm_id=problem.alarm_id or counted,
        tenant_id=identity.tenant_id,
        source=problem.source,
        alarm_type=identity.alarm_type,
        qualifier=identity.qualifier,
        event_type=problem.event_type,
        probable_cause=problem.probable_cause,
        severity=problem.severity,
        title=problem.title,
        description=problem.description,
        recommended_action=problem.recommended_action,
        resource_type=problem.resource_type,
        resource_id=identity.resource_id,
        resource_name=problem.resource_name,
        device_id=problem.device_id,
        affected_customers=customers,
        affected_services=problem.services or reach.services,
        subscriber_count=subscribers,
        correlation_id=problem.correlation_id,
        parent_alarm_id=problem.parent_alarm_id,
        is_root_cause=problem.is_root_cause,
        first_occurrence=report.happened,
        last_occurrence=report.happened,
        received_at=report.received,
        metadata=problem.metadata,
        tags=(*problem.tags, UNPLACED) if unplaced else problem.tags,
        service_effect=problem.service_effect or effect,
        symptom=symptom,
    )
    _remember(draft, alarm, problem.severity, report)
    draft.put(alarm, "raised", report.reporter, problem.why, severity=alarm.severity)
    if clear is not None:
        text = "the device's clear arrived before this raise, which it had sent earlier: already over"
        alarm = replace(cleared(alarm, _time_of_clear(clear, report), report.reporter), revision=alarm.revision)
        draft.put(alarm, "cleared_before_raise", report.reporter, text)
    return alarm


def _early(report: ReportTime, dated: datetime | None) -> dict[str, str]:
    """The report's own time, where the alarm cannot have it: what is known of the alarm is newer."""
    return {"happened": report.happened.isoformat()} if dated is not None and report.happened < dated else {}


def _remember(draft: Draft, alarm: Alarm, severity: Severity, report: ReportTime) -> None:
    draft.set(draft.state.marks, alarm.id, _mark(report, severity))


def _say(draft: Draft, alarm_id: str, said: int) -> None:
    """The alarm has the text of this digest, or of a report without one."""
    if said:
        draft.set(draft.state.said, alarm_id, said)
    else:
        draft.drop(draft.state.said, alarm_id)


def _mark(
    report: ReportTime, severity: Severity, text_at: datetime | None = None, counted: datetime | None = None
) -> ReportMark:
    return ReportMark(report.source, report.uptime, report.dated, report.received, severity, report.epoch, text_at, counted)


def _reopens(draft: Draft, alarm: Alarm, problem: ReportedProblem) -> bool:
    """True when the report re-opens a cleared alarm: soon enough after its clear, and at a place that has not changed hands
    since."""
    before, now = alarm.metadata.get("serial"), problem.metadata.get("serial")
    if alarm.cleared_by in REPLACERS or (before is not None and now is not None and before != now):
        return False
    return _within_control_time(draft, alarm) and _keeps_name(draft, alarm, problem)


def _within_control_time(draft: Draft, alarm: Alarm) -> bool:
    since = draft.state.cleared.get(alarm.id, draft.at)
    return draft.at - since <= draft.state.spans.reopen_within


def _keeps_name(draft: Draft, alarm: Alarm, problem: ReportedProblem) -> bool:
    """True when a cleared alarm can be re-opened under its external name: the reporter gives no other name, and no open alarm
    has taken it since."""
    if problem.alarm_id not in ("", alarm.alarm_id):
        return False
    if alarm.alarm_id in draft.state.names:
        return True  # faultd gave it: nobody else can take it
    holder = open_with_name(draft, alarm.tenant_id, alarm.alarm_id)
    return holder is None or holder.id == alarm.id


def open_with_name(draft: Draft, tenant_id: str, name: str) -> Alarm | None:
    """A tenant's open alarm of this external name."""
    return next((alarm for alarm in draft.named(name, tenant_id) if alarm.cleared_at is None), None)


def _clear_that_overtook(draft: Draft, identity: Identity, report: ReportTime) -> ReportMark | None:
    """The clear of this identity, or the sign of life of this ONT, that arrived just now although the same sender sent it after
    this raise; None: there is none."""
    keys = [identity, Identity(identity.tenant_id, identity.resource_id, identity.alarm_type, "*")]
    traits = draft.state.symptoms.get(identity.alarm_type)
    if traits is not None and traits.out:
        keys.append(Identity(identity.tenant_id, identity.resource_id, _LIFE, "*"))
    for key in keys:
        found = draft.state.ended.get(key)
        if found is not None and order(found[1], report, draft.state.spans.reorder) == "before":
            return found[1]
    return None


def _time_of_clear(clear: ReportMark, overtaken: ReportTime) -> datetime:
    """The event time of a clear that overtook this raise of the same sender: by the sender's clock where the raise has its time
    by it too."""
    dated = clear.dated
    if dated is None or dated > clear.received or overtaken.happened != overtaken.dated:
        return clear.received
    return dated

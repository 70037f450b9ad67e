"""Alarms of faultd about itself."""

from actors.correlator.alarms.problem import ReportedProblem
from actors.correlator.alarms.raise_clear import SYSTEM, clear_problems, raise_problem
from actors.correlator.alarms.report_time import ReportTime
from actors.correlator.draft import Draft
from protocols.alarm import Identity
from protocols.event import SystemReport
from protocols.system_alarms import RESOURCE_TYPE


def fold_system(draft: Draft, event: SystemReport, by: str = "faultd:self") -> bool:
    """Raise or clear an alarm of faultd about itself. ``by`` is the actor in the timeline. False: there was none to clear."""
    tenant = draft.state.settings.default_tenant
    report = ReportTime(received=draft.at, reporter=by, source=SYSTEM)
    if not event.active:
        ended = clear_problems(draft, tenant, SYSTEM, (event.alarm_type,), event.qualifier, report, event.description)
        return bool(ended)
    problem = ReportedProblem(
        identity=Identity(tenant, SYSTEM, event.alarm_type, event.qualifier),
        severity=event.severity,
        source="system",
        resource_type=RESOURCE_TYPE,
        resource_name="faultd",
        title=event.title or event.alarm_type,
        event_type="processingErrorAlarm",
        description=event.description,
    )
    raise_problem(draft, problem, report)
    return True

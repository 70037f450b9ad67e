"""Limits of open alarms, and the treatment of a report beyond them.

faultd never ages out an open alarm, so a sender of traps could raise new ones without end. The limits bound the fold, its
snapshots and every copy of the alarms. At most ``max_alarms`` are open, besides faultd's own. Cleared alarms that are re-opened
within the control time come on top; there are at most ``keep_cleared_max`` of these.

A refused report raises no alarm, but it is not lost: its Event is in the ledger, a device event (``alarm.refused``) shows it, a
metric counts it, and so do the occurrences of the alarm ``alarms.limit``. That alarm ends when a tenth of the limit is free;
otherwise it would come and go with every alarm at the limit.
"""

from actors.correlator.alarms.problem import ReportedProblem
from actors.correlator.alarms.raise_clear import SYSTEM, clear_problems, limit_of, raise_problem, repeat_problem
from actors.correlator.alarms.report_time import ReportTime
from actors.correlator.draft import Draft
from actors.correlator.state import Limit
from protocols.alarm import Alarm, Identity
from protocols.change import Refusal

LIMIT = "alarms.limit"
ENDS_BELOW = 0.9
"""Share of the limit below which ``alarms.limit`` ends."""
AT_MOST = 2_000
"""Alarms of limits looked at in one tick."""

FULL = Refusal("", "limit", "so many alarms are open that faultd makes no new one: see its alarm alarms.limit")
"""The answer to who asked for the alarm."""

_WAY_OUT = (
    "Look at the device events alarm.refused for what is being raised, end what is over (bulk clear or resolve), stop the "
    "sender (traps.allow, traps.communities), or raise [correlator] max_alarms or max_alarms_per_device and reload."
)


def admit(draft: Draft, problem: ReportedProblem, report: ReportTime, said: int = 0) -> Alarm | None:
    """:func:`raise_problem` within the limits. None when a new alarm would exceed them; then the refusal is reported and
    counted."""
    alarm = raise_problem(draft, problem, report, said)
    if alarm is None:
        limit = limit_of(draft, problem, report)
        assert limit is not None
        _refuse(draft, problem, limit)
    return alarm


def end_limits(draft: Draft) -> None:
    """End the alarms of the limits that are no longer near."""
    state = draft.state
    report = ReportTime(received=draft.at, reporter="faultd:limits", source=SYSTEM)
    tenant = state.settings.default_tenant
    for alarm in draft.open_of(tenant, SYSTEM, LIMIT)[:AT_MOST]:
        owner = str(alarm.metadata.get("tenant", "")), str(alarm.metadata.get("device", ""))
        if alarm.qualifier:
            limit, now = state.settings.max_alarms_per_device, state.open_of.get(owner, 0)
        else:
            limit, now = state.settings.max_alarms, state.open_alarms
        if limit and now >= ENDS_BELOW * limit:
            continue
        why = f"{now} alarms are open, of {limit} allowed" if limit else "there is no limit any more"
        clear_problems(draft, tenant, SYSTEM, (LIMIT,), alarm.qualifier, report, why)


def _refuse(draft: Draft, problem: ReportedProblem, limit: Limit) -> None:
    identity = problem.identity
    draft.note(f"refused:{limit}")
    detail = {
        "limit": limit,
        "alarm_type": identity.alarm_type,
        "qualifier": identity.qualifier,
        "why": problem.why,
        "metadata": problem.metadata,
    }
    draft.device_event(
        identity.tenant_id,
        problem.device_id,
        "alarm.refused",
        problem.title,
        detail,
        severity=problem.severity,
        resource_type=problem.resource_type,
        resource_id=identity.resource_id,
    )
    _tell(draft, identity.tenant_id, problem.device_id, limit)


def _tell(draft: Draft, tenant_id: str, device_id: str, limit: Limit) -> None:
    settings = draft.state.settings
    of_device = limit == "device"
    own = Identity(settings.default_tenant, SYSTEM, LIMIT, f"{tenant_id}/{device_id}" if of_device else "")
    report = ReportTime(received=draft.at, reporter="faultd:limits", source=SYSTEM)
    if repeat_problem(draft, own, "major", report) is not None:
        return
    most, setting = (
        (settings.max_alarms_per_device, "max_alarms_per_device") if of_device else (settings.max_alarms, "max_alarms")
    )
    whose = f"{device_id} has" if of_device else "There are"
    problem = ReportedProblem(
        identity=own,
        severity="major",
        source="system",
        resource_type="system",
        resource_name="faultd",
        title=f"{whose} {most} open alarms: new problems make no alarm",
        event_type="processingErrorAlarm",
        probable_cause="thresholdCrossed",
        description=f"[correlator] {setting} = {most} is reached. Each occurrence of this alarm is one raise that was refused; "
        "it is kept as a device event alarm.refused, and its Event in the ledger.",
        recommended_action=_WAY_OUT,
        metadata={"tenant": tenant_id, "device": device_id} if of_device else {},
        why=f"{setting} reached",
    )
    raise_problem(draft, problem, report)

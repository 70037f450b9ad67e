"""Service level agreements as subjects: at risk, breached, resolved, credited."""

from typing import Final

from msgspec.structs import replace

from actors.dispatcher.cause import DispatchSubject
from actors.dispatcher.causes.routing import route_subject
from actors.dispatcher.causes.subjects import FORGET_AFTER, change_subject, end_subject
from actors.dispatcher.messages import groups
from actors.dispatcher.messages.ends import tell_those_told
from actors.dispatcher.run import DispatchRun
from protocols.dispatch.notification import MessageKind
from protocols.sla.breach import SlaBreach
from protocols.sla.changes import SlaInstanceChanged, SlaNoticeKind, SlaNotificationRequested

_KINDS: Final[dict[SlaNoticeKind, MessageKind]] = {
    "at_risk": "at_risk",
    "breach_opened": "breach_opened",
    "breach_resolved": "breach_resolved",
    "credit": "credit",
    "escalation": "escalated",
}
_TITLES: Final[dict[SlaNoticeKind, str]] = {
    "at_risk": "Service level agreement at risk",
    "breach_opened": "Service level agreement breached",
    "breach_resolved": "Breach of a service level agreement resolved",
    "credit": "Credit of a service level agreement",
    "escalation": "Service level agreement breached, not resolved in time",
}


def take_agreement_request(run: DispatchRun, request: SlaNotificationRequested) -> None:
    """The SLA clock requests that people hear of an instance."""
    if request.kind == "breach_resolved":
        _resolve(run, request)
        return
    kind = _KINDS[request.kind]
    key = f"sla:{request.instance_id}" if kind != "credit" else _credit_key(request)
    before = run.state.subjects.get(key)
    if before is None:
        known = DispatchSubject(key=key, tenant_id=request.tenant_id, since=run.now)
    elif before.state == "ended":
        groups.owe_no_end(run, before)
        run.state.timers.set(run.journal, "forget", key, None)
        known = replace(before, state="open", ended_at=None, since=run.now, escalations=(), breaches=(), covered="", said="")
    else:
        known = before
    cause_key = f"alarm:{request.alarm_id}" if request.alarm_id else ""
    cause = run.state.subjects.get(cause_key)
    alarm = run.alarms.get(request.alarm_id) or (None if cause is None else cause.alarm)
    breaches = known.breaches
    if kind == "breach_opened" and request.breach_id not in breaches:
        breaches = (*breaches, request.breach_id)
    subject = replace(
        known,
        alarm=alarm or known.alarm,
        cause=cause_key,
        covered=known.covered if cause_key == known.cause else "",
        kind=kind,
        reason=request.reason,
        requested_at=run.now,
        instance_id=request.instance_id,
        breach_id=request.breach_id or known.breach_id,
        breaches=breaches,
        customer_id=request.customer_id,
        customer_name=request.customer_name,
        service_id=request.service_id,
        service_type=request.service_type,
        customer_tiers=(request.sla_class,) if request.sla_class else (),
        account_manager=request.account_manager,
        credit=request.credit,
    )
    subject = replace(subject, title=_title(request.kind, subject))
    change_subject(run, before, subject)
    if kind == "credit":
        run.state.timers.set(run.journal, "forget", key, run.now + FORGET_AFTER)
    route_subject(run, key, kind, request.reason)


def _credit_key(request: SlaNotificationRequested) -> str:
    """Each period is a subject of its own: a correction may change what is owed for two of them at once."""
    key = f"credit:{request.instance_id}"
    return key if request.credit is None else f"{key}:{request.credit.period_start}"


def take_breach(run: DispatchRun, breach: SlaBreach) -> None:
    """A breach that is over already when it is found has no request of its own about its end."""
    subject = run.state.subjects.get(f"sla:{breach.instance_id}")
    if subject is None or not breach.resolved or breach.id not in subject.breaches:
        return
    _without(run, subject, breach.id, "it is over")


def take_instance(run: DispatchRun, change: SlaInstanceChanged) -> None:
    """An instance that is no longer at risk: those who were warned hear it."""
    subject = run.state.subjects.get(f"sla:{change.instance.id}")
    if subject is None or subject.state == "ended" or subject.breaches or change.status in ("at_risk", "breached"):
        return
    end_subject(run, subject, "recovered", f"it is {change.status}" + (f": {change.reason}" if change.reason else ""))


def _resolve(run: DispatchRun, request: SlaNotificationRequested) -> None:
    subject = run.state.subjects.get(f"sla:{request.instance_id}")
    if subject is not None and subject.state == "open" and request.breach_id in subject.breaches:
        _without(run, subject, request.breach_id, request.reason)


def _without(run: DispatchRun, subject: DispatchSubject, breach_id: str, reason: str) -> None:
    """One breach of the instance is over, and with the last one the subject."""
    left = tuple(each for each in subject.breaches if each != breach_id)
    after = replace(subject, breaches=left, breach_id=breach_id, title=_title("breach_resolved", subject))
    if not left:
        end_subject(run, after, "breach_resolved", reason)
        return
    after = replace(after, kind="breach_resolved", reason=reason, requested_at=run.now)
    change_subject(run, subject, after)
    tell_those_told(run, run.state.subjects[after.key], "breach_resolved")


def _title(kind: SlaNoticeKind, agreement: DispatchSubject) -> str:
    return f"{_TITLES[kind]}: {agreement.service_id} of {agreement.customer_name or agreement.customer_id}"

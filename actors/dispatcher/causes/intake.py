"""Requests of the stages before, and the alarms that they are about: subjects open, go on, and end."""

from msgspec.structs import replace

from actors.dispatcher.cause import DispatchSubject
from actors.dispatcher.causes.holding import name_of
from actors.dispatcher.causes.lost import cleared_again, go_on_as
from actors.dispatcher.causes.routing import route_subject
from actors.dispatcher.causes.subjects import change_subject, end_subject
from actors.dispatcher.messages import groups
from actors.dispatcher.messages.ends import tell_those_told
from actors.dispatcher.run import DispatchRun
from actors.dispatcher.tickets.waiting import wait_for, wait_no_more
from protocols.alarm import Alarm
from protocols.change import NotificationRequested
from protocols.dispatch.notification import MessageKind
from protocols.severity import is_worse


def take_alarm(run: DispatchRun, alarm: Alarm) -> None:
    """The alarm of a subject has changed."""
    before = run.state.subjects.get(f"alarm:{alarm.id}")
    if before is None:
        return
    after = replace(before, alarm=alarm, merged_into=_merged_into(run, alarm) if before.state == "open" else "")
    change_subject(run, before, after)
    if before.state == "ended" or before.alarm is None:
        return
    if before.alarm.parent_alarm_id not in (None, alarm.parent_alarm_id) and not before.merged_into:
        wait_no_more(run, f"alarm:{before.alarm.parent_alarm_id}", before.key)
    _wait_for_parent(run, after)
    if before.merged_into and not after.merged_into and alarm.cleared_at is None:
        run.note(after, f"no longer a consequence of {name_of(run.state, before.merged_into)}")
        if not after.routed:
            route_subject(run, after.key, "raised", after.reason)
        elif after.told and all(is_worse(alarm.severity, each.severity) for each in after.told):
            route_subject(run, after.key, "worsened", after.reason)
    elif after.merged_into and after.merged_into != before.merged_into:
        run.note(after, f"from now on a consequence of {_name_of(run, after.merged_into)}")
    elif after.routed and _concerns_more(before.alarm, alarm):
        route_subject(run, after.key, "raised", f"{after.reason}; it concerns more by now", more=True)


def _release_consequences(run: DispatchRun, cause_key: str) -> None:
    """A cause has ended. What was merged into it and is not suppressed by it stands alone from here on."""
    for key in run.state.subjects[cause_key].consequences:
        subject = run.state.subjects.get(key)
        if subject is not None and subject.merged_into == cause_key and subject.alarm is not None:
            take_alarm(run, subject.alarm)


def end_cleared(run: DispatchRun, alarm: Alarm) -> None:
    """End the subject of an alarm that is over, although nobody asked for a notification of its end."""
    subject = run.state.subjects.get(f"alarm:{alarm.id}")
    if subject is None and alarm.cleared_at is not None:
        cleared_again(run, alarm)
    if subject is None or subject.state == "ended" or alarm.cleared_at is None:
        return
    if alarm.resolved_at is None and any(each.kind == "flapping" for each in alarm.suppressed_by):
        return
    _end(run, subject, "recovered", "the alarm is resolved" if alarm.resolved_at is not None else "the alarm has cleared")


def _end(run: DispatchRun, subject: DispatchSubject, kind: MessageKind, reason: str) -> None:
    end_subject(run, subject, kind, reason)
    _release_consequences(run, subject.key)


def take_request(run: DispatchRun, request: NotificationRequested) -> None:
    """The correlator requests a notification."""
    key = f"alarm:{request.alarm_id}"
    subject = run.state.subjects.get(key)
    alarm = run.alarms.get(request.alarm_id) or (None if subject is None else subject.alarm)
    if request.kind == "recovered":
        if subject is not None and subject.state == "open":
            if request.instead:
                subject = _replaced(run, subject, request.instead)
            _end(run, subject, "recovered", request.reason)
        return
    if alarm is None:
        return
    if request.kind == "raised" and alarm.id in run.cleared and (subject is None or subject.state == "ended"):
        # It has ended in the instant in which its hold was over.
        unopened = DispatchSubject(key=key, tenant_id=request.tenant_id, since=run.now, alarm=alarm)
        run.note(unopened, f"over before anybody was told ({request.reason})")
        return
    if request.kind == "steady":
        _take_steady(run, subject, request, alarm)
        return
    subject = _opened(run, subject, request, alarm)
    if subject.merged_into:
        _note_merged(run, subject, request)
    else:
        route_subject(run, key, request.kind, request.reason)


def _replaced(run: DispatchRun, subject: DispatchSubject, heir_id: str) -> DispatchSubject:
    """Another alarm takes the place of this one, which is about to end: its ticket goes on as that of the other one."""
    heir = f"alarm:{heir_id}"
    known = run.state.subjects.get(heir)
    alarm = run.alarms.get(heir_id) or (None if known is None else known.alarm)
    name = "" if alarm is None else f"{alarm.alarm_id} {alarm.title}"
    change_subject(run, subject, replace(subject, merged_into=heir, heir=heir, heir_name=name))
    after = run.state.subjects[subject.key]
    run.note(after, f"from now on {name or name_of(run.state, heir)} stands for it")
    return after


def _note_merged(run: DispatchRun, subject: DispatchSubject, request: NotificationRequested) -> None:
    why = f"it is a consequence of {name_of(run.state, subject.merged_into)}"
    run.note(subject, f"nobody is told now ({request.kind}: {request.reason}): {why}")


def _opened(run: DispatchRun, before: DispatchSubject | None, request: NotificationRequested, alarm: Alarm) -> DispatchSubject:
    """The subject of the request, open: a new one, one that has ended and goes on, or the same with the new request."""
    key = f"alarm:{request.alarm_id}"
    if before is None:
        subject = DispatchSubject(key=key, tenant_id=request.tenant_id, since=run.now)
    elif before.state == "ended":
        groups.owe_no_end(run, before)
        run.state.timers.set(run.journal, "forget", key, None)
        subject = replace(
            before, state="open", ended_at=None, since=run.now, routed=False, escalations=(), heir="", heir_name=""
        )
    else:
        subject = before
    subject = replace(
        subject,
        alarm=alarm,
        area=request.area,
        customer_tiers=request.customer_tiers,
        children=request.children,
        kind=request.kind,
        reason=request.reason,
        requested_at=run.now,
        merged_into=_merged_into(run, alarm),
    )
    opens = before is None or before.state == "ended"
    attached = run.state.tickets_for.get(key, ()) if opens else ()
    change_subject(run, before, subject)
    if run.state.lost:
        go_on_as(run, key, alarm)
    _wait_for_parent(run, subject)
    for name in attached:
        child = run.state.subjects.get(name)
        if child is not None and child.state == "open" and child.alarm is not None and child.is_alarm and not child.merged_into:
            take_alarm(run, child.alarm)
    return run.state.subjects[key]


def _wait_for_parent(run: DispatchRun, subject: DispatchSubject) -> None:
    """An alarm that is attached to a cause of which nobody was told yet: it is looked at again when that one is told."""
    alarm = subject.alarm
    if alarm is not None and alarm.parent_alarm_id is not None and alarm.cleared_at is None and not subject.merged_into:
        wait_for(run, f"alarm:{alarm.parent_alarm_id}", subject.key)


def _name_of(run: DispatchRun, key: str) -> str:
    """A cause as a reader knows it, also one that is no subject yet."""
    alarm = run.alarms.get(key.removeprefix("alarm:"))
    return name_of(run.state, key) if alarm is None else f"alarm {alarm.alarm_id}"


def _take_steady(run: DispatchRun, subject: DispatchSubject | None, request: NotificationRequested, alarm: Alarm) -> None:
    """The flapping has ended. Those who were told hear how; the alarm may stand, or be over."""
    if subject is None or subject.state == "ended":
        return
    if alarm.cleared_at is not None:
        _end(run, subject, "steady", request.reason)
        return
    after = replace(subject, kind="steady", reason=request.reason, requested_at=run.now, children=request.children)
    change_subject(run, subject, after)
    if after.merged_into:
        _note_merged(run, after, request)
    else:
        tell_those_told(run, run.state.subjects[after.key], "steady")


def _merged_into(run: DispatchRun, alarm: Alarm) -> str:
    """The subject of the cause that explains an open alarm; "" for a cause of its own. An alarm that is attached to a cause and
    not suppressed by it is a cause of its own until people have been told of the other one."""
    if alarm.parent_alarm_id is None or alarm.cleared_at is not None:
        return ""
    key = f"alarm:{alarm.parent_alarm_id}"
    if any(each.kind == "parent" for each in alarm.suppressed_by):
        return key
    parent = run.state.subjects.get(key)
    return key if parent is not None and parent.state == "open" else ""


def _concerns_more(before: Alarm, after: Alarm) -> bool:
    """True when a policy that did not apply before may apply now. The correlator itself requests that people hear of a higher
    severity."""
    return after.cleared_at is None and (
        after.subscriber_count > before.subscriber_count or len(after.affected_customers) > len(before.affected_customers)
    )

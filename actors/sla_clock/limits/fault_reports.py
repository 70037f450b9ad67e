"""Fault reports of customers: the instant at which the clocks of statutory credits start."""

from actors.command_refused import CommandRefused
from actors.sla_clock.run import FoldRun
from actors.sla_clock.terms.answers import forget_key, keep_key, known_key
from actors.sla_clock.work import WalkThese
from protocols.change import Refusal
from protocols.principal import Principal
from protocols.sla.actions import ReportFault
from protocols.sla.changes import FaultReported
from protocols.sla.fault_report import FaultReport
from protocols.sla.instance import SlaInstance
from protocols.sla.local_time import utc_text


def report_fault(run: FoldRun, by: Principal, action: ReportFault) -> None:
    """Keep a report, and have the instances examined that it concerns. One that concerns none is kept too, with a warning: the
    contract may be entered later, and the report is the proof of its time."""
    state = run.state
    if not by.sees(action.tenant_id):
        raise CommandRefused(Refusal("", "not_your_tenant", f"tenant_id: {action.tenant_id!r} is not yours"))
    kind = _kind(action.tenant_id)
    before = known_key(run, kind, action.key)
    if before is not None:
        _answer_again(run, action, before)
        return
    if not action.customer_id:
        raise CommandRefused(Refusal("", "invalid", "customer_id: is empty"))
    at = run.now if action.reported_at is None else action.reported_at
    if at > run.now:
        raise CommandRefused(Refusal("", "invalid", f"reported_at: {utc_text(at)} is in the future"))
    found = [instance.id for instance in _concerned(run, action, at)]
    report = FaultReport(
        id=run.new_id("FR"),
        tenant_id=action.tenant_id,
        customer_id=action.customer_id,
        service_id=action.service_id,
        reported_at=at,
        text=action.text,
        instances=tuple(found),
        created_at=run.at,
        created_by=by.name,
        key=action.key,
    )
    state.put_report(run.journal, report)
    keep_key(run, kind, action.key, report.id)
    run.emit(FaultReported(run.offset, report))
    if found:
        state.put_work(run.journal, WalkThese(tuple(found), f"{report.id}: the customer reported a fault", since=at))
    named = f"customer {action.customer_id!r}" + (f" with service {action.service_id!r}" if action.service_id else "")
    run.answer(report.id, warnings=() if found else (f"no SLA instance of {named}",))


def forget_reports(run: FoldRun, horizon: int) -> None:
    """Forget the reports of a time before ``horizon``."""
    state = run.state
    for report in [each for each in state.reports.values() if each.reported_at < horizon]:
        state.drop_report(run.journal, report.id)
        forget_key(run, _kind(report.tenant_id), report.key)


def _kind(tenant_id: str) -> str:
    """Idempotency keys of reports are a tenant's own."""
    return f"fault_report {tenant_id}"


def _concerned(run: FoldRun, action: ReportFault, at: int) -> list[SlaInstance]:
    """Instances of the customer, of the service if the report names one, whose contract holds at that time."""
    instances = run.state.instances
    found = [one for each in instances.at(f"customer:{action.customer_id}") if (one := instances.get(each)) is not None]
    return [
        one
        for one in found
        if one.tenant_id == action.tenant_id and action.service_id in ("", one.service_id) and one.holds(at)
    ]


def _answer_again(run: FoldRun, action: ReportFault, report_id: str) -> None:
    """The key was used before: by this report, or by another one."""
    known = run.state.reports.get(report_id)
    if known is not None:
        same = known.customer_id, known.service_id, known.text
        if same != (action.customer_id, action.service_id, action.text) or action.reported_at not in (None, known.reported_at):
            raise CommandRefused(Refusal("", "key_reused", "the idempotency key was used for another fault report"))
    run.answer(report_id, duplicate=True)

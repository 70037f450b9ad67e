"""Planned maintenance: customers are told of a window some time before it opens, and when it is cancelled after that."""

from msgspec.structs import replace

from actors.dispatcher.cause import DispatchSubject, ToldPerson
from actors.dispatcher.causes.subjects import FORGET_AFTER
from actors.dispatcher.messages.ends import news_of
from actors.dispatcher.messages.recipient import Telling
from actors.dispatcher.messages.sending import known_already, recipient_key, tell_all
from actors.dispatcher.people.reach import reach
from actors.dispatcher.planned_work import PlannedWork
from actors.dispatcher.policies.notice import notice_of
from actors.dispatcher.policies.routing import routed
from actors.dispatcher.policies.tree import RoutedAction
from actors.dispatcher.run import DispatchRun
from protocols.change import WindowChanged
from protocols.sla.local_time import SECOND, instant_at, second_text

DEFAULT_BEFORE = 172_800.0
"""Seconds before the window for an action that does not say."""
LOOK_AGAIN = 900 * SECOND
"""Windows that are still to open are looked at so often: policies may have changed."""
SLICE, PAUSE = 20, SECOND
"""So many are told of a window at a time, and the next ones so long after: a work that concerns thousands holds up nothing
else."""


def take_window(run: DispatchRun, change: WindowChanged) -> None:
    """A window is new, has changed, opened, closed or is no more."""
    state, window, occurrence = run.state, change.window, change.occurrence
    known = state.windows.get(change.id)
    if window is not None and change.status == "upcoming" and occurrence is not None:
        work = PlannedWork(window=window, start=occurrence.start, end=occurrence.end, customers=change.customers)
        withdraws = False
        if known is not None and (known.start, known.end) != (work.start, work.end):
            withdraws = _withdraw(run, change.id, "it was moved")
        elif known is not None:
            work = replace(work, announced=known.announced)
            if known.customers == work.customers:
                work = replace(work, reaching=known.reaching, reached=known.reached)
        run.journal.put(state.windows, change.id, work)
        if not withdraws:
            state.timers.set(run.journal, "window", change.id, run.now)
        return
    if known is not None and change.status != "cancelled":
        _note_untold(run, known)
    run.journal.drop(state.windows, change.id)
    state.timers.set(run.journal, "window", change.id, None)
    if change.status == "cancelled":
        _withdraw(run, change.id, "it was cancelled")
    elif _withdraw_next(run, change.id):
        return
    elif (subject := state.subjects.get(f"window:{change.id}")) is not None and subject.state == "open":
        _end(run, replace(subject, told=()))


def look_at_window(run: DispatchRun, window_id: str) -> None:
    """The timer of a window: tell the next ones of those who are to hear that it does not take place as planned; then do each
    action of the policies that is due by now, once."""
    if _withdraw_next(run, window_id):
        return
    work = run.state.windows.get(window_id)
    if work is None:
        return
    start = instant_at(work.start)
    if start <= run.now:
        run.journal.drop(run.state.windows, window_id)
        _note_untold(run, work)
        return
    subject = _subject(run, work)
    notice = notice_of(subject, "maintenance")
    waiting = [start]
    for each in routed(run.state, notice, run.now):
        if each.action.channel is None:
            continue
        before = each.action.before_seconds
        due = start - round((DEFAULT_BEFORE if before is None else before) * SECOND)
        place = f"{each.policy_id}{each.pointer}"
        if due > run.now:
            waiting.append(due)
        elif place not in work.announced:
            begun = work.reached if work.reaching == place else 0
            customers, reached = _next_customers(run, work, each.action.to, begun)
            if done := reached >= len(work.customers):
                work = replace(work, announced=(*work.announced, place), reaching="", reached=0)
            else:
                work = replace(work, reaching=place, reached=reached)
            run.journal.put(run.state.windows, window_id, work)
            if customers or (done and not begun):
                _announce(run, subject.key, work, each, customers, due)
            if not done:
                waiting.append(run.now + PAUSE)
                break
    run.state.timers.set(run.journal, "window", window_id, min(*waiting, run.now + LOOK_AGAIN))


def _note_untold(run: DispatchRun, work: PlannedWork) -> None:
    """The work begins: name the customers for whom the time did not suffice."""
    subject = run.state.subjects.get(f"window:{work.window.id}")
    if work.reached and subject is not None:
        left = f"the last {len(work.customers) - work.reached:,} of {len(work.customers):,} customers"
        run.note(subject, f"{left} are not told: the work has begun")


def _subject(run: DispatchRun, work: PlannedWork) -> DispatchSubject:
    window = work.window
    key = f"window:{window.id}"
    before = run.state.subjects.get(key)
    since = run.now if before is None or before.state == "ended" else before.since
    told = () if before is None else before.told
    starts, ends = instant_at(work.start), instant_at(work.end)
    subject = DispatchSubject(
        key=key,
        tenant_id=window.tenant_id or "",
        since=since,
        kind="maintenance",
        reason=f"planned for {second_text(starts)} to {second_text(ends)}",
        requested_at=since,
        routed=True,
        customers=work.customers,
        title=f"Planned maintenance: {window.title}",
        told=told,
        starts=starts,
        ends=ends,
    )
    if subject != before:
        run.state.timers.set(run.journal, "forget", key, None)
        run.put_subject(subject)
    return subject


def _next_customers(run: DispatchRun, work: PlannedWork, to: str | None, begun: int) -> tuple[tuple[str, ...], int]:
    """The customers with contacts whom the action tells next, behind the first ``begun``, and how many customers were looked at
    with them. Whoever is not told as a customer is told at once."""
    if to != "customer":
        return work.customers, len(work.customers)
    tenants, people = _tenants(run, work), run.state.people
    found: list[str] = []
    for number in range(begun, len(work.customers)):
        if len(found) >= SLICE:
            return tuple(found), number
        if any(people.of_customer(work.customers[number], tenant) for tenant in tenants):
            found.append(work.customers[number])
    return tuple(found), len(work.customers)


def _announce(
    run: DispatchRun, key: str, work: PlannedWork, routed_action: RoutedAction, customers: tuple[str, ...], due: int
) -> None:
    action = routed_action.action
    assert action.channel is not None
    assert action.to is not None
    for tenant_id in _tenants(run, work):
        concerned = customers or work.customers
        found = reach(run.state, action.to, action.channel, "info", run.now, tenant_id=tenant_id, customers=concerned)
        # Of customers with contacts, those of the other tenants have none in this one.
        nobody = () if action.to == "customer" and customers else (found.nobody,)
        for missed in found.missed or filter(None, nobody):
            run.note(run.state.subjects[key], f"{action.channel} to {action.to}: {missed}", policy=routed_action.policy_id)
        for person in found.people:
            subject = run.state.subjects[key]
            if known := known_already(subject, person, "maintenance", due):
                run.note(subject, f"{person.channel} to {person.to_name}: {known}", policy=routed_action.policy_id)
                continue
            item = Telling(
                subject=key,
                kind="maintenance",
                policy=routed_action.policy_id,
                template=action.template,
                reason=f"{subject.reason}; {person.why}",
                until=person.quiet_until or 0,
            )
            tell_all(run, tenant_id, person, [item])


def _tenants(run: DispatchRun, work: PlannedWork) -> tuple[str, ...]:
    """The tenants whose people are told of a window: its own, or every one that has contacts."""
    if work.window.tenant_id is not None:
        return (work.window.tenant_id,)
    contacts = run.state.contacts.values()
    return ("", *sorted({each.plan.tenant_id for each in contacts if each.plan.tenant_id is not None}))


def _withdraw(run: DispatchRun, window_id: str, why: str) -> bool:
    """People who were told of the window hear that it does not take place as planned. False when nobody is left."""
    subject = run.state.subjects.get(f"window:{window_id}")
    if subject is None or subject.state == "ended":
        return False
    _end(run, replace(subject, reason=f"{subject.reason}: {why}"))
    return _withdraw_next(run, window_id)


def _withdraw_next(run: DispatchRun, window_id: str) -> bool:
    """Tell the next ones of those who were told of a window that does not take place. False when nobody is left."""
    subject = run.state.subjects.get(f"window:{window_id}")
    if subject is None or subject.state == "open":
        return False
    left = [each for each in subject.told if not _waits(run, subject, each)]
    for person, items in news_of(run, [replace(subject, told=tuple(left[:SLICE]))], "maintenance").values():
        tell_all(run, subject.tenant_id, person, list(items.values()))
    if len(left) > SLICE:
        run.state.timers.set(run.journal, "window", window_id, run.now + PAUSE)
    return len(left) > SLICE


def _waits(run: DispatchRun, subject: DispatchSubject, told: ToldPerson) -> bool:
    """True when the person hears of it as soon as the quiet hours or the storm allow it."""
    recipient = run.state.recipients.get(recipient_key(subject.tenant_id, told.channel, told.address))
    return recipient is not None and subject.key in recipient.waiting


def _end(run: DispatchRun, subject: DispatchSubject) -> None:
    run.put_subject(replace(subject, state="ended", ended_at=run.now))
    run.state.timers.set(run.journal, "forget", subject.key, run.now + FORGET_AFTER)

"""Doing the work that waits, as far as one Event may."""

from msgspec.structs import replace

from actors.sla_clock.books.booking import book, book_again, instance_changed
from actors.sla_clock.books.periods import close_untouched
from actors.sla_clock.books.retention import forget_past, forget_slice
from actors.sla_clock.deadlines import NEVER
from actors.sla_clock.evidence.concerned import adopt
from actors.sla_clock.evidence.outages import record
from actors.sla_clock.run import FoldRun
from actors.sla_clock.terms.followed import follow_nodes
from actors.sla_clock.work import (
    BookAgain,
    CloseAll,
    FollowNodes,
    ForgetPast,
    ShowPlaced,
    WalkAll,
    WalkBelow,
    WalkThese,
    WorkItem,
    waits_for_time,
)
from protocols.sla.instance import SlaInstance

_LATER = (FollowNodes, ShowPlaced, ForgetPast)
"""Work that gives way to any other."""


def go_on(run: FoldRun) -> None:
    """Examine instances until the work or the Event's budget is used up."""
    work, journal = run.state.work, run.journal
    while run.budget > 0:
        number = _next(run)
        if number is None:
            return
        item = work[number]
        left = _do(run, item)
        if left is not None:
            journal.put(work, number, left)
            continue
        run.state.drop_work(journal, number)
        if isinstance(item, CloseAll) and not _closes_more(run):
            forget_past(run)


def _next(run: FoldRun) -> int | None:
    """The number of the work that comes next; None while none can go on."""
    later = None
    for number, item in run.state.work.items():
        if waits_for_time(item, run.now):
            continue
        # An outage does not wait until a hundred thousand nodes have got their contracts.
        if type(item) not in _LATER:
            return number
        later = number if later is None else later
    return later


def _closes_more(run: FoldRun) -> bool:
    """True while a period that has ended is not closed for every instance: its evidence is still needed."""
    state = run.state
    if any(isinstance(each, CloseAll) for each in state.work.values()):
        return True
    return any((state.deadlines.at("period", each) or NEVER) <= run.now for each in state.definitions)


def _do(run: FoldRun, item: WorkItem) -> WorkItem | None:
    """The rest of ``item``; None when it is done."""
    match item:
        case WalkBelow():
            return _below(run, item)
        case WalkThese():
            return _these(run, item)
        case BookAgain():
            return _again(run, item)
        case WalkAll():
            return _all(run, item)
        case CloseAll():
            return _close_all(run, item)
        case FollowNodes():
            return follow_nodes(run, item)
        case ShowPlaced():
            return _show_placed(run, item)
        case ForgetPast():
            return forget_slice(run, item)


def _show_placed(run: FoldRun, item: ShowPlaced) -> WorkItem | None:
    after = item.after
    for done, node_id in enumerate(item.nodes):
        if run.budget <= 0:
            return ShowPlaced(item.nodes[done:], after)
        run.budget -= 1
        found = run.state.instances.behind(after, max(1, run.budget), node_id)
        for instance in found:
            run.budget -= 1
            run.emit(instance_changed(run, instance))
        if found and run.budget <= 0:
            return ShowPlaced(item.nodes[done:], found[-1].id)
        after = ""
    return None


def _below(run: FoldRun, item: WalkBelow) -> WorkItem | None:
    """Depth first. A node that hangs from several above is examined once for each: the second time changes nothing."""
    instances, children = run.state.instances, run.state.plant.children
    stack, after = list(item.stack), item.after
    why, outage_id, since, adopts = item.why, item.outage_id, item.since, item.adopts
    while stack:
        if run.budget <= 0:
            return replace(item, stack=tuple(stack), after=after)
        node_id = stack[-1]
        run.budget -= 1
        done = ""
        for instance in instances.behind(after, max(1, run.budget), node_id):
            _examine(run, instance, why, outage_id, since, adopts)
            done = instance.id
            if run.budget <= 0:
                break
        if done and run.budget <= 0:
            after = done
            continue
        stack.pop()
        after = ""
        below = children.get(node_id)
        if below:
            # The order in which nodes came is not that in which a snapshot has them.
            stack += sorted(below, reverse=True)
    return None


def _these(run: FoldRun, item: WalkThese) -> WorkItem | None:
    for done, instance_id in enumerate(item.instances):
        if run.budget <= 0:
            return replace(item, instances=item.instances[done:])
        instance = run.state.instances.get(instance_id)
        if instance is not None:
            _examine(run, instance, item.why, item.outage_id, item.since, item.adopts)
    return None


def _again(run: FoldRun, item: BookAgain) -> WorkItem | None:
    for done, (instance_id, start) in enumerate(item.periods):
        if run.budget <= 0:
            return replace(item, periods=item.periods[done:])
        run.budget -= 1
        instance = run.state.instances.get(instance_id)
        if instance is not None:
            book_again(run, instance, start, item.why)
    return None


def _all(run: FoldRun, item: WalkAll) -> WorkItem | None:
    done = ""
    for instance in _next_of(run, item.definition_id, item.after):
        if run.budget <= 0:
            break
        run.budget -= 1
        book(run, instance, item.why, item.since)
        done = instance.id
    return replace(item, after=done) if done else None


def _close_all(run: FoldRun, item: CloseAll) -> WorkItem | None:
    done = ""
    for instance in _next_of(run, item.definition_id, item.after):
        if run.budget <= 0:
            break
        run.budget -= 1
        account = run.state.accounts.get(instance.id)
        if account is None or account.period_start >= item.ended:
            close_untouched(run, instance, item.definition_id, item.ended)
        book(run, instance, "the period ended", closed=True)
        done = instance.id
    if done:
        return replace(item, after=done)
    until = run.state.closed_until
    run.journal.put(until, item.definition_id, max(item.ended, until.get(item.definition_id, item.ended)))
    return None


def _next_of(run: FoldRun, definition_id: str, after: str) -> list[SlaInstance]:
    """The next instances that use a definition now or did in an earlier period; of all for ""."""
    instances = run.state.instances
    return instances.behind(after, run.budget, f"definition:{definition_id}" if definition_id else "")


def _examine(run: FoldRun, instance: SlaInstance, why: str, outage_id: str, since: int, adopts: bool) -> None:
    run.budget -= 1
    if adopts:
        adopt(run, instance)
    record(run, outage_id)
    book(run, instance, why, since)

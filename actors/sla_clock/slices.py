"""Doing the work that waits, as far as one Event may."""

from actors.sla_clock.books.booking import book
from actors.sla_clock.evidence.outages import record
from actors.sla_clock.run import FoldRun
from actors.sla_clock.work import WalkAll, WalkBelow, WalkThese, WorkItem


def go_on(run: FoldRun) -> None:
    """Examine instances until the work or the Event's budget is used up."""
    work, journal = run.state.work, run.journal
    while work and run.budget > 0:
        number = next(iter(work))
        left = _do(run, work[number])
        if left is None:
            journal.drop(work, number)
        else:
            journal.put(work, number, left)


def _do(run: FoldRun, item: WorkItem) -> WorkItem | None:
    """What is left of ``item``."""
    match item:
        case WalkBelow():
            return _below(run, item)
        case WalkThese():
            return _these(run, item)
        case WalkAll():
            return _all(run, item)


def _below(run: FoldRun, item: WalkBelow) -> WorkItem | None:
    """Depth first. A node that hangs from several above is examined once for each: the second time changes nothing."""
    instances, children = run.state.instances, run.state.plant.children
    stack = list(item.stack)
    while stack:
        if run.budget <= 0:
            return WalkBelow(tuple(stack), item.why, item.outage_id)
        node_id = stack.pop()
        run.budget -= 1
        for instance_id in instances.at(node_id):
            _examine(run, instance_id, item.why, item.outage_id)
        below = children.get(node_id)
        if below is not None:
            stack += reversed(below)
    return None


def _these(run: FoldRun, item: WalkThese) -> WorkItem | None:
    waiting = list(item.instances)
    while waiting:
        if run.budget <= 0:
            return WalkThese(tuple(waiting), item.why, item.outage_id)
        _examine(run, waiting.pop(0), item.why, item.outage_id)
    return None


def _all(run: FoldRun, item: WalkAll) -> WorkItem | None:
    found = run.state.instances.slice(item.after, run.budget)
    for instance in found:
        if item.definition_id in ("", instance.definition_id):
            _examine(run, instance.id, item.why, "")
        else:
            run.budget -= 1
    return WalkAll(item.after + len(found), item.why, item.definition_id) if found and run.budget <= 0 else None


def _examine(run: FoldRun, instance_id: str, why: str, outage_id: str) -> None:
    instance = run.state.instances.get(instance_id)
    run.budget -= 1
    if instance is not None:
        record(run, outage_id)
        book(run, instance, why)

"""Strategy 1, the topology: failures below lost equipment are its consequences.

A node is cut off when equipment at the node itself is lost, or when each way from it towards the core is: with redundant
uplinks only when all are. An alarm below is attached at once when the cause is known. A cause that is reported late collects
what was reported shortly before it began: a poller needs minutes to be sure that a device is down. When a cause has cleared,
its consequences have ``outlive_seconds`` to clear too, and longer while others of them still clear: the ONTs of a card that
is back register within seconds to minutes. Those still open then stand on their own.
"""

from datetime import datetime, timedelta
from typing import Final

from actors.correlator.alarms.attachment import attach, children_of, detach, reported_at
from actors.correlator.alarms.raise_clear import SYSTEM
from actors.correlator.draft import Draft
from actors.correlator.memories import LostEquipmentMemory
from actors.correlator.strategies.lost_equipment import is_lost
from actors.correlator.strategies.returned_equipment import note_return
from actors.correlator.strategies.strategy import Strategy, ended, raised
from protocols.alarm import Alarm

NAME: Final = "topology"
LATE_PARENT: Final = timedelta(seconds=60)
"""A consequence may have been reported this long before its cause."""
TOGETHER: Final = timedelta(seconds=10)
"""Reports of a device about itself within this time belong together."""
STALE: Final = timedelta(seconds=300)
"""Equipment lost longer ago than this does not explain a new failure below it."""
_GO_ON: Final = 0.5
"""Consequences that still clear prolong the time of the others to this share of ``outlive_seconds`` from then on ..."""
_LONGEST: Final = 3
"""... and to this multiple of it after the end of the cause at most."""
AT_MOST = 20_000
"""Nodes examined below one cause."""


def touched(draft: Draft, before: Alarm | None, alarm: Alarm) -> None:
    """Attach a new alarm to the lost equipment above it. Have newly lost equipment collect the alarms below it. Follow the
    end of a cause."""
    traits = draft.state.symptoms.get(alarm.alarm_type)
    may_cut_off = traits is not None and traits.may_cut_off
    if ended(before, alarm):
        if may_cut_off and is_lost(draft.state, alarm):
            draft.drop(draft.state.memory(LostEquipmentMemory).since, alarm.id)
            _came_back(draft, alarm.resource_id)
        if children_of(draft, alarm.id):
            draft.wake(NAME, alarm.id, draft.at + draft.state.spans.outlive)
        if alarm.parent_alarm_id is not None:
            _wait_longer(draft, alarm.parent_alarm_id)
        return
    if not raised(before, alarm):
        if may_cut_off and before is not None and alarm.cleared_at is None:
            _changed(draft, before, alarm)
        return
    if alarm.parent_alarm_id is not None:
        cause = draft.get(alarm.parent_alarm_id)
        if cause is None or cause.cleared_at is not None or cause.tenant_id != alarm.tenant_id:
            alarm = detach(draft, alarm, NAME, "raised again when the cause that it had was over")
    if traits is None:
        return
    draft.no_wake(NAME, alarm.id)
    if traits.symptom == "restarted":
        note_return(draft, alarm.resource_id)
    lost = may_cut_off and is_lost(draft.state, alarm)
    if lost:
        draft.set(draft.state.memory(LostEquipmentMemory).since, alarm.id, draft.at)
    # Where nothing is gone, anywhere, nothing can block it.
    if traits.follows and alarm.parent_alarm_id is None and draft.state.memory(LostEquipmentMemory).since:
        place(draft, alarm)
    if lost:
        collect(draft, draft.latest(alarm))


def _changed(draft: Draft, before: Alarm, alarm: Alarm) -> None:
    """An open alarm says otherwise now: a port that was down was switched off, or the other way round."""
    was, now = is_lost(draft.state, before), is_lost(draft.state, alarm)
    since = draft.state.memory(LostEquipmentMemory).since
    if now and not was:
        draft.set(since, alarm.id, draft.at)
        collect(draft, alarm)
    elif was and not now:
        draft.drop(since, alarm.id)
        for child in children_of(draft, alarm.id):
            if child.cleared_at is None:
                detach(draft, child, NAME, f"{alarm.resource_name or alarm.resource_id} is not switched off any more")


def _came_back(draft: Draft, resource_id: str) -> None:
    """A part of a device is back. A device that answers again need not have started: it reports its start itself."""
    node = draft.state.plant.nodes.get(resource_id)
    if node is not None and not node.address:
        note_return(draft, resource_id)


def _wait_longer(draft: Draft, cause_id: str) -> None:
    """A consequence of a cause that is over has cleared: the others get more time."""
    cause = draft.get(cause_id)
    due_at = draft.state.timers.at(NAME, cause_id)
    if cause is None or cause.cleared_at is None or due_at is None:
        return
    outlive = draft.state.spans.outlive
    longer = min(draft.at + _GO_ON * outlive, cause.cleared_at + _LONGEST * outlive)
    if longer > due_at:
        draft.wake(NAME, cause_id, longer)


def due(draft: Draft, cause_id: str) -> None:
    """Detach the alarms that outlived their cause."""
    cause = draft.get(cause_id)
    if cause is not None and cause.cleared_at is None:
        return
    name, seconds = "its cause", draft.state.settings.outlive_seconds
    if cause is not None and cause.cleared_at is not None:
        name, seconds = cause.alarm_id, max(seconds, (draft.at - cause.cleared_at).total_seconds())
    for child in children_of(draft, cause_id):
        if child.cleared_at is None:
            detach(draft, child, NAME, f"still there {seconds:.0f} s after its cause {name} cleared: an alarm of its own")
            place(draft, draft.latest(child))


def place(draft: Draft, alarm: Alarm) -> bool:
    """Attach an alarm to the lost equipment that cuts its resource off. False when there is none."""
    causes = blocked_by(draft, alarm.resource_id, alarm.tenant_id, but=alarm.id)
    if not causes:
        return _beside(draft, alarm)
    cause = root_of(draft, causes[0])
    if len(causes) > 1:
        names = ", ".join(each.resource_name or each.resource_id for each in causes)
        why = f"every way up is gone: {names}"
    else:
        why = f"below {cause.resource_name or cause.resource_id}, which is gone ({cause.alarm_type})"
    return attach(draft, alarm, cause, NAME, why, causes=[each.alarm_id for each in causes], confidence=1.0)


def _beside(draft: Draft, alarm: Alarm) -> bool:
    """A port whose position in its device the topology does not have, lost together with a part of that device."""
    plant = draft.state.plant
    traits = draft.state.symptoms.get(alarm.alarm_type)
    if traits is None or traits.symptom != "link_down" or alarm.resource_id in plant.nodes:
        return False
    recent: list[str] = []
    for cause_id, since in reversed(draft.state.memory(LostEquipmentMemory).since.items()):
        if draft.at - since > TOGETHER:
            break  # in the order of their times: the other lost equipment has been lost for longer
        recent.append(cause_id)
    for cause_id in reversed(recent):
        cause = draft.get(cause_id)
        if (
            cause is not None
            and (cause.tenant_id, cause.device_id) == (alarm.tenant_id, alarm.device_id)
            and cause.cleared_at is None
        ):
            name = cause.resource_name or cause.resource_id
            why = f"went down together with {name} of the same device, at a place that the topology does not know"
            return attach(draft, alarm, root_of(draft, cause), NAME, why, confidence=0.7)
    return False


def collect(draft: Draft, cause: Alarm) -> None:
    """Attach open alarms below a cause that were reported shortly before it began, or since."""
    since = begin_of(draft, cause)
    plant, symptoms = draft.state.plant, draft.state.symptoms
    waiting, seen = [cause.resource_id], {cause.resource_id}
    while waiting and len(seen) < AT_MOST:
        node = waiting.pop()
        for alarm in draft.at_resource(node):
            traits = symptoms.get(alarm.alarm_type)
            if alarm.id == cause.id or traits is None or not traits.follows:
                continue
            if alarm.parent_alarm_id is None and since - reported_at(draft, alarm) <= LATE_PARENT:
                place(draft, alarm)
        for child in plant.children(node):
            if child not in seen:
                seen.add(child)
                waiting.append(child)


def begin_of(draft: Draft, cause: Alarm) -> datetime:
    """The time at which a cause began, by faultd's clock: a poller dates it. Another reporter's clock may be wrong."""
    mark = draft.read(draft.state.marks, cause.id)
    return cause.opened_at if mark is not None and mark.source == SYSTEM else draft.at


def blocked_by(draft: Draft, resource_id: str, tenant: str, *, but: str = "") -> list[Alarm]:
    """The open alarms of equipment that cut this resource off from the core, new ones first: the nearest on each way up, all of
    which must be closed; nothing when one way is open. ``but`` is an alarm that does not count. Only alarms of ``tenant``
    count: an alarm that its users cannot see explains nothing to them, and reports of other tenants hide nothing from them.

    Equipment lost for long closes a way, but is no cause by itself. Where it alone would close every way, it has not cut this
    resource off: the resource worked until now.
    """
    start = _nearest_known(draft, resource_id)
    found = _ways_closed(draft, start, but, tenant, ("new", "old"))
    old = [each for each in found if _stale(draft, each)]
    if not old:
        return found
    if _ways_closed(draft, start, but, tenant, ("old",)):
        return _ways_closed(draft, start, but, tenant, ("new",))
    return [*(each for each in found if each not in old), *old]


def _ways_closed(draft: Draft, start: str, but: str, tenant: str, counts: tuple[str, ...]) -> list[Alarm]:
    found: list[Alarm] = []
    asked: set[str] = set()
    waiting = [start]
    while waiting:
        node = waiting.pop()
        if node in asked:
            continue
        asked.add(node)
        here = [
            each
            for each in draft.at_resource(node)
            if is_lost(draft.state, each) and each.tenant_id == tenant and each.id != but
        ]
        aged = {age: next((each for each in here if _stale(draft, each) == (age == "old")), None) for age in counts}
        own = next((each for each in aged.values() if each is not None), None)
        if own is not None:
            found.append(own)
            continue
        parents = draft.state.plant.parents(node)
        if not parents:
            return []
        waiting += reversed(parents)
    return found


def _stale(draft: Draft, blocker: Alarm) -> bool:
    return draft.at - draft.state.memory(LostEquipmentMemory).since.get(blocker.id, draft.at) > STALE


def root_of(draft: Draft, alarm: Alarm) -> Alarm:
    """The topmost cause of an alarm: that of its cause, and so on."""
    for _ in range(64):
        parent = draft.get(alarm.parent_alarm_id) if alarm.parent_alarm_id is not None else None
        if parent is None or parent.cleared_at is not None or parent.tenant_id != alarm.tenant_id:
            break
        alarm = parent
    return alarm


def _nearest_known(draft: Draft, resource_id: str) -> str:
    """The resource, or the nearest place above it in its own id that is in the topology."""
    nodes = draft.state.plant.nodes
    name = resource_id
    while name and name not in nodes:
        name = name.rpartition("/")[0]
    return name or resource_id


STRATEGY = Strategy(NAME, touched, due)

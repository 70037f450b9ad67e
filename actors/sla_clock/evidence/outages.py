"""Outage intervals from alarms: every alarm with an effect on service has one for each time that it was open."""

from collections.abc import Sequence
from datetime import datetime, timedelta

from msgspec.structs import replace

from actors.sla_clock.deadlines import NEVER
from actors.sla_clock.run import FoldRun
from actors.sla_clock.state import SlaState
from actors.sla_clock.work import WalkAll, WalkBelow, WalkThese
from protocols.alarm import Alarm, TimelineEntry
from protocols.sla.changes import SlaOutageChanged
from protocols.sla.intervals import Interval
from protocols.sla.local_time import instant_at
from protocols.sla.outage import SlaOutage

CLOCK_JUMPED = "clock_jumped"
CLEARED = "cleared"
REOPENED = "reopened"
CLEARED_BEFORE_RAISE = "cleared_before_raise"
BLIND_AFTER = timedelta(seconds=60)
"""A longer gap between two Events is time in which faultd did not run: Ticks come every second."""
_WITHOUT_MAINS = ("ont_dying_gasp", "pon_dying_gasps", "pon_los", "pon_down")
STOPPED = "faultd:stopped"
"""The alarm id of intervals in which faultd itself did not run."""


def note_alarm(run: FoldRun, alarm: Alarm, entries: Sequence[TimelineEntry] = (), moved: int = 0) -> None:
    """Bring the intervals of an alarm to what the alarm says now, and have the instances examined that they concern. ``moved``:
    the jumps of the clock (microseconds) since it was opened, where an interval begins only now."""
    state = run.state
    known = state.outages_of.get(alarm.id)
    # A date in the future is one from before a jump back of the clock, which the correlator is still to correct.
    opened = instant_at(alarm.opened_at)
    ended = None if alarm.cleared_at is None else min(instant_at(alarm.cleared_at), run.now)
    if known is None:
        began = min(opened + moved, run.now)
        if alarm.service_effect != "none" and (ended is None or ended > began):
            first = replace(_interval(run, alarm, 0, began), end=ended, moved=began - opened)
            put_outage(run, first, f"{alarm.alarm_id} was raised")
        return
    last = state.outages[known[-1]]
    past = _past_interval(state, entries, last)
    if past is not None and alarm.service_effect != "none":
        number = last.number if last.end is None else last.number + 1
        told = replace(_interval(run, alarm, number, past[0]), end=past[1])
        put_outage(run, told, f"a past outage of {alarm.alarm_id} was reported")
        return
    if last.end is not None and _opened_again(alarm, entries, last):
        began = min(max(opened + moved, last.end), run.now)
        lasted = ended is None or (ended > began and says(entries, REOPENED, CLEARED_BEFORE_RAISE))
        if alarm.service_effect != "none" and lasted:
            jumped = min(moved, began - opened)
            again = replace(_interval(run, alarm, last.number + 1, began), end=ended, moved=jumped)
            put_outage(run, again, f"{alarm.alarm_id} was re-opened")
            begin = _own_time(entries, REOPENED)
            if begin is not None and ended is None:
                run.journal.put(state.begins_told, again.id, begin)
        return
    changed = replace(
        _interval(run, alarm, last.number, last.start),
        moved=last.moved,
        corrected=last.corrected,
        end=last.end,
        effect=last.effect,
        customer_power=last.customer_power if alarm.parent_alarm_id == last.parent_alarm_id else _own_power(run, alarm),
    )
    why = f"{alarm.alarm_id} changed"
    if last.end is None:
        if not last.corrected:
            changed = _begun(changed, last, opened, entries, run.now)
        if ended is not None:
            changed = replace(changed, end=max(ended, changed.start))
            why = f"{alarm.alarm_id} was cleared"
    if changed != last:
        put_outage(run, changed, why)


def _opened_again(alarm: Alarm, entries: Sequence[TimelineEntry], last: SlaOutage) -> bool:
    """True when the alarm was opened again behind its last interval, which has ended. Where an operator corrected that end, the
    timeline alone tells. It tells also after a jump of the clock, which moves the date at which the alarm was opened."""
    if says(entries, REOPENED):
        return True
    if says(entries, CLOCK_JUMPED) and not says(entries, CLEARED_BEFORE_RAISE):
        return False
    return instant_at(alarm.opened_at) >= (last.end or 0) and (not last.corrected or says(entries, CLEARED_BEFORE_RAISE))


def _past_interval(state: SlaState, entries: Sequence[TimelineEntry], last: SlaOutage) -> Interval | None:
    """Begin and end of an outage that was over before the last one, and is reported only now; None: nothing else is reported.
    Its raise re-opened the alarm behind the last outage, which the clear shows to be wrong; or both came out of order."""
    if last.end is None:
        begin, end = state.begins_told.get(last.id), _own_time(entries, CLEARED)
        known = last.start
    else:
        begin, end = _own_time(entries, CLEARED_BEFORE_RAISE), _own_time(entries, CLEARED_BEFORE_RAISE, "over")
        known = last.end
    if begin is None or end is None or last.moved or not begin < end <= known:
        return None
    before = [state.outages[each] for each in state.outages_of[last.alarm_id]]
    counted = any(each.start <= begin and each.end is not None and end <= each.end for each in before)
    return None if counted else (begin, end)


def _own_time(entries: Sequence[TimelineEntry], action: str, field: str = "happened") -> int | None:
    """The time of the report that made the entry of an ``action``, where the entry has it."""
    found = (each.detail.get(field) for each in entries if each.action == action)
    text = next((each for each in found if each is not None), None)
    return None if text is None else instant_at(datetime.fromisoformat(text))


def _begun(changed: SlaOutage, last: SlaOutage, began: int, entries: Sequence[TimelineEntry], now: int) -> SlaOutage:
    """With its begin by the alarm, and the jumps of the clock since."""
    if says(entries, CLOCK_JUMPED):
        # The correlator moved the alarm's date, for the jump that moved this interval already.
        return replace(changed, start=last.start, moved=last.start - began)
    if says(entries, REOPENED) or began + last.moved > now:
        # The stage has missed the clear: it is another outage, which began after those jumps.
        start = min(began, now)
        return replace(changed, start=start, moved=start - began)
    return replace(changed, start=began + last.moved, moved=last.moved)


def says(entries: Sequence[TimelineEntry], *actions: str) -> bool:
    """True when one of the entries is of one of these actions."""
    return any(entry.action in actions for entry in entries)


def put_outage(run: FoldRun, outage: SlaOutage, why: str) -> None:
    """Keep an interval, and have the instances examined that it concerns."""
    state = run.state
    before = state.outages.get(outage.id)
    state.put_outage(run.journal, outage)
    run.evidence.forget()
    if outage.id in state.recorded:
        run.emit(SlaOutageChanged(run.offset, outage, why))
    if before is not None and not _matters(before, outage):
        return
    since = outage.start if before is None else min(before.start, outage.start)
    if before is not None and replace(before, end=None) == replace(outage, end=None):
        since = min(NEVER if before.end is None else before.end, NEVER if outage.end is None else outage.end)
    both = (outage,) if before is None else (before, outage)
    state.put_work(run.journal, WalkBelow(tuple(dict.fromkeys(each.resource_id for each in both)), why, outage.id, since))
    named = dict.fromkeys(each for one in both for key in _named(one) for each in state.instances.at(key))
    if named:
        state.put_work(run.journal, WalkThese(tuple(named), why, outage.id, since))


def record(run: FoldRun, outage_id: str) -> None:
    """The interval concerns an instance: it is emitted, once."""
    state = run.state
    if outage_id and outage_id not in state.recorded and outage_id in state.outages:
        run.journal.put(state.recorded, outage_id, None)
        run.emit(SlaOutageChanged(run.offset, state.outages[outage_id]))


def _matters(before: SlaOutage, after: SlaOutage) -> bool:
    """Whether a figure can differ."""
    return any(
        getattr(before, name) != getattr(after, name)
        for name in ("start", "end", "effect", "parent_alarm_id", "customer_power", "resource_id", "services", "customers")
    )


def _named(outage: SlaOutage) -> list[str]:
    return [*(f"service:{one}" for one in outage.services), *(f"customer:{one}" for one in outage.customers)]


def _interval(run: FoldRun, alarm: Alarm, number: int, start: int) -> SlaOutage:
    place = run.state.plant.places.get(alarm.resource_id)
    services, customers = (), ()  # type: tuple[str, ...], tuple[str, ...]
    if place is None:
        # The report itself names them; below a node the topology does.
        services = alarm.affected_services
        customers = () if services else alarm.affected_customers
    return SlaOutage(
        id=f"{alarm.id}.{number}",
        number=number,
        alarm_id=alarm.id,
        alarm_name=alarm.alarm_id,
        alarm_type=alarm.alarm_type,
        title=alarm.title,
        tenant_id="" if place is not None and not place.tenant else alarm.tenant_id,
        resource_id=alarm.resource_id,
        services=services,
        customers=customers,
        effect="outage" if alarm.service_effect == "none" else alarm.service_effect,
        severity=alarm.severity,
        parent_alarm_id=alarm.parent_alarm_id,
        customer_power=_own_power(run, alarm),
        start=start,
    )


def _own_power(run: FoldRun, alarm: Alarm) -> bool:
    """True when no fault of the network explains the outage: an ONT reported the loss of its electrical power, and has no cause
    above it; or the cause is an area without mains, for such an ONT and for a port that sees no ONT any more. An ONT that did
    not report it counts as down: that the mains failed is a conclusion."""
    if alarm.parent_alarm_id is None or alarm.symptom not in _WITHOUT_MAINS:
        return alarm.parent_alarm_id is None and alarm.symptom == "ont_dying_gasp"
    cause = run.state.clocks.get(alarm.parent_alarm_id)
    return cause is not None and cause.is_power_outage


def note_gap(run: FoldRun, start: datetime, end: datetime) -> None:
    """faultd itself did not run between two Events."""
    number = len(run.state.outages_of.get(STOPPED, ()))
    outage = SlaOutage(
        id=f"{STOPPED}.{run.offset}",
        number=number,
        alarm_id=STOPPED,
        alarm_name="",
        alarm_type=STOPPED,
        title="faultd did not run",
        tenant_id="",
        resource_id="",
        effect="unknown",
        severity="warning",
        start=instant_at(start),
        end=instant_at(end),
    )
    run.state.put_outage(run.journal, outage)
    run.evidence.forget()
    record(run, outage.id)
    for name, versions in run.state.definitions.items():
        if any(each.terms.unknown_counts_as == "down" for each in versions):
            run.state.put_work(run.journal, WalkAll("faultd did not run", name, since=outage.start))

"""The arithmetic of rotas: who is on call when. Pure; instants are microseconds since 1970.

Overrides come first, then the layers: each covers the time that those before it leave open, so at every instant at most one
person is on call. No rota is taken whose overrides overlap; here, the one that begins first would last. Two turns of one person
in a row are one shift.
"""

from collections.abc import Iterator, Sequence
from datetime import date, datetime, timedelta
from zoneinfo import ZoneInfo

from protocols.dispatch.local_hours import seconds_of, timeline
from protocols.dispatch.quiet_hours import WEEKDAYS
from protocols.dispatch.rota import OnCall, RotaLayer, RotaPlan
from protocols.recurrence.occurrences import zone_of
from protocols.sla.business_time import DAY
from protocols.sla.intervals import Timeline, difference
from protocols.sla.local_time import SECOND, day_of, instant_at, instant_of, utc_time

Shift = tuple[int, int, str, str]
"""Start, end, contact ("" in a gap), and the part of the rota that says so."""
_WIDTHS = tuple(days * DAY * SECOND for days in (2, 8, 32, 128, 512, 800))
"""The ends of a shift, or of a gap, are looked for within these times: the last is longer than any turn (52 weeks at most)."""


def on_call(plan: RotaPlan, at: int) -> OnCall:
    """The shift, or the gap, at ``at``."""
    since: datetime | None = None
    until: datetime | None = None
    for width in _WIDTHS:
        _, end, contact, by = _covered(plan, at, at + width)[0]
        if end < at + width:
            until = utc_time(end)
            break
    for width in _WIDTHS:
        begin = _covered(plan, at - width, at + 1)[-1][0]
        if begin > at - width:
            since = utc_time(begin)
            break
    return OnCall(contact_id=contact, start=since, end=until, by=by)


def contact_at(plan: RotaPlan, at: int) -> str:
    """The contact on call at ``at``, "" for a gap."""
    ((_, _, contact, _),) = _covered(plan, at, at + 1)
    return contact


def shifts(plan: RotaPlan, start: int, end: int) -> list[OnCall]:
    """Shifts and gaps that touch ``[start, end)``, in order; the first and the last one as :func:`on_call` gives them."""
    parts = _covered(plan, start, end)
    found = [
        OnCall(contact_id=contact, start=utc_time(begin), end=utc_time(until), by=by) for begin, until, contact, by in parts
    ]
    if parts:
        found[0] = on_call(plan, start)
        found[-1] = on_call(plan, parts[-1][0])
    return found


def gaps(plan: RotaPlan, start: int, end: int) -> Timeline:
    """The times of ``[start, end)`` at which nobody is on call."""
    return [(begin, until) for begin, until, contact, _ in _covered(plan, start, end) if not contact]


def contacts_of(plan: RotaPlan) -> dict[str, None]:
    """Every contact that the rota names, in order."""
    layers = (contact for layer in plan.layers for contact in layer.contacts)
    return dict.fromkeys([*(each.contact for each in plan.overrides), *layers])


def _covered(plan: RotaPlan, start: int, end: int) -> list[Shift]:
    """``[start, end)`` without a gap or an overlap."""
    free: Timeline = [(start, end)] if start < end else []
    found: list[Shift] = []
    for part in _parts(plan, start, end):
        taken = _within(part, free)
        found += taken
        free = difference(free, [each[:2] for each in taken])
        if not free:
            break
    found += [(begin, until, "", "") for begin, until in free]
    joined: list[Shift] = []
    for begin, until, contact, by in sorted(found):
        if joined and joined[-1][1:] == (begin, contact, by):
            begin = joined.pop()[0]
        joined.append((begin, until, contact, by))
    return joined


def _parts(plan: RotaPlan, start: int, end: int) -> Iterator[Sequence[Shift]]:
    """The overrides, then the layers, each with its shifts around ``[start, end)``."""
    yield _overrides(plan, start, end)
    zone = zone_of(plan.time_zone)
    for number, layer in enumerate(plan.layers, 1):
        turns = list(_turns(layer, f"layer {number}", zone, start, end))
        if turns and layer.hours:
            turns = _within(turns, timeline(layer.hours, zone, turns[0][0], turns[-1][1]))
        yield turns


def _overrides(plan: RotaPlan, start: int, end: int) -> list[Shift]:
    found: list[Shift] = []
    for number, override in enumerate(plan.overrides, 1):
        begin, until = instant_at(override.start), instant_at(override.end)
        if begin < end and start < until:
            found.append((begin, until, override.contact, f"override {number}"))
    last = start
    for place, (begin, until, contact, by) in enumerate(sorted(found)):
        found[place] = (max(begin, last), max(until, last), contact, by)
        last = max(until, last)
    return found


def _turns(layer: RotaLayer, by: str, zone: ZoneInfo, start: int, end: int) -> Iterator[Shift]:
    """The turns of a layer that touch ``[start, end)``, cut to it."""
    clock = seconds_of(layer.hand_over)
    start = max(start, instant_of(layer.start, clock, zone))
    if layer.end is not None:
        end = min(end, instant_of(layer.end, clock, zone))
    if start >= end:
        return
    first, length = first_turn(layer), turn_days(layer)
    # One turn earlier: the hand-over of the local day of ``start`` may lie behind it.
    number = max(0, (day_of(start, zone) - first).days // length - 1)
    begin = instant_of(first + timedelta(days=number * length), clock, zone)
    while begin < end:
        until = instant_of(first + timedelta(days=(number + 1) * length), clock, zone)
        if start < until and begin < until:
            yield max(begin, start), min(until, end), layer.contacts[number % len(layer.contacts)], by
        number, begin = number + 1, until


def first_turn(layer: RotaLayer) -> date:
    """The local day from which turns count. With a ``hand_over_day`` it may lie before ``start``: the first turn is shorter."""
    if layer.hand_over_day is None or layer.rotation == "daily":
        return layer.start
    return layer.start - timedelta(days=(layer.start.weekday() - WEEKDAYS.index(layer.hand_over_day)) % 7)


def turn_days(layer: RotaLayer) -> int:
    """The length of a turn."""
    return layer.every * (7 if layer.rotation == "weekly" else 1)


def _within(turns: Sequence[Shift], times: Timeline) -> list[Shift]:
    """The parts of ``turns``, which are in order and do not overlap, within ``times``."""
    parts: list[Shift] = []
    i = 0
    for start, end, contact, by in turns:
        while i < len(times) and times[i][1] <= start:
            i += 1
        k = i
        while k < len(times) and times[k][0] < end:
            if start < end:
                parts.append((max(start, times[k][0]), min(end, times[k][1]), contact, by))
            k += 1
    return parts

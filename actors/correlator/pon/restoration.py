"""The return of the ONTs of a cause: all at once, one by one, or in steps with some still out minutes later.

A cause stays open while more than a fifth of its ONTs are out, and its alarm says how many. ONTs that are still out when it has
ended are one cause again, not one for each of them: see :func:`leftovers`.
"""

from collections.abc import Iterable, Mapping
from itertools import takewhile

from actors.correlator.alarms.attachment import attach
from actors.correlator.alarms.lifecycle import moved
from actors.correlator.draft import Draft
from actors.correlator.plant.power_area import AREA
from actors.correlator.pon.cause import Cause, Evidence
from actors.correlator.pon.conclude import NAME, RULE, over
from actors.correlator.pon.gather import node_above, pon_los_of
from actors.correlator.pon.members import back_of, members_of
from actors.correlator.pon.memory import RETURNING, Concluded, PonMemory, Unrestored
from protocols.alarm import Alarm

_LEFT = 0.2
"""Share of the ONTs of a cause that may be out when it ends: the reports of some returns are lost."""
_OUT = " of its ONTs are still out: "


def is_restored(back: int, of: int) -> bool:
    """True when so many of a cause's ONTs are back that it is over."""
    return 2 * back >= of and of - back <= max(1.0, _LEFT * of)


def returns(draft: Draft, memory: PonMemory, causes: dict[str, Concluded]) -> set[str]:
    """End the causes of a port whose ONTs have come back, and remove them from ``causes``. Returns the causes with some ONTs
    back: the others need no new explanation. Sets the timer of the port."""
    returning: set[str] = set()
    for alarm_id, cause in list(causes.items()):
        if cause.place.startswith(AREA):
            continue  # the inspection of the area ends it: here each of its ports would count all its ONTs
        if cause.kind == "rogue":
            continue  # ONTs that come and go in turns are back half of the time
        if not cause.members and cause.kind != "degraded" and not _port_dark(draft, cause.ports):
            over(draft, memory, alarm_id, "the port receives light again, and its own report was the only evidence")
            del causes[alarm_id]
            continue
        back = back_of(draft, alarm_id, cause) if cause.kind != "degraded" else 0
        # An ONT that was out for another reason and is back also shows that there is light.
        if not back and not cause.told_back and not _lit_since(draft, memory, cause):
            continue
        if is_restored(back, len(cause.members)):
            end_restored(draft, memory, alarm_id, cause, back)
            del causes[alarm_id]
            continue
        if follow_return(draft, cause, alarm_id, back, cause.ports[0]):
            returning.add(alarm_id)
    return returning


def follow_return(draft: Draft, cause: Concluded, alarm_id: str, back: int, subject: str) -> bool:
    """Give the other ONTs of a cause time to return, then say in its alarm how many are still out. True while they need no new
    explanation: during that time, and from then on when some ONTs are back. ``subject`` is inspected at its end."""
    since = cause.returning
    if since is None:
        since = draft.at
        draft.on_commit(setattr, cause, "returning", since)
    if draft.at < since + RETURNING:
        draft.wake(NAME, subject, since + RETURNING)
        return True
    if back != cause.told_back:
        _say_left(draft, alarm_id, len(cause.members) - back, len(cause.members))
        draft.on_commit(setattr, cause, "told_back", back)
        draft.on_commit(setattr, cause, "returning", draft.at)
        draft.wake(NAME, subject, draft.at + RETURNING)
    return back > 0


def end_restored(draft: Draft, memory: PonMemory, alarm_id: str, cause: Concluded, back: int) -> None:
    """End a cause, most of whose ONTs are back. The others stay attached to it for ``outlive_seconds``."""
    of, plant = len(cause.members), draft.state.plant
    verb = "have power again" if cause.kind == "power" else "are back"
    over(draft, memory, alarm_id, f"{back} of {of} ONTs {verb}")
    name = getattr(plant.nodes.get(cause.place), "name", "") or cause.place.removeprefix(AREA)
    left = Unrestored(alarm_id, cause.kind, name, of)
    for ont in cause.members if back < of else ():
        if ont in memory.onset:
            draft.set(memory.unrestored, ont, left)


def out_again(draft: Draft, memory: PonMemory, causes: Mapping[str, Concluded], free: Iterable[Evidence]) -> None:
    """Attach an ONT that was back and is out again to its cause, while others of the cause are still out."""
    free = [each for each in free if each.ont in memory.back]
    for alarm_id, cause in causes.items() if free else ():
        alarm = draft.get(alarm_id)
        if cause.returning is None or cause.kind in ("degraded", "rogue") or alarm is None or alarm.cleared_at is not None:
            continue
        members = members_of(draft.state, alarm_id, cause)
        for each in free:
            if each.ont in members:
                for symptom in each.alarms:
                    attach(draft, draft.alarm(symptom), alarm, NAME, "out again, before the others of its cause were back")


def leftovers(draft: Draft, memory: PonMemory, port: str, fresh: dict[str, Evidence]) -> dict[tuple[str, str], Cause]:
    """The causes of ONTs that are still out although their cause is over, several from one cause. Removes them from
    ``fresh``."""
    groups: dict[Unrestored, list[Evidence]] = {}
    for ont, each in fresh.items():
        left = memory.unrestored.get(ont) if memory.unrestored else None
        if left is not None and ((alarm := draft.get(left.alarm)) is None or alarm.cleared_at is not None):
            groups.setdefault(left, []).append(each)
    causes: dict[tuple[str, str], Cause] = {}
    for left, found in groups.items():
        if len(found) < 2:
            continue
        for each in found:
            del fresh[each.ont]
        place = node_above(draft, port, [each.ont for each in found])
        gasped = sum(each.gasped for each in found)
        cause = Cause(
            kind="power" if left.kind == "power" else "cut",
            place=place,
            ports=[port],
            evidence=found,
            dark=len(found) - gasped,
            gasped=gasped,
            alive=0,
            unknown=0,
            confidence=0.5,
            why=f"{len(found)} of the {left.of} ONTs that went out with {left.name} are still out although the others are back",
        )
        causes[cause.kind, place] = cause
    return causes


def _say_left(draft: Draft, alarm_id: str, left: int, of: int) -> None:
    alarm = draft.get(alarm_id)
    if alarm is None or alarm.cleared_at is not None:
        return
    why = f"{left} of {of} ONTs are still out, the others are back"
    draft.put(
        moved(alarm, description=f"{left} of {of}{_OUT}{_said(alarm)}", metadata={**alarm.metadata, "still_out": left}),
        "revised",
        RULE,
        why,
    )


def _said(alarm: Alarm) -> str:
    before, mark, after = alarm.description.partition(_OUT)
    return after if mark else before


def _port_dark(draft: Draft, ports: Iterable[str]) -> bool:
    return any(pon_los_of(draft, port) for port in ports)


def _lit_since(draft: Draft, memory: PonMemory, cause: Concluded) -> bool:
    back, below = memory.back, draft.state.plant.onts_below(cause.place)
    if len(below) < len(back):
        return any(ont in back and back[ont] > cause.since for ont in below)
    since = takewhile(lambda ont: back[ont] > cause.since, reversed(back))
    return not set(below).isdisjoint(since)

"""A repair that bounces: light or power comes back, goes again, and comes back, until the splice or the mains hold.

The ONTs that go out again soon after a cause has ended are that cause again, not a new one: its alarm is re-opened and counts
how often it came back and went again. Nobody is paged each time (:mod:`actors.correlator.strategies.notifications`).
"""

from collections.abc import Sequence
from datetime import timedelta
from typing import Final

from actors.correlator.draft import Draft
from actors.correlator.pon.cause import Cause, Evidence
from actors.correlator.pon.memory import PonMemory

BOUNCE: Final = timedelta(seconds=120)
"""ONTs that go out again sooner after their cause ended have not been repaired yet."""
LASTED: Final = timedelta(seconds=30)
"""Nobody repairs a fibre sooner."""
FEWEST: Final = 2
"""ONTs that must go out again together: a single one may have a fault of its own."""


def gone_again(draft: Draft, memory: PonMemory, port: str, episode: Sequence[Evidence]) -> Cause | None:
    """The cause on ``port`` that ended shortly before, when it explains every loss of the episode; None: there is none."""
    for alarm_id in reversed(memory.ended):
        ended = memory.ended[alarm_id]
        alarm = draft.get(alarm_id)
        if alarm is None or ended.port != port or not timedelta(0) <= episode[0].onset - ended.at <= BOUNCE:
            continue
        below = {*ended.members, *draft.state.plant.onts_below(ended.place)}
        again = [each for each in episode if each.ont in ended.members]
        if len(again) < FEWEST or not all(each.ont in below for each in episode):
            continue
        times = int(alarm.metadata.get("bounces", 0)) + (alarm.cleared_at is not None)
        gasped = sum(each.gasped for each in episode)
        node = draft.state.plant.nodes.get(ended.place)
        name = (node.name if node is not None else "") or ended.place
        return Cause(
            kind=ended.kind,
            place=ended.place,
            ports=[port],
            evidence=list(episode),
            dark=len(episode) - gasped,
            gasped=gasped,
            alive=0,
            unknown=len(below) - len(episode),
            confidence=float(alarm.metadata.get("confidence", 0.9)),
            why=f"{len(episode)} of {len(below)} ONTs below {name} are out again: "
            f"it came back and went again {times} time{'s' if times != 1 else ''}",
            summary={"bounces": times},
        )
    return None


def under_repair(draft: Draft, memory: PonMemory, port: str) -> set[str]:
    """The ONTs of causes on ``port`` that lasted and have just ended, or are ending: they come and go until the repair holds.
    What a rogue ONT does looks like a cause for seconds."""
    found: set[str] = set()
    for ended in memory.ended.values():
        if ended.port == port and draft.at - ended.at <= BOUNCE and ended.at - ended.since >= LASTED:
            found.update(ended.members)
    for alarm_id in memory.at_port.get(port, ()):
        cause = memory.causes[alarm_id]
        if cause.kind in ("cut", "power") and cause.returning is not None and cause.returning - cause.since >= LASTED:
            found.update(cause.members)
    return found

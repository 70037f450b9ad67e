"""Equipment that has just started or come back: what is dark below it may be on its way up.

An OLT reports loss of light of each port after its start, until the first ONT is ranged, and its ONTs register within seconds
to minutes. So a loss that is reported after the start, of an ONT or port that has not been back since, is no evidence until the
equipment has settled; what is still dark then is. An ONT that was back, or sends a dying gasp, has been up.

A device settles for ``[correlator] settling_seconds`` from the trap of its start, or as its uptime tells
(:mod:`actors.correlator.polling.settling`); a card or port for half of that from its return.
"""

from datetime import datetime, timedelta
from itertools import islice
from typing import Final, NamedTuple

from actors.correlator.draft import Draft
from actors.correlator.memories import LostEquipmentMemory
from actors.correlator.polling.read_memory import ReadMemory

_PART: Final = 0.5
"""Share of the time of a device in which a card or port settles: it starts alone."""
_FORGOTTEN: Final = timedelta(hours=1)
_AT_A_TIME: Final = 2


class Settling(NamedTuple):
    """The time from a start to its end."""

    since: datetime
    until: datetime


def note_return(draft: Draft, node_id: str) -> None:
    """Equipment of the topology started or is back. A start within the time of an earlier one does not prolong it: some agents
    report a start again and again."""
    node = draft.state.plant.nodes.get(node_id)
    returned = draft.state.memory(LostEquipmentMemory).returned
    known = returned.get(node_id)
    if node is None or node.type in ("ont", "splitter") or (known is not None and draft.at < known + _span(draft, node_id)):
        return
    draft.set(returned, node_id, draft.at)
    longest = max(_FORGOTTEN, timedelta(seconds=draft.state.settings.settling_seconds))
    for each in [each for each, at in islice(returned.items(), _AT_A_TIME) if draft.at - at > longest and each != node_id]:
        draft.drop(returned, each)


def settling_of(draft: Draft, port: str) -> Settling | None:
    """The time in which a port, its card or its device settles; None when it has settled."""
    returned = draft.state.memory(LostEquipmentMemory).returned
    polled = draft.state.memory(ReadMemory).settling
    if not returned and not polled:
        return None
    found: list[Settling] = []
    for each in (port, *draft.state.plant.ancestors(port)):
        if (since := returned.get(each)) is not None:
            found.append(Settling(since, since + _span(draft, each)))
        if (until := polled.get(each)) is not None:
            found.append(Settling(until - timedelta(seconds=draft.state.settings.settling_seconds), until))
    found = [each for each in found if draft.at < each.until]
    return max(found, key=lambda each: each.until, default=None)


def _span(draft: Draft, node_id: str) -> timedelta:
    whole = timedelta(seconds=draft.state.settings.settling_seconds)
    node = draft.state.plant.nodes.get(node_id)
    return whole if node is not None and node.address else _PART * whole

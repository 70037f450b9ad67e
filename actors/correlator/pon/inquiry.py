"""Evidence on demand: the question that traps leave open about a port goes to the poller, which reads the port's ONTs alone.

Traps say which ONTs went dark, and never which ones live; and of an ONT that lost its power the gasp may be lost. A read says
both: an ONT that is up is not below the cut, one that is down is, and the last down cause tells power from fibre.
"""

from collections.abc import Sequence
from typing import Final

from actors.correlator.draft import Draft
from actors.correlator.polling.read_memory import ReadMemory
from actors.correlator.polling.requests import is_read, request_read
from actors.correlator.pon.cause import Evidence
from actors.correlator.pon.memory import PonMemory

FEWEST: Final = 2
"""ONTs that must have lost service together for a question about a common cause."""


def inquire(draft: Draft, memory: PonMemory, port: str, episodes: Sequence[Sequence[Evidence]], *, port_dark: bool) -> None:
    """Request a read of the port's ONTs, when several of them, or the port itself, went dark after the last read."""
    plant = draft.state.plant
    if not draft.state.memory(ReadMemory).devices:
        return  # nothing is polled
    device_id = plant.device_of(port)
    if device_id is None or not port.startswith(f"{device_id}/") or not is_read(draft.state, device_id):
        return
    # Those that a read found are no question: it answered it.
    reported = [each for episode in episodes if len(episode) >= FEWEST for each in episode if not each.found]
    latest = max((each.onset for each in reported), default=memory.onset.get(port) if port_dark else None)
    read = memory.reads.get(port)
    if latest is None or (read is not None and read.begun > latest):
        return
    what = f"{len(reported)} ONTs lost service together" if reported else "the port lost all light"
    node = plant.nodes[port]
    why = f"{node.name or port}: {what}; which of the others live, and have power?"
    request_read(draft, device_id, "burst", why, port[len(device_id) + 1 :])

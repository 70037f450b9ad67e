"""Time in which faultd was blind: nothing is known of a device, so of every service below it."""

from datetime import datetime

from msgspec.structs import replace

from actors.sla_clock.evidence.outages import put_outage
from actors.sla_clock.run import FoldRun
from protocols.poll.sight import SightChanged
from protocols.sla.local_time import instant_at
from protocols.sla.outage import SlaOutage

UNSEEN = "faultd:unseen"
"""The type of these intervals. They have no alarm: their alarm id is this and the device."""


def note_sight(run: FoldRun, change: SightChanged) -> None:
    """Begin and end the intervals of these devices."""
    if len(run.state.instances):
        for device, since in change.unseen:
            _begin(run, device, since)
    for device, until in change.seen:
        _end(run, device, until)


def _begin(run: FoldRun, device: str, since: datetime) -> None:
    state = run.state
    name, place = f"{UNSEEN}:{device}", state.plant.places.get(device)
    known = state.outages_of.get(name, ())
    if known and state.outages[known[-1]].end is None:
        return
    unseen = SlaOutage(
        id=f"{name}.{run.offset}",
        number=len(known),
        alarm_id=name,
        alarm_name="",
        alarm_type=UNSEEN,
        title=f"faultd could not see {place.name or device if place is not None else device}",
        tenant_id="" if place is None else place.tenant,
        resource_id=device,
        effect="unknown",
        severity="warning",
        start=min(instant_at(since), run.now),
    )
    _put(run, unseen, "faultd is blind")


def _end(run: FoldRun, device: str, until: datetime) -> None:
    known = run.state.outages_of.get(f"{UNSEEN}:{device}")
    if known is None:
        return
    unseen = run.state.outages[known[-1]]
    if unseen.end is None:
        end = max(min(instant_at(until), run.now), unseen.start)
        _put(run, replace(unseen, end=end), f"faultd sees {device} again")


def _put(run: FoldRun, unseen: SlaOutage, why: str) -> None:
    """No walk below a device without contracts: most have some, or none has."""
    if run.state.covered(unseen.resource_id):
        put_outage(run, unseen, why)
    else:
        run.state.put_outage(run.journal, unseen)

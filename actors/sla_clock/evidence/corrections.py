"""An operator's correction of an outage interval: its true begin or end, with a reason. The books follow from it."""

from msgspec.structs import replace

from actors.sla_clock.evidence.outages import put_outage
from actors.sla_clock.run import FoldRun
from protocols.change import Refusal
from protocols.principal import Principal
from protocols.sla.actions import CorrectOutage


def correct_outage(run: FoldRun, by: Principal, action: CorrectOutage) -> None:
    """Apply a correction and answer it. What the alarm says of the interval counts no more."""
    outage = run.state.outages.get(action.outage_id)
    if outage is None or (by.tenant is not None and outage.tenant_id != by.tenant):
        run.refuse(
            Refusal(action.outage_id, "unknown_outage", f"no outage {action.outage_id!r} is within reach of a correction")
        )
        return
    start = outage.start if action.start is None else action.start
    end = outage.end if action.end is None else action.end
    if not action.reason.strip():
        run.refuse(Refusal(outage.id, "invalid", "reason: is missing"))
    elif action.start is None and action.end is None:
        run.refuse(Refusal(outage.id, "invalid", "start_time: give a start_time, an end_time, or both"))
    elif start > run.now:
        run.refuse(Refusal(outage.id, "invalid", "start_time: is in the future"))
    elif end is not None and end > run.now:
        run.refuse(Refusal(outage.id, "invalid", "end_time: is in the future"))
    elif end is not None and end < start:
        run.refuse(Refusal(outage.id, "invalid", "end_time: is before the start"))
    else:
        put_outage(run, replace(outage, start=start, end=end, corrected=True), f"{by.name} corrected it: {action.reason}")
        run.answer(outage.id)

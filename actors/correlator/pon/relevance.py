"""Whether a report about an ONT can change the conclusions about its port. Others need no inspection of the port."""

from actors.correlator.draft import Draft
from actors.correlator.memories import OpticalPowerMemory
from actors.correlator.pon.members import back_of
from actors.correlator.pon.memory import PonMemory
from actors.correlator.pon.restoration import is_restored
from actors.correlator.resources.optical_power import latest
from actors.correlator.strategies.symptoms import Symptoms
from protocols.alarm import Alarm


def is_irrelevant(draft: Draft, memory: PonMemory, port: str, alarm: Alarm) -> bool:
    """True when an ONT that went out, or came back, behaves as its port's causes predict.

    A loss is irrelevant where a decided cause explains it already. A return shows that the fibre above is whole: it ends no
    decided cause before most of its ONTs are back, and begins none. How many are left is said later.
    """
    if (
        port in memory.first
        or port in memory.signs
        or any(_speaks(draft.state.symptoms, each) for each in draft.at_resource(port))
    ):
        return False
    if alarm.cleared_at is None:
        if alarm.resource_id in memory.back:
            return False
        explained_by = memory.causes.get(alarm.parent_alarm_id or "")
        return explained_by is not None and explained_by.decided(draft.at)
    if draft.at_resource(alarm.resource_id) or latest(draft.state.memory(OpticalPowerMemory), alarm.resource_id) is not None:
        return False
    return all(_stands(draft, alarm_id, memory) for alarm_id in memory.at_port.get(port, ()))


def _speaks(symptoms: Symptoms, alarm: Alarm) -> bool:
    """True when a port itself reports that its ONTs are out."""
    traits = symptoms.get(alarm.alarm_type)
    return traits is not None and (traits.pon_los or traits.pon_gasps)


def _stands(draft: Draft, alarm_id: str, memory: PonMemory) -> bool:
    cause = memory.causes[alarm_id]
    if cause.kind == "trunk":
        return True  # it ends with its feeders
    if not cause.decided(draft.at) or not cause.is_returning(draft.at):
        return False
    return not is_restored(back_of(draft, alarm_id, cause), len(cause.members))

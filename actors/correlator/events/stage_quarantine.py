"""The alarms about Events in quarantine, of every stage: a stage behind the correlator cannot write alarms itself."""

from actors.correlator.alarms.raise_clear import SYSTEM
from actors.correlator.alarms.system import fold_system
from actors.correlator.draft import Draft
from protocols.command import FIRST_STAGE
from protocols.event import StageQuarantine, SystemReport

MOST_ALARMS = 1_000
"""Events in quarantine that have an alarm each; those beyond share one."""
THE_OTHERS = "more"
"""Qualifier of that one."""


def fold_stage_quarantine(draft: Draft, event: StageQuarantine) -> None:
    """An Event entered or left the quarantine of a stage behind the correlator."""
    if event.active:
        raise_quarantined(draft, event.stage, event.offset, event.text)
        draft.on_commit(draft.state.quarantine_elsewhere, event.stage, event.offset)
        return
    if event.discarded:
        note_discarded(draft, event.stage, event.offset, event.by.removeprefix("user:"), event.text)
    why = f"discarded: {event.text}" if event.discarded else event.text
    clear_quarantined(draft, event.stage, event.offset, why, event.by)
    draft.on_commit(draft.state.quarantined_elsewhere.pop, (event.stage, event.offset), None)


def raise_quarantined(draft: Draft, stage: str, offset: int, error: str) -> None:
    """The alarm that ``stage`` could not fold the Event at ``offset``."""
    fold_system(draft, _report(stage, offset, error, active=True, shared=_count(draft) >= MOST_ALARMS))


def clear_quarantined(draft: Draft, stage: str, offset: int, why: str, by: str) -> None:
    """The Event at ``offset`` leaves the quarantine of ``stage``. ``by`` is the actor in the timeline."""
    fold_system(draft, _report(stage, offset, why, active=False), by)
    if _count(draft) <= 1:
        fold_system(draft, _report(stage, offset, why, active=False, shared=True), by)


def note_discarded(draft: Draft, stage: str, offset: int, by: str, reason: str) -> None:
    """The device event that ``by`` gave up the Event at ``offset``."""
    title = f"{by} discarded Event {offset}, which {_who(stage)} could not fold"
    detail = {"offset": offset, "by": by, "reason": reason, "stage": stage}
    draft.device_event(draft.state.settings.default_tenant, SYSTEM, "event.discarded", title, detail, resource_type="system")


def _count(draft: Draft) -> int:
    """Events in quarantine, each once for every stage that could not fold it."""
    return len(draft.state.quarantined) + len(draft.state.quarantined_elsewhere)


def _who(stage: str) -> str:
    return "faultd" if stage == FIRST_STAGE else f"stage {stage}"


def _report(stage: str, offset: int, text: str, *, active: bool, shared: bool = False) -> SystemReport:
    own = str(offset) if stage == FIRST_STAGE else f"{stage} {offset}"
    return SystemReport(
        alarm_type="event.quarantined",
        active=active,
        severity="major",
        qualifier=THE_OTHERS if shared else own,
        title=f"{_who(stage)} could not fold Event {offset}{' and others' if shared else ''}; kept in quarantine",
        description=text,
    )

"""Operators' commands about maintenance windows: each is done or refused with the field that is wrong."""

from collections.abc import Mapping

from msgspec.structs import replace

from actors.correlator.draft import Draft
from actors.correlator.windows.check import changed, check_ahead, window_of
from actors.correlator.windows.memory import WindowMemory
from actors.correlator.windows.strategy import forget, refresh
from actors.expected_revision import outdated
from protocols.change import Answer, Refusal
from protocols.command import CancelWindow, EndWindow, PatchWindow, PutWindow, WindowAction
from protocols.maintenance import MaintenanceWindow, WindowPlan
from protocols.principal import Principal
from protocols.recurrence.occurrences import standing
from protocols.recurrence.rule import PlanError


def fold_window(draft: Draft, by: Principal, action: WindowAction, expected: Mapping[str, int]) -> None:
    """Apply a command and answer it with the window's id. ``expected``: revisions of windows, as the caller knows them."""
    try:
        found = _make(draft, by, action.plan) if isinstance(action, PutWindow) else _change(draft, by, action, expected)
    except PlanError as error:
        found = Refusal("", "invalid", str(error))
    if isinstance(found, Refusal):
        draft.emit(Answer(offset=draft.offset, refusals=(found,)))
    else:
        draft.emit(found)


def _make(draft: Draft, by: Principal, plan: WindowPlan) -> Answer | Refusal:
    memory = draft.state.memory(WindowMemory)
    if not _may(by, plan.tenant_id):
        return Refusal("", "not_your_tenant", f"a window of tenant {plan.tenant_id!r} is not yours to make")
    if plan.key:
        known = next((one for one in memory.windows.values() if one.key == plan.key), None)
        if known is not None:
            return Answer(offset=draft.offset, accepted=(known.id,), duplicate=True)
    most = draft.state.settings.max_windows
    if len(memory.windows) - len(memory.over) >= most:
        return _full(most)
    window = window_of(plan, f"MW{draft.offset}", by.name, draft.at)
    check_ahead(window, draft.at)
    if len(memory.windows) >= most:
        # A window that still has to release alarms is kept.
        oldest = next((each for each in memory.over if each not in memory.held), None)
        if oldest is None:
            return _full(most)
        forget(draft, oldest)
    refresh(draft, window, "is new")
    return Answer(offset=draft.offset, accepted=(window.id,))


def _full(most: int) -> Refusal:
    return Refusal("", "limit", f"there are {most} maintenance windows ([correlator] max_windows): cancel some")


def _change(
    draft: Draft, by: Principal, action: PatchWindow | EndWindow | CancelWindow, expected: Mapping[str, int]
) -> Answer | Refusal:
    memory = draft.state.memory(WindowMemory)
    window = memory.windows.get(action.window_id)
    if window is None or (by.tenant is not None and window.tenant_id != by.tenant):
        return Refusal(action.window_id, "unknown_window", f"no maintenance window {action.window_id!r}")
    if not _may(by, window.tenant_id):
        text = f"maintenance window {window.id} is of every tenant: only an admin of every tenant changes it"
        return Refusal(window.id, "not_your_tenant", text)
    if (refusal := outdated(expected, window.id, window.revision, f"maintenance window {window.id}")) is not None:
        return refusal
    if isinstance(action, CancelWindow) and window.cancelled_at is not None:
        return Answer(offset=draft.offset, accepted=(window.id,), duplicate=True)
    if window.cancelled_at is not None:
        return Refusal(window.id, "wrong_state", f"maintenance window {window.id} is cancelled")
    if window.id in memory.over:
        return Refusal(window.id, "wrong_state", f"maintenance window {window.id} is over")
    match action:
        case PatchWindow(changes=changes):
            new, why = changed(window, changes, by.name, draft.at), f"was changed by {by.name} and is over or does not cover it"
        case EndWindow():
            if standing(window, draft.at).now is None:
                return Refusal(window.id, "wrong_state", f"maintenance window {window.id} is not under way")
            new, why = _stamped(draft, by, window, ended_at=draft.at, ended_by=by.name), f"was ended early by {by.name}"
        case CancelWindow():
            new, why = _stamped(draft, by, window, cancelled_at=draft.at, cancelled_by=by.name), f"was cancelled by {by.name}"
    refresh(draft, replace(new, revision=window.revision + 1), why)
    return Answer(offset=draft.offset, accepted=(window.id,))


def _stamped(draft: Draft, by: Principal, window: MaintenanceWindow, **fields: object) -> MaintenanceWindow:
    return replace(window, updated_at=draft.at, updated_by=by.name, **fields)


def _may(by: Principal, tenant_id: str | None) -> bool:
    """A window of one tenant can be changed by callers of that tenant; one of every tenant by admins of every tenant."""
    return by.sees(tenant_id) if tenant_id is not None else by.tenant is None and by.may("admin")
